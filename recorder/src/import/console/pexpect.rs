//! Logs of pexpect: `logfile_read` and `logfile_send` in two files, or `logfile`, where both directions stand in one as they
//! came. None of them has times, and nothing in them says who speaks.
//!
//! What was sent is found by its echo, and by the prompts for passwords, which are not echoed. Where that does not tell, it is
//! told so, with its place.

use std::time::Duration;

use fencelab_transcript::Side;
use fencelab_transcript::turns::Prompts;

use super::session::Session;
use super::source::{Source, find, lines};

/// Reads what was received, and what was sent. What is uncertain goes to `warnings`, with its place.
pub(super) fn two(
    read: Source<'_>,
    sent: Source<'_>,
    prompts: &Prompts,
    warnings: &mut Vec<String>,
) -> Session {
    let mut session = Session {
        hears_agent: true,
        unheard: Some(
            "the order of what the two sides said is that of the echoes; there are no times".into(),
        ),
        ..Session::default()
    };
    let mut at = 0;
    for (place, line) in lines(sent.bytes) {
        let whole = sent.bytes.get(place..place + line.len() + 1).unwrap_or(line);
        let text = line.trim_ascii_end();
        let rest = read.bytes.get(at..).unwrap_or_default();
        let echo = if text.is_empty() { None } else { echo(rest, text) };
        let before = rest.get(..echo.unwrap_or(rest.len())).unwrap_or_default();
        let next = secret_prompt(before, prompts).or(echo);
        if next.is_none() {
            warnings.push(format!(
                "{}: this was sent, but the device did not echo it: it stands where the last line before it stands",
                sent.place(place)
            ));
        }
        let next = at + next.unwrap_or_default();
        session.say(Duration::ZERO, Side::Device, read.bytes.get(at..next).unwrap_or_default());
        session.say(Duration::ZERO, Side::Agent, whole);
        at = next;
    }
    session.say(Duration::ZERO, Side::Device, read.bytes.get(at..).unwrap_or_default());
    session
}

/// Where a line is echoed.
fn echo(bytes: &[u8], line: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(bytes.get(from..)?, line)?;
        let behind = bytes.get(at + line.len());
        if behind.is_none_or(|byte| matches!(byte, b'\r' | b'\n')) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A line up to a byte of it, as far as a prompt may be long.
fn line(bytes: &[u8], begin: usize, end: usize) -> &[u8] {
    bytes.get(begin.max(end.saturating_sub(256))..=end).unwrap_or_default()
}

/// Where the first prompt for a secret ends, with the blanks behind it.
fn secret_prompt(bytes: &[u8], prompts: &Prompts) -> Option<usize> {
    let mut begin = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' | b'\n' => begin = at + 1,
            b':' | b'>' | b'?' if prompts.asks(line(bytes, begin, at)) => {
                let behind = bytes.get(at + 1..).unwrap_or_default();
                return Some(at + 1 + behind.iter().take_while(|byte| **byte == b' ').count());
            }
            _ => {}
        }
    }
    None
}

/// Reads both directions out of one file. What is uncertain goes to `warnings`, with its place.
pub(super) fn one(log: Source<'_>, prompts: &Prompts, warnings: &mut Vec<String>) -> Session {
    let mut session = Session {
        hears_agent: true,
        unheard: Some("who spoke was told by the echoes and by the ends of lines; there are no times".into()),
        ..Session::default()
    };
    // What comes through a terminal ends its lines in CR LF; what pexpect sends, in LF alone.
    let is_terminal = find(log.bytes, b"\r\n").is_some();
    for (at, line) in lines(log.bytes) {
        let end = at + line.len() + 1;
        let whole = log.bytes.get(at..end).unwrap_or(line);
        let behind = log.bytes.get(end..).unwrap_or_default();
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let is_bare = is_terminal && text.len() == line.len() && whole.len() > line.len();
        let typed = if whole.len() > line.len() { typed(text, behind, is_bare, prompts) } else { None };
        if typed.is_none() && is_bare && !text.is_empty() {
            warnings.push(format!(
                "{}: something was sent in this line, but without an echo nobody knows where it begins; the line is kept as the device's",
                log.place(at)
            ));
        }
        let split = typed.unwrap_or(if is_bare { text.len() } else { whole.len() });
        let (device, agent) = whole.split_at(split.min(whole.len()));
        session.say(Duration::ZERO, Side::Device, device);
        session.say(Duration::ZERO, Side::Agent, agent);
    }
    session
}

/// Where in a line that which was sent begins.
fn typed(line: &[u8], behind: &[u8], is_bare: bool, prompts: &Prompts) -> Option<usize> {
    // A secret is not echoed.
    if let Some(prompt) = secret_prompt(line, prompts) {
        return (prompt < line.len() || is_bare).then_some(prompt);
    }
    let echo = behind.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let before = line.strip_suffix(echo).filter(|_| !echo.is_empty())?;
    // Also a device may say the same line twice; but not behind a prompt.
    let is_prompt = before.trim_ascii_end().last().is_some_and(|byte| b":>?#$%]".contains(byte));
    (is_bare || is_prompt).then_some(before.len())
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::told;
    use super::*;

    fn words(session: &Session) -> Vec<String> {
        told(session).into_iter().map(|(_, words)| words).collect()
    }

    fn source<'a>(name: &'a str, text: &'a str) -> Source<'a> {
        Source { name, bytes: text.as_bytes() }
    }

    #[test]
    fn one_file_is_taken_apart_by_the_echoes() {
        let mut warnings = Vec::new();
        let log = "login: lab\nlab\r\nPassword: geheim\n\r\nstatus?\r\nstatus?\r\n> st\nst\r\non\r\n> ";
        let session = one(source("log", log), &Prompts::new(), &mut warnings);
        let expected = ["d:login: ", "a:lab\\n", "d:lab\\r\\n", "d:Password: ", "a:geheim\\n", "d:\\r\\n"];
        let words = words(&session);
        assert_eq!(words[..6], expected);
        assert_eq!(words[6..8], ["d:status?\\r\\n", "d:status?\\r\\n"], "a line twice is no echo");
        assert_eq!(words[8..], ["d:> ", "a:st\\n", "d:st\\r\\n", "d:on\\r\\n", "d:> "]);
        assert_eq!(warnings, [""; 0]);
        let carriage = one(source("log", "> st\r\nst\r\non\r\n> "), &Prompts::new(), &mut warnings);
        assert_eq!(told(&carriage)[1].1, "a:st\\r\\n");
        let hidden = one(source("log", "\r\nmore st\non\r\n"), &Prompts::new(), &mut warnings);
        assert_eq!(told(&hidden)[1].1, "d:more st");
        assert!(warnings[0].starts_with("log:2:1: something was sent"), "{warnings:?}");
    }

    #[test]
    fn two_files_are_put_together_by_the_echoes() {
        let mut warnings = Vec::new();
        let read = source("read", "login: lab\r\nPassword: \r\n> st\r\non\r\n> ");
        let session = two(read, source("sent", "lab\ngeheim\nst\nquit\n"), &Prompts::new(), &mut warnings);
        let expected = [
            "d:login: ",
            "a:lab\\n",
            "d:lab\\r\\nPassword: ",
            "a:geheim\\n",
            "d:\\r\\n> ",
            "a:st\\n",
            "a:quit\\n",
            "d:st\\r\\non\\r\\n> ",
        ];
        assert_eq!(words(&session), expected);
        assert!(warnings[0].starts_with("sent:4:1: this was sent"), "{warnings:?}");
    }
}
