//! Packets of captures, put behind other headers.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};

/// Link-layer header types, as tcpdump.org numbers them.
pub(crate) mod link {
    pub(crate) const ETHERNET: u32 = 1;
    pub(crate) const RAW: u32 = 101;
    pub(crate) const SLL: u32 = 113;
    pub(crate) const ERF: u32 = 197;
    pub(crate) const IPOIB: u32 = 242;
    pub(crate) const INFINIBAND: u32 = 247;
    pub(crate) const SLL2: u32 = 276;
}

/// Time, bytes, and the length that the packet had on the wire.
pub(crate) type Packet = (Duration, Vec<u8>, usize);

/// The packets of a capture.
pub(crate) fn read(path: &Path) -> Vec<Packet> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = PcapReader::new(Cursor::new(bytes)).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        packets.push((packet.timestamp(), packet.data().to_vec(), packet.data().len()));
    }
    packets
}

/// A capture of them.
pub(crate) fn write(link: u32, packets: &[Packet]) -> Vec<u8> {
    let header = PcapHeader { datalink: DataLink::from(link), ..Default::default() };
    let mut bytes = Vec::new();
    let mut writer = PcapWriter::with_header(&mut bytes, header).unwrap();
    for (time, data, length) in packets {
        let length = u32::try_from(*length).unwrap();
        writer.write_packet(&PcapPacket::new(*time, length, data).unwrap()).unwrap();
    }
    bytes
}

/// Each packet with other bytes.
pub(crate) fn changed(packets: &[Packet], change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Packet> {
    let all = packets.iter().map(|(time, data, _)| (*time, change(data)));
    all.map(|(time, data)| (time, data.clone(), data.len())).collect()
}

/// The IPv4 packet of an Ethernet frame, without what fills the frame up.
pub(crate) fn ip(frame: &[u8]) -> &[u8] {
    assert_eq!(frame[12..14], [8, 0]);
    let length = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
    &frame[14..14 + length]
}

pub(crate) fn sll(ip: &[u8]) -> Vec<u8> {
    // As on ib0: the link's type is 32.
    [&[0, 0, 0, 32, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0][..], ip].concat()
}

pub(crate) fn sll2(ip: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 32, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8][..], ip].concat()
}

pub(crate) fn ipoib(ip: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0][..], ip].concat()
}

/// With the room for a GRH that tshark wants before it.
pub(crate) fn ipoib_with_grh(ip: &[u8]) -> Vec<u8> {
    [&[0; 40][..], &ipoib(ip)].concat()
}

/// A record of ERF.
pub(crate) fn erf(kind: u8, before: &[u8], inside: &[u8]) -> Vec<u8> {
    let filled = (16 + before.len() + inside.len()).next_multiple_of(8);
    let mut record = vec![0; 8];
    record.extend([kind, 4]);
    record.extend(u16::try_from(filled).unwrap().to_be_bytes());
    record.extend([0, 0]);
    record.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
    record.extend(before);
    record.extend(inside);
    record.resize(filled, 0);
    record
}

/// A datagram of InfiniBand with LRH, BTH, DETH, and what IP needs before it.
pub(crate) fn fabric(ip: &[u8]) -> Vec<u8> {
    let mut payload = ipoib(ip);
    let pad = payload.len().next_multiple_of(4) - payload.len();
    payload.resize(payload.len() + pad, 0);
    // The lesser address is LID 1, the other LID 2.
    let (from, to) = if ip[12..16] < ip[16..20] { (1, 2) } else { (2, 1) };
    let words = (8 + 12 + 8 + payload.len() + 4) / 4;
    let mut bytes = vec![0, 2, 0, to];
    bytes.extend(u16::try_from(words).unwrap().to_be_bytes());
    bytes.extend([0, from]);
    bytes.extend([0x64, u8::try_from(pad).unwrap() << 4, 0xff, 0xff, 0, 0, 4, to, 0, 0, 0, 1]);
    bytes.extend([0, 0, 0x0b, 0x1b, 0, 0, 4, from]);
    bytes.extend(payload);
    bytes.extend([1, 2, 3, 4, 5, 6]);
    bytes
}

/// A datagram of UDP over IPv4.
pub(crate) fn udp(from: [u8; 4], to: [u8; 4], port: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    etherparse::PacketBuilder::ipv4(from, to, 64).udp(port, port).write(&mut packet, payload).unwrap();
    packet
}
