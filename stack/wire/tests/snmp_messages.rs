//! SNMP messages: known bytes, the identity, any bytes, malformed ones, and captures of real programs.

use std::path::PathBuf;

use etherparse::{SlicedPacket, TransportSlice};
use fencelab_wire::Secret;
use fencelab_wire::snmp::body::{from_json, to_json};
use fencelab_wire::snmp::dissect::dissect;
use fencelab_wire::snmp::{
    Binding, Body, Distortion, ErrorStatus, Message, Oid, Pdu, PduKind, Problem, Scoped, ScopedPdu, TrapV1,
    UsmParameters, V3Message, Value, Version,
};
use pcap_file::pcap::PcapReader;
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

fn community(version: Version, community: &str, body: impl Into<Body>) -> Message {
    Message::Community { version, community: Secret::from(community), body: body.into() }
}

/// Encoded by pyasn1 0.6 with pysnmp 7.1, but the last: RFC 3414's discovery, written out by hand.
/// If this fails, do not change the test.
fn frozen() -> Vec<(Message, Vec<u8>)> {
    let get = Pdu::new(PduKind::Get, 0x1234_5678, vec![Binding::ask(oid("1.3.6.1.2.1.1.2.0"))]);
    let values = [
        Value::Integer(-129),
        Value::OctetString(vec![0, 0xff]),
        Value::ObjectId(oid("2.999.3")),
        Value::IpAddress([10, 0, 0, 1]),
        Value::Counter32(u32::MAX),
        Value::Gauge32(128),
        Value::TimeTicks(0),
        Value::Opaque(vec![0x9f, 0x78, 4, 0, 0, 0, 0]),
        Value::Counter64(u64::MAX),
    ];
    let base = oid("1.3.6.1.4.1.318.4294967295");
    let bindings =
        values.into_iter().zip(0..).map(|(value, place)| Binding { object: base.child(&[place]), value });
    let set = Pdu::new(PduKind::Set, -5, bindings.collect());
    let bulk = Pdu::get_bulk(1, 1, 300, vec![Binding::ask(oid("1.3.6"))]);
    let values = [
        Value::NoSuchObject,
        Value::NoSuchInstance,
        Value::EndOfMibView,
        Value::OctetString(vec![b'x'; 200]),
    ];
    let bindings =
        values.into_iter().zip(1..).map(|(value, last)| Binding { object: [1, 3, 6, last].into(), value });
    let response = Pdu {
        kind: PduKind::Response,
        request_id: 2,
        error: ErrorStatus::NO_SUCH_NAME,
        index: 1,
        bindings: bindings.collect(),
    };
    let trap = TrapV1 {
        enterprise: oid("1.3.6.1.4.1.318"),
        agent: [10, 0, 0, 9],
        generic: 6,
        specific: 5,
        ticks: 4_000_000_000,
        bindings: Vec::new(),
    };
    let discovery = Message::V3(V3Message {
        id: 0x0102_0304,
        max_size: 65507,
        flags: V3Message::REPORTABLE,
        model: V3Message::USM,
        usm: UsmParameters::default(),
        data: Scoped::Plain(ScopedPdu {
            engine_id: Vec::new(),
            context: Vec::new(),
            body: Pdu::new(PduKind::Get, 0x0506_0708, Vec::new()).into(),
        }),
    });
    vec![
        (
            community(Version::V1, "public", get),
            bytes("302902010004067075626c6963a01c020412345678020100020100300e300c06082b060102010102000500"),
        ),
        (
            community(Version::V2c, "private", set),
            bytes(
                "3081e9020101040770726976617465a381da0201fb0201000201003081ce3013060d2b06010401823e8fffffff7f00
                 0202ff7f3013060d2b06010401823e8fffffff7f01040200ff3014060d2b06010401823e8fffffff7f020603883703
                 3015060d2b06010401823e8fffffff7f0340040a0000013016060d2b06010401823e8fffffff7f04410500ffffffff
                 3013060d2b06010401823e8fffffff7f05420200803012060d2b06010401823e8fffffff7f064301003018060d2b06
                 010401823e8fffffff7f0744079f780400000000301a060d2b06010401823e8fffffff7f08460900ffffffffffffffff",
            ),
        ),
        (community(Version::V2c, "", bulk), bytes("301b0201010400a5140201010201010202012c3008300606022b060500")),
        (
            community(Version::V2c, "c", response),
            [
                bytes(
                    "30820103020101040163a281fa0201020201020201013081ee300706032b06018000300706032b06028100
                     300706032b060382003081d006032b06040481c8",
                ),
                vec![b'x'; 200],
            ]
            .concat(),
        ),
        (
            community(Version::V1, "public", trap),
            bytes("302b02010004067075626c6963a41e06072b06010401823e40040a000009020106020105430500ee6b28003000"),
        ),
        (
            discovery,
            bytes(
                "303e02010330110204010203040203 00ffe304010402010304 10300e0400020100020100040004000400
                 301404000400a00e020405060708020100020100 3000",
            ),
        ),
    ]
}

#[test]
fn known_bytes() {
    for (message, bytes) in frozen() {
        assert_eq!(Message::parse(&bytes).as_ref(), Ok(&message));
        assert_eq!(message.emit(), bytes, "{message:?}");
    }
}

#[test]
fn no_community_shows_in_debug() {
    let text = format!("{:?}", frozen());
    assert!(!text.contains("Secret(") && !text.contains("public"), "{text}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let (_, get) = frozen().remove(0);
    let told = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = get.clone();
        change(&mut changed);
        Message::parse(&changed).unwrap_err().to_string()
    };
    for (change, error) in [
        (
            &(|b: &mut Vec<u8>| b.truncate(20)) as &dyn Fn(&mut Vec<u8>),
            "byte 2: message: cut short: 18 of 41 bytes are there",
        ),
        (&|b| b[4] = 2, "byte 2: version: 2 cannot stand there"),
        (&|b| b[5] = 2, "byte 5: community: tag 0x02 in the place of 0x04"),
        (&|b| b[13] = 0x30, "byte 13: pdu: tag 0x30 does not belong here"),
        (&|b| b.push(0), "byte 43: datagram: 1 bytes too many"),
        (&|b| b[1] = 0x80, "byte 1: message: an indefinite length, which SNMP forbids"),
        (&|b| b.clear(), "byte 0: message: cut short: 0 of 1 bytes are there"),
    ] {
        assert_eq!(told(change), error);
    }
}

#[test]
fn bytes_after_the_message_are_only_passed_over_on_purpose() {
    let (message, mut datagram) = frozen().remove(0);
    datagram.extend([0, 0]);
    let parsed = Message::parse_prefix(&datagram).unwrap();
    assert_eq!((parsed.message, parsed.length), (message, datagram.len() - 2));
    assert_eq!(Message::parse(&datagram).unwrap_err().problem, Problem::TooMany(2));
}

#[test]
fn the_place_of_the_code_is_told_both_ways() {
    let usm = UsmParameters {
        engine_id: vec![1; 9],
        user: vec![b'u'; 130],
        auth: vec![0xaa; 12],
        ..Default::default()
    };
    let (Message::V3(plain), _) = frozen().remove(5) else { panic!("v3 is the last") };
    let emitted = Message::V3(V3Message { usm, ..plain }).emit_located();
    assert_eq!(emitted.bytes[emitted.auth.clone()], [0xaa; 12]);
    assert_eq!(Message::parse_prefix(&emitted.bytes).unwrap().auth, emitted.auth);
}

#[test]
fn every_distortion_does_what_it_says() {
    let binding = Binding { object: oid("1.3.6.1.2.1.1.3.0"), value: Value::TimeTicks(4711) };
    let pdu = Pdu::new(PduKind::Response, 7, vec![binding.clone(), binding]);
    let message = community(Version::V2c, "public", pdu.clone());
    let whole = message.emit();
    let scoped = ScopedPdu { engine_id: vec![1; 9], context: Vec::new(), body: pdu.into() };
    for distortion in Distortion::ALL {
        assert_eq!(Distortion::from_name(distortion.name()), Some(distortion));
        let broken = distortion.apply(&whole);
        assert_ne!(broken, whole, "{distortion:?}");
        let parsed = Message::parse(&broken);
        let first = |message: &Message| match message.body() {
            Some(Body::Pdu(pdu)) => pdu.bindings[0].value.clone(),
            other => panic!("{other:?}"),
        };
        match distortion {
            _ if distortion.is_harmless() => assert_eq!(parsed.as_ref(), Ok(&message), "{distortion:?}"),
            Distortion::UnknownType => assert!(matches!(first(&parsed.unwrap()), Value::Unknown(0x4c, _))),
            Distortion::LongInteger => {
                assert_eq!(first(&parsed.unwrap()), Value::Unknown(2, bytes("010000000000000001")))
            }
            Distortion::EmptyInteger => assert_eq!(first(&parsed.unwrap()), Value::Unknown(2, Vec::new())),
            Distortion::UnknownPdu => {
                assert!(matches!(
                    parsed.unwrap().body(),
                    Some(Body::Pdu(Pdu { kind: PduKind::Unknown(0xae), .. }))
                ));
            }
            Distortion::Trailing => assert_eq!(parsed.unwrap_err().problem, Problem::TooMany(4)),
            _ => assert!(parsed.is_err(), "{distortion:?}: {parsed:?}"),
        }
        let plain = scoped.emit();
        let broken = distortion.apply(&plain);
        assert_ne!(broken, plain, "{distortion:?}");
        if distortion.is_harmless() {
            assert_eq!(ScopedPdu::parse(&broken).as_ref(), Ok(&scoped), "{distortion:?}");
        }
    }
}

/// UDP payloads of a capture.
fn datagrams(name: &str) -> Vec<Vec<u8>> {
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = folder.join("snmp").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read {}: {error}; name the folder of captures in FENCELAB_CAPTURES", path.display())
    });
    let mut reader = PcapReader::new(bytes.as_slice()).expect("a pcap file");
    let mut all = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.expect("a whole packet");
        let sliced = SlicedPacket::from_ethernet(packet.data()).expect("ethernet");
        let Some(TransportSlice::Udp(udp)) = sliced.transport else { continue };
        all.push(udp.payload().to_vec());
    }
    all
}

#[test]
fn captures_of_real_programs_come_back_bit_for_bit() {
    let mut all = 0;
    for name in [
        "zeek-snmpv1_get.pcap",
        "zeek-snmpv1_set.pcap",
        "zeek-snmpv2_get.pcap",
        "zeek-snmpv2_get_bulk.pcap",
        "zeek-snmpv2_get_next.pcap",
        "zeek-snmpwalk-short.pcap",
    ] {
        for datagram in datagrams(name) {
            let message = Message::parse(&datagram).unwrap_or_else(|error| panic!("{name}: {error}"));
            let emitted = message.emit();
            assert_eq!(emitted, datagram, "{name}: {}", dissect(&datagram).join("\n"));
            let body = message.body().expect("v1 and v2c are never encrypted");
            assert_eq!(from_json(&to_json(body, b"")), Ok((body.clone(), Vec::new())));
            all += 1;
        }
    }
    assert_eq!(all, 472);
}

fn any_oid() -> impl Strategy<Value = Oid> {
    let start = prop_oneof![(0..2_u32, 0..40_u32), (Just(2), any::<u32>())];
    (start, vec(prop_oneof![0..300_u32, any::<u32>()], 0..20))
        .prop_map(|((first, second), rest)| Oid::from([&[first, second], &rest[..]].concat()))
}

fn any_value() -> impl Strategy<Value = Value> {
    let octets = || vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<i8>().prop_map(|number| Value::Integer(number.into())),
        octets().prop_map(Value::OctetString),
        Just(Value::Null),
        any_oid().prop_map(Value::ObjectId),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        octets().prop_map(Value::Opaque),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
        (0x45..0x46_u8, octets()).prop_map(|(tag, octets)| Value::Unknown(tag, octets)),
        vec(any::<u8>(), 9..20).prop_map(|octets| Value::Unknown(2, octets)),
    ]
}

fn any_bindings() -> impl Strategy<Value = Vec<Binding>> {
    vec((any_oid(), any_value()).prop_map(|(object, value)| Binding { object, value }), 0..6)
}

fn any_body() -> impl Strategy<Value = Body> {
    let kind = prop_oneof![
        4 => proptest::sample::select(PduKind::ALL.to_vec()),
        1 => (0xa9..0xbf_u8).prop_map(PduKind::Unknown)
    ];
    let pdu = (kind, any::<i32>(), any::<i32>(), any::<i32>(), any_bindings()).prop_map(
        |(kind, request_id, error, index, bindings)| {
            Body::Pdu(Pdu { kind, request_id, error: ErrorStatus(error), index, bindings })
        },
    );
    let trap = (any_oid(), any::<[u8; 4]>(), any::<i32>(), any::<i32>(), any::<u32>(), any_bindings())
        .prop_map(|(enterprise, agent, generic, specific, ticks, bindings)| {
            Body::TrapV1(TrapV1 { enterprise, agent, generic, specific, ticks, bindings })
        });
    prop_oneof![4 => pdu, 1 => trap]
}

fn any_message() -> impl Strategy<Value = Message> {
    let octets = || vec(any::<u8>(), 0..40);
    let old = (prop_oneof![Just(Version::V1), Just(Version::V2c)], octets(), any_body()).prop_map(
        |(version, community, body)| Message::Community { version, community: Secret::new(community), body },
    );
    let scoped = (octets(), octets(), any_body())
        .prop_map(|(engine_id, context, body)| Scoped::Plain(ScopedPdu { engine_id, context, body }));
    let data = prop_oneof![scoped, octets().prop_map(Scoped::Encrypted)];
    let usm = (octets(), any::<i32>(), any::<i32>(), octets(), octets(), octets()).prop_map(
        |(engine_id, boots, time, user, auth, privacy)| UsmParameters {
            engine_id,
            boots,
            time,
            user,
            auth,
            privacy,
        },
    );
    let new =
        (any::<i32>(), any::<i32>(), any::<u8>(), usm, data).prop_map(|(id, max_size, flags, usm, data)| {
            Message::V3(V3Message { id, max_size, flags, model: V3Message::USM, usm, data })
        });
    prop_oneof![old, new]
}

proptest! {
    #[test]
    fn what_is_emitted_is_read_back(message in any_message()) {
        let bytes = message.emit();
        prop_assert_eq!(Message::parse(&bytes), Ok(message));
    }

    #[test]
    fn a_transcript_loses_nothing(body in any_body(), context in vec(any::<u8>(), 0..9)) {
        let text = to_json(&body, &context).to_string();
        let json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(from_json(&json), Ok((body, context)));
    }

    #[test]
    fn any_bytes_are_read_or_refused(datagram in vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&datagram) {
            prop_assert_eq!(Message::parse(&message.emit()), Ok(message));
        }
        prop_assert!(!dissect(&datagram).is_empty());
    }

    #[test]
    fn damaged_messages_are_read_or_refused(
        message in any_message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        distortion in proptest::sample::select(Distortion::ALL.to_vec()),
    ) {
        let mut datagram = message.emit();
        for (place, byte) in damage {
            let place = place.index(datagram.len());
            datagram[place] = byte;
        }
        for datagram in [distortion.apply(&datagram), datagram] {
            if let Ok(parsed) = Message::parse_prefix(&datagram) {
                prop_assert!(parsed.length <= datagram.len() && parsed.auth.end <= datagram.len());
                prop_assert_eq!(Message::parse(&parsed.message.emit()), Ok(parsed.message));
            }
            prop_assert!(!dissect(&datagram).is_empty());
        }
    }

    #[test]
    fn legal_but_strange_encodings_say_the_same(message in any_message()) {
        let strange = Distortion::LongLengths.apply(&message.emit());
        prop_assert_eq!(Message::parse(&strange), Ok(message));
    }
}
