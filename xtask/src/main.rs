//! `cargo xtask ci` and friends: what CI runs is what everybody runs.

mod ci;
mod guest;
mod peers;
mod step;
mod tools;

use clap::{Parser, Subcommand};

/// Chores of the fencelab workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must hold before a change lands: peers, fmt, clippy, tests, docs, deny.
    Ci {
        /// Run only the steps whose name contains this word.
        #[arg(long)]
        only: Option<String>,
    },
    /// Install the real peers that the tests talk to (Debian, apt-get), and make the guests' image.
    Peers,
    Guest(guest::Guest),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Ci { only } => ci::run_steps(only.as_deref()),
        Chore::Peers => peers::install(),
        Chore::Guest(guest) => guest.run(),
    }
}
