//! Passwords that an agent sends in a line with other words, without being asked: no prompt shows them.

use std::ops::Range;

use fencelab_transcript::Side;

/// How a NETIO greets; what follows is `login USER PASSWORD` (KSHELL).
const KSHELL: &[u8] = b"100 HELLO ";

/// Knows such lines. A line is looked at as far as it comes in one piece, as programs send it.
#[derive(Debug, Default)]
pub(crate) struct InLine {
    is_kshell: bool,
}

impl InLine {
    /// Where in what somebody says a password stands.
    pub(crate) fn secret(&mut self, from: Side, bytes: &[u8]) -> Option<Range<usize>> {
        if from == Side::Device {
            self.is_kshell |= find(bytes, KSHELL).is_some();
            return None;
        }
        if self.is_kshell { kshell(bytes) } else { None }.or_else(|| ribcl(bytes))
    }
}

/// `login USER PASSWORD`.
fn kshell(bytes: &[u8]) -> Option<Range<usize>> {
    let user = b"login ".len();
    let behind = bytes.strip_prefix(b"login ")?;
    let start = user + behind.iter().position(|byte| *byte == b' ')? + 1;
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    (start < end).then_some(start..end)
}

/// `<LOGIN USER_LOGIN = "USER" PASSWORD = "PASSWORD">` (HPE, RIBCL).
fn ribcl(bytes: &[u8]) -> Option<Range<usize>> {
    let login = find(bytes, b"<LOGIN ")?;
    let word = login + find(bytes.get(login..)?, b"PASSWORD")?;
    let start = word + bytes.get(word..)?.iter().position(|byte| *byte == b'"')? + 1;
    let length = bytes.get(start..)?.iter().position(|byte| *byte == b'"')?;
    (length > 0).then_some(start..start + length)
}

fn find(bytes: &[u8], words: &[u8]) -> Option<usize> {
    bytes.windows(words.len()).position(|window| window == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret<'a>(greeting: &str, line: &'a str) -> Option<&'a str> {
        let mut in_line = InLine::default();
        assert_eq!(in_line.secret(Side::Device, greeting.as_bytes()), None);
        in_line.secret(Side::Agent, line.as_bytes()).map(|range| &line[range])
    }

    #[test]
    fn passwords_in_the_middle_of_lines() {
        let netio = "100 HELLO 4EF6CB52 - KSHELL V1.5\r\n";
        assert_eq!(secret(netio, "login lab gehe im\r\n"), Some("gehe im"));
        for line in ["login lab\r\n", "login lab \r\n", "port 1\r\n", "quit\r\n"] {
            assert_eq!(secret(netio, line), None, "{line}");
        }
        assert_eq!(secret("> ", "login as admin\r\n"), None, "another device's command");
        let ilo = "<LOGIN USER_LOGIN = \"lab\" PASSWORD = \"geheim\">\r\n";
        assert_eq!(secret("", ilo), Some("geheim"));
        assert_eq!(secret("", "<LOGIN USER_LOGIN=\"lab\" PASSWORD=\"\">"), None);
    }
}
