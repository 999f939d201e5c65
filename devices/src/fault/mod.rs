//! What goes wrong: protocol-neutral values that combine, have units and neutral defaults, and can be written in one line.
//!
//! ```text
//! drop@from-device,status,first=2 + done-late(3s)@off
//! ```
//! An expression is faults joined by `+`. A fault is a kind, its arguments in brackets, and after `@` its scope: a direction
//! (`to-device`, `from-device`), what is asked (`session`, `status`, `control`, `off`, `on`, `cycle`, `reset`, `nmi`, `soft-off`,
//! `other`), which exchange (`exchange=N`: only what belongs to the Nth request that came since the faults are there), and when it heals
//! (`nth=N` only the Nth time, `first=N` the first N times, `for=D` so long after it first met something).
//! Absent parts do not restrict.

mod catalogue;
mod engine;
mod parse;
mod words;

use std::fmt;
use std::time::Duration;

use crate::duration;
use crate::plant::Command;

pub use catalogue::{Argument, CATALOGUE, Entry, Group, Words};
pub(crate) use engine::Engine;
pub use parse::FaultError;
pub(crate) use words::CONSOLE_ERRORS;

/// One fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Where and when.
    pub scope: Scope,
}

/// What goes wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FaultKind {
    /// The datagram is lost.
    Drop,
    /// The datagram comes so much later.
    Delay(Duration),
    /// The datagram comes twice.
    Duplicate,
    /// The datagram comes after the next one of its direction, or a second later if there is none.
    Reorder,
    /// Only the first so many bytes come.
    Cut(u16),
    /// The first so many bytes come as a datagram of their own, the rest as another.
    Split(u16),
    /// The byte at this place (modulo the length) is inverted.
    Garble(u16),
    /// The device ends the session in place of answering; where there are no sessions it does not answer.
    Close,
    /// Nobody is let in.
    Refuse,
    /// Only one session at a time.
    OneSession,
    /// A power command is acknowledged, but nothing moves.
    NotDone,
    /// A power command is done so much after the plug's own delay.
    DoneLate(Duration),
    /// A status query is answered with the first documented state that means neither on nor off, or with an error.
    StateUnknown,
    /// A status query is answered with this documented state.
    State(String),
    /// A status query is answered with what was true so long ago.
    Stale(Duration),
    /// The device says that there is no such plug.
    PlugAbsent,
    /// A power command moves the next plug, or the neighbour device's where there is one plug.
    WrongPlug,
    /// After a commanded change the plug falls back after this time, and is as commanded again after as much.
    Flap(Duration),
    /// The management controller restarts: sessions are forgotten and nothing is answered for this time.
    BmcReset(Phase, Duration),
    /// A status query is answered with this number in place of a documented code.
    Value(i64),
    /// A status query is answered without content.
    Empty,
    /// A status query is answered with the state of the next plug, or the opposite where there is one plug.
    OthersState,
    /// The answer is this error of the protocol, and nothing is done.
    Error(String),
    /// The same, and the content of a good answer is there as well.
    ErrorWithBody(String),
    /// The content of the answer ends after so many bytes, or bindings.
    Short(u16),
    /// The content of the answer goes on for so many bytes, and bindings.
    Longer(u16),
    /// The answer is about the next plug's object.
    OtherObject,
    /// The answer's values have another type.
    OtherType,
    /// The answer is to another request.
    OtherId,
    /// The answer is malformed in this way, counted from 1.
    Malformed(u16),
}

/// When a management controller restarts, seen from the command that is running.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// The command is neither done nor answered.
    Before,
    /// It is done, but not answered.
    During,
    /// It is done and answered.
    After,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// The word in expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the agent.
    ToDevice,
    /// To the agent.
    FromDevice,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ToDevice, Self::FromDevice];

    /// The word in expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ToDevice => "to-device",
            Self::FromDevice => "from-device",
        }
    }
}

/// What a datagram or request is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Op {
    /// Finding, opening and closing a session.
    Session,
    /// Asking for the power state.
    Status,
    /// Telling the power: any [`Command`].
    Control,
    /// Exactly this command.
    Command(Command),
    /// Anything else.
    Other,
}

impl Op {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Session,
        Self::Status,
        Self::Control,
        Self::Command(Command::Off),
        Self::Command(Command::On),
        Self::Command(Command::Cycle),
        Self::Command(Command::Reset),
        Self::Command(Command::Nmi),
        Self::Command(Command::SoftOff),
        Self::Other,
    ];

    /// The word in expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Status => "status",
            Self::Control => "control",
            Self::Command(command) => command.name(),
            Self::Other => "other",
        }
    }

    /// Whether a scope of `self` covers what is `asked`.
    #[must_use]
    pub fn covers(self, asked: Self) -> bool {
        self == asked || (self == Self::Control && matches!(asked, Self::Command(_)))
    }
}

/// Where and when a fault acts. The default is everywhere and for ever.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Only datagrams of this direction.
    pub direction: Option<Direction>,
    /// Only what asks this (an answer belongs to what was asked).
    pub on: Option<Op>,
    /// Only what belongs to the Nth request, from 1: counted over all datagrams that came to the device since the faults were
    /// installed, whatever they ask. A repetition is a request of its own; an answer belongs to its request.
    pub exchange: Option<u32>,
    /// Only the Nth time that the rest of the scope holds, from 1.
    pub nth: Option<u32>,
    /// The first N times.
    pub first: Option<u32>,
    /// So long after the first time.
    pub window: Option<Duration>,
}

impl Scope {
    /// Whether the fault ends by itself.
    #[must_use]
    pub fn heals(&self) -> bool {
        self.exchange.is_some() || self.nth.is_some() || self.first.is_some() || self.window.is_some()
    }
}

impl Fault {
    /// A fault everywhere and for ever.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, scope: Scope::default() }
    }

    /// Only datagrams of this direction.
    #[must_use]
    pub fn towards(mut self, direction: Direction) -> Self {
        self.scope.direction = Some(direction);
        self
    }

    /// Only what asks this.
    #[must_use]
    pub fn on(mut self, op: Op) -> Self {
        self.scope.on = Some(op);
        self
    }

    /// Only what belongs to the Nth request, from 1.
    #[must_use]
    pub fn exchange(mut self, exchange: u32) -> Self {
        self.scope.exchange = Some(exchange);
        self
    }

    /// Only the Nth time, from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.scope.nth = Some(nth);
        self
    }

    /// The first N times.
    #[must_use]
    pub fn first(mut self, first: u32) -> Self {
        self.scope.first = Some(first);
        self
    }

    /// So long after the first time.
    #[must_use]
    pub fn lasting(mut self, window: Duration) -> Self {
        self.scope.window = Some(window);
        self
    }

    /// Reads an expression of any number of faults joined by `+`; blank text is no fault.
    ///
    /// # Errors
    /// What is wrong, at which character, and how to mend it.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, FaultError> {
        parse::expression(text)
    }

    /// Writes an expression that [`parse_all`](Self::parse_all) reads back.
    #[must_use]
    pub fn display_all(faults: &[Self]) -> String {
        faults.iter().map(Self::to_string).collect::<Vec<_>>().join(" + ")
    }
}

impl std::str::FromStr for Fault {
    type Err = FaultError;

    /// Reads exactly one fault.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse::one(text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.scope)
    }
}

impl FaultKind {
    /// The word in expressions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay(_) => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Cut(_) => "cut",
            Self::Split(_) => "split",
            Self::Garble(_) => "garble",
            Self::Close => "close",
            Self::Refuse => "refuse",
            Self::OneSession => "one-session",
            Self::NotDone => "not-done",
            Self::DoneLate(_) => "done-late",
            Self::StateUnknown => "state-unknown",
            Self::State(_) => "state",
            Self::Stale(_) => "stale",
            Self::PlugAbsent => "plug-absent",
            Self::WrongPlug => "wrong-plug",
            Self::Flap(_) => "flap",
            Self::BmcReset(..) => "bmc-reset",
            Self::Value(_) => "value",
            Self::Empty => "empty",
            Self::OthersState => "others-state",
            Self::Error(_) => "error",
            Self::ErrorWithBody(_) => "error-with-body",
            Self::Short(_) => "short",
            Self::Longer(_) => "longer",
            Self::OtherObject => "other-object",
            Self::OtherType => "other-type",
            Self::OtherId => "other-id",
            Self::Malformed(_) => "malformed",
        }
    }

    /// How long something of it may still be to come when it has been cleared: a datagram that is late, a plug that moves
    /// later, a controller that restarts.
    #[must_use]
    pub fn lingers(&self) -> Duration {
        match self {
            Self::Delay(time) | Self::DoneLate(time) | Self::BmcReset(_, time) => *time,
            Self::Flap(time) => time.saturating_mul(2),
            Self::Reorder => Duration::from_secs(1),
            _ => Duration::ZERO,
        }
    }

    /// Whether it means something for a protocol: the kind, and the word if it takes one.
    #[must_use]
    pub fn is_for(&self, protocol: &str) -> bool {
        let entry = self.entry();
        let word = match self {
            Self::Error(word) | Self::ErrorWithBody(word) => Some(word.as_str()),
            _ => None,
        };
        entry.is_for(protocol) && word.is_none_or(|word| entry.words(protocol).contains(&word))
    }

    /// Its entry in the [`CATALOGUE`].
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        catalogue::entry(self)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Delay(time) | Self::DoneLate(time) | Self::Stale(time) | Self::Flap(time) => {
                write!(f, "({})", duration::format(*time))
            }
            Self::Cut(n)
            | Self::Split(n)
            | Self::Garble(n)
            | Self::Malformed(n)
            | Self::Short(n)
            | Self::Longer(n) => write!(f, "({n})"),
            Self::Value(number) => write!(f, "({number})"),
            Self::State(name) | Self::Error(name) | Self::ErrorWithBody(name) => write!(f, "({name})"),
            Self::BmcReset(phase, time) => write!(f, "({},{})", phase.name(), duration::format(*time)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = '@';
        let mut part = |text: String| {
            let written = write!(f, "{separator}{text}");
            separator = ',';
            written
        };
        if let Some(direction) = self.direction {
            part(direction.name().to_owned())?;
        }
        if let Some(op) = self.on {
            part(op.name().to_owned())?;
        }
        if let Some(exchange) = self.exchange {
            part(format!("exchange={exchange}"))?;
        }
        if let Some(nth) = self.nth {
            part(format!("nth={nth}"))?;
        }
        if let Some(first) = self.first {
            part(format!("first={first}"))?;
        }
        if let Some(window) = self.window {
            part(format!("for={}", duration::format(window)))?;
        }
        Ok(())
    }
}
