//! Events of pairs: who says what to whom, as sessions with two sides.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_transcript::{Event, Kind, Map, Mark, Side};
use serde_json::Value;

/// The latest time that a transcript can hold; what is later comes of a damaged file.
const LATEST: Duration = Duration::from_secs(999_999_999);

/// The sessions of a transcript under construction; `E` is an end of one.
pub(super) struct Sessions<E> {
    start: Option<Duration>,
    last: Duration,
    /// The ends of each, the agent's first.
    numbers: BTreeMap<(E, E), u32>,
    /// With the place of the session's `open` for those that open one.
    events: Vec<Event>,
}

impl<E: Clone + Ord> Sessions<E> {
    pub(super) fn new() -> Self {
        Self { start: None, last: Duration::ZERO, numbers: BTreeMap::new(), events: Vec::new() }
    }

    /// Seconds since the first event; time never goes back.
    fn at(&mut self, time: Duration) -> Duration {
        let start = *self.start.get_or_insert(time);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = Duration::from_micros(micros(time).saturating_sub(micros(start))).min(LATEST);
        self.last = self.last.max(at);
        self.last
    }

    /// Says something from one end to another; the place of the event. `is_group`: the other end is a multicast group, so
    /// that all who speak are agents. Between two, the lesser end is the agent.
    pub(super) fn say(
        &mut self,
        time: Duration,
        (from, to): (E, E),
        is_group: bool,
        protocol: &str,
        value: Value,
        all: E,
    ) -> usize {
        let (ends, side) = match (is_group, from <= to) {
            (true, _) => ((all, to), Side::Agent),
            (false, true) => ((from, to), Side::Agent),
            (false, false) => ((to, from), Side::Device),
        };
        self.put(time, ends, side, protocol, value)
    }

    /// The same, where the sides are known.
    pub(super) fn put(
        &mut self,
        time: Duration,
        ends: (E, E),
        side: Side,
        protocol: &str,
        value: Value,
    ) -> usize {
        let at = self.at(time);
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        let session = *self.numbers.entry(ends).or_insert(next);
        if session == next {
            self.events.push(Event::open(at, session, Map::new()));
        }
        self.events.push(Event::say_object(at, session, side, protocol, value));
        self.events.len() - 1
    }

    /// A remark of something that concerns all.
    pub(super) fn note(&mut self, time: Duration, text: String, more: Map) {
        let at = self.at(time);
        let mut note = Event::mark(at, 0, Mark::new(Mark::NOTE)).with("text", text);
        note.extra.extend(more);
        self.events.push(note);
    }

    /// The object of an event that was said.
    pub(super) fn object(&mut self, place: usize) -> Option<&mut Map> {
        match &mut self.events.get_mut(place)?.kind {
            Kind::Say { body: fencelab_transcript::Body::Object { value, .. }, .. } => value.as_object_mut(),
            _ => None,
        }
    }

    /// The time of the first event, and all events; `details` gives what is known of a session's ends.
    pub(super) fn end(mut self, details: impl Fn(&E, &E) -> Map) -> (Duration, Vec<Event>) {
        let ends: BTreeMap<u32, &(E, E)> =
            self.numbers.iter().map(|(ends, number)| (*number, ends)).collect();
        for event in &mut self.events {
            if let (Kind::Open(open), Some((agent, device))) = (&mut event.kind, ends.get(&event.session)) {
                *open = details(agent, device);
            }
        }
        (self.start.unwrap_or_default(), self.events)
    }
}
