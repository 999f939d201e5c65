//! Captures of clusters that are made by hand: losses, refusals, what is encrypted, cut or broken.

mod common;

use std::time::Duration;

use common::captures;
use common::console::assert_canonical;
use common::packets::{self, Packet, link, udp};
use fencelab_recorder::fabric::{Statistics, load};
use fencelab_recorder::import::fabric::{Fabric, Imported, Options, import};
use fencelab_transcript::{Body, Kind, Transcript};
use fencelab_wire::corosync::totem::{self, Body as Said, Mcast, RingId, Token, token::Missed};
use fencelab_wire::corosync::{Order, Totem};
use proptest::prelude::*;
use serde_json::{Value, json};

const NODES: [[u8; 4]; 3] = [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 3]];
const GROUP: [u8; 4] = [239, 192, 0, 1];
const RING: RingId = RingId { rep: 1, seq: 9 };

/// Packets a millisecond apart.
fn paced(packets: Vec<Vec<u8>>) -> Vec<Packet> {
    let numbered = (0..).zip(packets);
    numbered.map(|(at, data)| (Duration::from_millis(at), data.clone(), data.len())).collect()
}

fn of(packets: &[Packet], fabric: Fabric) -> Imported {
    let imported =
        import("made.pcap", packets::write(link::RAW, packets).as_slice(), &Options::new(fabric)).unwrap();
    assert_canonical(&imported.transcript);
    imported
}

fn statistics(imported: &Imported) -> Statistics {
    Statistics::of(&imported.transcript).unwrap()
}

fn values<'a>(transcript: &'a Transcript, name: &'a str) -> Vec<&'a Value> {
    let value = |kind: &'a Kind| match kind {
        Kind::Say { body: Body::Object { protocol, value }, .. } if protocol == name => Some(value),
        _ => None,
    };
    transcript.events.iter().filter_map(|event| value(&event.kind)).collect()
}

fn message(node: u32, body: Said) -> Vec<u8> {
    Totem { order: Order::Big, version: totem::VERSION, encapsulated: 2, node, target: 0, body }.emit()
}

fn token(node: u32, token_seq: u32, missed: &[u32]) -> Vec<u8> {
    let missed = missed.iter().map(|seq| Missed { ring: RING, seq: *seq }).collect();
    let (seq, aru, aru_addr, backlog, fcc, retrans_flag) = (7, 5, 0, 0, 0, 0);
    let token =
        Token { seq, token_seq, aru, aru_addr, ring: RING, backlog, fcc, retrans_flag, missed, rest: vec![] };
    message(node, Said::Token(token))
}

fn mcast(node: u32, seq: u32, contents: &[u8]) -> Vec<u8> {
    let (own_seq, guarantee) = (seq, 0);
    let mcast = Mcast { from: node, seq, own_seq, ring: RING, node: 0, guarantee, contents: contents.into() };
    message(node, Said::Mcast(mcast))
}

fn sent(from: usize, to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    udp(NODES[from], to, 5405, payload)
}

#[test]
fn losses_show_in_tokens_and_in_what_is_sent_again() {
    let packets = paced(vec![
        sent(0, NODES[1], &token(1, 1, &[])),
        sent(1, NODES[2], &token(2, 2, &[])),
        sent(0, GROUP, &mcast(1, 6, b"first")),
        sent(2, NODES[0], &token(3, 3, &[6])),
        // Node 2 has it, and sends it to all in the place of node 1.
        sent(1, GROUP, &mcast(1, 6, b"first")),
        sent(0, NODES[1], &token(1, 4, &[])),
        // It was not seen to go on, so it is passed again.
        sent(0, NODES[1], &token(1, 4, &[])),
        sent(2, GROUP, &mcast(3, 7, b"second one")),
        sent(1, NODES[2], &token(2, 5, &[])),
    ]);
    let imported = of(&packets, Fabric::Corosync);
    assert_eq!(imported.warnings, [""; 0]);
    let seen = statistics(&imported);
    assert_eq!((seen.retransmitted, seen.asked_again, seen.tokens_again, seen.copies), (1, 1, 1, 0));
    assert_eq!(seen.rotations[&2].max, Duration::from_millis(5));
    assert_eq!(seen.rotations[&3].max, Duration::from_millis(7));
    assert_eq!(seen.membership.len(), 1);
    assert!(seen.membership[0].1.contains("is there already"), "{:?}", seen.membership);
    let load: Vec<(f64, u32, usize)> =
        load(&imported.transcript).iter().map(|it| (it.seconds, it.node, it.bytes)).collect();
    assert_eq!(load, [(0.002, 1, 5), (0.007, 3, 10)]);
    let again = values(&imported.transcript, "totem")[4];
    assert_eq!((&again["by"], &again["retransmit"]), (&json!(2), &json!(true)));
    let opens: Vec<&Value> = imported
        .transcript
        .events
        .iter()
        .filter_map(|event| if let Kind::Open(open) = &event.kind { open.get("device") } else { None })
        .collect();
    // Three pairs, and the group.
    assert_eq!(
        opens,
        ["10.0.0.2:5405 node 2", "10.0.0.3:5405 node 3", "239.192.0.1:5405 group", "10.0.0.3:5405 node 3"]
    );
}

/// Bytes that look like chance and are the same in each run.
fn chance(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn what_is_encrypted_is_named_with_its_length_and_time() {
    let lengths = [96, 144, 96, 1408, 80];
    let packets = (0..)
        .zip(lengths)
        .map(|(seed, length)| sent(seed % 2, NODES[1 - seed % 2], &chance(length, 7 + seed as u64)));
    let imported = of(&paced(packets.collect()), Fabric::Corosync);
    assert_eq!(imported.warnings, [""; 0]);
    let seen = statistics(&imported);
    assert_eq!(seen.kinds, [("knet encrypted".to_owned(), 5)].into_iter().collect());
    let told: Vec<u64> =
        values(&imported.transcript, "knet").iter().map(|value| value["bytes"].as_u64().unwrap()).collect();
    assert_eq!(told, lengths.map(|length| length as u64));
    assert_eq!(seen.duration, Duration::from_millis(4));
    assert_eq!(load(&imported.transcript), []);
    assert!(!imported.transcript.to_string().contains("hex"));
}

#[test]
fn what_is_not_corosyncs_is_counted_and_left_out() {
    let mut packets = vec![sent(0, NODES[1], &token(1, 1, &[]))];
    packets.push(udp(NODES[0], NODES[1], 53, b"a question"));
    // The same place where corosync is spoken, and nothing of the kind.
    packets.push(sent(0, NODES[1], b"hello"));
    // Corosync 2 has no magic number, but tells the order of bytes.
    packets.push(udp(NODES[0], NODES[2], 5405, &[0, 2, 0x22, 0xff, 1, 0, 0, 0, 9, 9]));
    let mut tcp = Vec::new();
    etherparse::PacketBuilder::ipv4(NODES[0], NODES[1], 9).tcp(1, 2, 3, 4).write(&mut tcp, &[]).unwrap();
    packets.push(tcp);
    let imported = of(&paced(packets), Fabric::Corosync);
    let words = imported.warnings.join("\n");
    for part in [
        "packet 3 is malformed: knet header: the version is not 1",
        "1 packet is left out, the first is packet 2: UDP of another port, and not corosync's",
        "1 packet is left out, the first is packet 4: totem of corosync 1 or 2, which is not read",
        "1 packet is left out, the first is packet 5: not UDP",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let seen = statistics(&imported);
    assert_eq!((seen.packets(), seen.kinds["malformed"]), (2, 1));
    let left = imported.transcript.events.last().unwrap().extra["left_out"].as_object().unwrap();
    let left: u64 = left.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(seen.packets() + left, 5, "nothing is lost");
}

#[test]
fn a_capture_without_any_says_so() {
    let bytes = packets::write(link::RAW, &paced(vec![udp(NODES[0], NODES[1], 53, b"a question")]));
    for (fabric, words) in [
        (
            Fabric::Corosync,
            "holds no corosync (1 packets read; 1 packet is left out, the first is packet 1: UDP of another port",
        ),
        (Fabric::InfiniBand, "holds no InfiniBand or RoCE (1 packets read; 1 packet is left out"),
    ] {
        let error = import("made.pcap", bytes.as_slice(), &Options::new(fabric)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = import("x", b"nothing".as_slice(), &Options::new(Fabric::Corosync)).unwrap_err().to_string();
    assert!(error.contains("no pcap or pcapng file"), "{error}");
}

#[test]
fn every_datagram_cut_at_every_byte_is_told() {
    for file in ["corosync/corosync3-knet-nocrypto.pcap", "corosync/corosync3-udpu-nocrypto.pcap"] {
        let whole = packets::read(&captures().join(file));
        // One of each length is enough.
        let mut lengths = std::collections::BTreeSet::new();
        let some: Vec<&Packet> = whole.iter().filter(|(_, data, _)| lengths.insert(data.len())).collect();
        for short_on_wire in [true, false] {
            let mut all = whole.clone();
            for (time, data, _) in &some {
                let ip = packets::ip(data);
                for length in 0..ip.len() - 28 {
                    let (from, to) = (ip[12..16].try_into().unwrap(), ip[16..20].try_into().unwrap());
                    let cut = if short_on_wire {
                        udp(from, to, 5405, &ip[28..28 + length])
                    } else {
                        ip[..28 + length].to_vec()
                    };
                    let frame = [&[2; 12][..], &[8, 0], &cut].concat();
                    let on_wire = if short_on_wire { frame.len() } else { 14 + ip.len() };
                    all.push((*time, frame, on_wire));
                }
            }
            let imported = import(
                "cut.pcap",
                packets::write(link::ETHERNET, &all).as_slice(),
                &Options::new(Fabric::Corosync),
            )
            .unwrap();
            assert_canonical(&imported.transcript);
            let seen = statistics(&imported);
            assert_eq!(seen.packets(), all.len() as u64, "{file}: each one is told");
            // At the least each one that ends within a header.
            let malformed = seen.kinds["malformed"];
            assert!(malformed > 13 * some.len() as u64, "{file}: {malformed}");
            let named =
                imported.warnings.iter().filter(|warning| warning.contains(" is malformed: ")).count();
            assert_eq!(named as u64, malformed);
            if !short_on_wire {
                let cut = imported
                    .warnings
                    .iter()
                    .filter(|warning| warning.contains("was captured without its last"))
                    .count();
                assert_eq!(cut, all.len() - whole.len());
            }
        }
    }
}

/// A packet of RoCE v2 of a connection: operation, queue pair, number, what follows BTH.
fn roce(from: usize, to: usize, opcode: u8, qp: u8, psn: u32, behind: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode, 0, 0xff, 0xff, 0, 0, 0, qp, 0];
    bytes.extend(&psn.to_be_bytes()[1..]);
    bytes.extend(behind);
    bytes.extend([0; 4]);
    udp(NODES[from], NODES[to], 4791, &bytes)
}

/// A management datagram in RoCE v2.
fn managed(from: usize, to: usize, header: [u8; 4], attribute: u16, data: &[u8]) -> Vec<u8> {
    let mut behind = vec![0x80, 1, 0, 0, 0, 0, 0, 1];
    behind.extend(header);
    behind.extend([0; 12]);
    behind.extend(attribute.to_be_bytes());
    behind.extend([0; 6]);
    behind.extend(data);
    behind.resize(8 + 256, 0);
    roce(from, to, 0x64, 1, 1, &behind)
}

#[test]
fn refusals_losses_and_congestion_of_connections_are_counted() {
    let packets = paced(vec![
        roce(0, 1, 4, 17, 0xff_fffe, b"abcd"),
        roce(1, 0, 17, 18, 0xff_fffe, &[0x1f, 0, 0, 1]),
        roce(0, 1, 4, 17, 0xff_ffff, b"abcd"),
        // No buffer, and sent again.
        roce(1, 0, 17, 18, 0xff_ffff, &[0x2e, 0, 0, 1]),
        roce(0, 1, 4, 17, 0xff_ffff, b"abcd"),
        // Two are missing.
        roce(0, 1, 4, 17, 2, b"abcdefgh"),
        roce(1, 0, 17, 18, 0, &[0x60, 0, 0, 2]),
        roce(1, 0, 0x81, 17, 0, &[0; 16]),
        roce(0, 2, 0x64, 33, 5, &[0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4]),
    ]);
    let imported = of(&packets, Fabric::InfiniBand);
    assert_eq!(imported.warnings, [""; 0]);
    let seen = statistics(&imported);
    let says: Vec<(&str, u64)> =
        seen.acknowledges.iter().map(|(says, count)| (says.as_str(), *count)).collect();
    assert_eq!(says, [("ACK", 1), ("NAK PSN sequence error", 1), ("RNR NAK", 1)]);
    assert_eq!((seen.repeated, seen.missing, seen.congested), (1, 2, 1));
    assert_eq!(seen.datagrams, [("0x000021".to_owned(), 1)].into_iter().collect());
    let all = values(&imported.transcript, "roce");
    assert_eq!((&all[3]["says"], &all[3]["timer"]), (&json!("RNR NAK"), &json!(14)));
    assert_eq!((&all[8]["from_qp"], &all[8]["bytes"]), (&json!("0x000009"), &json!(4)));
    assert!(seen.to_string().contains("acknowledges: 1 RNR NAK"), "{seen}");
}

#[test]
fn connections_and_groups_that_come_and_go_are_told() {
    let cm = [1, 7, 2, 3];
    let ids = |local: u8, remote: u8| [0, 0, 0, local, 0, 0, 0, remote];
    let mut request = vec![0; 140];
    (request[3], request[34]) = (7, 17);
    let mut reply = ids(8, 7).to_vec();
    reply.extend([0, 0, 0, 0, 0, 0, 18]);
    reply.resize(36, 0);
    let refusal = [&ids(8, 7)[..], &[0, 0, 0, 10]].concat();
    let member = |join: u8| {
        let mut data = vec![0; 232];
        (data[32], data[33], data[47], data[63]) = (0xff, 0x12, 5, 1);
        data[80] = join;
        data
    };
    let packets = paced(vec![
        managed(0, 1, cm, 0x10, &request),
        managed(1, 0, cm, 0x13, &reply),
        managed(0, 1, cm, 0x14, &ids(7, 8)),
        managed(0, 1, cm, 0x15, &[&ids(7, 8)[..], &[0, 0, 18, 0]].concat()),
        managed(1, 0, cm, 0x16, &ids(8, 7)),
        managed(1, 0, cm, 0x12, &refusal),
        managed(0, 2, [1, 3, 2, 2], 0x38, &member(1)),
        managed(0, 2, [1, 3, 2, 2], 0x38, &member(1)),
        managed(0, 2, [1, 3, 2, 0x15], 0x38, &member(1)),
    ]);
    let imported = of(&packets, Fabric::InfiniBand);
    assert_eq!(imported.warnings, [""; 0]);
    let seen = statistics(&imported);
    let changes: Vec<(&str, u64)> =
        seen.changes.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    let expected = [
        ("connection ends", 1),
        ("connection ready", 1),
        ("connection rejected", 1),
        ("multicast group: joins", 1),
        ("multicast group: joins once more", 1),
        ("multicast group: leaves", 1),
    ];
    assert_eq!(changes, expected);
    let text = imported.transcript.to_string();
    for words in [
        "QP 0x000011 and QP 0x000012 are connected",
        "the connection of QP 0x000011 and QP 0x000012 ends",
        "a connection is rejected: stale connection",
        "\"rejoin\":true",
        "\"join\":[\"full\"]",
        "\"message\":\"DisconnectReply\"",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn every_packet_of_the_fabric_cut_at_every_byte_is_told() {
    let whole = packets::read(&captures().join("infiniband/softroce-demo-infiniband.pcap"));
    let mut all = whole.clone();
    for (time, data, length) in &whole {
        all.extend((0..data.len()).map(|cut| (*time, data[..cut].to_vec(), *length)));
    }
    let bytes = packets::write(link::ERF, &all);
    let imported = import("cut.pcap", bytes.as_slice(), &Options::new(Fabric::InfiniBand)).unwrap();
    assert_canonical(&imported.transcript);
    let seen = statistics(&imported);
    let left = imported.transcript.events.last().unwrap().extra["left_out"].as_object().unwrap();
    let left: u64 = left.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(seen.packets() + left, all.len() as u64, "nothing is lost");
    assert!(seen.kinds["malformed"] >= 8 * whole.len() as u64);
    // Within the record's own header nobody knows what it is.
    assert_eq!(left, 16 * whole.len() as u64);
}

proptest! {
    /// Any bytes behind any header: nothing panics, and each packet is told or left out.
    #[test]
    fn any_packets(
        link in prop::sample::select(vec![0, 1, 101, 113, 197, 242, 247, 276, 9]),
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 1..8),
        port in prop::option::of(Just(5405)),
    ) {
        let count = packets.len() as u64;
        let bytes = packets::write(link, &paced(packets));
        for fabric in [Fabric::Corosync, Fabric::InfiniBand] {
            let options = Options { port, ..Options::new(fabric) };
            if let Ok(imported) = import("any", bytes.as_slice(), &options) {
                assert_canonical(&imported.transcript);
                let seen = Statistics::of(&imported.transcript).unwrap();
                let left = imported.transcript.events.last().and_then(|event| event.extra.get("left_out"));
                let left: u64 = left.and_then(Value::as_object).map_or(0, |all| all.values().filter_map(Value::as_u64).sum());
                prop_assert_eq!(seen.packets() + left, count);
            }
        }
    }

    /// The same for datagrams to corosync's and RoCE's ports.
    #[test]
    fn any_datagrams(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        for (fabric, port) in [(Fabric::Corosync, 5405), (Fabric::InfiniBand, 4791)] {
            let packets = payloads.iter().map(|payload| udp(NODES[0], NODES[1], port, payload)).collect();
            let bytes = packets::write(link::RAW, &paced(packets));
            let options = Options { port: Some(port), ..Options::new(fabric) };
            let imported = import("any", bytes.as_slice(), &options).unwrap();
            assert_canonical(&imported.transcript);
            prop_assert_eq!(Statistics::of(&imported.transcript).unwrap().packets(), payloads.len() as u64);
        }
    }
}
