//! What one run of an agent left behind. The checkers read nothing else.

use std::fmt;
use std::time::Duration;

use fencelab_devices::Power;
pub use fencelab_devices::spec::Claim;
use fencelab_transcript::Event;
use serde::Serialize;

use crate::truth::Truth;

/// How an agent ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It ended by itself with this code.
    Code(i32),
    /// A signal ended it that was not ours.
    Signal(i32),
    /// It still ran at the lab's last bound and was killed.
    Killed,
    /// It could not be started at all; the text says why.
    NotStarted(String),
}

impl Exit {
    /// Whether the agent said that it had succeeded.
    pub fn is_success(&self) -> bool {
        *self == Exit::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit {code}"),
            Exit::Signal(signal) => write!(f, "ended by signal {signal}"),
            Exit::Killed => f.write_str("killed by the lab"),
            Exit::NotStarted(why) => write!(f, "not started: {why}"),
        }
    }
}

/// A request that reached a device, and what the device did with it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Request {
    /// Which datagram that reached the device it was, counted from 1.
    pub exchange: u32,
    /// When it came in.
    pub at: Duration,
    /// Its name, for example `Get Chassis Status`.
    pub request: String,
    /// What was answered.
    pub answer: String,
    /// What it did to the plant, if anything.
    pub effect: Option<String>,
}

/// One run of an agent, with the ground truth of the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// How it ended.
    pub exit: Exit,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error and, for an agent in this process, its log.
    pub stderr: String,
    /// When it started.
    pub started: Duration,
    /// When it ended.
    pub ended: Duration,
    /// What happened to the device it was sent to.
    pub target: Truth,
    /// What happened to the device at the next address.
    pub neighbour: Truth,
    /// Resets and diagnostic interrupts that reached the target's plugs.
    pub pulses: usize,
    /// What reached the target.
    pub requests: Vec<Request>,
    /// What reached the neighbour.
    pub strayed: Vec<Request>,
    /// The power states told on the wire. Empty unless the run was recorded.
    pub claims: Vec<Claim>,
    /// Whether the wire was recorded.
    pub recorded: bool,
    /// The wire of the target as transcript events. Empty unless the run was recorded.
    pub dialogue: Vec<Event>,
    /// Arguments of the programs the agent started, where they could be witnessed.
    pub children: Vec<Vec<String>>,
    /// The lab's secret in this run: the thing that must appear nowhere.
    pub secret: String,
}

impl Run {
    /// How long the agent ran.
    pub fn took(&self) -> Duration {
        self.ended.saturating_sub(self.started)
    }

    /// Whether the device told the agent that this plug has this state.
    pub fn was_told(&self, plug: &str, power: Power) -> bool {
        self.claims.iter().any(|claim| claim.plug == plug && claim.power == Some(power))
    }

    /// Whether the device answered for this plug, and named no state: there is none such, or it does not know.
    pub fn was_told_nothing(&self, plug: &str) -> bool {
        self.claims.iter().any(|claim| claim.plug == plug && claim.power.is_none())
    }

    /// The same run moved to another exit and another end; for runs made by hand.
    #[cfg(test)]
    pub(crate) fn by_hand(target: Truth, exit: i32, ended: Duration) -> Self {
        Run {
            exit: Exit::Code(exit),
            stdout: String::new(),
            stderr: String::new(),
            started: Duration::ZERO,
            ended,
            target,
            neighbour: Truth::new([("system".to_owned(), Power::On)]),
            pulses: 0,
            requests: Vec::new(),
            strayed: Vec::new(),
            claims: Vec::new(),
            recorded: true,
            dialogue: Vec::new(),
            children: Vec::new(),
            secret: "correct horse".to_owned(),
        }
    }
}
