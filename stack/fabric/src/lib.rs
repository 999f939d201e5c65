//! What a cluster interconnect gives a cluster: transports ([`transport`]), a token ring with ordered multicast over them
//! ([`ring`]), the loads that measure both ([`load`]), and the bench that runs them ([`mod@bench`]).
//!
//! The ring is sans-I/O: it is given messages and the time, and says what to send. So it runs in virtual time in tests and over
//! every transport in a measurement.

#![deny(unsafe_code)]

pub mod bench;
#[cfg(feature = "corosync")]
mod corosync;
mod crew;
pub mod device;
pub mod ipoib;
mod keeper;
pub mod load;
pub mod measure;
mod member;
mod namespaces;
pub mod order;
pub mod ring;
pub mod transport;
mod worker;

pub use crew::{Crew, Linked, Nodes};
pub use keeper::serve;
pub use namespaces::Namespaces;
pub use worker::work;
