//! What a cluster interconnect gives a cluster: transports ([`transport`]), a token ring with ordered multicast over them
//! ([`ring`]), and the loads that measure both ([`load`]).
//!
//! The ring is sans-I/O: it is given messages and the time, and says what to send. So it runs in virtual time in tests and over
//! every transport in a measurement.

#![deny(unsafe_code)]

pub mod device;
pub mod ipoib;
pub mod transport;
