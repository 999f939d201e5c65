//! Headers that stand around others: ERF's, IPoIB's, and InfiniBand's around IPoIB.

use fencelab_wire::infiniband::{Packet, packet};
use fencelab_wire::ipoib::{self, Ipoib};

use super::ip::{Other, link};

/// The record types of ERF that are read (ERF types reference, section 2).
mod erf {
    pub(super) const ETHERNET: u8 = 2;
    pub(super) const INFINIBAND: u8 = 21;
    /// Bytes of the header.
    pub(super) const HEADER: usize = 16;
    /// Bytes of an extension header, whose first bit says whether one more follows.
    pub(super) const EXTENSION: usize = 8;
    /// Bytes of offset and padding before an Ethernet frame.
    pub(super) const PADDING: usize = 2;
}

/// Takes the header of ERF off: the type of what is in the record, as tcpdump.org numbers it, and its bytes.
/// Other types of links are left as they are.
pub(super) fn unpacked(link: u32, packet: &[u8]) -> Result<(u32, &[u8]), Other> {
    if link != link::ERF {
        return Ok((link, packet));
    }
    let (Some(kind), Some(length)) = (packet.get(8), packet.get(14..16)) else { return Err(Other::Else) };
    let on_wire = length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
    let mut rest = packet.get(erf::HEADER..).ok_or(Other::Else)?;
    let mut extended = kind & 0x80 != 0;
    while extended {
        extended = rest.first().is_some_and(|first| first & 0x80 != 0);
        rest = rest.get(erf::EXTENSION..).ok_or(Other::Else)?;
    }
    let (link, rest) = match kind & 0x7f {
        erf::ETHERNET => (link::ETHERNET, rest.get(erf::PADDING..).ok_or(Other::Else)?),
        erf::INFINIBAND => (link::INFINIBAND, rest),
        _ => return Err(Other::Link(link::ERF)),
    };
    // A record is filled up to a multiple of eight bytes.
    Ok((link, rest.get(..on_wire).unwrap_or(rest)))
}

/// The IP packet, if it stands in headers that only fabrics have; all else is left as it is.
pub(super) fn ip(link: u32, packet: &[u8]) -> Result<(u32, &[u8]), Other> {
    match unpacked(link, packet)? {
        (link::INFINIBAND, packet) => {
            let inside = in_infiniband(packet).ok_or(Other::Else)?;
            let (header, inside) = Ipoib::recognise(inside).ok_or(Other::Else)?;
            if header.ether_type == ipoib::ARP { Err(Other::Else) } else { Ok((link::RAW, inside)) }
        }
        (link::IPOIB, packet) => {
            // Some tools write the 40 bytes before it, too, that a datagram's receiver is given for a GRH.
            let behind = || packet.get(packet::GRH..).and_then(Ipoib::recognise);
            let (header, inside) = Ipoib::recognise(packet).or_else(behind).ok_or(Other::Else)?;
            if header.ether_type == ipoib::ARP { Err(Other::Else) } else { Ok((link::RAW, inside)) }
        }
        other => Ok(other),
    }
}

/// What a packet of InfiniBand carries.
pub(super) fn in_infiniband(bytes: &[u8]) -> Option<&[u8]> {
    let packet = Packet::parse(bytes).ok()?;
    let packet::Body::Transport(grh, transport) = &packet.body else { return None };
    let before = 8 + if grh.is_some() { packet::GRH } else { 0 } + transport.header_length();
    bytes.get(before..before + transport.carried().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, extensions: &[u8], inside: &[u8], on_wire: u16) -> Vec<u8> {
        let mut bytes = vec![0; 8];
        bytes.extend([kind, 4, 0, 0, 0, 0]);
        bytes.extend(on_wire.to_be_bytes());
        bytes.extend(extensions);
        bytes.extend(inside);
        bytes
    }

    #[test]
    fn a_record_gives_what_is_in_it_without_what_fills_it_up() {
        let plain = record(21, &[], &[7, 8, 9, 0, 0], 3);
        assert_eq!(unpacked(197, &plain), Ok((247, &[7, 8, 9][..])));
        let extended = record(0x80 | 21, &[0x80, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0], &[7], 1);
        assert_eq!(unpacked(197, &extended), Ok((247, &[7][..])));
        assert_eq!(unpacked(197, &record(2, &[], &[0, 0, 7], 9)), Ok((1, &[7][..])));
        assert_eq!(unpacked(197, &record(5, &[], &[7], 1)), Err(Other::Link(197)));
        for length in 0..16 {
            assert_eq!(unpacked(197, &plain[..length]), Err(Other::Else));
        }
        assert_eq!(unpacked(197, &record(0x80, &[0x80], &[], 0)), Err(Other::Else));
        assert_eq!(unpacked(1, &[7]), Ok((1, &[7][..])));
    }
}
