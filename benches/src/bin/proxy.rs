//! A round trip through the recording proxy against the direct one.

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use fencelab_benches::load::Caller;
use fencelab_benches::peer;
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, median};
use fencelab_peers::{IpmiSim, Power, Setup};
use fencelab_recorder::proxy::Proxy;
use fencelab_recorder::tape::{Tape, secrets};
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo};
use fencelab_wire::ipmi::client::Interface;
use fencelab_wire::ipmi::tap::Credential;

/// Get Chassis Status in an open session (suite 3), directly and through the recording proxy in turn.
#[derive(Parser)]
struct Options {
    /// Round trips of each block.
    #[arg(long, default_value_t = 200)]
    block: usize,
    /// Blocks of each, in turn; the middle counts.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut table = Table::new("proxy", ["BMC", "direct", "through the proxy", "ratio", "target"]);
    let start = |power| IpmiSim::start(Setup { power, ..Setup::default() });
    let (script, fixed, ours) = (start(Power::Script), start(Power::Fixed), peer::emulate(1)?);
    let arms = [
        ("fencelab", ours.address(), (USER, PASSWORD)),
        ("ipmi_sim, no script", fixed.address, IpmiSim::LOGIN),
        ("ipmi_sim, power by script", script.address, IpmiSim::LOGIN),
    ];
    for (name, bmc, (user, password)) in arms {
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let credential = Credential { username: Some(user.to_owned()), password: password.into(), kg: None };
        let scan = secrets(std::slice::from_ref(&credential));
        let header =
            Header::new(DeviceIdentity::new("bench", "bench"), LinkInfo::new("ipmi", "udp", Some(623)));
        let tape = Tape::create(&folder.path().join("recorded.jsonl"), header, scan)?;
        let proxy = Proxy::start("127.0.0.1:0".parse()?, bmc, vec![credential], tape)?;
        let caller =
            |address| Caller::new(address, user, password, Interface::LanPlus { cipher: Some(3) }, 7);
        let (mut direct, mut relayed) = (caller(bmc)?, caller(proxy.address())?);
        let (mut direct, mut relayed) = (direct.open()?, relayed.open()?);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            for (open, times) in [(&mut direct, &mut one), (&mut relayed, &mut other)] {
                let start = Instant::now();
                for _ in 0..options.block {
                    open.status()?;
                }
                times.push(start.elapsed().as_secs_f64() / options.block as f64 * 1e6);
            }
        }
        direct.close()?;
        relayed.close()?;
        let recorded = proxy.finish()?;
        eprintln!("{name}: {} events recorded", recorded.events);
        let (direct, relayed) = (median(one), median(other));
        let target = table.target("< 1.5 ×", relayed < 1.5 * direct);
        let cells = [
            format!("{direct:.0} µs"),
            format!("{relayed:.0} µs"),
            format!("{:.2} ×", relayed / direct),
            target,
        ];
        let [direct, relayed, ratio, target] = cells;
        table.row([name.to_owned(), direct, relayed, ratio, target]);
    }
    table.finish(options.write)
}
