//! `fencelab replay FILE [-- COMMAND ARG...]`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use fencelab_devices::replay::console_lines;
use fencelab_devices::serve::{Pty, Served, Shared};
use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Carrier, Device, DeviceSpec};
use fencelab_recorder::Place;
use fencelab_recorder::run::exit_code;
use fencelab_transcript::{Body, Kind, Mark, Side, Transcript};

use crate::address;
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::ready::ready_line;
use crate::signals::{Signals, runtime};
use crate::verb::bench;

/// Options of `replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// A transcript (*.jsonl).
    file: PathBuf,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", conflicts_with = "transport", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Really listen where others than this machine can reach it.
    #[arg(long, conflicts_with = "transport")]
    expose: bool,
    /// The port; 0: the kernel chooses.
    #[arg(long, value_name = "N", conflicts_with = "transport", default_value_t = 0)]
    port: u16,
    /// A command to run against the replay; {host} and {port} in its arguments become the replay's, at a serial line {path}.
    ///
    /// Without it the replay serves until it is interrupted.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "transport")]
    command: Vec<String>,
    #[command(flatten)]
    over: bench::Over,
}

pub(crate) fn run(args: ReplayArgs) -> Result<Exit, Failure> {
    address::may_listen(args.listen, args.expose)?;
    let transcript = Transcript::load(&args.file).or_exit(Exit::Input)?;
    if !args.over.transport.is_empty() {
        return bench::replay(&args.over, &args.file, &transcript);
    }
    if !fencelab_recorder::fabric::load(&transcript).is_empty() {
        let words = "a cluster speaks in it, and no device: say over what its load is to go, like `--transport udp,rc`";
        return Err(Failure::new(Exit::Usage, format!("{}: {words}", args.file.display())));
    }
    let recorded = Recorded::of(&transcript);
    let spec = DeviceSpec::from_transcript(transcript).or_exit(Exit::Input)?;
    let mut device = Device::new(spec.clone(), &credentials::lab(), 1);
    device.keep_requests(REQUESTS_KEPT);
    let name = args.file.display().to_string();
    runtime()?.block_on(async {
        let mut signals = Signals::catch()?;
        let device = Shared::new(device);
        let served = Open::of(&device, &spec, &args)?;
        let place = served.place();
        let face = spec.faces.first().map_or("ipmi", |face| face.protocol());
        let ready = serde_json::Value::Object(ready_line(&name, 0, face, &place, None));
        if args.command.is_empty() {
            output::line(ready)?;
            signals.wait().await;
            return told(&name, &device, None);
        }
        eprintln!("{ready}");
        let status = command(&args.command, &place, &mut signals).await?;
        told(&name, &device, exit_code(status).map(|exit| (exit, recorded)))
    })
}

/// What a client opens.
enum Open {
    Socket(Served),
    Terminal(Pty),
}

impl Open {
    fn of(device: &Shared, spec: &DeviceSpec, args: &ReplayArgs) -> Result<Self, Failure> {
        if spec.faces.first().and_then(FaceSpec::carrier) == Some(Carrier::Serial) {
            let terminal =
                Pty::share(device, 0).map_err(|error| anyhow!("cannot make a pseudo-terminal: {error}"));
            return Ok(Self::Terminal(terminal.or_exit(Exit::System)?));
        }
        let socket = Served::share(device, 0, SocketAddr::new(args.listen, args.port))
            .map_err(|error| anyhow!("cannot listen on {}:{}: {error}", args.listen, args.port));
        Ok(Self::Socket(socket.or_exit(Exit::Network)?))
    }

    fn place(&self) -> Place {
        match self {
            Self::Socket(served) => Place::Address(served.address),
            Self::Terminal(pty) => Place::Path(pty.path.clone()),
        }
    }
}

/// Requests that are remembered, to be counted at the end.
const REQUESTS_KEPT: usize = 1 << 16;

/// What the recording says of the run it was made of.
struct Recorded {
    /// The exit code, if it was one single run.
    exit: Option<i32>,
    /// How many requests were made in sessions, those of the session layer and repetitions not counted; at a console lines.
    requests: usize,
}

impl Recorded {
    fn of(transcript: &Transcript) -> Self {
        let mut ends = Vec::new();
        let mut requests = BTreeSet::new();
        for event in &transcript.events {
            match &event.kind {
                Kind::Mark(mark) if mark.phase == Mark::END => ends.push(mark.exit),
                Kind::Say { from: Side::Agent, body: Body::Object { protocol, value } }
                    if event.session != 0 && is_request(protocol, value) =>
                {
                    requests.insert((event.session, value.to_string()));
                }
                _ => {}
            }
        }
        let exit = if let [exit] = ends.as_slice() { *exit } else { None };
        Self { exit, requests: requests.len() + console_lines(transcript) }
    }
}

/// Whether something said by the agent is answered from the record. What opens and closes sessions is answered anew: in IPMI
/// the commands of table G-1 of IPMI 2.0, in SNMP the discovery of an engine, which asks for no object (RFC 3414 §4).
fn is_request(protocol: &str, value: &serde_json::Value) -> bool {
    let number = |name: &str| value.get(name).and_then(serde_json::Value::as_u64);
    match protocol {
        "ipmi" => !(number("netfn") == Some(0x06) && matches!(number("cmd"), Some(0x37..=0x3f | 0x54))),
        "snmp" => {
            value.get("vars").and_then(serde_json::Value::as_array).is_some_and(|vars| !vars.is_empty())
        }
        _ => false,
    }
}

async fn command(
    words: &[String],
    place: &Place,
    signals: &mut Signals,
) -> Result<std::process::ExitStatus, Failure> {
    let words = place.filled_in(words);
    let Some((program, args)) = words.split_first() else {
        return Err(Failure::new(Exit::Usage, "no command is given after `--`"));
    };
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| anyhow!("cannot run {program}: {error}"))
        .or_exit(Exit::Command)?;
    tokio::select! {
        status = child.wait() => status.map_err(|error| anyhow!("cannot wait for {program}: {error}")).or_exit(Exit::Command),
        () = signals.wait() => Err(Failure::new(Exit::Command, format!("{program} was interrupted"))),
    }
}

/// Prints where the run was not the recorded one. `run`: the command's exit code, and what was recorded.
fn told(name: &str, device: &Shared, run: Option<(i32, Recorded)>) -> Result<Exit, Failure> {
    let (divergences, asked) = device.with(|device, _| {
        let asked = device.requests().iter().filter(|request| request.session != 0).count();
        (device.divergences().to_vec(), asked)
    });
    let mut exit = Exit::Success;
    for divergence in &divergences {
        exit = Exit::Findings;
        let place = divergence.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}:1"));
        let at = divergence.at.as_secs_f64();
        eprintln!("{place}: at {at:.6} s came {}; recorded is {}", divergence.came, divergence.expected);
    }
    let Some((ended, recorded)) = run else { return Ok(exit) };
    if recorded.exit.is_some_and(|then| then != ended) {
        exit = Exit::Findings;
        let then = recorded.exit.unwrap_or_default();
        eprintln!("{name}: the command ended with exit code {ended}; recorded is {then}");
    }
    if asked < recorded.requests {
        exit = Exit::Findings;
        eprintln!(
            "{name}: the command made {asked} requests; recorded is {}: its last ones never came",
            recorded.requests
        );
    }
    Ok(exit)
}
