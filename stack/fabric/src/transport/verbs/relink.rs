//! How two nodes make a connection anew, sans-I/O.
//!
//! A queue pair that has failed does not come back: each end makes another, and must know the number and the first packet of the
//! other's. They call each other by datagrams, which may be lost, doubled and late. An end carries messages only when it has heard
//! that the other is connected to it: a packet to a queue pair that waits for another number might be taken for one that came before.

use std::time::Duration;

use quanta::Instant;
use serde::{Deserialize, Serialize};

/// What is not answered is said again after so long.
const AGAIN: Duration = Duration::from_millis(100);

/// A queue pair of a connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Half {
    /// Its number.
    pub(super) queue: u32,
    /// The number of the first packet that it sends.
    pub(super) packet: u32,
    /// How many of its node were there for this connection before it.
    pub(super) made: u64,
}

/// What an end says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// Its queue pair.
    own: Half,
    /// To which it is connected.
    to: Option<Half>,
    /// It has heard the same of the other, and needs no answer.
    is_sure: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// The queue pair has failed, or is none of the other's any more.
    Broken,
    /// It is new, and not connected.
    Fresh,
    Connected {
        to: Half,
        is_sure: bool,
    },
}

/// An end of a connection.
#[derive(Debug)]
pub(super) struct Relink {
    own: Half,
    state: State,
    /// Of the other's queue pairs that were heard of, the last.
    newest: u64,
    /// When it says something again. `None`: there is nothing to say.
    due: Option<Instant>,
}

impl Relink {
    /// Both ends were told of each other.
    pub(super) fn connected(own: Half, to: Half) -> Self {
        Self { own, state: State::Connected { to, is_sure: true }, newest: to.made, due: None }
    }

    /// Its queue pair.
    pub(super) fn own(&self) -> Half {
        self.own
    }

    /// The other's queue pair that this one is connected to.
    pub(super) fn to(&self) -> Option<Half> {
        match self.state {
            State::Connected { to, .. } => Some(to),
            State::Broken | State::Fresh => None,
        }
    }

    /// Whether it carries messages.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Connected { is_sure: true, .. })
    }

    /// The queue pair has failed.
    pub(super) fn lost(&mut self) {
        self.state = State::Broken;
    }

    /// Whether another queue pair is to take the place of this one.
    pub(super) fn wants_another(&self) -> bool {
        self.state == State::Broken
    }

    /// There is another queue pair.
    pub(super) fn renew(&mut self, queue: u32, packet: u32, now: Instant) {
        self.own = Half { queue, packet, made: self.own.made + 1 };
        self.state = State::Fresh;
        self.due = Some(now);
    }

    /// The other end has said this. Answers to what the queue pair is to be connected now.
    pub(super) fn hear(&mut self, call: Call, now: Instant) -> Option<Half> {
        if call.own.made < self.newest {
            return None;
        }
        self.newest = call.own.made;
        match &mut self.state {
            State::Broken => None,
            State::Fresh if call.to.is_none_or(|to| to == self.own) => {
                self.state = State::Connected { to: call.own, is_sure: call.to.is_some() };
                self.due = Some(now);
                Some(call.own)
            }
            // It is connected to one of ours that is no more, and does not know.
            State::Fresh => {
                self.due = Some(now);
                None
            }
            State::Connected { to, is_sure } if *to == call.own => {
                *is_sure |= call.to == Some(self.own);
                self.due = (!call.is_sure || !*is_sure).then_some(now);
                None
            }
            State::Connected { .. } => {
                self.state = State::Broken;
                None
            }
        }
    }

    /// What is to be said now.
    pub(super) fn say(&mut self, now: Instant) -> Option<Call> {
        self.due.filter(|due| *due <= now)?;
        let (to, is_sure) = match self.state {
            State::Broken => return None,
            State::Fresh => (None, false),
            State::Connected { to, is_sure } => (Some(to), is_sure),
        };
        // Who is sure has said so once; the other asks again if it did not hear.
        self.due = (!is_sure).then(|| now + AGAIN);
        Some(Call { own: self.own, to, is_sure })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn half(queue: u32, made: u64) -> Half {
        Half { queue, packet: queue * 7, made }
    }

    /// Two ends, what is under way to each, and what each queue pair was connected to.
    struct Pair {
        ends: [Relink; 2],
        under_way: [Vec<Call>; 2],
        connected: Vec<(Half, Half)>,
        queues: u32,
        now: Instant,
    }

    impl Pair {
        fn new() -> Self {
            let (first, second) = (half(1, 0), half(2, 0));
            Self {
                ends: [Relink::connected(first, second), Relink::connected(second, first)],
                under_way: [Vec::new(), Vec::new()],
                connected: vec![(first, second), (second, first)],
                queues: 2,
                now: Instant::now(),
            }
        }

        /// Both do what there is to do, and the time for saying things again comes.
        fn step(&mut self) {
            self.now += AGAIN;
            for end in 0..2 {
                if self.ends[end].wants_another() {
                    self.queues += 1;
                    self.ends[end].renew(self.queues, self.queues * 7, self.now);
                }
                self.under_way[1 - end].extend(self.ends[end].say(self.now));
            }
        }

        fn deliver(&mut self, end: usize, call: Call) {
            if let Some(to) = self.ends[end].hear(call, self.now) {
                self.connected.push((self.ends[end].own, to));
            }
        }

        /// What an end is connected to when it carries messages, is connected to that end: no packet goes astray.
        fn check(&self) {
            let [first, second] = &self.ends;
            for end in [first, second] {
                if let State::Connected { to, is_sure: true } = end.state {
                    assert!(self.connected.contains(&(to, end.own)), "{:?}", self.ends);
                }
            }
            // A queue pair is connected once.
            for (place, (own, _)) in self.connected.iter().enumerate() {
                assert!(self.connected[..place].iter().all(|(before, _)| before != own), "{own:?}");
            }
        }

        fn settle(&mut self) {
            for _ in 0..12 {
                self.step();
                for end in 0..2 {
                    for call in std::mem::take(&mut self.under_way[end]) {
                        self.deliver(end, call);
                    }
                }
                self.check();
            }
            assert!(self.ends.iter().all(Relink::is_up), "{:?}", self.ends);
            assert!(self.ends.iter().all(|end| end.due.is_none()), "they go on talking: {:?}", self.ends);
        }
    }

    #[derive(Clone, Debug)]
    enum Event {
        Lose(usize),
        Step,
        /// The call at this place, of those under way to this end, comes, and stays under way if it is doubled.
        Come(usize, usize, bool),
        Drop(usize, usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            1 => (0usize..2).prop_map(Event::Lose),
            3 => Just(Event::Step),
            4 => (0usize..2, 0usize..8, any::<bool>()).prop_map(|(end, place, twice)| Event::Come(end, place, twice)),
            1 => (0usize..2, 0usize..8).prop_map(|(end, place)| Event::Drop(end, place)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever is lost, late or doubled, they come together once calls get through.
        #[test]
        fn they_come_together(events in prop::collection::vec(event(), 0..60)) {
            let mut pair = Pair::new();
            for event in events {
                match event {
                    Event::Lose(end) => pair.ends[end].lost(),
                    Event::Step => pair.step(),
                    Event::Come(end, place, twice) => {
                        let Some(call) = pair.under_way[end].get(place).copied() else { continue };
                        if !twice {
                            pair.under_way[end].remove(place);
                        }
                        pair.deliver(end, call);
                    }
                    Event::Drop(end, place) => {
                        if place < pair.under_way[end].len() {
                            pair.under_way[end].remove(place);
                        }
                    }
                }
                pair.check();
            }
            pair.settle();
        }
    }

    #[test]
    fn one_end_that_loses_it_takes_the_other_along() {
        let mut pair = Pair::new();
        pair.ends[0].lost();
        assert!(!pair.ends[0].is_up() && pair.ends[1].is_up());
        pair.settle();
        assert_eq!(pair.ends.each_ref().map(|end| end.own.made), [1, 1]);
    }

    #[test]
    fn a_pair_that_is_well_says_nothing() {
        let mut pair = Pair::new();
        pair.step();
        assert!(pair.under_way.iter().all(Vec::is_empty));
    }
}
