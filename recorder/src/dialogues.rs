//! From the bytes of streams to events: turns of many sessions at once, in the order of time.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_transcript::redact::{PLACEHOLDER, Redactor};
use fencelab_transcript::scan::Scan;
use fencelab_transcript::turns::Turns;
use fencelab_transcript::{Event, Map, Mark, Side};
use fencelab_wire::Secret;
use fencelab_wire::telnet::Listener;
use serde_json::Value;

use crate::in_line::InLine;
use crate::link::Streams;
use crate::link::console::Carrier;

/// A side that has said nothing more for so long waits: its turn is over (FORMAT.md, 3). It also bounds how long others' turns
/// wait for one that began before them.
pub const WAITS: Duration = Duration::from_secs(10);

/// What is heard of one stream.
#[derive(Clone, Debug)]
pub enum Said {
    /// It begins; the details of its `open`. With `error` among them nothing follows.
    Begins(Map),
    /// Somebody gave a secret beside the stream, which may be said in it, too.
    Secret(Secret),
    /// The next that the agent says is a secret, up to the end of its line.
    SecretDue,
    /// Bytes as they went over it.
    Bytes(Side, Vec<u8>),
    /// Something beside what is said, in words, which ends a turn.
    Note(String),
    /// Whoever speaks waits: the turn is over.
    Waits,
    /// It is ended by this side; what else there is to say about that.
    Ends(Side, Map),
}

/// Hears all streams of one recording. A stream is known by a number of the caller's choice, which is never used again.
#[derive(Debug)]
pub struct Dialogues {
    link: Streams,
    redactor: Redactor,
    of: BTreeMap<u64, Dialogue>,
    /// The number of the last session in the transcript.
    last: u32,
    /// What is over, but may have to wait for what began before it.
    waiting: Vec<Event>,
}

#[derive(Debug)]
struct Dialogue {
    turns: Turns,
    telnet: Option<Listener>,
    in_line: InLine,
    /// Not written yet: what is negotiated is part of it.
    open: Option<(Duration, Map)>,
    heard: Duration,
}

impl Dialogues {
    /// Nobody speaks yet. The secrets are masked wherever they stand.
    pub fn new(link: &Streams, secrets: &Scan) -> Self {
        let redactor = Redactor::new(secrets.clone());
        Self { link: link.clone(), redactor, of: BTreeMap::new(), last: 0, waiting: Vec::new() }
    }

    /// Hears something of a stream. Time must not go back.
    pub fn hear(&mut self, at: Duration, stream: u64, said: Said) {
        match said {
            Said::Begins(details) => self.begin(at, stream, details),
            Said::Secret(secret) => {
                if let Some(dialogue) = self.of.get_mut(&stream) {
                    dialogue.turns.know("password", secret.expose());
                }
            }
            Said::SecretDue => {
                if let Some(dialogue) = self.of.get_mut(&stream) {
                    dialogue.turns.expect_secret();
                }
            }
            Said::Note(words) => {
                if let Some(dialogue) = self.of.get_mut(&stream) {
                    let note = Event::mark(at, dialogue.turns.session(), Mark::new(Mark::NOTE));
                    self.waiting.extend(dialogue.flush());
                    self.waiting.push(note.with("text", words));
                }
            }
            Said::Waits => {
                if let Some(dialogue) = self.of.get_mut(&stream) {
                    self.waiting.extend(dialogue.flush());
                }
            }
            Said::Bytes(side, bytes) => {
                if let Some(dialogue) = self.of.get_mut(&stream) {
                    let events = dialogue.say(at, side, &bytes);
                    self.waiting.extend(events);
                }
            }
            Said::Ends(side, more) => {
                if let Some(mut dialogue) = self.of.remove(&stream) {
                    let end = Event::close(at, dialogue.turns.session(), side);
                    self.waiting.extend(dialogue.flush());
                    self.waiting.push(Event { extra: more, ..end });
                }
            }
        }
    }

    /// Something beside all streams.
    pub fn note(&mut self, event: Event) {
        self.waiting.push(event);
    }

    /// What can be written: all before which nothing will come any more.
    pub fn ready(&mut self, now: Duration) -> Vec<Event> {
        for dialogue in self.of.values_mut() {
            if now.saturating_sub(dialogue.heard) >= WAITS {
                self.waiting.extend(dialogue.flush());
            }
        }
        let until = self.of.values().filter_map(Dialogue::since).min();
        self.waiting.sort_by_key(|event| event.at);
        let count =
            until.map_or(self.waiting.len(), |until| self.waiting.partition_point(|event| event.at < until));
        self.waiting.drain(..count).collect()
    }

    /// What is left. Streams that have not ended stay open.
    pub fn end(&mut self) -> Vec<Event> {
        for dialogue in self.of.values_mut() {
            self.waiting.extend(dialogue.flush());
        }
        self.waiting.sort_by_key(|event| event.at);
        std::mem::take(&mut self.waiting)
    }

    fn begin(&mut self, at: Duration, stream: u64, details: Map) {
        self.last = self.last.saturating_add(1);
        if details.contains_key("error") {
            self.waiting.push(Event::open(at, self.last, details));
            return;
        }
        let turns = Turns::new(self.last, self.redactor.clone()).with_prompts(self.link.prompts.clone());
        let telnet = matches!(self.link.carrier, Carrier::Telnet).then(Listener::default);
        self.of.insert(
            stream,
            Dialogue { turns, telnet, in_line: InLine::default(), open: Some((at, details)), heard: at },
        );
    }
}

impl Dialogue {
    fn say(&mut self, at: Duration, side: Side, bytes: &[u8]) -> Vec<Event> {
        self.heard = at;
        let text = self.telnet.as_mut().map(|telnet| telnet.hear(side == Side::Device, bytes));
        let text = text.as_deref().unwrap_or(bytes);
        let events = match self.in_line.secret(side, text) {
            Some(secret) => {
                let (before, rest) = text.split_at(secret.start);
                let (secret, behind) = rest.split_at(secret.len());
                self.turns.know("password", secret);
                self.turns.say(at, side, &[before, PLACEHOLDER.as_bytes(), behind].concat())
            }
            None => self.turns.say(at, side, text),
        };
        if events.is_empty() { events } else { self.opened(events) }
    }

    fn flush(&mut self) -> Vec<Event> {
        let events = self.turns.flush();
        self.opened(events)
    }

    /// With the `open` in front that is still to be written.
    fn opened(&mut self, events: Vec<Event>) -> Vec<Event> {
        let Some((at, mut details)) = self.open.take() else { return events };
        if let Some(telnet) = &self.telnet {
            for side in [Side::Agent, Side::Device] {
                let options: Vec<Value> =
                    telnet.in_force(side == Side::Device).map(|opt| opt.to_string().into()).collect();
                if !options.is_empty() {
                    details.insert(side.name().to_owned(), options.into());
                }
            }
        }
        [Event::open(at, self.turns.session(), details)].into_iter().chain(events).collect()
    }

    /// The time of the earliest event that is still to come.
    fn since(&self) -> Option<Duration> {
        self.open.as_ref().map(|(at, _)| *at).or_else(|| self.turns.since())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Carries, console};

    fn dialogues() -> Dialogues {
        let link = console::telnet(&[]);
        let Carries::Streams(streams) = link.carries() else { panic!("{link:?}") };
        Dialogues::new(streams, link.secrets())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lines(events: &[Event]) -> Vec<(u64, u32)> {
        events.iter().map(|event| (event.at.as_secs(), event.session)).collect()
    }

    fn bytes(side: Side, bytes: &[u8]) -> Said {
        Said::Bytes(side, bytes.to_vec())
    }

    #[test]
    fn what_began_first_is_written_first() {
        let mut dialogues = dialogues();
        for stream in [7, 8] {
            dialogues.hear(at(1), stream, Said::Begins(Map::new()));
        }
        dialogues.hear(at(2), 7, bytes(Side::Device, b"login: "));
        dialogues.hear(at(3), 8, bytes(Side::Device, b"login: "));
        dialogues.hear(at(4), 8, bytes(Side::Agent, b"lab\r"));
        dialogues.hear(at(5), 8, Said::Ends(Side::Agent, Map::new()));
        assert_eq!(dialogues.ready(at(5)), []);
        dialogues.hear(at(6), 7, bytes(Side::Agent, b"lab\r"));
        assert_eq!(lines(&dialogues.ready(at(6))), [(1, 2), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]);
        assert_eq!(lines(&dialogues.end()), [(6, 1)]);
    }

    #[test]
    fn who_says_nothing_more_keeps_nobody_waiting() {
        let mut dialogues = dialogues();
        dialogues.hear(at(1), 1, Said::Begins(Map::new()));
        dialogues.hear(at(1), 1, bytes(Side::Device, b"Password: "));
        dialogues.note(Event::mark(at(2), 0, fencelab_transcript::Mark::new("note")));
        assert_eq!(dialogues.ready(at(10)), []);
        assert_eq!(lines(&dialogues.ready(at(11))), [(1, 1), (1, 1), (2, 0)]);
        // The prompt has been written, and is remembered.
        dialogues.hear(at(60), 1, bytes(Side::Agent, b"geheim\r"));
        assert_eq!(dialogues.end(), [Event::say_text(at(60), 1, Side::Agent, "********\r")]);
    }

    #[test]
    fn what_was_negotiated_stands_in_the_open() {
        let mut dialogues = dialogues();
        dialogues.hear(at(1), 1, Said::Begins(Map::new()));
        dialogues.hear(at(1), 1, bytes(Side::Device, b"\xff\xfb\x01\xff\xfd\x1fUser: "));
        dialogues.hear(
            at(1),
            1,
            bytes(Side::Agent, b"\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0"),
        );
        dialogues.hear(at(2), 1, bytes(Side::Agent, b"lab\r\n"));
        let events = dialogues.end();
        let details = serde_json::json!({"agent": ["NAWS"], "device": ["ECHO"]});
        assert_eq!(events[0], Event::open(at(1), 1, details.as_object().unwrap().clone()));
        assert_eq!(
            events[1..],
            [
                Event::say_text(at(1), 1, Side::Device, "User: "),
                Event::say_text(at(2), 1, Side::Agent, "lab\r\n"),
            ]
        );
    }

    #[test]
    fn a_refusal_is_an_open_with_an_error() {
        let mut dialogues = dialogues();
        let details: Map = [("error".to_owned(), "refused".into())].into_iter().collect();
        dialogues.hear(at(1), 1, Said::Begins(details.clone()));
        dialogues.hear(at(1), 1, Said::Ends(Side::Device, Map::new()));
        assert_eq!(dialogues.ready(at(1)), [Event::open(at(1), 1, details)]);
    }
}
