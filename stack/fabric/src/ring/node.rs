//! A node of the ring: what comes in goes to the part of the protocol that it is for.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::history::History;
use super::join::Gather;
use super::parts::Parts;
use super::recover::Recover;
use super::wire::{Data, OVERHEAD, Packet};
use super::{Config, Doing, Output, RingId, Tally};
use crate::transport::{NodeId, To};

/// The most packets that may be sent in a rotation: more could get behind what members keep for each other.
const WIDEST: u32 = 128;

/// A node of the ring. Its time is since any instant, but never goes back.
#[derive(Debug)]
pub struct Node {
    pub(super) own: NodeId,
    pub(super) config: Config,
    pub(super) state: State,
    /// The highest ring that anyone was heard to know.
    pub(super) highest: u64,
    /// Who is in the ring of `history`.
    pub(super) members: BTreeSet<NodeId>,
    /// The ring in operation, or the last that was.
    pub(super) history: History,
    pub(super) parts: Parts,
    /// Parts of this node's messages that have no place in the order yet.
    pub(super) queue: VecDeque<Data>,
    /// This node's messages so far.
    number: u64,
    /// Places of the ends of this node's messages, and their numbers, until they are stable.
    pub(super) unstable: VecDeque<(u64, u64)>,
    /// When it last said whom it knows.
    pub(super) said: Option<Duration>,
    /// Packets that this node sent when it last had the token.
    pub(super) last_sent: u32,
    /// When the token last came.
    pub(super) last_token: Option<Duration>,
    /// What the last token said that all have.
    pub(super) last_aru: u64,
    /// How often the last token had been handed on.
    pub(super) hop: u64,
    /// The ring is broken if no token comes by then.
    pub(super) token_due: Option<Duration>,
    pub(super) resend: Option<Resend>,
    /// When this ring makes itself known to others.
    pub(super) merge_at: Duration,
    pub(super) tally: Tally,
    pub(super) out: Vec<Output>,
}

/// What the node does.
#[derive(Debug)]
pub(super) enum State {
    /// It looks for others.
    Gather(Gather),
    /// A ring with these members is being made.
    Commit(RingId, Vec<NodeId>),
    /// The ring exists, and its members give each other what is left of the one before.
    Recover(Box<Recover>),
    /// The ring turns.
    Operate,
}

/// A token that was handed on, until it is seen to have arrived.
#[derive(Debug)]
pub(super) struct Resend {
    pub(super) at: Duration,
    to: NodeId,
    packet: Vec<u8>,
    /// A packet behind this place shows that it has.
    seq: u64,
}

impl Node {
    /// A node that looks for those of `known` first. `epoch` is higher than it was when this node last ran.
    #[must_use]
    pub fn new(own: NodeId, known: BTreeSet<NodeId>, config: Config, epoch: u64, now: Duration) -> Self {
        let mut node = Self {
            own,
            config: Config { window: config.window.min(WIDEST), ..config },
            state: State::Operate,
            highest: epoch,
            members: BTreeSet::from([own]),
            history: History::default(),
            parts: Parts::default(),
            queue: VecDeque::new(),
            number: 0,
            unstable: VecDeque::new(),
            said: None,
            last_sent: 0,
            last_token: None,
            last_aru: 0,
            hop: 0,
            token_due: None,
            resend: None,
            merge_at: now,
            tally: Tally::default(),
            out: Vec::new(),
        };
        node.gather(now, known);
        node
    }

    /// Whether the ring turns: what is offered now will be sent.
    #[must_use]
    pub fn is_operational(&self) -> bool {
        matches!(self.state, State::Operate)
    }

    /// What it is at.
    #[must_use]
    pub fn doing(&self) -> Doing {
        match self.state {
            State::Gather(_) => Doing::Gather,
            State::Commit(..) => Doing::Commit,
            State::Recover(_) => Doing::Recover,
            State::Operate => Doing::Operate,
        }
    }

    /// Who is in the ring, or was in the last one.
    #[must_use]
    pub fn members(&self) -> &BTreeSet<NodeId> {
        &self.members
    }

    /// What has happened so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Packets that wait for the token.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// A message to be sent; answers its number. `born` is when it was to be sent, by any clock, and comes with it.
    pub fn offer(&mut self, born: u64, payload: &[u8]) -> u64 {
        self.number += 1;
        let room = self.config.packet.saturating_sub(OVERHEAD).max(1);
        // A message of nothing has one part, too.
        let count = payload.len().div_ceil(room).max(1);
        let mut chunks = payload.chunks(room);
        for part in 0..count {
            self.queue.push_back(Data {
                ring: RingId::default(),
                seq: 0,
                from: self.own,
                number: self.number,
                born,
                part: u32::try_from(part).unwrap_or(u32::MAX),
                is_last: part + 1 == count,
                payload: chunks.next().unwrap_or_default().to_vec(),
            });
        }
        self.send_alone();
        self.number
    }

    /// A packet has come.
    pub fn handle(&mut self, now: Duration, packet: &[u8]) {
        match Packet::parse(packet) {
            Ok(Packet::Data(data)) => self.on_data(now, data),
            Ok(Packet::Token(token)) => self.on_token(now, token),
            Ok(Packet::Join(join)) => self.on_join(now, &join),
            Ok(Packet::Commit(commit)) => self.on_commit(now, commit),
            Ok(Packet::Merge { ring, from }) => self.on_foreign(now, ring, from),
            Err(error) => {
                tracing::debug!(%error, "a packet of something else");
                self.tally.malformed += 1;
            }
        }
        self.send_alone();
    }

    /// When the node wants to be woken.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let of_state = match &self.state {
            State::Gather(gather) => Some(gather.next_wake()),
            State::Operate => Some(self.merge_at),
            State::Commit(..) | State::Recover(_) => None,
        };
        [of_state, self.token_due, self.resend.as_ref().map(|resend| resend.at)].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Duration) {
        if self.token_due.is_some_and(|due| due <= now) {
            self.tally.token_losses += 1;
            let known = self.candidates();
            self.gather(now, known);
        }
        if let Some(resend) = self.resend.as_mut().filter(|resend| resend.at <= now) {
            resend.at = now + self.config.timeouts.retransmit;
            self.out.push(Output::Send(To::Node(resend.to), resend.packet.clone()));
            self.tally.token_retransmits += 1;
        }
        self.wake_gather(now);
        if self.is_operational() && self.merge_at <= now {
            self.merge_at = now + self.config.timeouts.merge;
            if self.members.first() == Some(&self.own) {
                let merge = Packet::Merge { ring: self.history.ring, from: self.own };
                self.out.push(Output::Send(To::Others, merge.emit()));
            }
        }
        self.send_alone();
    }

    /// What the node wants or tells since the last time.
    pub fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }

    /// Whom it would make a ring with again.
    fn candidates(&self) -> BTreeSet<NodeId> {
        let more: Vec<NodeId> = match &self.state {
            State::Commit(_, members) => members.clone(),
            State::Recover(recover) => recover.members().collect(),
            State::Gather(_) | State::Operate => Vec::new(),
        };
        self.members.iter().copied().chain(more).collect()
    }

    fn on_data(&mut self, now: Duration, data: Data) {
        if self.resend.as_ref().is_some_and(|resend| data.seq > resend.seq) {
            self.resend = None;
        }
        if data.ring == self.history.ring {
            if self.history.take(data) {
                self.deliver();
            }
            return;
        }
        match &mut self.state {
            State::Recover(recover) if recover.next.ring == data.ring => {
                recover.next.take(data);
            }
            _ => self.on_foreign(now, data.ring, data.from),
        }
    }

    /// Somebody of another ring was heard. What a member of this one says of another is old.
    fn on_foreign(&mut self, now: Duration, ring: RingId, from: NodeId) {
        if self.is_operational() && ring != self.history.ring && !self.members.contains(&from) {
            let known = self.members.iter().copied().chain([from]).collect();
            self.gather(now, known);
        }
    }

    /// Hands out what is in order.
    pub(super) fn deliver(&mut self) {
        while let Some(data) = self.history.next() {
            if let Some(message) = self.parts.add(data) {
                self.tally.delivered += 1;
                self.out.push(Output::Deliver(message));
            }
        }
    }

    /// Hands a token on, and watches over it.
    pub(super) fn pass(&mut self, now: Duration, to: NodeId, packet: &Packet, seq: u64) {
        let packet = packet.emit();
        self.out.push(Output::Send(To::Node(to), packet.clone()));
        self.token_due = Some(now + self.config.timeouts.token);
        self.resend = Some(Resend { at: now + self.config.timeouts.retransmit, to, packet, seq });
    }

    /// Who comes after this node among those, in a circle.
    pub(super) fn behind(&self, members: impl Iterator<Item = NodeId> + Clone) -> NodeId {
        let after = members.clone().find(|node| *node > self.own);
        after.or_else(|| members.min()).unwrap_or(self.own)
    }
}
