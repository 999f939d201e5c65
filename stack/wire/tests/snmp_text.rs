//! Real programs judge: tshark dissects what we emit, and what net-snmp's snmpwalk prints is read back in each of
//! its forms to what its snmpd has.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use etherparse::PacketBuilder;
use fencelab_peers::{Snmpd, SnmpdSetup, run};
use fencelab_wire::Secret;
use fencelab_wire::snmp::walk::{Walk, snmprec, snmpwalk, to_snmprec};
use fencelab_wire::snmp::{
    Binding, Body, ErrorStatus, Message, Oid, Pdu, PduKind, Scoped, ScopedPdu, TrapV1, UsmParameters,
    V3Message, Value, Version,
};
use pcap_file::pcap::{PcapPacket, PcapWriter};

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// What tshark remarks about the exceptions among [`values`], and nothing else.
const NOTED: &str = "noSuchObject;noSuchInstance;endOfMibView";

/// What tshark reads of each message, a line of its fields each.
fn tshark(messages: &[Message], fields: &[&str]) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut writer = PcapWriter::new(&mut bytes).unwrap();
    for (second, message) in (1..).zip(messages) {
        let payload = message.emit();
        let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp(40000, 161);
        let mut frame = Vec::new();
        builder.write(&mut frame, &payload).unwrap();
        let length = u32::try_from(frame.len()).unwrap();
        writer.write_packet(&PcapPacket::new(Duration::from_secs(second), length, &frame).unwrap()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("emitted.pcap");
    std::fs::write(&file, bytes).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&file).args([
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=;",
        "-E",
        "separator=|",
    ]);
    for field in [fields, &["_ws.malformed", "_ws.expert.message"]].concat() {
        command.args(["-e", field]);
    }
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    ran.stdout.lines().map(str::to_owned).collect()
}

/// One value of each type that tshark knows.
fn values() -> Vec<Value> {
    vec![
        Value::Integer(-129),
        Value::OctetString(vec![b'x'; 200]),
        Value::OctetString(vec![0, 0xff]),
        Value::Null,
        Value::ObjectId(oid("2.999.3")),
        Value::IpAddress([10, 0, 0, 1]),
        Value::Counter32(u32::MAX),
        Value::Gauge32(2_147_483_647),
        Value::TimeTicks(4_000_000_000),
        Value::Counter64(u64::MAX),
        Value::NoSuchObject,
        Value::NoSuchInstance,
        Value::EndOfMibView,
    ]
}

fn bindings() -> Vec<Binding> {
    let object = oid("1.3.6.1.4.1.99999.1");
    (1..).zip(values()).map(|(place, value)| Binding { object: object.child(&[place]), value }).collect()
}

fn v2c(body: impl Into<Body>) -> Message {
    Message::Community { version: Version::V2c, community: "lab".into(), body: body.into() }
}

#[test]
fn tshark_reads_every_kind_of_pdu_and_value() {
    let mut messages: Vec<Message> = PduKind::ALL
        .into_iter()
        .map(|kind| match kind {
            PduKind::GetBulk => v2c(Pdu::get_bulk(-7, 1, 300, bindings())),
            kind => {
                let error = ErrorStatus::GEN_ERR;
                v2c(Pdu { error, index: 2, ..Pdu::new(kind, 0x1234_5678, bindings()) })
            }
        })
        .collect();
    let trap = TrapV1 {
        enterprise: oid("1.3.6.1.4.1.318"),
        agent: [10, 0, 0, 9],
        generic: 6,
        specific: 5,
        ticks: 4_000_000_000,
        bindings: bindings(),
    };
    messages.push(Message::Community { version: Version::V1, community: "lab".into(), body: trap.into() });
    let usm = UsmParameters {
        engine_id: vec![0x80, 0, 1, 0x3e, 4, b'l', b'a', b'b'],
        boots: 3,
        time: 70000,
        user: b"lab".to_vec(),
        auth: vec![0xaa; 12],
        privacy: vec![0xbb; 8],
    };
    let scoped = ScopedPdu {
        engine_id: usm.engine_id.clone(),
        context: b"ctx".to_vec(),
        body: Pdu::new(PduKind::Get, 5, bindings()).into(),
    };
    let v3 = |flags, data| {
        Message::V3(V3Message {
            id: 99,
            max_size: 65507,
            flags,
            model: V3Message::USM,
            usm: usm.clone(),
            data,
        })
    };
    messages.push(v3(V3Message::AUTHENTICATED | V3Message::REPORTABLE, Scoped::Plain(scoped)));
    messages.push(v3(V3Message::AUTHENTICATED | V3Message::ENCRYPTED, Scoped::Encrypted(vec![0xcc; 24])));

    let values = [
        "snmp.name",
        "snmp.value.int",
        "snmp.value.octets",
        "snmp.value.oid",
        "snmp.value.ipv4",
        "snmp.value.counter",
        "snmp.value.g32",
        "snmp.value.u32",
        "snmp.value.timeticks",
    ];
    let head = [
        "snmp.version",
        "snmp.community",
        "snmp.data",
        "snmp.request_id",
        "snmp.error_status",
        "snmp.error_index",
        "snmp.non_repeaters",
        "snmp.max_repetitions",
    ];
    let names: Vec<String> = bindings().iter().map(|binding| binding.object.to_string()).collect();
    let read = tshark(&messages, &[&head[..], &values[..]].concat());
    assert_eq!(read.len(), messages.len());
    for (line, message) in read.iter().zip(&messages) {
        let fields: Vec<&str> = line.split('|').collect();
        let has = |field: &str| fields.contains(&field);
        let [.., malformed, noted] = fields[..] else { panic!("{line}") };
        assert_eq!(malformed, "", "{line}");
        assert!(["", NOTED].contains(&noted), "{line}");
        let Some(body) = message.body() else { continue };
        if message.version() != Version::V3 {
            assert_eq!(fields[0], message.version().number().to_string(), "{line}");
        }
        assert!(has(&names.join(";")), "{line}");
        let octets = format!("{};00ff", "78".repeat(200));
        for value in ["-129", &octets, "2.999.3", "10.0.0.1", "4000000000"] {
            assert!(has(value), "{value} is missing in {line}");
        }
        assert!(line.contains("4294967295") && line.contains("2147483647"), "{line}");
        assert!(line.contains("18446744073709551615"), "{line}");
        match body {
            Body::Pdu(pdu) if pdu.kind == PduKind::GetBulk => {
                assert_eq!(fields[1..8], ["lab", "5", "-7", "", "", "1", "300"], "{line}");
            }
            Body::Pdu(pdu) if message.version() == Version::V2c => {
                let number = (pdu.kind.tag() & 0x1f).to_string();
                assert_eq!(fields[1..8], ["lab", &number, "305419896", "5", "2", "", ""], "{line}");
            }
            Body::Pdu(_) => assert_eq!(fields[2..4], ["0", "5"], "{line}"),
            Body::TrapV1(_) => assert_eq!(fields[1..3], ["lab", "4"], "{line}"),
        }
    }
    let v3_fields = [
        "snmp.msgAuthoritativeEngineID",
        "snmp.msgAuthoritativeEngineBoots",
        "snmp.msgAuthoritativeEngineTime",
        "snmp.msgUserName",
        "snmp.msgAuthenticationParameters",
        "snmp.contextName",
        "snmp.encryptedPDU",
    ];
    let read = tshark(&messages[messages.len() - 2..], &v3_fields);
    let start = "8000013e046c6162|3|70000|lab|aaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(read, [format!("{start}|ctx|||{NOTED}"), format!("{start}||{}||", "cc".repeat(24))]);
    let trap_fields =
        ["snmp.enterprise", "snmp.agent_addr", "snmp.generic_trap", "snmp.specific_trap", "snmp.time_stamp"];
    let read = tshark(&messages[8..9], &trap_fields);
    assert_eq!(read, [format!("1.3.6.1.4.1.318|10.0.0.9|6|5|4000000000||{NOTED}")]);
}

/// Below this stand the objects that the test gives to snmpd.
const OURS: &str = "1.3.6.1.4.1.8072.9999.9999";

fn snmpd() -> Snmpd {
    let object = |setup: SnmpdSetup, (last, kind, value): (u32, &str, &str)| {
        setup.object(&format!("{OURS}.{last}.0"), kind, value)
    };
    let text =
        "0x".to_owned() + &(0..60_u8).chain(200..=255).map(|byte| format!("{byte:02x}")).collect::<String>();
    let objects = [
        (1, "octet_str", "\"plain text\""),
        (2, "octet_str", text.as_str()),
        (3, "integer", "-5"),
        (4, "object_id", "1.3.6.1.4.1.318.1"),
        (5, "uinteger", "4000000000"),
        (6, "counter", "7"),
        (7, "timeticks", "1234567"),
        (9, "octet_str", "\"\""),
        (10, "octet_str", "0x6c696e65206f6e650a6c696e652022747722206f205c20"),
    ];
    let setup = SnmpdSetup::new().community("lab", false).line("sysLocation  \"rack\" \\ 4");
    Snmpd::start(&objects.into_iter().fold(setup, object))
}

/// A walk by our own messages.
fn walked(snmpd: &Snmpd, from: &str) -> Vec<Binding> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(snmpd.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (root, mut entries) = (oid(from), Vec::<Binding>::new());
    let mut buffer = [0; 65536];
    for request_id in 1.. {
        let last = entries.last().map_or(&root, |entry| &entry.object).clone();
        let body = Pdu::get_bulk(request_id, 0, 5, vec![Binding::ask(last)]).into();
        let ask = Message::Community { version: Version::V2c, community: Secret::from("lab"), body };
        socket.send(&ask.emit()).unwrap();
        let length = socket.recv(&mut buffer).expect("snmpd answers");
        let answer = Message::parse(&buffer[..length]).unwrap();
        assert_eq!(answer.emit(), buffer[..length], "what net-snmp sends is canonical");
        let Some(Body::Pdu(pdu)) = answer.body() else { panic!("{answer:?}") };
        assert_eq!(
            (pdu.kind, pdu.request_id, pdu.error),
            (PduKind::Response, request_id, ErrorStatus::NO_ERROR)
        );
        for binding in &pdu.bindings {
            if binding.value.is_exception() || !binding.object.starts_with(&root) {
                return entries;
            }
            entries.push(binding.clone());
        }
    }
    entries
}

/// What a tool prints, read.
fn printed(snmpd: &Snmpd, form: &[&str], from: &str) -> Walk {
    let login = ["-v2c", "-c", "lab", "-m", "", "-r2", "-t5"];
    let mut command = Command::new("snmpwalk");
    command.env("MIBS", "").env("LC_ALL", "C").args(login).args(form).arg(snmpd.peer()).arg(from);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let walk = snmpwalk(ran.stdout.as_bytes());
    assert_eq!(walk.skipped, [], "{form:?}\n{}", ran.stdout);
    walk
}

#[test]
fn what_snmpwalk_prints_is_what_snmpd_has() {
    let snmpd = snmpd();
    let ours = walked(&snmpd, OURS);
    assert_eq!(ours.len(), 9, "{ours:?}");
    let all = walked(&snmpd, "1.3.6.1.2.1.1");
    assert!(all.len() > 20, "{all:?}");
    // What counts or tells the time changes from one walk to the next.
    let is_steady = |entry: &&Binding| !matches!(entry.value, Value::TimeTicks(_));
    let steady = |entries: &[Binding]| entries.iter().filter(is_steady).cloned().collect::<Vec<_>>();
    for form in [&["-On"][..], &[], &["-Of"], &["-Ofx"], &["-Os"], &["-Ou"], &["-OnU"], &["-Oe"], &["-OT"]] {
        let walk = printed(&snmpd, form, OURS);
        assert_eq!(walk.entries, ours, "{form:?}");
        assert_eq!(walk.guessed, [0; 0], "{form:?}");
        let walk = printed(&snmpd, form, "1.3.6.1.2.1.1");
        assert_eq!(steady(&walk.entries), steady(&all), "{form:?}");
        assert_eq!(snmprec(to_snmprec(&walk.entries).as_bytes()).entries, walk.entries, "{form:?}");
    }
}

#[test]
fn without_types_only_what_cannot_be_told_is_guessed() {
    let snmpd = snmpd();
    let ours = walked(&snmpd, OURS);
    for form in ["-Onq", "-Oeqn", "-OQn", "-Oq"] {
        let walk = printed(&snmpd, &[form], OURS);
        assert_eq!(walk.entries.len(), ours.len(), "{form}");
        for (read, real) in walk.entries.iter().zip(&ours) {
            assert_eq!(read.object, real.object, "{form}");
            match real.value {
                // A number is a number; that it counts does not show.
                Value::Counter32(_) => assert_eq!(read.value.as_number(), real.value.as_number(), "{form}"),
                _ => assert_eq!(read.value, real.value, "{form}"),
            }
        }
        assert!(!walk.guessed.is_empty(), "{form}");
        let system = printed(&snmpd, &[form], "1.3.6.1.2.1.1");
        assert_eq!(system.guessed, [0; 0], "{form}: the types of the system group are known");
    }
}
