//! The packets of a pcap or pcapng file, as far as it can be read.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::time::Duration;

use pcap_file::pcap::{PcapReader, PcapTsResolution};
use pcap_file::pcapng::blocks::block_common::Block;
use pcap_file::pcapng::{PcapNgReader, PcapNgState};

/// One captured packet.
pub(super) struct Packet<'a> {
    /// Its number in the file, from 1, as tools show it.
    pub(super) number: u64,
    /// Since 1970.
    pub(super) time: Duration,
    /// The link-layer header's type, as tcpdump.org numbers them.
    pub(super) link: u32,
    /// What was captured of it.
    pub(super) data: &'a [u8],
    /// Its length on the wire.
    pub(super) length: usize,
}

/// A packet (or another block of pcapng) longer than this ends the reading; tools write at most 256 KiB.
const PACKET_BYTES_MAX: usize = 1 << 20;

/// The first bytes of files that are no captures but are often met in their place.
const OTHERS: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b], "it is packed by gzip; unpack it first"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "it is packed by zstd; unpack it first"),
    (&[0xfd, b'7', b'z', b'X'], "it is packed by xz; unpack it first"),
    (b"{\"", "it looks like a transcript already"),
];

/// What else these bytes seem to be.
pub(super) fn other(bytes: &[u8]) -> Option<&'static str> {
    OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, reason)| *reason)
}

/// Hands each packet to `each`, in order. A file that is damaged or cut off gives what comes before,
/// and a warning that says where.
///
/// # Errors
/// It is no capture at all: the reason.
pub(super) fn read(
    mut source: impl Read,
    warnings: &mut Vec<String>,
    mut each: impl FnMut(Packet<'_>),
) -> Result<(), String> {
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start).map_err(|error| error.to_string())?;
    if let Some(reason) = other(&start) {
        return Err(reason.into());
    }
    let whole = BufReader::new(Cursor::new(start.clone()).chain(source));
    if start == [0x0a, 0x0d, 0x0d, 0x0a] {
        pcapng(whole, warnings, &mut each)
    } else {
        pcap(whole, warnings, &mut each)
    }
}

fn pcap(
    source: impl BufRead,
    warnings: &mut Vec<String>,
    each: &mut impl FnMut(Packet<'_>),
) -> Result<(), String> {
    let mut reader = PcapReader::with_capacity(source, PACKET_BYTES_MAX).map_err(|error| describe(&error))?;
    let header = reader.header();
    let link = u32::from(header.datalink);
    let (mut number, mut offset) = (0, 24_u64);
    // The checked reader gives the same error for ever at a packet that is longer than the header
    // allows; the raw one takes it.
    while let Some(packet) = reader.next_raw_packet() {
        match packet {
            Ok(packet) => {
                number += 1;
                offset += 16 + u64::from(packet.incl_len);
                let fraction = u64::from(packet.ts_frac);
                let fraction = match header.ts_resolution {
                    PcapTsResolution::MicroSecond => Duration::from_micros(fraction),
                    PcapTsResolution::NanoSecond => Duration::from_nanos(fraction),
                };
                let time = Duration::from_secs(packet.ts_sec.into()) + fraction;
                let length = usize::try_from(packet.orig_len).unwrap_or(usize::MAX).max(packet.data.len());
                each(Packet { number, time, link, data: &packet.data, length });
            }
            Err(error) => {
                warnings.push(damaged(number, offset, &describe(&error)));
                break;
            }
        }
    }
    Ok(())
}

fn pcapng(
    source: impl BufRead,
    warnings: &mut Vec<String>,
    each: &mut impl FnMut(Packet<'_>),
) -> Result<(), String> {
    let mut reader =
        PcapNgReader::with_capacity(source, PACKET_BYTES_MAX).map_err(|error| describe(&error))?;
    let mut number = 0;
    let mut last = Duration::ZERO;
    loop {
        let offset = reader.bytes_parsed();
        let reason = match reader.next_block() {
            None => return Ok(()),
            Some(Ok((block, state))) => {
                if let Some(packet) = packet(&block, state, number + 1, last) {
                    number += 1;
                    last = packet.time;
                    each(packet);
                }
                continue;
            }
            Some(Err(error)) => describe(&error),
        };
        // A block that is framed well but not understood is passed over; else there is no way on.
        let framed = matches!(reader.next_raw_block(), Some(Ok(_))) && reader.bytes_parsed() > offset;
        if !framed {
            warnings.push(damaged(number, offset, &reason));
            return Ok(());
        }
        warnings.push(format!("the block at byte {offset} (after packet {number}) is left out: {reason}"));
    }
}

fn packet<'a>(block: &'a Block<'_>, state: &PcapNgState, number: u64, last: Duration) -> Option<Packet<'a>> {
    let (interface, time, data, length) = match block {
        Block::EnhancedPacket(packet) => {
            (packet.interface_id, packet.timestamp, &packet.data, packet.original_len)
        }
        Block::Packet(packet) => {
            (packet.interface_id.into(), packet.timestamp, &packet.data, packet.original_len)
        }
        // It has no time; that of the packet before is the best guess.
        Block::SimplePacket(packet) => (0, last, &packet.data, packet.original_len),
        _ => return None,
    };
    let link = state.interfaces().get(usize::try_from(interface).ok()?)?.linktype.into();
    let length = usize::try_from(length).unwrap_or(usize::MAX).max(data.len());
    Some(Packet { number, time, link, data, length })
}

fn damaged(number: u64, offset: u64, reason: &str) -> String {
    format!(
        "the file is damaged or cut off after packet {number} (at byte {offset}): {reason}; what comes before is kept"
    )
}

/// An error with its causes.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
