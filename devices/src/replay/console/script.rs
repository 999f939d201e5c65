//! What a strict replay of a console goes by: each recorded session as the keys that the agent pressed, and what the device said
//! when it had heard so many of them. So it does not matter into which pieces either recording or replay was cut.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use fencelab_transcript::redact::PLACEHOLDER;
use fencelab_transcript::{Body, Event, Kind, Map, Mark, Side, Transcript};
use serde_json::Value;

use crate::plant::Power;
use crate::replay::marks::Marks;

/// A transcript, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) sessions: Vec<Session>,
    /// What marks tell of the plugs.
    pub(in crate::replay) marks: Marks,
    /// The marked action that is running.
    action: Option<Action>,
}

/// A recorded session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    number: u32,
    /// Whom the carrier let in, where it asks.
    pub(crate) user: Option<String>,
    pub(crate) strokes: Vec<Stroke>,
    pub(crate) said: Vec<Said>,
    /// After so many strokes the plug comes to these powers.
    pub(crate) moves: Vec<(usize, String, Vec<Power>)>,
    /// After so many strokes the device hung up.
    pub(crate) hung_up: Option<usize>,
    /// The agent hung up.
    left: bool,
    keys: Keys,
    /// When the agent was last heard.
    heard: Duration,
}

/// Something that the device said.
#[derive(Debug)]
pub(crate) struct Said {
    /// After so many strokes.
    pub(crate) after: usize,
    pub(crate) bytes: Vec<u8>,
    /// So long after the last of them.
    pub(crate) delay: Duration,
}

/// A key that the agent pressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    /// The line of the transcript, from 1.
    pub(crate) line: usize,
    /// When it was pressed.
    pub(crate) at: Duration,
    pub(crate) key: Key,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Byte(u8),
    /// The end of a line: CR, LF, CR LF or CR NUL.
    Enter,
    /// A byte that is masked.
    Masked,
    /// A secret of any length.
    Secret,
}

/// Bytes become keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keys {
    after_cr: bool,
}

impl Keys {
    /// The key of a byte; `None`: it belongs to the one before.
    pub(crate) fn press(&mut self, byte: u8) -> Option<Key> {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        match byte {
            b'\n' | 0 if after_cr => None,
            b'\r' | b'\n' => Some(Key::Enter),
            byte => Some(Key::Byte(byte)),
        }
    }
}

/// A marked action: its plug, to what it brings it, and the lines that the agent said in it: session, strokes, text.
#[derive(Debug)]
struct Action {
    plug: String,
    brings: Vec<Power>,
    lines: Vec<(usize, usize, String)>,
}

impl Script {
    /// Takes a transcript apart. What is said in no session, and messages of other protocols, have no part in it.
    pub(crate) fn of(transcript: &Transcript) -> Self {
        let mut script = Self::default();
        for (index, event) in transcript.events.iter().enumerate() {
            // The header is line 1.
            script.take(index + 2, event);
        }
        if transcript.header.link.protocol == "serial" {
            // What a line says while nobody is there answers nobody.
            script.sessions.retain(|session| !session.strokes.is_empty() || session.hung_up.is_none());
        }
        script
    }

    /// The lines that the agent ended, but for the last of each session: whether a goodbye still arrives when the agent hangs
    /// up at once is chance.
    pub(crate) fn lines(&self) -> usize {
        let of = |session: &Session| session.strokes.iter().filter(|stroke| stroke.key == Key::Enter).count();
        self.sessions.iter().map(|session| of(session).saturating_sub(1)).sum()
    }

    fn take(&mut self, line: usize, event: &Event) {
        match &event.kind {
            Kind::Open(details) => self.open(event, details),
            Kind::Mark(mark) => self.mark(mark),
            Kind::Close(side) => {
                let Some(session) = self.session(event.session) else { return };
                match side {
                    Side::Agent => session.left = true,
                    Side::Device => session.hung_up = Some(session.strokes.len()),
                }
            }
            Kind::Say { from, body } => self.say(line, event, *from, body),
            _ => {}
        }
    }

    fn session(&mut self, number: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.number == number)
    }

    fn open(&mut self, event: &Event, details: &Map) {
        let user = details.get("user").and_then(Value::as_str).map(str::to_owned);
        self.sessions.push(Session { number: event.session, user, heard: event.at, ..Session::default() });
    }

    fn say(&mut self, line: usize, event: &Event, from: Side, body: &Body) {
        let Some(place) = self.sessions.iter().position(|session| session.number == event.session) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(place) else { return };
        let before = session.strokes.len();
        match (from, body) {
            (Side::Agent, Body::Text(text)) => {
                session.heard = event.at;
                session.typed(line, text);
            }
            (Side::Agent, Body::Hex(bytes)) => {
                session.heard = event.at;
                bytes.0.iter().for_each(|byte| session.pressed(line, *byte));
            }
            (Side::Device, Body::Text(text)) => session.heard_back(event.at, text.clone().into_bytes()),
            (Side::Device, Body::Hex(bytes)) => session.heard_back(event.at, bytes.to_lossy()),
            (_, Body::Object { .. }) => {}
        }
        let Some(action) = &mut self.action else { return };
        let is_end = |at: &usize| session.strokes.get(*at).is_some_and(|stroke| stroke.key == Key::Enter);
        let ends = (before..session.strokes.len()).filter(is_end);
        action.lines.extend(ends.map(|at| (place, at + 1, session.text(session.line_of(at)))));
    }

    fn mark(&mut self, mark: &Mark) {
        if mark.phase == Mark::NOTE {
            return;
        }
        self.marks.take(mark);
        let ended = self.action.take().filter(|_| mark.phase == Mark::END && mark.exit == Some(0));
        for (session, after, powers) in ended.iter().flat_map(Action::orders) {
            let plug = ended.as_ref().map(|action| action.plug.clone()).unwrap_or_default();
            if let Some(session) = self.sessions.get_mut(session) {
                session.moves.push((after, plug, powers));
            }
        }
        let running = self.marks.running.clone();
        self.action = running.map(|(plug, brings)| Action { plug, brings, lines: Vec::new() });
    }
}

impl Action {
    /// The lines with which the plug moves. A transcript does not say which they are: an agent looks, orders, and looks again,
    /// so an order is what was not said before, where what comes next was. Without such a line it is the last one.
    fn orders(&self) -> Vec<(usize, usize, Vec<Power>)> {
        let mut said = BTreeSet::new();
        let mut orders: Vec<&(usize, usize, String)> = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let is_new = said.insert(&line.2);
            if is_new && self.lines.get(index + 1).is_some_and(|next| said.contains(&next.2)) {
                orders.push(line);
            }
        }
        let orders = orders.split_off(orders.len().saturating_sub(self.brings.len()));
        if orders.len() == self.brings.len() {
            let each = orders.into_iter().zip(&self.brings);
            return each.map(|((session, after, _), power)| (*session, *after, vec![*power])).collect();
        }
        let one = orders.last().copied().or(self.lines.last());
        one.iter().map(|(session, after, _)| (*session, *after, self.brings.clone())).collect()
    }
}

impl Session {
    /// The agent's text. Masks that follow each other are keys of one secret, with the device's own masks between them.
    fn typed(&mut self, line: usize, text: &str) {
        for (index, part) in text.split(PLACEHOLDER).enumerate() {
            if index > 0 && self.strokes.last().is_none_or(|stroke| stroke.key != Key::Secret) {
                self.strokes.push(Stroke { line, at: self.heard, key: Key::Secret });
            }
            part.bytes().for_each(|byte| self.pressed(line, Some(byte)));
        }
    }

    fn pressed(&mut self, line: usize, byte: Option<u8>) {
        let key = byte.map_or(Some(Key::Masked), |byte| self.keys.press(byte));
        let at = self.heard;
        self.strokes.extend(key.map(|key| Stroke { line, at, key }));
    }

    fn heard_back(&mut self, at: Duration, bytes: Vec<u8>) {
        let delay = at.saturating_sub(self.heard);
        self.said.push(Said { after: self.strokes.len(), bytes, delay });
    }

    /// The strokes of the line that this one belongs to, without its end.
    pub(crate) fn line_of(&self, at: usize) -> Range<usize> {
        let ends = |index: &usize| self.strokes.get(*index).is_some_and(|stroke| stroke.key == Key::Enter);
        let from = (0..at).rev().find(ends).map_or(0, |end| end + 1);
        let to = (at..self.strokes.len()).find(ends).unwrap_or(self.strokes.len());
        from..to
    }

    /// Strokes as a person reads them.
    pub(crate) fn text(&self, strokes: Range<usize>) -> String {
        let mut bytes = Vec::new();
        for stroke in self.strokes.get(strokes).unwrap_or_default() {
            match stroke.key {
                Key::Byte(byte) => bytes.push(byte),
                Key::Secret => bytes.extend_from_slice(PLACEHOLDER.as_bytes()),
                Key::Masked => bytes.push(b'*'),
                Key::Enter => {}
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether nothing more was recorded behind these strokes because the agent hung up there: what it said last may have been
    /// lost on the way to the recorder.
    pub(super) fn is_left_at(&self, at: usize) -> bool {
        self.left && self.hung_up.is_none() && at == self.strokes.len()
    }

    fn secrets(&self) -> impl DoubleEndedIterator<Item = usize> {
        let places = self.strokes.iter().enumerate();
        places.filter(|(_, stroke)| stroke.key == Key::Secret).map(|(at, _)| at)
    }

    /// Whether the device itself asked who it is: a secret stands in one of the first two lines.
    pub(crate) fn asked_itself(&self) -> bool {
        let before =
            |at: usize| self.strokes.iter().take(at).filter(|stroke| stroke.key == Key::Enter).count();
        self.secrets().next().is_some_and(|at| before(at) < 2)
    }

    /// The secret with which the agent came in: the last one, if the agent said anything after its line.
    pub(crate) fn accepted(&self) -> Option<usize> {
        let last = self.secrets().next_back()?;
        (self.line_of(last).end + 1 < self.strokes.len()).then_some(last)
    }

    /// The line in which the agent said who it is: the one before the first secret, if nothing was said before it.
    pub(crate) fn name(&self) -> Option<Range<usize>> {
        let secret = self.secrets().next()?;
        let end = secret.checked_sub(1)?;
        let name = self.line_of(end);
        let silent = |stroke: &Stroke| stroke.key == Key::Enter;
        let first = self.strokes.iter().take(name.start).all(silent);
        (self.line_of(secret).start == secret && first && !name.is_empty()).then_some(name)
    }
}
