//! Options (RFC 855 and the "Telnet Options" registry of IANA).

use std::fmt;

/// An option by its number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Opt(pub u8);

impl Opt {
    /// Eight bits without a meaning for CR (RFC 856).
    pub const BINARY: Self = Self(0);
    /// The sender shows what it receives (RFC 857).
    pub const ECHO: Self = Self(1);
    /// No go-ahead: both may speak at any time (RFC 858). With ECHO, character by character.
    pub const SGA: Self = Self(3);
    /// What the terminal is called (RFC 1091).
    pub const TTYPE: Self = Self(24);
    /// How large the window is (RFC 1073).
    pub const NAWS: Self = Self(31);
    /// The serial port behind the server (RFC 2217). The client WILL, the server DOes.
    pub const COM_PORT: Self = Self(44);

    /// Its name, if the field uses one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "BINARY",
            1 => "ECHO",
            3 => "SGA",
            5 => "STATUS",
            6 => "TM",
            24 => "TTYPE",
            25 => "EOR",
            31 => "NAWS",
            32 => "TSPEED",
            33 => "LFLOW",
            34 => "LINEMODE",
            35 => "XDISPLOC",
            36 => "OLD-ENVIRON",
            37 => "AUTHENTICATION",
            38 => "ENCRYPT",
            39 => "NEW-ENVIRON",
            44 => "COM-PORT",
            255 => "EXOPL",
            _ => return None,
        })
    }
}

impl fmt::Display for Opt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

/// Who does what an option is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// This end: we say WILL and WONT, the peer DO and DONT.
    Ours,
    /// The peer: it says WILL and WONT, we DO and DONT.
    Theirs,
}
