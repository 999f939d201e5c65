//! Recording an emulated device's own wire.

use std::path::Path;

use fencelab_devices::DeviceSpec;
use fencelab_devices::serve::Shared;
use fencelab_recorder::Tape;
use fencelab_recorder::tape::captured_now;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo};

use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};

/// A transcript that is written while a device of ours is spoken to.
pub(crate) struct OwnTape {
    tape: Tape,
    device: Shared,
}

impl OwnTape {
    /// Starts the file. The device records from now on.
    pub(crate) fn create(
        path: &Path,
        force: bool,
        spec: &DeviceSpec,
        device: &Shared,
    ) -> Result<Self, Failure> {
        let face = spec.faces.first();
        let identity = DeviceIdentity {
            firmware: spec.firmware.clone(),
            ..DeviceIdentity::new(&spec.vendor, &spec.model)
        };
        let protocol = face.map_or("ipmi", |face| face.protocol());
        let transport = face.map_or("udp", |face| face.transport());
        let link =
            LinkInfo::new(protocol, transport, face.map(fencelab_devices::spec::FaceSpec::default_port));
        let header = Header {
            captured: Some(captured_now()),
            by: Some(format!("fencelab emulate {}", env!("CARGO_PKG_VERSION"))),
            licence: Some(String::from("CC0-1.0")),
            // Nobody may take this for knowledge about the device.
            provenance: Some(format!("an emulation of {}: no evidence for the device itself", spec.id)),
            ..Header::new(identity, link)
        };
        if force && path.exists() {
            std::fs::remove_file(path)
                .map_err(|error| anyhow::anyhow!("cannot overwrite {}: {error}", path.display()))
                .or_exit(Exit::System)?;
        }
        let login = credentials::lab();
        let mut secrets = Scan::new().with("the lab's password", &login.password);
        if let Some(kg) = &login.kg {
            secrets = secrets.with("the lab's BMC key", kg);
        }
        let tape = Tape::create(path, header, secrets).or_exit(Exit::System)?;
        device.with(|device, _| device.record());
        Ok(Self { tape, device: device.clone() })
    }

    /// Writes what was said since the last time.
    pub(crate) fn write(&mut self) -> Result<(), Failure> {
        for event in self.device.with(|device, _| device.take_events()) {
            self.tape.record(event).or_exit(Exit::System)?;
        }
        Ok(())
    }
}
