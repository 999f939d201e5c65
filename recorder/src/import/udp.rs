//! From a captured packet to the UDP datagram in it.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice, ether_type};

/// A UDP datagram.
pub(super) struct Udp<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: &'a [u8],
    /// How many bytes of the payload were not captured.
    pub(super) missing: usize,
}

/// What else a packet may be.
pub(super) enum NoUdp {
    /// A fragment of an IP packet.
    Fragment,
    /// Behind a link-layer header of this type, which is not known here.
    Link(u32),
    /// TCP, ARP … or cut off before its ports.
    Other,
}

/// Link-layer header types, as tcpdump.org numbers them.
mod link {
    pub(super) const NULL: u32 = 0;
    pub(super) const ETHERNET: u32 = 1;
    pub(super) const RAW_BSD: u32 = 12;
    pub(super) const RAW_OPENBSD: u32 = 14;
    pub(super) const RAW: u32 = 101;
    pub(super) const LOOP: u32 = 108;
    pub(super) const LINUX_SLL: u32 = 113;
    pub(super) const IPV4: u32 = 228;
    pub(super) const IPV6: u32 = 229;
    pub(super) const LINUX_SLL2: u32 = 276;
}

/// Finds the datagram in a packet.
pub(super) fn udp(link: u32, packet: &[u8]) -> Result<Udp<'_>, NoUdp> {
    let sliced = match link {
        link::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok(),
        link::RAW | link::RAW_BSD | link::RAW_OPENBSD | link::IPV4 | link::IPV6 => {
            LaxSlicedPacket::from_ip(packet).ok()
        }
        // Four bytes of address family, whose order and values differ between systems; IP says itself what it is.
        link::NULL | link::LOOP => packet.get(4..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
        link::LINUX_SLL => behind(packet, 14, 16),
        link::LINUX_SLL2 => behind(packet, 0, 20),
        other => return Err(NoUdp::Link(other)),
    };
    let sliced = sliced.ok_or(NoUdp::Other)?;
    let (from, to, fragmented): (IpAddr, IpAddr, bool) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (header.source_addr().into(), header.destination_addr().into(), ip.payload().fragmented)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (header.source_addr().into(), header.destination_addr().into(), ip.payload().fragmented)
        }
        _ => return Err(NoUdp::Other),
    };
    if fragmented {
        return Err(NoUdp::Fragment);
    }
    let Some(TransportSlice::Udp(udp)) = &sliced.transport else { return Err(NoUdp::Other) };
    let payload = udp.payload();
    Ok(Udp {
        from: SocketAddr::new(from, udp.source_port()),
        to: SocketAddr::new(to, udp.destination_port()),
        payload,
        missing: usize::from(udp.length()).saturating_sub(8 + payload.len()),
    })
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

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    const PAYLOAD: &[u8] = &[6, 0, 0xff, 7, 1, 2, 3];

    fn ipv4() -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp(4000, 623)
            .write(&mut packet, PAYLOAD)
            .unwrap();
        packet
    }

    fn ipv6() -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(4000, 623).write(&mut packet, PAYLOAD).unwrap();
        packet
    }

    fn prefixed(prefix: &[u8], ip: &[u8]) -> Vec<u8> {
        [prefix, ip].concat()
    }

    #[test]
    fn the_datagram_is_found_behind_every_link_layer() {
        let ethernet = [2_u8; 12];
        let sll = [0; 14];
        for (link, packet) in [
            (1, prefixed(&[&ethernet[..], &[0x08, 0x00]].concat(), &ipv4())),
            (1, prefixed(&[&ethernet[..], &[0x86, 0xdd]].concat(), &ipv6())),
            (1, prefixed(&[&ethernet[..], &[0x81, 0x00, 0, 7, 0x08, 0x00]].concat(), &ipv4())),
            (
                1,
                prefixed(
                    &[&ethernet[..], &[0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 0x08, 0x00]].concat(),
                    &ipv4(),
                ),
            ),
            (1, [&prefixed(&[&ethernet[..], &[0x08, 0x00]].concat(), &ipv4())[..], &[0; 11]].concat()),
            (101, ipv4()),
            (12, ipv6()),
            (228, ipv4()),
            (229, ipv6()),
            (0, prefixed(&[2, 0, 0, 0], &ipv4())),
            (0, prefixed(&[30, 0, 0, 0], &ipv6())),
            (108, prefixed(&[0, 0, 0, 2], &ipv4())),
            (113, prefixed(&[&sll[..], &[0x08, 0x00]].concat(), &ipv4())),
            (276, prefixed(&[&[0x86, 0xdd][..], &[0; 18]].concat(), &ipv6())),
        ] {
            let Ok(udp) = udp(link, &packet) else { panic!("link type {link}") };
            assert_eq!(
                (udp.from.port(), udp.to.port(), udp.payload, udp.missing),
                (4000, 623, PAYLOAD, 0),
                "{link}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_is_counted() {
        let packet = ipv4();
        let Ok(cut) = udp(101, &packet[..packet.len() - 3]) else { panic!("no datagram") };
        assert_eq!((cut.payload, cut.missing), (&PAYLOAD[..4], 3));
        assert!(matches!(udp(101, &packet[..20]), Err(NoUdp::Other)));
        assert!(matches!(udp(999, &packet), Err(NoUdp::Link(999))));
        assert!(matches!(udp(101, &[]), Err(NoUdp::Other)));
    }

    #[test]
    fn a_fragment_is_told_from_a_datagram() {
        let mut packet = ipv4();
        packet[6] |= 0x20; // more fragments
        assert!(matches!(udp(101, &packet), Err(NoUdp::Fragment)));
    }
}
