//! What a node hands to the others: one word of JSON that holds all that any of them needs.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Service;
use super::relink::Half;
use crate::transport::Error;

/// Numbers of queue pairs and of packets have 24 bits (InfiniBand Architecture Specification 1, section 9.2).
pub(super) const BITS_24: u32 = 0x00ff_ffff;

/// The global identifier of a port.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Gid(pub(super) [u8; 16]);

impl Gid {
    /// RoCE: a port's GIDs are the addresses of its interface, those of IPv4 as IPv6 holds them (Annex A17).
    pub(super) fn is_of(self, ip: IpAddr) -> bool {
        let mapped = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        self.0 == mapped.octets()
    }
}

impl From<Gid> for String {
    fn from(gid: Gid) -> Self {
        Ipv6Addr::from(gid.0).to_string()
    }
}

impl TryFrom<String> for Gid {
    type Error = std::net::AddrParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<Ipv6Addr>().map(|ip| Self(ip.octets()))
    }
}

/// A node's end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// What its queue pairs are.
    pub(super) service: Service,
    /// Its port.
    pub(super) gid: Gid,
    /// Its port's local identifier; 0 where the link is Ethernet.
    pub(super) lid: u16,
    /// The bytes that its port takes in one packet.
    pub(super) mtu: u32,
    /// The longest message that its buffers hold.
    pub(super) message: usize,
    /// The number of its first packet.
    pub(super) packet: u32,
    /// What datagrams must bear. That of the first node is everyone's.
    pub(super) key: u32,
    /// Its queue pairs: one for each other node in order, or one for all.
    pub(super) queues: Vec<u32>,
    /// Where it hears calls, where its queue pairs are connections.
    pub(super) calls: Option<SocketAddr>,
}

impl Address {
    /// Its queue pair at this place, as it was first.
    pub(super) fn half(&self, place: usize) -> Option<Half> {
        self.queues.get(place).map(|queue| Half { queue: *queue, packet: self.packet, made: 0 })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unfit = |why: &str| Error::Unfit(format!("`{text}` is no address of a verbs transport: {why}"));
        let address: Self = serde_json::from_str(text).map_err(|error| unfit(&error.to_string()))?;
        match &address {
            Self { mtu, .. } if !matches!(mtu, 256 | 512 | 1024 | 2048 | 4096) => {
                Err(unfit("the MTU is none of InfiniBand's"))
            }
            Self { queues, packet, .. } if queues.iter().chain([packet]).any(|number| *number > BITS_24) => {
                Err(unfit("a number has more than 24 bits"))
            }
            // With the highest bit it would be a controlled key, which the queue pair's own one stands for (section 10.2.5).
            Self { key, .. } if *key > i32::MAX.unsigned_abs() => Err(unfit("the key is a controlled one")),
            Self { message: 0, .. } => Err(unfit("it takes no message")),
            _ => Ok(address),
        }
    }
}

/// The place of `peer`'s queue pair among those of `own`, which has none for itself.
pub(super) fn place_of(peer: usize, own: usize) -> usize {
    if peer < own { peer } else { peer.saturating_sub(1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Address {
        Address {
            service: Service::Connected,
            gid: Gid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 77, 0, 1]),
            lid: 0,
            mtu: 4096,
            message: 65_536,
            packet: 7,
            key: 9,
            queues: vec![17, 18],
            calls: Some(([10, 77, 0, 1], 5000).into()),
        }
    }

    #[test]
    fn one_word_there_and_back() {
        let text = sample().to_string();
        assert!(!text.contains(char::is_whitespace), "{text}");
        assert_eq!(text.parse::<Address>().unwrap(), sample());
        assert!(text.contains("::ffff:10.77.0.1"), "{text}");
    }

    #[test]
    fn what_the_device_would_not_take_is_refused() {
        let broken = [
            Address { mtu: 1500, ..sample() },
            Address { queues: vec![BITS_24 + 1], ..sample() },
            Address { packet: BITS_24 + 1, ..sample() },
            Address { key: 1 << 31, ..sample() },
            Address { message: 0, ..sample() },
        ];
        for address in broken {
            address.to_string().parse::<Address>().unwrap_err();
        }
    }

    #[test]
    fn each_node_has_a_place_at_every_other() {
        for own in 0..5 {
            let places: Vec<_> = (0..5).filter(|peer| *peer != own).map(|peer| place_of(peer, own)).collect();
            assert_eq!(places, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn a_port_is_found_by_the_address_of_its_interface() {
        let Address { gid, .. } = sample();
        assert!(gid.is_of("10.77.0.1".parse().unwrap()));
        assert!(!gid.is_of("10.77.0.2".parse().unwrap()));
        assert!(!gid.is_of("::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<Address>();
        }

        #[test]
        fn any_numbers_are_read_or_refused(mtu: u32, packet: u32, key: u32, queues: Vec<u32>) {
            let address = Address { mtu, packet, key, queues, ..sample() };
            if let Ok(read) = address.to_string().parse::<Address>() {
                prop_assert_eq!(read, address);
            }
        }
    }
}
