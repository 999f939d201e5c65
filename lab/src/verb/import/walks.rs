//! Walks, and the device that one makes.

use std::path::Path;

use anyhow::anyhow;
use fencelab_recorder::import::walk;

use super::{ImportArgs, Read};
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::by;
use crate::link::LinkName;
use crate::output;

/// The one transcript of a walk.
pub(super) fn walked(args: &ImportArgs, format: Option<walk::Format>) -> Result<Vec<Read>, Failure> {
    let link = LinkName::Snmp.of_device(args.credentials.as_deref())?;
    let secrets = link.secrets().clone();
    let options = walk::Options {
        format,
        device: Some(args.identity.device()),
        by: Some(by("import")),
        ..walk::Options::new(link)
    };
    let imported = walk::import_file(&args.file, &options).or_exit(Exit::Input)?;
    for warning in &imported.warnings {
        eprintln!("fencelab: {warning}");
    }
    let of = format!("a walk of {} objects", imported.objects);
    Ok(vec![Read { of, transcript: imported.transcript, secrets }])
}

/// The name of the walk in its folder.
const WALK: &str = "walk.jsonl";

/// A device that answers what a walk holds.
pub(super) fn device(folder: &Path, walk: &Read) -> Result<Exit, Failure> {
    let description = folder.join("device.toml");
    std::fs::create_dir_all(folder)
        .map_err(|error| anyhow!("cannot make {}: {error}", folder.display()))
        .or_exit(Exit::System)?;
    output::may_write(&description, false)?;
    walk.transcript.save_scanned(&folder.join(WALK), &walk.secrets).or_exit(Exit::Refused)?;
    let header = &walk.transcript.header;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let firmware = header.device.firmware.as_ref();
    let firmware = firmware.map_or_else(String::new, |text| format!("firmware   = {}\n", quoted(text)));
    let from = header.provenance.as_deref().unwrap_or("a walk");
    let text = format!(
        "# Written by `fencelab import`: it answers what the walk holds, and nothing switches yet. `fencelab learn` finds out what does,\n\
         # from a recorded off and on beside this walk; or describe the plugs, and objects with `shows` and `orders`, as DEVICE.md has them.\n\
         format = \"1.0\"\n\n\
         [device]\nvendor     = {}\nmodel      = {}\n{firmware}provenance = {{ kind = \"imported\", from = [{}] }}\n\n\
         [plant]\nplugs = [{{ name = \"1\" }}]   # a walk does not tell which plugs there are; one stands for them all\n\n\
         [face.snmp]\nanswers = [{}]\n",
        quoted(&header.device.vendor),
        quoted(&header.device.model),
        quoted(from),
        quoted(WALK),
    );
    output::to_file(&description, text.as_bytes())?;
    eprintln!(
        "fencelab: {}: {}; `fencelab emulate {}` serves it",
        folder.display(),
        walk.of,
        folder.display()
    );
    Ok(Exit::Success)
}
