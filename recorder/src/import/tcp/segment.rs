//! From a captured packet to the TCP segment in it.

use std::net::SocketAddr;

use etherparse::TransportSlice;

use super::super::ip::{self, Other};

/// A TCP segment (RFC 9293, 3.1).
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Segment<'a> {
    pub(in super::super) seq: u32,
    /// The acknowledgment number, if ACK is set.
    pub(in super::super) ack: Option<u32>,
    pub(in super::super) syn: bool,
    pub(in super::super) fin: bool,
    pub(in super::super) rst: bool,
    pub(in super::super) payload: &'a [u8],
    /// How many bytes at the payload's end were not captured.
    pub(in super::super) missing: usize,
}

/// Finds the segment in a packet, and who sent it to whom.
pub(in super::super) fn segment(
    link: u32,
    packet: &[u8],
) -> Result<(SocketAddr, SocketAddr, Segment<'_>), Other> {
    let ip = ip::packet(link, packet)?;
    let Some(TransportSlice::Tcp(tcp)) = &ip.transport else { return Err(Other::Else) };
    let segment = Segment {
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        missing: ip.missing,
    };
    let from = SocketAddr::new(ip.from, tcp.source_port());
    Ok((from, SocketAddr::new(ip.to, tcp.destination_port()), segment))
}
