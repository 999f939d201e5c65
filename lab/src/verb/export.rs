//! `fencelab export --to FORMAT FILE`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fencelab_recorder::export::{pcapng, snmprec};
use fencelab_transcript::Transcript;

use crate::cli::OutputArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;

/// Options of `export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The format to write.
    #[arg(long, value_enum)]
    to: Format,
    /// A transcript (*.jsonl).
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// The formats that can be written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// pcapng: the messages in the clear, for `tshark -o ipmi.dissect_bus_commands:TRUE -r FILE` and Wireshark.
    Pcapng,
    /// snmprec: the last value of each SNMP object, for snmpsim and for device folders.
    Snmprec,
}

pub(crate) fn run(args: ExportArgs) -> Result<Exit, Failure> {
    args.output.check()?;
    if matches!(args.to, Format::Pcapng) && args.output.output.is_none() && std::io::stdout().is_terminal() {
        let words = "a capture is no text for a terminal; name a file by -o, or redirect the output";
        return Err(Failure::new(Exit::Refused, words));
    }
    let transcript = Transcript::load(&args.file).or_exit(Exit::Input)?;
    let mut bytes = Vec::new();
    let warnings = match args.to {
        Format::Pcapng => pcapng::export(&transcript, &mut bytes).or_exit(Exit::Input)?.warnings,
        Format::Snmprec => {
            let exported = snmprec::export(&transcript).or_exit(Exit::Input)?;
            bytes = exported.text.into_bytes();
            exported.warnings
        }
    };
    for warning in &warnings {
        eprintln!("fencelab: {warning}");
    }
    match &args.output.output {
        Some(path) => output::to_file(path, &bytes)?,
        None => output::to_stdout(&bytes)?,
    }
    Ok(Exit::Success)
}
