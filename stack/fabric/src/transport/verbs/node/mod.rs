//! The transport: a node's queue pairs at work.

mod relinking;
mod sending;

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sending::{Gathered, TOGETHER};

use super::Service;
use super::address::Address;
use super::buffers::Memory;
use super::calls::Calls;
use super::completion::{Channel, Completions, Done, meaning};
use super::device::{Domain, Port};
use super::grh::{GRH, stripped};
use super::hardware_counters::HardwareCounters;
use super::queue_pair::{Depths, QueuePair, Way};
use super::relink::Relink;
use super::slots::{Orders, Pool, of_ticket, ticket};
use crate::transport::{Counters, Error, Guarantees, Limits, NodeId, Received, To, Transport, Waiting, wait};

/// How long a queue pair for datagrams that failed is left alone before it is tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// How often those who receive look at what was sent: a lost node is noticed so.
const LOOK_AT_SENT_EVERY: u32 = 64;
/// Who polls looks at the clock after so many looks at the completions, which take some nanoseconds each.
const LOOKS: u32 = 2048;
/// The greatest MTU of verbs, in bytes. A longer message is many packets, with which the kernel of a software device is busy for a while.
const PACKET: usize = 4096;
/// What is kept of messages that came while a full queue was waited for, in bytes: two nodes that flood each other would both wait.
const KEPT: usize = 8 << 20;

/// A queue pair and its orders.
pub(super) struct End {
    /// None: the node is lost, for now.
    pair: Option<QueuePair>,
    /// Whose it is, where it is a connection.
    node: NodeId,
    /// How the connection stands.
    relink: Option<Relink>,
    orders: Orders,
    /// It was full for [`STALL`], and nothing got done since.
    is_stalled: bool,
    /// Datagrams: when it failed.
    failed: Option<Instant>,
}

impl End {
    pub(super) fn new(pair: QueuePair, node: NodeId, relink: Option<Relink>, orders: Orders) -> Self {
        Self { pair: Some(pair), node, relink, orders, is_stalled: false, failed: None }
    }

    /// Whether messages can be sent.
    fn is_up(&self) -> bool {
        self.pair.is_some() && self.failed.is_none() && self.relink.as_ref().is_none_or(Relink::is_up)
    }
}

/// How a node is reached.
pub(super) struct Route {
    pub(super) end: usize,
    pub(super) way: Option<Way>,
}

/// Something that came.
struct Arrived {
    from: NodeId,
    bytes: usize,
    at: At,
}

enum At {
    /// In the device's buffer, of this queue pair.
    Buffer {
        end: usize,
        slot: usize,
    },
    Kept(Vec<u8>),
}

/// What the transport is made of.
pub(super) struct Parts {
    pub(super) service: Service,
    pub(super) waiting: Waiting,
    pub(super) own: NodeId,
    pub(super) port: Port,
    pub(super) key: u32,
    pub(super) packet: u32,
    pub(super) limit: usize,
    pub(super) piece: usize,
    pub(super) depths: Depths,
    // From here on in the order in which they are given up: orders first, then what they name.
    pub(super) ends: Vec<End>,
    pub(super) routes: Vec<Option<Route>>,
    pub(super) outgoing: Memory,
    pub(super) incoming: Memory,
    pub(super) sent: Arc<Completions>,
    pub(super) received: Arc<Completions>,
    pub(super) channel: Arc<Channel>,
    pub(super) counters: HardwareCounters,
    pub(super) nodes: Vec<Address>,
    pub(super) calls: Option<Calls>,
    pub(super) domain: Arc<Domain>,
}

/// A node's end of a fabric of verbs.
pub(crate) struct Verbs {
    parts: Parts,
    pool: Pool,
    /// All of one queue pair.
    gathered: Vec<Gathered>,
    /// There are events to be taken, perhaps.
    is_woken: bool,
    ready: VecDeque<Arrived>,
    kept_bytes: usize,
    received_calls: u32,
    /// What is polled for is long in coming, and those who bring it may need this processor: something was received and nothing sent
    /// since, or what was sent is longer than [`PACKET`], as its answer may be.
    yields_at_once: bool,
    refused: u64,
    strangers: u64,
    revived: u64,
}

impl Verbs {
    pub(super) fn new(parts: Parts) -> Self {
        let slots = parts.depths.send * parts.ends.len() + 1;
        Self {
            parts,
            pool: Pool::new(slots),
            gathered: Vec::new(),
            is_woken: false,
            ready: VecDeque::new(),
            kept_bytes: 0,
            received_calls: 0,
            yields_at_once: false,
            refused: 0,
            strangers: 0,
            revived: 0,
        }
    }

    /// Brings the queue pairs to work, each with its buffers.
    pub(super) fn start(&mut self) -> Result<(), Error> {
        for place in 0..self.parts.ends.len() {
            match self.parts.service {
                Service::Datagram => self.start_datagrams(place)?,
                Service::Connected => self.start_connection(place)?,
            }
        }
        Ok(())
    }

    /// From now on it sends and receives.
    fn start_datagrams(&self, place: usize) -> Result<(), Error> {
        let Some(End { pair: Some(pair), .. }) = self.parts.ends.get(place) else { return Ok(()) };
        pair.initialise(&self.parts.port, self.parts.key)?;
        self.post_buffers(place)?;
        pair.receive_from(&self.parts.port, None)?;
        pair.send_from(self.parts.packet)
    }

    /// Gives the device all buffers of a queue pair, but those that hold what has come and was not read yet.
    fn post_buffers(&self, end: usize) -> Result<(), Error> {
        let held: Vec<_> = self
            .ready
            .iter()
            .filter_map(|arrived| match arrived.at {
                At::Buffer { slot, .. } => Some(slot),
                At::Kept(_) => None,
            })
            .collect();
        let depth = self.parts.depths.receive;
        (end * depth..(end + 1) * depth)
            .filter(|slot| !held.contains(slot))
            .try_for_each(|slot| self.post_buffer(end, slot))
    }

    fn post_buffer(&self, end: usize, slot: usize) -> Result<(), Error> {
        let Some(End { pair: Some(pair), failed: None, .. }) = self.parts.ends.get(end) else {
            return Ok(());
        };
        let header = if self.parts.service == Service::Datagram { GRH } else { 0 };
        let element = self.parts.incoming.element(slot, self.parts.limit + header);
        pair.post_buffer(ticket(end, slot as u64), element)
    }

    /// Looks at what came, without waiting. Answers how much was looked at.
    fn collect(&mut self) -> Result<usize, Error> {
        let mut lost = Vec::new();
        let mut strangers = Vec::new();
        let (parts, ready) = (&self.parts, &mut self.ready);
        let count = parts.received.poll(|done| {
            let (end, slot) = of_ticket(done.ticket);
            let slot = usize::try_from(slot).unwrap_or(usize::MAX);
            if done.status != 0 {
                lost.push((end, done.status));
            } else if let Some((from, bytes)) = parts.sender(end, &done) {
                ready.push_back(Arrived { from, bytes, at: At::Buffer { end, slot } });
            } else {
                strangers.push((end, slot));
            }
        })?;
        for (end, slot) in strangers {
            self.strangers += 1;
            self.post_buffer(end, slot)?;
        }
        lost.into_iter().try_for_each(|(end, status)| self.lose(end, status))?;
        Ok(count)
    }

    /// Looks at what was sent, without waiting.
    fn reap(&mut self) -> Result<(), Error> {
        let mut lost = Vec::new();
        loop {
            let (ends, pool) = (&mut self.parts.ends, &mut self.pool);
            let count = self.parts.sent.poll(|done| {
                let (place, number) = of_ticket(done.ticket);
                let Some(end) = ends.get_mut(place) else { return };
                end.orders.done(number, pool);
                end.is_stalled = false;
                if done.status != 0 {
                    lost.push((place, done.status));
                }
            })?;
            if count == 0 {
                break;
            }
        }
        lost.into_iter().try_for_each(|(end, status)| self.lose(end, status))
    }

    /// A queue pair is in error. A connection is made anew; datagrams are tried again after a pause.
    fn lose(&mut self, place: usize, status: u32) -> Result<(), Error> {
        let Some(end) = self.parts.ends.get_mut(place) else { return Ok(()) };
        match self.parts.service {
            Service::Connected => {
                if end.pair.is_none() {
                    return Ok(());
                }
                tracing::warn!(node = end.node, status, "a node is lost: {}", meaning(status));
                end.relink.iter_mut().for_each(Relink::lost);
                self.give_up(place)?;
            }
            Service::Datagram if end.failed.is_none() => {
                tracing::warn!(status, "datagrams cannot be sent or received: {}", meaning(status));
                end.failed = Some(Instant::now());
            }
            Service::Datagram => {}
        }
        Ok(())
    }

    /// None of a queue pair's orders will get done.
    fn abandon(&mut self, place: usize) {
        let before = self.gathered.len();
        self.gathered.retain(|gathered| gathered.end != place);
        self.refused += (before - self.gathered.len()) as u64;
        if let Some(end) = self.parts.ends.get_mut(place) {
            end.orders.abandon(&mut self.pool);
        }
    }

    /// Brings a queue pair for datagrams back that failed a while ago.
    fn revive(&mut self) -> Result<(), Error> {
        let due = |end: &End| end.failed.is_some_and(|failed| failed.elapsed() >= PAUSE);
        let Some(place) = self.parts.ends.iter().position(due) else { return Ok(()) };
        let Some(End { pair: Some(pair), .. }) = self.parts.ends.get(place) else { return Ok(()) };
        pair.reset()?;
        // What is in the queues of completions is of before, and would be taken for an order of afterwards.
        while self.parts.sent.poll(|_| {})? > 0 {}
        let (parts, ready) = (&self.parts, &mut self.ready);
        let take = |done: Done| {
            let (end, slot) = of_ticket(done.ticket);
            if let Some((from, bytes)) = parts.sender(end, &done).filter(|_| done.status == 0) {
                let slot = usize::try_from(slot).unwrap_or(usize::MAX);
                ready.push_back(Arrived { from, bytes, at: At::Buffer { end, slot } });
            }
        };
        let mut take = take;
        while parts.received.poll(&mut take)? > 0 {}
        self.abandon(place);
        if let Some(end) = self.parts.ends.get_mut(place) {
            (end.failed, end.is_stalled) = (None, false);
        }
        self.revived += 1;
        self.start_datagrams(place)
    }

    /// Moves what has come out of the device's buffers, so that others find room there.
    fn keep(&mut self) -> Result<(), Error> {
        let mut free = Vec::new();
        for arrived in &mut self.ready {
            let At::Buffer { end, slot } = arrived.at else { continue };
            if self.kept_bytes + arrived.bytes > KEPT {
                break;
            }
            let mut kept = vec![0; arrived.bytes];
            self.parts.incoming.read(slot, self.parts.header(), arrived.bytes, &mut kept);
            self.kept_bytes += arrived.bytes;
            arrived.at = At::Kept(kept);
            free.push((end, slot));
        }
        free.into_iter().try_for_each(|(end, slot)| self.post_buffer(end, slot))
    }

    /// Answers whether something woke it.
    fn sleep(&mut self, others: &[BorrowedFd<'_>], patience: Duration) -> Result<bool, Error> {
        let is_woken = self.parts.channel.wait(others, patience)?;
        self.is_woken |= is_woken;
        Ok(is_woken)
    }

    /// Takes the events of what woke it: not before it is armed again, so that a message is answered first.
    fn take_events(&mut self) {
        if std::mem::take(&mut self.is_woken) {
            self.parts.channel.take_all([&self.parts.received, &self.parts.sent]);
        }
    }

    /// The next message that has come already.
    fn take(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        let Some(Arrived { from, bytes, at }) = self.ready.pop_front() else { return Ok(None) };
        let bytes = match at {
            At::Buffer { end, slot } => {
                let bytes = self.parts.incoming.read(slot, self.parts.header(), bytes, buffer);
                self.post_buffer(end, slot)?;
                bytes
            }
            At::Kept(message) => {
                self.kept_bytes = self.kept_bytes.saturating_sub(message.len());
                let bytes = message.len().min(buffer.len());
                for (into, from) in buffer.iter_mut().zip(&message) {
                    *into = *from;
                }
                bytes
            }
        };
        Ok(Some(Received { from, bytes }))
    }

    /// The next message, if one is there.
    pub(crate) fn look(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        if self.ready.is_empty() {
            self.collect()?;
        }
        self.take(buffer)
    }

    /// Sleeps until something may have come, here or to one of the others, or `patience` is over. Answers whether it may.
    pub(crate) fn sleep_with(
        &mut self,
        others: &[BorrowedFd<'_>],
        patience: Duration,
    ) -> Result<bool, Error> {
        self.tend()?;
        self.take_events();
        if self.parts.received.arm()? {
            // What came before it was armed does not wake.
            self.collect()?;
        }
        if self.ready.is_empty() { self.sleep(others, patience) } else { Ok(true) }
    }

    /// What is done from time to time: lost nodes are noticed, failed queue pairs tried again.
    fn tend(&mut self) -> Result<(), Error> {
        self.reap()?;
        self.revive()?;
        self.relink()
    }

    /// The next message, once it comes.
    fn await_next(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        if self.parts.waiting == Waiting::Events {
            return self.receive_by_events(buffer, patience);
        }
        let yields = if self.yields_at_once { Duration::ZERO } else { wait::YIELDS };
        let received = wait::polled(patience, LOOKS, yields, || self.look(buffer))?;
        if received.is_none() {
            self.tend()?;
            self.parts.channel.look_at_device()?;
        }
        Ok(received)
    }

    fn receive_by_events(
        &mut self,
        buffer: &mut [u8],
        patience: Duration,
    ) -> Result<Option<Received>, Error> {
        // The clock takes a call of the system on some machines: it is looked at only where one wakes for nothing.
        let (mut left, mut until) = (patience, None);
        loop {
            let may_have_come = self.sleep_with(&[], left)?;
            if let Some(received) = self.look(buffer)? {
                return Ok(Some(received));
            }
            let now = Instant::now();
            let until = *until.get_or_insert(now + patience);
            if !may_have_come || now >= until {
                return Ok(None);
            }
            left = until.saturating_duration_since(now);
        }
    }
}

impl Parts {
    fn header(&self) -> usize {
        if self.service == Service::Datagram { GRH } else { 0 }
    }

    /// Who sent what has come, and how long it is. `None`: no node of ours.
    fn sender(&self, end: usize, done: &Done) -> Option<(NodeId, usize)> {
        match self.service {
            Service::Connected => self.ends.get(end).map(|end| (end.node, done.bytes)),
            Service::Datagram => {
                let from = usize::try_from(done.immediate?).ok()?;
                let way = self.routes.get(from)?.as_ref()?.way.as_ref()?;
                (way.queue == done.sender).then_some(())?;
                Some((from, stripped(done.bytes)?))
            }
        }
    }
}

impl Transport for Verbs {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        let result = self.order_all(to, message);
        self.post();
        result
    }

    fn send_more(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.order_all(to, message)?;
        if self.gathered.len() >= TOGETHER {
            self.post();
        }
        Ok(())
    }

    fn flush(&mut self, _patience: Duration) -> Result<(), Error> {
        self.post();
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        self.received_calls = self.received_calls.wrapping_add(1);
        if self.received_calls.is_multiple_of(LOOK_AT_SENT_EVERY) {
            self.tend()?;
        }
        let received = match self.look(buffer)? {
            Some(received) => Some(received),
            None => self.await_next(buffer, patience)?,
        };
        self.yields_at_once |= received.is_some();
        Ok(received)
    }

    fn limits(&self) -> Limits {
        let inline = self.parts.ends.iter().filter_map(|end| Some(end.pair.as_ref()?.inline)).min();
        Limits { message: self.parts.limit, piece: Some(self.parts.piece), inline: inline.unwrap_or(0) }
    }

    fn guarantees(&self) -> Guarantees {
        let connected = self.parts.service == Service::Connected;
        Guarantees { reliable: connected, ordered: connected, multicast: false }
    }

    fn counters(&self) -> Counters {
        let hardware = self.parts.counters.since();
        Counters {
            dropped: hardware.no_buffer,
            refused: self.refused,
            rnr: hardware.not_ready,
            retransmits: hardware.again,
            reconnects: self.revived,
        }
    }
}
