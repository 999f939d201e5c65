//! Secrets in what a device echoed, where the agent's own words are not in the file: nobody can tell an echo from the device's
//! words there, so all that stands behind a prompt for a password is masked, up to the end of the line.

use fencelab_transcript::redact::PLACEHOLDER;
use fencelab_transcript::turns::Prompts;

/// What terminals show in the place of a typed character; it shows a length, but so does the recording's time.
const MASKS: [u8; 3] = [b'*', b' ', 0x08];
/// So much of a line is looked at, from its end.
const LINE_BYTES_MAX: usize = 256;
/// What prompts end in.
const ENDS: [u8; 3] = *b":>?";

/// Passes on what a device said, in any cuts.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    prompts: Prompts,
    line: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// No prompt in this line.
    #[default]
    Open,
    /// Behind a prompt.
    Behind,
    /// Behind it, and masked already.
    Masked,
}

impl Hidden {
    /// Nothing was said yet.
    pub(super) fn new(prompts: Prompts) -> Self {
        Self { prompts, ..Self::default() }
    }

    /// The device waited: if its last line is a prompt, what comes next is an answer.
    pub(super) fn wait(&mut self) {
        self.look();
    }

    /// What may be shown of these bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match (self.state, byte) {
                (_, b'\r' | b'\n') => {
                    self.line.clear();
                    self.state = State::Open;
                    shown.push(byte);
                }
                (State::Open, _) => {
                    self.line.push(byte);
                    shown.push(byte);
                    if ENDS.contains(&byte) {
                        self.look();
                    }
                }
                // It waited within its prompt.
                (State::Behind, byte) if MASKS.contains(&byte) || self.is_end(byte) => {
                    self.line.push(byte);
                    shown.push(byte);
                }
                (State::Behind, _) => {
                    self.state = State::Masked;
                    shown.extend(PLACEHOLDER.as_bytes());
                }
                (State::Masked, _) => {}
            }
        }
        shown
    }

    /// Whether this byte ends a prompt that has no end yet.
    fn is_end(&self, byte: u8) -> bool {
        let last = self.line.trim_ascii_end().last();
        ENDS.contains(&byte) && last.is_none_or(|last| !ENDS.contains(last))
    }

    fn look(&mut self) {
        // A prompt is short; a line need not be.
        let surplus = self.line.len().saturating_sub(LINE_BYTES_MAX);
        self.line.drain(..surplus);
        if self.state == State::Open && self.prompts.asks(&self.line) {
            self.state = State::Behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(chunks: &[&str]) -> String {
        let mut hidden = Hidden::default();
        let mut shown = Vec::new();
        for chunk in chunks {
            hidden.wait();
            shown.extend(hidden.pass(chunk.as_bytes()));
        }
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn what_stands_behind_a_prompt_is_masked_in_any_cuts() {
        let said = "login: lab\r\nPassword  : geheim!\r\nWelcome, password: is good\r\n> ";
        let expected = "login: lab\r\nPassword  : ********\r\nWelcome, password: ********\r\n> ";
        for cut in 0..said.len() {
            let (one, two) = said.split_at(cut);
            assert_eq!(shown(&[one, two]), expected, "{cut}");
        }
        assert_eq!(shown(&["Password", "geheim\r\n"]), "Password********\r\n", "it waited behind the prompt");
        assert_eq!(shown(&["Password: ******\r\nok"]), "Password: ******\r\nok");
    }
}
