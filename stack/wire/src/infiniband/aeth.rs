//! What an acknowledge says: AETH (IBA 9.3.5, 9.7.5.2).

use super::U24;
use crate::octets::{named, row};

row! {
    /// The header.
    pub struct Aeth {
        /// What it says; see [`Aeth::says`].
        pub syndrome: u8,
        /// How many messages the responder has completed.
        pub msn: U24,
    }
}

named! {
    /// Why the responder refuses (IBA table 57).
    pub enum Nak: u8 {
        SequenceError = 0 "PSN sequence error",
        InvalidRequest = 1 "invalid request",
        RemoteAccess = 2 "remote access error",
        RemoteOperational = 3 "remote operational error",
        InvalidRdRequest = 4 "invalid RD request",
    }
}

/// The syndrome as a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Says {
    /// All is well; the code of how many more requests may be sent (31: no limit is set).
    Ack(u8),
    /// The receiver is not ready; the code of the time to wait (IBA table 45).
    Rnr(u8),
    /// It is refused.
    Nak(Nak),
    /// A reserved value.
    Reserved(u8),
}

impl Aeth {
    /// What it says. Bit 7 is reserved.
    #[must_use]
    pub fn says(&self) -> Says {
        let low = self.syndrome & 0x1f;
        match self.syndrome >> 5 & 3 {
            0 => Says::Ack(low),
            1 => Says::Rnr(low),
            3 => Says::Nak(Nak::from(low)),
            _ => Says::Reserved(self.syndrome),
        }
    }
}

/// As `ACK`, `RNR NAK`, `NAK PSN sequence error`.
impl std::fmt::Display for Says {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ack(_) => f.write_str("ACK"),
            Self::Rnr(_) => f.write_str("RNR NAK"),
            Self::Nak(why) => write!(f, "NAK {why}"),
            Self::Reserved(syndrome) => write!(f, "reserved {syndrome:#04x}"),
        }
    }
}
