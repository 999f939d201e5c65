//! The program `fencelab`: record a fencing device once, then test every fence agent against it for ever.

mod address;
mod cli;
mod compare;
mod control;
mod corpus;
mod credentials;
mod dialogue;
mod exit;
mod identity;
mod link;
mod output;
mod own_tape;
mod progress;
mod ready;
mod report;
mod signals;
mod terminal;
mod verb;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli::log_to_stderr();
    match verb::run(cli.verb) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("fencelab: {:#}", failure.error);
            failure.exit.into()
        }
    }
}
