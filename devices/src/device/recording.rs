//! What is said on a device's own wire, as a transcript's events.

use std::time::Duration;

use fencelab_transcript::{Bytes, Event, Side};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::tap::{Direction, Seen, Tap as _};

use super::Credentials;

/// Events that are kept between two [`Recording::take`]s; later ones are lost.
const EVENT_LIMIT: usize = 1 << 20;

/// A listener on a device's wire.
#[derive(Debug)]
pub(super) struct Recording {
    tap: Tap,
    events: Vec<Event>,
}

impl Recording {
    pub(super) fn new(credentials: &Credentials) -> Self {
        let password = Secret::from(credentials.password.as_str());
        let kg = credentials.kg.as_deref().map(Secret::from);
        let tap = Tap::new(vec![Credential { username: None, password, kg }]);
        Self { tap, events: Vec::new() }
    }

    pub(super) fn say(&mut self, at: Duration, to_device: bool, bytes: &[u8]) {
        if self.events.len() >= EVENT_LIMIT {
            return;
        }
        let direction = if to_device { Direction::ToDevice } else { Direction::FromDevice };
        let side = |from_device: bool| if from_device { Side::Device } else { Side::Agent };
        for seen in self.tap.observe(direction, bytes) {
            self.events.push(match seen {
                Seen::Open { session, details } => Event::open(at, session, details),
                Seen::Say { session, from_device, protocol, value, .. } => {
                    Event::say_object(at, session, side(from_device), protocol, value)
                }
                Seen::Opaque { session, from_device, bytes, why } => {
                    Event::say_hex(at, session, side(from_device), Bytes::from(bytes.as_slice()))
                        .with("why", why)
                }
                Seen::Close { session, by_device } => Event::close(at, session, side(by_device)),
            });
        }
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
