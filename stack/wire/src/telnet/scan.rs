//! The framing of RFC 854 and 855, byte by byte: what is data, what is a command, what belongs to a subnegotiation.

use super::command::{IAC, SB, SE, Verb};
use super::opt::Opt;

/// What a byte completed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Event {
    /// A byte of data; IAC IAC is one.
    Data(u8),
    /// IAC and a byte that asks for nothing more.
    Command(u8),
    /// IAC, a verb and an option.
    Negotiation(Verb, Opt),
    /// A subnegotiation has begun.
    Begin(Opt),
    /// A byte of it; IAC IAC is one.
    Inside(u8),
    /// It is complete.
    End,
}

/// What one byte did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Step {
    /// Another command stands in the place of IAC SE: the subnegotiation that has begun will never be complete, and this
    /// byte belongs to the command. A peer forgot to end it or to double an IAC; nobody can know which (clients and
    /// servers of the field take it so, too).
    pub(super) broken: bool,
    /// What is complete now.
    pub(super) event: Option<Event>,
}

/// Where in the framing the next byte stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Scan {
    /// Among data.
    #[default]
    Data,
    /// Behind IAC.
    Command,
    /// Behind IAC and a verb.
    Option(Verb),
    /// Behind IAC SB.
    Begin,
    /// Behind IAC SB IAC.
    BeginIac,
    /// In a subnegotiation.
    Inside,
    /// Behind an IAC in a subnegotiation.
    InsideIac,
}

impl Scan {
    /// Takes one byte.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        let (next, event) = match (*self, byte) {
            (Self::Data, IAC) => (Self::Command, None),
            (Self::Data, data) => (Self::Data, Some(Event::Data(data))),
            (Self::Command, command) => Self::command(command),
            (Self::Option(verb), opt) => (Self::Data, Some(Event::Negotiation(verb, Opt(opt)))),
            (Self::Begin, IAC) => (Self::BeginIac, None),
            (Self::Begin, opt) | (Self::BeginIac, opt @ IAC) => (Self::Inside, Some(Event::Begin(Opt(opt)))),
            (Self::Inside, IAC) => (Self::InsideIac, None),
            (Self::Inside, data) | (Self::InsideIac, data @ IAC) => (Self::Inside, Some(Event::Inside(data))),
            (Self::InsideIac, SE) => (Self::Data, Some(Event::End)),
            (Self::BeginIac | Self::InsideIac, command) => {
                let event;
                (*self, event) = Self::command(command);
                return Step { broken: true, event };
            }
        };
        *self = next;
        Step { broken: false, event }
    }

    /// The byte behind IAC.
    fn command(byte: u8) -> (Self, Option<Event>) {
        match (byte, Verb::from_byte(byte)) {
            (IAC, _) => (Self::Data, Some(Event::Data(IAC))),
            (SB, _) => (Self::Begin, None),
            (_, Some(verb)) => (Self::Option(verb), None),
            (command, None) => (Self::Data, Some(Event::Command(command))),
        }
    }
}
