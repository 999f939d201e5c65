//! Packet captures of TCP, made by hand.

use std::net::SocketAddr;
use std::time::Duration;

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

/// One packet: who to whom, and the segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packet {
    pub(crate) to_device: bool,
    pub(crate) seq: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) flags: &'static str,
    pub(crate) payload: Vec<u8>,
    /// How many bytes of its end are not captured.
    pub(crate) cut: usize,
}

/// A connection whose packets are written by hand, a millisecond apart.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    pub(crate) client: SocketAddr,
    pub(crate) device: SocketAddr,
    pub(crate) packets: Vec<Packet>,
    /// The next sequence numbers: of the client, of the device.
    next: [u32; 2],
}

impl Tcp {
    pub(crate) fn new(client: &str, device: &str) -> Self {
        let next = [u32::MAX - 3, 1_000_000];
        Self { client: client.parse().unwrap(), device: device.parse().unwrap(), packets: Vec::new(), next }
    }

    /// The three packets that open it.
    pub(crate) fn open(mut self) -> Self {
        let [client, device] = self.next;
        self.push(Packet { to_device: true, seq: client, flags: "S", ..Packet::default() });
        self.next = [client.wrapping_add(1), device.wrapping_add(1)];
        self.push(Packet { seq: device, ack: Some(self.next[0]), flags: "S", ..Packet::default() });
        self.push(Packet {
            to_device: true,
            seq: self.next[0],
            ack: Some(self.next[1]),
            ..Packet::default()
        });
        self
    }

    /// One side says something.
    pub(crate) fn say(mut self, to_device: bool, payload: &[u8]) -> Self {
        let packet = self.next_packet(to_device, payload);
        self.push(packet);
        self
    }

    pub(crate) fn agent(self, payload: &[u8]) -> Self {
        self.say(true, payload)
    }

    pub(crate) fn device(self, payload: &[u8]) -> Self {
        self.say(false, payload)
    }

    /// One side says something, and the capture loses it.
    pub(crate) fn lost(mut self, to_device: bool, payload: &[u8]) -> Self {
        self.next_packet(to_device, payload);
        self
    }

    /// One side says something, of which the capture cuts off the end.
    pub(crate) fn cut(mut self, to_device: bool, payload: &[u8], cut: usize) -> Self {
        let packet = self.next_packet(to_device, payload);
        self.push(Packet { cut, ..packet });
        self
    }

    /// One side says that it ends, or that there is nothing.
    pub(crate) fn end(mut self, to_device: bool, flags: &'static str) -> Self {
        let packet = self.next_packet(to_device, b"");
        self.push(Packet { flags, ..packet });
        let next = if to_device { &mut self.next[0] } else { &mut self.next[1] };
        *next = next.wrapping_add(1);
        self
    }

    pub(crate) fn push(&mut self, packet: Packet) {
        self.packets.push(packet);
    }

    fn next_packet(&mut self, to_device: bool, payload: &[u8]) -> Packet {
        let [client, device] = &mut self.next;
        let (own, other) = if to_device { (client, device) } else { (device, client) };
        let (seq, ack) = (*own, Some(*other));
        *own = own.wrapping_add(u32::try_from(payload.len()).unwrap());
        Packet { to_device, seq, ack, flags: "", payload: payload.to_vec(), cut: 0 }
    }

    /// The bytes of the packets on raw IP, each with its length on the wire.
    fn emit(&self, packet: &Packet) -> (Vec<u8>, usize) {
        let (from, to) =
            if packet.to_device { (self.client, self.device) } else { (self.device, self.client) };
        let ip: PacketBuilderStep<IpHeaders> = match (from, to) {
            (SocketAddr::V4(from), SocketAddr::V4(to)) => {
                PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64)
            }
            (SocketAddr::V6(from), SocketAddr::V6(to)) => {
                PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), 64)
            }
            _ => panic!("IPv4 and IPv6 do not speak to each other"),
        };
        let mut tcp = ip.tcp(from.port(), to.port(), packet.seq, 8192);
        if let Some(ack) = packet.ack {
            tcp = tcp.ack(ack);
        }
        for flag in packet.flags.chars() {
            tcp = match flag {
                'S' => tcp.syn(),
                'F' => tcp.fin(),
                'R' => tcp.rst(),
                other => panic!("no flag {other}"),
            };
        }
        let mut bytes = Vec::new();
        tcp.write(&mut bytes, &packet.payload).unwrap();
        let length = bytes.len();
        bytes.truncate(length - packet.cut);
        (bytes, length)
    }
}

/// A pcap file of connections, their packets in turn.
pub(crate) fn pcap(connections: &[Tcp]) -> Vec<u8> {
    let header = PcapHeader { datalink: pcap_file::DataLink::RAW, ..Default::default() };
    let mut bytes = Vec::new();
    let mut writer = PcapWriter::with_header(&mut bytes, header).unwrap();
    let longest = connections.iter().map(|connection| connection.packets.len()).max().unwrap_or_default();
    let mut time = Duration::from_secs(1_700_000_000);
    for index in 0..longest {
        for connection in connections {
            let Some(packet) = connection.packets.get(index) else { continue };
            let (data, length) = connection.emit(packet);
            time += Duration::from_millis(1);
            let length = u32::try_from(length).unwrap();
            writer.write_packet(&PcapPacket::new(time, length, &data).unwrap()).unwrap();
        }
    }
    bytes
}
