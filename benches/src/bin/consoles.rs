//! Visits to consoles a second, by SSH against FakeNOS, and by telnet; and a thousand SSH devices: start and memory.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::console::{Carrier, visit, visits};
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, median, peer};
use fencelab_peers::FakeNos;

/// Logins with one command.
#[derive(Parser)]
struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How often each is measured, in turn with the others; the middle counts, of rates and of ratios.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many SSH devices are started at once.
    #[arg(long, default_value_t = 1000)]
    devices: usize,
    /// The same for FakeNOS, which takes minutes for a thousand.
    #[arg(long, default_value_t = 1000)]
    fakenos_devices: u16,
    /// The interpreter of the virtual environment that has FakeNOS.
    #[arg(long, env = "FAKENOS_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// Put the tables into benches/README.md.
    #[arg(long)]
    write: bool,
}

const CLIENTS: [usize; 2] = [1, 16];

/// What is visited, with its visits a second by the number of clients.
struct Arm {
    name: &'static str,
    device: SocketAddr,
    carrier: Carrier,
    rates: [Vec<f64>; 2],
}

fn main() -> Result<()> {
    let options = Options::parse();
    logins(&options)?;
    start(&options)
}

fn logins(options: &Options) -> Result<()> {
    let ours = peer::emulate_consoles(1)?;
    let theirs = FakeNos::start(&options.python, 1, USER, PASSWORD);
    let first = |name| peer::faces(&ours, name).first().copied().with_context(|| format!("no face {name}"));
    let arm = |name, device, carrier| Arm { name, device, carrier, rates: [Vec::new(), Vec::new()] };
    let mut arms = [
        arm("FakeNOS, SSH", theirs.first, Carrier::Ssh),
        arm("fencelab, SSH", first("ssh")?, Carrier::Ssh),
        arm("fencelab, telnet", first("telnet")?, Carrier::Telnet),
    ];
    let time = Duration::from_secs_f64(options.seconds);
    for round in 1..=options.rounds {
        for arm in &mut arms {
            for (clients, rates) in CLIENTS.into_iter().zip(&mut arm.rates) {
                let rate = visits(arm.device, arm.carrier, clients, time)?;
                eprintln!("round {round}: {}, {clients} clients: {rate:.1}/s", arm.name);
                rates.push(rate);
            }
        }
    }
    let mut table = Table::new("console-logins", ["device", "clients", "visits/s", "to FakeNOS", "target"]);
    let [theirs, ..] = &arms;
    for arm in &arms {
        for (place, clients) in CLIENTS.into_iter().enumerate() {
            let of = |arm: &Arm| arm.rates.get(place).cloned().unwrap_or_default();
            let ratio = median(of(arm).iter().zip(of(theirs)).map(|(one, other)| one / other).collect());
            let target = match arm.name {
                "fencelab, SSH" => table.target("≥ 10 × FakeNOS", ratio >= 10.0),
                _ => String::new(),
            };
            let rate = format!("{:.1}", median(of(arm)));
            table.row([arm.name.into(), clients.to_string(), rate, format!("{ratio:.1} ×"), target]);
        }
    }
    table.finish(options.write)
}

fn start(options: &Options) -> Result<()> {
    let begun = Instant::now();
    let ours = peer::emulate_consoles(options.devices)?;
    let devices = peer::faces(&ours, "ssh");
    ensure!(devices.len() == options.devices, "only {} of {} are ready", devices.len(), options.devices);
    let started = begun.elapsed();
    let memory = peer::resident(ours.id())?;
    visit(*devices.last().context("no device")?, Carrier::Ssh)?;
    let theirs = FakeNos::start(&options.python, options.fakenos_devices, USER, PASSWORD);
    let their_memory = peer::resident(theirs.process())?;
    visit(theirs.first, Carrier::Ssh)?;

    let mut table = Table::new("console-start", ["what", "devices", "ready in", "memory", "target"]);
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    table.row([
        "FakeNOS".into(),
        options.fakenos_devices.to_string(),
        seconds(theirs.started_in),
        megabytes(their_memory),
        String::new(),
    ]);
    let target = table.target("< 1 s", started < Duration::from_secs(1));
    table.row([
        "fencelab, telnet and SSH".into(),
        devices.len().to_string(),
        seconds(started),
        megabytes(memory),
        target,
    ]);
    table.finish(options.write)
}
