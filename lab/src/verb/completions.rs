//! `fencelab completions SHELL`.

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::exit::{Exit, Failure};

/// Options of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which shell's.
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: CompletionsArgs) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fencelab", &mut text);
    crate::output::to_stdout(&text)?;
    Ok(Exit::Success)
}
