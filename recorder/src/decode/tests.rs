//! The comparison of two readings.

use fencelab_wire::Secret;
use fencelab_wire::snmp::{ErrorStatus, PduKind};

use super::*;

/// Messages that differ in one thing each, from the first of their version.
fn variants() -> Vec<Message> {
    let pdu = |object: [u32; 3], value| {
        Pdu::new(PduKind::Response, 7, vec![Binding { object: Oid::from(object), value }])
    };
    let plain = || pdu([1, 3, 6], Value::Integer(1));
    let community = |version, community: &str, pdu: Pdu| Message::Community {
        version,
        community: Secret::from(community),
        body: pdu.into(),
    };
    let v2c = |pdu| community(Version::V2c, "c", pdu);
    let usm = || UsmParameters { engine_id: vec![1; 5], auth: vec![1; 12], ..UsmParameters::default() };
    let scoped = || ScopedPdu { engine_id: vec![1; 5], context: Vec::new(), body: plain().into() };
    let v3 = |usm, scoped| V3Message {
        id: 7,
        max_size: 1472,
        flags: 1,
        model: V3Message::USM,
        usm,
        data: Scoped::Plain(scoped),
    };
    let of_v3 = [
        v3(usm(), scoped()),
        V3Message { id: 8, ..v3(usm(), scoped()) },
        V3Message { max_size: 484, ..v3(usm(), scoped()) },
        V3Message { flags: 5, ..v3(usm(), scoped()) },
        v3(UsmParameters { engine_id: vec![2; 5], ..usm() }, scoped()),
        v3(UsmParameters { boots: 1, ..usm() }, scoped()),
        v3(UsmParameters { time: 1, ..usm() }, scoped()),
        v3(UsmParameters { user: b"u".to_vec(), ..usm() }, scoped()),
        v3(UsmParameters { auth: vec![2; 12], ..usm() }, scoped()),
        v3(UsmParameters { privacy: vec![2; 8], ..usm() }, scoped()),
        v3(usm(), ScopedPdu { engine_id: vec![2; 5], ..scoped() }),
        v3(usm(), ScopedPdu { context: b"c".to_vec(), ..scoped() }),
        v3(usm(), ScopedPdu { body: pdu([1, 3, 6], Value::Null).into(), ..scoped() }),
        V3Message { flags: 3, data: Scoped::Encrypted(vec![1; 8]), ..v3(usm(), scoped()) },
    ];
    let mut all = vec![
        v2c(plain()),
        community(Version::V1, "c", plain()),
        community(Version::V2c, "d", plain()),
        v2c(Pdu { kind: PduKind::Set, ..plain() }),
        v2c(Pdu { request_id: 8, ..plain() }),
        v2c(Pdu { error: ErrorStatus::GEN_ERR, ..plain() }),
        v2c(Pdu { index: 1, ..plain() }),
        v2c(Pdu { bindings: Vec::new(), ..plain() }),
        v2c(Pdu::get_bulk(7, 0, 1, plain().bindings)),
        v2c(Pdu::get_bulk(7, 0, 2, plain().bindings)),
        v2c(pdu([1, 3, 7], Value::Integer(1))),
    ];
    for value in [
        Value::Integer(2),
        Value::text("a"),
        Value::text("b"),
        Value::Opaque(b"a".to_vec()),
        Value::Null,
        Value::ObjectId(Oid::from([1, 3])),
        Value::ObjectId(Oid::from([1, 4])),
        Value::IpAddress([1, 2, 3, 4]),
        Value::IpAddress([1, 2, 3, 5]),
        Value::Counter32(1),
        Value::Gauge32(1),
        Value::TimeTicks(1),
        Value::Counter64(1),
        Value::Counter64(2),
        Value::NoSuchObject,
        Value::NoSuchInstance,
        Value::EndOfMibView,
        Value::Unknown(0x49, vec![1]),
    ] {
        all.push(v2c(pdu([1, 3, 6], value)));
    }
    all.extend(of_v3.map(Message::V3));
    all
}

#[test]
fn only_readings_of_the_same_message_are_the_same() {
    let messages = variants();
    let datagrams: Vec<Vec<u8>> = messages.iter().map(Message::emit).collect();
    for (datagram, said) in datagrams.iter().zip(&messages) {
        let (_, theirs) = parse_snmp_generic_message(datagram).unwrap();
        for ours in &messages {
            let is_same = message(&theirs, ours).is_ok();
            assert_eq!(is_same, ours == said, "{said:?}\n{ours:?}");
        }
    }
}
