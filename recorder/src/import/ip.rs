//! From a captured packet to what its IP packet carries.

use std::net::IpAddr;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice, ether_type};

use super::link_layer;

/// An IP packet that is no fragment.
pub(super) struct Packet<'a> {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) transport: Option<TransportSlice<'a>>,
    /// How many bytes at its end were not captured, by its own length.
    pub(super) missing: usize,
}

/// What else a packet may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Other {
    /// A fragment of an IP packet.
    Fragment,
    /// Behind a link-layer header of this type, which is not known here.
    Link(u32),
    /// Not of the transport that is looked for, or cut off before its ports.
    Else,
}

/// Link-layer header types, as tcpdump.org numbers them.
pub(super) mod link {
    pub(in super::super) const NULL: u32 = 0;
    pub(in super::super) const ETHERNET: u32 = 1;
    pub(in super::super) const RAW_BSD: u32 = 12;
    pub(in super::super) const RAW_OPENBSD: u32 = 14;
    pub(in super::super) const RAW: u32 = 101;
    pub(in super::super) const LOOP: u32 = 108;
    pub(in super::super) const LINUX_SLL: u32 = 113;
    pub(in super::super) const ERF: u32 = 197;
    pub(in super::super) const IPV4: u32 = 228;
    pub(in super::super) const IPV6: u32 = 229;
    pub(in super::super) const IPOIB: u32 = 242;
    pub(in super::super) const INFINIBAND: u32 = 247;
    pub(in super::super) const LINUX_SLL2: u32 = 276;
}

/// Finds the IP packet in a captured one.
pub(super) fn packet(link: u32, packet: &[u8]) -> Result<Packet<'_>, Other> {
    let (link, packet) = link_layer::ip(link, packet)?;
    let sliced = match link {
        link::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok(),
        link::RAW | link::RAW_BSD | link::RAW_OPENBSD | link::IPV4 | link::IPV6 => {
            LaxSlicedPacket::from_ip(packet).ok()
        }
        // Four bytes of address family, whose order and values differ between systems; IP says itself what it is.
        link::NULL | link::LOOP => packet.get(4..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
        link::LINUX_SLL => behind(packet, 14, 16),
        link::LINUX_SLL2 => behind(packet, 0, 20),
        other => return Err(Other::Link(other)),
    };
    let sliced = sliced.ok_or(Other::Else)?;
    let (from, to, expected, payload): (IpAddr, IpAddr, usize, _) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.total_len()).saturating_sub(header.slice().len());
            (header.source_addr().into(), header.destination_addr().into(), expected, ip.payload())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.payload_length());
            (header.source_addr().into(), header.destination_addr().into(), expected, ip.payload())
        }
        _ => return Err(Other::Else),
    };
    if payload.fragmented {
        return Err(Other::Fragment);
    }
    let missing = if payload.incomplete { expected.saturating_sub(payload.payload.len()) } else { 0 };
    Ok(Packet { from, to, transport: sliced.transport, missing })
}

/// A header of fixed length with the EtherType somewhere in it.
fn behind(packet: &[u8], ether_type_at: usize, header_length: usize) -> Option<LaxSlicedPacket<'_>> {
    let kind: [u8; 2] = packet.get(ether_type_at..ether_type_at + 2)?.try_into().ok()?;
    let kind = EtherType(u16::from_be_bytes(kind));
    let known =
        [ether_type::IPV4, ether_type::IPV6, ether_type::VLAN_TAGGED_FRAME, ether_type::PROVIDER_BRIDGING];
    known
        .contains(&kind)
        .then(|| LaxSlicedPacket::from_ether_type(kind, packet.get(header_length..).unwrap_or_default()))
}
