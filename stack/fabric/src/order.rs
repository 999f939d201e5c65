//! What a bench says to its nodes, and what they answer: a line of JSON each.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::load::{PingPong, PingPongResult, RingEvent, RingLoad, Standing, Stream, StreamResult};
use crate::measure::Environment;
use crate::transport::{Guarantees, Kind, Limits, NodeId, Waiting};

/// To a node.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Open a transport. The one before is closed.
    Open {
        /// Which.
        kind: Kind,
        /// At this address; without one at the node's own.
        ip: Option<IpAddr>,
        /// For so many nodes.
        nodes: usize,
        /// For messages of so many bytes.
        message: usize,
        /// How they are awaited.
        waiting: Waiting,
        /// The RDMA device.
        device: Option<String>,
    },
    /// Link it.
    Link {
        /// As which node.
        own: NodeId,
        /// With whom.
        addresses: Vec<String>,
    },
    /// Tell the time.
    Clock,
    /// Run a ping-pong.
    PingPong(PingPong),
    /// Run a stream.
    Stream(Stream),
    /// Run the ring.
    Ring(Box<RingLoad>),
    /// End what runs.
    Stop,
    /// Be cut off from the others, or not any more.
    Cut(bool),
    /// Be killed (SIGKILL). A new process takes its place.
    Kill,
    /// Be frozen (SIGSTOP).
    Freeze,
    /// Go on (SIGCONT).
    Thaw,
}

/// From a node.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The transport is open.
    Opened {
        /// Where the others find it.
        address: String,
        /// The machine.
        environment: Box<Environment>,
    },
    /// The transport is linked.
    Linked {
        /// What it can carry.
        limits: Limits,
        /// What it promises.
        guarantees: Guarantees,
    },
    /// The time, in nanoseconds.
    Clock(u64),
    /// A ping-pong is over.
    PingPong(Box<PingPongResult>),
    /// A stream is over.
    Stream(Box<StreamResult>),
    /// Something happened in the ring.
    Ring(RingEvent),
    /// The ring was stopped. A ring of ours says how the node stood.
    Stopped(Option<Box<Standing>>),
    /// The order was carried out, at this time in nanoseconds.
    Done(u64),
    /// This machine has no device for the transport.
    NoDevice(String),
    /// It failed.
    Failed(String),
}
