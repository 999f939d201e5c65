//! A stream of telnet bytes as pieces, for a person and for a recording: nothing is lost, whatever the bytes are.

use std::fmt;

use super::command::{IAC, Verb, escape};
use super::scan::{Event, Scan};
use super::{ComPort, Opt, Signal, subnegotiation};
use crate::hex::hex;

/// A piece of a stream, as it went over the connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Data up to the next command; IAC IAC is one byte, CR NUL is left as it is.
    Data(Vec<u8>),
    /// IAC and a byte that asks for nothing more.
    Command(u8),
    /// IAC, a verb and an option.
    Negotiation {
        /// What is said.
        verb: Verb,
        /// About what.
        opt: Opt,
    },
    /// IAC SB to IAC SE; of its bytes IAC IAC is one.
    Subnegotiation {
        /// The option.
        opt: Opt,
        /// What is said about it.
        bytes: Vec<u8>,
    },
    /// The beginning of a command that is not complete, byte for byte: the stream ends, or, in a subnegotiation, another
    /// command stands in the place of IAC SE. At the end of a part of a stream these bytes belong before the next part.
    Cut(Vec<u8>),
}

/// The pieces of these bytes; emitted one after the other they are the same bytes again.
#[must_use]
pub fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let (mut pieces, mut scan) = (Vec::new(), Scan::default());
    // The command that is not complete yet: as it came, and what a subnegotiation holds.
    let (mut raw, mut inside) = (Vec::new(), (Opt(0), Vec::new()));
    for &byte in bytes {
        let step = scan.step(byte);
        if step.broken {
            // The last IAC belongs to the command that broke it.
            raw.pop();
            pieces.push(Piece::Cut(std::mem::replace(&mut raw, vec![IAC])));
        }
        raw.push(byte);
        match step.event {
            None => continue,
            Some(Event::Begin(opt)) => {
                inside = (opt, Vec::new());
                continue;
            }
            Some(Event::Inside(byte)) => {
                inside.1.push(byte);
                continue;
            }
            Some(Event::Data(byte)) => match pieces.last_mut() {
                Some(Piece::Data(data)) => data.push(byte),
                _ => pieces.push(Piece::Data(vec![byte])),
            },
            Some(Event::Command(byte)) => pieces.push(Piece::Command(byte)),
            Some(Event::Negotiation(verb, opt)) => pieces.push(Piece::Negotiation { verb, opt }),
            Some(Event::End) => {
                let bytes = std::mem::take(&mut inside.1);
                pieces.push(Piece::Subnegotiation { opt: inside.0, bytes });
            }
        }
        raw.clear();
    }
    if !raw.is_empty() {
        pieces.push(Piece::Cut(raw));
    }
    pieces
}

impl Piece {
    /// Its bytes on the connection.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Data(data) => escape(data, &mut out),
            Self::Command(byte) => out.extend([IAC, *byte]),
            Self::Negotiation { verb, opt } => out.extend([IAC, verb.byte(), opt.0]),
            Self::Subnegotiation { opt, bytes } => subnegotiation::emit(*opt, bytes, &mut out),
            Self::Cut(bytes) => out.extend(bytes),
        }
        out
    }
}

/// Bytes that are told; of more, only how many there are.
const BYTES_MAX: usize = 60;

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => {
                let told = data.get(..BYTES_MAX).unwrap_or(data);
                write!(f, "\"{}\"{}", told.escape_ascii(), more(data))
            }
            Self::Command(byte) => Signal::from(*byte).fmt(f),
            Self::Negotiation { verb, opt } => write!(f, "{verb} {opt}"),
            Self::Subnegotiation { opt, bytes } => {
                write!(f, "SB {opt}")?;
                describe_subnegotiation(*opt, bytes, f)
            }
            Self::Cut(bytes) => {
                write!(f, "not complete:")?;
                hexadecimal(bytes, f)
            }
        }
    }
}

fn describe_subnegotiation(opt: Opt, bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let (Opt::NAWS, Some((columns, rows))) = (opt, subnegotiation::window(bytes)) {
        return write!(f, " {columns}x{rows}");
    }
    if let (Opt::COM_PORT, Some((from_server, said))) = (opt, ComPort::parse(bytes)) {
        let told = said.to_string();
        let from = if from_server { " server:" } else { "" };
        return if bytes.len() > BYTES_MAX {
            write!(f, "{from} {}", more(bytes))
        } else {
            write!(f, "{from} {told}")
        };
    }
    match bytes {
        [subnegotiation::SEND] if opt == Opt::TTYPE => f.write_str(" SEND"),
        [subnegotiation::IS, name @ ..] if opt == Opt::TTYPE => {
            let told = name.get(..BYTES_MAX).unwrap_or(name);
            write!(f, " IS {}{}", told.escape_ascii(), more(name))
        }
        _ => hexadecimal(bytes, f),
    }
}

fn hexadecimal(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if bytes.is_empty() {
        return Ok(());
    }
    write!(f, " {}{}", hex(bytes.get(..BYTES_MAX).unwrap_or(bytes)), more(bytes))
}

fn more(bytes: &[u8]) -> String {
    if bytes.len() > BYTES_MAX { format!("… ({} bytes)", bytes.len()) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn told(bytes: &[u8]) -> String {
        let pieces = pieces(bytes);
        assert_eq!(pieces.iter().flat_map(super::Piece::emit).collect::<Vec<u8>>(), bytes);
        pieces.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn one_line_each() {
        for (bytes, line) in [
            (b"login: \r\n".as_slice(), r#""login: \r\n""#),
            (b"\xff\xfb\x01\xff\xfd\x03\xff\xfc\xc8", "WILL ECHO, DO SGA, WONT 200"),
            (b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0", "SB NAWS 80x24"),
            (b"\xff\xfa\x1f\xff\xff\x01\0\x18\xff\xf0", "SB NAWS 65281x24"),
            (b"\xff\xfa\x1f\x50\xff\xf0", "SB NAWS 50"),
            (b"\xff\xfa\x18\x01\xff\xf0\xff\xfa\x18\0VT100\xff\xf0", "SB TTYPE SEND, SB TTYPE IS VT100"),
            (b"\xff\xfa\x25\xff\xf0", "SB AUTHENTICATION"),
            (b"\xff\xfa\x2c\x02\x08\xff\xf0", "SB COM-PORT SET-DATASIZE 8"),
            (b"\xff\xfa\x2c\x65\0\0\x25\x80\xff\xf0", "SB COM-PORT server: SET-BAUDRATE 9600"),
            (b"\xff\xfa\xff\xff\x01\xff\xf0", "SB EXOPL 01"),
            (b"a\xff\xf6\xff\xf4\xff\xf0\xff\x41b", r#""a", AYT, IP, command 240, command 65, "b""#),
            (b"a\xff\xffb\r\0", r#""a\xffb\r\x00""#),
        ] {
            assert_eq!(told(bytes), line);
        }
        assert_eq!(told(&[b'a'; 61]), format!("\"{}\"… (61 bytes)", "a".repeat(60)));
    }

    #[test]
    fn what_is_not_complete() {
        for (bytes, line) in [
            (b"a\xff".as_slice(), r#""a", not complete: ff"#),
            (b"\xff\xfd", "not complete: fffd"),
            (b"\xff\xfa\x1f\0\xff\xff\xff", "not complete: fffa1f00ffffff"),
            (b"\xff\xfa\x18\0VT\xff\xfb\x01", "not complete: fffa18005654, WILL ECHO"),
            (b"\xff\xfa\xff\xf0a", r#"not complete: fffa, command 240, "a""#),
            (b"\xff\xfa\x18\xff\xfa\x18\x01\xff\xf0", "not complete: fffa18, SB TTYPE SEND"),
        ] {
            assert_eq!(told(bytes), line);
        }
    }
}
