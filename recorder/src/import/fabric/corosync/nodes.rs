//! Which node is where.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use fencelab_wire::corosync::totem::Body;

use super::Datagram;
use super::datagram::Said;

/// The nodes and the addresses where they listen.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    listening: BTreeSet<SocketAddr>,
    /// Who sends from an address.
    senders: BTreeMap<SocketAddr, u32>,
}

impl Nodes {
    pub(super) fn of(all: &[(Datagram, Said)]) -> Self {
        let mut nodes = Self::default();
        for (datagram, said) in all {
            nodes.listening.insert(datagram.to);
            if let Some(node) = sender(said) {
                nodes.senders.entry(datagram.from).or_insert(node);
            }
        }
        nodes
    }

    /// Whether an address is all nodes'.
    pub(super) fn is_group(address: SocketAddr) -> bool {
        match address.ip() {
            IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_multicast(),
        }
    }

    /// The node that listens or sends at an address.
    pub(super) fn node_at(&self, address: SocketAddr) -> Option<u32> {
        self.senders.get(&address).copied().or_else(|| {
            let mut there: Vec<u32> = self
                .senders
                .iter()
                .filter(|(it, _)| it.ip() == address.ip())
                .map(|(_, node)| *node)
                .collect();
            there.sort_unstable();
            there.dedup();
            if let [node] = there[..] { Some(node) } else { None }
        })
    }

    /// Where the sender of a datagram listens: with the transport `udpu` it sends from ports of its own, too.
    pub(super) fn listens_at(&self, from: SocketAddr) -> SocketAddr {
        if self.listening.contains(&from) {
            return from;
        }
        let node = self.node_at(from);
        let here: Vec<SocketAddr> =
            self.listening.iter().filter(|it| it.ip() == from.ip()).copied().collect();
        if let [only] = here[..] {
            return only;
        }
        here.into_iter().find(|it| node.is_some() && self.node_at(*it) == node).unwrap_or(from)
    }
}

/// The node that sent this, where it says so: a message that is sent again keeps the name of who made it.
fn sender(said: &Said) -> Option<u32> {
    match said {
        Said::Knet(knet) => Some(knet.node.into()),
        Said::Totem(totem) => match &totem.body {
            Body::Token(_) | Body::CommitToken(_) | Body::MergeDetect(_) => Some(totem.node),
            // One that leaves gives the name 0.
            Body::Join(join) => Some(join.from),
            Body::HoldCancel(_) => Some(totem.node),
            Body::Mcast(_) | Body::Unknown(..) => None,
        },
        Said::Encrypted | Said::Malformed(_) => None,
    }
    .filter(|node| *node != 0)
}
