//! The network between an agent and a device: where datagrams are lost, late, twice, torn. On a stream these are the pieces in
//! which it comes; they keep their order, and one without bytes is its end.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::{INWARD, OUTWARD};
use crate::face::Told;
use crate::fault::{Direction, Engine, FaultKind, Group, Op};

/// A datagram for an agent, or a piece of a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Output {
    /// The face's index.
    pub face: usize,
    /// Where it goes.
    pub to: SocketAddr,
    /// Its bytes; on a stream none are its end.
    pub bytes: Vec<u8>,
    /// What it tells of plugs, where only the device can say so, and as long as it is whole.
    pub tells: Vec<Told>,
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
    /// When the last piece of each stream is due, each way.
    streams: HashMap<(usize, SocketAddr), [Duration; 2]>,
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
    tells: Vec<Told>,
}

const QUEUE_LIMIT: usize = 1024;
/// A reordered datagram that no other one overtakes comes so late.
const REORDER_LIMIT: Duration = Duration::from_secs(1);
/// Pieces of a torn stream come so long after each other: on a real network they would be read as one otherwise.
const TORN: Duration = Duration::from_millis(20);

impl Network {
    /// Something for a face. `stream`: it is a piece of one.
    pub(super) fn arrive(
        &mut self,
        now: Duration,
        faults: &mut Engine,
        op: Op,
        (face, peer, stream): (usize, SocketAddr, bool),
        bytes: &[u8],
    ) {
        let datagram = Datagram::new(now, faults.exchange(), bytes.to_vec(), Vec::new());
        let datagrams = if stream && bytes.is_empty() {
            vec![datagram]
        } else {
            suffer(now, faults, INWARD, op, stream, datagram)
        };
        for mut datagram in datagrams {
            if stream {
                datagram.due = self.in_order(face, peer, 0, datagram.due);
            }
            self.arrivals.push(datagram, face, peer);
        }
    }

    /// Something of a face.
    pub(super) fn leave(&mut self, at: Duration, faults: &mut Engine, op: Op, stream: bool, output: Output) {
        let Output { face, to, bytes, tells } = output;
        let is_end = stream && bytes.is_empty();
        let mut datagrams = vec![Datagram::new(at, faults.exchange(), bytes, tells)];
        if !faults.is_empty() && !is_end {
            datagrams = datagrams
                .into_iter()
                .flat_map(|datagram| suffer(at, faults, OUTWARD, op, stream, datagram))
                .collect();
        }
        for mut datagram in datagrams {
            if stream {
                datagram.due = self.in_order(face, to, 1, datagram.due);
            }
            self.departures.push(datagram, face, to);
        }
        if is_end {
            self.streams.remove(&(face, to));
        }
    }

    /// Something goes to `to` at once, beside the faults and the face; nothing is no end.
    pub(super) fn pass(&mut self, now: Duration, face: usize, to: SocketAddr, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.departures.push(Datagram::new(now, 0, bytes, Vec::new()), face, to);
        }
    }

    /// A stream is ended at once.
    pub(super) fn hang_up(&mut self, now: Duration, face: usize, to: SocketAddr) {
        self.departures.push(Datagram::new(now, 0, Vec::new(), Vec::new()), face, to);
    }

    /// The pieces of a stream do not overtake each other.
    fn in_order(&mut self, face: usize, peer: SocketAddr, way: usize, due: Duration) -> Duration {
        let last = self.streams.entry((face, peer)).or_default();
        let Some(last) = last.get_mut(way) else { return due };
        *last = due.max(*last);
        *last
    }

    /// A stream is over: nothing of it waits any longer.
    pub(super) fn end(&mut self, face: usize, peer: SocketAddr) {
        self.streams.remove(&(face, peer));
        self.departures.0.retain(|waiting| waiting.face != face || waiting.peer != peer);
    }

    pub(super) fn next_arrival(&mut self, now: Duration) -> Option<Arrival> {
        let Waiting { due, exchange, face, peer, bytes, .. } = self.arrivals.pop(now)?;
        Some(Arrival { due, exchange, face, peer, bytes })
    }

    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(Duration, Output)> {
        let departed = std::iter::from_fn(|| self.departures.pop(now));
        departed
            .map(|Waiting { due, face, peer, bytes, tells, .. }| {
                (due, Output { face, to: peer, bytes, tells })
            })
            .collect()
    }

    /// Those of one face only.
    pub(super) fn take_due_of(&mut self, now: Duration, face: usize) -> Vec<(Duration, Output)> {
        let departed = std::iter::from_fn(|| self.departures.pop_of(now, face));
        departed
            .map(|Waiting { due, face, peer, bytes, tells, .. }| {
                (due, Output { face, to: peer, bytes, tells })
            })
            .collect()
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        [&self.arrivals, &self.departures].into_iter().filter_map(Queue::next).min()
    }

    /// When something arrives at any face, or leaves this one.
    pub(super) fn next_wake_of(&self, face: usize) -> Option<Duration> {
        let leaves = self.departures.0.iter().find(|waiting| waiting.face == face).map(|waiting| waiting.due);
        [self.arrivals.next(), leaves].into_iter().flatten().min()
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
        let Datagram { due, exchange, held, bytes, tells } = datagram;
        let due = if held { due.saturating_add(REORDER_LIMIT) } else { due };
        self.insert(Waiting { due, exchange, held, face, peer, bytes, tells });
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

    fn pop_of(&mut self, now: Duration, face: usize) -> Option<Waiting> {
        let of_face = |waiting: &Waiting| waiting.face == face;
        let index = self.0.iter().take_while(|waiting| waiting.due <= now).position(of_face)?;
        self.0.remove(index)
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
    tells: Vec<Told>,
}

impl Datagram {
    fn new(due: Duration, exchange: u32, bytes: Vec<u8>, tells: Vec<Told>) -> Self {
        Self { due, exchange, held: false, bytes, tells }
    }

    /// Its bytes are not those that the device said.
    fn is_changed(&mut self) {
        self.tells.clear();
    }
}

/// What comes of a datagram, and when.
fn suffer(
    now: Duration,
    faults: &mut Engine,
    direction: Direction,
    op: Op,
    stream: bool,
    datagram: Datagram,
) -> Vec<Datagram> {
    let network = |kind: &FaultKind| (kind.entry().group == Group::Network).then(|| kind.clone());
    let mut datagrams = vec![datagram];
    for (kind, _) in faults.acting(now, Some(direction), op, network) {
        match kind {
            FaultKind::Drop => datagrams.clear(),
            FaultKind::Delay(time) => {
                datagrams.iter_mut().for_each(|datagram| datagram.due = datagram.due.saturating_add(time))
            }
            // A stream brings each byte once, and in order.
            FaultKind::Duplicate if !stream => {
                datagrams = datagrams.into_iter().flat_map(|datagram| [datagram.clone(), datagram]).collect()
            }
            FaultKind::Reorder if !stream => datagrams.iter_mut().for_each(|datagram| datagram.held = true),
            FaultKind::Cut(length) => datagrams.iter_mut().for_each(|datagram| {
                if datagram.bytes.len() > usize::from(length) {
                    datagram.bytes.truncate(usize::from(length));
                    datagram.is_changed();
                }
            }),
            FaultKind::Split(length) => {
                let later = if stream { TORN } else { Duration::ZERO };
                let split = |datagram| split(datagram, usize::from(length), later);
                datagrams = datagrams.into_iter().flat_map(split).collect()
            }
            FaultKind::Garble(place) => datagrams.iter_mut().for_each(|datagram| {
                garble(&mut datagram.bytes, usize::from(place));
                // On a stream all the other bytes are read all the same; elsewhere a checksum is wrong.
                if !stream {
                    datagram.is_changed();
                }
            }),
            _ => {}
        }
        // Faults multiply; a few copies show all that can be shown.
        datagrams.truncate(16);
    }
    if stream {
        datagrams.retain(|datagram| !datagram.bytes.is_empty());
    }
    datagrams
}

/// What the whole tells is told when the rest has come.
fn split(mut datagram: Datagram, length: usize, later: Duration) -> Vec<Datagram> {
    if length == 0 || length >= datagram.bytes.len() {
        return vec![datagram];
    }
    let rest = Datagram {
        bytes: datagram.bytes.split_off(length),
        tells: std::mem::take(&mut datagram.tells),
        due: datagram.due.saturating_add(later),
        ..datagram
    };
    vec![datagram, rest]
}

fn garble(bytes: &mut [u8], place: usize) {
    let Some(place) = place.checked_rem(bytes.len()) else { return };
    if let Some(byte) = bytes.get_mut(place) {
        *byte = !*byte;
    }
}
