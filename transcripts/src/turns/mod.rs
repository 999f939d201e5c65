//! Streams in turns: all that a side says until the other one answers.
//!
//! A stream comes in chunks that mean nothing: however the bytes are cut, the same turns come out. A turn is text if it is
//! UTF-8, else hex, and its time is when it began. What an agent types after a prompt for a password, up to the end of the
//! line, is always [`PLACEHOLDER`] and the end of the line, also if it comes byte by byte: the device's echo of it, be it in
//! asterisks, blanks or characters, is left out, so that not even the length shows. Whatever was typed there is looked for in
//! the rest of the session, too.

mod entry;
mod prompt;

use std::ops::Range;
use std::time::Duration;

use crate::redact::{PLACEHOLDER, Redactor};
use crate::{Body, Bytes, Event, Kind, Side};
use entry::{Entry, Heard};
use prompt::LastLine;
pub use prompt::Prompts;

/// A turn of this length ends at the next end of a line.
const TURN_BYTES: usize = 1 << 20;
/// And at this length anywhere, so that no line of a transcript becomes too long.
const TURN_BYTES_MAX: usize = 1 << 21;

/// Makes the turns of one session. Sans-I/O: chunks in, events out.
///
/// ```
/// use std::time::Duration;
/// use fencelab_transcript::turns::Turns;
/// use fencelab_transcript::{Event, Side, redact::Redactor};
///
/// let at = Duration::from_millis;
/// let mut turns = Turns::new(1, Redactor::default());
/// assert_eq!(turns.say(at(1), Side::Device, b"Pass"), []);
/// assert_eq!(turns.say(at(2), Side::Device, b"word: "), []);
/// let asked = turns.say(at(3), Side::Agent, b"geheim\r\n");
/// assert_eq!(asked, [Event::say_text(at(1), 1, Side::Device, "Password: ")]);
/// let typed = turns.say(at(4), Side::Device, b"\r\n> ");
/// assert_eq!(typed, [Event::say_text(at(3), 1, Side::Agent, "********\r\n")]);
/// ```
#[derive(Debug)]
pub struct Turns {
    session: u32,
    redactor: Redactor,
    prompts: Prompts,
    turn: Option<Turn>,
    /// The device's last line, if it spoke last.
    line: LastLine,
    entry: Option<Entry>,
    /// When the device began to say what may be an echo.
    echo_at: Duration,
    /// The next that the agent says is a secret, whatever the prompt.
    is_secret_due: bool,
}

impl Turns {
    /// The turns of the session of this number.
    pub fn new(session: u32, redactor: Redactor) -> Self {
        Self {
            session,
            redactor,
            prompts: Prompts::new(),
            turn: None,
            line: LastLine::default(),
            entry: None,
            echo_at: Duration::ZERO,
            is_secret_due: false,
        }
    }

    /// The same with other prompts for secrets.
    #[must_use]
    pub fn with_prompts(mut self, prompts: Prompts) -> Self {
        self.prompts = prompts;
        self
    }

    /// The session's number.
    pub fn session(&self) -> u32 {
        self.session
    }

    /// What the agent says next is a secret, up to the end of its line; for whoever knows it without a prompt.
    pub fn expect_secret(&mut self) {
        self.is_secret_due = self.entry.as_ref().is_none_or(|entry| entry.is_complete);
    }

    /// A secret that must not stand anywhere in what is still to come.
    pub fn know(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        self.redactor.know(name, secret);
    }

    /// When the turn that is being said began.
    pub fn since(&self) -> Option<Duration> {
        self.turn.as_ref().map(|turn| turn.at)
    }

    /// Somebody says something; the turns that are over by it.
    pub fn say(&mut self, at: Duration, from: Side, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        if !bytes.is_empty() {
            match from {
                Side::Agent => self.agent(at, bytes, &mut events),
                Side::Device => self.device(at, bytes, &mut events),
            }
        }
        events
    }

    /// The turn that is being said, as far as it has been.
    pub fn flush(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.settle_echo(&mut events);
        self.finish(&mut events);
        events
    }

    /// The session ends; its last turn, and its end.
    pub fn close(mut self, at: Duration, by: Side) -> Vec<Event> {
        let mut events = self.flush();
        events.push(Event::close(at, self.session, by));
        events
    }

    fn agent(&mut self, at: Duration, bytes: &[u8], events: &mut Vec<Event>) {
        self.settle_echo(events);
        let line = self.line.take();
        let is_typing = self.entry.as_ref().is_some_and(|entry| !entry.is_complete);
        if !is_typing && (std::mem::take(&mut self.is_secret_due) || self.prompts.asks(&line)) {
            self.entry = Some(Entry::default());
        }
        let Some(entry) = self.entry.as_mut().filter(|entry| !entry.is_complete) else {
            return self.gather(at, Side::Agent, bytes, events);
        };
        let rest = entry.type_in(bytes);
        let secret = rest.is_some().then(|| entry.secret());
        self.mask(at, events);
        if let (Some(rest), Some(secret)) = (rest, secret) {
            self.redactor.know("password", secret);
            self.gather(at, Side::Agent, rest, events);
        }
    }

    fn device(&mut self, at: Duration, bytes: &[u8], events: &mut Vec<Event>) {
        let mut rest = bytes;
        if let Some(entry) = self.entry.as_mut().filter(|entry| entry.listens()) {
            if !entry.has_heard() {
                self.echo_at = at;
            }
            let (taken, heard) = entry.hear(bytes);
            rest = bytes.get(taken..).unwrap_or_default();
            self.heard(heard, events);
        }
        if !rest.is_empty() {
            self.line.extend(rest);
            self.gather(at, Side::Device, rest, events);
        }
    }

    /// The agent speaks, or nobody any more: what may have been an echo is one, or not.
    fn settle_echo(&mut self, events: &mut Vec<Event>) {
        if let Some(entry) = self.entry.as_mut().filter(|entry| entry.has_heard()) {
            let heard = entry.decide();
            self.heard(heard, events);
        }
    }

    fn heard(&mut self, heard: Heard, events: &mut Vec<Event>) {
        if let Heard::Words(words) = &heard {
            self.line.extend(words);
            self.gather(self.echo_at, Side::Device, words, events);
        }
        if heard != Heard::Undecided && self.entry.as_ref().is_some_and(|entry| entry.is_complete) {
            self.entry = None;
        }
    }

    /// The agent types a secret: one placeholder, however often it goes on.
    fn mask(&mut self, at: Duration, events: &mut Vec<Event>) {
        let is_masked = |turn: &Turn| {
            turn.from == Side::Agent && turn.masked.last().is_some_and(|masked| masked.end == turn.said.len())
        };
        if self.turn.as_ref().is_some_and(is_masked) {
            return;
        }
        self.gather(at, Side::Agent, PLACEHOLDER.as_bytes(), events);
        if let Some(turn) = &mut self.turn {
            let end = turn.said.len();
            turn.masked.push(end.saturating_sub(PLACEHOLDER.len())..end);
        }
    }

    fn gather(&mut self, at: Duration, from: Side, bytes: &[u8], events: &mut Vec<Event>) {
        if bytes.is_empty() {
            return;
        }
        if self.turn.as_ref().is_some_and(|turn| turn.from != from) {
            self.finish(events);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let turn = self.turn.get_or_insert_with(|| Turn::new(at, from));
            let end = turn.end_in(rest);
            let (said, behind) = rest.split_at(end.unwrap_or(rest.len()));
            turn.said.extend_from_slice(said);
            rest = behind;
            if end.is_some() {
                self.finish(events);
            }
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if let Some(turn) = self.turn.take() {
            let mut event = turn.event(self.session);
            self.redactor.redact(&mut event);
            events.push(event);
        }
    }
}

/// What one side is saying.
#[derive(Debug)]
struct Turn {
    at: Duration,
    from: Side,
    said: Vec<u8>,
    /// Where placeholders stand in it.
    masked: Vec<Range<usize>>,
}

impl Turn {
    fn new(at: Duration, from: Side) -> Self {
        Self { at, from, said: Vec::new(), masked: Vec::new() }
    }

    /// Where in these bytes it becomes too long.
    fn end_in(&self, bytes: &[u8]) -> Option<usize> {
        let is_over =
            |length: usize, byte: u8| length >= TURN_BYTES_MAX || length >= TURN_BYTES && byte == b'\n';
        if self.said.len() + bytes.len() < TURN_BYTES {
            return None;
        }
        let mut lengths = (self.said.len() + 1..).zip(bytes);
        lengths.position(|(length, byte)| is_over(length, *byte)).map(|last| last + 1)
    }

    fn event(self, session: u32) -> Event {
        let Self { at, from, said, masked } = self;
        let body = match String::from_utf8(said) {
            Ok(text) => Body::Text(text),
            Err(error) => {
                let mut bytes = Bytes::from(error.into_bytes());
                for range in masked {
                    bytes.mask(range);
                }
                Body::Hex(bytes)
            }
        };
        Event::new(at, session, Kind::Say { from, body })
    }
}
