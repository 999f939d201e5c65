//! The I/O abstraction between a fence agent and its device.
//!
//! An agent sees the outside only through a [`World`]: a clock, a source of random bytes, links to devices that carry
//! [`Datagrams`] or a [`Stream`], the password scripts of its user, and a log. The same agent code therefore runs against
//! real hardware ([`live`]), in virtual time against an emulated device ([`memory`]), and under a recorder ([`recording`]).
//!
//! Everything is synchronous: an agent is a short program that asks and waits, and it must start in a millisecond.
//!
//! With the feature `ssh` the live world speaks SSH, which brings `russh` and `tokio`; without it, it says that it cannot.

mod error;
pub mod live;
pub mod memory;
mod port_server;
pub mod recording;
mod stream;
mod target;
mod telnet;
mod world;

pub use error::LinkError;
pub use fencelab_wire::serial::Line as SerialLine;
pub use stream::{Heard, SshLogin, Stream, Way};
pub use target::{Family, Target};
pub use world::{Datagrams, Level, World};
