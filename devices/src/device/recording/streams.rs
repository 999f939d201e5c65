//! The streams of a face, in turns.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::turns::Turns;
use fencelab_transcript::{Event, Kind, Side};
use fencelab_wire::telnet::Listener;

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
    turns: Turns,
    /// Where telnet's own bytes are on the wire.
    telnet: Option<Listener>,
    /// What the device claims in the turn that it is saying, and when it last did.
    tells: Vec<Told>,
    told_at: Duration,
}

impl Streams {
    pub(super) fn new(telnet: bool, redactor: Redactor) -> Self {
        Self { telnet, redactor, next: 1, open: BTreeMap::new() }
    }

    /// A stream begins; its number.
    pub(super) fn open(&mut self, peer: SocketAddr) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let turns = Turns::new(number, self.redactor.clone());
        let telnet = self.telnet.then(Listener::default);
        let stream = Stream { turns, telnet, tells: Vec::new(), told_at: Duration::ZERO };
        self.open.insert(peer, stream);
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
        if bytes.is_empty() {
            return self.close(at, peer, Side::Agent);
        }
        let Some(stream) = self.open.get_mut(&peer) else { return Vec::new() };
        if is_secret {
            // Whatever it is: also a wrong password is one.
            stream.turns.expect_secret();
        }
        stream.say(at, Side::Agent, bytes)
    }

    /// A secret that stands in the turn that is being said, or will be said.
    pub(super) fn know(&mut self, peer: SocketAddr, secret: &str) {
        if let Some(stream) = self.open.get_mut(&peer) {
            stream.turns.know("password", secret);
        }
    }

    /// The device says something; nothing: it hangs up.
    pub(super) fn heard(&mut self, at: Duration, output: &Output) -> Vec<Event> {
        if output.bytes.is_empty() {
            return self.close(at, output.to, Side::Device);
        }
        let Some(stream) = self.open.get_mut(&output.to) else { return Vec::new() };
        let events = stream.say(at, Side::Device, &output.bytes);
        if !output.tells.is_empty() {
            stream.tells.extend(output.tells.iter().cloned());
            stream.told_at = at;
        }
        events
    }

    /// The turns that are being said.
    pub(super) fn take(&mut self) -> Vec<Event> {
        let flushed = self.open.values_mut().map(|stream| {
            let events = stream.turns.flush();
            stream.with_tells(events)
        });
        flushed.flatten().collect()
    }

    fn close(&mut self, at: Duration, peer: SocketAddr, by: Side) -> Vec<Event> {
        let Some(mut stream) = self.open.remove(&peer) else { return Vec::new() };
        let mut events = stream.turns.flush();
        events.push(Event::close(at, stream.turns.session(), by));
        stream.with_tells(events)
    }
}

impl Stream {
    fn say(&mut self, at: Duration, from: Side, bytes: &[u8]) -> Vec<Event> {
        let events = match &mut self.telnet {
            Some(telnet) => {
                let text = telnet.hear(from == Side::Device, bytes);
                self.turns.say(at, from, &text)
            }
            None => self.turns.say(at, from, bytes),
        };
        self.with_tells(events)
    }

    /// A claim belongs to the turn that makes it, which is made when it has been said.
    fn with_tells(&mut self, mut events: Vec<Event>) -> Vec<Event> {
        let is_device = |event: &&mut Event| matches!(event.kind, Kind::Say { from: Side::Device, .. });
        let Some(event) = events.iter_mut().find(is_device).filter(|_| !self.tells.is_empty()) else {
            return events;
        };
        let word = |power: Option<Power>| match power {
            Some(Power::On) => "on",
            Some(Power::Off) => "off",
            None => "unknown",
        };
        let tells =
            std::mem::take(&mut self.tells).into_iter().map(|told| (told.plug, word(told.power).into()));
        let tells: serde_json::Map<String, serde_json::Value> = tells.collect();
        event.at = event.at.max(self.told_at);
        event.extra.insert(TELLS.to_owned(), tells.into());
        events
    }
}
