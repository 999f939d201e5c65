//! The bytes behind IAC (RFC 854, "TELNET command structure").

use std::fmt;

/// Interpret as command: what follows is no data. Twice, it is one byte of data.
pub const IAC: u8 = 255;
/// Begins a subnegotiation.
pub const SB: u8 = 250;
/// Ends a subnegotiation.
pub const SE: u8 = 240;

/// What is said about an option.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Verb {
    /// The sender does it, or wants to.
    Will = 251,
    /// The sender does not do it.
    Wont = 252,
    /// The receiver shall do it.
    Do = 253,
    /// The receiver shall not do it.
    Dont = 254,
}

impl Verb {
    /// The verb of this byte, if it is one.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            251 => Some(Self::Will),
            252 => Some(Self::Wont),
            253 => Some(Self::Do),
            254 => Some(Self::Dont),
            _ => None,
        }
    }

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Will => "WILL",
            Self::Wont => "WONT",
            Self::Do => "DO",
            Self::Dont => "DONT",
        })
    }
}

/// Writes `bytes` with each IAC doubled.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        if byte == IAC {
            out.push(IAC);
        }
        out.push(byte);
    }
}
