//! RDMA over converged Ethernet: the transport of InfiniBand behind other headers.

use super::packet::GRH;
use super::{Grh, Malformed, Transport};

/// The UDP port of version 2 (IBA annex A17).
pub const PORT: u16 = 4791;
/// The EtherType of version 1 (IBA annex A16).
pub const ETHER_TYPE: u16 = 0x8915;
/// `next` of a GRH that BTH follows.
pub const NEXT_BTH: u8 = 0x1b;

/// Reads version 1: GRH and the transport. `whole`: the frame was captured to its end; what fills a short frame up is left out
/// by the length that GRH says.
///
/// # Errors
/// It ends within its headers, or no BTH follows GRH.
pub fn parse_v1(bytes: &[u8], whole: bool) -> Result<(Grh, Transport), Malformed> {
    let grh = Grh::parse(bytes)?;
    if grh.next != NEXT_BTH {
        return Err(Malformed::Not { what: "GRH", why: "no BTH follows it" });
    }
    let behind = bytes.get(GRH..).unwrap_or_default();
    let length = usize::from(grh.length);
    let (inside, whole) = match behind.get(..length) {
        Some(inside) if length > 0 => (inside, true),
        _ => (behind, whole && length == 0),
    };
    Ok((grh, Transport::parse(inside, whole)?))
}

/// Version 1 as bytes.
#[must_use]
pub fn emit_v1(grh: &Grh, transport: &Transport) -> Vec<u8> {
    [grh.emit(), transport.emit()].concat()
}
