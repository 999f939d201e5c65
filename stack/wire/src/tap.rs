//! Listening between two ends of a link: what the listeners of all protocols have in common.

use serde_json::{Map, Value};

/// Which way a datagram went.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the client to the device.
    ToDevice,
    /// From the device to the client.
    FromDevice,
}

/// One thing that was said or happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A session was opened.
    Open {
        /// Number of the session, counted from 1 in the order of appearance.
        session: u32,
        /// How, in terms of the link: FORMAT.md, the `open` of the protocol.
        details: Map<String, Value>,
    },
    /// A message in the clear.
    Say {
        /// The session; 0 = outside any.
        session: u32,
        /// From the device.
        from_device: bool,
        /// The body's name in a transcript: `"ipmi"`, `"rmcp+"`, `"asf"`, `"snmp"`.
        protocol: &'static str,
        /// As the transcript has it.
        value: Value,
        /// What was replaced by `xx` in it.
        redacted: Vec<&'static str>,
        /// It belongs to the set-up of its session, so it is said before the session is open.
        sets_up: bool,
    },
    /// A datagram that could not be understood or decrypted.
    Opaque {
        /// The session, as far as it is known; 0 = none.
        session: u32,
        /// From the device.
        from_device: bool,
        /// The whole datagram.
        bytes: Vec<u8>,
        /// The reason.
        why: String,
    },
    /// A session ended.
    Close {
        /// The session.
        session: u32,
        /// Whether the device ended it by itself.
        by_device: bool,
    },
}

/// A passive listener between one client and one device: it never sends.
pub trait Tap: std::fmt::Debug + Send {
    /// Takes one datagram: any bytes, never a panic, and nothing is lost: each datagram gives exactly one
    /// [`Seen::Say`] or [`Seen::Opaque`], around it what it leads to.
    fn observe(&mut self, direction: Direction, datagram: &[u8]) -> Vec<Seen>;
}
