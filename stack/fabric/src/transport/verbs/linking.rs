//! How nodes get together: queue pairs are made, their numbers told, and then they are brought to work.

use std::hash::{BuildHasher, Hasher};
use std::net::UdpSocket;
use std::sync::Arc;

use super::Service;
use super::address::{Address, BITS_24, place_of};
use super::buffers::Memory;
use super::calls::{self, Calls};
use super::completion::{Channel, Completions};
use super::device::{self, Domain, Port};
use super::grh::GRH;
use super::hardware_counters::HardwareCounters;
use super::node::{End, Parts, Route, Verbs};
use super::queue_pair::{Depths, QueuePair, Way};
use super::relink::Relink;
use super::slots::{Orders, depth};
use crate::transport::{Error, NodeId, Place, Transport, Unlinked, Waiting};

/// The longest message. Any would go; each node keeps several buffers of this length for each other one.
const LONGEST: usize = 1 << 20;
/// Memory to receive from one node. Buffers are used in turn: what is more than a processor's cache makes each message cold.
const RECEIVING: usize = 512 << 10;
/// Memory to send to one node: less, so that one message after another finds a buffer.
const SENDING: usize = 256 << 10;
/// Buffers for messages that are all as long as they may be.
const LEAST: usize = 8;
/// Datagrams of all nodes come to one queue pair: it has buffers for so many nodes at once, which is memory enough.
const NODES_AT_ONCE: usize = 8;

/// A node's end before the others are known.
pub(crate) struct Opened {
    address: String,
    service: Service,
    waiting: Waiting,
    own: Address,
    port: Port,
    pairs: Vec<QueuePair>,
    depths: Depths,
    sent: Arc<Completions>,
    received: Arc<Completions>,
    channel: Arc<Channel>,
    domain: Arc<Domain>,
    calls: Option<UdpSocket>,
}

pub(in crate::transport) fn open(service: Service, place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    Ok(Box::new(open_end(service, place, LEAST)?))
}

/// Opens this node's end, with buffers for `least` messages or more from each other node, however long they may be.
pub(crate) fn open_end(service: Service, place: &Place, least: usize) -> Result<Opened, Error> {
    let (context, port) = device::open(place)?;
    let domain = Domain::new(&context)?;
    let channel = Channel::new(&context)?;
    let others = place.nodes.saturating_sub(1).max(1);
    let (pairs, message) = match service {
        Service::Connected => (others, place.message.clamp(1, LONGEST)),
        Service::Datagram => (1, place.message.clamp(1, usize::try_from(port.mtu).unwrap_or(LONGEST))),
    };
    let depths = depths(&context, message, least, others, pairs);
    let sent = Completions::new(&channel, depths.send * pairs + 1)?;
    let received = Completions::new(&channel, depths.receive * pairs + 1)?;
    let pairs: Vec<_> = (0..pairs)
        .map(|_| QueuePair::new(&domain, service, [&sent, &received], depths))
        .collect::<Result<_, _>>()?;
    let calls = match service {
        Service::Connected => Some(calls::open(place.ip)?),
        Service::Datagram => None,
    };
    let own = Address {
        service,
        gid: port.gid,
        lid: port.lid,
        mtu: port.mtu,
        message,
        packet: random() & BITS_24,
        key: random() >> 1,
        queues: pairs.iter().map(QueuePair::number).collect(),
        calls: calls.as_ref().map(|(_, address)| *address),
    };
    let (address, waiting) = (own.to_string(), place.waiting);
    let calls = calls.map(|(socket, _)| socket);
    Ok(Opened { address, service, waiting, own, port, pairs, depths, sent, received, channel, domain, calls })
}

/// As many orders and buffers as memory and device allow.
fn depths(context: &device::Context, message: usize, least: usize, others: usize, pairs: usize) -> Depths {
    let most = context.attributes().map_or(128, |attributes| {
        let per_pair = usize::try_from(attributes.max_cqe).unwrap_or(0) / pairs;
        per_pair.saturating_sub(1).min(usize::try_from(attributes.max_qp_wr).unwrap_or(0)).max(1)
    });
    let senders = if pairs == 1 { others.min(NODES_AT_ONCE) } else { 1 };
    Depths {
        send: depth(message, SENDING, least / 2, 128).min(most),
        receive: (depth(message, RECEIVING, least, 256) * senders).min(most),
    }
}

/// A number that nobody guesses by chance: the standard library seeds its hashes so.
pub(super) fn random() -> u32 {
    let bits = std::hash::RandomState::new().build_hasher().finish();
    u32::try_from(bits >> 32).unwrap_or(0)
}

impl Opened {
    /// Brings the queue pairs to work. The caller may not send before all nodes have done so: a datagram would be lost.
    pub(crate) fn linked(self, own: NodeId, addresses: &[String]) -> Result<Verbs, Error> {
        let nodes: Vec<Address> = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        self.check(own, &nodes)?;
        let key = nodes.first().map_or(0, |first| first.key);
        // What every node can take.
        let limit = nodes.iter().map(|node| node.message).min().unwrap_or(0);
        let piece = nodes.iter().map(|node| node.mtu).min().unwrap_or(0);
        let header = if self.service == Service::Datagram { GRH } else { 0 };
        let incoming =
            Memory::new(&self.domain, self.depths.receive * self.pairs.len(), self.own.message + header)?;
        // One more than there are orders: so a piece is free whenever a queue pair takes one.
        let outgoing = Memory::new(&self.domain, self.depths.send * self.pairs.len() + 1, self.own.message)?;
        let mut routes = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let route = match self.service {
                _ if number == own => None,
                Service::Connected => Some(Route { end: place_of(number, own), way: None }),
                Service::Datagram => {
                    let queue = node.queues.first().copied().unwrap_or(0);
                    Some(Route { end: 0, way: Some(Way::new(&self.domain, &self.port, node, queue)?) })
                }
            };
            routes.push(route);
        }
        let counters = HardwareCounters::of(&self.domain.context.name, self.port.number);
        let mut ends = Vec::new();
        for (place, pair) in self.pairs.into_iter().enumerate() {
            let node = if place < own { place } else { place + 1 };
            let theirs = nodes.get(node).and_then(|peer| peer.half(place_of(own, node)));
            let halves = self.own.half(place).zip(theirs).filter(|_| self.service == Service::Connected);
            let relink = halves.map(|(ours, theirs)| Relink::connected(ours, theirs));
            ends.push(End::new(pair, node, relink, Orders::new(self.depths.send, self.own.message)));
        }
        let heard_at = nodes.iter().map(|node| node.calls).collect::<Option<Vec<_>>>();
        let calls = self.calls.zip(heard_at).map(|(socket, nodes)| Calls::new(socket, nodes));
        let mut verbs = Verbs::new(Parts {
            service: self.service,
            waiting: self.waiting,
            own,
            port: self.port,
            key,
            packet: self.own.packet,
            limit,
            piece: usize::try_from(piece).unwrap_or(0),
            depths: self.depths,
            ends,
            routes,
            outgoing,
            incoming,
            sent: self.sent,
            received: self.received,
            channel: self.channel,
            counters,
            nodes,
            calls,
            domain: self.domain,
        });
        verbs.start()?;
        Ok(verbs)
    }

    /// The nodes' addresses must fit each other, and this one.
    fn check(&self, own: NodeId, nodes: &[Address]) -> Result<(), Error> {
        if nodes.get(own) != Some(&self.own) {
            return Err(Error::Unfit(format!(
                "the address of node {own} is not the one that was given out here"
            )));
        }
        for (number, node) in nodes.iter().enumerate() {
            let queues = match self.service {
                Service::Connected => nodes.len() - 1,
                Service::Datagram => 1,
            };
            let hears = self.service == Service::Datagram || node.calls.is_some();
            if node.service != self.service || node.queues.len() < queues || !hears {
                return Err(Error::Unfit(format!("node {number} was opened for something else: {node}")));
            }
        }
        if self.service == Service::Connected && self.pairs.len() + 1 < nodes.len() {
            return Err(Error::Unfit(format!("{} nodes: this one was opened for fewer", nodes.len())));
        }
        Ok(())
    }
}

impl Unlinked for Opened {
    fn address(&self) -> &str {
        &self.address
    }

    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        Ok(Box::new(self.linked(own, addresses)?))
    }
}
