//! All kinds of fault with what they take, so that a strategy can draw them and a manual can list them.

use std::time::Duration;

use super::{FaultKind, Phase};

/// One kind of fault.
#[derive(Debug)]
pub struct Entry {
    /// The word in expressions.
    pub name: &'static str,
    /// What it acts on.
    pub group: Group,
    /// What stands in the brackets.
    pub argument: Argument,
    /// One sentence, with units.
    pub what: &'static str,
    /// The protocols that it means something for; `None`: all.
    pub protocols: Option<&'static [&'static str]>,
}

/// What a fault acts on, hence which scopes mean something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// Datagrams of one or both directions.
    Network,
    /// Sessions: no direction.
    Session,
    /// Power commands (scope: one of them, or all): no direction.
    Control,
    /// Status queries: no direction; `plug-absent` also power commands.
    Status,
    /// Answers to any request: no direction.
    Answer,
}

/// What stands in the brackets, with the range worth drawing from (any other value is accepted too).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A duration.
    Time {
        /// The least worth drawing.
        min: Duration,
        /// The most worth drawing.
        max: Duration,
    },
    /// A byte count or place in a datagram.
    Bytes {
        /// The least worth drawing.
        min: u16,
        /// The most worth drawing: what an IPMI answer has.
        max: u16,
    },
    /// A number that stands for one of several ways.
    Number {
        /// The least.
        min: u16,
        /// The most.
        max: u16,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The name of a state of the device ([`DeviceSpec::states`](crate::DeviceSpec::states)).
    State,
    /// A [`Phase`] and a duration.
    PhaseAndTime {
        /// The least worth drawing.
        min: Duration,
        /// The most worth drawing.
        max: Duration,
    },
}

const fn entry_of(name: &'static str, group: Group, argument: Argument, what: &'static str) -> Entry {
    Entry { name, group, argument, what, protocols: None }
}

/// A kind for some protocols only.
const fn entry_for(
    protocols: &'static [&'static str],
    name: &'static str,
    group: Group,
    argument: Argument,
    what: &'static str,
) -> Entry {
    Entry { name, group, argument, what, protocols: Some(protocols) }
}

const fn time(min_ms: u64, max_ms: u64) -> Argument {
    Argument::Time { min: Duration::from_millis(min_ms), max: Duration::from_millis(max_ms) }
}

const BYTES: Argument = Argument::Bytes { min: 1, max: 63 };

/// SNMP's errors that a device may answer a request with (RFC 3416 §3; in v1 those of RFC 1157).
const ERRORS: &[&str] = &[
    "gen-err",
    "no-such-name",
    "no-such-object",
    "no-such-instance",
    "too-big",
    "bad-value",
    "read-only",
    "no-access",
    "wrong-type",
    "wrong-value",
    "not-writable",
    "inconsistent-value",
    "resource-unavailable",
    "commit-failed",
    "authorization-error",
    "end-of-mib-view",
];

/// As many ways of malformed BER as the wire knows.
const MALFORMED: u16 = 16;

/// Every kind of fault.
pub const CATALOGUE: &[Entry] = &[
    entry_of("drop", Group::Network, Argument::None, "the datagram is lost"),
    entry_of("delay", Group::Network, time(1, 30_000), "the datagram comes so much later"),
    entry_of("duplicate", Group::Network, Argument::None, "the datagram comes twice"),
    entry_of(
        "reorder",
        Group::Network,
        Argument::None,
        "the datagram comes after the next one, or 1 s later if there is none",
    ),
    entry_of("cut", Group::Network, BYTES, "only the first N bytes of the datagram come"),
    entry_of("split", Group::Network, BYTES, "the datagram comes as two: N bytes and the rest"),
    entry_of("garble", Group::Network, BYTES, "the byte at place N (from 0, modulo the length) is inverted"),
    entry_of(
        "close",
        Group::Session,
        Argument::None,
        "the device forgets the session in place of answering; SNMP: the engine boots anew, v1 and v2c only lose the answer",
    ),
    entry_of(
        "refuse",
        Group::Session,
        Argument::None,
        "no session can be opened: insufficient resources; SNMP: a community is not known, a user neither",
    ),
    entry_for(
        &["ipmi"],
        "one-session",
        Group::Session,
        Argument::None,
        "a second session at a time is refused: insufficient resources",
    ),
    entry_of(
        "not-done",
        Group::Control,
        Argument::None,
        "a power command is acknowledged, but nothing moves",
    ),
    entry_of(
        "done-late",
        Group::Control,
        time(1, 60_000),
        "a power command is done so much after the plug's own delay",
    ),
    entry_of(
        "state-unknown",
        Group::Status,
        Argument::None,
        "status says a documented state that means neither on nor off, or an error",
    ),
    entry_of("state", Group::Status, Argument::State, "status says this documented state"),
    entry_of("stale", Group::Status, time(1, 60_000), "status says what was true so long ago"),
    entry_of("plug-absent", Group::Status, Argument::None, "the device says that there is no such plug"),
    entry_of(
        "wrong-plug",
        Group::Control,
        Argument::None,
        "a power command moves the next plug, or the neighbour device's",
    ),
    entry_of(
        "flap",
        Group::Control,
        time(1, 10_000),
        "after a commanded change the plug falls back so much later, and recovers after as much",
    ),
    entry_of(
        "bmc-reset",
        Group::Control,
        Argument::PhaseAndTime { min: Duration::from_millis(100), max: Duration::from_secs(60) },
        "before, during (done, not answered) or after the command the controller restarts and is silent so long",
    ),
    entry_for(
        &["snmp"],
        "error",
        Group::Answer,
        Argument::OneOf(ERRORS),
        "the answer is this error of the protocol, and nothing is done",
    ),
    entry_for(
        &["snmp"],
        "other-object",
        Group::Answer,
        Argument::None,
        "the answer is about the next plug's object, or one that nobody asked for",
    ),
    entry_for(
        &["snmp"],
        "other-type",
        Group::Answer,
        Argument::None,
        "the answer's values have another type: numbers as text, text as numbers",
    ),
    entry_for(
        &["snmp"],
        "other-id",
        Group::Answer,
        Argument::None,
        "the answer carries the number of another request",
    ),
    entry_for(
        &["snmp"],
        "malformed",
        Group::Answer,
        Argument::Number { min: 1, max: MALFORMED },
        "the answer is encoded wrongly, in the Nth way",
    ),
];

/// The entry of a kind. Every kind has one (a test sees to it); the first is only there to spare a panic.
pub(super) fn entry(kind: &FaultKind) -> &'static Entry {
    const FALLBACK: Entry = entry_of("", Group::Network, Argument::None, "");
    CATALOGUE.iter().find(|entry| entry.name == kind.name()).unwrap_or(const { &FALLBACK })
}

impl Entry {
    /// The fault with an argument in the middle of its range; `state` names one where a state is wanted.
    #[must_use]
    pub fn example(&self, state: &str) -> FaultKind {
        let (bytes, time) = match self.argument {
            Argument::Bytes { min, max } | Argument::Number { min, max } => {
                (min.midpoint(max), Duration::ZERO)
            }
            Argument::Time { min, max } | Argument::PhaseAndTime { min, max } => (0, (min + max) / 2),
            Argument::None | Argument::State | Argument::OneOf(_) => (0, Duration::ZERO),
        };
        self.with(bytes, time, state, Phase::During)
    }

    /// Whether it means something for a protocol.
    #[must_use]
    pub fn is_for(&self, protocol: &str) -> bool {
        self.protocols.is_none_or(|protocols| protocols.contains(&protocol))
    }

    /// The fault with the given argument; those that it does not take are ignored. Where one of several words is wanted and
    /// `state` is none of them, `bytes` counts them off.
    #[must_use]
    pub fn with(&self, bytes: u16, time: Duration, state: &str, phase: Phase) -> FaultKind {
        match self.name {
            "delay" => FaultKind::Delay(time),
            "duplicate" => FaultKind::Duplicate,
            "reorder" => FaultKind::Reorder,
            "cut" => FaultKind::Cut(bytes),
            "split" => FaultKind::Split(bytes),
            "garble" => FaultKind::Garble(bytes),
            "close" => FaultKind::Close,
            "refuse" => FaultKind::Refuse,
            "one-session" => FaultKind::OneSession,
            "not-done" => FaultKind::NotDone,
            "done-late" => FaultKind::DoneLate(time),
            "state-unknown" => FaultKind::StateUnknown,
            "state" => FaultKind::State(state.to_owned()),
            "stale" => FaultKind::Stale(time),
            "plug-absent" => FaultKind::PlugAbsent,
            "wrong-plug" => FaultKind::WrongPlug,
            "flap" => FaultKind::Flap(time),
            "bmc-reset" => FaultKind::BmcReset(phase, time),
            "error" => FaultKind::Error(self.word(state, bytes).to_owned()),
            "other-object" => FaultKind::OtherObject,
            "other-type" => FaultKind::OtherType,
            "other-id" => FaultKind::OtherId,
            "malformed" => FaultKind::Malformed(bytes),
            _ => FaultKind::Drop,
        }
    }

    /// The word that is meant.
    fn word(&self, word: &str, number: u16) -> &'static str {
        let Argument::OneOf(words) = self.argument else { return "" };
        let known = words.iter().find(|known| **known == word);
        let counted = usize::from(number).checked_rem(words.len()).and_then(|index| words.get(index));
        known.or(counted).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::snmp::Failure;
    use fencelab_wire::snmp::Distortion;

    #[test]
    fn what_the_catalogue_names_the_protocol_has() {
        assert!(ERRORS.iter().all(|name| Failure::by_name(name).is_some()));
        assert_eq!(usize::from(MALFORMED), Distortion::ALL.len());
    }
}
