//! A passive listener between a client and a BMC: follows the sessions, checks what can be checked, and says
//! in the clear what was said, given the passwords. It never sends.

use super::Secret;
use serde_json::{Map, Value};

/// A login that may be seen on the wire.
#[derive(Clone, Debug)]
pub struct Credential {
    /// `None`: tried for every user.
    pub username: Option<String>,
    /// The password.
    pub password: Secret,
    /// The BMC's key, for two-key logins.
    pub kg: Option<Secret>,
}

/// Which way a datagram went.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the client to the BMC.
    ToDevice,
    /// From the BMC to the client.
    FromDevice,
}

/// One thing that was said or happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A session was opened.
    Open {
        /// Number of the session, counted from 1 in the order of appearance.
        session: u32,
        /// Version, authentication, cipher suite, user, privilege.
        details: Map<String, Value>,
    },
    /// A message in the clear.
    Say {
        /// The session; 0 = outside any.
        session: u32,
        /// From the BMC.
        from_device: bool,
        /// `"ipmi"`, `"rmcp+"` or `"asf"`.
        protocol: &'static str,
        /// As the transcript has it.
        value: Value,
        /// What was replaced by `xx` in it.
        redacted: Vec<&'static str>,
    },
    /// A datagram that could not be understood or decrypted.
    Opaque {
        /// The session, as far as it is known; 0 = none.
        session: u32,
        /// From the BMC.
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
        /// Whether the BMC ended it by itself.
        by_device: bool,
    },
}

/// The listener.
#[derive(Debug)]
pub struct Tap {
    credentials: Vec<Credential>,
}

impl Tap {
    /// Knows these logins.
    #[must_use]
    pub fn new(credentials: Vec<Credential>) -> Self {
        Self { credentials }
    }

    /// Takes one datagram: any bytes, never a panic, and nothing is lost: each datagram gives at least one
    /// [`Seen::Say`] or [`Seen::Opaque`].
    pub fn observe(&mut self, direction: Direction, datagram: &[u8]) -> Vec<Seen> {
        let from_device = direction == Direction::FromDevice;
        let _ = &self.credentials;
        vec![Seen::Opaque {
            session: 0,
            from_device,
            bytes: datagram.to_vec(),
            why: "not implemented".into(),
        }]
    }
}
