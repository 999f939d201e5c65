//! What is said within a subnegotiation: TTYPE (RFC 1091), NAWS (RFC 1073).

use super::command::{IAC, SB, SE, escape};
use super::opt::Opt;

/// TTYPE: what follows is the terminal.
pub(super) const IS: u8 = 0;
/// TTYPE: tell the terminal.
pub(super) const SEND: u8 = 1;
/// Characters of a terminal's name, at most (RFC 1091, section 4).
const TERMINAL_MAX: usize = 40;

/// A whole subnegotiation.
pub(super) fn emit(opt: Opt, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend([IAC, SB]);
    escape(&[opt.0], out);
    escape(bytes, out);
    out.extend([IAC, SE]);
}

/// Our window.
pub(super) fn emit_window((columns, rows): (u16, u16), out: &mut Vec<u8>) {
    let ([a, b], [c, d]) = (columns.to_be_bytes(), rows.to_be_bytes());
    emit(Opt::NAWS, &[a, b, c, d], out);
}

/// Columns and rows, if it is that.
pub(super) fn window(bytes: &[u8]) -> Option<(u16, u16)> {
    let &[a, b, c, d] = bytes else { return None };
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

/// Our terminal.
pub(super) fn emit_terminal(name: &str, out: &mut Vec<u8>) {
    let mut bytes = vec![IS];
    bytes.extend(name.bytes().filter(u8::is_ascii_graphic).take(TERMINAL_MAX));
    if bytes.len() == 1 {
        bytes.extend(b"UNKNOWN");
    }
    emit(Opt::TTYPE, &bytes, out);
}

/// The name of a terminal, if it is one: printable ASCII of 1 to 40 characters.
pub(super) fn terminal(bytes: &[u8]) -> Option<&str> {
    let (&IS, name) = bytes.split_first()? else { return None };
    let good = (1..=TERMINAL_MAX).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(name).ok().filter(|_| good)
}
