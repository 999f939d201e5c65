//! Rings of real corosync: a corosync of its own for each node, in the node's namespaces, and its closed process groups (CPG), by
//! which a node says and hears what the load wants.

mod config;
mod daemon;
mod group;
mod message;
mod turning;
mod voice;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::load::{RingEvent, RingLoad, Wishes};
use crate::namespaces::MARK;
use crate::transport::{Error, Guarantees, Kind, Limits, NodeId, Place, Waiting};

use config::Wire;

/// The longest message, in bytes: that of cpgbench. CPG cuts messages itself.
const LONGEST: usize = 1_000_000;

/// A node where corosync can run, before it knows the others.
#[derive(Debug)]
pub(crate) struct Site {
    wire: Wire,
    waiting: Waiting,
    address: String,
}

impl Site {
    /// Sees whether corosync can run here.
    ///
    /// # Errors
    /// It is not installed, or would not have the node's files for itself.
    pub(crate) fn open(kind: Kind, place: &Place) -> Result<Self, Error> {
        let wire = if kind == Kind::CorosyncKnet { Wire::Knet } else { Wire::Udpu };
        // Outside, its configuration and its sockets would be the machine's, and perhaps those of a cluster.
        if !Path::new(MARK).exists() {
            let why = "corosync runs in namespaces of its own only: on one machine, without --node";
            return Err(Error::NoDevice(why.to_owned()));
        }
        daemon::program()?;
        Ok(Self { wire, waiting: place.waiting, address: place.ip.to_string() })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Takes the others' addresses. corosync is started when its token timeout is known, with a load.
    ///
    /// # Errors
    /// An address is none.
    pub(crate) fn link(self, addresses: &[String]) -> Result<Ring, Error> {
        let parse = |address: &String| {
            address.parse().map_err(|error| Error::Unfit(format!("`{address}` is no address: {error}")))
        };
        let addresses = addresses.iter().map(parse).collect::<Result<Vec<IpAddr>, Error>>()?;
        Ok(Ring { wire: self.wire, waiting: self.waiting, addresses })
    }
}

/// A node that knows the others.
#[derive(Debug)]
pub(crate) struct Ring {
    wire: Wire,
    waiting: Waiting,
    addresses: Vec<IpAddr>,
}

impl Ring {
    /// What a message may be, and what becomes of it.
    pub(crate) fn nature(&self) -> (Limits, Guarantees) {
        let limits = Limits { message: LONGEST, piece: None, inline: 0 };
        (limits, Guarantees { reliable: true, ordered: true, multicast: false })
    }

    /// Starts corosync, joins the others, does what the load says until it is stopped, and ends corosync.
    ///
    /// # Errors
    /// corosync does not start, or ends.
    pub(crate) fn turn(
        &mut self,
        load: &RingLoad,
        wishes: &Wishes,
        tell: &mut dyn FnMut(RingEvent),
    ) -> Result<(), Error> {
        let config =
            config::Config { wire: self.wire, token: load.config.timeouts.token, addresses: &self.addresses };
        let daemon = daemon::Daemon::start(&config)?;
        match turning::Turning::join(load, self.waiting, daemon, wishes)? {
            Some(turning) => turning.run(wishes, tell),
            None => Ok(()),
        }
    }
}

/// corosync's number of a node: 0 is none.
fn nodeid(node: NodeId) -> u32 {
    u32::try_from(node + 1).unwrap_or(u32::MAX)
}

/// The node that has corosync's number; `None`: it is none of ours.
fn node(nodeid: u32) -> Option<NodeId> {
    usize::try_from(nodeid).ok()?.checked_sub(1)
}

/// Milliseconds, whole ones.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
