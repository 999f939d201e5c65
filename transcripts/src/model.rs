//! One event of a transcript.

use std::time::Duration;

use serde_json::Value;

use crate::{Bytes, Map};

/// One line after the header: one turn of the dialogue, or a mark beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `t`: time since the start, in seconds; written with at most microseconds.
    pub at: Duration,
    /// `s`: the session this belongs to, unique in the transcript; 0 = outside any session.
    pub session: u32,
    /// What happened.
    pub kind: Kind,
    /// Fields beside those of the kind, in their order (for `close` and `mark` too).
    pub extra: Map,
}

/// Who did it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// The fence agent, or whatever client stands in its place.
    Agent,
    /// The fencing device.
    Device,
}

/// What an event is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `open`: a session begins; how is told by fields of the link (version, cipher, user …).
    Open(Map),
    /// `close`: a session ends; `close` names who ended it.
    Close(Side),
    /// `from`: one side says something.
    Say {
        /// Who says it.
        from: Side,
        /// What it says.
        body: Body,
    },
    /// `mark`: what was going on around the dialogue.
    Mark(Mark),
    /// A kind of event of a newer minor version; all its fields are in [`Event::extra`].
    Other,
}

/// What was said: exactly one of three.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// `text`: characters.
    Text(String),
    /// `hex`: bytes.
    Hex(Bytes),
    /// A message of a protocol, under the protocol's name: `ipmi`, `rmcp+`, `asf`, `snmp` …
    Object {
        /// The field's name.
        protocol: String,
        /// Its value: an object or an array.
        value: Value,
    },
}

/// What was going on: which action was running on which plug, and what was known of its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    /// `mark`: `begin`, `end`, `note`, or a word of the writer's own.
    pub phase: String,
    /// `action`: the action of the fence agent API: `off`, `status` …
    pub action: Option<String>,
    /// `plug`: the plug it is about.
    pub plug: Option<String>,
    /// `before`: plug → `on`, `off` or `unknown`, as known when it began.
    pub before: Map,
    /// `exit`: the agent's exit code.
    pub exit: Option<i32>,
    /// `after`: plug → `on`, `off` or `unknown`, as known when it ended.
    pub after: Map,
}

impl Mark {
    /// The phase at which an action starts.
    pub const BEGIN: &'static str = "begin";
    /// The phase at which an action is over.
    pub const END: &'static str = "end";
    /// The phase of a remark (its words in the extra field `text`).
    pub const NOTE: &'static str = "note";

    /// A mark with nothing but its phase.
    pub fn new(phase: impl Into<String>) -> Self {
        Self { phase: phase.into(), ..Self::default() }
    }

    /// The start of an action.
    pub fn begin(action: impl Into<String>, plug: Option<String>) -> Self {
        Self { action: Some(action.into()), plug, ..Self::new(Self::BEGIN) }
    }

    /// The end of an action.
    pub fn end(action: impl Into<String>, plug: Option<String>, exit: Option<i32>) -> Self {
        Self { action: Some(action.into()), plug, exit, ..Self::new(Self::END) }
    }
}

impl Event {
    /// An event of any kind. `at` is cut to whole microseconds, which is all a transcript holds.
    pub fn new(at: Duration, session: u32, kind: Kind) -> Self {
        let at = Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
        Self { at, session, kind, extra: Map::new() }
    }

    /// A session begins.
    pub fn open(at: Duration, session: u32, details: Map) -> Self {
        Self::new(at, session, Kind::Open(details))
    }

    /// A session ends.
    pub fn close(at: Duration, session: u32, by: Side) -> Self {
        Self::new(at, session, Kind::Close(by))
    }

    /// Somebody says characters.
    pub fn say_text(at: Duration, session: u32, from: Side, text: impl Into<String>) -> Self {
        Self::new(at, session, Kind::Say { from, body: Body::Text(text.into()) })
    }

    /// Somebody says bytes.
    pub fn say_hex(at: Duration, session: u32, from: Side, bytes: impl Into<Bytes>) -> Self {
        Self::new(at, session, Kind::Say { from, body: Body::Hex(bytes.into()) })
    }

    /// Somebody says a message of a protocol. `value` is an object or an array.
    pub fn say_object(
        at: Duration,
        session: u32,
        from: Side,
        protocol: impl Into<String>,
        value: Value,
    ) -> Self {
        Self::new(at, session, Kind::Say { from, body: Body::Object { protocol: protocol.into(), value } })
    }

    /// A mark beside the dialogue.
    pub fn mark(at: Duration, session: u32, mark: Mark) -> Self {
        Self::new(at, session, Kind::Mark(mark))
    }

    /// The same event with one more extra field.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(field.into(), value.into());
        self
    }
}

impl Side {
    /// The word in the file: `agent` or `device`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Device => "device",
        }
    }

    /// The side of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Agent, Self::Device].into_iter().find(|side| side.name() == name)
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
