//! From datagrams to events: a listener of the wire for each client, and session numbers unique in the transcript.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

use fencelab_transcript::{Bytes, Event, Map, Side};
use fencelab_wire::tap::{Direction, Seen, Tap};

use crate::link::{Datagrams, Taps};

/// Listens to one device and all that speak to it, in one recording. Clients are told apart by `C`.
pub struct Listeners<C> {
    link: Datagrams,
    taps: Taps,
    of: HashMap<C, Listener>,
    numbers: Sessions,
    redacted: BTreeSet<&'static str>,
}

impl<C: Eq + Hash> Listeners<C> {
    /// Knows what listens to a link, with its credentials.
    pub fn new(link: &Datagrams) -> Self {
        let (of, numbers, redacted) = (HashMap::new(), Sessions::default(), BTreeSet::new());
        Self { link: link.clone(), taps: link.taps(), of, numbers, redacted }
    }

    /// What one datagram says, as events; at least one. Any bytes may come.
    pub fn observe(&mut self, client: C, at: Duration, direction: Direction, datagram: &[u8]) -> Vec<Event> {
        let Self { link, taps, of, numbers, redacted } = self;
        let listener = of.entry(client).or_insert_with(|| Listener::new(taps()));
        let mut recording = Recording { at, link, numbers, redacted, events: Vec::new() };
        for seen in listener.tap.observe(direction, datagram) {
            listener.event(seen, &mut recording);
        }
        recording.events
    }

    /// Forgets a client: what it says from now on belongs to new sessions.
    pub fn forget(&mut self, client: &C) {
        self.of.remove(client);
    }

    /// What has been masked so far, by the names that stand in a header's `redacted`.
    pub fn redacted(&self) -> impl Iterator<Item = &'static str> {
        self.redacted.iter().copied()
    }
}

/// What becomes of one datagram, and what the listeners share.
struct Recording<'a> {
    at: Duration,
    link: &'a Datagrams,
    numbers: &'a mut Sessions,
    redacted: &'a mut BTreeSet<&'static str>,
    events: Vec<Event>,
}

/// Hands out session numbers, from 1.
#[derive(Debug, Default)]
struct Sessions {
    last: u32,
}

impl Sessions {
    fn next(&mut self) -> u32 {
        self.last = self.last.saturating_add(1);
        self.last
    }
}

/// Sessions remembered at a time; of more, those that began first are forgotten.
const SESSIONS_MAX: usize = 4096;

/// Listens to one client and one device.
#[derive(Debug)]
struct Listener {
    tap: Box<dyn Tap>,
    /// By the tap's number.
    sessions: BTreeMap<u32, Session>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    /// Its number in the transcript.
    number: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    SettingUp,
    Open,
    Closed,
}

impl Listener {
    fn new(tap: Box<dyn Tap>) -> Self {
        Self { tap, sessions: BTreeMap::new() }
    }

    fn event(&mut self, seen: Seen, recording: &mut Recording<'_>) {
        let at = recording.at;
        match seen {
            Seen::Open { session, details } => {
                let mut known = self.session(session, recording.numbers);
                if known.stage != Stage::SettingUp {
                    // It was taken for one whose start was not heard: this is another.
                    known.number = recording.numbers.next();
                }
                self.sessions.insert(session, Session { stage: Stage::Open, ..known });
                recording.events.push(Event::open(at, known.number, details));
            }
            Seen::Say { session, from_device, protocol, mut value, redacted, sets_up } => {
                recording.redacted.extend(redacted);
                recording.redacted.extend(recording.link.clean(&mut value));
                let number = self.speaking(session, sets_up, recording);
                recording.events.push(Event::say_object(at, number, side(from_device), protocol, value));
            }
            Seen::Opaque { session, from_device, bytes, why } => {
                let known = self.sessions.get(&session).filter(|known| known.stage == Stage::Open);
                let number = known.map_or(0, |known| known.number);
                let mut masked = Bytes::from(bytes.as_slice());
                for (range, name) in recording.link.protocol().secrets(&bytes) {
                    if masked.mask(range) {
                        recording.redacted.insert(name);
                    }
                }
                recording.events.push(Event::say_hex(at, number, side(from_device), masked).with("why", why));
            }
            Seen::Close { session, by_device } => {
                if let Some(known) =
                    self.sessions.get_mut(&session).filter(|known| known.stage == Stage::Open)
                {
                    known.stage = Stage::Closed;
                    recording.events.push(Event::close(at, known.number, side(by_device)));
                }
            }
        }
    }

    /// A session of the tap, new if need be.
    fn session(&mut self, session: u32, numbers: &mut Sessions) -> Session {
        if self.sessions.len() >= SESSIONS_MAX && !self.sessions.contains_key(&session) {
            self.sessions.pop_first();
        }
        let new = || Session { number: numbers.next(), stage: Stage::SettingUp };
        *self.sessions.entry(session).or_insert_with(new)
    }

    /// The number under which something is said. Only what sets a session up is said before it is open;
    /// a session whose set-up was not heard is opened here. What comes after its end is outside any.
    fn speaking(&mut self, session: u32, sets_up: bool, recording: &mut Recording<'_>) -> u32 {
        if session == 0 {
            return 0;
        }
        let known = self.session(session, recording.numbers);
        match known.stage {
            Stage::Open => known.number,
            Stage::SettingUp if sets_up => known.number,
            Stage::SettingUp => {
                self.sessions.insert(session, Session { stage: Stage::Open, ..known });
                let mut details = Map::new();
                details.insert("unheard".into(), "the start of this session was not recorded".into());
                recording.events.push(Event::open(recording.at, known.number, details));
                known.number
            }
            Stage::Closed => 0,
        }
    }
}

/// The side that spoke.
pub(crate) fn side(from_device: bool) -> Side {
    if from_device { Side::Device } else { Side::Agent }
}
