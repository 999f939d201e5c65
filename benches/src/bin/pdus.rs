//! Ten thousand PDUs of 24 outlets in one process: how long they take to start, how much memory they need, and that each
//! answers; snmpsim with as many devices beside them.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::snmp::{self, Caller};
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, peer};
use fencelab_peers::Snmpsim;
use fencelab_wire::snmp::{Oid, Value};

/// Many PDUs in one `fencelab emulate`, each on a port of its own.
#[derive(Parser)]
struct Options {
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// snmpsim's program, as `pip install snmpsim pysmi` puts it into a virtual environment.
    #[arg(long, env = "SNMPSIM", default_value = "snmpsim-command-responder")]
    snmpsim: PathBuf,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

/// The state of the last outlet.
const STATE: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.24";

fn main() -> Result<()> {
    let options = Options::parse();
    let (count, state): (usize, Oid) = (options.count, STATE.parse()?);
    let start = Instant::now();
    let swarm = peer::emulate_folders(&["pdu"], count)?;
    let addresses: Vec<_> = swarm.faces.iter().map(|face| face.address).collect();
    ensure!(addresses.len() == count, "only {} of {count} PDUs are ready", addresses.len());
    let last = *addresses.last().context("no PDU")?;
    Caller::new(last, PASSWORD)?.get(&state)?;
    let started = start.elapsed();
    let at_start = peer::resident(swarm.id())?;
    let asked = Instant::now();
    for address in &addresses {
        let value = Caller::new(*address, PASSWORD)?.get(&state)?;
        ensure!(value == Value::Integer(1), "the PDU at {address} says {value:?}");
    }
    let spoken = asked.elapsed();
    let after = peer::resident(swarm.id())?;

    let table_text = snmp::table(last, PASSWORD)?;
    let name = |number: usize| format!("device{number}");
    let devices = (0..count).map(|number| (name(number), table_text.as_str()));
    let snmpsim = Snmpsim::start(&options.snmpsim, devices, &snmp::get(&name(0), &state, 1));
    let mut caller = Caller::new(snmpsim.address, &name(count.saturating_sub(1)))?;
    caller.get(&state)?;
    let theirs = peer::resident(snmpsim.process())?;

    let mut table = Table::new("pdus", ["what", "snmpsim", "fencelab", "target"]);
    let seconds = |time: std::time::Duration| format!("{:.2} s", time.as_secs_f64());
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let target = table.target("< 2 s", started.as_secs_f64() < 2.0);
    table.row([
        format!("start of {count} PDUs, until the last one answers"),
        seconds(snmpsim.started_in),
        seconds(started),
        target,
    ]);
    let target = table.target("< 300 MB", at_start < 300_000_000);
    table.row(["memory after the start".into(), megabytes(theirs), megabytes(at_start), target]);
    let target = table.target("< 300 MB", after < 300_000_000);
    table.row(["memory after a GET to each".into(), "-".into(), megabytes(after), target]);
    table.row([format!("a GET to each of {count}"), "-".into(), seconds(spoken), "all answer".into()]);
    table.finish(options.write)
}
