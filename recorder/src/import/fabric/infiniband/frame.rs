//! Where InfiniBand's transport stands in a captured packet.

use etherparse::TransportSlice;
use fencelab_wire::infiniband::packet::{Body, GRH};
use fencelab_wire::infiniband::{Malformed, Packet as Ib, Transport, roce};

use super::super::super::frames::Packet;
use super::super::super::ip::{self, Other, link};
use super::ends::{End, Ends};

/// What carries it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Carrier {
    /// The fabric itself.
    Fabric,
    /// Ethernet.
    RoceV1,
    /// UDP.
    RoceV2,
}

impl Carrier {
    /// As the header's `transport` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fabric => "infiniband",
            Self::RoceV1 => "ethernet",
            Self::RoceV2 => "udp",
        }
    }

    /// The name of the body.
    pub(super) fn body(self) -> &'static str {
        match self {
            Self::Fabric => "infiniband",
            Self::RoceV1 | Self::RoceV2 => "roce",
        }
    }
}

/// The transport that was found.
pub(super) struct Frame {
    pub(super) ends: Ends,
    pub(super) carrier: Carrier,
    pub(super) said: Result<Transport, Malformed>,
    pub(super) captured: usize,
    pub(super) missing: usize,
}

/// Finds it in a packet of this link.
///
/// # Errors
/// There is none: why.
pub(super) fn find(link: u32, bytes: &[u8], packet: &Packet<'_>, port: u16) -> Result<Frame, String> {
    if link == link::INFINIBAND {
        return fabric(bytes);
    }
    if let Some(bytes) = roce_v1(link, bytes) {
        return Ok(ethernet(bytes, packet.data.len() >= packet.length));
    }
    if link == link::IPOIB {
        return Err("IPoIB without InfiniBand's headers; import what IP carries".into());
    }
    let ip = ip::packet(link, bytes).map_err(|other| reason(other, packet))?;
    match &ip.transport {
        Some(TransportSlice::Udp(udp)) if udp.destination_port() == port => {
            let payload = udp.payload();
            let missing = usize::from(udp.length()).saturating_sub(8 + payload.len());
            Ok(Frame {
                ends: Ends::of_ips(ip.from, ip.to),
                carrier: Carrier::RoceV2,
                said: Transport::parse(payload, missing == 0),
                captured: payload.len(),
                missing,
            })
        }
        _ => Err("neither InfiniBand nor RoCE".into()),
    }
}

/// Why a packet is none that could be read.
pub(super) fn reason(other: Other, packet: &Packet<'_>) -> String {
    match other {
        Other::Fragment => "fragment of an IP packet".into(),
        Other::Link(link) => format!("link-layer type {link} is not supported"),
        Other::Else if packet.data.len() < packet.length => "captured too short to tell what it is".into(),
        Other::Else => "neither InfiniBand nor RoCE".into(),
    }
}

fn fabric(bytes: &[u8]) -> Result<Frame, String> {
    let captured = bytes.len();
    // A packet that ends within its headers is told as such, with the ends if LRH is there.
    let lids = |place: usize| {
        bytes.get(place..place + 2).map_or(0, |two| u16::from(two[0]) << 8 | u16::from(two[1]))
    };
    match Ib::parse(bytes) {
        Ok(Ib { body: Body::Raw(_), .. }) => Err("raw packet of InfiniBand".into()),
        Ok(Ib { lrh, body: Body::Transport(grh, transport), .. }) => {
            let before = 8 + if grh.is_some() { GRH } else { 0 };
            Ok(Frame {
                ends: Ends::of_fabric(&lrh, grh.as_ref()),
                carrier: Carrier::Fabric,
                said: Ok(*transport),
                captured: captured.min(lrh.bytes()).saturating_sub(before),
                missing: lrh.bytes().saturating_sub(captured),
            })
        }
        Err(malformed) => {
            let (to, from) = (lids(2), lids(6));
            let ends = Ends { from: End::Lid(from), to: End::Lid(to), is_group: false, sender: None };
            Ok(Frame { ends, carrier: Carrier::Fabric, said: Err(malformed), captured, missing: 0 })
        }
    }
}

/// What follows the EtherType of RoCE v1.
fn roce_v1(link: u32, bytes: &[u8]) -> Option<&[u8]> {
    const TAGS: [u16; 2] = [0x8100, 0x88a8];
    let number = |place: usize| Some(u16::from_be_bytes([*bytes.get(place)?, *bytes.get(place + 1)?]));
    let (mut place, mut behind) = match link {
        link::ETHERNET => (12, 14),
        link::LINUX_SLL => (14, 16),
        link::LINUX_SLL2 => (0, 20),
        _ => return None,
    };
    while TAGS.contains(&number(place)?) {
        (place, behind) = (behind + 2, behind + 4);
    }
    (number(place)? == roce::ETHER_TYPE).then(|| bytes.get(behind..).unwrap_or_default())
}

fn ethernet(bytes: &[u8], whole: bool) -> Frame {
    let (ends, said) = match roce::parse_v1(bytes, whole) {
        Ok((grh, transport)) => (Some(Ends::of_gids(&grh)), Ok(transport)),
        Err(malformed) => {
            (fencelab_wire::infiniband::Grh::parse(bytes).ok().map(|grh| Ends::of_gids(&grh)), Err(malformed))
        }
    };
    let nobody = End::Gid([0; 16]);
    let ends = ends.unwrap_or(Ends { from: nobody, to: nobody, is_group: false, sender: None });
    let length = bytes.get(4..6).map_or(0, |two| usize::from(two[0]) << 8 | usize::from(two[1]));
    let behind = bytes.len().saturating_sub(GRH);
    let missing = if whole { 0 } else { length.saturating_sub(behind) };
    Frame { ends, carrier: Carrier::RoceV1, said, captured: behind.min(length.max(1)), missing }
}
