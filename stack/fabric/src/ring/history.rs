//! The packets of one ring that a node has, from the first that not everyone has.

use std::collections::BTreeMap;

use super::wire::{Data, Entry, HELD, SPAN};
use super::{NodeId, RingId};

/// What a node has of a ring's order.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) ring: RingId,
    /// It has everything up to here.
    pub(super) aru: u64,
    /// It has delivered everything up to here.
    pub(super) delivered: u64,
    /// Nobody needs what is up to here.
    pub(super) safe: u64,
    held: BTreeMap<u64, Data>,
}

impl History {
    pub(super) fn new(ring: RingId) -> Self {
        Self { ring, ..Self::default() }
    }

    /// Takes a packet. Answers whether it is new, and within reach.
    pub(super) fn take(&mut self, data: Data) -> bool {
        let seq = data.seq;
        if seq <= self.aru || seq > self.reach() || self.held.contains_key(&seq) {
            return false;
        }
        self.held.insert(seq, data);
        while self.held.contains_key(&(self.aru + 1)) {
            self.aru += 1;
        }
        true
    }

    /// The last place that it could have.
    pub(super) fn reach(&self) -> u64 {
        self.safe + SPAN
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Data> {
        self.held.get(&seq)
    }

    /// The places up to `to` that it has not.
    pub(super) fn missing(&self, to: u64) -> impl Iterator<Item = u64> + '_ {
        (self.aru + 1..=to.min(self.reach())).filter(|seq| !self.held.contains_key(seq))
    }

    /// The next packet in order, once.
    pub(super) fn next(&mut self) -> Option<&Data> {
        let data = self.held.get(&(self.delivered + 1))?;
        self.delivered += 1;
        Some(data)
    }

    /// Everyone has what is up to here.
    pub(super) fn forget(&mut self, to: u64) {
        self.safe = self.safe.max(to.min(self.delivered));
        self.held = self.held.split_off(&(self.safe + 1));
    }

    /// What others are told of it.
    pub(super) fn entry(&self, node: NodeId) -> Entry {
        let mut held = [0; HELD];
        for seq in self.held.range(self.aru + 1..).map(|(seq, _)| *seq) {
            let offset = seq - self.aru - 1;
            let word = usize::try_from(offset / 64).ok().and_then(|word| held.get_mut(word));
            if let Some(word) = word {
                *word |= 1 << (offset % 64);
            }
        }
        Entry { node, ring: self.ring, aru: self.aru, held }
    }
}

impl Entry {
    /// Whether the member has this place.
    pub(super) fn has(&self, seq: u64) -> bool {
        let Some(offset) = seq.checked_sub(self.aru.saturating_add(1)) else { return true };
        let word = usize::try_from(offset / 64).ok().and_then(|word| self.held.get(word));
        word.is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }

    /// The last place that it has.
    pub(super) fn last(&self) -> u64 {
        let last = (1..=SPAN).rev().find(|offset| self.has(self.aru.saturating_add(*offset)));
        self.aru.saturating_add(last.unwrap_or_default())
    }
}
