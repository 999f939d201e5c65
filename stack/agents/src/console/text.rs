//! What a terminal would show of the bytes that a device sends: text in lines.

/// The text so far. However the bytes are cut, the same text comes of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    shown: Vec<u8>,
    state: State,
}

/// Where in an escape sequence (ECMA-48 §5.3, §5.4) the bytes stopped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    #[default]
    Plain,
    /// After ESC.
    Escape,
    /// In a control sequence, which ends with a byte from `@` to `~`.
    Sequence,
    /// In a string for the terminal (its title, say), which ends with BEL or ESC `\`.
    String,
    /// After the ESC in such a string.
    StringEscape,
}

const BEL: u8 = 0x07;
const BACKSPACE: u8 = 0x08;
const ESC: u8 = 0x1b;

impl Text {
    /// Takes what came. Lines end with a line feed, whatever the device ends them with; a line that is overwritten shows as
    /// two. Colours and cursor movements are dropped, a backspace takes the character before it away.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.take(byte);
        }
    }

    fn take(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::Plain, ESC) => State::Escape,
            (State::Plain, _) => {
                self.show(byte);
                State::Plain
            }
            (State::Escape, b'[') => State::Sequence,
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::String,
            (State::Escape, 0x20..=0x2f) => State::Escape,
            (State::Escape, _) => State::Plain,
            (State::Sequence, 0x40..=0x7e) => State::Plain,
            (State::Sequence, 0x20..=0x3f) => State::Sequence,
            // A broken sequence hides no text behind it.
            (State::Sequence | State::String, b'\r' | b'\n') => {
                self.show(byte);
                State::Plain
            }
            (State::Sequence, ESC) => State::Escape,
            (State::Sequence, _) => State::Plain,
            (State::String, BEL) => State::Plain,
            (State::String, ESC) => State::StringEscape,
            (State::String, _) => State::String,
            (State::StringEscape, _) => State::Plain,
        };
    }

    fn show(&mut self, byte: u8) {
        match byte {
            b'\r' | b'\n' => self.shown.push(b'\n'),
            b'\t' => self.shown.push(b' '),
            BACKSPACE => {
                // A character may be several bytes; all but the first begin with the bits 10.
                while let Some(last) = self.shown.pop_if(|last| *last != b'\n') {
                    if last & 0xc0 != 0x80 {
                        break;
                    }
                }
            }
            0x00..=0x1f | 0x7f => {}
            _ => self.shown.push(byte),
        }
    }

    /// How many bytes of text there are.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// All of it. What is not UTF-8 is marked, and so can be part of no word.
    pub(crate) fn all(&self) -> String {
        self.behind(0)
    }

    /// The last `length` bytes or less of it.
    pub(crate) fn tail(&self, length: usize) -> String {
        let from = self.shown.len().saturating_sub(length);
        String::from_utf8_lossy(self.shown.get(from..).unwrap_or_default()).into_owned()
    }

    /// Drops the first `length` bytes.
    pub(crate) fn drop_front(&mut self, length: usize) {
        self.shown.drain(..length.min(self.shown.len()));
    }

    /// Drops the line at the end that has no end yet.
    pub(crate) fn drop_last_line(&mut self) {
        let end = self.shown.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.shown.truncate(end);
    }

    /// What stands behind the first `length` bytes.
    pub(crate) fn behind(&self, length: usize) -> String {
        String::from_utf8_lossy(self.shown.get(length..).unwrap_or_default()).into_owned()
    }

    /// Drops what stands behind the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.shown.truncate(length);
    }

    /// Forgets what came so far.
    pub(crate) fn clear(&mut self) {
        self.shown.clear();
    }

    /// Where `line` ends that stands in the text, alone on its line or behind the prompt, and followed by the end of a line:
    /// what a terminal shows of a line that was typed. White space within it counts for nothing, as a terminal folds long
    /// lines.
    pub(crate) fn end_of_echo(&self, line: &str, prompt: Option<&str>) -> Option<usize> {
        let typed: Vec<u8> = line.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let first = *typed.first()?;
        let is_typed = |at: usize| {
            let shown = self.shown.get(..at).unwrap_or_default();
            let line = shown.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let before = line.trim_ascii();
            before.is_empty() || prompt.is_some_and(|prompt| before.ends_with(prompt.as_bytes()))
        };
        let mut starts = (0..self.shown.len()).filter(|&at| self.shown.get(at) == Some(&first));
        starts.find_map(|at| self.end_of_line(at, &typed).filter(|_| is_typed(at)))
    }

    /// Where the line ends that begins at `at`, if it is `typed`.
    fn end_of_line(&self, at: usize, typed: &[u8]) -> Option<usize> {
        let mut left = typed.iter();
        let mut next = left.next();
        for (offset, byte) in self.shown.get(at..)?.iter().enumerate() {
            match next {
                Some(wanted) if wanted == byte => next = left.next(),
                None if *byte == b'\n' => return Some(at + offset + 1),
                _ if byte.is_ascii_whitespace() => {}
                _ => return None,
            }
        }
        None
    }
}

/// A text as one line of a log or an error: nothing in it can break out of the line, and it is not long.
pub(crate) fn one_line(text: &str) -> String {
    const LENGTH_MAX: usize = 160;
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= LENGTH_MAX {
        return line;
    }
    let end: String = line.chars().take(LENGTH_MAX).collect();
    format!("{end} …")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut text = Text::default();
        text.push(bytes);
        text.all()
    }

    #[test]
    fn a_terminal_shows_text_only() {
        assert_eq!(text(b"a\r\nb\n\rc\rd"), "a\n\nb\n\nc\nd");
        assert_eq!(text(b"\x1b[1;31mred\x1b[0m \x1b[?2004hx\x1b(B."), "red x.");
        assert_eq!(text(b"\x1b]0;title\x07a\x1b]0;title\x1b\\b"), "ab");
        assert_eq!(text(b"\x1b]never ends\r\nPower: On"), "\n\nPower: On");
        assert_eq!(text(b"ofg\x08f\x07\0"), "off");
        assert_eq!(text(b"\n\x08x\xc3\xbc\x08\x08y"), "\ny");
        assert_eq!(text(b"o\xfff"), "o\u{fffd}f");
    }

    #[test]
    fn an_echo_is_found_as_a_whole_line_only() {
        let end = |shown: &str, line: &str| {
            let mut text = Text::default();
            text.push(shown.as_bytes());
            text.end_of_echo(line, Some("apc>"))
        };
        assert_eq!(end(" olOff 1\nE000", "olOff 1"), Some(9));
        assert_eq!(end("olOff 1", "olOff 1"), None, "its end is still to come");
        assert_eq!(end("olOff 11\nE000", "olOff 1"), None);
        assert_eq!(end("ol\nOff \n1 \nE000", "olOff 1"), Some(11), "folded");
        assert_eq!(end("show\nshow x\n!", "show x"), Some(12));
        assert_eq!(end("anything\n", ""), None);
        assert_eq!(end("> 2\n", "2"), None, "an entry of a menu");
        assert_eq!(end("late\napc> 2\n!", "2"), Some(12), "behind a prompt that came late");
    }

    #[test]
    fn a_line_of_a_log_is_one_line() {
        assert_eq!(one_line("a\n\r b\u{1b}"), "a b");
        assert_eq!(one_line(&"x".repeat(1_000)).chars().count(), 162);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_means_nothing(bytes: Vec<u8>, at: usize) {
            let at = at % (bytes.len() + 1);
            let mut cut = Text::default();
            cut.push(&bytes[..at]);
            cut.push(&bytes[at..]);
            prop_assert_eq!(cut.all(), text(&bytes));
            let _ = cut.end_of_echo("ab", Some(">"));
        }
    }
}
