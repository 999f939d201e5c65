//! Which pieces of registered memory are free, and which orders a queue pair has not finished. No device is needed to think here.

use std::collections::VecDeque;

/// Pieces of memory to send from. One may be under way to several nodes.
#[derive(Debug)]
pub(super) struct Pool {
    free: Vec<usize>,
    uses: Vec<u32>,
}

impl Pool {
    pub(super) fn new(slots: usize) -> Self {
        Self { free: (0..slots).rev().collect(), uses: vec![0; slots] }
    }

    /// A free piece, held once. The last that was given back comes first, since it may be in the cache still.
    pub(super) fn take(&mut self) -> Option<usize> {
        let slot = self.free.pop()?;
        self.hold(slot);
        Some(slot)
    }

    /// Holds a piece once more.
    pub(super) fn hold(&mut self, slot: usize) {
        if let Some(uses) = self.uses.get_mut(slot) {
            *uses += 1;
        }
    }

    /// Gives a piece back; it is free when everyone has.
    pub(super) fn release(&mut self, slot: usize) {
        let Some(uses @ 1..) = self.uses.get_mut(slot) else {
            debug_assert!(false, "piece {slot} was not held");
            return;
        };
        *uses -= 1;
        if *uses == 0 {
            self.free.push(slot);
        }
    }
}

/// So many bytes are not sent without a report: slow devices would seem to stand still.
const REPORTED: usize = 256 << 10;

/// The orders to send that one queue pair has not finished yet, the oldest first.
///
/// Only some report that they are done; those before them are done then, too, for a queue pair keeps their order.
#[derive(Debug)]
pub(super) struct Orders {
    /// The pieces that they send from.
    pending: VecDeque<usize>,
    /// The number of the oldest.
    first: u64,
    depth: usize,
    report_every: usize,
    silent: usize,
}

impl Orders {
    /// Reports come at least so often that a full queue has four of them, and for every [`REPORTED`] bytes of the longest messages.
    pub(super) fn new(depth: usize, message: usize) -> Self {
        let report_every = (depth / 4).min(REPORTED / message.max(1)).max(1);
        Self { pending: VecDeque::with_capacity(depth), first: 0, depth, report_every, silent: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.pending.len() < self.depth
    }

    pub(super) fn is_half_full(&self) -> bool {
        self.pending.len() * 2 >= self.depth
    }

    /// The next order's number, and whether it has to report.
    pub(super) fn next(&self) -> (u64, bool) {
        (self.first + self.pending.len() as u64, self.silent + 1 >= self.report_every)
    }

    /// The [`Orders::next`] one is made.
    pub(super) fn push(&mut self, slot: usize) {
        let (_, reports) = self.next();
        self.pending.push_back(slot);
        self.silent = if reports { 0 } else { self.silent + 1 };
    }

    /// The order of this number is done. Gives back the pieces of it and of those before it.
    pub(super) fn done(&mut self, number: u64, pool: &mut Pool) {
        while self.first <= number {
            let Some(slot) = self.pending.pop_front() else { return };
            self.first += 1;
            pool.release(slot);
        }
    }

    /// The queue pair is no more: nothing is under way.
    pub(super) fn abandon(&mut self, pool: &mut Pool) {
        self.done(u64::MAX, pool);
    }
}

/// A number and a place in the 64 bits that the device hands back with a completion.
pub(super) fn ticket(place: usize, number: u64) -> u64 {
    ((place as u64) << NUMBER_BITS) | (number & NUMBER)
}

/// What [`ticket`] put together.
pub(super) fn of_ticket(ticket: u64) -> (usize, u64) {
    (usize::try_from(ticket >> NUMBER_BITS).unwrap_or(usize::MAX), ticket & NUMBER)
}

/// A year of 8 million messages a second.
const NUMBER_BITS: u32 = 48;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;

/// How many messages of so many bytes a budget holds, within bounds.
pub(super) fn depth(message: usize, budget: usize, least: usize, most: usize) -> usize {
    (budget / message.max(1)).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_piece_is_free_when_the_last_has_given_it_back() {
        let mut pool = Pool::new(1);
        let slot = pool.take().unwrap();
        pool.hold(slot);
        assert_eq!(pool.take(), None);
        pool.release(slot);
        assert_eq!(pool.take(), None);
        pool.release(slot);
        assert_eq!(pool.take(), Some(slot));
    }

    #[test]
    fn one_report_tells_of_those_before_it() {
        let (mut pool, mut orders) = (Pool::new(8), Orders::new(8, 64));
        let mut reports = Vec::new();
        while orders.has_room() {
            let (number, reporting) = orders.next();
            if reporting {
                reports.push(number);
            }
            orders.push(pool.take().unwrap());
        }
        assert_eq!(reports, [1, 3, 5, 7]);
        assert_eq!(pool.take(), None);
        orders.done(3, &mut pool);
        assert_eq!(orders.next().0, 8);
        assert_eq!(std::iter::from_fn(|| pool.take()).count(), 4);
        // Told twice, as where several orders are flushed.
        orders.done(3, &mut pool);
        assert_eq!(pool.take(), None);
    }

    #[test]
    fn a_ticket_holds_both() {
        for (place, number) in [(0, 0), (7, 1), (65_535, NUMBER)] {
            assert_eq!(of_ticket(ticket(place, number)), (place, number));
        }
    }

    #[test]
    fn long_messages_have_fewer_buffers() {
        assert_eq!(depth(64, 4 << 20, 16, 128), 128);
        assert_eq!(depth(65_536, 4 << 20, 16, 128), 64);
        assert_eq!(depth(1 << 20, 4 << 20, 16, 128), 16);
    }

    proptest! {
        /// A full queue always has an order that reports, so that there is an end to waiting; and no piece gets lost.
        #[test]
        fn there_is_an_end_to_waiting(depth in 1usize..40, message: usize, steps in proptest::collection::vec(any::<bool>(), 0..400)) {
            let (mut pool, mut orders) = (Pool::new(depth + 1), Orders::new(depth, message));
            let mut reporting: VecDeque<u64> = VecDeque::new();
            for sends in steps {
                if sends && orders.has_room() {
                    let (number, reports) = orders.next();
                    reporting.extend(reports.then_some(number));
                    let slot = pool.take();
                    prop_assert!(slot.is_some());
                    orders.push(slot.unwrap());
                } else if let Some(number) = reporting.pop_front() {
                    orders.done(number, &mut pool);
                }
                prop_assert!(orders.has_room() || !reporting.is_empty());
            }
            orders.abandon(&mut pool);
            prop_assert_eq!(std::iter::from_fn(|| pool.take()).count(), depth + 1);
        }
    }
}
