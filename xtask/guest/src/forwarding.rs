//! What a switch does with a frame: where it goes, and what the cables on its way do to it. No sockets and no clock in
//! here: frames and times go in, frames and their due times come out.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What the cable between a node and the switch does to each frame, in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cable {
    /// The probability that a frame is lost: 0.0 to 1.0.
    pub loss: f64,
    /// How long a frame is under way on it.
    pub delay: Duration,
    /// Nothing goes through.
    pub cut: bool,
}

/// What has happened on a cable. Frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The node sent them and they reached the switch.
    pub received: u64,
    /// They left the switch and reached the node.
    pub sent: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Lost since the cable was cut.
    pub cut: u64,
    /// Lost since the node did not fetch what waited for it.
    pub overflowed: u64,
}

/// A frame on its way to a port, counted from 0.
#[derive(Debug)]
pub(crate) struct Due {
    at: Instant,
    order: u64,
    pub(crate) port: usize,
    pub(crate) frame: Arc<[u8]>,
}

struct Port {
    cable: Cable,
    counts: Counts,
    chance: ChaCha8Rng,
}

impl Port {
    /// Whether a frame gets through the cable now.
    fn passes(&mut self) -> bool {
        if self.cable.cut {
            self.counts.cut += 1;
            return false;
        }
        // 53 bits are what a double holds exactly. A cable without loss draws none, so that setting it changes no other draw.
        let drawn = |chance: &mut ChaCha8Rng| (chance.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        if self.cable.loss > 0.0 && drawn(&mut self.chance) < self.cable.loss {
            self.counts.lost += 1;
            return false;
        }
        true
    }
}

/// A learning switch.
pub(crate) struct Forwarding {
    ports: Vec<Port>,
    addresses: HashMap<[u8; 6], usize>,
    under_way: BinaryHeap<Reverse<Due>>,
    order: u64,
}

impl Forwarding {
    /// Each cable draws from a seed of its own, so that the traffic of one does not change what another loses.
    pub(crate) fn new(ports: usize, cable: Cable, seed: u64) -> Self {
        let ports = (0..ports as u64)
            .map(|number| Port {
                cable,
                counts: Counts::default(),
                chance: ChaCha8Rng::seed_from_u64(seed.wrapping_add(number)),
            })
            .collect();
        Self { ports, addresses: HashMap::new(), under_way: BinaryHeap::new(), order: 0 }
    }

    pub(crate) fn cable(&mut self, port: usize) -> &mut Cable {
        &mut self.ports[port].cable
    }

    pub(crate) fn counts(&mut self, port: usize) -> &mut Counts {
        &mut self.ports[port].counts
    }

    /// Takes a frame that a node sent; tells whether it reached the switch.
    pub(crate) fn arrive(&mut self, now: Instant, from: usize, frame: &[u8]) -> bool {
        if !self.ports[from].passes() {
            return false;
        }
        self.ports[from].counts.received += 1;
        let address = |at: usize| frame.get(at..at + 6).and_then(|bytes| <[u8; 6]>::try_from(bytes).ok());
        let (Some(destination), Some(source)) = (address(0), address(6)) else { return true };
        self.addresses.insert(source, from);
        let is_group = destination[0] & 1 == 1;
        let known = self.addresses.get(&destination).copied().filter(|_| !is_group);
        let frame: Arc<[u8]> = frame.into();
        let at = now + self.ports[from].cable.delay;
        for to in 0..self.ports.len() {
            if to == from || known.is_some_and(|known| known != to) || !self.ports[to].passes() {
                continue;
            }
            self.order += 1;
            let at = at + self.ports[to].cable.delay;
            self.under_way.push(Reverse(Due { at, order: self.order, port: to, frame: Arc::clone(&frame) }));
        }
        true
    }

    /// When the next frame is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse(due)| due.at)
    }

    /// The next frame that is due by now, if its cable has not been cut meanwhile.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        while self.next().is_some_and(|at| at <= now) {
            let Reverse(due) = self.under_way.pop()?;
            let port = &mut self.ports[due.port];
            if port.cable.cut {
                port.counts.cut += 1;
                continue;
            }
            return Some(due);
        }
        None
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Due {}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(to: u8, from: u8) -> [u8; 14] {
        let mut frame = [0; 14];
        frame[..6].copy_from_slice(&[to, 0, 0, 0, 0, to]);
        frame[6..12].copy_from_slice(&[from, 0, 0, 0, 0, from]);
        frame
    }

    fn ports_due(forwarding: &mut Forwarding, now: Instant) -> Vec<usize> {
        std::iter::from_fn(|| forwarding.due(now)).map(|due| due.port).collect()
    }

    #[test]
    fn a_frame_goes_everywhere_until_its_owner_is_known() {
        let (mut switch, now) = (Forwarding::new(3, Cable::default(), 0), Instant::now());
        switch.arrive(now, 0, &frame(4, 2));
        assert_eq!(ports_due(&mut switch, now), [1, 2]);
        switch.arrive(now, 1, &frame(2, 4));
        assert_eq!(ports_due(&mut switch, now), [0]);
        switch.arrive(now, 0, &frame(4, 2));
        assert_eq!(ports_due(&mut switch, now), [1]);
        switch.arrive(now, 0, &frame(0xff, 2));
        assert_eq!(ports_due(&mut switch, now), [1, 2]);
    }

    #[test]
    fn both_cables_delay_and_order_is_kept() {
        let (mut switch, now) = (Forwarding::new(2, Cable::default(), 0), Instant::now());
        let millis = Duration::from_millis;
        switch.cable(0).delay = millis(2);
        switch.cable(1).delay = millis(3);
        switch.arrive(now, 0, &frame(4, 2));
        switch.arrive(now, 0, &[0xff; 14]);
        assert_eq!(switch.next(), Some(now + millis(5)));
        assert!(switch.due(now + millis(5) - Duration::from_nanos(1)).is_none());
        let due: Vec<u8> =
            std::iter::from_fn(|| switch.due(now + millis(5))).map(|due| due.frame[0]).collect();
        assert_eq!(due, [4, 0xff]);
    }

    #[test]
    fn a_cut_cable_takes_what_was_under_way_and_comes_back() {
        let (mut switch, now) = (Forwarding::new(2, Cable::default(), 0), Instant::now());
        switch.arrive(now, 0, &frame(4, 2));
        switch.cable(1).cut = true;
        assert!(ports_due(&mut switch, now).is_empty());
        assert!(switch.arrive(now, 0, &frame(4, 2)));
        assert!(!switch.arrive(now, 1, &frame(2, 4)));
        assert_eq!(switch.counts(1).cut, 3);
        switch.cable(1).cut = false;
        switch.arrive(now, 0, &frame(4, 2));
        assert_eq!(ports_due(&mut switch, now), [1]);
    }

    #[test]
    fn loss_is_as_probable_as_asked_and_the_seed_repeats_it() {
        let lost = |seed| {
            let (mut switch, now) = (Forwarding::new(2, Cable::default(), seed), Instant::now());
            switch.cable(0).loss = 0.1;
            let all: Vec<bool> = (0..10_000).map(|_| switch.arrive(now, 0, &frame(4, 2))).collect();
            let lost = switch.counts(0).lost;
            assert_eq!(all.iter().filter(|&&passed| !passed).count() as u64, lost);
            assert_eq!(switch.counts(0).received, 10_000 - lost);
            (all, lost)
        };
        let (all, count) = lost(7);
        assert!((900..1100).contains(&count), "{count}");
        assert_eq!(lost(7).0, all);
        assert_ne!(lost(8).0, all);
    }

    #[test]
    fn no_loss_loses_nothing_and_full_loss_everything() {
        for (loss, passed) in [(0.0, 1000), (1.0, 0)] {
            let (mut switch, now) = (Forwarding::new(2, Cable::default(), 1), Instant::now());
            switch.cable(1).loss = loss;
            for _ in 0..1000 {
                switch.arrive(now, 0, &frame(4, 2));
            }
            assert_eq!(ports_due(&mut switch, now).len(), passed);
        }
    }

    #[test]
    fn a_frame_without_addresses_is_dropped() {
        let (mut switch, now) = (Forwarding::new(2, Cable::default(), 0), Instant::now());
        for length in 0..12 {
            assert!(switch.arrive(now, 0, &vec![0; length]));
        }
        assert!(ports_due(&mut switch, now).is_empty());
    }
}
