//! What is said on a device's own wire, as a transcript's events.

mod streams;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::{Bytes, Event, Side};
use fencelab_wire::tap::{Direction, Seen, Tap};

use super::Output;
use crate::face::Listener;
use streams::Streams;

/// Events that are kept between two [`Recording::take`]s; later ones are lost.
const EVENT_LIMIT: usize = 1 << 20;

/// Listeners on a device's wire, one a face.
#[derive(Debug)]
pub(super) struct Recording {
    listeners: Vec<Ear>,
    sessions: Sessions,
    events: Vec<Event>,
}

/// A listener at work.
#[derive(Debug)]
enum Ear {
    Datagrams(Box<dyn Tap>),
    Streams(Streams),
}

/// The number of each face's session in the whole recording, from 1.
#[derive(Debug, Default)]
struct Sessions(HashMap<(usize, u32), u32>);

impl Sessions {
    /// The number in the recording; 0, which is no session, stays.
    fn number(&mut self, face: usize, session: u32) -> u32 {
        if session == 0 {
            return 0;
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1);
        *self.0.entry((face, session)).or_insert(next)
    }
}

impl Recording {
    pub(super) fn new(listeners: Vec<Listener>) -> Self {
        let ear = |listener| match listener {
            Listener::Datagrams(tap) => Ear::Datagrams(tap),
            Listener::Streams { telnet, redactor } => Ear::Streams(Streams::new(telnet, redactor)),
        };
        let listeners = listeners.into_iter().map(ear).collect();
        Self { listeners, sessions: Sessions::default(), events: Vec::new() }
    }

    /// A stream begins.
    pub(super) fn open(&mut self, at: Duration, face: usize, peer: SocketAddr, user: Option<&str>) {
        if let Some(Ear::Streams(streams)) = self.listeners.get_mut(face) {
            let number = streams.open(peer);
            let session = self.sessions.number(face, number);
            let mut details = fencelab_transcript::Map::new();
            details.extend(user.map(|user| ("user".to_owned(), user.into())));
            self.events.push(Event::open(at, session, details));
        }
    }

    /// Something reaches a face. `is_secret`: it is a password.
    pub(super) fn say(&mut self, at: Duration, face: usize, peer: SocketAddr, bytes: &[u8], is_secret: bool) {
        if self.events.len() >= EVENT_LIMIT {
            return;
        }
        match self.listeners.get_mut(face) {
            Some(Ear::Streams(streams)) => {
                let events = streams.said(at, peer, bytes, is_secret);
                self.keep(face, events);
            }
            Some(Ear::Datagrams(_)) => self.tap(at, face, Direction::ToDevice, bytes),
            None => {}
        }
    }

    /// What somebody has just said holds a secret that no prompt had asked for.
    pub(super) fn know(&mut self, face: usize, peer: SocketAddr, secret: &str) {
        if let Some(Ear::Streams(streams)) = self.listeners.get_mut(face) {
            streams.know(peer, secret);
        }
    }

    /// Something of a face goes out.
    pub(super) fn hear(&mut self, at: Duration, output: &Output) {
        if self.events.len() >= EVENT_LIMIT {
            return;
        }
        match self.listeners.get_mut(output.face) {
            Some(Ear::Streams(streams)) => {
                let events = streams.heard(at, output);
                self.keep(output.face, events);
            }
            Some(Ear::Datagrams(_)) => self.tap(at, output.face, Direction::FromDevice, &output.bytes),
            None => {}
        }
    }

    fn keep(&mut self, face: usize, events: Vec<Event>) {
        for mut event in events {
            event.session = self.sessions.number(face, event.session);
            self.events.push(event);
        }
    }

    fn tap(&mut self, at: Duration, face: usize, direction: Direction, bytes: &[u8]) {
        let Some(Ear::Datagrams(tap)) = self.listeners.get_mut(face) else { return };
        let side = |from_device: bool| if from_device { Side::Device } else { Side::Agent };
        for seen in tap.observe(direction, bytes) {
            let event = match seen {
                Seen::Open { session, details } => {
                    Event::open(at, self.sessions.number(face, session), details)
                }
                Seen::Say { session, from_device, protocol, value, .. } => {
                    let session = self.sessions.number(face, session);
                    Event::say_object(at, session, side(from_device), protocol, value)
                }
                Seen::Opaque { session, from_device, bytes, why } => {
                    let session = self.sessions.number(face, session);
                    Event::say_hex(at, session, side(from_device), Bytes::from(bytes.as_slice()))
                        .with("why", why)
                }
                Seen::Close { session, by_device } => {
                    Event::close(at, self.sessions.number(face, session), side(by_device))
                }
            };
            self.events.push(event);
        }
    }

    /// What was said since the last call. A turn that is still being said is among it.
    pub(super) fn take(&mut self) -> Vec<Event> {
        for face in 0..self.listeners.len() {
            if let Some(Ear::Streams(streams)) = self.listeners.get_mut(face) {
                let events = streams.take();
                self.keep(face, events);
            }
        }
        let mut events = std::mem::take(&mut self.events);
        // Turns of several sessions end in another order than they begin.
        events.sort_by_key(|event| event.at);
        events
    }
}
