//! Which prompts ask for a secret.

/// Words at the end of a prompt that ask for a secret.
const WORDS: [&str; 7] = ["password", "passwd", "passphrase", "passcode", "pin", "kennwort", "passwort"];
/// What may follow the word in a prompt: `password for lab`, `passphrase again`.
const ADDITIONS: [&str; 3] = [" for ", " of ", " again"];
/// What prompts end in.
const ENDS: [char; 3] = [':', '>', '?'];
/// The last line of a device is looked at from here on, counted in bytes from its end.
const LINE_BYTES_MAX: usize = 256;

/// Knows a prompt for a password by the last line of what a device said, without regard to case, trailing blanks, `:`, `>`
/// and `?`.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    more: Vec<String>,
}

impl Prompts {
    /// `Password:`, `password for lab:`, `Passphrase`, `PIN` and the like.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also prompts that end in these words.
    #[must_use]
    pub fn with(mut self, words: &str) -> Self {
        let words = without_ends(words).to_lowercase();
        if !words.is_empty() {
            self.more.push(words);
        }
        self
    }

    /// Whether the device asks for a secret; `line` is its last line.
    pub fn asks(&self, line: &[u8]) -> bool {
        let line = plain(line).to_lowercase();
        let mut end = without_ends(&line);
        // `Password (16 characters at most):`
        if let Some((before, _)) = end.strip_suffix(')').and_then(|end| end.rsplit_once('(')) {
            end = without_ends(before);
        }
        WORDS.into_iter().chain(self.more.iter().map(String::as_str)).any(|word| {
            end.match_indices(word).any(|(at, _)| {
                let (before, behind) = (end.get(..at), end.get(at + word.len()..));
                let begins = before.is_some_and(|before| !before.ends_with(char::is_alphanumeric));
                let is_last =
                    |rest: &str| rest.is_empty() || ADDITIONS.iter().any(|more| rest.starts_with(more));
                begins && behind.is_some_and(is_last)
            })
        })
    }
}

fn without_ends(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || c.is_control() || ENDS.contains(&c))
}

/// The text without what colours it or moves the cursor (ECMA-48, 5.4: CSI, parameters, a final byte).
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::new();
    let mut rest = text.as_ref();
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = sequence.trim_start_matches(|c: char| matches!(c, ' '..='?'));
        rest = rest.strip_prefix(|c: char| matches!(c, '@'..='~')).unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

/// The last line of what a device said, as far as it matters.
#[derive(Clone, Debug, Default)]
pub(super) struct LastLine(Vec<u8>);

impl LastLine {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let line = match bytes.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
            Some(end) => {
                self.0.clear();
                bytes.get(end + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        self.0.extend_from_slice(line);
        let surplus = self.0.len().saturating_sub(LINE_BYTES_MAX);
        self.0.drain(..surplus);
    }

    /// What it is; afterwards there is none.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_a_secret() {
        for line in [
            "Password:",
            "Password  : ",
            "password",
            "[sudo] password for lab: ",
            "Enter passphrase for key 'k': ",
            "PIN> ",
            "lab's Password:",
            "Retype new password: ",
            "Password (16 characters at most): ",
            "PASSCODE ?",
            "\u{1b}[1mPassword:\u{1b}[0m \u{7}",
            "Password again:",
        ] {
            assert!(Prompts::new().asks(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "login: ",
            "User Name : ",
            "Wrong password. Login: ",
            "apc> ",
            "Spin: ",
            "Change password? [y/n] ",
            "Password changed>",
            "Passwords: ",
            "Password\u{1b}[1m accepted",
        ] {
            assert!(!Prompts::new().asks(line.as_bytes()), "{line}");
        }
        let asks = Prompts::new().with("Magic Word: ");
        assert!(asks.asks(b"the magic word>") && asks.asks(b"Password:") && !asks.asks(b"magic words"));
    }

    #[test]
    fn the_last_line_is_the_same_however_it_comes() {
        let said = b"Welcome\r\nlogin: lab\r\nPassword: ";
        for cut in 0..=said.len() {
            let mut line = LastLine::default();
            line.extend(&said[..cut]);
            line.extend(&said[cut..]);
            assert_eq!(line.take(), b"Password: ");
        }
    }
}
