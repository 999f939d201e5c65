//! A datagram as lines of text. Any bytes; it never fails.
//!
//! Each layer is a line, indented by its depth. Communities, authentication codes and what is encrypted are
//! only counted; of a datagram that cannot be read only its structure is told, since any octets in it may be
//! such.

use super::ber::Reader;
use super::describe::{describe_value, object};
use super::message::Parsed;
use super::value::tag;
use super::{Binding, Body, Message, Scoped, ScopedPdu, V3Message};
use crate::hex::hex;

/// The lines of a datagram.
#[must_use]
pub fn dissect(datagram: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    match Message::parse_prefix(datagram) {
        Ok(Parsed { message, length, .. }) => {
            message_lines(&message, &mut lines);
            if datagram.len() > length {
                lines.push(format!("{} bytes more", datagram.len() - length));
            }
        }
        Err(error) => {
            lines.push(format!("{} bytes, not SNMP: {error}", datagram.len()));
            structure(&mut Reader::new(datagram), 1, &mut lines);
        }
    }
    lines
}

fn message_lines(message: &Message, lines: &mut Vec<String>) {
    match message {
        Message::Community { version, community, body } => {
            lines.push(format!("SNMP version {version}, community of {} bytes", community.expose().len()));
            body_lines(body, lines);
        }
        Message::V3(message) => v3_lines(message, lines),
    }
}

fn v3_lines(message: &V3Message, lines: &mut Vec<String>) {
    let V3Message { id, max_size, flags, usm, data, .. } = message;
    let flags: Vec<&str> = [
        (V3Message::AUTHENTICATED, "authenticated"),
        (V3Message::ENCRYPTED, "encrypted"),
        (V3Message::REPORTABLE, "reportable"),
    ]
    .into_iter()
    .filter_map(|(flag, name)| (flags & flag != 0).then_some(name))
    .collect();
    let flags = if flags.is_empty() { String::new() } else { format!(", {}", flags.join(", ")) };
    lines.push(format!("SNMP version 3, message {id}, answers of at most {max_size} bytes{flags}"));
    lines.push(format!(
        "  engine {}, boots {}, time {}, user {:?}, code of {} bytes, salt of {} bytes",
        hex(&usm.engine_id),
        usm.boots,
        usm.time,
        String::from_utf8_lossy(&usm.user),
        usm.auth.len(),
        usm.privacy.len(),
    ));
    match data {
        Scoped::Plain(ScopedPdu { engine_id, context, body }) => {
            let context = String::from_utf8_lossy(context);
            lines.push(format!("  context {context:?} of engine {}", hex(engine_id)));
            body_lines(body, lines);
        }
        Scoped::Encrypted(bytes) => lines.push(format!("  {} bytes, encrypted", bytes.len())),
    }
}

fn body_lines(body: &Body, lines: &mut Vec<String>) {
    let bindings = match body {
        Body::Pdu(pdu) => {
            let error = if pdu.error.is_ok() && pdu.index == 0 {
                String::new()
            } else {
                format!(", error {} at {}", pdu.error, pdu.index)
            };
            lines.push(format!("  {}, id {}{error}", pdu.kind.name(), pdu.request_id));
            &pdu.bindings
        }
        Body::TrapV1(trap) => {
            let [a, b, c, d] = trap.agent;
            lines.push(format!(
                "  trap-v1 of {a}.{b}.{c}.{d}, enterprise {}, generic {}, specific {}, {} ticks",
                object(&trap.enterprise),
                trap.generic,
                trap.specific,
                trap.ticks
            ));
            &trap.bindings
        }
    };
    for Binding { object: about, value } in bindings {
        lines.push(format!("    {} = {}", object(about), describe_value(value)));
    }
}

/// Deeper than any message.
const DEPTH_MAX: usize = 8;
/// Lines of a structure, at most.
const LINES_MAX: usize = 200;

fn structure(reader: &mut Reader<'_>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    while !reader.left().is_empty() {
        if lines.len() >= LINES_MAX {
            return lines.push(format!("{indent}{} bytes more", reader.left().len()));
        }
        let left = reader.left().len();
        let Ok((tag, mut inner)) = reader.any("part") else {
            return lines.push(format!("{indent}{left} bytes that are no BER"));
        };
        lines.push(format!("{indent}{} of {} bytes", tag_name(tag), inner.left().len()));
        if tag & 0x20 != 0 && depth < DEPTH_MAX {
            structure(&mut inner, depth + 1, lines);
        }
    }
}

fn tag_name(tag: u8) -> String {
    match tag {
        tag::INTEGER => "INTEGER".to_owned(),
        tag::OCTET_STRING => "OCTET STRING".to_owned(),
        tag::NULL => "NULL".to_owned(),
        tag::OBJECT_ID => "OBJECT IDENTIFIER".to_owned(),
        tag::SEQUENCE => "SEQUENCE".to_owned(),
        other => format!("tag 0x{other:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::dissect;
    use crate::snmp::{Binding, Message, Oid, Pdu, PduKind, Version};

    fn get() -> Vec<u8> {
        let object = Oid::from([1, 3, 6, 1, 2, 1, 1, 3, 0]);
        let body = Pdu::new(PduKind::Get, 7, vec![Binding::ask(object)]).into();
        Message::Community { version: Version::V2c, community: "hunter2".into(), body }.emit()
    }

    #[test]
    fn layers_are_lines() {
        let lines = dissect(&[&get(), &[1, 2][..]].concat());
        assert_eq!(
            lines,
            [
                "SNMP version 2c, community of 7 bytes",
                "  get, id 7",
                "    1.3.6.1.2.1.1.3.0 (sysUpTime.0) = nothing",
                "2 bytes more",
            ]
        );
    }

    #[test]
    fn a_community_never_shows() {
        let whole = get();
        for end in 0..whole.len() {
            let lines = dissect(&whole[..end]).join("\n");
            assert!(!lines.contains("hunter2") && !lines.contains("68756e74657232"), "{lines}");
        }
        let mut broken = whole.clone();
        broken[4] = 9;
        let lines = dissect(&broken);
        assert_eq!(
            lines[0],
            format!("{} bytes, not SNMP: byte 2: version: 9 cannot stand there", whole.len())
        );
        assert!(lines.contains(&"    OCTET STRING of 7 bytes".to_owned()), "{lines:#?}");
    }
}
