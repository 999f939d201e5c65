//! Messages: what a datagram holds, from its first byte to its last.

mod emit;
mod parse;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::{ParseError, Pdu, TrapV1};
use crate::Secret;

/// The version of a message.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// RFC 1157, number 0.
    V1,
    /// RFC 1901, number 1.
    V2c,
    /// RFC 3412, number 3.
    V3,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1, Self::V2c, Self::V3];

    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::V1 => 0,
            Self::V2c => 1,
            Self::V3 => 3,
        }
    }

    /// `"1"`, `"2c"`, `"3"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2c => "2c",
            Self::V3 => "3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no version of SNMP: it is one of 1, 2c, 3")]
pub struct VersionError(pub String);

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let named = |version: &Self| version.name() == text;
        Self::ALL.into_iter().find(named).ok_or_else(|| VersionError(text.to_owned()))
    }
}

/// What a message is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// All but v1's trap.
    Pdu(Pdu),
    /// v1's trap.
    TrapV1(TrapV1),
}

impl Body {
    /// The PDU, if it is one.
    #[must_use]
    pub fn pdu(&self) -> Option<&Pdu> {
        match self {
            Self::Pdu(pdu) => Some(pdu),
            Self::TrapV1(_) => None,
        }
    }
}

impl From<Pdu> for Body {
    fn from(pdu: Pdu) -> Self {
        Self::Pdu(pdu)
    }
}

impl From<TrapV1> for Body {
    fn from(trap: TrapV1) -> Self {
        Self::TrapV1(trap)
    }
}

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// v1 and v2c.
    Community {
        /// [`Version::V1`] or [`Version::V2c`].
        version: Version,
        /// The password of sorts.
        community: Secret,
        /// What it is about.
        body: Body,
    },
    /// v3.
    V3(V3Message),
}

/// A message of v3 (RFC 3412, §6) with user-based security (RFC 3414, §2.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct V3Message {
    /// `msgID`: ties an answer to its request.
    pub id: i32,
    /// `msgMaxSize`: the longest answer that can be taken, in bytes.
    pub max_size: i32,
    /// `msgFlags`.
    pub flags: u8,
    /// `msgSecurityModel`: [`V3Message::USM`].
    pub model: i32,
    /// Who speaks, and how that is proved.
    pub usm: UsmParameters,
    /// What it is about.
    pub data: Scoped,
}

impl V3Message {
    /// The security model of RFC 3414; no other is read.
    pub const USM: i32 = 3;
    /// Flag: the message is authenticated.
    pub const AUTHENTICATED: u8 = 0x01;
    /// Flag: its scoped PDU is encrypted.
    pub const ENCRYPTED: u8 = 0x02;
    /// Flag: a report may be sent when it is refused.
    pub const REPORTABLE: u8 = 0x04;
}

/// `UsmSecurityParameters` (RFC 3414, §2.4).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UsmParameters {
    /// The authoritative engine.
    pub engine_id: Vec<u8>,
    /// How often that has started.
    pub boots: i32,
    /// Seconds since it has.
    pub time: i32,
    /// The user's name.
    pub user: Vec<u8>,
    /// The authentication code; empty without authentication.
    pub auth: Vec<u8>,
    /// The salt of the encryption; empty without encryption.
    pub privacy: Vec<u8>,
}

/// The data of a message of v3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scoped {
    /// In the clear.
    Plain(ScopedPdu),
    /// Encrypted.
    Encrypted(Vec<u8>),
}

/// A PDU and where it applies (RFC 3412, §6.8).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScopedPdu {
    /// The engine that has the objects.
    pub engine_id: Vec<u8>,
    /// The context's name.
    pub context: Vec<u8>,
    /// What it is about.
    pub body: Body,
}

/// A message and where its parts stood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parsed {
    /// The message.
    pub message: Message,
    /// Its bytes; a datagram may have more.
    pub length: usize,
    /// Where the authentication code stands (v3), which counts as zeros while it is computed.
    pub auth: Range<usize>,
}

/// A message as bytes, and where its authentication code stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Emitted {
    /// The datagram.
    pub bytes: Vec<u8>,
    /// Where the authentication code stands (v3); empty where there is none.
    pub auth: Range<usize>,
}

impl Message {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            Self::Community { version, .. } => *version,
            Self::V3(_) => Version::V3,
        }
    }

    /// What it is about, unless it is encrypted.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        match self {
            Self::Community { body, .. } => Some(body),
            Self::V3(V3Message { data: Scoped::Plain(scoped), .. }) => Some(&scoped.body),
            Self::V3(_) => None,
        }
    }

    /// Reads a whole datagram.
    ///
    /// # Errors
    ///
    /// What is wrong first, and where.
    pub fn parse(datagram: &[u8]) -> Result<Self, ParseError> {
        let parsed = Self::parse_prefix(datagram)?;
        parse::no_more(datagram, parsed.length)?;
        Ok(parsed.message)
    }

    /// Reads the message at the front of a datagram; bytes after it are passed over, as most programs do.
    ///
    /// # Errors
    ///
    /// What is wrong first, and where.
    pub fn parse_prefix(datagram: &[u8]) -> Result<Parsed, ParseError> {
        parse::message(datagram)
    }

    /// The datagram: lengths and numbers in their shortest form.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        self.emit_located().bytes
    }

    /// The datagram, and where in it the authentication code stands.
    #[must_use]
    pub fn emit_located(&self) -> Emitted {
        emit::message(self)
    }
}

impl ScopedPdu {
    /// Reads what was decrypted; padding after it is passed over.
    ///
    /// # Errors
    ///
    /// What is wrong first, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        parse::scoped(&mut super::ber::Reader::new(bytes))
    }

    /// The bytes to be encrypted.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        emit::scoped_bytes(self)
    }
}
