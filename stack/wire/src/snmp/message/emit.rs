//! From messages to bytes. What stands last is written first (see [`Writer`]): each function here reads from its
//! bottom to its top.

use super::{Body, Emitted, Message, Scoped, ScopedPdu, UsmParameters, V3Message, Version};
use crate::snmp::ber::write::Writer;
use crate::snmp::value::tag;
use crate::snmp::{Binding, Pdu, TrapV1};

pub(super) fn message(message: &Message) -> Emitted {
    match message {
        Message::Community { version, community, body: about } => {
            let mut out = Writer::with_capacity(room(about) + community.expose().len());
            body(&mut out, about);
            out.bytes(tag::OCTET_STRING, community.expose());
            out.integer(version.number());
            out.head(tag::SEQUENCE, 0);
            Emitted { bytes: out.finish(), auth: 0..0 }
        }
        Message::V3(message) => v3(message),
    }
}

pub(super) fn scoped_bytes(pdu: &ScopedPdu) -> Vec<u8> {
    let mut out = Writer::with_capacity(room(&pdu.body));
    scoped(&mut out, pdu);
    out.finish()
}

/// About as many bytes as it takes, so that most messages are written without moving them.
fn room(body: &Body) -> usize {
    let bindings = match body {
        Body::Pdu(pdu) => &pdu.bindings,
        Body::TrapV1(trap) => &trap.bindings,
    };
    96 + bindings.len() * 40
}

fn v3(message: &V3Message) -> Emitted {
    let V3Message { id, max_size, flags, model, usm, data } = message;
    let mut out = match data {
        Scoped::Plain(pdu) => Writer::with_capacity(128 + room(&pdu.body)),
        Scoped::Encrypted(encrypted) => Writer::with_capacity(192 + encrypted.len()),
    };
    match data {
        Scoped::Plain(pdu) => scoped(&mut out, pdu),
        Scoped::Encrypted(encrypted) => out.bytes(tag::OCTET_STRING, encrypted),
    }
    let auth_end = parameters(&mut out, usm);
    let end = out.written();
    out.integer(i64::from(*model));
    out.bytes(tag::OCTET_STRING, &[*flags]);
    out.integer(i64::from(*max_size));
    out.integer(i64::from(*id));
    out.head(tag::SEQUENCE, end);
    out.integer(Version::V3.number());
    out.head(tag::SEQUENCE, 0);
    let bytes = out.finish();
    let auth_end = bytes.len() - auth_end;
    Emitted { bytes, auth: auth_end - usm.auth.len()..auth_end }
}

/// The security parameters; gives how many bytes stand behind the authentication code.
fn parameters(out: &mut Writer, usm: &UsmParameters) -> usize {
    let end = out.written();
    out.bytes(tag::OCTET_STRING, &usm.privacy);
    let auth_end = out.written();
    out.bytes(tag::OCTET_STRING, &usm.auth);
    out.bytes(tag::OCTET_STRING, &usm.user);
    out.integer(i64::from(usm.time));
    out.integer(i64::from(usm.boots));
    out.bytes(tag::OCTET_STRING, &usm.engine_id);
    out.head(tag::SEQUENCE, end);
    out.head(tag::OCTET_STRING, end);
    auth_end
}

fn scoped(out: &mut Writer, pdu: &ScopedPdu) {
    let end = out.written();
    body(out, &pdu.body);
    out.bytes(tag::OCTET_STRING, &pdu.context);
    out.bytes(tag::OCTET_STRING, &pdu.engine_id);
    out.head(tag::SEQUENCE, end);
}

fn body(out: &mut Writer, body: &Body) {
    let end = out.written();
    match body {
        Body::Pdu(Pdu { kind, request_id, error, index, bindings: list }) => {
            bindings(out, list);
            out.integer(i64::from(*index));
            out.integer(i64::from(error.0));
            out.integer(i64::from(*request_id));
            out.head(kind.tag(), end);
        }
        Body::TrapV1(trap) => {
            bindings(out, &trap.bindings);
            out.unsigned(tag::TIME_TICKS, u64::from(trap.ticks));
            out.integer(i64::from(trap.specific));
            out.integer(i64::from(trap.generic));
            out.bytes(tag::IP_ADDRESS, &trap.agent);
            out.object_id(&trap.enterprise);
            out.head(TrapV1::TAG, end);
        }
    }
}

fn bindings(out: &mut Writer, bindings: &[Binding]) {
    let end = out.written();
    for Binding { object, value } in bindings.iter().rev() {
        let end = out.written();
        out.value(value);
        out.object_id(object);
        out.head(tag::SEQUENCE, end);
    }
    out.head(tag::SEQUENCE, end);
}
