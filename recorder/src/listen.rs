//! From datagrams to events: the wire's listener, and session numbers unique in the transcript.

use std::collections::HashMap;
use std::time::Duration;

use fencelab_transcript::{Event, Map, Side};
use fencelab_wire::ipmi::tap::{Credential, Direction, Seen, Tap};

/// Hands out session numbers, from 1.
#[derive(Debug, Default)]
pub struct Sessions {
    last: u32,
}

impl Sessions {
    fn next(&mut self) -> u32 {
        self.last = self.last.saturating_add(1);
        self.last
    }
}

/// Listens to one client and one BMC.
#[derive(Debug)]
pub struct Listener {
    tap: Tap,
    /// The tap's session → ours, and whether it is open.
    sessions: HashMap<u32, (u32, bool)>,
}

impl Listener {
    /// Knows these logins.
    pub fn new(credentials: Vec<Credential>) -> Self {
        Self { tap: Tap::new(credentials), sessions: HashMap::new() }
    }

    /// What one datagram says, as events; at least one. Any bytes may come.
    pub fn observe(
        &mut self,
        at: Duration,
        direction: Direction,
        datagram: &[u8],
        sessions: &mut Sessions,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for seen in self.tap.observe(direction, datagram) {
            self.event(at, seen, sessions, &mut events);
        }
        events
    }

    fn event(&mut self, at: Duration, seen: Seen, sessions: &mut Sessions, events: &mut Vec<Event>) {
        match seen {
            Seen::Open { session, details } => {
                let number = sessions.next();
                self.sessions.insert(session, (number, true));
                events.push(Event::open(at, number, details));
            }
            Seen::Say { session, from_device, protocol, value, .. } => {
                let number = self.number(at, session, sessions, events);
                events.push(Event::say_object(at, number, side(from_device), protocol, value));
            }
            Seen::Opaque { session, from_device, bytes, why } => {
                let number = self.number(at, session, sessions, events);
                events.push(Event::say_hex(at, number, side(from_device), bytes).with("why", why));
            }
            Seen::Close { session, by_device } => {
                if let Some((number, open @ true)) = self.sessions.get_mut(&session) {
                    *open = false;
                    events.push(Event::close(at, *number, side(by_device)));
                }
            }
        }
    }

    /// Our number of a session of the tap. Nothing is said in a session that is not open: what comes
    /// after its end is outside any session, and one whose start was not seen is opened here.
    fn number(
        &mut self,
        at: Duration,
        session: u32,
        sessions: &mut Sessions,
        events: &mut Vec<Event>,
    ) -> u32 {
        match self.sessions.get(&session) {
            _ if session == 0 => 0,
            Some((number, true)) => *number,
            Some((_, false)) => 0,
            None => {
                let number = sessions.next();
                self.sessions.insert(session, (number, true));
                let mut details = Map::new();
                details.insert("error".into(), "the start of this session was not understood".into());
                events.push(Event::open(at, number, details));
                number
            }
        }
    }
}

/// The side that spoke.
pub(crate) fn side(from_device: bool) -> Side {
    if from_device { Side::Device } else { Side::Agent }
}
