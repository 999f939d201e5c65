//! A round trip through the recording proxy against the direct one.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::agent::{Ours, options, status};
use fencelab_benches::load::Caller;
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, median, peer};
use fencelab_peers::{IpmiSim, Power, Setup};
use fencelab_recorder::{Link, Proxy, Tape, link};
use fencelab_transcript::{DeviceIdentity, Header};
use fencelab_wire::ipmi::client::Interface;
use fencelab_wire::ipmi::tap::Credential;

/// Get Chassis Status in an open session (suite 3), and a whole agent, directly and through the recording proxy in turn.
#[derive(Parser)]
struct Options {
    /// Round trips of each block.
    #[arg(long, default_value_t = 50)]
    block: usize,
    /// Blocks of each, in turn; the middle counts, of times and of ratios.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

/// Seconds of each block: direct, through the proxy, through a relay that records nothing.
type Times = [Vec<f64>; 3];

fn main() -> Result<()> {
    let arguments = Options::parse();
    let start = |power| IpmiSim::start(Setup { power, ..Setup::default() });
    let (script, fixed, ours) = (start(Power::Script), start(Power::Fixed), peer::emulate(1)?);
    let mut table =
        Table::new("proxy", ["what", "direct", "bare relay", "recording proxy", "ratio", "target"]);

    let agent = Ours::install("fence_ipmilan")?;
    let times = through(ours.address(), (USER, PASSWORD), |addresses| {
        let mut times = Times::default();
        for _ in 0..arguments.rounds {
            for (address, times) in addresses.into_iter().zip(&mut times) {
                times.push(status(agent.path(), &options(address, 3))?.as_secs_f64());
            }
        }
        Ok(times)
    })?;
    row(&mut table, "our fence_ipmilan status, whole process, at fencelab's BMC", times, true);

    for (name, bmc, login, asked) in [
        ("round trip, ipmi_sim with its power by script", script.address, IpmiSim::LOGIN, true),
        ("round trip, ipmi_sim without a script", fixed.address, IpmiSim::LOGIN, false),
        ("round trip, fencelab's BMC", ours.address(), (USER, PASSWORD), false),
    ] {
        let times = through(bmc, login, |addresses| round_trips(&arguments, addresses, login))?;
        row(&mut table, name, times, asked);
    }
    table.finish(arguments.write)
}

/// Measures with three addresses: the BMC's own, the proxy's, the bare relay's.
fn through(
    bmc: SocketAddr,
    (user, password): (&str, &str),
    measure: impl FnOnce([SocketAddr; 3]) -> Result<Times>,
) -> Result<Times> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let credential = Credential { username: Some(user.to_owned()), password: password.into(), kg: None };
    let link = link::ipmi::link(vec![credential]);
    let tape = tape(folder.path(), &link)?;
    let proxy = Proxy::start("127.0.0.1:0".parse()?, bmc, link, tape)?;
    let through = proxy.place().address().context("a socket has an address")?;
    let times = measure([bmc, through, bare_relay(bmc)?])?;
    let recorded = proxy.finish()?;
    ensure!(recorded.events > 0, "the proxy has recorded nothing");
    Ok(times)
}

fn tape(folder: &Path, link: &Link) -> Result<Tape> {
    let header = Header::new(DeviceIdentity::new("bench", "bench"), link.info(None));
    Ok(Tape::create(&folder.join("recorded.jsonl"), header, link.secrets().clone())?)
}

fn round_trips(
    arguments: &Options,
    addresses: [SocketAddr; 3],
    (user, password): (&str, &str),
) -> Result<Times> {
    let suite = Interface::LanPlus { cipher: Some(3) };
    let mut callers = addresses
        .into_iter()
        .map(|address| Caller::new(address, user, password, suite, 7))
        .collect::<Result<Vec<_>>>()?;
    let mut open = callers.iter_mut().map(Caller::open).collect::<Result<Vec<_>>>()?;
    let mut times = Times::default();
    for _ in 0..arguments.rounds {
        for (open, times) in open.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..arguments.block {
                open.status()?;
            }
            times.push(start.elapsed().as_secs_f64() / arguments.block as f64);
        }
    }
    open.into_iter().try_for_each(|open| open.close())?;
    Ok(times)
}

fn row(table: &mut Table, what: &str, times: Times, asked: bool) {
    let ratio = median(times[1].iter().zip(&times[0]).map(|(proxy, direct)| proxy / direct).collect());
    let [direct, proxy, bare] = times.map(|times| micros(median(times)));
    let target = if asked { table.target("< 1.5 ×", ratio < 1.5) } else { String::new() };
    table.row([what.to_owned(), direct, bare, proxy, format!("{ratio:.2} ×"), target]);
}

fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

/// The least that any process between two others can do: two threads that pass datagrams on. One client; it ends with
/// the program.
fn bare_relay(bmc: SocketAddr) -> Result<SocketAddr> {
    let down = Arc::new(UdpSocket::bind("127.0.0.1:0").context("failed to open a socket")?);
    let up = Arc::new(UdpSocket::bind("127.0.0.1:0").context("failed to open a socket")?);
    up.connect(bmc).context("failed to aim at the BMC")?;
    let address = down.local_addr().context("no address")?;
    let client = Arc::new(Mutex::new(None));
    let (from, to, who) = (Arc::clone(&down), Arc::clone(&up), Arc::clone(&client));
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok((length, sender)) = from.recv_from(&mut buffer) {
            if let Ok(mut client) = who.lock() {
                *client = Some(sender);
            }
            let _ = to.send(buffer.get(..length).unwrap_or_default());
        }
    });
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(length) = up.recv(&mut buffer) {
            if let Some(client) = client.lock().ok().and_then(|client| *client) {
                let _ = down.send_to(buffer.get(..length).unwrap_or_default(), client);
            }
        }
    });
    Ok(address)
}
