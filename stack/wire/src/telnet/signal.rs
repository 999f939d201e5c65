//! Commands without an option (RFC 854, "Standard representation of control functions").

use std::fmt;

/// A command without an option, as it was received.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Signal {
    /// End of file (RFC 1184).
    EndOfFile,
    /// Suspend the process (RFC 1184).
    Suspend,
    /// Abort the process (RFC 1184).
    Abort,
    /// The end of a record (RFC 885).
    EndOfRecord,
    /// Nothing.
    Nop,
    /// Where a Synch ends (RFC 854): what was sent before it may be skipped.
    DataMark,
    /// The break key.
    Break,
    /// Interrupt the process.
    InterruptProcess,
    /// Let the process go on, but don't send what it says.
    AbortOutput,
    /// Are you there?
    AreYouThere,
    /// Delete the last character.
    EraseCharacter,
    /// Delete the line.
    EraseLine,
    /// It is the receiver's turn; SGA does away with it.
    GoAhead,
    /// Another byte behind IAC.
    Unknown(u8),
}

impl From<u8> for Signal {
    fn from(byte: u8) -> Self {
        match byte {
            236 => Self::EndOfFile,
            237 => Self::Suspend,
            238 => Self::Abort,
            239 => Self::EndOfRecord,
            241 => Self::Nop,
            242 => Self::DataMark,
            243 => Self::Break,
            244 => Self::InterruptProcess,
            245 => Self::AbortOutput,
            246 => Self::AreYouThere,
            247 => Self::EraseCharacter,
            248 => Self::EraseLine,
            249 => Self::GoAhead,
            unknown => Self::Unknown(unknown),
        }
    }
}

impl From<Signal> for u8 {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::EndOfFile => 236,
            Signal::Suspend => 237,
            Signal::Abort => 238,
            Signal::EndOfRecord => 239,
            Signal::Nop => 241,
            Signal::DataMark => 242,
            Signal::Break => 243,
            Signal::InterruptProcess => 244,
            Signal::AbortOutput => 245,
            Signal::AreYouThere => 246,
            Signal::EraseCharacter => 247,
            Signal::EraseLine => 248,
            Signal::GoAhead => 249,
            Signal::Unknown(byte) => byte,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EndOfFile => "EOF",
            Self::Suspend => "SUSP",
            Self::Abort => "ABORT",
            Self::EndOfRecord => "EOR",
            Self::Nop => "NOP",
            Self::DataMark => "DM",
            Self::Break => "BRK",
            Self::InterruptProcess => "IP",
            Self::AbortOutput => "AO",
            Self::AreYouThere => "AYT",
            Self::EraseCharacter => "EC",
            Self::EraseLine => "EL",
            Self::GoAhead => "GA",
            Self::Unknown(byte) => return write!(f, "command {byte}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Signal;

    #[test]
    fn every_byte_survives() {
        for byte in 0..=u8::MAX {
            assert_eq!(u8::from(Signal::from(byte)), byte);
        }
        assert_eq!(Signal::from(240), Signal::Unknown(240), "an SE that ends nothing");
    }
}
