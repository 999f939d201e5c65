//! The sequence numbers of connections: what comes again, and what is missing.

use std::collections::HashMap;

use fencelab_wire::infiniband::{Bth, Operation, Service, U24};

use super::ends::End;

/// Sequence numbers have 24 bits.
const ALL: u32 = 1 << 24;

/// What a sequence number tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tells {
    /// It is the next one, or the first that is seen.
    Next,
    /// It was there before.
    Again,
    /// So many before it are missing.
    Gap(u32),
}

/// The requests of each connection and direction.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    next: HashMap<(End, End, U24), (u32, bool)>,
}

impl Sequences {
    /// Takes a packet of a connection. A request to read takes as many numbers as its answer has packets, which nobody but the
    /// two ends knows: behind one nothing is taken for missing.
    pub(super) fn take(&mut self, (from, to): (End, End), bth: &Bth) -> Tells {
        let connected = matches!(bth.opcode.service, Service::Rc | Service::Uc | Service::Xrc);
        if !connected || bth.opcode.is_response() {
            return Tells::Next;
        }
        let psn = bth.psn.0;
        let reads = bth.opcode.operation == Operation::ReadRequest;
        let key = (from, to, bth.destination);
        let tells = match self.next.get(&key) {
            None => Tells::Next,
            Some((expected, after_read)) => {
                let ahead = psn.wrapping_sub(*expected) % ALL;
                match ahead {
                    0 => Tells::Next,
                    ahead if ahead >= ALL / 2 => Tells::Again,
                    _ if *after_read => Tells::Next,
                    ahead => Tells::Gap(ahead),
                }
            }
        };
        if tells != Tells::Again {
            self.next.insert(key, ((psn + 1) % ALL, reads));
        }
        tells
    }

    /// This queue pair begins anew.
    pub(super) fn forget(&mut self, qp: U24) {
        self.next.retain(|(_, _, it), _| *it != qp);
    }
}

#[cfg(test)]
mod tests {
    use fencelab_wire::infiniband::Opcode;

    use super::*;

    fn bth(opcode: u8, psn: u32) -> Bth {
        Bth {
            opcode: Opcode::from(opcode),
            flags: 0,
            p_key: 0xffff,
            congestion: 0,
            destination: U24(17),
            acknowledge: 0,
            psn: U24(psn),
        }
    }

    #[test]
    fn numbers_that_come_again_are_told_from_missing_ones() {
        let mut sequences = Sequences::default();
        let mut take = |opcode, psn| sequences.take((End::Lid(1), End::Lid(2)), &bth(opcode, psn));
        assert_eq!(take(4, 0xff_fffe), Tells::Next);
        assert_eq!(take(4, 0xff_ffff), Tells::Next);
        assert_eq!(take(4, 0), Tells::Next, "it goes round");
        assert_eq!(take(4, 0xff_ffff), Tells::Again);
        assert_eq!(take(4, 3), Tells::Gap(2));
        assert_eq!(take(12, 4), Tells::Next);
        assert_eq!(take(17, 99), Tells::Next, "an acknowledge has the number of the request");
        assert_eq!(take(4, 20), Tells::Next, "what was read took the numbers between");
        assert_eq!(take(100, 5), Tells::Next, "datagrams are of no connection");
    }
}
