//! From messages to bytes.

use super::{Body, Emitted, Message, Scoped, ScopedPdu, UsmParameters, V3Message, Version};
use crate::snmp::ber::write::{
    bytes, head, integer, integer_size, object_id, object_id_size, size, unsigned, unsigned_size, value,
    value_size,
};
use crate::snmp::value::tag;
use crate::snmp::{Binding, Pdu, TrapV1};

pub(super) fn message(message: &Message) -> Emitted {
    match message {
        Message::Community { version, community, body: about } => {
            let community = community.expose();
            let inside = int(version.number()) + size(community.len()) + size(body_size(about));
            let mut out = Vec::with_capacity(size(inside));
            head(&mut out, tag::SEQUENCE, inside);
            integer(&mut out, version.number());
            bytes(&mut out, tag::OCTET_STRING, community);
            body(&mut out, about);
            Emitted { bytes: out, auth: 0..0 }
        }
        Message::V3(message) => v3(message),
    }
}

pub(super) fn scoped_bytes(pdu: &ScopedPdu) -> Vec<u8> {
    let mut out = Vec::with_capacity(size(scoped_size(pdu)));
    scoped(&mut out, pdu);
    out
}

/// Bytes of a whole `INTEGER`.
fn int(number: impl Into<i64>) -> usize {
    size(integer_size(number.into()))
}

fn v3(message: &V3Message) -> Emitted {
    let V3Message { id, max_size, flags, model, usm, data } = message;
    let header = int(*id) + int(*max_size) + size(1) + int(*model);
    let parameters = usm_size(usm);
    let data_size = match data {
        Scoped::Plain(pdu) => scoped_size(pdu),
        Scoped::Encrypted(encrypted) => encrypted.len(),
    };
    let version = Version::V3.number();
    let inside = int(version) + size(header) + size(size(parameters)) + size(data_size);
    let mut out = Vec::with_capacity(size(inside));
    head(&mut out, tag::SEQUENCE, inside);
    integer(&mut out, version);
    head(&mut out, tag::SEQUENCE, header);
    integer(&mut out, i64::from(*id));
    integer(&mut out, i64::from(*max_size));
    bytes(&mut out, tag::OCTET_STRING, &[*flags]);
    integer(&mut out, i64::from(*model));
    head(&mut out, tag::OCTET_STRING, size(parameters));
    head(&mut out, tag::SEQUENCE, parameters);
    bytes(&mut out, tag::OCTET_STRING, &usm.engine_id);
    integer(&mut out, i64::from(usm.boots));
    integer(&mut out, i64::from(usm.time));
    bytes(&mut out, tag::OCTET_STRING, &usm.user);
    bytes(&mut out, tag::OCTET_STRING, &usm.auth);
    let auth = out.len() - usm.auth.len()..out.len();
    bytes(&mut out, tag::OCTET_STRING, &usm.privacy);
    match data {
        Scoped::Plain(pdu) => scoped(&mut out, pdu),
        Scoped::Encrypted(encrypted) => bytes(&mut out, tag::OCTET_STRING, encrypted),
    }
    Emitted { bytes: out, auth }
}

fn usm_size(usm: &UsmParameters) -> usize {
    let strings = [&usm.engine_id, &usm.user, &usm.auth, &usm.privacy];
    let strings: usize = strings.into_iter().map(|string| size(string.len())).sum();
    strings + int(usm.boots) + int(usm.time)
}

fn scoped_size(pdu: &ScopedPdu) -> usize {
    size(pdu.engine_id.len()) + size(pdu.context.len()) + size(body_size(&pdu.body))
}

fn scoped(out: &mut Vec<u8>, pdu: &ScopedPdu) {
    head(out, tag::SEQUENCE, scoped_size(pdu));
    bytes(out, tag::OCTET_STRING, &pdu.engine_id);
    bytes(out, tag::OCTET_STRING, &pdu.context);
    body(out, &pdu.body);
}

fn body_size(body: &Body) -> usize {
    match body {
        Body::Pdu(Pdu { request_id, error, index, bindings, .. }) => {
            int(*request_id) + int(error.0) + int(*index) + size(bindings_size(bindings))
        }
        Body::TrapV1(trap) => {
            size(object_id_size(&trap.enterprise))
                + size(trap.agent.len())
                + int(trap.generic)
                + int(trap.specific)
                + size(unsigned_size(u64::from(trap.ticks)))
                + size(bindings_size(&trap.bindings))
        }
    }
}

fn body(out: &mut Vec<u8>, body: &Body) {
    let length = body_size(body);
    match body {
        Body::Pdu(pdu) => {
            head(out, pdu.kind.tag(), length);
            integer(out, i64::from(pdu.request_id));
            integer(out, i64::from(pdu.error.0));
            integer(out, i64::from(pdu.index));
            bindings(out, &pdu.bindings);
        }
        Body::TrapV1(trap) => {
            head(out, TrapV1::TAG, length);
            object_id(out, &trap.enterprise);
            bytes(out, tag::IP_ADDRESS, &trap.agent);
            integer(out, i64::from(trap.generic));
            integer(out, i64::from(trap.specific));
            unsigned(out, tag::TIME_TICKS, u64::from(trap.ticks));
            bindings(out, &trap.bindings);
        }
    }
}

fn binding_size(binding: &Binding) -> usize {
    size(object_id_size(&binding.object)) + size(value_size(&binding.value))
}

fn bindings_size(bindings: &[Binding]) -> usize {
    bindings.iter().map(|binding| size(binding_size(binding))).sum()
}

fn bindings(out: &mut Vec<u8>, bindings: &[Binding]) {
    head(out, tag::SEQUENCE, bindings_size(bindings));
    for binding in bindings {
        head(out, tag::SEQUENCE, binding_size(binding));
        object_id(out, &binding.object);
        value(out, &binding.value);
    }
}
