//! What a bench has found, as it is written down.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::crew::Crew;
use crate::measure::{Environment, Quantiles};
use crate::transport::{Counters, Guarantees, Kind, Limits, Waiting};

/// The version of the report's form: another first number is another form.
const VERSION: &str = "1.4";

/// A bench.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub fabric: String,
    /// When it began (RFC 3339).
    pub started: String,
    /// How it was called.
    pub command: String,
    /// How it was measured.
    pub settings: Settings,
    /// The nodes' machines, in their order.
    pub environments: Vec<Environment>,
    /// How far the nodes' clocks may be off each other, in microseconds.
    pub clock_error_us: f64,
    /// What was measured, for each transport and way of waiting.
    pub transports: Vec<Tested>,
    /// Why it ended before all was measured.
    #[serde(default)]
    pub broken_off: Option<String>,
}

/// How it was measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Settings {
    /// Nodes of the ring.
    pub nodes: usize,
    /// Bytes of messages.
    pub sizes: Vec<usize>,
    /// Runs of everything.
    pub repeat: usize,
    /// Round trips of a ping-pong.
    pub iterations: u64,
    /// Round trips before them that do not count.
    pub warm_up: u64,
    /// Seconds of a stream, and of a ring.
    pub seconds: f64,
    /// The token timeout while the ring is measured, in milliseconds.
    pub token_ms: f64,
    /// The token timeout for failures, in milliseconds.
    pub detection_token_ms: f64,
    /// The longest packet of the ring, in bytes: what is longer goes in parts.
    pub packet: usize,
}

/// A transport with one way of waiting.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Tested {
    /// Which.
    pub kind: Kind,
    /// How messages are awaited.
    pub waiting: Waiting,
    /// Why it could not be measured.
    pub unavailable: Option<String>,
    /// What was tried and failed: it is missing below.
    #[serde(default)]
    pub troubles: Vec<String>,
    /// What it can carry.
    pub limits: Option<Limits>,
    /// What it promises.
    pub guarantees: Option<Guarantees>,
    /// What was measured.
    pub cases: Vec<Case>,
    /// The lowest token timeout without a false failover.
    pub timeout: Option<SafeTimeout>,
    /// How long failures took to be noticed.
    pub detection: Vec<Detection>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// One asks, one answers.
    PingPong,
    /// One sends, one counts.
    Stream,
    /// The ring.
    Ring,
    /// corosync's own cpgbench, on the first node of a ring of corosync.
    Cpgbench,
}

/// One load of one size, in all its runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Case {
    /// Which load.
    pub load: Load,
    /// Bytes of a message.
    pub bytes: usize,
    /// What each node offers, of a ring.
    pub offer: Option<String>,
    /// The runs.
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// Figures by their names, see [`FIGURES`](super::FIGURES).
    pub figures: BTreeMap<String, f64>,
    /// All quantiles of what was timed, in microseconds.
    pub quantiles: BTreeMap<String, Quantiles>,
}

/// A token timeout that is safe.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SafeTimeout {
    /// The lowest that held, in milliseconds.
    pub milliseconds: f64,
    /// In so many runs.
    pub runs: usize,
    /// And in so many further ones, after half of it had failed.
    #[serde(default)]
    pub further_runs: usize,
    /// In how many of `runs` half of it failed. `None`: the transport takes none that is lower.
    pub half_failed: Option<usize>,
    /// Seconds of a run.
    pub seconds: f64,
    /// The longest time from token to token that was seen with a timeout that none could reach, in milliseconds. 0: corosync does not
    /// tell.
    pub longest_gap_ms: f64,
    /// Timeouts tried: milliseconds, runs, and in how many of them a node was taken for failed.
    pub tried: Vec<(f64, usize, usize)>,
}

/// How a node fails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Its process is killed.
    Killed,
    /// Its process is stopped, and its sockets stay.
    Frozen,
    /// Its packets get through no more.
    CutOff,
}

impl How {
    /// All.
    pub const ALL: [Self; 3] = [Self::Killed, Self::Frozen, Self::CutOff];

    /// In a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Frozen => "frozen",
            Self::CutOff => "cut off",
        }
    }
}

/// How long it took until the others had a ring without a node.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Detection {
    /// What happened to it.
    pub how: How,
    /// The token timeout, in milliseconds.
    pub token_ms: f64,
    /// What the protocol promises at most, in milliseconds: token timeout, consensus, and the making of the ring.
    pub expected_ms: f64,
    /// Until the last of the others had the new ring, in milliseconds, each run.
    pub runs_ms: Vec<f64>,
}

impl Detection {
    /// The median of the runs, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> Option<f64> {
        median(self.runs_ms.clone())
    }
}

impl Report {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            fabric: VERSION.to_owned(),
            started: String::new(),
            command: String::new(),
            settings,
            environments: Vec::new(),
            clock_error_us: 0.0,
            transports: Vec::new(),
            broken_off: None,
        }
    }

    /// Whether anything was measured.
    pub(super) fn has_figures(&self) -> bool {
        let has = |tested: &Tested| {
            !tested.cases.is_empty() || tested.timeout.is_some() || !tested.detection.is_empty()
        };
        self.transports.iter().any(has)
    }

    /// Whether something was to be measured and was not, though its transport is here.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.broken_off.is_some() || self.transports.iter().any(|tested| !tested.troubles.is_empty())
    }

    /// Notes the machines of these nodes, and how well their clocks are known.
    pub(super) fn saw(&mut self, crew: &Crew) {
        self.clock_error_us = Duration::from_nanos(crew.clock_error()).as_secs_f64() * 1e6;
        self.environments.clone_from(&crew.environments);
    }

    /// Why what was measured over a transport is no hardware; `None`: it is.
    #[must_use]
    pub fn emulated(&self, kind: Kind) -> Option<String> {
        if kind.is_emulated() {
            return Some("IPoIB of our own, in user space".to_owned());
        }
        let device =
            self.environments.iter().flat_map(|machine| &machine.devices).find(|device| device.is_emulated);
        if let Some(device) = device.filter(|_| kind.is_rdma()) {
            return Some(format!("the RDMA device {} is software", device.name));
        }
        self.environments.iter().find_map(Environment::emulated)
    }

    /// A transport's part.
    pub(super) fn tested(&mut self, kind: Kind, waiting: Waiting) -> &mut Tested {
        let place =
            self.transports.iter().position(|tested| tested.kind == kind && tested.waiting == waiting);
        let place = place.unwrap_or_else(|| {
            self.transports.push(Tested {
                kind,
                waiting,
                unavailable: None,
                troubles: Vec::new(),
                limits: None,
                guarantees: None,
                cases: Vec::new(),
                timeout: None,
                detection: Vec::new(),
            });
            self.transports.len() - 1
        });
        &mut self.transports[place]
    }
}

impl Tested {
    /// Adds a run to its case.
    pub(super) fn add(&mut self, load: Load, bytes: usize, offer: Option<String>, run: Run) {
        let same = |case: &&mut Case| case.load == load && case.bytes == bytes && case.offer == offer;
        match self.cases.iter_mut().find(same) {
            Some(case) => case.runs.push(run),
            None => self.cases.push(Case { load, bytes, offer, runs: vec![run] }),
        }
    }
}

impl Case {
    /// The figure in each run that has it.
    #[must_use]
    pub fn values(&self, figure: &str) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.figures.get(figure).copied()).collect()
    }

    /// The median of the runs.
    #[must_use]
    pub fn median(&self, figure: &str) -> Option<f64> {
        median(self.values(figure))
    }
}

/// The median; of two in the middle their mean.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let high = values.get(values.len() / 2).copied()?;
    let low = values.get((values.len() - 1) / 2).copied()?;
    Some(f64::midpoint(low, high))
}

impl Run {
    pub(super) fn put(&mut self, figure: &str, value: f64) {
        if value.is_finite() {
            self.figures.insert(figure.to_owned(), value);
        }
    }

    /// Quantiles, and of them the figures that are compared.
    pub(super) fn put_quantiles(&mut self, name: &str, quantiles: Option<Quantiles>) {
        let Some(quantiles) = quantiles else { return };
        for (end, value) in
            [("p50", quantiles.p50), ("p99", quantiles.p99), ("p999", quantiles.p999), ("max", quantiles.max)]
        {
            let figure = format!("{name}_{end}_us");
            if super::figure(&figure).is_some() {
                self.put(&figure, value);
            }
        }
        self.quantiles.insert(name.to_owned(), quantiles);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
    pub(super) fn put_counters(&mut self, counters: &[Counters]) {
        let sum = |of: fn(&Counters) -> u64| counters.iter().map(of).sum::<u64>() as f64;
        self.put("dropped", sum(|counters| counters.dropped));
        self.put("refused", sum(|counters| counters.refused));
        self.put("rnr", sum(|counters| counters.rnr));
        self.put("transport_retransmits", sum(|counters| counters.retransmits));
        self.put("reconnects", sum(|counters| counters.reconnects));
    }
}
