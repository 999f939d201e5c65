//! `fencelab fmt FILE...`.

use std::path::PathBuf;

use clap::Args;
use fencelab_transcript::fmt::canonical;

use crate::exit::{Exit, Failure, OrExit};
use crate::output;

/// Options of `fmt`.
#[derive(Args, Debug)]
pub(crate) struct FmtArgs {
    /// Transcripts (*.jsonl), rewritten in place where they are not canonical yet.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; print the files that would change, and end with 1 if there is one.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: FmtArgs) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for path in &args.files {
        let name = path.display().to_string();
        let bytes = output::read(path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(Exit::Input, format!("{name} is not UTF-8, so it is no transcript")))?;
        let formatted = canonical(&name, &text).or_exit(Exit::Input)?;
        if formatted == text {
            continue;
        }
        if args.check {
            output::line(format_args!("{name} is not in canonical form; run `fencelab fmt {name}`"))?;
            exit = Exit::Findings;
        } else {
            output::to_file(path, formatted.as_bytes())?;
        }
    }
    Ok(exit)
}
