//! Whole lanplus sessions a second, each with a change of the power state: ours against `ipmi_sim`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use fencelab_benches::load::{self, Rate};
use fencelab_benches::peer;
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, median};
use fencelab_peers::{IpmiSim, Power, Setup};
use fencelab_wire::ipmi::client::Interface;

/// Whole lanplus sessions a second (open, RAKP, set privilege, chassis control, chassis status, close).
#[derive(Parser)]
struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// How often each is measured, in turn with the others; the middle counts, of rates and of ratios.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

struct Arm {
    name: &'static str,
    address: SocketAddr,
    login: (&'static str, &'static str),
    suite: u8,
    /// Whether the power is changed; ipmi_sim without a script refuses that (CCh), and is asked for its status instead.
    change: bool,
    /// Sessions a second by the number of clients.
    rates: [Vec<f64>; 2],
}

const CLIENTS: [u64; 2] = [1, 8];

fn main() -> Result<()> {
    let options = Options::parse();
    let time = Duration::from_secs_f64(options.seconds);
    let start = |power| IpmiSim::start(Setup { power, ..Setup::default() });
    let (script, fixed) = (start(Power::Script), start(Power::Fixed));
    let ours = peer::emulate(1)?;
    let arm = |name, address, login, suite, change| Arm {
        name,
        address,
        login,
        suite,
        change,
        rates: [Vec::new(), Vec::new()],
    };
    let mut arms = [
        arm("ipmi_sim, power by script", script.address, IpmiSim::LOGIN, 3, true),
        arm("ipmi_sim, no script: status only", fixed.address, IpmiSim::LOGIN, 3, false),
        arm("fencelab", ours.address(), (USER, PASSWORD), 3, true),
        arm("fencelab", ours.address(), (USER, PASSWORD), 17, true),
    ];
    for round in 1..=options.rounds {
        for arm in &mut arms {
            for (clients, rates) in CLIENTS.into_iter().zip(&mut arm.rates) {
                let interface = Interface::LanPlus { cipher: Some(arm.suite) };
                let rate = load::run(arm.address, arm.login, (interface, arm.change), clients, time)?;
                report(round, arm.name, arm.suite, clients, &rate);
                rates.push(rate.per_second());
            }
        }
    }
    let mut table = Table::new(
        "sessions",
        ["BMC", "suite", "clients", "sessions/s", "to the script", "to no script", "target"],
    );
    let [script, fixed, ..] = &arms;
    for arm in &arms {
        for (place, clients) in CLIENTS.into_iter().enumerate() {
            let (to_script, to_fixed) = (ratio(arm, script, place), ratio(arm, fixed, place));
            let target = if arm.name == "fencelab" {
                table.target("≥ 10 × script, ≥ 1 × no script", to_script >= 10.0 && to_fixed >= 1.0)
            } else {
                String::new()
            };
            let rate = median(rates(arm, place).to_vec());
            table.row([
                arm.name.into(),
                arm.suite.to_string(),
                clients.to_string(),
                format!("{rate:.0}"),
                format!("{to_script:.1} ×"),
                format!("{to_fixed:.1} ×"),
                target,
            ]);
        }
    }
    table.finish(options.write)
}

fn rates(arm: &Arm, place: usize) -> &[f64] {
    arm.rates.get(place).map_or(&[], Vec::as_slice)
}

/// The middle of the ratios of each round: what slows the machine down for a while slows both.
fn ratio(arm: &Arm, to: &Arm, place: usize) -> f64 {
    median(rates(arm, place).iter().zip(rates(to, place)).map(|(one, other)| one / other).collect())
}

fn report(round: usize, name: &str, suite: u8, clients: u64, rate: &Rate) {
    let Rate { sessions, unchanged, repeated, .. } = rate;
    eprintln!(
        "round {round}: {name}, suite {suite}, {clients} clients: {:.0}/s ({sessions} sessions, {unchanged} other state, {repeated} repeated)",
        rate.per_second()
    );
}
