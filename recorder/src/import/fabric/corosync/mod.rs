//! Corosync 3 in packets.

mod datagram;
mod membership;
mod nodes;
mod said;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fencelab_transcript::{LinkInfo, Map};
use fencelab_wire::corosync::{LINKS_MAX, PORT};

use super::super::frames::Packet;
use super::super::ip::Other;
use super::super::udp::{self, Udp};
use super::sessions::Sessions;
use super::{Heard, LeftOut};
use datagram::Said;
use nodes::Nodes;
use said::Speaking;

/// A datagram that is, or may be, corosync's.
pub(super) struct Datagram {
    time: Duration,
    number: u64,
    from: SocketAddr,
    to: SocketAddr,
    payload: Vec<u8>,
    /// How many bytes of it were not captured.
    missing: usize,
}

/// Two addresses, the lesser first, and the port that is spoken to.
type Flow = (IpAddr, IpAddr, u16);

fn flow(datagram: &Datagram) -> Flow {
    let (a, b) = (datagram.from.ip(), datagram.to.ip());
    (a.min(b), a.max(b), datagram.to.port())
}

/// Hears all packets of a capture.
pub(super) struct Listener {
    port: Option<u16>,
    packets: u64,
    datagrams: Vec<Datagram>,
    /// Where corosync was spoken in the clear.
    spoken: BTreeSet<Flow>,
    left_out: LeftOut,
}

impl Listener {
    pub(super) fn new(port: Option<u16>) -> Self {
        let left_out = LeftOut::default();
        Self { port, packets: 0, datagrams: Vec::new(), spoken: BTreeSet::new(), left_out }
    }

    pub(super) fn hear(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        let Udp { from, to, payload, missing } = match udp::udp(packet.link, packet.data) {
            Ok(udp) => udp,
            Err(other) => {
                let cut = packet.data.len() < packet.length;
                return self.left_out.count(reason(other, cut), packet.number);
            }
        };
        let datagram =
            Datagram { time: packet.time, number: packet.number, from, to, payload: payload.into(), missing };
        let is_spoken = datagram::is_spoken(payload);
        let flow = flow(&datagram);
        if is_spoken && self.port.is_none_or(|port| port == to.port()) {
            self.spoken.insert(flow);
        }
        let usual = (PORT - 1..PORT + LINKS_MAX).contains(&to.port());
        if self.port.map_or(usual || self.spoken.contains(&flow), |port| port == to.port()) {
            self.datagrams.push(datagram);
        } else {
            self.left_out.count("UDP of another port, and not corosync's", packet.number);
        }
    }

    pub(super) fn heard(self) -> Heard {
        let Self { port, packets, datagrams, spoken, mut left_out } = self;
        let mut warnings = Vec::new();
        let mut wanted = Vec::new();
        for datagram in datagrams {
            let expected = port.is_some() || spoken.contains(&flow(&datagram));
            match datagram::said(&datagram.payload, expected) {
                Ok(said) => wanted.push((datagram, said)),
                Err(reason) => left_out.count(reason, datagram.number),
            }
        }
        let nodes = Nodes::of(&wanted);
        let mut speaking = Speaking::new(&nodes);
        for (datagram, said) in &wanted {
            if datagram.missing > 0 {
                warnings.push(format!(
                    "packet {} was captured without its last {} bytes; the rest is kept",
                    datagram.number, datagram.missing
                ));
            }
            speaking.hear(datagram, said, &mut warnings);
        }
        let link = link(&wanted);
        let (start, events) = speaking.end();
        Heard { start, packets, link, events, left_out, warnings }
    }
}

/// Why a packet has no datagram that could be read.
fn reason(other: Other, cut: bool) -> String {
    match other {
        Other::Fragment => "fragment of an IP packet".into(),
        Other::Link(link) => format!("link-layer type {link} is not supported"),
        Other::Else if cut => "captured too short to tell what it is".into(),
        Other::Else => "not UDP".into(),
    }
}

/// How the nodes speak.
fn link(wanted: &[(Datagram, Said)]) -> Option<LinkInfo> {
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    for (datagram, _) in wanted {
        *ports.entry(datagram.to.port()).or_default() += 1;
    }
    let (port, _) = ports.into_iter().max_by_key(|(_, count)| *count)?;
    let knet = wanted.iter().any(|(_, said)| matches!(said, Said::Knet(_)));
    let totem = wanted.iter().any(|(_, said)| matches!(said, Said::Totem(_)));
    let transport = if totem && !knet { "udp" } else { "knet" };
    Some(LinkInfo::new("corosync", transport, port))
}

/// The sessions of nodes; an end is the address where a node listens.
type Conversations = Sessions<End>;

/// An end of a session.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum End {
    /// All nodes that speak to a multicast group.
    All,
    /// A node, or a multicast group.
    At(SocketAddr),
}

/// What a session's `open` says of its ends.
fn details(nodes: &Nodes, agent: End, device: End) -> Map {
    let name = |end: End| match end {
        End::All => "all nodes".to_owned(),
        End::At(address) if Nodes::is_group(address) => format!("{address} group"),
        End::At(address) => match nodes.node_at(address) {
            Some(node) => format!("{address} node {node}"),
            None => address.to_string(),
        },
    };
    [("agent".to_owned(), name(agent).into()), ("device".to_owned(), name(device).into())]
        .into_iter()
        .collect()
}
