//! Requests and answers in the log's words: MIB names with their instance, values, and what they mean for power.

use std::borrow::Cow;
use std::fmt::Write;

use fencelab_wire::snmp::{Binding, Oid, Pdu, PduKind, Value, body};

use crate::spec::SnmpFace;
use crate::spec::snmp::{Cell, Content, Object};

/// More bindings than this are counted, not named: a walk has thousands.
const NAMED: usize = 4;

pub(super) fn request(spec: &SnmpFace, pdu: &Pdu) -> String {
    let mut text = pdu.kind.name().into_owned();
    if pdu.kind == PduKind::GetBulk {
        let _ = write!(text, "({},{})", pdu.non_repeaters(), pdu.max_repetitions());
    }
    let is_set = pdu.kind == PduKind::Set;
    list(&mut text, &pdu.bindings, |text, binding| {
        let (name, object) = named(spec, &binding.object);
        text.push_str(&name);
        if is_set {
            text.push_str(" = ");
            push_value(text, &binding.value);
            let order =
                object.and_then(|object| object.orders.iter().find(|(known, _)| *known == binding.value));
            if let Some((_, command)) = order {
                let _ = write!(text, " ({command})");
            }
        }
    });
    text
}

pub(super) fn response(spec: &SnmpFace, pdu: &Pdu) -> String {
    if !pdu.error.is_ok() {
        return format!("{} at {}", pdu.error, pdu.index);
    }
    let mut text = if pdu.kind == PduKind::Report { "report".to_owned() } else { "ok".to_owned() };
    list(&mut text, &pdu.bindings, |text, binding| {
        let (name, object) = named(spec, &binding.object);
        let _ = write!(text, "{name} = ");
        push_value(text, &binding.value);
        let meaning = match object.map(|object| &object.content) {
            Some(Content::Power(shows)) if shows.on == binding.value => " (on)",
            Some(Content::Power(shows)) if shows.off == binding.value => " (off)",
            _ => "",
        };
        text.push_str(meaning);
    });
    text
}

fn list(text: &mut String, bindings: &[Binding], mut push: impl FnMut(&mut String, &Binding)) {
    for (place, binding) in bindings.iter().enumerate().take(NAMED) {
        text.push_str(if place == 0 { " " } else { ", " });
        push(text, binding);
    }
    if let Some(more) = bindings.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
}

/// A row's label and object.
fn named<'a>(spec: &'a SnmpFace, oid: &Oid) -> (Cow<'a, str>, Option<&'a Object>) {
    let row = spec.table.find(oid).and_then(|index| spec.table.row(index));
    match row.map(|row| &row.cell) {
        Some(Cell::Described { object, label, .. }) => (Cow::Borrowed(label), spec.objects.get(*object)),
        Some(Cell::UpTime) => (Cow::Borrowed("sysUpTime.0"), None),
        _ => (Cow::Owned(oid.to_string()), None),
    }
}

fn push_value(text: &mut String, value: &Value) {
    let written = match value {
        Value::OctetString(octets) => match body::as_text(octets) {
            Some(known) => write!(text, "{:?}", known.get(..known.floor_char_boundary(80)).unwrap_or(known)),
            None => write!(text, "{} octets", octets.len()),
        },
        Value::ObjectId(oid) => write!(text, "{oid}"),
        Value::IpAddress([a, b, c, d]) => write!(text, "{a}.{b}.{c}.{d}"),
        Value::Null => write!(text, "null"),
        Value::NoSuchObject => write!(text, "no-such-object"),
        Value::NoSuchInstance => write!(text, "no-such-instance"),
        Value::EndOfMibView => write!(text, "end-of-mib-view"),
        Value::Opaque(octets) | Value::Unknown(_, octets) => write!(text, "{} octets", octets.len()),
        number => match number.as_number() {
            Some(number) => write!(text, "{number}"),
            None => Ok(()),
        },
    };
    let _ = written;
}
