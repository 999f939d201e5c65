//! IP over InfiniBand: the four bytes before each packet (RFC 4391, section 6).

/// Bytes of the header.
pub const HEADER: usize = 4;
/// IPv4.
pub const IPV4: u16 = 0x0800;
/// ARP.
pub const ARP: u16 = 0x0806;
/// IPv6.
pub const IPV6: u16 = 0x86dd;

/// The header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipoib {
    /// What follows, as an EtherType.
    pub ether_type: u16,
    /// 0.
    pub reserved: u16,
}

impl Ipoib {
    /// Splits the header off; `None` if there are fewer than four bytes.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[a, b, c, d], rest) = bytes.split_first_chunk()?;
        Some((Self { ether_type: u16::from_be_bytes([a, b]), reserved: u16::from_be_bytes([c, d]) }, rest))
    }

    /// The same, if it looks like one: a datagram's payload does not say what it is.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = Self::parse(bytes)?;
        let version = rest.first().map(|first| first >> 4);
        let known = match header.ether_type {
            IPV4 => version == Some(4),
            IPV6 => version == Some(6),
            // The hardware type of InfiniBand is 32 (RFC 4391, section 9.2).
            ARP => rest.get(..2) == Some(&[0, 32]),
            _ => false,
        };
        (known && header.reserved == 0).then_some((header, rest))
    }

    /// The four bytes.
    #[must_use]
    pub fn emit(self) -> [u8; HEADER] {
        let ([a, b], [c, d]) = (self.ether_type.to_be_bytes(), self.reserved.to_be_bytes());
        [a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ip_is_not_taken_for_it() {
        assert_eq!(
            Ipoib::recognise(&[8, 0, 0, 0, 0x45, 0]).map(|(header, rest)| (header.ether_type, rest.len())),
            Some((IPV4, 2))
        );
        for bytes in [&[8, 0, 0, 0, 0x65][..], &[8, 0, 0, 1, 0x45], &[8, 0, 0, 0], &[1, 1, 0, 0, 0x45], &[8]]
        {
            assert_eq!(Ipoib::recognise(bytes), None, "{bytes:?}");
        }
        assert_eq!(Ipoib::parse(&[8, 6, 0, 1]).map(|(header, _)| header.emit()), Some([8, 6, 0, 1]));
    }
}
