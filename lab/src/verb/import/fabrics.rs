//! What the nodes of a cluster say to each other.

use fencelab_recorder::import::fabric::{Fabric, Options, import_file};
use fencelab_recorder::import::pcap::ImportError;
use fencelab_transcript::scan::Scan;

use super::{ImportArgs, Read, warn};
use crate::identity::by;

/// The transcript of a packet capture.
pub(super) fn fabric(args: &ImportArgs, fabric: Fabric) -> Result<Read, ImportError> {
    let options = Options {
        // Corosync and RoCE have ports of their own; one that is named is that of what is looked for.
        port: args.port.filter(|_| args.link.is_some()),
        device: Some(args.identity.device()),
        by: Some(by("import")),
        ..Options::new(fabric)
    };
    let imported = import_file(&args.file, &options)?;
    warn(&imported.warnings);
    Ok(Read { of: fabric.spelling().into(), transcript: imported.transcript, secrets: Scan::new() })
}
