//! The ring over a transport, with messages at given times (open loop) or as many as go.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::span::Span;
use super::{Standing, Wishes};
use crate::measure::{self, Latency, Usage};
use crate::ring::{Config, Node, Output, Tally};
use crate::transport::{Counters, Error, Limits, NodeId, Transport};

/// A node's queue is kept this full, in packets, where as many messages are offered as go.
const FULL: usize = 64;
/// More than this is never offered at once, so that a node that is behind does not drown.
const BEHIND: usize = 100_000;
/// How much later than the time that counts a recording begins, in nanoseconds: longer than a token takes to tell all nodes of a ring.
const LEAD: u64 = 50_000_000;
/// The longest sleep.
const LONGEST: Duration = Duration::from_millis(50);

/// What a node offers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    /// Nothing: the token turns alone.
    Nothing,
    /// So many messages a second, at even intervals, whatever becomes of them: latency counts from when a message was to be
    /// sent, so that one that has to wait is not left out (coordinated omission).
    Rate(f64),
    /// As many as go.
    Flood,
    /// As many as go, of the first node alone, as when cpgbench runs. On a ring of corosync no other node listens then.
    #[serde(rename = "flood-one")]
    FloodOne,
    /// What the nodes of a recorded cluster said, each when and as long as it did.
    Schedule(Vec<Said>),
}

/// A message of a recorded cluster.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Said {
    /// Seconds from the start. A schedule is in this order.
    pub seconds: f64,
    /// Who said it.
    pub node: NodeId,
    /// Its bytes.
    pub bytes: usize,
}

impl Offer {
    /// In a word.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Nothing => "idle".to_owned(),
            Self::Rate(rate) => format!("{rate}/s"),
            Self::Flood => "flood".to_owned(),
            Self::FloodOne => "flood-one".to_owned(),
            Self::Schedule(messages) => format!("{} recorded messages", messages.len()),
        }
    }

    /// How long it takes to offer all, in seconds, where there is an end to it.
    #[must_use]
    pub fn span(&self) -> Option<f64> {
        match self {
            Self::Schedule(messages) => messages.last().map(|said| said.seconds),
            Self::Nothing | Self::Rate(_) | Self::Flood | Self::FloodOne => None,
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RingLoad {
    /// This node.
    pub own: NodeId,
    /// How many there are.
    pub nodes: usize,
    /// The ring's settings; the packet is cut down to what the transport carries.
    pub config: Config,
    /// What it offers.
    pub offer: Offer,
    /// Bytes of a message, but for a schedule's.
    pub bytes: usize,
    /// Seconds that do not count, once all nodes are in the ring.
    pub warm_up: f64,
    /// Seconds that count.
    pub seconds: f64,
    /// What is to be added to this machine's clock for that of the first node, in nanoseconds.
    pub clock: i64,
    /// Higher than in any ring before.
    pub epoch: u64,
}

impl RingLoad {
    /// All nodes are there: sets when it counts, and answers when messages are due from. Nanoseconds of this machine's clock.
    pub(crate) fn begin<T: Copy>(&self, now: u64, span: &mut Span<T>) -> u64 {
        let from = now.saturating_add(nanoseconds(self.warm_up));
        span.set(from, from.saturating_add(nanoseconds(self.seconds)));
        // A recording has no messages to spare for the warm-up, nor for a node that begins to count a little later.
        if self.offer.span().is_some() { from.saturating_add(LEAD) } else { now }
    }
}

/// What a node tells while the ring turns.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RingEvent {
    /// The ring has these members now.
    Members {
        /// When, by the first node's clock, in nanoseconds.
        at: u64,
        /// Who.
        members: BTreeSet<NodeId>,
    },
    /// The time that counts is over.
    Measured(Box<RingResult>),
}

/// What came of it, on one node.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RingResult {
    /// From token to token.
    pub rotation: Latency,
    /// From a token's coming to its going.
    pub holding: Latency,
    /// From when a message was to be sent to its delivery on this node; of the others' messages.
    pub delivery: Latency,
    /// From when a message of this node was to be sent to when all have it.
    pub stable: Latency,
    /// From when a message of this node was to be sent to its delivery on this node itself: the round trip of cpghum.
    #[serde(default)]
    pub returned: Latency,
    /// What was wrong with what came, where every message is checked.
    #[serde(default)]
    pub flaws: Option<Flaws>,
    /// Messages delivered, those of this node with them.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that this node should have sent and did not come to.
    pub behind: u64,
    /// How long was measured, in seconds.
    pub seconds: f64,
    /// What the node used.
    pub usage: Usage,
    /// What the ring did.
    pub tally: Tally,
    /// What the transport lost.
    pub counters: Counters,
    /// Changes of membership while it was measured.
    pub changes: u64,
}

/// What was wrong with messages, in cpghum's terms.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Flaws {
    /// Messages that were not the next of their sender.
    pub sequence: u64,
    /// Messages of another length than they say.
    pub length: u64,
    /// Messages of another content than they say.
    pub crc: u64,
}

/// Turns until it is stopped. Answers how the node stood then.
///
/// # Errors
/// The transport failed.
pub(crate) fn turn(
    transport: &mut dyn Transport,
    load: &RingLoad,
    wishes: &Wishes,
    tell: &mut dyn FnMut(RingEvent),
) -> Result<Standing, Error> {
    Turning::new(load, transport.limits()).run(transport, wishes, tell)
}

struct Turning<'a> {
    load: &'a RingLoad,
    node: Node,
    source: Source,
    span: Span<(Usage, Tally)>,
    result: RingResult,
    /// Packets of each node, and when the last came.
    heard: Vec<(u64, u64)>,
    sent: u64,
    /// When it last looked, and the longest time between two looks.
    looked: u64,
    pause: u64,
    /// Own messages that are not stable: number, and when they were to be sent.
    own: VecDeque<(u64, u64)>,
    start: u64,
}

impl<'a> Turning<'a> {
    fn new(load: &'a RingLoad, limits: Limits) -> Self {
        let config = Config { packet: load.config.packet.min(limits.message), ..load.config };
        let all = (0..load.nodes).collect();
        let start = measure::now();
        Self {
            load,
            node: Node::new(load.own, all, config, load.epoch, Duration::ZERO),
            source: Source::new(load),
            span: Span::new(),
            result: RingResult::default(),
            heard: vec![(0, 0); load.nodes],
            sent: 0,
            looked: start,
            pause: 0,
            own: VecDeque::new(),
            start,
        }
    }

    fn run(
        mut self,
        transport: &mut dyn Transport,
        wishes: &Wishes,
        tell: &mut dyn FnMut(RingEvent),
    ) -> Result<Standing, Error> {
        let mut buffer = vec![0; self.load.config.packet.max(1024)];
        while !wishes.is_stopped() {
            let now = measure::now();
            self.pause = self.pause.max(now - self.looked);
            self.looked = now;
            self.mark_time(now, transport, tell);
            self.offer(now);
            let since = Duration::from_nanos(now - self.start);
            if self.node.next_wake().is_some_and(|wake| wake <= since) {
                self.node.wake(since);
            }
            self.put_out(now, transport, wishes, tell)?;
            let wake = self.node.next_wake().map_or(LONGEST, |wake| wake.saturating_sub(since));
            let Some(received) = transport.receive(&mut buffer, wake.min(LONGEST))? else { continue };
            if wishes.is_cut() {
                continue;
            }
            let came = measure::now();
            if let Some((count, last)) = self.heard.get_mut(received.from) {
                (*count, *last) = (*count + 1, came);
            }
            self.offer(came);
            let packet = buffer.get(..received.bytes).unwrap_or_default();
            self.node.handle(Duration::from_nanos(came - self.start), packet);
            self.put_out(came, transport, wishes, tell)?;
        }
        Ok(self.standing(transport))
    }

    fn standing(&self, transport: &dyn Transport) -> Standing {
        let now = measure::now();
        let heard = |(count, last): &(u64, u64)| (*count, seconds(now.saturating_sub(*last)));
        Standing {
            doing: self.node.doing(),
            members: self.node.members().clone(),
            heard: self.heard.iter().map(heard).collect(),
            sent: self.sent,
            longest_pause: seconds(self.pause),
            tally: self.node.tally(),
            counters: transport.counters(),
        }
    }

    /// The first node's clock.
    fn common(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.load.clock)
    }

    /// Begins and ends what counts.
    fn mark_time(&mut self, now: u64, transport: &mut dyn Transport, tell: &mut dyn FnMut(RingEvent)) {
        let mark = || (Usage::now(), self.node.tally());
        let Some((began, (usage, tally))) = self.span.step(now, mark) else { return };
        let mut result = std::mem::take(&mut self.result);
        result.seconds = seconds(now - began);
        result.usage = Usage::now().since(usage);
        result.tally = self.node.tally().since(tally);
        result.counters = transport.counters();
        result.behind = self.source.behind(now) + u64::try_from(self.node.waiting()).unwrap_or_default();
        // What is offered still is not measured any more.
        self.source.end();
        tell(RingEvent::Measured(Box::new(result)));
    }

    fn offer(&mut self, now: u64) {
        // A node that is alone has what it offers at once: its queue never fills.
        let mut offered = 0;
        while let Some((due, bytes)) = self.source.next(now, self.node.waiting().max(offered)) {
            let born = self.common(due);
            let number = self.node.offer(born, self.source.payload(bytes));
            self.own.push_back((number, due));
            offered += 1;
        }
    }

    fn put_out(
        &mut self,
        came: u64,
        transport: &mut dyn Transport,
        wishes: &Wishes,
        tell: &mut dyn FnMut(RingEvent),
    ) -> Result<(), Error> {
        let mut had_token = false;
        for output in self.node.outputs() {
            match output {
                Output::Send(to, packet) => {
                    if !wishes.is_cut() {
                        self.sent += 1;
                        transport.send(to, &packet)?;
                    }
                }
                Output::Deliver(message) => {
                    if self.span.counts() {
                        self.result.messages += 1;
                        self.result.bytes += u64::try_from(message.payload.len()).unwrap_or_default();
                        let took = self.common(measure::now()).saturating_sub(message.born);
                        let is_own = message.from == self.load.own;
                        let result = &mut self.result;
                        if is_own { &mut result.returned } else { &mut result.delivery }.record(took);
                    }
                }
                Output::Stable(number) => {
                    let now = measure::now();
                    while let Some((_, due)) = self.own.pop_front_if(|(own, _)| *own <= number) {
                        if self.span.counts() {
                            self.result.stable.record(now.saturating_sub(due));
                        }
                    }
                }
                Output::Token(since) => {
                    had_token = true;
                    if let Some(since) = since.filter(|_| self.span.counts()) {
                        self.result.rotation.record(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
                    }
                }
                Output::Members(_, members) => self.changed(came, members, tell),
            }
        }
        if had_token && self.span.counts() {
            self.result.holding.record(measure::now().saturating_sub(came));
        }
        Ok(())
    }

    fn changed(&mut self, came: u64, members: BTreeSet<NodeId>, tell: &mut dyn FnMut(RingEvent)) {
        if self.span.counts() {
            self.result.changes += 1;
        }
        if members.len() == self.load.nodes && !self.span.is_set() {
            self.source.begin(self.load.begin(came, &mut self.span));
        }
        tell(RingEvent::Members { at: self.common(came), members });
    }
}

pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

fn nanoseconds(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// Where messages come from.
pub(crate) struct Source {
    offer: Offer,
    bytes: usize,
    payload: Vec<u8>,
    /// When it began.
    start: Option<u64>,
    /// How many it has given.
    given: usize,
}

impl Source {
    pub(crate) fn new(load: &RingLoad) -> Self {
        let mut offer = load.offer.clone();
        let mut longest = load.bytes;
        if offer == Offer::FloodOne {
            offer = if load.own == 0 { Offer::Flood } else { Offer::Nothing };
        }
        if let Offer::Schedule(messages) = &mut offer {
            messages.retain(|said| said.node == load.own);
            longest = messages.iter().map(|said| said.bytes).max().unwrap_or_default();
        }
        let payload = vec![0x5A; longest];
        Self { offer, bytes: load.bytes, payload, start: None, given: 0 }
    }

    pub(crate) fn begin(&mut self, now: u64) {
        self.start = Some(now);
    }

    pub(crate) fn end(&mut self) {
        self.offer = Offer::Nothing;
    }

    fn payload(&self, bytes: usize) -> &[u8] {
        self.payload.get(..bytes).unwrap_or_default()
    }

    /// When the message that comes after those given is to be sent, and its bytes.
    #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
    fn upcoming(&self, start: u64, given: usize) -> Option<(u64, usize)> {
        match &self.offer {
            Offer::Rate(rate) if *rate > 0.0 => {
                Some((start.saturating_add(nanoseconds((given as f64 + 1.0) / rate)), self.bytes))
            }
            Offer::Schedule(messages) => {
                let said = messages.get(given)?;
                Some((start.saturating_add(nanoseconds(said.seconds)), said.bytes))
            }
            Offer::Nothing | Offer::Rate(_) | Offer::Flood | Offer::FloodOne => None,
        }
    }

    /// The next message that is due.
    pub(crate) fn next(&mut self, now: u64, waiting: usize) -> Option<(u64, usize)> {
        let start = self.start?;
        let next = match self.offer {
            Offer::Flood => (waiting < FULL).then_some((now, self.bytes)),
            _ => self.upcoming(start, self.given).filter(|(due, _)| *due <= now && waiting < BEHIND),
        };
        self.given += usize::from(next.is_some());
        next
    }

    /// Whether it never has a message.
    #[cfg(feature = "corosync")]
    pub(crate) fn is_silent(&self) -> bool {
        matches!(&self.offer, Offer::Nothing) || matches!(&self.offer, Offer::Schedule(all) if all.is_empty())
    }

    /// When the next message is due; `None`: there is none, or it is due whenever it goes.
    #[cfg(feature = "corosync")]
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.upcoming(self.start?, self.given).map(|(due, _)| due)
    }

    /// How many are due and were not given.
    pub(crate) fn behind(&self, now: u64) -> u64 {
        let Some(start) = self.start else { return 0 };
        let due =
            (self.given..).map_while(|given| self.upcoming(start, given)).take_while(|(due, _)| *due <= now);
        u64::try_from(due.count()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::ring::Doing;
    use crate::transport::{Guarantees, Received, To};

    /// Nobody is there.
    struct Silence;

    impl Transport for Silence {
        fn send(&mut self, _to: To, _message: &[u8]) -> Result<(), Error> {
            Ok(())
        }

        fn receive(&mut self, _buffer: &mut [u8], _patience: Duration) -> Result<Option<Received>, Error> {
            std::thread::yield_now();
            Ok(None)
        }

        fn limits(&self) -> Limits {
            Limits { message: 1500, piece: None, inline: 0 }
        }

        fn guarantees(&self) -> Guarantees {
            Guarantees { reliable: false, ordered: false, multicast: false }
        }

        fn counters(&self) -> Counters {
            Counters::default()
        }
    }

    #[test]
    fn who_is_alone_and_sends_as_much_as_goes_comes_to_an_end() {
        let load = RingLoad {
            own: 0,
            nodes: 1,
            config: Config::new(Duration::from_millis(10), 1500),
            offer: Offer::Flood,
            bytes: 64,
            warm_up: 0.0,
            seconds: 0.05,
            clock: 0,
            epoch: 1,
        };
        let (wishes, (sender, events)) = (Arc::new(Wishes::default()), channel());
        let stop = Arc::clone(&wishes);
        let turned = std::thread::spawn(move || {
            turn(&mut Silence, &load, &wishes, &mut |event| drop(sender.send(event)))
        });
        let patience = Duration::from_secs(20);
        let measured = std::iter::from_fn(|| events.recv_timeout(patience).ok())
            .find_map(|event| if let RingEvent::Measured(result) = event { Some(result) } else { None });
        assert!(measured.expect("it is measured").messages > 100);
        stop.stop();
        let standing = turned.join().unwrap().unwrap();
        assert_eq!((standing.doing, standing.members), (Doing::Operate, BTreeSet::from([0])));
    }
}
