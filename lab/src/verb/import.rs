//! `fencelab import --from pcap FILE`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fencelab_recorder::import::pcap::{self, Options};
use fencelab_recorder::link;

use crate::cli::OutputArgs;
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::{IdentityArgs, by};
use crate::output;

/// Options of `import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The format of the capture.
    #[arg(long, value_enum)]
    from: Format,
    /// The capture.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    /// The BMC's port in the capture. Without it IPMI is recognised on any port.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// A file with the device's logins: lines user=…, password=… and, if there is one, kg=….
    ///
    /// Without it FENCELAB_BMC_USER, FENCELAB_BMC_PASSWORD and FENCELAB_BMC_KG.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// pcap or pcapng, as tcpdump, tshark and Wireshark write it.
    #[value(alias = "pcapng")]
    Pcap,
}

pub(crate) fn run(args: ImportArgs) -> Result<Exit, Failure> {
    let Format::Pcap = args.from;
    args.output.check()?;
    let logins = credentials::of_device(args.credentials.as_deref())?;
    let link = link::ipmi::link(logins);
    let secrets = link.secrets().clone();
    let options =
        Options { link, port: args.port, device: Some(args.identity.device()), by: Some(by("import")) };
    let mut imported = pcap::import_file(&args.file, &options).or_exit(Exit::Input)?;
    for warning in &imported.warnings {
        eprintln!("fencelab: {warning}");
    }
    for dialogue in &mut imported.dialogues {
        args.identity.sign(&mut dialogue.transcript.header);
    }
    let Some(output) = &args.output.output else {
        let [dialogue] = imported.dialogues.as_slice() else {
            let devices: Vec<String> =
                imported.dialogues.iter().map(|dialogue| dialogue.device.to_string()).collect();
            let words = format!(
                "{} holds dialogues of {} devices ({}); name an -o FILE: the others get its name with a number",
                args.file.display(),
                devices.len(),
                devices.join(", ")
            );
            return Err(Failure::new(Exit::Usage, words));
        };
        if let Some(leak) = secrets.transcript(&dialogue.transcript).first() {
            let words = format!(
                "the transcript still holds a secret: {} in line {}, `{}`; it is not printed",
                leak.secret, leak.line, leak.field
            );
            return Err(Failure::new(Exit::Refused, words));
        }
        output::to_stdout(dialogue.transcript.canonical().as_bytes())?;
        return Ok(Exit::Success);
    };
    for (index, dialogue) in imported.dialogues.iter().enumerate() {
        let path = numbered(output, index);
        output::may_write(&path, args.output.force)?;
        dialogue.transcript.save_scanned(&path, &secrets).or_exit(Exit::Refused)?;
        eprintln!(
            "fencelab: {}: {} events of {}",
            path.display(),
            dialogue.transcript.events.len(),
            dialogue.device
        );
    }
    Ok(Exit::Success)
}

/// `out.jsonl`, `out-2.jsonl`, …
fn numbered(path: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension =
        path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}{extension}", index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_device_gets_a_number() {
        assert_eq!(numbered(Path::new("a/out.jsonl"), 0), Path::new("a/out.jsonl"));
        assert_eq!(numbered(Path::new("a/out.jsonl"), 1), Path::new("a/out-2.jsonl"));
        assert_eq!(numbered(Path::new("out"), 2), Path::new("out-3"));
    }
}
