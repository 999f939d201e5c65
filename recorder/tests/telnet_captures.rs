//! Consoles out of packet captures, whatever the network and the capture did, with tshark as the judge.

mod common;

use common::console::assert_canonical;
use common::tcp::{Packet, Tcp, pcap};
use common::{captures, tshark};
use fencelab_recorder::import::console::Options;
use fencelab_recorder::import::pcap::{Imported, import};
use fencelab_recorder::import::telnet;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{Body, Kind, Side, Transcript};
use proptest::prelude::*;

const CLIENT: &str = "10.0.0.1:40000";
const DEVICE: &str = "10.0.0.5:23";

fn of(connections: &[Tcp], options: &Options) -> Imported {
    let imported = telnet::import("capture", pcap(connections).as_slice(), options).unwrap();
    for dialogue in &imported.dialogues {
        assert_canonical(&dialogue.transcript);
    }
    imported
}

fn only(imported: &Imported) -> &Transcript {
    let [dialogue] = imported.dialogues.as_slice() else { panic!("{} devices", imported.dialogues.len()) };
    &dialogue.transcript
}

/// What happened in all sessions, in short.
fn told(transcript: &Transcript) -> Vec<String> {
    let event = |event: &fencelab_transcript::Event| match &event.kind {
        Kind::Open(details) => format!("{} open {}", event.session, serde_json::to_string(details).unwrap()),
        Kind::Close(by) => format!("{} close {by}", event.session),
        Kind::Say { from, body: Body::Text(text) } => {
            format!("{} {from}: {}", event.session, text.escape_debug())
        }
        Kind::Say { from, body: Body::Hex(bytes) } => format!("{} {from}= {bytes}", event.session),
        Kind::Mark(_) => format!("{} note {}", event.session, event.extra["text"].as_str().unwrap()),
        other => panic!("{other:?}"),
    };
    transcript.events.iter().map(event).collect()
}

#[test]
fn telnet_is_read_and_its_own_bytes_are_left_out() {
    let login = Tcp::new(CLIENT, DEVICE)
        .open()
        .device(b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18")
        .agent(b"\xff\xfd\x01\xff\xfd\x03\xff\xfc\x18")
        .device(b"\r\nlogin: ")
        .agent(b"lab\r\0")
        .device(b"lab\r\nPassword: ")
        .agent(b"gehe")
        .agent(b"im\r\0")
        .device(b"\r\nWelcome \xff\xff\r\n> ")
        .agent(b"geheim?\r\n")
        .end(true, "F")
        .device(b"bye")
        .end(false, "F");
    let imported = of(&[login], &Options::default());
    let transcript = only(&imported);
    assert_eq!(
        told(transcript),
        [
            "1 open {\"device\":[\"ECHO\",\"SGA\"]}",
            "1 device: \\r\\nlogin: ",
            "1 agent: lab\\r",
            "1 device: lab\\r\\nPassword: ",
            "1 agent: ********\\r",
            "1 device= 0d0a57656c636f6d6520ff0d0a3e20",
            "1 agent: ********?\\r\\n",
            "1 device: bye",
            "1 close agent",
        ]
    );
    assert_eq!(imported.warnings, [""; 0]);
    assert_eq!((transcript.header.link.protocol.as_str(), transcript.header.link.port), ("telnet", Some(23)));
    assert_eq!(transcript.header.captured.as_deref(), Some("2023-11-14T22:13:20.001Z"));
}

#[test]
fn retransmissions_order_and_what_was_lost() {
    let mut messy = Tcp::new(CLIENT, DEVICE).open().device(b"one ").device(b"two ").device(b"three ");
    let three = messy.packets.pop().unwrap();
    let two = messy.packets.pop().unwrap();
    let one = messy.packets.pop().unwrap();
    // Out of order, twice, and two of them once more in one packet.
    for packet in [three.clone(), one.clone(), three.clone(), two.clone(), two.clone()] {
        messy.push(packet);
    }
    messy.push(Packet { payload: b"two three ".to_vec(), ..two });
    let messy = messy
        .lost(false, b"four ")
        .device(b"five ")
        .cut(false, b"six seven", 5)
        .agent(b"ok\r\n")
        .end(false, "F");
    let imported = of(&[messy], &Options::default());
    assert_eq!(
        told(only(&imported)),
        [
            "1 open {}",
            "1 device: one two three ",
            "1 note 5 bytes that the device said here were not captured",
            "1 device: five six ",
            "1 note 5 bytes that the device said here were not captured",
            "1 agent: ok\\r\\n",
            "1 close device",
        ]
    );
    assert_eq!(imported.warnings.len(), 2, "{:?}", imported.warnings);
}

#[test]
fn several_connections_and_devices_also_over_ipv6() {
    let one = Tcp::new(CLIENT, DEVICE).open().device(b"a1").agent(b"x").end(true, "F");
    let two = Tcp::new("10.0.0.1:40001", DEVICE).open().device(b"a2").agent(b"y").end(false, "R");
    let six = Tcp::new("[fd00::1]:50000", "[fd00::5]:23").open().device(b"b1");
    let other = Tcp::new("10.0.0.1:40002", "10.0.0.6:80").open().device(b"HTTP");
    let imported = of(&[one, two, six, other], &Options::default());
    let devices: Vec<String> = imported.dialogues.iter().map(|it| it.device.to_string()).collect();
    assert_eq!(devices, [DEVICE, "[fd00::5]:23"]);
    let mut first = told(&imported.dialogues[0].transcript);
    first.sort();
    let expected = [
        "1 agent: x",
        "1 close agent",
        "1 device: a1",
        "1 open {}",
        "2 agent: y",
        "2 close device",
        "2 device: a2",
        "2 open {}",
    ];
    assert_eq!(first, expected);
}

#[test]
fn a_capture_that_began_late_and_connections_that_came_to_nothing() {
    let late = Tcp::new(CLIENT, DEVICE).device(b"> ").agent(b"st\r\n");
    assert_eq!(
        told(only(&of(&[late], &Options::default()))),
        [
            "1 open {\"unheard\":\"the capture began in the middle of the connection\"}",
            "1 device: > ",
            "1 agent: st\\r\\n"
        ]
    );
    let mut refused = Tcp::new(CLIENT, DEVICE);
    refused.push(Packet { to_device: true, seq: 5, flags: "S", ..Packet::default() });
    let silent = refused.clone();
    refused.push(Packet { ack: Some(6), flags: "R", ..Packet::default() });
    assert_eq!(
        told(only(&of(&[refused], &Options::default()))),
        ["1 open {\"error\":\"the device refused the connection\"}"]
    );
    assert_eq!(
        told(only(&of(&[silent], &Options::default()))),
        ["1 open {\"error\":\"the device did not answer\"}"]
    );
}

#[test]
fn on_a_port_of_its_own_telnet_is_recognised_and_a_bare_console_must_be_named() {
    let telnet = Tcp::new(CLIENT, "10.0.0.5:2001").open().device(b"\xff\xfd\x18login: ");
    assert_eq!(told(only(&of(&[telnet], &Options::default())))[1], "1 device: login: ");
    let bare = Tcp::new(CLIENT, "10.0.0.5:2002").open().device(b"\xfflogin\r\0: ");
    let error =
        telnet::import("c", pcap(std::slice::from_ref(&bare)).as_slice(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("holds no telnet (4 packets read"), "{error}");
    let named = Options { port: Some(2002), ..Options::default() };
    assert_eq!(told(only(&of(&[bare], &named)))[1], "1 device= ff6c6f67696e0d003a20", "nothing is left out");
    let ssh = Tcp::new(CLIENT, "10.0.0.5:2002").open().device(b"SSH-2.0-x\r\n");
    let error = telnet::import("c", pcap(&[ssh]).as_slice(), &named).unwrap_err().to_string();
    assert!(error.contains("is SSH, which is encrypted"), "{error}");
}

#[test]
fn known_secrets_are_masked_wherever_they_stand() {
    let told_by_device = Tcp::new(CLIENT, DEVICE).open().device(b"community=").device(b"c0mm");
    let told_by_device = told_by_device.device(b"unity\r\n");
    let secrets = Scan::new().with("password", "c0mmunity");
    let imported = of(&[told_by_device], &Options { secrets: secrets.clone(), ..Options::default() });
    assert_eq!(told(only(&imported))[1], "1 device: community=********\\r\\n");
    assert_eq!(secrets.transcript(only(&imported)), []);
}

#[test]
fn the_capture_of_others_is_read_as_tshark_reads_it() {
    let file = captures().join("telnet/zeek-telnet-auth-missing-name.pcap");
    let imported = telnet::import_file(&file, &Options::default()).unwrap();
    let [dialogue] = imported.dialogues.as_slice() else { panic!("one device") };
    assert_eq!(dialogue.device.to_string(), "10.0.0.2:21");
    // The device says nothing but a subnegotiation, and the client hangs up.
    assert_eq!(told(&dialogue.transcript), ["1 open {}", "1 close agent"]);
    let fields = [
        "-d",
        "tcp.port==21,telnet",
        "-Y",
        "telnet",
        "-T",
        "fields",
        "-e",
        "telnet.data",
        "-e",
        "tcp.payload",
    ];
    let [line] = tshark(&file, &fields).try_into().unwrap();
    assert_eq!(line.trim(), "fffa250202fff0", "no data, as tshark has it");
}

/// The two directions of a capture as tshark puts them together.
fn tshark_streams(bytes: &[u8]) -> [Vec<u8>; 2] {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let lines = tshark(file.path(), &["-q", "-z", "follow,tcp,raw,0"]);
    let mut streams = [Vec::new(), Vec::new()];
    let is_hex = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    for line in &lines {
        let (side, text) = line.strip_prefix('\t').map_or((0, line.as_str()), |text| (1, text));
        if is_hex(text) {
            let digits: Vec<_> =
                text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
            streams[side].extend(digits.iter().map(|pair| u8::from_str_radix(pair, 16).unwrap()));
        }
    }
    streams
}

fn streams(transcript: &Transcript) -> [Vec<u8>; 2] {
    let mut streams = [Vec::new(), Vec::new()];
    for event in &transcript.events {
        let Kind::Say { from, body } = &event.kind else { continue };
        let bytes = match body {
            Body::Text(text) => text.as_bytes().to_vec(),
            Body::Hex(bytes) => bytes.0.iter().map(|byte| byte.unwrap()).collect(),
            Body::Object { .. } => panic!("a console says no objects"),
        };
        streams[usize::from(*from == Side::Device)].extend(bytes);
    }
    streams
}

/// A bare console on a port of its own, so that every byte counts.
fn scrambled(texts: &[(bool, String)], order: &[usize]) -> Tcp {
    let mut tcp = Tcp::new(CLIENT, "10.0.0.5:2002").open();
    for (to_device, text) in texts {
        tcp = tcp.say(*to_device, text.as_bytes());
    }
    let mut said = tcp.packets.split_off(3);
    // Nothing is acknowledged before it was captured: tshark would take it for lost.
    let (client, device) = (tcp.packets[2].ack, tcp.packets[1].ack);
    said.iter_mut().for_each(|packet| packet.ack = if packet.to_device { client } else { device });
    for &index in order {
        tcp.packets.push(said[index % said.len()].clone());
    }
    for packet in said {
        tcp.packets.push(packet);
    }
    tcp
}

#[test]
fn tshark_puts_the_same_streams_together() {
    let texts: Vec<(bool, String)> =
        (0..40).map(|turn| (turn % 3 == 0, format!("turn {turn} {}\r\n", "x".repeat(turn)))).collect();
    let named = Options { port: Some(2002), ..Options::default() };
    for order in [vec![], vec![5, 3, 4, 9, 9, 0], (0..40).rev().collect(), vec![39, 1, 38, 2, 2, 37]] {
        let tcp = scrambled(&texts, &order);
        let imported = of(std::slice::from_ref(&tcp), &named);
        let ours = streams(only(&imported));
        let expected = [true, false].map(|side| {
            texts.iter().filter(|(to, _)| *to == side).flat_map(|(_, text)| text.bytes()).collect::<Vec<u8>>()
        });
        assert_eq!(ours, expected, "{order:?}");
        assert_eq!(ours, tshark_streams(&pcap(&[tcp])), "{order:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_capture_cut_off_anywhere_or_damaged_gives_what_can_be_read(cut in any::<u16>(), at in any::<u16>(), byte in any::<u8>()) {
        let said = Tcp::new(CLIENT, DEVICE).open().device(b"\xff\xfb\x01login: ").agent(b"lab\r\n").device(b"> ").end(false, "F");
        let mut bytes = pcap(&[said]);
        let (cut, at) = (usize::from(cut) % (bytes.len() + 1), usize::from(at) % bytes.len());
        for damage in [false, true] {
            if damage {
                bytes[at] ^= byte;
            }
            if let Ok(imported) = telnet::import("c", &bytes[..cut], &Options::default()) {
                for dialogue in &imported.dialogues {
                    let text = dialogue.transcript.canonical();
                    prop_assert_eq!(&Transcript::parse("t", &text).unwrap().canonical(), &text);
                }
            }
        }
        let _ = import("c", &bytes[..cut], &fencelab_recorder::import::pcap::Options::new(common::ipmi(&[])));
    }
}
