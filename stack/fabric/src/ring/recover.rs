//! Recovery: the members of a new ring give each other what is left of the one before, so that all who were in it deliver the same.

use std::collections::BTreeSet;
use std::time::Duration;

use super::history::History;
use super::node::{Node, State};
use super::wire::{Entry, Packet, Token, Wanted};
use super::{Output, RingId};
use crate::transport::{NodeId, To};

/// A new ring that does not turn yet.
#[derive(Debug)]
pub(super) struct Recover {
    pub(super) next: History,
    entries: Vec<Entry>,
    /// The first token was sent.
    has_begun: bool,
}

impl Recover {
    pub(super) fn new(next: History, entries: Vec<Entry>) -> Self {
        Self { next, entries, has_begun: false }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = NodeId> + Clone + '_ {
        self.entries.iter().map(|entry| entry.node)
    }

    /// Those who were in that ring.
    fn of(&self, ring: RingId) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.iter().filter(move |entry| entry.ring == ring)
    }

    /// The last place of that ring that any of its members has.
    fn last(&self, ring: RingId) -> u64 {
        self.of(ring).map(Entry::last).max().unwrap_or_default()
    }

    /// What is missing of that ring, and somebody has.
    fn missing(&self, history: &History) -> Vec<Wanted> {
        let of = self.of(history.ring);
        let missing = history.missing(self.last(history.ring));
        let is_held = |seq: &u64| of.clone().any(|entry| entry.has(*seq));
        missing.filter(is_held).map(|seq| Wanted { ring: history.ring, seq }).collect()
    }
}

impl Node {
    /// All know of the ring: it begins to turn.
    pub(super) fn first_token(&mut self, now: Duration) {
        let State::Recover(recover) = &mut self.state else { return };
        if !std::mem::replace(&mut recover.has_begun, true) {
            let token = Token { ring: recover.next.ring, hop: 1, complete: Some(0), ..Token::default() };
            self.on_token(now, token);
        }
    }

    pub(super) fn on_token(&mut self, now: Duration, token: Token) {
        if token.hop <= self.hop {
            return;
        }
        match &self.state {
            State::Recover(recover) if recover.next.ring == token.ring => self.on_recovery_token(now, token),
            State::Operate if self.history.ring == token.ring => self.operate(now, token),
            _ => {}
        }
    }

    fn on_recovery_token(&mut self, now: Duration, mut token: Token) {
        let State::Recover(recover) = &self.state else { return };
        let mut served = Vec::new();
        token.wanted.retain(|wanted| {
            let data = Some(wanted).filter(|wanted| wanted.ring == self.history.ring);
            let data = data.and_then(|wanted| self.history.get(wanted.seq));
            served.extend(data.cloned());
            data.is_none()
        });
        let missing = recover.missing(&self.history);
        let count = recover.entries.len();
        let members: Vec<NodeId> = recover.members().collect();
        let complete =
            token.complete.map(|complete| if missing.is_empty() { complete.saturating_add(1) } else { 0 });
        let wanted: BTreeSet<Wanted> = token.wanted.iter().copied().chain(missing).collect();
        token.wanted = wanted.into_iter().take(super::operate::WANTED).collect();
        self.tally.retransmits += u64::try_from(served.len()).unwrap_or_default();
        for data in served {
            self.out.push(Output::Send(To::Others, Packet::Data(data).emit()));
        }
        token.complete = complete.filter(|complete| usize::try_from(*complete).unwrap_or(usize::MAX) < count);
        if token.complete.is_some() {
            self.hop = token.hop;
            token.hop = token.hop.saturating_add(1);
            let next = self.behind(members.into_iter());
            self.pass(now, next, &Packet::Token(token), 0);
            return;
        }
        let state = std::mem::replace(&mut self.state, State::Operate);
        if let State::Recover(recover) = state {
            self.begin(now, *recover);
            self.operate(now, Token { wanted: Vec::new(), ..token });
        }
    }

    /// The old ring ends here, at the same place for all who were in it, and the new one begins.
    pub(super) fn begin(&mut self, now: Duration, recover: Recover) {
        let old = self.history.ring;
        let last = recover.last(old).min(self.history.reach());
        while self.history.delivered < last {
            self.deliver();
            if self.history.delivered < last {
                self.history.delivered += 1;
                self.tally.lost += 1;
            }
        }
        let stays: BTreeSet<NodeId> = recover.of(old).map(|entry| entry.node).collect();
        self.parts.keep(|node| stays.contains(&node));
        if let Some((_, number)) = self.unstable.drain(..).next_back() {
            self.out.push(Output::Stable(number));
        }
        self.members = recover.members().collect();
        self.history = recover.next;
        self.state = State::Operate;
        self.last_sent = 0;
        self.last_aru = 0;
        self.last_token = None;
        self.token_due = None;
        self.resend = None;
        self.merge_at = now;
        self.tally.rings += 1;
        self.out.push(Output::Members(self.history.ring, self.members.clone()));
        self.deliver();
    }
}
