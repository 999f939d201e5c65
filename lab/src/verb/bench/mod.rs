//! `fencelab bench`: what an interconnect gives a cluster.

mod fabric;
mod node;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};

pub(crate) use fabric::{Over, replay};

/// Options of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measure transports: token rotation, ordered delivery, the lowest safe token timeout, the detection of failures.
    Fabric(Box<fabric::FabricArgs>),
    /// Serve as a node for a bench that another machine leads.
    Node(node::NodeArgs),
    /// The process of one node: orders on standard input, answers on standard output.
    #[command(hide = true)]
    Worker(node::WorkerArgs),
}

pub(crate) fn run(args: BenchArgs) -> Result<Exit, Failure> {
    match args.what {
        What::Fabric(args) => fabric::run(&args),
        What::Node(args) => node::serve(&args),
        What::Worker(args) => node::work(&args),
    }
}
