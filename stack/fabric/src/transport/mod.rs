//! A transport carries messages between the n nodes of a fabric.
//!
//! It is opened on each node ([`Kind::open`]), which gives an address; when every node has the addresses of all, each is
//! linked ([`Unlinked::link`]). How the addresses get about is the caller's affair. Messages keep their bounds on every transport.
//!
//! Nothing here waits for another node without an end: what cannot be sent now is kept or lost, as [`Guarantees`] say, and counted.

mod kind;
mod multicast;
mod tcp;
mod together;
pub(crate) mod udp;
#[cfg(feature = "verbs")]
pub(crate) mod verbs;
mod wait;

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use kind::Kind;

/// The number of a node: its place in the list of addresses.
pub type NodeId = usize;

/// To whom a message goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum To {
    /// One other node.
    Node(NodeId),
    /// Every other node. Never the sender itself.
    Others,
}

/// How the arrival of a message is awaited.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Waiting {
    /// The kernel wakes the node: a processor is free meanwhile.
    Events,
    /// The node looks again and again: a processor is busy meanwhile.
    Polled,
}

impl Waiting {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Polled => "polled",
        }
    }
}

/// Where and how a node takes part.
#[derive(Clone, Debug)]
pub struct Place {
    /// The interface's address.
    pub ip: IpAddr,
    /// How many nodes there are.
    pub nodes: usize,
    /// The longest message that will be sent, in bytes.
    pub message: usize,
    /// How messages are awaited.
    pub waiting: Waiting,
    /// The RDMA device, by its name; without one the first that reaches `ip`.
    pub device: Option<String>,
}

/// What a transport can carry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Limits {
    /// The longest message, in bytes.
    pub message: usize,
    /// The bytes of a message that travel in one piece; what is longer is cut by the transport. `None`: the transport does not say.
    pub piece: Option<usize>,
    /// Messages up to so many bytes are handed to the device with the order to send them. 0: none are.
    pub inline: usize,
}

/// What a transport promises.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Guarantees {
    /// A message arrives unless the link is lost.
    pub reliable: bool,
    /// Messages of one node arrive in the order in which it sent them.
    pub ordered: bool,
    /// A message to all is sent once, and the fabric copies it.
    pub multicast: bool,
}

/// What went wrong on the way, since the transport was linked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counters {
    /// Messages that came and found no room.
    pub dropped: u64,
    /// Messages that were not sent because a node did not take them.
    pub refused: u64,
    /// Receiver not ready: the device at the other end had no buffer posted.
    pub rnr: u64,
    /// Segments or packets that were sent again by the transport.
    pub retransmits: u64,
    /// Links that were lost and made again.
    pub reconnects: u64,
}

/// A message that has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Received {
    /// The sender.
    pub from: NodeId,
    /// Its length: it stands at the beginning of the buffer.
    pub bytes: usize,
}

/// Why a transport failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine has no device for it.
    #[error("no RDMA device: {0}")]
    NoDevice(String),
    /// A message or address does not fit the transport.
    #[error("{0}")]
    Unfit(String),
    /// The system refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What it said.
        source: std::io::Error,
    },
}

impl Error {
    /// What was tried, for `map_err`.
    pub(crate) fn system<E: Into<std::io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what: what.into(), source: source.into() }
    }
}

/// A node's end before the others are known.
pub trait Unlinked {
    /// Where the others find it: one word, to be handed on as it is.
    fn address(&self) -> &str;

    /// Links it with the others. All nodes do so at the same time.
    ///
    /// # Errors
    /// An address is not one of this transport, or a node cannot be reached.
    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error>;
}

/// A node's end of a fabric.
pub trait Transport {
    /// Sends a message. It may be under way still when this returns.
    ///
    /// # Errors
    /// The message is too long, or the system failed. A node that is not there is no error.
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error>;

    /// Sends a message that others follow at once. It may wait for them, but not longer than until [`flush`](Self::flush).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    fn send_more(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.send(to, message)
    }

    /// Waits until what was sent has left this process, for `patience` at most: who streams must not be ahead of the fabric.
    ///
    /// # Errors
    /// The system failed.
    fn flush(&mut self, _patience: Duration) -> Result<(), Error> {
        Ok(())
    }

    /// The next message, put at the beginning of the buffer; `None`: none came within `patience`, which the kernel may extend by
    /// some milliseconds. What is longer than the buffer is cut.
    ///
    /// # Errors
    /// The system failed.
    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error>;

    /// What it can carry.
    fn limits(&self) -> Limits;

    /// What it promises.
    fn guarantees(&self) -> Guarantees;

    /// What went wrong so far.
    fn counters(&self) -> Counters;
}

/// What [`Transport::send`] refuses.
fn fits(message: &[u8], limit: usize) -> Result<(), Error> {
    let bytes = message.len();
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::Unfit(format!("a message of {bytes} bytes: this transport carries {limit} at most")))
}
