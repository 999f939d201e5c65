//! The encapsulation header of IPoIB (RFC 4391, section 6): the type of the packet as Ethernet has it, and two bytes that are reserved.

/// Its length.
pub const LENGTH: usize = 4;

mod field {
    use std::ops::Range;

    pub(super) const TYPE: Range<usize> = 0..2;
    pub(super) const RESERVED: Range<usize> = 2..4;
}

/// What is behind the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// ARP, RARP, or what nobody knows.
    Unknown(u16),
}

impl Protocol {
    /// As Ethernet counts them.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::V4 => 0x0800,
            Self::V6 => 0x86dd,
            Self::Unknown(number) => number,
        }
    }

    /// As Ethernet counts them.
    #[must_use]
    pub fn of_number(number: u16) -> Self {
        match number {
            0x0800 => Self::V4,
            0x86dd => Self::V6,
            other => Self::Unknown(other),
        }
    }

    /// Of a packet of IP, which has its version in its first four bits.
    #[must_use]
    pub fn of_packet(packet: &[u8]) -> Option<Self> {
        match packet.first()? >> 4 {
            4 => Some(Self::V4),
            6 => Some(Self::V6),
            _ => None,
        }
    }
}

/// The header.
#[must_use]
pub fn emit(protocol: Protocol) -> [u8; LENGTH] {
    let [high, low] = protocol.number().to_be_bytes();
    // Reserved: zero when sent, not looked at when received.
    [high, low, 0, 0]
}

/// The header's protocol and what is behind it. `None`: it is too short for one.
#[must_use]
pub fn parse(message: &[u8]) -> Option<(Protocol, &[u8])> {
    let number = message.get(field::TYPE)?.try_into().ok()?;
    message.get(field::RESERVED)?;
    Some((Protocol::of_number(u16::from_be_bytes(number)), message.get(LENGTH..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_in_the_rfc() {
        assert_eq!(emit(Protocol::V4), [0x08, 0x00, 0, 0]);
        assert_eq!(emit(Protocol::V6), [0x86, 0xdd, 0, 0]);
        assert_eq!(parse(&[0x08, 0x06, 0xa5, 0xa5, 1]), Some((Protocol::Unknown(0x0806), &[1][..])));
        assert_eq!(parse(&[0x08, 0x00, 0, 0]), Some((Protocol::V4, &[][..])));
        assert_eq!(parse(&[0x08, 0x00, 0]), None);
    }

    proptest! {
        #[test]
        fn there_and_back(number: u16, packet: Vec<u8>) {
            let protocol = Protocol::of_number(number);
            let message = [&emit(protocol), &packet[..]].concat();
            prop_assert_eq!(parse(&message), Some((protocol, &packet[..])));
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            prop_assert_eq!(parse(&bytes).is_some(), bytes.len() >= LENGTH);
        }
    }
}
