//! A token ring with ordered multicast, sans-I/O: what a cluster engine does to its fabric.
//!
//! After Y. Amir, L. E. Moser, P. M. Melliar-Smith, D. A. Agarwal and P. Ciarfella, "The Totem single-ring ordering and membership
//! protocol", ACM Transactions on Computer Systems 13(4), 1995, which corosync follows, too. Left out: safe delivery as a service
//! of its own (the ring says when a message is stable instead) and encryption. It does not speak corosync's wire format: what is
//! compared is the traffic, not the bytes.
//!
//! A [`Node`] is given packets and the time, and says what to send, what to deliver, and who is in the ring.

mod history;
mod join;
mod node;
mod operate;
mod parts;
mod recover;
mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::transport::{NodeId, To};

pub use node::Node;
pub use wire::{Malformed, OVERHEAD, Packet};

/// How long the ring waits for what.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timeouts {
    /// Without a token for so long, the ring is broken (corosync.conf(5), `token`).
    pub token: Duration,
    /// A token that nobody was seen to take is sent again after this.
    pub retransmit: Duration,
    /// Who looks for others says so at this interval.
    pub join: Duration,
    /// Who has not agreed by then is taken to have failed.
    pub consensus: Duration,
    /// A ring makes itself known to others at this interval.
    pub merge: Duration,
}

impl Timeouts {
    /// All of them from the first, in corosync's proportions (corosync.conf(5)): four retransmissions before a loss, consensus
    /// after 1.2 times as long. Joins are not more seldom than retransmissions, so that short timeouts stay short.
    #[must_use]
    pub fn of_token(token: Duration) -> Self {
        let retransmit = token.mul_f64(1.0 / 4.2);
        Self {
            token,
            retransmit,
            join: retransmit.min(Duration::from_millis(50)),
            consensus: token.mul_f64(1.2),
            merge: Duration::from_millis(200),
        }
    }
}

/// How a ring behaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Config {
    /// How long it waits.
    pub timeouts: Timeouts,
    /// A node sends so many messages at most while it has the token (corosync.conf(5), `max_messages`).
    pub max_messages: u32,
    /// All nodes together send so many at most in a rotation (corosync.conf(5), `window_size`).
    pub window: u32,
    /// The longest packet that the transport carries, in bytes.
    pub packet: usize,
}

impl Config {
    /// corosync's flow control, with this token timeout.
    #[must_use]
    pub fn new(token: Duration, packet: usize) -> Self {
        Self { timeouts: Timeouts::of_token(token), max_messages: 17, window: 50, packet }
    }
}

/// A ring's number: the node that made it, and one that is higher than that of each ring that any of its members knew.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RingId {
    /// Its place in time.
    pub seq: u64,
    /// Who made it.
    pub by: NodeId,
}

/// What a node wants or tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// A packet to be sent, in this order.
    Send(To, Vec<u8>),
    /// A message, at the same place of the order on every node.
    Deliver(Message),
    /// Messages of this node up to and with this number, by its own count, have come to every member.
    Stable(u64),
    /// The ring has other members now.
    Members(RingId, BTreeSet<NodeId>),
    /// The token has come; so long after the last time, if there was one in this ring.
    Token(Option<Duration>),
}

/// A message that was delivered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Who sent it.
    pub from: NodeId,
    /// When it was to be sent, by the sender's clock, in nanoseconds.
    pub born: u64,
    /// What it says.
    pub payload: Vec<u8>,
}

/// What a node is at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// It looks for others.
    Gather,
    /// All agree who is there, and a ring of them is awaited.
    Commit,
    /// The ring exists, and its members give each other what is left of the one before.
    Recover,
    /// The ring turns.
    Operate,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tally {
    /// Tokens that came.
    pub tokens: u64,
    /// Tokens that this node sent again.
    pub token_retransmits: u64,
    /// Times that the token did not come.
    pub token_losses: u64,
    /// Packets of messages that this node sent, without repetitions.
    pub sent: u64,
    /// Packets of messages that this node sent again for others.
    pub retransmits: u64,
    /// Messages that this node delivered.
    pub delivered: u64,
    /// Rings that this node has been in.
    pub rings: u64,
    /// Packets that were none of this protocol's.
    pub malformed: u64,
    /// Messages that no member of a new ring had.
    pub lost: u64,
}

impl Tally {
    /// What has happened since then.
    #[must_use]
    pub fn since(self, start: Self) -> Self {
        Self {
            tokens: self.tokens - start.tokens,
            token_retransmits: self.token_retransmits - start.token_retransmits,
            token_losses: self.token_losses - start.token_losses,
            sent: self.sent - start.sent,
            retransmits: self.retransmits - start.retransmits,
            delivered: self.delivered - start.delivered,
            rings: self.rings - start.rings,
            malformed: self.malformed - start.malformed,
            lost: self.lost - start.lost,
        }
    }
}
