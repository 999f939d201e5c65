//! The wire of corosync 3: [`knet`], the links between the nodes of a cluster, and [`totem`], the ring that runs over them.
//!
//! The layouts are those of libknet 1.x (`libknet/internals.h` and `onwire.h`, on-wire version 1) and of corosync 3
//! (`exec/totemsrp.c` and `include/corosync/totem/totem.h`, version 3 of the header). With the transports `udp` and `udpu` a
//! datagram is a message of totem, with `knet` it is a packet of knet. Who encrypts, encrypts all of a packet.

pub mod knet;
pub mod totem;

pub use crate::octets::{Malformed, Order};
pub use knet::Knet;
pub use totem::Totem;

/// The port of corosync's first link (`corosync.conf(5)`, `mcastport`); each further link of knet has the next one.
pub const PORT: u16 = 5405;
/// How many links knet has at most (`KNET_MAX_LINK`).
pub const LINKS_MAX: u16 = 8;
