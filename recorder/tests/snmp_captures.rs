//! Every capture of SNMP there is: imported, exported, imported again, and held against what tshark sees.

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use common::said::{said, tshark_said};
use common::{assert_clean, captures, communities, tshark};
use fencelab_recorder::Link;
use fencelab_recorder::export::pcapng;
use fencelab_recorder::import::pcap::{Dialogue, Imported, Options, import, import_file};
use fencelab_transcript::{Body, Event, Kind, Side};
use fencelab_wire::snmp::PduKind;

fn snmp_captures() -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(captures().join("snmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6, "the folder of captures has no snmp/*.pcap");
    files
}

fn load(path: &Path, link: Link) -> Imported {
    import_file(path, &Options::new(link)).unwrap_or_else(|error| panic!("{error}"))
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

#[test]
fn tshark_sees_the_same_objects_values_and_request_ids() {
    let mut datagrams = 0;
    for path in snmp_captures() {
        let name = path.display().to_string();
        let imported = load(&path, communities(&[]));
        assert_eq!(imported.warnings, [""; 0], "{name}: everything is understood");
        let ours = imported.dialogues.iter().flat_map(|dialogue| said(&dialogue.transcript));
        let ours = sorted(ours.collect());
        let theirs = sorted(tshark_said(&path, &[]));
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
        datagrams += ours.len();
    }
    assert!(datagrams > 400, "{datagrams}");
}

#[test]
fn communities_are_nowhere_whether_they_are_known_or_not() {
    for path in snmp_captures() {
        let columns = ["-Y", "snmp", "-T", "fields", "-e", "snmp.community"];
        // Some have an empty one.
        let seen = tshark(&path, &columns).into_iter().filter(|community| !community.trim().is_empty());
        let seen: Vec<String> = seen.collect();
        for link in [communities(&[]), communities(&["public", "[R0_C@cti!]"])] {
            for Dialogue { transcript, .. } in load(&path, link.clone()).dialogues {
                assert_clean(&path.display().to_string(), &transcript, &link);
                let text = transcript.canonical();
                assert!(seen.iter().all(|community| !text.contains(community.as_str())), "{text}");
                assert!(transcript.header.redacted.iter().any(|name| name == "snmp.community"), "{text}");
            }
        }
    }
}

#[test]
fn the_devices_are_those_that_have_the_port() {
    for path in snmp_captures() {
        let imported = load(&path, communities(&[]));
        let columns = ["-Y", "snmp", "-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "udp.dstport"];
        let device = |line: &String| {
            let columns: Vec<&str> = line.split('\t').collect();
            columns[usize::from(columns[2] == "161")].to_owned()
        };
        let mut devices = sorted(tshark(&path, &columns).iter().map(device).collect());
        devices.dedup();
        let ours = imported.dialogues.iter().map(|dialogue| dialogue.device.ip().to_string());
        assert_eq!(sorted(ours.collect()), devices);
    }
}

#[test]
fn an_export_holds_what_was_said_and_imports_again() {
    let directory = tempfile::tempdir().unwrap();
    for path in snmp_captures() {
        for Dialogue { transcript, .. } in load(&path, communities(&[])).dialogues {
            let file = directory.path().join("export.pcapng");
            let report = pcapng::export(&transcript, std::fs::File::create(&file).unwrap()).unwrap();
            assert_eq!(report.warnings, [""; 0]);
            let expected = said(&transcript);
            assert_eq!(sorted(tshark_said(&file, &[])), sorted(expected.clone()), "{}", path.display());
            let broken = ["-Y", "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0"];
            assert_eq!(tshark(&file, &broken), [""; 0]);
            let again = load(&file, communities(&[])).dialogues;
            assert_eq!(again.len(), 1);
            assert_eq!(said(&again[0].transcript), expected);
            assert_eq!(again[0].transcript.header.captured, transcript.header.captured);
        }
    }
}

#[test]
fn damage_anywhere_is_survived() {
    let bytes = std::fs::read(captures().join("snmp/zeek-snmpv2_get_next.pcap")).unwrap();
    for place in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[place] ^= [0x01, 0x80, 0xff][place / 3 % 3];
        for Dialogue { transcript, .. } in import("f", &damaged[..], &Options::new(communities(&[])))
            .map(|imported| imported.dialogues)
            .unwrap_or_default()
        {
            assert!(!transcript.events.is_empty());
            assert!(
                place < 42 || !transcript.canonical().contains("7075626c6963"),
                "byte {place}: {transcript}"
            );
        }
    }
}

#[test]
fn a_capture_without_snmp_is_told() {
    let ipmi = captures().join("ipmi/ipmisim-ipmitool-lan15-md5.pcap");
    let error = import_file(&ipmi, &Options::new(communities(&[]))).unwrap_err().to_string();
    assert!(error.contains("holds no SNMP"), "{error}");
    let port = Options { port: Some(9), ..Options::new(communities(&[])) };
    let error = import_file(&captures().join("snmp/zeek-snmpv1_get.pcap"), &port).unwrap_err().to_string();
    assert!(error.contains("holds no SNMP") && error.contains("name it"), "{error}");
}

/// The address only serves to build datagrams by hand.
fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_trap_belongs_to_the_device_that_is_asked_at_its_address() {
    let capture = common::capture(&[
        (address("10.0.0.9:4000"), address("10.0.0.5:161"), common::get(7)),
        (address("10.0.0.5:161"), address("10.0.0.9:4000"), common::response(7)),
        (address("10.0.0.5:50000"), address("10.0.0.9:162"), common::trap()),
        (address("10.0.0.6:50000"), address("10.0.0.9:162"), common::inform(8)),
        (address("10.0.0.9:162"), address("10.0.0.6:50000"), common::response(8)),
        (address("10.0.0.7:50001"), address("10.0.0.9:16200"), common::inform(9)),
        (address("10.0.0.9:16200"), address("10.0.0.7:50001"), common::response(9)),
    ]);
    let imported = import("traps", &capture[..], &Options::new(communities(&[]))).unwrap();
    let devices: Vec<_> = imported
        .dialogues
        .iter()
        .map(|dialogue| {
            let sides = dialogue.transcript.events.iter().filter_map(|event| match event.kind {
                Kind::Say { from, .. } => Some(from),
                _ => None,
            });
            (dialogue.device.to_string(), sides.collect::<Vec<_>>())
        })
        .collect();
    let (agent, device) = (Side::Agent, Side::Device);
    assert_eq!(
        devices,
        [
            ("10.0.0.5:161".to_owned(), vec![agent, device, device]),
            ("10.0.0.6:50000".to_owned(), vec![device, agent]),
            ("10.0.0.7:50001".to_owned(), vec![device, agent]),
        ]
    );
}

#[test]
fn communities_are_counted_over_all_clients_of_a_device() {
    let device = address("10.0.0.5:161");
    let said = |client: &str, community: &str| {
        (address(client), device, common::said_with(community, PduKind::Get, 1))
    };
    let capture = common::capture(&[
        said("10.0.0.8:1", "first"),
        said("10.0.0.9:2", "second"),
        said("10.0.0.9:2", "first"),
        said("10.0.0.9:3", "second"),
    ]);
    let imported = import("two", &capture[..], &Options::new(communities(&[]))).unwrap();
    let access = |event: &Event| match &event.kind {
        Kind::Open(details) => details["access"].as_u64(),
        _ => None,
    };
    let seen: Vec<u64> = imported.dialogues[0].transcript.events.iter().filter_map(access).collect();
    assert_eq!(seen, [1, 2, 1, 2]);
}

#[test]
fn what_the_decoders_do_not_read_alike_is_kept_as_it_was_with_both_readings() {
    let ends = (address("10.0.0.8:1"), address("10.0.0.5:161"));
    // Bytes behind the message; and an object identifier that ends inside of a number.
    let trailing = [common::get(1), b"junk".to_vec()].concat();
    let mut unended = common::get(2);
    let last = unended.windows(4).position(|bytes| bytes == [1, 1, 3, 0]).unwrap() + 3;
    unended[last] = 0x80;
    let capture = common::capture(&[(ends.0, ends.1, trailing), (ends.0, ends.1, unended)]);
    let imported = import("odd", &capture[..], &Options::new(communities(&[]))).unwrap();
    let events = &imported.dialogues[0].transcript.events;
    assert_eq!((events.len(), imported.warnings.len()), (2, 2), "{:?}", imported.warnings);
    for event in events {
        let Kind::Say { body: Body::Hex(bytes), .. } = &event.kind else { panic!("{event:?}") };
        let (text, why) = (bytes.to_string(), event.extra["why"].as_str().unwrap());
        assert!(why.contains("snmp-parser reads it") && why.contains("our own refuses it"), "{why}");
        assert!(text.contains(&"xx".repeat("c0mmunity".len())), "{text}");
        assert!(!text.contains("63306d6d756e697479"), "{text}");
    }
}

#[test]
fn a_device_with_a_port_of_its_own_is_known_by_what_is_said_or_by_its_port() {
    let (client, device) = (address("10.0.0.9:4000"), address("10.0.0.4:1161"));
    let other = address("10.0.0.5:161");
    // The capture began late: the answer is all there is of one, and speaks first in it.
    let capture = common::capture(&[
        (device, client, common::response(1)),
        (client, other, common::get(2)),
        (client, device, common::get(3)),
    ]);
    let devices = |port| {
        let options = Options { port, ..Options::new(communities(&[])) };
        let dialogues = import("ports", &capture[..], &options).unwrap().dialogues;
        dialogues.iter().map(|it| (it.device, it.transcript.events.len())).collect::<Vec<_>>()
    };
    assert_eq!(devices(None), [(device, 3), (other, 2)]);
    assert_eq!(devices(Some(1161)), [(device, 3)]);
    assert_eq!(devices(Some(161)), [(other, 2)]);
}
