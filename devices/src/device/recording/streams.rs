//! Streams in turns: all that a side says until the other one answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::redact::{PLACEHOLDER, Redactor};
use fencelab_transcript::{Bytes, Event, Side};
use fencelab_wire::telnet::{Config, Telnet};

use super::super::Output;
use crate::face::Told;
use crate::plant::Power;
use crate::spec::claims::TELLS;

/// Listens to the streams of one face.
#[derive(Debug)]
pub(super) struct Streams {
    telnet: bool,
    redactor: Redactor,
    next: u32,
    open: BTreeMap<SocketAddr, Stream>,
}

#[derive(Debug)]
struct Stream {
    number: u32,
    /// Reads either way: agent, device.
    ears: Option<[Telnet; 2]>,
    turn: Option<Turn>,
}

/// What one side is saying.
#[derive(Debug)]
struct Turn {
    at: Duration,
    from: Side,
    bytes: Vec<u8>,
    tells: Vec<Told>,
    is_secret: bool,
}

impl Streams {
    pub(super) fn new(telnet: bool, redactor: Redactor) -> Self {
        Self { telnet, redactor, next: 1, open: BTreeMap::new() }
    }

    /// A stream begins; its number.
    pub(super) fn open(&mut self, peer: SocketAddr) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let ear = || Telnet::new(Config::client());
        let ears = self.telnet.then(|| [ear(), ear()]);
        self.open.insert(peer, Stream { number, ears, turn: None });
        number
    }

    /// The agent says something; nothing: it hangs up.
    pub(super) fn said(
        &mut self,
        at: Duration,
        peer: SocketAddr,
        bytes: &[u8],
        is_secret: bool,
    ) -> Vec<Event> {
        self.go_on(at, peer, Side::Agent, bytes, &[], is_secret)
    }

    /// The device says something; nothing: it hangs up.
    pub(super) fn heard(&mut self, at: Duration, output: &Output) -> Vec<Event> {
        self.go_on(at, output.to, Side::Device, &output.bytes, &output.tells, false)
    }

    fn go_on(
        &mut self,
        at: Duration,
        peer: SocketAddr,
        from: Side,
        bytes: &[u8],
        tells: &[Told],
        is_secret: bool,
    ) -> Vec<Event> {
        let Some(stream) = self.open.get_mut(&peer) else { return Vec::new() };
        let mut events = Vec::new();
        if bytes.is_empty() {
            events.extend(stream.turn.take().map(|turn| turn.event(stream.number, &self.redactor)));
            events.push(Event::close(at, stream.number, from));
            self.open.remove(&peer);
            return events;
        }
        let ear = stream.ears.as_mut().and_then(|ears| ears.get_mut(usize::from(from == Side::Device)));
        let text = ear.map_or_else(|| bytes.to_vec(), |ear| ear.receive(bytes).data);
        if text.is_empty() {
            return events;
        }
        match &mut stream.turn {
            Some(turn) if turn.from == from && turn.is_secret == is_secret => {
                turn.bytes.extend(text);
                turn.tells.extend(tells.iter().cloned());
                // A claim is made when it has been said.
                if !tells.is_empty() {
                    turn.at = turn.at.max(at);
                }
            }
            turn => {
                let next = Turn { at, from, bytes: text, tells: tells.to_vec(), is_secret };
                let before = turn.replace(next);
                events.extend(before.map(|turn| turn.event(stream.number, &self.redactor)));
            }
        }
        events
    }

    /// The turns that are being said.
    pub(super) fn take(&mut self) -> Vec<Event> {
        let redactor = &self.redactor;
        let turns = self.open.values_mut().filter_map(|stream| Some((stream.number, stream.turn.take()?)));
        turns.map(|(number, turn)| turn.event(number, redactor)).collect()
    }
}

impl Turn {
    fn event(self, session: u32, redactor: &Redactor) -> Event {
        let Self { at, from, bytes, tells, is_secret } = self;
        let mut event = match String::from_utf8(bytes) {
            // Whatever it is: also a wrong password is one.
            Ok(text) if is_secret => {
                let end = text.trim_start_matches(|c| !matches!(c, '\r' | '\n'));
                Event::say_text(at, session, from, format!("{PLACEHOLDER}{end}"))
            }
            Err(_) if is_secret => Event::say_text(at, session, from, PLACEHOLDER),
            Ok(text) => Event::say_text(at, session, from, text),
            Err(error) => Event::say_hex(at, session, from, Bytes::from(error.into_bytes().as_slice())),
        };
        redactor.redact(&mut event);
        if tells.is_empty() {
            return event;
        }
        let word = |power: Option<Power>| match power {
            Some(Power::On) => "on",
            Some(Power::Off) => "off",
            None => "unknown",
        };
        let tells: serde_json::Map<String, serde_json::Value> =
            tells.into_iter().map(|told| (told.plug, word(told.power).into())).collect();
        event.with(TELLS, tells)
    }
}
