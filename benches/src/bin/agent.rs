//! `fence_ipmilan` status as a whole process: ours against ClusterLabs', both at the same emulated BMC.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use fencelab_benches::agent::{Ours, options, status};
use fencelab_benches::table::Table;
use fencelab_benches::{median, peer};

/// The time of `fence_ipmilan` status from start to exit, options on stdin as Pacemaker gives them.
#[derive(Parser)]
struct Options {
    /// How often each is run, in turn; the middle counts.
    #[arg(long, default_value_t = 41)]
    rounds: usize,
    /// The other agent.
    #[arg(long, default_value = "/usr/sbin/fence_ipmilan")]
    other: PathBuf,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Options::parse();
    let bmc = peer::emulate(1)?;
    let ours = Ours::install()?;
    let mut table = Table::new("agent", ["suite", "ClusterLabs'", "ours", "ratio", "target"]);
    for suite in [3, 17] {
        let (mut theirs, mut own) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            theirs.push(status(&arguments.other, &options(bmc.address(), suite))?.as_secs_f64());
            own.push(status(ours.path(), &options(bmc.address(), suite))?.as_secs_f64());
        }
        let (theirs, own) = (median(theirs) * 1e3, median(own) * 1e3);
        let target = table.target("≥ 10 × faster", theirs >= 10.0 * own);
        let cells =
            [format!("{theirs:.1} ms"), format!("{own:.2} ms"), format!("{:.0} ×", theirs / own), target];
        let [theirs, own, ratio, target] = cells;
        table.row([suite.to_string(), theirs, own, ratio, target]);
    }
    table.finish(arguments.write)
}
