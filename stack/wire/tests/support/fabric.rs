//! One message of each kind of cluster fabrics, of our own making.

#![allow(dead_code, reason = "each test file uses its own part")]

use fencelab_wire::corosync::knet::{self, DataHeader, Ping, Pmtud};
use fencelab_wire::corosync::totem::token::{Entry, Missed};
use fencelab_wire::corosync::totem::{
    self, Body, CommitToken, HoldCancel, Join, Mcast, MergeDetect, RingId, Token,
};
use fencelab_wire::corosync::{Knet, Order, Totem};
use fencelab_wire::infiniband::packet::{self, Grh, Lrh};
use fencelab_wire::infiniband::{Packet, Transport, roce};

const RING: RingId = RingId { rep: 1, seq: 0x2b };

fn message(order: Order, body: Body) -> Vec<u8> {
    Totem { order, version: totem::VERSION, encapsulated: 2, node: 1, target: 2, body }.emit()
}

fn packet(body: knet::Body) -> Vec<u8> {
    Knet { node: 1, max_version: 1, pad: 0, body }.emit()
}

fn data(fragments: u8, fragment: u8, contents: Vec<u8>) -> Vec<u8> {
    let header = DataHeader { seq: 7, compress: 0, pad: 0, bcast: 0, fragments, fragment, channel: 0 };
    packet(knet::Body::Data(header, contents))
}

/// Messages of totem.
pub(crate) fn totem(order: Order) -> Vec<(&'static str, Vec<u8>)> {
    let token = Token {
        seq: 10,
        token_seq: 99,
        aru: 8,
        aru_addr: 2,
        ring: RING,
        backlog: 3,
        fcc: 4,
        retrans_flag: 0,
        missed: vec![Missed { ring: RING, seq: 9 }, Missed { ring: RING, seq: 10 }],
        rest: vec![],
    };
    let mcast = Mcast {
        from: 1,
        seq: 10,
        own_seq: 3,
        ring: RING,
        node: 0,
        guarantee: 0,
        contents: b"what is told".to_vec(),
    };
    let join = Join { from: 1, members: vec![1, 2, 3], failed: vec![3], ring_seq: 0x2b, rest: vec![] };
    let commit = CommitToken {
        token_seq: 1,
        ring: RING,
        retrans_flag: 0,
        index: 1,
        members: vec![1, 2],
        entries: [0, 8].map(|aru| Entry { ring: RING, aru, high_delivered: aru, received: 1 }).to_vec(),
        rest: vec![],
    };
    vec![
        ("token", message(order, Body::Token(token))),
        ("mcast", message(order, Body::Mcast(mcast))),
        ("join", message(order, Body::Join(join))),
        ("commit", message(order, Body::CommitToken(commit))),
        ("merge", message(order, Body::MergeDetect(MergeDetect { from: 1, ring: RING, rest: vec![] }))),
        ("cancel", message(order, Body::HoldCancel(HoldCancel { ring: RING, rest: vec![] }))),
        ("unknown", message(order, Body::Unknown(9, vec![1, 2, 3]))),
    ]
}

/// Packets of knet.
pub(crate) fn knet() -> Vec<(&'static str, Vec<u8>)> {
    let ping = Ping { link: 1, time: *b"0123456789abcdef", seq: 7, timed: 1 };
    let pmtud = Pmtud { link: 1, size: 1500_u16.to_le_bytes() };
    let whole = totem(Order::Little).swap_remove(0).1;
    vec![
        ("knet-token", data(1, 0, whole)),
        ("knet-first", data(2, 1, totem(Order::Little).swap_remove(1).1)),
        ("knet-second", data(2, 2, b"the rest".to_vec())),
        ("knet-ping", packet(knet::Body::Ping(ping, vec![]))),
        ("knet-pong", packet(knet::Body::Pong(ping, vec![]))),
        ("knet-pmtud", packet(knet::Body::Pmtud(pmtud, vec![0; 40]))),
        ("knet-pmtud-reply", packet(knet::Body::PmtudReply(pmtud, vec![]))),
        ("knet-unknown", packet(knet::Body::Unknown(0x42, vec![1]))),
    ]
}

/// BTH and what follows it, with headers that count up.
pub(crate) fn transport(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode, 0x40, 0xff, 0xff, 0, 0, 0, 0x11, 0x80, 0, 0, 7];
    // The longest headers have 40 bytes; what they leave over is payload.
    bytes.extend(1..=40);
    bytes.extend(payload);
    bytes.extend([0xaa, 0xbb, 0xcc, 0xdd]);
    bytes
}

/// In the fabric, with GRH or without.
pub(crate) fn in_fabric(inside: &[u8], with_grh: bool) -> Vec<u8> {
    let transport = Transport::parse(inside, true).expect("a transport that is whole");
    let length = inside.len() + if with_grh { 40 } else { 0 };
    let grh = with_grh.then(|| grh(inside.len()));
    let words = u16::try_from((length + 8) / 4).expect("a short packet");
    let lrh = Lrh { lane: 0, level: if with_grh { 3 } else { 2 }, dlid: 4, length: words, slid: 1 };
    Packet { lrh, body: packet::Body::Transport(grh, Box::new(transport)), trailer: vec![0xe0, 0xe1] }.emit()
}

pub(crate) fn grh(length: usize) -> Grh {
    let mut gids = [[0; 16]; 2];
    (gids[0][0], gids[0][15], gids[1][0], gids[1][15]) = (0xfe, 1, 0xff, 2);
    let length = u16::try_from(length).expect("a short packet");
    Grh { first: 0x6000_0000, length, next: roce::NEXT_BTH, hops: 1, sgid: gids[0], dgid: gids[1] }
}

/// A management datagram.
pub(crate) fn mad(class: u8, method: u8, attribute: u16) -> Vec<u8> {
    let mut bytes = vec![1, class, 2, method, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    bytes.extend(attribute.to_be_bytes());
    bytes.extend([0; 6]);
    bytes.extend((0..232).map(|n: u8| n));
    bytes
}

/// Everything, by name.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = totem(Order::Little);
    all.extend(totem(Order::Big).into_iter().take(1).map(|(_, bytes)| ("token-big", bytes)));
    all.extend(knet());
    for (name, opcode) in [
        ("rc-send", 0x04),
        ("rc-ack", 0x11),
        ("rc-write-immediate", 0x0b),
        ("rc-read", 0x0c),
        ("rc-swap", 0x13),
        ("rc-atomic-ack", 0x12),
        ("ud-immediate", 0x65),
        ("xrc-invalidate", 0xb7),
        ("rd-send", 0x44),
        ("cnp", 0x81),
        ("no-service", 0xff),
    ] {
        all.push((name, transport(opcode, b"")));
    }
    for (name, class, method, attribute) in [
        ("cm-request", 7, 3, 0x10),
        ("cm-reply", 7, 3, 0x13),
        ("cm-reject", 7, 3, 0x12),
        ("cm-service", 7, 3, 0x18),
        ("sa-join", 3, 2, 0x38),
    ] {
        all.push((name, datagram(&mad(class, method, attribute))));
    }
    all.push(("fabric-grh", in_fabric(&transport(0x04, b"abcd"), true)));
    all.push(("fabric-ack", in_fabric(&transport(0x11, b""), false)));
    all.push(("roce-v1", [grh(56).emit(), transport(0x04, b"")].concat()));
    all.push(("ipoib", [&[8, 0, 0, 0][..], &[0x45; 20]].concat()));
    all
}

/// A datagram to the queue pair of general management.
pub(crate) fn datagram(mad: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x64, 0, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 7];
    bytes.extend([0x80, 1, 0, 0, 0, 0, 0, 1]);
    bytes.extend(mad);
    bytes.extend([0xaa, 0xbb, 0xcc, 0xdd]);
    bytes
}
