//! `fencelab bench fabric`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::{Args, Parser, ValueEnum};
use fencelab_fabric::Nodes;
use fencelab_fabric::bench::{self, Parts, Plan, Report, Settings};
use fencelab_fabric::load::{Offer, Said};
use fencelab_fabric::transport::{Error, Kind, Waiting};
use fencelab_transcript::Transcript;
use indicatif::{ProgressBar, ProgressStyle};

use super::node::worker;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::report::fabric as render;
use crate::terminal::{ColorChoice, Pen};

/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Options of `bench fabric`.
#[derive(Args, Debug)]
pub(crate) struct FabricArgs {
    /// The transports. What has no device here is said to have none, and the others go on. `corosync-knet` and `corosync-udpu` are rings
    /// of real corosync in place of ours; they bring `--namespaces` with them.
    #[arg(long, value_delimiter = ',', default_values_t = Kind::OURS)]
    transport: Vec<Kind>,
    /// Put each node into network namespaces of its own on this machine, with a link between them. Needs root, or user namespaces.
    #[arg(long, conflicts_with_all = ["node", "ip"])]
    namespaces: bool,
    /// Run corosync's own cpgbench, built from its source, in turn with its rings, and show what it tells beside them.
    #[arg(long, value_name = "FILE")]
    cpgbench: Option<PathBuf>,
    /// How messages are awaited: by events (a processor is free meanwhile), polled (it is busy).
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [WaitingName::Events, WaitingName::Polled])]
    waiting: Vec<WaitingName>,
    /// Nodes of the ring, all on this machine.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=64))]
    nodes: u8,
    /// A node on another machine, where `fencelab bench node` serves it; once for each. The first two are the pair.
    #[arg(long, value_name = "IP:PORT", conflicts_with_all = ["nodes", "ip"])]
    node: Vec<SocketAddr>,
    /// The address, on this machine, over which its nodes speak.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
    /// The RDMA device, by its name; without it the one that has the address.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Bytes of messages.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1024, 65_536], value_parser = size)]
    sizes: Vec<usize>,
    /// What each node of the ring offers: `idle`, messages a second (whatever becomes of them), `flood` for as many as go, or `flood-one`
    /// for as many as go of the first node alone, as cpgbench does.
    #[arg(long, value_delimiter = ',', default_values_t = [String::from("idle"), String::from("100"), String::from("flood")], value_parser = offer)]
    offer: Vec<String>,
    /// Offer what the nodes of a recorded cluster said, in the place of `--offer`: a transcript of corosync (docs/fabric-captures.md).
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// The parts of the bench.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Part::Pairs, Part::Rings, Part::Timeout, Part::Detection])]
    parts: Vec<Part>,
    /// Runs of everything. A comparison needs five.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Seconds of a stream, and of a ring.
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    seconds: f64,
    /// Round trips of a ping-pong.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// Round trips before them that do not count.
    #[arg(long, default_value_t = 200)]
    warm_up: u64,
    /// The token timeout while the ring is measured, in milliseconds (corosync's default: 1000).
    #[arg(long, default_value_t = 1000.0, value_parser = milliseconds)]
    token: f64,
    /// The token timeout for the detection of failures, in milliseconds.
    #[arg(long, default_value_t = 250.0, value_parser = milliseconds)]
    detection_token: f64,
    /// The longest packet of the ring, in bytes: longer messages go in parts.
    #[arg(long, default_value_t = 1408, value_parser = packet)]
    packet: usize,
    /// Compare with the JSON report of an earlier run: ratios with confidence intervals.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the results for programs there (docs/bench-fabric.md).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the results as one page with charts there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// When to colour.
    #[arg(long, value_enum, default_value_t)]
    color: ColorChoice,
}

/// Over what the load of a recorded cluster goes.
#[derive(Args, Debug)]
pub(crate) struct Over {
    /// Of a cluster's transcript: put what its nodes said on these transports, each message when it was said. All else of
    /// `bench fabric` is with `bench fabric --load`.
    #[arg(long, value_delimiter = ',', help_heading = "A cluster's load")]
    pub(crate) transport: Vec<Kind>,
    /// A node on another machine, where `fencelab bench node` serves it; once for each. Without it all are on this machine.
    #[arg(long, value_name = "IP:PORT", requires = "transport", help_heading = "A cluster's load")]
    node: Vec<SocketAddr>,
    /// Write the results for programs there (docs/bench-fabric.md).
    #[arg(long, value_name = "FILE", requires = "transport", help_heading = "A cluster's load")]
    json: Option<PathBuf>,
    /// Write the results as one page with charts there.
    #[arg(long, value_name = "FILE", requires = "transport", help_heading = "A cluster's load")]
    html: Option<PathBuf>,
}

/// How messages are awaited.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum WaitingName {
    Events,
    Polled,
}

impl std::fmt::Display for WaitingName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Waiting::from(*self).name())
    }
}

impl From<WaitingName> for Waiting {
    fn from(name: WaitingName) -> Self {
        match name {
            WaitingName::Events => Self::Events,
            WaitingName::Polled => Self::Polled,
        }
    }
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    /// Ping-pong and streams between two nodes, as perftest and qperf do.
    Pairs,
    /// The ring under each load.
    Rings,
    /// The lowest token timeout at which no node is taken for failed that has not failed.
    Timeout,
    /// How long it takes until a node that was killed, frozen or cut off is out.
    Detection,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pairs => "pairs",
            Self::Rings => "rings",
            Self::Timeout => "timeout",
            Self::Detection => "detection",
        })
    }
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes @ 1..=16_777_216) => Ok(bytes),
        _ => Err(String::from("bytes of a message: 1 to 16777216")),
    }
}

fn packet(text: &str) -> Result<usize, String> {
    match text.parse() {
        // A commit token of 64 nodes has to go through.
        Ok(bytes @ 1024..=65_507) => Ok(bytes),
        _ => Err(String::from("bytes of a packet: 1024 to 65507")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.05..=3600.0).contains(seconds));
    seconds.ok_or_else(|| String::from("seconds: 0.05 to 3600"))
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let milliseconds = text.parse().ok().filter(|milliseconds| (1.0..=600_000.0).contains(milliseconds));
    milliseconds.ok_or_else(|| String::from("milliseconds: 1 to 600000"))
}

/// Checked here, and kept as it was typed.
fn offer(text: &str) -> Result<String, String> {
    parse_offer(text).map(|_| text.to_owned())
}

fn parse_offer(text: &str) -> Result<Offer, String> {
    match text {
        "idle" => Ok(Offer::Nothing),
        "flood" => Ok(Offer::Flood),
        "flood-one" => Ok(Offer::FloodOne),
        rate => match rate.parse() {
            Ok(rate) if (0.01..=1e7).contains(&rate) => Ok(Offer::Rate(rate)),
            _ => Err(String::from(
                "an offer is `idle`, `flood`, `flood-one`, or messages a second: 0.01 to 10000000",
            )),
        },
    }
}

pub(super) fn run(args: &FabricArgs) -> Result<Exit, Failure> {
    let recorded = match &args.load {
        Some(path) => Some(Recorded::of(path, &Transcript::load(path).or_exit(Exit::Input)?)?),
        None => None,
    };
    measure(args, recorded)
}

/// Puts the load of a recorded cluster on other transports, once and by events, as the cluster's own engine waits.
pub(crate) fn replay(over: &Over, path: &Path, transcript: &Transcript) -> Result<Exit, Failure> {
    let recorded = Recorded::of(path, transcript)?;
    let defaults = Defaults::parse_from(["fencelab"]).args;
    let nodes = u8::try_from(recorded.nodes).unwrap_or(u8::MAX).max(defaults.nodes);
    let args = FabricArgs {
        transport: over.transport.clone(),
        waiting: vec![WaitingName::Events],
        nodes,
        node: over.node.clone(),
        parts: vec![Part::Rings],
        repeat: 1,
        json: over.json.clone(),
        html: over.html.clone(),
        ..defaults
    };
    measure(&args, Some(recorded))
}

/// The options that nobody gave.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    args: FabricArgs,
}

fn measure(args: &FabricArgs, recorded: Option<Recorded>) -> Result<Exit, Failure> {
    for path in [&args.json, &args.html].into_iter().flatten() {
        output::may_write(path, true)?;
    }
    let baseline = args.baseline.as_deref().map(load).transpose()?;
    let plan = plan(args, recorded)?;
    let started = jiff::Timestamp::now();
    let mut progress = Bar::new();
    let report = bench::run(&plan, &mut |doing, part| progress.show(doing, part)).map_err(failed)?;
    progress.end();
    let started = jiff::Timestamp::from_second(started.as_second()).unwrap_or(started);
    let report = Report { started: started.to_string(), command: command(), ..report };
    if let Some(path) = &args.json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| anyhow!(error)).or_exit(Exit::System)?;
        output::to_file(path, format!("{text}\n").as_bytes())?;
    }
    let comparison = match &baseline {
        Some(before) => {
            Some(bench::compare(before, &report).map_err(|why| Failure::new(Exit::Refused, why))?)
        }
        None => None,
    };
    let pen = Pen::stdout(args.color);
    output::to_stdout(render::terminal(&report, comparison.as_deref(), pen).as_bytes())?;
    if let Some(path) = &args.html {
        output::to_file(path, render::page(&report, comparison.as_deref()).as_bytes())?;
    }
    let measured = report.transports.iter().any(|tested| tested.unavailable.is_none());
    Ok(if measured && !report.is_incomplete() { Exit::Success } else { Exit::Network })
}

fn plan(args: &FabricArgs, recorded: Option<Recorded>) -> Result<Plan, Failure> {
    let nodes = match &args.node[..] {
        [] if apart(args) => Nodes::Apart { count: args.nodes.into(), command: worker()? },
        [] => Nodes::Here { count: args.nodes.into(), command: worker()?, ip: args.ip },
        [_] => {
            return Err(Failure::new(Exit::Usage, String::from("one --node alone has nobody to speak to")));
        }
        many => Nodes::There(many.to_vec()),
    };
    let count = if args.node.is_empty() { args.nodes.into() } else { args.node.len() };
    let offers = match recorded {
        Some(recorded) => vec![recorded.offered_by(count)?],
        None => args.offer.iter().filter_map(|text| parse_offer(text).ok()).collect(),
    };
    let has = |part| args.parts.contains(&part);
    Ok(Plan {
        nodes,
        kinds: args.transport.clone(),
        waitings: args.waiting.iter().copied().map(Waiting::from).collect(),
        device: args.device.clone(),
        settings: Settings {
            nodes: count,
            sizes: args.sizes.clone(),
            repeat: args.repeat.into(),
            iterations: args.iterations,
            warm_up: args.warm_up,
            seconds: args.seconds,
            token_ms: args.token,
            detection_token_ms: args.detection_token,
            packet: args.packet,
        },
        offers,
        parts: Parts {
            pairs: has(Part::Pairs),
            rings: has(Part::Rings),
            timeout: has(Part::Timeout),
            detection: has(Part::Detection),
        },
        cpgbench: args.cpgbench.as_deref().map(program).transpose()?,
    })
}

/// Whether each node has namespaces of its own. A program without corosync says so, and needs none for the others.
fn apart(args: &FabricArgs) -> bool {
    args.namespaces || cfg!(feature = "corosync") && args.transport.iter().any(|kind| kind.is_corosync())
}

/// A program by its whole path, as it is named in namespaces.
fn program(path: &Path) -> Result<PathBuf, Failure> {
    let failure = |error| Failure::new(Exit::Input, format!("{}: {error}", path.display()));
    path.canonicalize().map_err(failure)
}

/// What a recorded cluster said.
struct Recorded {
    path: PathBuf,
    /// How many of its nodes speak.
    nodes: usize,
    /// What they say: in the order of their numbers they are the first of the bench.
    said: Vec<Said>,
}

impl Recorded {
    fn of(path: &Path, transcript: &Transcript) -> Result<Self, Failure> {
        let messages = fencelab_recorder::fabric::load(transcript);
        let nodes: BTreeSet<u32> = messages.iter().map(|message| message.node).collect();
        let said = messages.iter().filter_map(|message| {
            let node = nodes.iter().position(|node| *node == message.node)?;
            Some(Said { seconds: message.seconds, node, bytes: message.bytes })
        });
        let recorded = Self { path: path.to_owned(), nodes: nodes.len(), said: said.collect() };
        match recorded.nodes {
            0 => Err(recorded.failure("no message of a cluster is in it, or none in the clear")),
            _ => Ok(recorded),
        }
    }

    fn offered_by(self, count: usize) -> Result<Offer, Failure> {
        if self.nodes > count {
            let words = format!("{} nodes speak in it, and {count} are there", self.nodes);
            return Err(self.failure(&format!("{words}; give as many with --nodes, or --node for each")));
        }
        Ok(Offer::Schedule(self.said))
    }

    fn failure(&self, words: &str) -> Failure {
        Failure::new(Exit::Input, format!("{}: {words}", self.path.display()))
    }
}

/// An earlier report.
fn load(path: &Path) -> Result<Report, Failure> {
    let bytes = output::read(path)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let words = format!(
            "{}:{}:{}: no report of `bench fabric`: {error}",
            path.display(),
            error.line(),
            error.column()
        );
        Failure::new(Exit::Input, words)
    })
}

fn failed(error: Error) -> Failure {
    let exit = match error {
        Error::NoDevice(_) | Error::System { .. } => Exit::Network,
        Error::Unfit(_) => Exit::System,
    };
    Failure::new(exit, error.to_string())
}

/// How it was called. Nothing secret can be among its options.
fn command() -> String {
    let args = std::env::args().skip(1);
    std::iter::once(String::from("fencelab")).chain(args).collect::<Vec<_>>().join(" ")
}

/// Progress: a bar where a person looks, a line now and then elsewhere.
struct Bar {
    bar: Option<ProgressBar>,
    last: Option<Instant>,
}

impl Bar {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1000);
            if let Ok(style) =
                ProgressStyle::with_template("[{bar:30}] {percent:>3}% {eta:>4} left: {wide_msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self { bar, last: None }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a thousand")]
    fn show(&mut self, doing: &str, part: f64) {
        if let Some(bar) = &self.bar {
            bar.set_position((part * 1000.0) as u64);
            bar.set_message(doing.to_owned());
        } else if self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last = Some(Instant::now());
            eprintln!("{:3.0} %: {doing}", part * 100.0);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
