//! States and rules: what all faces share of them. What a rule matches and what it changes in an answer is each protocol's
//! own (`M` and `F`); when it holds, and what becomes of power, is not.

use std::time::Duration;

use crate::plant::{Command, Power};

/// What a state means for power.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// The plug is on.
    On,
    /// The plug is off.
    Off,
    /// Nothing may be concluded.
    Neither,
}

/// A state that the device documents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// Unique in the face.
    pub name: String,
    /// What it means for power.
    pub means: Meaning,
    /// Document and section, or transcript.
    pub source: String,
}

/// A state and how it looks on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Look<A> {
    /// The state.
    pub state: State,
    /// What it looks like in one answer or another.
    pub seen: Vec<A>,
}

/// A rule of behaviour.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule<M, F> {
    /// When it holds.
    pub on: When<M>,
    /// What is answered instead.
    pub answer: Answer<F>,
    /// `false`: acknowledged, but nothing moves.
    pub done: bool,
    /// Instead of the plant's delay.
    pub done_after: Option<Duration>,
    /// What the plug does instead of what was asked.
    pub moves: Option<Command>,
    /// What is forgotten after the answer.
    pub resets: Option<Reset>,
    /// Document and section, or transcript.
    pub source: String,
    /// The line of the rule in `device.toml`.
    pub line: usize,
}

/// What a rule forgets after its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reset {
    /// All sessions.
    Sessions,
    /// All sessions, and nothing is answered for so long.
    Bmc(Duration),
}

/// When a rule holds. Absent parts do not restrict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct When<M> {
    /// What it is about, in the protocol's words.
    pub what: M,
    /// The truth.
    pub while_power: Option<Power>,
    /// Only after the newest such event.
    pub after: Option<Event>,
    /// So long after it.
    pub window: Option<Duration>,
    /// The first so many times.
    pub first: Option<u32>,
    /// Only that time, from 1.
    pub nth: Option<u32>,
    /// Every so many times.
    pub every: Option<u32>,
}

/// From when a rule's window counts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Event {
    /// The truth became on.
    PowerOn,
    /// The truth became off.
    PowerOff,
    /// An order to switch on was acknowledged.
    OnCommand,
    /// An order to switch off, or to shut down, was acknowledged.
    OffCommand,
    /// An order to cycle was acknowledged.
    CycleCommand,
    /// An order to reset was acknowledged.
    ResetCommand,
    /// The controller reset itself.
    BmcReset,
    /// The run began.
    Start,
}

/// What a rule answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer<F> {
    /// Nothing at all.
    Silence,
    /// With parts changed.
    Say(Say<F>),
}

/// The parts of an answer that a rule changes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Say<F> {
    /// As this state looks (index into the face's states).
    pub state: Option<usize>,
    /// So late.
    pub delay: Duration,
    /// What else, in the protocol's words.
    pub fields: F,
}

/// The longest window of some rules: so long may they keep a device from its usual behaviour.
pub(crate) fn longest_window<M, F>(rules: &[Rule<M, F>]) -> Duration {
    rules.iter().filter_map(|rule| rule.on.window).max().unwrap_or_default()
}
