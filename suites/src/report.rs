//! What a test run found, ready for any renderer: terminal table, JUnit, HTML, JSON.

use std::time::Duration;

use fencelab_transcript::Transcript;
use serde::Serialize;

use crate::case::{Action, Login, Mode};
use crate::plan::Suite;
use crate::truth::Truth;
use crate::verdict::Class;

/// Everything that a run of [`crate::run_plan`] found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The seed from which every case was drawn.
    pub seed: u64,
    /// The time that the property suite was given, in seconds.
    #[serde(serialize_with = "seconds")]
    pub budget: Duration,
    /// How long the whole run took, in seconds.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// The devices that were tried, in the order in which they were given.
    pub devices: Vec<DeviceNote>,
    /// One cell for each agent × device × suite × check.
    pub cells: Vec<Cell>,
    /// What is behind the findings: one entry however many cases, actions, devices and agents of shared code show it. The gravest
    /// first.
    pub causes: Vec<Cause>,
    /// Expected findings that did not occur although their cell was run: perhaps mended.
    pub mended: Vec<Mended>,
    /// What could not be tried at all, and why (an agent without metadata, …).
    pub troubles: Vec<String>,
}

/// A device, with where our knowledge of it comes from.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceNote {
    /// `vendor/model`.
    pub id: String,
    /// `recorded`, `imported` or `described`, in words.
    pub provenance: String,
}

/// One square of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// Label of the agent.
    pub agent: String,
    /// `vendor/model`.
    pub device: String,
    /// Which suite.
    pub suite: Suite,
    /// What was checked: the name of a property, of an action, or of a transcript.
    pub check: String,
    /// The result.
    pub verdict: Verdict,
    /// Cases that were run for this cell.
    pub cases: u64,
    /// Judgements that said something of the check, in this cell's cases and in others' of the same agent and device.
    pub judged: u64,
    /// Cases whose outcome says nothing because the device itself told the agent what was not so.
    pub deceived: u64,
    /// Findings: at most one for each kind of wrong, action and fault class.
    pub findings: Vec<Finding>,
    /// Time spent, in seconds.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
}

/// The result of a cell.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "reason")]
pub enum Verdict {
    /// Nothing was found.
    Pass,
    /// At least one finding that nobody expected.
    Fail,
    /// Findings, all of them expected.
    Expected,
    /// Nothing was tried, and why.
    NotRun(String),
}

/// A property that was broken, in the smallest case that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Eight hexadecimal digits, the same again in another run: of agent, device, property, class, action and
    /// condition.
    pub id: String,
    /// Which of the report's causes it shows: `C1`, …; empty until the report is put together.
    pub cause: String,
    /// Label of the agent.
    pub agent: String,
    /// `vendor/model`.
    pub device: String,
    /// The check: a property's name, for findings of all suites.
    pub check: String,
    /// What was asked.
    pub action: Action,
    /// The plugs that it was asked for, mostly one.
    pub plugs: Vec<String>,
    /// The (first) plug's state at the start, `on` or `off`.
    pub power: String,
    /// What kind of wrong.
    pub class: Class,
    /// The smallest fault that shows it; empty if none is needed.
    pub fault: String,
    /// The classes of the faults in it, joined by `+`, for expected findings; `none` without a fault.
    pub fault_class: String,
    /// Options of the case beyond address and account, `key=value`.
    pub options: Vec<String>,
    /// How the device differed from its description; empty: not at all.
    pub shape: String,
    /// The device that stood there in place of the right one.
    pub impostor: Option<String>,
    /// How the options were handed over.
    pub mode: Mode,
    /// Whether the agent was told that the fencing daemon runs it.
    pub service: bool,
    /// With which account it logged in.
    pub login: Login,
    /// Under which condition it shows, in words for people.
    pub condition: String,
    /// What the device had told the agent of which plug, on the wire as the agent saw it.
    pub told: Vec<Told>,
    /// Seed of the case.
    pub seed: u64,
    /// How often it shows: of `rate.1` runs of the smallest case, `rate.0` broke the property.
    pub rate: (u32, u32),
    /// What was seen.
    pub evidence: String,
    /// The command that shows it again.
    pub replay: String,
    /// The plant of the target, in one line.
    pub timeline: String,
    /// The same for charts: the truth of the target's plugs.
    pub truth: Truth,
    /// When the agent started and when it ended, on the clock of `truth`, in seconds.
    #[serde(serialize_with = "span")]
    pub span: (Duration, Duration),
    /// The plant of the neighbour, if anything moved there.
    pub neighbour: Option<String>,
    /// How the agent ended and what it wrote (never the password).
    pub said: Said,
    /// The dialogue, one line an event.
    pub dialogue: Vec<String>,
    /// The same as a transcript, for the caller to save beside the report.
    #[serde(skip)]
    pub transcript: Option<Transcript>,
    /// The reason given for expecting it.
    pub expected: Option<String>,
}

/// An answer about a plug's power, as the agent saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// When, in seconds since the agent started.
    #[serde(serialize_with = "seconds")]
    pub at: Duration,
    /// Which plug.
    pub plug: String,
    /// The state that was named; `None`: the answer was whole, but named none.
    pub power: Option<fencelab_devices::Power>,
}

/// What several findings have in common.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Cause {
    /// `C1`, `C2`, …
    pub id: String,
    /// What kind of wrong.
    pub class: Class,
    /// The condition that its findings share, in words.
    pub condition: String,
    /// The properties that it breaks.
    pub properties: Vec<String>,
    /// Labels of the agents that show it.
    pub agents: Vec<String>,
    /// The devices on which it shows.
    pub devices: Vec<String>,
    /// The [`id`](Finding::id)s of its findings, the simplest first.
    pub findings: Vec<String>,
    /// Whether every one of its findings was expected.
    pub expected: bool,
}

/// The agent's own words.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Said {
    /// How it ended.
    pub exit: String,
    /// Standard output, the last 4 KiB.
    pub stdout: String,
    /// Standard error, the last 4 KiB.
    pub stderr: String,
}

/// An expected finding that did not occur.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Mended {
    /// The agent, as written in the file.
    pub agent: String,
    /// The device pattern, as written.
    pub device: String,
    /// The check.
    pub check: String,
    /// The reason that was given.
    pub reason: String,
    /// Where it is written, `file:line`.
    pub place: String,
}

impl Report {
    /// Whether all holds: no cell failed. Expected findings and cells that were not run do not count against it.
    pub fn holds(&self) -> bool {
        !self.cells.iter().any(|cell| cell.verdict == Verdict::Fail) && self.troubles.is_empty()
    }

    /// Every finding, unexpected ones first.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.cells.iter().flat_map(|cell| &cell.findings).collect();
        findings.sort_by_key(|finding| finding.expected.is_some());
        findings
    }

    /// How many cases were run.
    pub fn cases(&self) -> u64 {
        self.cells.iter().map(|cell| cell.cases).sum()
    }
}

impl Cell {
    /// A cell in which nothing has happened yet.
    pub(crate) fn new(agent: &str, device: &str, suite: Suite, check: &str) -> Self {
        Cell {
            agent: agent.to_owned(),
            device: device.to_owned(),
            suite,
            check: check.to_owned(),
            verdict: Verdict::Pass,
            cases: 0,
            judged: 0,
            deceived: 0,
            findings: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// A cell that was not run.
    pub(crate) fn not_run(agent: &str, device: &str, suite: Suite, check: &str, why: &str) -> Self {
        Cell { verdict: Verdict::NotRun(why.to_owned()), ..Cell::new(agent, device, suite, check) }
    }

    /// Draws the verdict from the findings.
    pub(crate) fn close(&mut self) {
        if matches!(self.verdict, Verdict::NotRun(_)) {
            return;
        }
        self.verdict = if self.findings.is_empty() {
            Verdict::Pass
        } else if self.findings.iter().all(|finding| finding.expected.is_some()) {
            Verdict::Expected
        } else {
            Verdict::Fail
        };
    }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn span<S: serde::Serializer>((from, to): &(Duration, Duration), serializer: S) -> Result<S::Ok, S::Error> {
    (from.as_secs_f64(), to.as_secs_f64()).serialize(serializer)
}
