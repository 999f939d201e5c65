//! What is said about a serial port behind a server (RFC 2217): the subnegotiations of the option COM-PORT.

use std::fmt;

use crate::serial::{Flow, Line, Parity as LineParity};

/// One subnegotiation. Both ends say the same things; the server's have codes that are higher by 100, and its value of a
/// setting is the one in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ComPort {
    /// Who the sender is; without text, a question (0).
    Signature(Vec<u8>),
    /// Bits a second; 0 asks (1).
    BaudRate(u32),
    /// Data bits, 5 to 8; 0 asks (2).
    DataSize(u8),
    /// Parity (3).
    Parity(Parity),
    /// Stop bits (4).
    StopSize(StopSize),
    /// Flow control, break and modem wires (5).
    Control(Control),
    /// The state of the line has changed (6).
    LineState(u8),
    /// The state of the modem wires has changed (7): bits 0x80 carrier, 0x40 ring, 0x20 DSR, 0x10 CTS, below them what changed.
    ModemState(u8),
    /// The other end shall say no more (8).
    Suspend,
    /// It may speak again (9).
    Resume,
    /// Which changes of the line are told (10).
    LineStateMask(u8),
    /// Which changes of the modem wires are told (11).
    ModemStateMask(u8),
    /// What waits in buffers is thrown away (12).
    Purge(Purge),
    /// Anything else, with its code below 100.
    Other(u8, Vec<u8>),
}

/// A byte with names for some of its values; all others survive.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $number:literal $words:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub struct $name(pub u8);

        impl $name {
            $($(#[$doc])* pub const $value: Self = Self($number);)*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $($number => f.pad($words),)*
                    other => fmt::Display::fmt(&other, f),
                }
            }
        }
    };
}

named! {
    /// Values of SET-PARITY.
    Parity {
        /// Which one is it?
        ASK = 0 "?",
        /// None.
        NONE = 1 "NONE",
        /// Odd.
        ODD = 2 "ODD",
        /// Even.
        EVEN = 3 "EVEN",
        /// Always one.
        MARK = 4 "MARK",
        /// Always zero.
        SPACE = 5 "SPACE",
    }
}

named! {
    /// Values of SET-STOPSIZE.
    StopSize {
        /// How many are there?
        ASK = 0 "?",
        /// One.
        ONE = 1 "1",
        /// Two.
        TWO = 2 "2",
        /// One and a half.
        ONE_AND_A_HALF = 3 "1.5",
    }
}

named! {
    /// Values of SET-CONTROL.
    Control {
        /// Which flow control is there?
        ASK_FLOW = 0 "flow ?",
        /// No flow control.
        FLOW_NONE = 1 "flow NONE",
        /// XON and XOFF.
        FLOW_XON_XOFF = 2 "flow XON/XOFF",
        /// RTS and CTS.
        FLOW_HARDWARE = 3 "flow HARDWARE",
        /// Is a break being sent?
        ASK_BREAK = 4 "BREAK ?",
        /// A break begins.
        BREAK_ON = 5 "BREAK on",
        /// It ends.
        BREAK_OFF = 6 "BREAK off",
        /// How does DTR stand?
        ASK_DTR = 7 "DTR ?",
        /// DTR on.
        DTR_ON = 8 "DTR on",
        /// DTR off.
        DTR_OFF = 9 "DTR off",
        /// How does RTS stand?
        ASK_RTS = 10 "RTS ?",
        /// RTS on.
        RTS_ON = 11 "RTS on",
        /// RTS off.
        RTS_OFF = 12 "RTS off",
        /// Which flow control is there the other way?
        ASK_INBOUND = 13 "inbound flow ?",
        /// None the other way.
        INBOUND_NONE = 14 "inbound flow NONE",
        /// XON and XOFF the other way.
        INBOUND_XON_XOFF = 15 "inbound flow XON/XOFF",
        /// RTS and CTS the other way.
        INBOUND_HARDWARE = 16 "inbound flow HARDWARE",
        /// By carrier.
        FLOW_DCD = 17 "flow DCD",
        /// By DTR, the other way.
        INBOUND_DTR = 18 "inbound flow DTR",
        /// By DSR.
        FLOW_DSR = 19 "flow DSR",
    }
}

named! {
    /// Values of PURGE-DATA.
    Purge {
        /// What came from the port.
        RECEIVED = 1 "received",
        /// What goes to the port.
        TO_SEND = 2 "to send",
        /// Both.
        BOTH = 3 "both",
    }
}

/// The server's codes begin here.
const OF_SERVER: u8 = 100;

impl ComPort {
    /// What the bytes between SB COM-PORT and SE say, and whether the server says it; `None`: there are none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(bool, Self)> {
        let (&code, value) = bytes.split_first()?;
        let from_server = code >= OF_SERVER;
        let code = if from_server { code - OF_SERVER } else { code };
        let said = match (code, value) {
            (0, text) => Self::Signature(text.to_vec()),
            (1, &[a, b, c, d]) => Self::BaudRate(u32::from_be_bytes([a, b, c, d])),
            (2, &[bits]) => Self::DataSize(bits),
            (3, &[value]) => Self::Parity(Parity(value)),
            (4, &[value]) => Self::StopSize(StopSize(value)),
            (5, &[value]) => Self::Control(Control(value)),
            (6, &[state]) => Self::LineState(state),
            (7, &[state]) => Self::ModemState(state),
            (8, []) => Self::Suspend,
            (9, []) => Self::Resume,
            (10, &[mask]) => Self::LineStateMask(mask),
            (11, &[mask]) => Self::ModemStateMask(mask),
            (12, &[value]) => Self::Purge(Purge(value)),
            (code, value) => Self::Other(code, value.to_vec()),
        };
        Some((from_server, said))
    }

    /// The bytes between SB COM-PORT and SE, as the server or the client says it.
    #[must_use]
    pub fn emit(&self, from_server: bool) -> Vec<u8> {
        let (code, value) = match self {
            Self::Signature(text) => (0, text.clone()),
            Self::BaudRate(speed) => (1, speed.to_be_bytes().to_vec()),
            Self::DataSize(bits) => (2, vec![*bits]),
            Self::Parity(value) => (3, vec![value.0]),
            Self::StopSize(value) => (4, vec![value.0]),
            Self::Control(value) => (5, vec![value.0]),
            Self::LineState(state) => (6, vec![*state]),
            Self::ModemState(state) => (7, vec![*state]),
            Self::Suspend => (8, Vec::new()),
            Self::Resume => (9, Vec::new()),
            Self::LineStateMask(mask) => (10, vec![*mask]),
            Self::ModemStateMask(mask) => (11, vec![*mask]),
            Self::Purge(value) => (12, vec![value.0]),
            Self::Other(code, value) => (*code, value.clone()),
        };
        let code = if from_server { code.saturating_add(OF_SERVER) } else { code };
        [vec![code], value].concat()
    }

    /// What a client says to have the line set so.
    #[must_use]
    pub fn settings(line: &Line) -> [Self; 5] {
        [
            Self::BaudRate(line.speed),
            Self::DataSize(line.data_bits),
            Self::Parity(match line.parity {
                LineParity::None => Parity::NONE,
                LineParity::Odd => Parity::ODD,
                LineParity::Even => Parity::EVEN,
            }),
            Self::StopSize(StopSize(line.stop_bits)),
            Self::Control(match line.flow {
                Flow::None => Control::FLOW_NONE,
                Flow::XonXoff => Control::FLOW_XON_XOFF,
                Flow::RtsCts => Control::FLOW_HARDWARE,
            }),
        ]
    }
}

impl fmt::Display for ComPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(text) => write!(f, "SIGNATURE \"{}\"", text.escape_ascii()),
            Self::BaudRate(speed) => write!(f, "SET-BAUDRATE {speed}"),
            Self::DataSize(bits) => write!(f, "SET-DATASIZE {bits}"),
            Self::Parity(value) => write!(f, "SET-PARITY {value}"),
            Self::StopSize(value) => write!(f, "SET-STOPSIZE {value}"),
            Self::Control(value) => write!(f, "SET-CONTROL {value}"),
            Self::LineState(state) => write!(f, "NOTIFY-LINESTATE {state:02x}"),
            Self::ModemState(state) => write!(f, "NOTIFY-MODEMSTATE {state:02x}"),
            Self::Suspend => f.write_str("FLOWCONTROL-SUSPEND"),
            Self::Resume => f.write_str("FLOWCONTROL-RESUME"),
            Self::LineStateMask(mask) => write!(f, "SET-LINESTATE-MASK {mask:02x}"),
            Self::ModemStateMask(mask) => write!(f, "SET-MODEMSTATE-MASK {mask:02x}"),
            Self::Purge(value) => write!(f, "PURGE-DATA {value}"),
            Self::Other(code, value) => write!(f, "command {code} {}", crate::hex::hex(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_rfc() {
        for (bytes, from_server, said, told) in [
            (b"\x01\0\0\x25\x80".as_slice(), false, ComPort::BaudRate(9600), "SET-BAUDRATE 9600"),
            (b"\x65\0\x01\xc2\0", true, ComPort::BaudRate(115_200), "SET-BAUDRATE 115200"),
            (b"\x02\x08", false, ComPort::DataSize(8), "SET-DATASIZE 8"),
            (b"\x67\x01", true, ComPort::Parity(Parity::NONE), "SET-PARITY NONE"),
            (b"\x04\x03", false, ComPort::StopSize(StopSize::ONE_AND_A_HALF), "SET-STOPSIZE 1.5"),
            (b"\x05\x08", false, ComPort::Control(Control::DTR_ON), "SET-CONTROL DTR on"),
            (b"\x6b\xb0", true, ComPort::ModemState(0xb0), "NOTIFY-MODEMSTATE b0"),
            (b"\x08", false, ComPort::Suspend, "FLOWCONTROL-SUSPEND"),
            (b"\x0c\x03", false, ComPort::Purge(Purge::BOTH), "PURGE-DATA both"),
            (b"\x64ACME", true, ComPort::Signature(b"ACME".to_vec()), "SIGNATURE \"ACME\""),
            (b"\x01\x25\x80", false, ComPort::Other(1, vec![0x25, 0x80]), "command 1 2580"),
            (b"\x63\x05", false, ComPort::Other(99, vec![5]), "command 99 05"),
        ] {
            assert_eq!(ComPort::parse(bytes), Some((from_server, said.clone())));
            assert_eq!((said.emit(from_server).as_slice(), said.to_string().as_str()), (bytes, told));
        }
        assert_eq!(ComPort::parse(b""), None);
    }
}
