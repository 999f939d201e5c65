//! `fencelab man DIR`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::exit::{Exit, Failure, OrExit};

/// Options of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder, made if it is not there: fencelab.1 and a page for each verb.
    dir: PathBuf,
}

pub(crate) fn run(args: ManArgs) -> Result<Exit, Failure> {
    std::fs::create_dir_all(&args.dir)
        .map_err(|error| anyhow::anyhow!("cannot make the folder {}: {error}", args.dir.display()))
        .or_exit(Exit::System)?;
    clap_mangen::generate_to(Cli::command(), &args.dir)
        .map_err(|error| anyhow::anyhow!("cannot write man pages into {}: {error}", args.dir.display()))
        .or_exit(Exit::System)?;
    Ok(Exit::Success)
}
