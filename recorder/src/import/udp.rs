//! From a captured packet to the UDP datagram in it.

use std::net::SocketAddr;

use etherparse::TransportSlice;

use super::ip::{self, Other};

/// A UDP datagram.
pub(super) struct Udp<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: &'a [u8],
    /// How many bytes of the payload were not captured.
    pub(super) missing: usize,
}

/// Finds the datagram in a packet.
pub(super) fn udp(link: u32, packet: &[u8]) -> Result<Udp<'_>, Other> {
    let ip = ip::packet(link, packet)?;
    let Some(TransportSlice::Udp(udp)) = &ip.transport else { return Err(Other::Else) };
    let payload = udp.payload();
    Ok(Udp {
        from: SocketAddr::new(ip.from, udp.source_port()),
        to: SocketAddr::new(ip.to, udp.destination_port()),
        payload,
        missing: usize::from(udp.length()).saturating_sub(8 + payload.len()),
    })
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
        assert!(matches!(udp(101, &packet[..20]), Err(Other::Else)));
        assert!(matches!(udp(999, &packet), Err(Other::Link(999))));
        assert!(matches!(udp(101, &[]), Err(Other::Else)));
    }

    #[test]
    fn a_fragment_is_told_from_a_datagram() {
        let mut packet = ipv4();
        packet[6] |= 0x20; // more fragments
        assert!(matches!(udp(101, &packet), Err(Other::Fragment)));
    }
}
