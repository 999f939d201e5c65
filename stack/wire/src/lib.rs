//! Sans-I/O codecs of the protocols that fencing devices speak, for both ends of the link.
//!
//! Nothing here opens a socket, reads a clock or draws a random number: bytes, the time and a source of
//! random bytes are always the caller's. Any bytes may be parsed, never with a panic, and what was parsed
//! is emitted again bit for bit.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod corosync;
pub mod describe;
mod hex;
pub mod infiniband;
pub mod ipmi;
pub mod ipoib;
mod octets;
pub mod secret;
pub mod serial;
pub mod snmp;
#[cfg(feature = "ssh")]
pub mod ssh;
pub mod tap;
pub mod telnet;

pub use secret::Secret;
