//! SNMP datagrams read twice: by `snmp-parser` and by our own decoder. What is recorded and imported must be what both
//! understand, so neither's mistake becomes knowledge about a device.
//!
//! | reading | result |
//! | --- | --- |
//! | both read the same | the message |
//! | they read something different | refused, with both readings in words |
//! | only one reads it | refused, with the other's reason, but for the blind spots below |
//! | neither reads it | refused, with both reasons |
//!
//! A refused datagram is not lost: it stands in the transcript as it was (`hex`), with these words as `why`.
//!
//! # Blind spots of snmp-parser 0.11
//! What it can't read although RFC 1157, 3412 or 3416 has it, or the field sends it, is taken as our own decoder reads it:
//! * negative numbers in the places of request ids, errors, indexes and v1 traps (they are 32-bit integers there), and
//!   message ids, sizes and times of v3;
//! * communities and names of users that are not UTF-8;
//! * counters, gauges and ticks that an old agent encodes as negative numbers, or with more than 32 bits;
//! * addresses (`IpAddress`) of another length than 4, and integers of more than 32 bits;
//! * context-specific values beside the three exceptions;
//! * kinds of PDU beside those of RFC 3416, and GetBulk and the later ones in a v1 message.
//!
//! What it reads without telling it apart is compared as far as it tells: a value without content (an empty string, number or
//! object identifier is all the same to it), NSAP addresses (tag 0x45, which it takes for NULL), and what stands behind the
//! end of a value or message.

use fencelab_wire::snmp::value::tag;
use fencelab_wire::snmp::{
    Binding, Body, Message, Oid, Pdu, Scoped, ScopedPdu, TrapV1, UsmParameters, V3Message, Value, Version,
};
use snmp_parser::asn1_rs::{self, Any};
use snmp_parser::{
    NetworkAddress, ObjectSyntax, ScopedPduData, SecurityParameters, SnmpGenericMessage, SnmpMessage,
    SnmpPdu, SnmpTrapPdu, SnmpV3Message, SnmpVariable, VarBindValue, parse_snmp_generic_message,
};

/// Reads a datagram both ways.
///
/// # Errors
/// Why it is not taken: who reads what in it.
pub fn decode(datagram: &[u8]) -> Result<Message, String> {
    let (ours, theirs) = (Message::parse(datagram), parse_snmp_generic_message(datagram));
    match (ours, theirs) {
        (Ok(ours), Ok((_, theirs))) => match message(&theirs, &ours) {
            Ok(()) => Ok(ours),
            Err(Difference { what, theirs, ours }) => {
                Err(format!("two decoders disagree on {what}: snmp-parser reads {theirs}, our own {ours}"))
            }
        },
        (Ok(ours), Err(_)) if blind_spot(&ours).is_some() => Ok(ours),
        (Ok(ours), Err(error)) => Err(format!(
            "two decoders disagree: our own reads {}, snmp-parser refuses it ({})",
            words(&ours),
            refusal(&error)
        )),
        (Err(error), Ok(_)) => {
            Err(format!("two decoders disagree: snmp-parser reads it, our own refuses it ({error})"))
        }
        (Err(error), Err(_)) => Err(format!("not an SNMP message: {error}")),
    }
}

/// What snmp-parser can't read in a message that our own decoder has read; see the module's list.
pub fn blind_spot(message: &Message) -> Option<&'static str> {
    let of_body = |body: &Body, is_v1: bool| match body {
        Body::Pdu(pdu) => of_pdu(pdu, is_v1),
        Body::TrapV1(trap) => of_trap(trap),
    };
    match message {
        Message::Community { version, community, body } => {
            if std::str::from_utf8(community.expose()).is_err() {
                return Some("a community that is not UTF-8");
            }
            of_body(body, *version == Version::V1)
        }
        Message::V3(V3Message { id, max_size, usm, data, .. }) => {
            if *id < 0 || *max_size < 0 || usm.boots < 0 || usm.time < 0 {
                return Some("a negative number in the header");
            }
            if std::str::from_utf8(&usm.user).is_err() {
                return Some("a name that is not UTF-8");
            }
            match data {
                Scoped::Plain(scoped) => of_body(&scoped.body, false),
                Scoped::Encrypted(_) => None,
            }
        }
    }
}

fn of_pdu(pdu: &Pdu, is_v1: bool) -> Option<&'static str> {
    let last = if is_v1 { 0xa3 } else { 0xa8 };
    if !(0xa0..=last).contains(&pdu.kind.tag()) {
        return Some("a kind of PDU that it does not know");
    }
    if pdu.request_id < 0 || pdu.error.0 < 0 || pdu.index < 0 {
        return Some("a negative number");
    }
    of_bindings(&pdu.bindings)
}

fn of_trap(trap: &TrapV1) -> Option<&'static str> {
    if trap.generic < 0 || trap.specific < 0 {
        return Some("a negative number");
    }
    of_bindings(&trap.bindings)
}

fn of_bindings(bindings: &[Binding]) -> Option<&'static str> {
    bindings.iter().find_map(|binding| match &binding.value {
        Value::Integer(number) if i32::try_from(*number).is_err() => Some("an integer of more than 32 bits"),
        Value::Unknown(tag::IP_ADDRESS, _) => Some("an address of another length than 4"),
        Value::Unknown(0x41..=0x43 | 0x46 | 0x47, _) => Some("a number that is negative or too large"),
        Value::Unknown(tag, _) if tag & 0xc0 == 0x80 || tag & 0xc0 == 0xc0 => {
            Some("a value that is no exception")
        }
        // An old agent's 4 bytes with the highest bit set: ours are read as the unsigned number that was meant.
        Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number)
            if *number > i32::MAX.cast_unsigned() =>
        {
            Some("a counter that may have been encoded as a negative number")
        }
        Value::Counter64(number) if *number > i64::MAX.cast_unsigned() => {
            Some("a counter that may have been encoded as a negative number")
        }
        _ => None,
    })
}

/// Where two readings part.
struct Difference {
    what: String,
    theirs: String,
    ours: String,
}

type Same = Result<(), Difference>;

fn same<T: PartialEq + std::fmt::Debug>(what: &str, theirs: T, ours: T) -> Same {
    if theirs == ours {
        return Ok(());
    }
    Err(Difference { what: what.into(), theirs: format!("{theirs:?}"), ours: format!("{ours:?}") })
}

fn message(theirs: &SnmpGenericMessage<'_>, ours: &Message) -> Same {
    match (theirs, ours) {
        (SnmpGenericMessage::V1(theirs), Message::Community { version: Version::V1, community, body })
        | (SnmpGenericMessage::V2(theirs), Message::Community { version: Version::V2c, community, body }) => {
            of_community(theirs, community.expose(), body)
        }
        (SnmpGenericMessage::V3(theirs), Message::V3(ours)) => of_v3(theirs, ours),
        (theirs, ours) => {
            let version = match theirs {
                SnmpGenericMessage::V1(_) => "v1",
                SnmpGenericMessage::V2(_) => "v2c",
                SnmpGenericMessage::V3(_) => "v3",
            };
            Err(Difference { what: "the version".into(), theirs: version.into(), ours: words(ours) })
        }
    }
}

fn of_community(theirs: &SnmpMessage<'_>, community: &[u8], ours: &Body) -> Same {
    if theirs.community.as_bytes() != community {
        // Neither of them may be written.
        let hidden = || String::from("another one");
        return Err(Difference { what: "the community".into(), theirs: hidden(), ours: hidden() });
    }
    body(&theirs.pdu, ours)
}

fn of_v3(theirs: &SnmpV3Message<'_>, ours: &V3Message) -> Same {
    let header = &theirs.header_data;
    same("the message id", i64::from(header.msg_id), i64::from(ours.id))?;
    same("the largest size", i64::from(header.msg_max_size), i64::from(ours.max_size))?;
    same("the flags", header.msg_flags, ours.flags)?;
    same("the security model", i64::from(header.msg_security_model.0), i64::from(ours.model))?;
    match &theirs.security_params {
        SecurityParameters::USM(usm) => {
            let UsmParameters { engine_id, boots, time, user, auth, privacy } = &ours.usm;
            same("the engine id", usm.msg_authoritative_engine_id, engine_id)?;
            same("the engine's boots", i64::from(usm.msg_authoritative_engine_boots), i64::from(*boots))?;
            same("the engine's time", i64::from(usm.msg_authoritative_engine_time), i64::from(*time))?;
            same("the user", usm.msg_user_name.as_bytes(), user)?;
            same(
                "the authentication parameters' length",
                usm.msg_authentication_parameters.len(),
                auth.len(),
            )?;
            if usm.msg_authentication_parameters != auth.as_slice() {
                let hidden = || String::from("other bytes");
                let what = "the authentication parameters".into();
                return Err(Difference { what, theirs: hidden(), ours: hidden() });
            }
            same("the privacy parameters", usm.msg_privacy_parameters, privacy)?;
        }
        SecurityParameters::Raw(_) => {
            same("whether the security model is known", false, ours.model == V3Message::USM)?;
        }
    }
    match (&theirs.data, &ours.data) {
        (ScopedPduData::Encrypted(theirs), Scoped::Encrypted(ours)) => {
            same("the encrypted data", *theirs, ours.as_slice())
        }
        (ScopedPduData::Plaintext(theirs), Scoped::Plain(ours)) => {
            let ScopedPdu { engine_id, context, body: ours } = ours;
            same("the context's engine id", theirs.ctx_engine_id, engine_id)?;
            same("the context", theirs.ctx_engine_name, context)?;
            body(&theirs.data, ours)
        }
        (theirs, ours) => same(
            "whether it is encrypted",
            matches!(theirs, ScopedPduData::Encrypted(_)),
            matches!(ours, Scoped::Encrypted(_)),
        ),
    }
}

fn body(theirs: &SnmpPdu<'_>, ours: &Body) -> Same {
    let variables = match (theirs, ours) {
        (SnmpPdu::Generic(theirs), Body::Pdu(ours)) => {
            same("the kind of PDU", 0xa0 | theirs.pdu_type.0, u32::from(ours.kind.tag()))?;
            same("the request id", i64::from(theirs.req_id), i64::from(ours.request_id))?;
            same("the error", i64::from(theirs.err.0), i64::from(ours.error.0))?;
            same("the error's index", i64::from(theirs.err_index), i64::from(ours.index))?;
            (&theirs.var, &ours.bindings)
        }
        (SnmpPdu::Bulk(theirs), Body::Pdu(ours)) => {
            same("the kind of PDU", 0xa5, ours.kind.tag())?;
            same("the request id", i64::from(theirs.req_id), i64::from(ours.request_id))?;
            same("the non-repeaters", i64::from(theirs.non_repeaters), i64::from(ours.error.0))?;
            same("the repetitions", i64::from(theirs.max_repetitions), i64::from(ours.index))?;
            (&theirs.var, &ours.bindings)
        }
        (SnmpPdu::TrapV1(theirs), Body::TrapV1(ours)) => {
            trap(theirs, ours)?;
            (&theirs.var, &ours.bindings)
        }
        (theirs, Body::Pdu(ours)) => {
            return same("the kind of PDU", 0xa0 | theirs.pdu_type().0, u32::from(ours.kind.tag()));
        }
        (theirs, Body::TrapV1(_)) => {
            return same("the kind of PDU", 0xa0 | theirs.pdu_type().0, u32::from(TrapV1::TAG));
        }
    };
    same("the number of objects", variables.0.len(), variables.1.len())?;
    variables.0.iter().zip(variables.1).try_for_each(|(theirs, ours)| variable(theirs, ours))
}

fn trap(theirs: &SnmpTrapPdu<'_>, ours: &TrapV1) -> Same {
    let NetworkAddress::IPv4(address) = theirs.agent_addr;
    oid("the enterprise", &theirs.enterprise, &ours.enterprise)?;
    same("the agent's address", address.octets(), ours.agent)?;
    // snmp-parser keeps eight bits of it.
    same("the generic trap", i64::from(theirs.generic_trap.0), i64::from(ours.generic) & 0xff)?;
    same("the specific trap", i64::from(theirs.specific_trap), i64::from(ours.specific))?;
    same("the time stamp", theirs.timestamp, ours.ticks)
}

fn variable(theirs: &SnmpVariable<'_>, ours: &Binding) -> Same {
    oid("an object", &theirs.oid, &ours.object)?;
    // Kinds only: the values may be long, or secret.
    let differ = || Difference {
        what: format!("the value of {}", ours.object),
        theirs: kind(&theirs.val).into(),
        ours: format!("a value of tag 0x{:02x}", ours.value.tag()),
    };
    let is_same = match (&theirs.val, &ours.value) {
        (VarBindValue::NoSuchObject, Value::NoSuchObject)
        | (VarBindValue::NoSuchInstance, Value::NoSuchInstance)
        | (VarBindValue::EndOfMibView, Value::EndOfMibView)
        // Tag 0x45 has the number of NULL.
        | (VarBindValue::Unspecified, Value::Null | Value::Unknown(tag::NULL | 0x45, _)) => true,
        // An exception or NULL with content.
        (VarBindValue::NoSuchObject, Value::Unknown(tag::NO_SUCH_OBJECT, _))
        | (VarBindValue::NoSuchInstance, Value::Unknown(tag::NO_SUCH_INSTANCE, _))
        | (VarBindValue::EndOfMibView, Value::Unknown(tag::END_OF_MIB_VIEW, _)) => true,
        (VarBindValue::Value(theirs), ours) => value(theirs, ours),
        _ => false,
    };
    if is_same { Ok(()) } else { Err(differ()) }
}

fn kind(value: &VarBindValue<'_>) -> &'static str {
    match value {
        VarBindValue::Unspecified => "no value",
        VarBindValue::NoSuchObject => "noSuchObject",
        VarBindValue::NoSuchInstance => "noSuchInstance",
        VarBindValue::EndOfMibView => "endOfMibView",
        VarBindValue::Value(value) => match value {
            ObjectSyntax::Number(_) => "an INTEGER",
            ObjectSyntax::String(_) => "an OCTET STRING",
            ObjectSyntax::Object(_) => "an OBJECT IDENTIFIER",
            ObjectSyntax::BitString(_) => "a BIT STRING",
            ObjectSyntax::Empty => "an empty value",
            ObjectSyntax::UnknownSimple(_) | ObjectSyntax::UnknownApplication(_) => "an unknown type",
            ObjectSyntax::IpAddress(_) => "an IpAddress",
            ObjectSyntax::Counter32(_) => "a Counter32",
            ObjectSyntax::Gauge32(_) => "a Gauge32",
            ObjectSyntax::TimeTicks(_) => "a TimeTicks",
            ObjectSyntax::Opaque(_) => "an Opaque",
            ObjectSyntax::NsapAddress(_) => "an NsapAddress",
            ObjectSyntax::Counter64(_) => "a Counter64",
            ObjectSyntax::UInteger32(_) => "a UInteger32",
        },
    }
}

fn value(theirs: &ObjectSyntax<'_>, ours: &Value) -> bool {
    match (theirs, ours) {
        (ObjectSyntax::Number(theirs), Value::Integer(ours)) => i64::from(*theirs) == *ours,
        (ObjectSyntax::String(theirs), Value::OctetString(ours))
        | (ObjectSyntax::Opaque(theirs), Value::Opaque(ours)) => theirs == ours,
        (ObjectSyntax::Object(theirs), Value::ObjectId(ours)) => oid("", theirs, ours).is_ok(),
        (ObjectSyntax::IpAddress(NetworkAddress::IPv4(theirs)), Value::IpAddress(ours)) => {
            theirs.octets() == *ours
        }
        (ObjectSyntax::Counter32(theirs), Value::Counter32(ours))
        | (ObjectSyntax::Gauge32(theirs), Value::Gauge32(ours))
        | (ObjectSyntax::TimeTicks(theirs), Value::TimeTicks(ours)) => theirs == ours,
        (ObjectSyntax::Counter64(theirs), Value::Counter64(ours)) => theirs == ours,
        // Our own reader keeps contents that are not quite what they should be as they came.
        (ObjectSyntax::UInteger32(theirs), Value::Unknown(0x47, bytes))
        | (ObjectSyntax::Counter32(theirs), Value::Unknown(tag::COUNTER32, bytes))
        | (ObjectSyntax::Gauge32(theirs), Value::Unknown(tag::GAUGE32, bytes))
        | (ObjectSyntax::TimeTicks(theirs), Value::Unknown(tag::TIME_TICKS, bytes)) => {
            unsigned(bytes) == Some(u64::from(*theirs))
        }
        (ObjectSyntax::Counter64(theirs), Value::Unknown(tag::COUNTER64, bytes)) => {
            unsigned(bytes) == Some(*theirs)
        }
        (ObjectSyntax::Number(theirs), Value::Unknown(tag::INTEGER, bytes)) => {
            u64::try_from(*theirs).ok().is_some_and(|theirs| unsigned(bytes) == Some(theirs))
        }
        (ObjectSyntax::Object(theirs), Value::Unknown(tag::OBJECT_ID, bytes)) => theirs.as_bytes() == bytes,
        (ObjectSyntax::NsapAddress(theirs), Value::Unknown(0x45, ours)) => theirs == ours,
        (ObjectSyntax::BitString(theirs), Value::Unknown(0x03, ours)) => ours
            .split_first()
            .is_some_and(|(unused, data)| (*unused, data) == (theirs.unused_bits, theirs.data.as_ref())),
        (
            ObjectSyntax::UnknownSimple(theirs) | ObjectSyntax::UnknownApplication(theirs),
            Value::Unknown(tag, ours),
        ) => any(theirs, *tag, ours),
        (ObjectSyntax::Empty, ours) => is_empty(ours),
        _ => false,
    }
}

fn any(theirs: &Any<'_>, tag: u8, ours: &[u8]) -> bool {
    // The tag's class and constructed bits are in its upper three bits; those with longer numbers have 0x1f below.
    let number = theirs.tag().0;
    theirs.data == ours && (u32::from(tag & 0x1f) == number || tag & 0x1f == 0x1f && number >= 0x1f)
}

/// Whether a value has no content.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::OctetString(bytes) | Value::Unknown(_, bytes) => bytes.is_empty(),
        Value::Integer(number) => *number == 0,
        Value::ObjectId(oid) => oid.as_arcs().is_empty() || oid.as_arcs() == [0, 0],
        Value::Null => true,
        _ => false,
    }
}

fn unsigned(bytes: &[u8]) -> Option<u64> {
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    let width = significant.clone().count();
    (width <= 8).then(|| significant.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Compares the sub-identifiers as they are encoded: snmp-parser's own numbers are wrong for the first two of `2.40` and above.
fn oid(what: &str, theirs: &asn1_rs::Oid<'_>, ours: &Oid) -> Same {
    let theirs = arcs(theirs.as_bytes());
    // An identifier without content, and one of a single arc, mean the same as `0.0` to some decoders.
    let plain = match ours.as_arcs() {
        [] => Vec::new(),
        [first] => vec![u64::from(*first) * 40],
        [first, second, rest @ ..] => {
            let head = u64::from(*first) * 40 + u64::from(*second);
            std::iter::once(head).chain(rest.iter().map(|arc| u64::from(*arc))).collect()
        }
    };
    if theirs.is_empty() && plain == [0] {
        return Ok(());
    }
    same(what, theirs, plain)
}

/// The numbers in an object identifier's content, seven bits a byte; a last one that is cut off is not counted.
fn arcs(content: &[u8]) -> Vec<u64> {
    let (mut arcs, mut arc) = (Vec::new(), 0_u64);
    for byte in content {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    arcs
}

fn words(message: &Message) -> String {
    let of_body = |body: &Body| match body {
        Body::Pdu(pdu) => {
            format!("{} {} with {} objects", pdu.kind.name(), pdu.request_id, pdu.bindings.len())
        }
        Body::TrapV1(trap) => format!("trap-v1 with {} objects", trap.bindings.len()),
    };
    match message {
        Message::Community { version, body, .. } => format!("a {version} message, {}", of_body(body)),
        Message::V3(V3Message { data: Scoped::Plain(scoped), .. }) => {
            format!("a v3 message, {}", of_body(&scoped.body))
        }
        Message::V3(_) => "a v3 message, encrypted".into(),
    }
}

/// snmp-parser's reason without the bytes it stopped at, which may hold the community.
fn refusal<E: std::fmt::Debug>(error: &snmp_parser::asn1_rs::nom::Err<E>) -> String {
    use snmp_parser::asn1_rs::nom::Err;
    match error {
        Err::Incomplete(_) => "it ends too early".into(),
        Err::Error(error) | Err::Failure(error) => format!("{error:?}"),
    }
}

#[cfg(test)]
mod tests;
