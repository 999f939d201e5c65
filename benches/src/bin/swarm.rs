//! Ten thousand BMCs in one process: how long they take to start, how much memory each needs, and that each answers.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::load::Caller;
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, peer};
use fencelab_wire::ipmi::client::Interface;
use fencelab_wire::ipmi::command::chassis::Control;

/// Many BMCs in one `fencelab emulate`, each on a port of its own.
#[derive(Parser)]
struct Options {
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let count = options.count;
    let alone = peer::resident(peer::emulate(1)?.id())?;
    let start = Instant::now();
    let swarm = peer::emulate(count)?;
    let addresses: Vec<_> = swarm.faces.iter().map(|face| face.address).collect();
    ensure!(addresses.len() == count, "only {} of {count} BMCs are ready", addresses.len());
    peer::answers(*addresses.last().context("no BMC")?)?;
    let started = start.elapsed();
    let memory = || -> Result<f64> {
        Ok(peer::resident(swarm.id())?.saturating_sub(alone) as f64 / count as f64 / 1000.0)
    };
    let at_start = memory()?;

    let asked = Instant::now();
    for address in &addresses {
        peer::answers(*address)?;
    }
    let pinged = asked.elapsed();

    let asked = Instant::now();
    for address in &addresses {
        let seed = u64::from(address.port());
        let mut caller =
            Caller::new(*address, USER, PASSWORD, Interface::LanPlus { cipher: Some(17) }, seed)?;
        ensure!(!caller.session(Some(Control::PowerDown))?, "the BMC at {address} did not turn off");
    }
    let spoken = asked.elapsed();
    let after_sessions = memory()?;

    let mut table = Table::new("swarm", ["what", "result", "target"]);
    let target = table.target("< 2 s", started.as_secs_f64() < 2.0);
    table.row([
        format!("start of {count} BMCs, until the last one answers"),
        format!("{:.2} s", started.as_secs_f64()),
        target,
    ]);
    let target = table.target("< 100 KB", at_start < 100.0);
    table.row(["memory of each, after the start".into(), format!("{at_start:.1} KB"), target]);
    let target = table.target("< 100 KB", after_sessions < 100.0);
    table.row([
        "memory of each, after a session with each".into(),
        format!("{after_sessions:.1} KB"),
        target,
    ]);
    table.row([
        format!("a ping to each of {count}"),
        format!("{:.2} s", pinged.as_secs_f64()),
        "all answer".into(),
    ]);
    table.row([
        format!("a session (suite 17, power off) with each of {count}"),
        format!("{:.2} s", spoken.as_secs_f64()),
        "all turn off".into(),
    ]);
    table.finish(options.write)
}
