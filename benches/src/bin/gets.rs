//! SNMP GETs a second: ours against net-snmp's snmpd and snmpsim; and what a slow device costs its neighbours.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use fencelab_benches::snmp::{self, Caller};
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, median, peer};
use fencelab_peers::{Snmpd, SnmpdSetup, Snmpsim};
use fencelab_wire::snmp::Oid;

/// SNMPv2c GETs of one object a second.
#[derive(Parser)]
struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// How often each is measured, in turn with the others; the middle counts, of rates and of ratios.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// snmpsim's program, as `pip install snmpsim pysmi` puts it into a virtual environment.
    #[arg(long, env = "SNMPSIM", default_value = "snmpsim-command-responder")]
    snmpsim: PathBuf,
    /// Put the tables into benches/README.md.
    #[arg(long)]
    write: bool,
}

struct Arm {
    name: &'static str,
    address: SocketAddr,
    /// GETs a second by the number of clients.
    rates: [Vec<f64>; 2],
}

const CLIENTS: [usize; 2] = [1, 16];
/// sysName.0: all three have it.
const OBJECT: &str = "1.3.6.1.2.1.1.5.0";

fn main() -> Result<()> {
    let options = Options::parse();
    let time = Duration::from_secs_f64(options.seconds);
    let object: Oid = OBJECT.parse()?;
    let ours = peer::emulate_folders(&["pdu", "slow-pdu"], 1)?;
    let (quick, slow) = (ours.address(), ours.faces.get(1).map_or(ours.address(), |face| face.address));
    let snmpd = Snmpd::start(&SnmpdSetup::new().community(PASSWORD, false));
    let table = snmp::table(quick, PASSWORD)?;
    let waiting = format!("{OBJECT}|4:delay|value=slow,wait=200\n");
    let devices = [(PASSWORD.to_owned(), table.as_str()), ("slow".to_owned(), waiting.as_str())];
    let snmpsim = Snmpsim::start(&options.snmpsim, devices, &snmp::get(PASSWORD, &object, 1));

    rates(&options, time, &object, [snmpsim.address, snmpd.address, quick])?;
    neighbours(&options, time, &object, (quick, slow), snmpsim.address)
}

fn rates(options: &Options, time: Duration, object: &Oid, addresses: [SocketAddr; 3]) -> Result<()> {
    let [snmpsim, snmpd, ours] = addresses;
    let arm = |name, address| Arm { name, address, rates: [Vec::new(), Vec::new()] };
    let mut arms = [arm("snmpsim", snmpsim), arm("net-snmp's snmpd", snmpd), arm("fencelab", ours)];
    for round in 1..=options.rounds {
        for arm in &mut arms {
            for (clients, rates) in CLIENTS.into_iter().zip(&mut arm.rates) {
                let rate = snmp::gets(arm.address, PASSWORD, object, clients, time)?;
                eprintln!("round {round}: {}, {clients} clients: {rate:.0}/s", arm.name);
                rates.push(rate);
            }
        }
    }
    let mut table = Table::new("gets", ["agent", "clients", "GETs/s", "to snmpsim", "to snmpd", "target"]);
    let [snmpsim, snmpd, _] = &arms;
    for arm in &arms {
        for (place, clients) in CLIENTS.into_iter().enumerate() {
            let (to_snmpsim, to_snmpd) = (ratio(arm, snmpsim, place), ratio(arm, snmpd, place));
            let target = if arm.name == "fencelab" {
                table.target("≥ 10 × snmpsim, ≥ 1 × snmpd", to_snmpsim >= 10.0 && to_snmpd >= 1.0)
            } else {
                String::new()
            };
            table.row([
                arm.name.into(),
                clients.to_string(),
                format!("{:.0}", median(of(arm, place).to_vec())),
                format!("{to_snmpsim:.1} ×"),
                format!("{to_snmpd:.2} ×"),
                target,
            ]);
        }
    }
    table.finish(options.write)
}

fn of(arm: &Arm, place: usize) -> &[f64] {
    arm.rates.get(place).map_or(&[], Vec::as_slice)
}

/// The middle of the ratios of each round: what slows the machine down for a while slows both.
fn ratio(arm: &Arm, to: &Arm, place: usize) -> f64 {
    median(of(arm, place).iter().zip(of(to, place)).map(|(one, other)| one / other).collect())
}

/// The rate of a quick device in the same process as a slow one, without and with eight clients waiting for the slow one.
fn neighbours(
    options: &Options,
    time: Duration,
    object: &Oid,
    (quick, slow): (SocketAddr, SocketAddr),
    snmpsim: SocketAddr,
) -> Result<()> {
    let arms = [("snmpsim", snmpsim, (snmpsim, "slow")), ("fencelab", quick, (slow, PASSWORD))];
    let mut table =
        Table::new("slow-neighbour", ["agent", "GETs/s alone", "beside a slow device", "kept", "target"]);
    for (name, address, (slow, community)) in arms {
        let quick = || snmp::answered(address, PASSWORD, object, time);
        // All of the one before the other: questions that wait in a slow agent would be in the way of the next round.
        let rounds = 0..options.rounds;
        let alone = rounds.clone().map(|_| quick()).collect::<Result<Vec<f64>>>()?;
        let beside = rounds
            .map(|_| while_others_wait(slow, community, object, quick))
            .collect::<Result<Vec<f64>>>()?;
        let kept = median(alone.iter().zip(&beside).map(|(alone, beside)| beside / alone).collect());
        let target = if name == "fencelab" { table.target("≥ 80 %", kept >= 0.8) } else { String::new() };
        table.row([
            name.into(),
            format!("{:.0}", median(alone)),
            format!("{:.0}", median(beside)),
            format!("{:.0} %", kept * 100.0),
            target,
        ]);
    }
    table.finish(options.write)
}

/// Does something while eight clients ask a slow device, each waiting for its answer before it asks again.
fn while_others_wait<T>(
    slow: SocketAddr,
    community: &str,
    object: &Oid,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| -> Result<()> {
                let mut caller = Caller::new(slow, community)?;
                while !over.load(Ordering::Relaxed) {
                    // A device that holds up all others may let it run out of patience; that is what is measured.
                    let _ = caller.get(object);
                }
                Ok(())
            });
        }
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })
}
