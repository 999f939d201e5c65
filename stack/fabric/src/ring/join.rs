//! Membership: who is there, and a new ring of them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::history::History;
use super::node::{Node, State};
use super::recover::Recover;
use super::wire::{Commit, Entry, HELD, Join, Packet};
use super::{Output, RingId};
use crate::transport::{NodeId, To};

/// The pause between two joins is a part of their interval: this part.
const PAUSES: u32 = 16;

/// The search for others.
#[derive(Debug)]
pub(super) struct Gather {
    known: BTreeSet<NodeId>,
    failed: BTreeSet<NodeId>,
    /// Who says the same.
    agreed: BTreeSet<NodeId>,
    /// When to say so again.
    say_at: Duration,
    /// Who has not agreed by then has failed. `None`: all have, and the new ring is awaited.
    until: Option<Duration>,
}

impl Gather {
    pub(super) fn next_wake(&self) -> Duration {
        self.until.map_or(self.say_at, |until| until.min(self.say_at))
    }

    fn live(&self) -> BTreeSet<NodeId> {
        self.known.difference(&self.failed).copied().collect()
    }
}

impl Node {
    /// Looks for a ring with those that it knows.
    pub(super) fn gather(&mut self, now: Duration, mut known: BTreeSet<NodeId>) {
        known.insert(self.own);
        self.token_due = None;
        self.resend = None;
        self.state = State::Gather(Gather {
            known,
            failed: BTreeSet::new(),
            agreed: BTreeSet::from([self.own]),
            say_at: now,
            until: Some(now + self.config.timeouts.consensus),
        });
        self.wake_gather(now);
    }

    pub(super) fn wake_gather(&mut self, now: Duration) {
        let State::Gather(gather) = &mut self.state else { return };
        if gather.until.is_some_and(|until| until <= now) {
            let silent: Vec<NodeId> = gather.live().difference(&gather.agreed).copied().collect();
            gather.failed.extend(silent);
            gather.agreed = BTreeSet::from([self.own]);
            gather.until = Some(now + self.config.timeouts.consensus);
            gather.say_at = now;
        }
        // What changes is said at once, but not again at once: each hears all others, and all would answer all.
        let pause = self.config.timeouts.join / PAUSES;
        gather.say_at = self.said.map_or(gather.say_at, |said| gather.say_at.max(said + pause));
        if gather.say_at <= now {
            self.said = Some(now);
            gather.say_at = now + self.config.timeouts.join;
            let join = Join {
                from: self.own,
                seq: self.highest,
                known: gather.known.iter().copied().collect(),
                failed: gather.failed.iter().copied().collect(),
            };
            self.out.push(Output::Send(To::Others, Packet::Join(join).emit()));
        }
        self.agree(now);
    }

    pub(super) fn on_join(&mut self, now: Duration, join: &Join) {
        // A stranger that will not have one of the ring is left alone: to look for it would only part the ring again, and again. When
        // it has a ring of its own, that makes itself known.
        let is_news_to = |members: &[NodeId], ring: RingId| {
            let refuses = || join.failed.iter().any(|failed| members.contains(failed));
            if members.contains(&join.from) { join.seq >= ring.seq } else { !refuses() }
        };
        let is_news = match &self.state {
            State::Gather(_) => false,
            State::Operate => {
                let members: Vec<NodeId> = self.members.iter().copied().collect();
                is_news_to(&members, self.history.ring)
            }
            State::Commit(ring, members) => is_news_to(members, *ring),
            State::Recover(recover) => is_news_to(&recover.members().collect::<Vec<_>>(), recover.next.ring),
        };
        if is_news {
            let known = self.members.iter().copied().chain([join.from]).collect();
            self.gather(now, known);
        }
        self.highest = self.highest.max(join.seq);
        let State::Gather(gather) = &mut self.state else { return };
        let known: BTreeSet<NodeId> = join.known.iter().copied().chain([join.from]).collect();
        let failed: BTreeSet<NodeId> = join.failed.iter().copied().collect();
        if gather.failed.contains(&join.from) {
            return;
        }
        if known != gather.known || failed != gather.failed {
            if known.is_subset(&gather.known) && failed.is_subset(&gather.failed) {
                // It has yet to hear what is known here.
                return;
            }
            gather.known.extend(&known);
            if failed.contains(&self.own) {
                gather.failed.insert(join.from);
            } else {
                gather.failed.extend(&failed);
            }
            gather.agreed = BTreeSet::from([self.own]);
            gather.until = Some(now + self.config.timeouts.consensus);
            gather.say_at = now;
            self.token_due = None;
        }
        if known == gather.known && failed == gather.failed {
            gather.agreed.insert(join.from);
        }
        self.wake_gather(now);
    }

    /// If all say the same, the first of them makes the ring, and the others wait for it.
    fn agree(&mut self, now: Duration) {
        let State::Gather(gather) = &mut self.state else { return };
        let live = gather.live();
        if gather.until.is_none() || !live.is_subset(&gather.agreed) {
            return;
        }
        gather.until = None;
        if live.first() != Some(&self.own) {
            self.token_due = Some(now + self.config.timeouts.token);
            return;
        }
        self.highest = self.highest.saturating_add(1);
        let ring = RingId { seq: self.highest, by: self.own };
        let members: Vec<NodeId> = live.into_iter().collect();
        if members.len() == 1 {
            let own = self.history.entry(self.own);
            self.begin(now, Recover::new(History::new(ring), vec![own]));
            return;
        }
        let empty = |node| Entry { node, ring: RingId::default(), aru: 0, held: [0; HELD] };
        let mut commit = Commit { ring, pass: 1, members: members.iter().copied().map(empty).collect() };
        self.fill(&mut commit);
        self.state = State::Commit(ring, members.clone());
        let next = self.behind(members.into_iter());
        self.pass(now, next, &Packet::Commit(commit), 0);
    }

    fn fill(&self, commit: &mut Commit) {
        for entry in commit.members.iter_mut().filter(|entry| entry.node == self.own) {
            *entry = self.history.entry(self.own);
        }
    }

    pub(super) fn on_commit(&mut self, now: Duration, mut commit: Commit) {
        let members: Vec<NodeId> = commit.members.iter().map(|entry| entry.node).collect();
        if !members.contains(&self.own) {
            return;
        }
        let next = self.behind(members.iter().copied());
        let is_first = commit.ring.by == self.own;
        match (&mut self.state, commit.pass) {
            (State::Gather(gather), 1) if gather.live().iter().eq(&members) && !is_first => {
                self.highest = self.highest.max(commit.ring.seq);
                self.fill(&mut commit);
                self.state = State::Commit(commit.ring, members);
                self.pass(now, next, &Packet::Commit(commit), 0);
            }
            (State::Commit(ring, _), pass) if *ring == commit.ring && (is_first == (pass == 1)) => {
                commit.pass = 2;
                let recover = Recover::new(History::new(commit.ring), commit.members.clone());
                self.state = State::Recover(Box::new(recover));
                self.hop = 0;
                self.pass(now, next, &Packet::Commit(commit), 0);
            }
            (State::Recover(recover), 2) if recover.next.ring == commit.ring && is_first => {
                self.first_token(now);
            }
            _ => {}
        }
    }
}
