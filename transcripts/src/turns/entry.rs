//! A secret that is being typed: what hides it, and what of the device's words is its echo.

/// Bytes after which nothing more belongs to what is being typed: the ends of a line, and what gives it up (^C, ^D).
const ENDS: [u8; 4] = [b'\r', b'\n', 0x03, 0x04];
/// What devices show in the place of a typed character, and how they take it back.
const MASKS: [u8; 5] = [b'*', b' ', 0x08, 0x07, 0x00];
/// An echo that is not complete is one nevertheless from this length on; a shorter one may well be the beginning of a word.
const COINCIDENCE: usize = 4;
/// No echo is longer.
const ECHO_BYTES_MAX: usize = 4096;

/// A secret, from the prompt for it until the device has answered.
#[derive(Debug, Default)]
pub(super) struct Entry {
    typed: Vec<u8>,
    /// How many of these have been echoed.
    echoed: usize,
    /// The line has ended.
    pub(super) is_complete: bool,
    /// What the device has said since the agent typed, while it may be an echo.
    echo: Option<Vec<u8>>,
}

/// What the device's words behind a secret are.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// It may still be an echo.
    Undecided,
    /// These were none.
    Words(Vec<u8>),
    /// An echo, of which nothing is kept.
    Echo,
}

impl Entry {
    /// Takes what belongs to the secret, and answers what is behind it: the end of the line and the rest. Nothing if the line
    /// has not ended.
    pub(super) fn type_in<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let end = bytes.iter().position(|byte| ENDS.contains(byte));
        let (secret, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        self.typed.extend_from_slice(secret);
        self.echo = Some(Vec::new());
        self.is_complete = end.is_some();
        self.is_complete.then_some(rest)
    }

    /// The secret as it was meant: what was taken back by backspace or ^U is not part of it.
    pub(super) fn secret(&self) -> Vec<u8> {
        let mut secret = Vec::new();
        for byte in &self.typed {
            match byte {
                0x08 | 0x7f => drop(secret.pop()),
                0x15 => secret.clear(),
                byte => secret.push(*byte),
            }
        }
        secret
    }

    /// Whether what the device says now may be an echo.
    pub(super) fn listens(&self) -> bool {
        self.echo.is_some()
    }

    /// Whether the device has said something that may be an echo.
    pub(super) fn has_heard(&self) -> bool {
        self.echo.as_ref().is_some_and(|echo| !echo.is_empty())
    }

    /// The device says something; how much of it was taken, and what came of it. An echo ends before the end of a line.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> (usize, Heard) {
        let Some(echo) = &mut self.echo else { return (0, Heard::Words(Vec::new())) };
        let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let room = ECHO_BYTES_MAX.saturating_sub(echo.len());
        let taken = end.unwrap_or(bytes.len()).min(room);
        echo.extend(bytes.iter().take(taken));
        let is_over = taken < bytes.len();
        (taken, if is_over { self.decide() } else { Heard::Undecided })
    }

    /// The device has said so much, and now somebody else speaks, or it says something else.
    pub(super) fn decide(&mut self) -> Heard {
        let Some(echo) = self.echo.take() else { return Heard::Echo };
        let shown: Vec<u8> = echo.iter().copied().filter(|byte| !MASKS.contains(byte)).collect();
        let due = self.typed.get(self.echoed..).unwrap_or_default();
        let is_begun = due.starts_with(&shown);
        let is_whole = shown == due || shown == self.typed;
        let is_same = |byte: &u8| echo.first() == Some(byte);
        let is_pattern = echo.len() == due.len() && due.len() > 1 && echo.iter().all(is_same);
        if shown.is_empty()
            || is_whole
            || is_pattern
            || is_begun && (!self.is_complete || shown.len() >= COINCIDENCE)
        {
            self.echoed += if is_begun { shown.len() } else { 0 };
            return Heard::Echo;
        }
        // `******Welcome`: only behind the asterisks it speaks.
        let masks = echo.iter().take_while(|byte| MASKS.contains(byte) && is_same(byte)).count();
        let behind = if masks == due.len() { masks } else { 0 };
        Heard::Words(echo.get(behind..).unwrap_or_default().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(typed: &[u8], said: &[u8]) -> Heard {
        let mut entry = Entry::default();
        assert!(entry.type_in(typed).is_some());
        match entry.hear(said) {
            (taken, Heard::Undecided) => {
                assert_eq!(taken, said.len());
                entry.decide()
            }
            (_, heard) => heard,
        }
    }

    #[test]
    fn echoes_and_words() {
        for echo in
            ["", "*****", "     ", "\x08 \x08", "geheim", "gehe", "######", "*\x08*", "******\r\nWelcome"]
        {
            assert_eq!(after(b"geheim\r\n", echo.as_bytes()), Heard::Echo, "{echo:?}");
        }
        for words in ["geh", "Welcome", "geheimer", "*** no ***", "g"] {
            assert_eq!(after(b"geheim\r\n", words.as_bytes()), Heard::Words(words.into()), "{words:?}");
        }
        assert_eq!(after(b"geheim\r\n", b"******Welcome"), Heard::Words(b"Welcome".into()));
    }

    #[test]
    fn what_was_taken_back_is_not_part_of_the_secret() {
        let mut entry = Entry::default();
        assert_eq!(entry.type_in(b"abc\x15gehx\x7feim\x03rest"), Some(&b"\x03rest"[..]));
        assert_eq!(entry.secret(), b"geheim");
    }
}
