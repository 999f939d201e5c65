//! Two decoders of SNMP: they agree on every datagram of the captures, on frozen samples and on any message that can be
//! said; where one of them can't read something, it is known what that is.

mod common;

use common::captures;
use fencelab_recorder::decode::{blind_spot, decode};
use fencelab_wire::Secret;
use fencelab_wire::snmp::{
    Binding, Body, ErrorStatus, Message, Oid, Pdu, PduKind, Scoped, ScopedPdu, TrapV1, UsmParameters,
    V3Message, Value, Version,
};
use pcap_file::pcap::PcapReader;
use proptest::prelude::*;
use snmp_parser::parse_snmp_generic_message;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(contents.len()).unwrap()], contents].concat()
}

/// A v2c response 7 to community `public` with one object, 1.3.6.1.2.1, and these bytes as its value.
fn response(id: &[u8], value: &[u8]) -> Vec<u8> {
    let binding = tlv(0x30, &[&bytes("06052b06010201"), value].concat());
    let pdu = [&tlv(2, id), &bytes("020100 020100")[..], &tlv(0x30, &binding)].concat();
    tlv(0x30, &[&bytes("020101 04067075626c6963"), &tlv(0xa2, &pdu)[..]].concat())
}

fn value_of(datagram: &[u8]) -> Value {
    let message = decode(datagram).unwrap_or_else(|why| panic!("{why}: {datagram:02x?}"));
    match message.body().unwrap() {
        Body::Pdu(pdu) => pdu.bindings[0].value.clone(),
        Body::TrapV1(trap) => trap.bindings[0].value.clone(),
    }
}

#[test]
fn both_decoders_agree_on_every_datagram_of_the_captures() {
    let mut datagrams = 0;
    for entry in std::fs::read_dir(captures().join("snmp")).unwrap() {
        let path = entry.unwrap().path();
        let mut reader = PcapReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        while let Some(packet) = reader.next_packet() {
            let packet = packet.unwrap();
            let sliced = etherparse::SlicedPacket::from_ethernet(packet.data()).unwrap();
            let Some(etherparse::TransportSlice::Udp(udp)) = sliced.transport else { continue };
            if udp.source_port() != 161 && udp.destination_port() != 161 {
                continue;
            }
            datagrams += 1;
            let message = decode(udp.payload()).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let (_, read) =
                parse_snmp_generic_message(udp.payload()).expect("snmp-parser reads it by itself");
            assert_eq!(format!("{read:?}").contains("SnmpV3Message"), message.version() == Version::V3);
        }
    }
    assert!(datagrams > 400, "{datagrams} datagrams");
}

/// If this fails, do not change the test.
#[test]
fn frozen_values() {
    for (value, expected) in [
        ("0500", Value::Null),
        ("0201ff", Value::Integer(-1)),
        ("02020080", Value::Integer(128)),
        ("020400000001", Value::Integer(1)),
        ("0205 0080000000", Value::Integer(0x8000_0000)),
        ("0400", Value::OctetString(Vec::new())),
        ("0403414243", Value::text("ABC")),
        ("04820003414243", Value::text("ABC")),
        ("4104ffffffff", Value::Counter32(u32::MAX)),
        ("410500ffffffff", Value::Counter32(u32::MAX)),
        ("420101", Value::Gauge32(1)),
        ("430400ffffff", Value::TimeTicks(0x00ff_ffff)),
        ("460900ffffffffffffffff", Value::Counter64(u64::MAX)),
        ("4608ffffffffffffffff", Value::Counter64(u64::MAX)),
        ("40047f000001", Value::IpAddress([127, 0, 0, 1])),
        ("400101", Value::Unknown(0x40, vec![1])),
        ("0600", Value::ObjectId(Oid::default())),
        ("060100", Value::ObjectId(Oid::from([0, 0]))),
        ("06028134", Value::ObjectId(Oid::from([2, 100]))),
        ("06062b8fffffff7f", Value::ObjectId(Oid::from([1, 3, u32::MAX]))),
        ("44079f780442f60000", Value::Opaque(bytes("9f780442f60000"))),
        ("450101", Value::Unknown(0x45, vec![1])),
        ("470101", Value::Unknown(0x47, vec![1])),
        ("490101", Value::Unknown(0x49, vec![1])),
        ("03020780", Value::Unknown(0x03, vec![7, 0x80])),
        ("0101ff", Value::Unknown(0x01, vec![0xff])),
        ("8000", Value::NoSuchObject),
        ("8100", Value::NoSuchInstance),
        ("8200", Value::EndOfMibView),
        ("8300", Value::Unknown(0x83, Vec::new())),
    ] {
        assert_eq!(value_of(&response(&[7], &bytes(value))), expected, "{value}");
    }
}

#[test]
fn what_snmp_parser_cannot_read_is_known_and_not_lost() {
    let message = |version, community: &[u8], pdu: Pdu| Message::Community {
        version,
        community: Secret::new(community),
        body: pdu.into(),
    };
    let pdu = |kind, id, value| Pdu::new(kind, id, vec![Binding { object: Oid::from([1, 3, 6]), value }]);
    let plain = |value| message(Version::V2c, b"c", pdu(PduKind::Response, 7, value));
    let trap = TrapV1 {
        enterprise: Oid::from([1, 3]),
        agent: [1, 2, 3, 4],
        generic: 6,
        specific: -1,
        ticks: 1,
        bindings: Vec::new(),
    };
    for message in [
        message(Version::V2c, b"c", pdu(PduKind::Get, -7, Value::Null)),
        message(Version::V2c, b"\xff\xfe", pdu(PduKind::Get, 7, Value::Null)),
        message(Version::V1, b"c", pdu(PduKind::GetBulk, 7, Value::Null)),
        message(Version::V2c, b"c", pdu(PduKind::Unknown(0xa9), 7, Value::Null)),
        message(Version::V2c, b"c", Pdu { error: ErrorStatus(-1), ..pdu(PduKind::Response, 7, Value::Null) }),
        plain(Value::Integer(i64::MAX)),
        plain(Value::Unknown(0x40, vec![0; 16])),
        plain(Value::Unknown(0x41, vec![0xff; 12])),
        plain(Value::Unknown(0x83, vec![1])),
        Message::Community { version: Version::V1, community: Secret::from("c"), body: trap.into() },
    ] {
        let datagram = message.emit();
        assert!(parse_snmp_generic_message(&datagram).is_err(), "no blind spot: {message:?}");
        assert!(blind_spot(&message).is_some(), "{message:?}");
        assert_eq!(decode(&datagram).as_ref(), Ok(&message));
    }
    assert_eq!(blind_spot(&plain(Value::Integer(1))), None);
}

#[test]
fn where_they_disagree_nothing_is_taken_and_the_reason_names_both_and_no_secret() {
    // A value that ends inside an object identifier's number: snmp-parser reads what is there.
    let object = bytes("3082000b 3009 060581b4010281 0500");
    let pdu = [&bytes("020107 020100 020100")[..], &object].concat();
    let datagram = tlv(0x30, &[&bytes("020101 04067075626c6963"), &tlv(0xa2, &pdu)[..]].concat());
    for datagram in [datagram, [&response(&[7], &bytes("0500"))[..], b"junk"].concat()] {
        assert!(parse_snmp_generic_message(&datagram).is_ok());
        let why = decode(&datagram).unwrap_err();
        assert!(why.contains("snmp-parser") && why.contains("our own"), "{why}");
        assert!(!why.contains("public") && !why.contains("7075"), "{why}");
    }
    for datagram in [&b""[..], b"0", b"garbage", &response(&[7], &bytes("0500"))[..20]] {
        let why = decode(datagram).unwrap_err();
        assert!(why.starts_with("not an SNMP message: "), "{why}");
    }
}

#[test]
fn a_datagram_that_both_read_but_not_alike_is_refused() {
    // snmp-parser takes whatever has the number of NULL's tag for NULL, and a string that is put together of parts for one.
    for value in ["6500", "2403 040161"] {
        let (datagram, what) = (response(&[7], &bytes(value)), "the value of 1.3.6.1.2.1");
        assert!(Message::parse(&datagram).is_ok(), "{value}");
        assert!(parse_snmp_generic_message(&datagram).is_ok(), "{value}");
        let why = decode(&datagram).unwrap_err();
        assert!(why.contains(&format!("disagree on {what}: snmp-parser reads ")), "{why}");
        assert!(why.contains(", our own "), "{why}");
    }
}

fn oid() -> impl Strategy<Value = Oid> {
    let arcs = prop::collection::vec(prop_oneof![0..200_u32, any::<u32>()], 0..20);
    (0..3_u32, 0..40_u32, arcs)
        .prop_map(|(first, second, rest)| Oid::new([vec![first, second], rest].concat()))
}

/// Mostly as it should be: what is negative only our own decoder reads.
fn number() -> impl Strategy<Value = i32> {
    prop_oneof![9 => 0..i32::MAX, 1 => any::<i32>()]
}

fn value() -> impl Strategy<Value = Value> {
    let octets = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<i32>().prop_map(|number| Value::Integer(number.into())),
        octets().prop_map(Value::OctetString),
        octets().prop_map(Value::Opaque),
        Just(Value::Null),
        oid().prop_map(Value::ObjectId),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
        (prop::sample::select(vec![0x45_u8, 0x48, 0x4a, 0x5e, 0x0a, 0x13]), octets())
            .prop_map(|(tag, octets)| Value::Unknown(tag, octets)),
    ]
}

fn pdu() -> impl Strategy<Value = Body> {
    let bindings = || {
        prop::collection::vec((oid(), value()).prop_map(|(object, value)| Binding { object, value }), 0..6)
    };
    let kinds = prop::sample::select(PduKind::ALL.to_vec());
    let pdu = (kinds, number(), 0..20_i32, 0..100_i32, bindings()).prop_map(
        |(kind, request_id, error, index, bindings)| {
            Pdu { kind, request_id, error: ErrorStatus(error), index, bindings }.into()
        },
    );
    let trap = (oid(), any::<[u8; 4]>(), 0..8_i32, number(), any::<u32>(), bindings()).prop_map(
        |(enterprise, agent, generic, specific, ticks, bindings)| {
            TrapV1 { enterprise, agent, generic, specific, ticks, bindings }.into()
        },
    );
    prop_oneof![4 => pdu, 1 => trap]
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof!["[a-z]{0,12}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..most),]
}

fn message() -> impl Strategy<Value = Message> {
    let versions = prop::sample::select(vec![Version::V1, Version::V2c]);
    let community = (versions, octets(20), pdu()).prop_map(|(version, community, body)| Message::Community {
        version,
        community: Secret::new(community),
        body,
    });
    let usm = (octets(32), number(), number(), octets(32), octets(24), octets(8)).prop_map(
        |(engine_id, boots, time, user, auth, privacy)| UsmParameters {
            engine_id,
            boots,
            time,
            user,
            auth,
            privacy,
        },
    );
    let data = prop_oneof![
        octets(200).prop_map(Scoped::Encrypted),
        (octets(32), octets(16), pdu()).prop_map(|(engine_id, context, body)| Scoped::Plain(ScopedPdu {
            engine_id,
            context,
            body
        })),
    ];
    let v3 =
        (number(), 484..65_536_i32, any::<u8>(), usm, data).prop_map(|(id, max_size, flags, usm, data)| {
            let flags = match data {
                Scoped::Plain(_) => flags & !V3Message::ENCRYPTED,
                Scoped::Encrypted(_) => flags | V3Message::ENCRYPTED,
            };
            Message::V3(V3Message { id, max_size, flags, model: V3Message::USM, usm, data })
        });
    prop_oneof![community, v3]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn both_decoders_agree_on_any_message(message in message()) {
        let datagram = message.emit();
        prop_assert_eq!(decode(&datagram), Ok(message.clone()));
        let alone = parse_snmp_generic_message(&datagram).is_ok();
        prop_assert!(alone || blind_spot(&message).is_some(), "snmp-parser can't read {:?}", message);
    }

    #[test]
    fn damage_gives_a_message_or_a_reason(message in message(), place in any::<prop::sample::Index>(), byte: u8) {
        let mut datagram = message.emit();
        let place = place.index(datagram.len());
        datagram[place] = byte;
        match decode(&datagram) {
            Ok(read) => prop_assert!(Message::parse(&datagram) == Ok(read)),
            Err(why) => prop_assert!(!why.is_empty()),
        }
        let _ = decode(&datagram[..place]);
    }
}
