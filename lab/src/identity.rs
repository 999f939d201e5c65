//! What a person says of a recording: the device, the licence, where it comes from.

use clap::Args;
use fencelab_transcript::{DeviceIdentity, Header};

/// What no capture tells by itself.
#[derive(Args, Clone, Debug)]
pub(crate) struct IdentityArgs {
    /// The maker of the device, as it writes itself.
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    vendor: String,
    /// The model, as the maker writes it.
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    model: String,
    /// The version of its firmware.
    #[arg(long, value_name = "VERSION")]
    firmware: Option<String>,
    /// The licence of the recording, an SPDX expression; CC0-1.0 for the corpus.
    #[arg(long, value_name = "SPDX")]
    licence: Option<String>,
    /// Where the recording comes from, in words.
    #[arg(long, value_name = "TEXT")]
    provenance: Option<String>,
}

impl IdentityArgs {
    /// The device.
    pub(crate) fn device(&self) -> DeviceIdentity {
        DeviceIdentity { firmware: self.firmware.clone(), ..DeviceIdentity::new(&self.vendor, &self.model) }
    }

    /// Puts licence and provenance into a header.
    pub(crate) fn sign(&self, header: &mut Header) {
        if self.licence.is_some() {
            header.licence.clone_from(&self.licence);
        }
        if self.provenance.is_some() {
            header.provenance.clone_from(&self.provenance);
        }
    }
}

/// The program, as headers name it.
pub(crate) fn by(verb: &str) -> String {
    format!("fencelab {verb} {}", env!("CARGO_PKG_VERSION"))
}
