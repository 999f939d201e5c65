//! One connection to a replayed console: how far along its recorded session it is.

use std::time::Duration;

use fencelab_transcript::redact::PLACEHOLDER;

use super::script::{Key, Keys, Session};
use crate::device::Credentials;
use crate::face::console::StreamEnd;

/// How long the rest of a line that deviates is waited for.
const REST_OF_LINE: Duration = Duration::from_secs(1);

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) number: u32,
    /// The recorded session, by its index.
    pub(super) session: usize,
    /// So many strokes have come.
    pub(super) at: usize,
    keys: Keys,
    /// The line so far.
    pub(super) typed: Vec<u8>,
    /// Where the secret in it begins.
    secret_from: Option<usize>,
    /// The lab's own name is being said in the place of the recorded one.
    is_other_name: bool,
    pub(super) end: StreamEnd,
    /// What came was not what was recorded; until then the rest of its line may come.
    pub(super) astray: Option<Duration>,
    /// A whole line came behind the end of the record.
    pub(super) has_said_goodbye: bool,
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// As recorded, so far.
    Right,
    /// As recorded, to the end of a line.
    Line,
    /// Not as recorded, and the rest of the line may come.
    Astray,
    /// Not as recorded, and the line is at its end.
    AstrayLine,
}

impl Talk {
    pub(super) fn new(number: u32, session: usize, negotiates: bool) -> Self {
        Self {
            number,
            session,
            at: 0,
            keys: Keys::default(),
            typed: Vec::new(),
            secret_from: None,
            is_other_name: false,
            end: StreamEnd::new(negotiates),
            astray: None,
            has_said_goodbye: false,
        }
    }

    /// Whether what comes next is a secret.
    pub(super) fn awaits_secret(&self, session: &Session) -> bool {
        session.strokes.get(self.at).is_some_and(|stroke| stroke.key == Key::Secret)
    }

    /// A byte comes.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        byte: u8,
        session: &Session,
        login: &Credentials,
    ) -> Option<Heard> {
        let key = self.keys.press(byte)?;
        let is_line = key == Key::Enter;
        let is_right = self.astray.is_none() && self.follows(key, session, login);
        if let Key::Byte(byte) = key {
            self.typed.push(byte);
        }
        if !is_right {
            self.astray.get_or_insert(now.saturating_add(REST_OF_LINE));
        }
        Some(match (is_right, is_line) {
            (true, true) => Heard::Line,
            (true, false) => Heard::Right,
            (false, true) => Heard::AstrayLine,
            (false, false) => Heard::Astray,
        })
    }

    /// Goes on along the session if this is what was recorded.
    fn follows(&mut self, key: Key, session: &Session, login: &Credentials) -> bool {
        let recorded = |at: usize| session.strokes.get(at).map(|stroke| stroke.key);
        match recorded(self.at) {
            Some(Key::Secret) => {
                let from = *self.secret_from.get_or_insert(self.typed.len());
                if recorded(self.at + 1) != Some(key) {
                    return key != Key::Enter;
                }
                let secret = self.typed.get(from..).unwrap_or_default();
                let is_right = session.accepted() != Some(self.at) || secret == login.password.as_bytes();
                if is_right {
                    self.at += 2;
                    self.secret_from = None;
                    self.typed.truncate(from);
                    self.typed.extend_from_slice(PLACEHOLDER.as_bytes());
                }
                is_right
            }
            Some(Key::Masked) if key != Key::Enter => {
                self.at += 1;
                true
            }
            Some(own) if own == key && !self.is_other_name => {
                self.at += 1;
                true
            }
            _ => self.names(key, session, login),
        }
    }

    /// Who asks a replay is the lab's user, whoever it was then.
    fn names(&mut self, key: Key, session: &Session, login: &Credentials) -> bool {
        let Some(name) = session.name().filter(|name| (name.start..=name.end).contains(&self.at)) else {
            return false;
        };
        let user = login.user.as_bytes();
        match key {
            Key::Byte(byte) => {
                self.is_other_name =
                    user.strip_prefix(self.typed.as_slice()).is_some_and(|rest| rest.first() == Some(&byte));
                self.is_other_name
            }
            _ if self.typed == user => {
                self.at = name.end + 1;
                self.is_other_name = false;
                true
            }
            _ => false,
        }
    }

    /// The line so far, as it may be shown: no secret is ever in it.
    pub(super) fn shown(&self, login: &Credentials) -> String {
        if self.secret_from.is_some() {
            return "another password".to_owned();
        }
        let text = String::from_utf8_lossy(&self.typed).into_owned();
        let text = if login.password.is_empty() { text } else { text.replace(&login.password, PLACEHOLDER) };
        quoted(&text)
    }

    /// A line has been heard.
    pub(super) fn begin_line(&mut self) {
        self.typed.clear();
        self.secret_from = None;
    }
}

/// A line in quotes, control characters as escapes.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}
