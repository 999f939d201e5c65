//! All kinds of fault with what they take, so that a strategy can draw them and a manual can list them.

use std::time::Duration;

use super::{FaultKind, Phase, words};

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

/// The words that a protocol has for an argument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Words {
    /// The protocol, as [`FaceSpec::protocol`](crate::spec::FaceSpec::protocol) names it.
    pub protocol: &'static str,
    /// Its words.
    pub words: &'static [&'static str],
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
    /// Any number; each of these shows something of its own.
    Value(&'static [i64]),
    /// One of these words; each protocol has its own ([`Entry::words`]).
    OneOf(&'static [Words]),
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

/// Bytes of an answer's content that are left: a status of IPMI has three or four.
const LEFT: Argument = Argument::Bytes { min: 0, max: 5 };

/// Bytes and bindings more than there should be; with many more the answer does not fit into a datagram.
const MORE: Argument = Argument::Bytes { min: 1, max: 32 };

/// Numbers that a device may show in place of a documented code.
const NUMBERS: Argument = Argument::Value(&words::NUMBERS);

const ERRORS: Argument = Argument::OneOf(&[
    Words { protocol: "ipmi", words: &words::IPMI_ERRORS },
    Words { protocol: "snmp", words: &words::SNMP_ERRORS },
    Words { protocol: "telnet", words: &words::CONSOLE_ERRORS },
    Words { protocol: "ssh", words: &words::CONSOLE_ERRORS },
    Words { protocol: "serial", words: &words::CONSOLE_ERRORS },
    Words { protocol: "rfc2217", words: &words::CONSOLE_ERRORS },
]);

const ERRORS_WITH_BODY: Argument = Argument::OneOf(&[
    Words { protocol: "ipmi", words: &words::IPMI_ERRORS },
    Words { protocol: "snmp", words: words::SNMP_STATUSES },
    Words { protocol: "telnet", words: &words::CONSOLE_ERRORS },
    Words { protocol: "ssh", words: &words::CONSOLE_ERRORS },
    Words { protocol: "serial", words: &words::CONSOLE_ERRORS },
    Words { protocol: "rfc2217", words: &words::CONSOLE_ERRORS },
]);

/// As many ways of malformed BER as the wire knows.
const MALFORMED: u16 = 16;

/// Every kind of fault.
pub const CATALOGUE: &[Entry] = &[
    entry_of("drop", Group::Network, Argument::None, "the datagram is lost"),
    entry_of("delay", Group::Network, time(1, 30_000), "the datagram comes so much later"),
    entry_for(&["ipmi", "snmp"], "duplicate", Group::Network, Argument::None, "the datagram comes twice"),
    entry_for(
        &["ipmi", "snmp"],
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
        &["ipmi", "telnet", "ssh", "serial", "rfc2217"],
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
    entry_of(
        "value",
        Group::Status,
        NUMBERS,
        "status says this number in place of a documented code; IPMI: byte 1 is the number modulo 256",
    ),
    entry_of("empty", Group::Status, Argument::None, "the answer to a status is whole, but without content"),
    entry_of(
        "others-state",
        Group::Status,
        Argument::None,
        "status says the state of the next plug under the right name; of a single plug the opposite",
    ),
    entry_of(
        "error",
        Group::Answer,
        ERRORS,
        "the answer is this error of the protocol without content, and nothing is done",
    ),
    entry_of(
        "error-with-body",
        Group::Answer,
        ERRORS_WITH_BODY,
        "the answer is this error of the protocol beside the content of a good one, and nothing is done",
    ),
    entry_of(
        "short",
        Group::Answer,
        LEFT,
        "the content ends after N bytes in right framing; SNMP: texts, and of several bindings N are left",
    ),
    entry_of(
        "longer",
        Group::Answer,
        MORE,
        "N zero bytes more in right framing; SNMP: texts get N characters, and N plugs' bindings follow",
    ),
    entry_for(
        &["snmp", "telnet", "ssh", "serial", "rfc2217"],
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
    /// The fault with an argument in the middle of its range, or with the first of the protocol's words; `state` names one
    /// where a state is wanted.
    #[must_use]
    pub fn example(&self, protocol: &str, state: &str) -> FaultKind {
        let (mut number, mut time, mut word) = (0, Duration::ZERO, state);
        match self.argument {
            Argument::Bytes { min, max } | Argument::Number { min, max } => number = min.midpoint(max).into(),
            Argument::Time { min, max } | Argument::PhaseAndTime { min, max } => time = (min + max) / 2,
            Argument::Value(numbers) => {
                number = numbers.get(numbers.len() / 2).copied().unwrap_or_default();
            }
            Argument::OneOf(_) => word = self.words(protocol).first().copied().unwrap_or_default(),
            Argument::None | Argument::State => {}
        }
        self.with(number, time, word, Phase::During)
    }

    /// The words that a protocol has for the argument; none where no word is wanted.
    #[must_use]
    pub fn words(&self, protocol: &str) -> &'static [&'static str] {
        let Argument::OneOf(all) = self.argument else { return &[] };
        all.iter().find(|words| words.protocol == protocol).map_or(&[], |words| words.words)
    }

    /// The words of all protocols, each once.
    pub(super) fn all_words(&self) -> Vec<&'static str> {
        let Argument::OneOf(all) = self.argument else { return Vec::new() };
        let mut words: Vec<&str> = all.iter().flat_map(|words| words.words).copied().collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Whether it means something for a protocol.
    #[must_use]
    pub fn is_for(&self, protocol: &str) -> bool {
        self.protocols.is_none_or(|protocols| protocols.contains(&protocol))
    }

    /// The fault with the given argument; those that it does not take are ignored. A count of bytes that is negative or too
    /// large becomes the nearest one. `word` is the name of a state or one of [`words`](Self::words), as is wanted.
    #[must_use]
    pub fn with(&self, number: i64, time: Duration, word: &str, phase: Phase) -> FaultKind {
        let bytes = u16::try_from(number.max(0)).unwrap_or(u16::MAX);
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
            "state" => FaultKind::State(word.to_owned()),
            "stale" => FaultKind::Stale(time),
            "plug-absent" => FaultKind::PlugAbsent,
            "wrong-plug" => FaultKind::WrongPlug,
            "flap" => FaultKind::Flap(time),
            "bmc-reset" => FaultKind::BmcReset(phase, time),
            "value" => FaultKind::Value(number),
            "empty" => FaultKind::Empty,
            "others-state" => FaultKind::OthersState,
            "error" => FaultKind::Error(word.to_owned()),
            "error-with-body" => FaultKind::ErrorWithBody(word.to_owned()),
            "short" => FaultKind::Short(bytes),
            "longer" => FaultKind::Longer(bytes),
            "other-object" => FaultKind::OtherObject,
            "other-type" => FaultKind::OtherType,
            "other-id" => FaultKind::OtherId,
            "malformed" => FaultKind::Malformed(bytes),
            _ => FaultKind::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencelab_wire::snmp::Distortion;

    #[test]
    fn what_the_catalogue_names_the_protocol_has() {
        assert_eq!(usize::from(MALFORMED), Distortion::ALL.len());
    }

    #[test]
    fn each_protocol_has_words_of_its_own() {
        for entry in CATALOGUE.iter().filter(|entry| matches!(entry.argument, Argument::OneOf(_))) {
            for (protocol, own, other) in [("ipmi", "node-busy", "gen-err"), ("snmp", "gen-err", "node-busy")]
            {
                let words = entry.words(protocol);
                assert!(words.contains(&own) && !words.contains(&other), "{} in {protocol}", entry.name);
                let (mine, theirs) = (entry.example(protocol, ""), FaultKind::Error(other.to_owned()));
                assert!(mine.is_for(protocol) && !theirs.is_for(protocol), "{mine}");
            }
            assert!(entry.words("telnet").contains(&"busy"));
            assert!(entry.words("gopher").is_empty());
        }
    }
}
