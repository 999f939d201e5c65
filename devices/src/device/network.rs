//! The network between an agent and a device: where datagrams are lost, late, twice, torn.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::{INWARD, OUTWARD};
use crate::fault::{Direction, Engine, FaultKind, Group, Op};

/// A datagram for an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Output {
    /// The face's index.
    pub face: usize,
    /// Where it goes.
    pub to: SocketAddr,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A datagram on its way to a face.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) due: Duration,
    /// The number of its request among those that came since the faults are there; 0: it came before.
    pub(super) exchange: u32,
    pub(super) face: usize,
    pub(super) peer: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// Datagrams on their way, both ways.
#[derive(Debug, Default)]
pub(super) struct Network {
    arrivals: Queue,
    departures: Queue,
    /// When the last datagram reached a face.
    pub(super) last_processed: Duration,
}

/// One way, by due time; those of the same time in the order of their coming. Bounded: a full one loses its newest, as
/// networks do.
#[derive(Debug, Default)]
struct Queue(VecDeque<Waiting>);

#[derive(Debug)]
struct Waiting {
    due: Duration,
    exchange: u32,
    /// Waits to be overtaken by the next one.
    held: bool,
    face: usize,
    peer: SocketAddr,
    bytes: Vec<u8>,
}

const QUEUE_LIMIT: usize = 1024;
/// A reordered datagram that no other one overtakes comes so late.
const REORDER_LIMIT: Duration = Duration::from_secs(1);

impl Network {
    pub(super) fn arrive(
        &mut self,
        now: Duration,
        faults: &mut Engine,
        op: Op,
        face: usize,
        peer: SocketAddr,
        bytes: &[u8],
    ) {
        for datagram in suffer(now, faults, INWARD, op, bytes.to_vec()) {
            self.arrivals.push(datagram, face, peer);
        }
    }

    pub(super) fn leave(&mut self, at: Duration, faults: &mut Engine, op: Op, output: Output) {
        let Output { face, to, bytes } = output;
        if faults.is_empty() {
            self.departures.push(Datagram { due: at, exchange: 0, held: false, bytes }, face, to);
            return;
        }
        for datagram in suffer(at, faults, OUTWARD, op, bytes) {
            self.departures.push(datagram, face, to);
        }
    }

    pub(super) fn next_arrival(&mut self, now: Duration) -> Option<Arrival> {
        let Waiting { due, exchange, face, peer, bytes, .. } = self.arrivals.pop(now)?;
        Some(Arrival { due, exchange, face, peer, bytes })
    }

    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(Duration, Output)> {
        let departed = std::iter::from_fn(|| self.departures.pop(now));
        departed
            .map(|Waiting { due, face, peer, bytes, .. }| (due, Output { face, to: peer, bytes }))
            .collect()
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        [&self.arrivals, &self.departures].into_iter().filter_map(Queue::next).min()
    }

    /// The faults are gone: nothing is held back any longer, and what is under way belongs to none of the requests that the
    /// next ones count.
    pub(super) fn release_held(&mut self) {
        self.arrivals.release(Duration::ZERO);
        self.departures.release(Duration::ZERO);
        self.arrivals.0.iter_mut().for_each(|waiting| waiting.exchange = 0);
    }
}

impl Queue {
    fn push(&mut self, datagram: Datagram, face: usize, peer: SocketAddr) {
        let Datagram { due, exchange, held, bytes } = datagram;
        let due = if held { due.saturating_add(REORDER_LIMIT) } else { due };
        self.insert(Waiting { due, exchange, held, face, peer, bytes });
        if !held {
            self.release(due);
        }
    }

    fn insert(&mut self, waiting: Waiting) {
        if self.0.len() >= QUEUE_LIMIT {
            return;
        }
        let index = self.0.iter().rposition(|other| other.due <= waiting.due).map_or(0, |index| index + 1);
        self.0.insert(index, waiting);
    }

    /// Those that wait to be overtaken come right after `due`.
    fn release(&mut self, due: Duration) {
        while let Some(index) = self.0.iter().position(|waiting| waiting.held) {
            let Some(mut waiting) = self.0.remove(index) else { return };
            waiting.held = false;
            waiting.due = due;
            self.insert(waiting);
        }
    }

    fn pop(&mut self, now: Duration) -> Option<Waiting> {
        self.0.pop_front_if(|waiting| waiting.due <= now)
    }

    fn next(&self) -> Option<Duration> {
        self.0.front().map(|waiting| waiting.due)
    }
}

/// A datagram after the faults.
#[derive(Clone, Debug)]
struct Datagram {
    due: Duration,
    exchange: u32,
    held: bool,
    bytes: Vec<u8>,
}

/// What comes of a datagram, and when.
fn suffer(now: Duration, faults: &mut Engine, direction: Direction, op: Op, bytes: Vec<u8>) -> Vec<Datagram> {
    let network = |kind: &FaultKind| (kind.entry().group == Group::Network).then(|| kind.clone());
    let mut datagrams = vec![Datagram { due: now, exchange: faults.exchange(), held: false, bytes }];
    for (kind, _) in faults.acting(now, Some(direction), op, network) {
        match kind {
            FaultKind::Drop => datagrams.clear(),
            FaultKind::Delay(time) => {
                datagrams.iter_mut().for_each(|datagram| datagram.due = datagram.due.saturating_add(time))
            }
            FaultKind::Duplicate => {
                datagrams = datagrams.into_iter().flat_map(|datagram| [datagram.clone(), datagram]).collect()
            }
            FaultKind::Reorder => datagrams.iter_mut().for_each(|datagram| datagram.held = true),
            FaultKind::Cut(length) => {
                datagrams.iter_mut().for_each(|datagram| datagram.bytes.truncate(usize::from(length)))
            }
            FaultKind::Split(length) => {
                datagrams =
                    datagrams.into_iter().flat_map(|datagram| split(datagram, usize::from(length))).collect()
            }
            FaultKind::Garble(place) => {
                datagrams.iter_mut().for_each(|datagram| garble(&mut datagram.bytes, usize::from(place)))
            }
            _ => {}
        }
        // Faults multiply; a few copies show all that can be shown.
        datagrams.truncate(16);
    }
    datagrams
}

fn split(mut datagram: Datagram, length: usize) -> Vec<Datagram> {
    if length == 0 || length >= datagram.bytes.len() {
        return vec![datagram];
    }
    let rest = Datagram { bytes: datagram.bytes.split_off(length), ..datagram };
    vec![datagram, rest]
}

fn garble(bytes: &mut [u8], place: usize) {
    let Some(place) = place.checked_rem(bytes.len()) else { return };
    if let Some(byte) = bytes.get_mut(place) {
        *byte = !*byte;
    }
}
