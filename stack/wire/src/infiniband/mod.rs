//! InfiniBand on the wire, and RoCE, which carries the same transport over Ethernet (v1) or UDP (v2).
//!
//! "IBA" below is the *InfiniBand Architecture Specification, volume 1*; the chapters are those of release 1.3.
//!
//! | module | holds |
//! | --- | --- |
//! | [`packet`] | a packet of the fabric: LRH, GRH, the transport, VCRC (IBA 7, 8) |
//! | [`transport`] | BTH and what follows it up to the ICRC (IBA 9) |
//! | [`opcode`] | what a packet of the transport is (IBA 9.2) |
//! | [`aeth`] | what an acknowledge says (IBA 9.3.5) |
//! | [`mad`], [`cm`], [`sa`] | management datagrams, those of connections and of multicast groups (IBA 12, 13, 15) |
//! | [`roce`] | both versions of RoCE (IBA annexes A16 and A17) |

pub mod aeth;
pub mod cm;
pub mod mad;
pub mod opcode;
pub mod packet;
pub mod roce;
pub mod sa;
pub mod transport;

pub use crate::octets::{Malformed, U24};
pub use opcode::{Opcode, Operation, Service};
pub use packet::{Grh, Lrh, Packet};
pub use transport::{Bth, Transport};

/// The first of the local identifiers that stand for multicast groups (IBA 4.1.3).
pub const MULTICAST_LID: u16 = 0xc000;
/// The local identifier of a port that has none yet (IBA 4.1.3).
pub const PERMISSIVE_LID: u16 = 0xffff;
/// The queue pair of all members of a multicast group (IBA 9.2.5).
pub const MULTICAST_QP: U24 = U24(0xff_ffff);

/// Whether this global identifier is a multicast group's (IBA 4.1.1).
#[must_use]
pub fn is_multicast(gid: &[u8; 16]) -> bool {
    gid[0] == 0xff
}
