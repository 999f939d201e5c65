//! What is said on a device's own wire, as a transcript's events.

use std::collections::HashMap;
use std::time::Duration;

use fencelab_transcript::{Bytes, Event, Side};
use fencelab_wire::tap::{Direction, Seen, Tap};

/// Events that are kept between two [`Recording::take`]s; later ones are lost.
const EVENT_LIMIT: usize = 1 << 20;

/// Listeners on a device's wire, one a face.
#[derive(Debug)]
pub(super) struct Recording {
    taps: Vec<Box<dyn Tap>>,
    /// The number of each face's session in the whole recording, from 1.
    sessions: HashMap<(usize, u32), u32>,
    events: Vec<Event>,
}

impl Recording {
    pub(super) fn new(taps: Vec<Box<dyn Tap>>) -> Self {
        Self { taps, sessions: HashMap::new(), events: Vec::new() }
    }

    pub(super) fn say(&mut self, at: Duration, face: usize, direction: Direction, bytes: &[u8]) {
        if self.events.len() >= EVENT_LIMIT {
            return;
        }
        let Some(tap) = self.taps.get_mut(face) else { return };
        let side = |from_device: bool| if from_device { Side::Device } else { Side::Agent };
        for seen in tap.observe(direction, bytes) {
            let event = match seen {
                Seen::Open { session, details } => Event::open(at, self.session(face, session), details),
                Seen::Say { session, from_device, protocol, value, .. } => {
                    let session = self.session(face, session);
                    Event::say_object(at, session, side(from_device), protocol, value)
                }
                Seen::Opaque { session, from_device, bytes, why } => {
                    let session = self.session(face, session);
                    Event::say_hex(at, session, side(from_device), Bytes::from(bytes.as_slice()))
                        .with("why", why)
                }
                Seen::Close { session, by_device } => {
                    Event::close(at, self.session(face, session), side(by_device))
                }
            };
            self.events.push(event);
        }
    }

    /// The number in the recording; 0, which is no session, stays.
    fn session(&mut self, face: usize, session: u32) -> u32 {
        if session == 0 {
            return 0;
        }
        let next = u32::try_from(self.sessions.len()).unwrap_or(u32::MAX).saturating_add(1);
        *self.sessions.entry((face, session)).or_insert(next)
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
