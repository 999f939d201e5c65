//! Captures of corosync and InfiniBand, held against what tshark says; and the same behind other headers.

mod common;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use common::console::assert_canonical;
use common::packets::{self, Packet, link};
use common::{captures, tshark};
use fencelab_recorder::fabric::{Statistics, load};
use fencelab_recorder::import::fabric::{Fabric, Imported, Options, import};
use fencelab_transcript::{Body, Kind, Transcript};
use serde_json::Value;

const KNET: &str = "corosync/corosync3-knet-nocrypto.pcap";
const UDPU: &str = "corosync/corosync3-udpu-nocrypto.pcap";
const IB: &str = "infiniband/softroce-demo-infiniband.pcap";

fn of(bytes: &[u8], fabric: Fabric) -> Imported {
    let imported = import("capture.pcap", bytes, &Options::new(fabric)).unwrap();
    assert_canonical(&imported.transcript);
    imported
}

fn whole(file: &str, fabric: Fabric) -> Imported {
    let imported = of(&std::fs::read(captures().join(file)).unwrap(), fabric);
    assert_eq!(imported.warnings, [""; 0], "{file}");
    imported
}

fn statistics(transcript: &Transcript) -> Statistics {
    Statistics::of(transcript).unwrap()
}

/// The bodies of this protocol.
fn said<'a>(transcript: &'a Transcript, name: &'a str) -> impl Iterator<Item = &'a Value> {
    transcript.events.iter().filter_map(move |event| match &event.kind {
        Kind::Say { body: Body::Object { protocol, value }, .. } if protocol == name => Some(value),
        _ => None,
    })
}

/// How many packets tshark finds that pass the filter.
fn count(file: &Path, filter: &str) -> u64 {
    u64::try_from(tshark(file, &["-Y", filter, "-T", "fields", "-e", "frame.number"]).len()).unwrap()
}

/// Our counts, and tshark's: it has no dissector of corosync 3, so its filters look at the bytes.
fn assert_counts(file: &str, kinds: &[(&str, &str)]) {
    let seen = statistics(&whole(file, Fabric::Corosync).transcript);
    let path = captures().join(file);
    let theirs: BTreeMap<String, u64> =
        kinds.iter().map(|(kind, filter)| ((*kind).to_owned(), count(&path, filter))).collect();
    assert_eq!(seen.kinds, theirs);
    assert_eq!(seen.packets(), count(&path, "udp"), "each packet is told once");
}

#[test]
fn knet_and_totem_over_it_are_counted_as_tshark_counts_them() {
    // Fragments from the second on: they have no header of totem.
    let later = "udp.payload[1] == 00 && udp.payload[12] > 1";
    let totem = |kind: &str| {
        format!("udp.payload[0:2] == 01:00 && !(udp.payload[12] > 1) && udp.payload[14:4] == 70:c0:03:{kind}")
    };
    let kinds = ["00", "01", "02", "03", "04"].map(totem);
    assert_counts(
        KNET,
        &[
            ("knet data", later),
            ("knet ping", "udp.payload[0:2] == 01:81"),
            ("knet pong", "udp.payload[0:2] == 01:82"),
            ("knet pmtud", "udp.payload[0:2] == 01:83"),
            ("knet pmtud reply", "udp.payload[0:2] == 01:84"),
            ("totem token", &kinds[0]),
            ("totem mcast", &kinds[1]),
            ("totem merge detect", &kinds[2]),
            ("totem join", &kinds[3]),
            ("totem commit token", &kinds[4]),
        ],
    );
}

#[test]
fn totem_over_udp_is_counted_as_tshark_counts_it() {
    assert_counts(
        UDPU,
        &[
            ("totem token", "udp.payload[0:4] == 70:c0:03:00"),
            ("totem mcast", "udp.payload[0:4] == 70:c0:03:01"),
            ("totem merge detect", "udp.payload[0:4] == 70:c0:03:02"),
            ("totem join", "udp.payload[0:4] == 70:c0:03:03"),
            ("totem commit token", "udp.payload[0:4] == 70:c0:03:04"),
        ],
    );
}

/// Four bytes of tshark's hex, least significant first.
fn number(hex: &str, place: usize) -> u64 {
    let bytes = &hex[place * 2..place * 2 + 8];
    u32::from_str_radix(bytes, 16).unwrap().swap_bytes().into()
}

#[test]
fn each_token_is_what_tshark_shows_of_it() {
    for (file, behind, filter) in [
        (KNET, 14, "udp.payload[0:2] == 01:00 && udp.payload[14:4] == 70:c0:03:00"),
        (UDPU, 0, "udp.payload[0:4] == 70:c0:03:00"),
    ] {
        let imported = whole(file, Fabric::Corosync);
        let fields = ["-Y", filter, "-T", "fields", "-e", "udp.payload", "-e", "ip.src"];
        let theirs: Vec<[u64; 7]> = tshark(&captures().join(file), &fields)
            .iter()
            .map(|line| {
                let (hex, source) = line.split_once('\t').unwrap();
                let at = |place: usize| number(hex, behind + place);
                // There are two nodes, and the last part of their addresses is their number.
                let node: u64 = source.rsplit('.').next().unwrap().parse().unwrap();
                assert_eq!(at(5), node);
                [node, 3 - node, at(13), at(17), at(21), at(29), at(41)]
            })
            .collect();
        let ours: Vec<[u64; 7]> = said(&imported.transcript, "totem")
            .filter(|value| value["type"] == "token")
            .map(|value| {
                let (rep, _) = value["ring"].as_str().unwrap().split_once('.').unwrap();
                let rep = u64::from_str_radix(rep, 16).unwrap();
                let fields =
                    ["node", "to", "seq", "token_seq", "aru"].map(|field| value[field].as_u64().unwrap());
                let [node, to, seq, token_seq, aru] = fields;
                [node, to, seq, token_seq, aru, rep, value["backlog"].as_u64().unwrap()]
            })
            .collect();
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn the_engineer_sees_rings_rotations_and_load() {
    let seen = statistics(&whole(KNET, Fabric::Corosync).transcript);
    let words: Vec<&str> = seen.membership.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(
        words,
        [
            "node 1 asks for a new membership: hears nodes 1, 2",
            "node 2 asks for a new membership: hears nodes 2, 1",
            "ring 1.9 is formed of nodes 1, 2",
            "node 1 asks for a new membership: hears nodes 1, 2",
            "node 2 asks for a new membership: hears nodes 2, 1",
            "ring 1.11 is formed of nodes 1, 2",
            "node 1 leaves",
            "node 2 asks for a new membership: hears nodes 1, 2, has given up node 1",
        ]
    );
    // All tokens but those that were sent again and the first at each node.
    let rotations: usize = seen.rotations.values().map(|times| times.count).sum();
    assert_eq!((rotations, seen.tokens_again), (253 - 4 - 2, 4));
    let [one, two] = [1, 2].map(|node| seen.rotations[&node]);
    assert!(one.p50 <= one.p99 && one.p99 <= one.max && two.max < seen.duration);
    assert_eq!((seen.unanswered, seen.pongs[&0].count), (0, 54));
    assert_eq!(seen.messages.count, 20);
    let text = seen.to_string();
    assert!(text.contains("token rotation at node 2: 124 times, p50 "), "{text}");
}

#[test]
fn copies_are_told_from_what_is_sent_again() {
    // After its links came back this node has three sockets to the same peer, and each message goes out three times.
    let imported = whole(UDPU, Fabric::Corosync);
    let seen = statistics(&imported.transcript);
    assert_eq!((seen.copies, seen.retransmitted, seen.kinds["totem mcast"]), (14, 0, 51));
    assert_eq!(load(&imported.transcript).len(), 37);
}

#[test]
fn the_load_is_each_message_once_with_its_whole_length() {
    let imported = whole(KNET, Fabric::Corosync);
    let all = load(&imported.transcript);
    // What tshark sees of the payloads of all fragments, without the headers of knet (14) and totem (45).
    let filter = "udp.payload[0:2] == 01:00 && (udp.payload[12] > 1 || udp.payload[14:4] == 70:c0:03:01)";
    let fields = ["-Y", filter, "-T", "fields", "-e", "udp.length", "-e", "udp.payload"];
    let theirs: usize = tshark(&captures().join(KNET), &fields)
        .iter()
        .map(|line| {
            let (length, hex) = line.split_once('\t').unwrap();
            let header = if &hex[28..32] == "70c0" { 14 + 45 } else { 14 };
            length.parse::<usize>().unwrap() - 8 - header
        })
        .sum();
    assert_eq!(all.iter().map(|message| message.bytes).sum::<usize>(), theirs);
    assert!(all.iter().all(|message| [1, 2].contains(&message.node)));
    assert!(all.windows(2).all(|pair| pair[0].seconds <= pair[1].seconds));
}

#[test]
fn what_nodes_tell_each_other_is_never_kept() {
    for file in [KNET, UDPU] {
        let imported = whole(file, Fabric::Corosync);
        let text = imported.transcript.to_string();
        assert_eq!(imported.transcript.header.redacted, ["totem.contents"]);
        let all = tshark(&captures().join(file), &["-T", "fields", "-e", "udp.payload"]);
        let mut words = 0;
        for hex in all {
            let bytes: Vec<u8> = (0..hex.len() / 2)
                .map(|place| u8::from_str_radix(&hex[place * 2..][..2], 16).unwrap())
                .collect();
            for word in bytes.split(|byte| !byte.is_ascii_graphic()).filter(|word| word.len() >= 6) {
                words += 1;
                let word = String::from_utf8_lossy(word);
                assert!(!text.contains(&*word), "{file}: {word}");
            }
        }
        assert!(words > 0, "{file} has words in it that must not be kept");
    }
}

/// What tshark's dissector shows of each packet of InfiniBand's transport: numbers as our bodies have them.
fn dissected(file: &Path) -> Vec<Vec<String>> {
    let mut args = vec!["-Y", "infiniband.bth", "-T", "fields", "-E", "occurrence=f"];
    args.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    tshark(file, &args).iter().map(|line| line.split('\t').map(String::from).collect()).collect()
}

const FIELDS: [&str; 12] = [
    "infiniband.bth.opcode",
    "infiniband.bth.destqp",
    "infiniband.bth.psn",
    "infiniband.deth.srcqp",
    "infiniband.aeth.msn",
    "infiniband.mad.mgmtclass",
    "infiniband.mad.method",
    "infiniband.mad.attributeid",
    "infiniband.mad.transactionid",
    "infiniband.cm.req.localqpn",
    "infiniband.cm.rep.localqpn",
    "infiniband.cm.req.serviceid",
];

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// Asserts that each packet is told as tshark tells it.
fn assert_dissected(imported: &Imported, body: &str, theirs: &[Vec<String>]) {
    let ours: Vec<(&str, &Value)> = imported
        .transcript
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Say { body: Body::Object { protocol, value }, .. } => Some((protocol.as_str(), value)),
            _ => None,
        })
        .collect();
    assert_eq!(ours.len(), theirs.len());
    let names = [(0x07, "CM"), (0x81, "Subn directed"), (0x03, "SubnAdm")];
    let attributes = [(0x20, "SMInfo"), (0x35, "PathRecord")];
    let messages = [(0x10, "ConnectRequest"), (0x13, "ConnectReply"), (0x14, "ReadyToUse")];
    for ((protocol, value), theirs) in ours.into_iter().zip(theirs) {
        let [opcode, qp, psn, source, msn, class, method, attribute, transaction, request, reply, service] =
            &theirs[..]
        else {
            panic!("{theirs:?}")
        };
        let is_hex = |field: &str, text: &str| value[field].as_str().map(hex) == Some(hex(text));
        if class.is_empty() {
            assert_eq!(protocol, body);
            let op = [("4", "RC Send Only"), ("17", "RC Acknowledge"), ("100", "UD Send Only")];
            assert!(op.contains(&(opcode.as_str(), value["op"].as_str().unwrap())), "{theirs:?} {value}");
            assert!(
                is_hex("qp", qp) && (source.is_empty() || is_hex("from_qp", source)),
                "{theirs:?} {value}"
            );
            assert_eq!(value["psn"].to_string(), *psn);
            assert_eq!(value.get("msn").map(Value::to_string).unwrap_or_default(), *msn);
            continue;
        }
        assert!(is_hex("transaction", transaction), "{theirs:?} {value}");
        let named = |names: &[(u64, &str)], text: &str| {
            names.iter().find(|(it, _)| *it == hex(text)).unwrap().1.to_owned()
        };
        let (class, number) = (named(&names, class), attribute);
        if class == "CM" {
            assert_eq!((protocol, value["message"].as_str()), ("cm", Some(&*named(&messages, number))));
            for theirs in [request, reply].into_iter().filter(|theirs| !theirs.is_empty()) {
                assert!(is_hex("qp", theirs), "{theirs:?} {value}");
            }
            assert!(service.is_empty() || is_hex("service", service), "{theirs:?} {value}");
        } else {
            assert_eq!((protocol, value["class"].as_str()), ("mad", Some(&*class)));
            assert_eq!(value["attribute"], named(&attributes, number));
            let method = named(&[(0x01, "Get"), (0x81, "GetResp")], method);
            assert_eq!(value["method"], method);
        }
    }
}

#[test]
fn each_packet_of_the_fabric_is_what_tshark_shows_of_it() {
    let imported = whole(IB, Fabric::InfiniBand);
    let theirs = dissected(&captures().join(IB));
    assert_eq!(theirs.len(), 43);
    assert_dissected(&imported, "infiniband", &theirs);
    let seen = statistics(&imported.transcript);
    assert_eq!(seen.changes["connection ready"], 3);
    assert_eq!((seen.acknowledges["ACK"], seen.repeated, seen.missing), (9, 0, 0));
    let carried = |what: &str| {
        said(&imported.transcript, "infiniband")
            .filter(|value| value["carries"].as_str().is_some_and(|words| words.starts_with(what)))
            .count() as u64
    };
    let path = captures().join(IB);
    for (what, filter) in [("IPv4 ", "ip"), ("IPv6 ", "ipv6"), ("ARP", "arp")] {
        assert_eq!(carried(what), count(&path, filter), "{what}");
    }
}

/// The fabric's packets of the capture, out of their records.
fn fabric_packets() -> Vec<Packet> {
    packets::changed(&packets::read(&captures().join(IB)), |record| {
        let length = usize::from(u16::from_be_bytes([record[14], record[15]]));
        record[16..16 + length].to_vec()
    })
}

/// From BTH to ICRC.
fn transport(packet: &[u8]) -> &[u8] {
    let end = usize::from(u16::from_be_bytes([packet[4], packet[5]]) & 0x7ff) * 4;
    &packet[if packet[1] & 3 == 3 { 48 } else { 8 }..end]
}

fn saved(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn the_same_packets_are_the_same_without_records_and_as_roce() {
    let plain = packets::write(link::INFINIBAND, &fabric_packets());
    // Not every tshark reads packets without records; with them they have been compared.
    assert_dissected(&of(&plain, Fabric::InfiniBand), "infiniband", &dissected(&captures().join(IB)));

    let over_udp = packets::changed(&fabric_packets(), |packet| {
        packets::udp([10, 0, 0, 1], [10, 0, 0, 2], 4791, transport(packet))
    });
    let over_udp = packets::write(link::RAW, &over_udp);
    let imported = of(&over_udp, Fabric::InfiniBand);
    assert_dissected(&imported, "roce", &dissected(saved(&over_udp).path()));
    assert_eq!(imported.transcript.header.link.port, Some(4791));

    let over_ethernet = packets::changed(&fabric_packets(), |packet| {
        let inside = transport(packet);
        let mut frame = [&[2_u8; 12][..], &[0x89, 0x15, 0x60, 0, 0, 0]].concat();
        frame.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
        frame.extend([0x1b, 64]);
        frame.extend([&[0xfe_u8, 0x80][..], &[0; 13], &[1], &[0xfe, 0x80], &[0; 13], &[2]].concat());
        [&frame[..], inside].concat()
    });
    let over_ethernet = packets::write(link::ETHERNET, &over_ethernet);
    assert_dissected(
        &of(&over_ethernet, Fabric::InfiniBand),
        "roce",
        &dissected(saved(&over_ethernet).path()),
    );
}

#[test]
fn corosync_is_the_same_behind_every_header() {
    for file in [KNET, UDPU] {
        let packets = packets::read(&captures().join(file));
        let expected = whole(file, Fabric::Corosync).transcript;
        for (link, change, only_ours) in [
            (link::RAW, &(|ip: &[u8]| ip.to_vec()) as &dyn Fn(&[u8]) -> Vec<u8>, false),
            (link::SLL, &packets::sll, false),
            (link::SLL2, &packets::sll2, false),
            (link::IPOIB, &packets::ipoib, true),
            (link::IPOIB, &packets::ipoib_with_grh, false),
            (link::INFINIBAND, &packets::fabric, true),
            (link::ERF, &|ip: &[u8]| packets::erf(21, &[], &packets::fabric(ip)), false),
            (link::ERF, &|ip: &[u8]| packets::erf(2, &[0, 0], &[&[2; 12][..], &[8, 0], ip].concat()), false),
        ] {
            let bytes = packets::write(link, &packets::changed(&packets, |frame| change(packets::ip(frame))));
            let imported = of(&bytes, Fabric::Corosync);
            assert_eq!(imported.warnings, [""; 0], "{file} {link}");
            assert_eq!(imported.transcript, expected, "{file} {link}");
            // tshark asks for 40 bytes before IPoIB's header, which tcpdump.org does not, and not every one reads
            // InfiniBand without records.
            if !only_ours {
                assert_eq!(
                    count(saved(&bytes).path(), "udp.port == 5405"),
                    packets.len() as u64,
                    "{file} {link}"
                );
            }
        }
    }
}
