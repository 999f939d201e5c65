//! What a person asked `fencelab test` to do.

use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::fault::Fault;
use fencelab_devices::{DeviceSpec, Power};
use serde::{Deserialize, Serialize};

use crate::agent::{AgentChoice, Subject};
use crate::case::Action;
use crate::expected::Expected;
use crate::stop::Stop;
use crate::verdict::Property;

/// The three suites.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// Each marked transcript of the corpus again, against the agent that it names and against the device folder.
    Regression,
    /// Each advertised action on each healthy device; metadata; argv and stdin; right and wrong credentials.
    Conformance,
    /// The properties, under drawn faults.
    Properties,
}

impl Suite {
    /// All suites, in the order in which they run.
    pub const ALL: [Suite; 3] = [Suite::Regression, Suite::Conformance, Suite::Properties];

    /// The name in reports and after `--suite`.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Regression => "regression",
            Suite::Conformance => "conformance",
            Suite::Properties => "properties",
        }
    }
}

impl std::fmt::Display for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Suite {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Suite::ALL.into_iter().find(|suite| suite.name() == text).ok_or_else(|| {
            format!("no suite is called `{text}`; use one of {}", Suite::ALL.map(Suite::name).join(", "))
        })
    }
}

/// What to test, and with what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The devices.
    pub devices: Vec<Arc<DeviceSpec>>,
    /// Whom to test on them.
    pub agents: Vec<AgentChoice>,
    /// Agents that are functions, to be tested on every device beside those.
    pub subjects: Vec<Arc<Subject>>,
    /// Which suites.
    pub suites: Vec<Suite>,
    /// Only this property.
    pub property: Option<Property>,
    /// Only this action.
    pub action: Option<Action>,
    /// Only with the plug in this state at the start.
    pub power: Option<Power>,
    /// Only for these plugs, in one call. Empty: whichever the suites choose.
    pub plugs: Vec<String>,
    /// Instead of drawing: this fault, once (a replay).
    pub faults: Option<Vec<Fault>>,
    /// How every device differs from its description; empty: not at all.
    pub shape: String,
    /// Another device of the same protocol that stands in the place of each.
    pub impostor: Option<String>,
    /// Whether agents are told the names that people gave the plugs, in a replay.
    pub by_name: bool,
    /// How options are handed over, with which account, and whether in the fencing daemon's name, in a replay.
    pub call: (crate::case::Mode, crate::case::Login, bool),
    /// Only every `shard.1`th agent on a device, beginning with the `shard.0`th, from 1.
    pub shard: (u32, u32),
    /// Where the hunt keeps its journal, to go on where it stopped.
    pub journal: Option<std::path::PathBuf>,
    /// Options given to the agent in every case, over those that are drawn.
    pub options: std::collections::BTreeMap<String, String>,
    /// The seed of everything drawn. With `faults`: the seed of the one case.
    pub seed: u64,
    /// How long the property suite may take, in real time.
    pub budget: Duration,
    /// How many processes of external agents may run at once.
    pub concurrency: usize,
    /// Whether agents that are Python scripts may start warm. What they showed is confirmed cold all the same.
    pub warm: bool,
    /// Whether the property suite ends with its first finding.
    pub first: bool,
    /// Known weaknesses.
    pub expected: Expected,
    /// Asked by who wants the run to end before its time.
    pub stop: Stop,
}

impl Plan {
    /// A plan with the defaults of `fencelab test`: all suites, our agents and those found, 30 seconds, seed 1.
    pub fn new(devices: Vec<Arc<DeviceSpec>>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Plan {
            devices,
            agents: AgentChoice::defaults(),
            subjects: Vec::new(),
            suites: Suite::ALL.to_vec(),
            property: None,
            action: None,
            power: None,
            plugs: Vec::new(),
            faults: None,
            shape: String::new(),
            impostor: None,
            by_name: false,
            call: Default::default(),
            shard: (1, 1),
            journal: None,
            options: std::collections::BTreeMap::new(),
            seed: 1,
            budget: Duration::from_secs(30),
            // External agents mostly sleep; how soon one after another starts is the throttle.s to say.
            concurrency: cores * 48,
            warm: true,
            first: false,
            expected: Expected::default(),
            stop: Stop::default(),
        }
    }
}

/// Where a run stands; given to the caller's callback now and then.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The suite that is running.
    pub suite: Suite,
    /// Whom it tries on what: `fence_ilo4 on hpe/ilo4`.
    pub doing: String,
    /// Cases done so far, in all suites.
    pub cases: u64,
    /// Unexpected findings so far.
    pub findings: u64,
    /// How much of this suite is done, 0 to 1.
    pub done: f64,
    /// What is left of the property suite's time, in that suite.
    pub left: Option<Duration>,
}
