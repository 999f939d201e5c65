//! One line for a person about a PDU: `set ifAdminStatus.3 = 2`, `→ sysUpTime.0 = 4711 ticks`.

use serde_json::Value as Json;

use super::{Binding, Body, Oid, Pdu, PduKind, TrapV1, Value, body, name};
use crate::hex::hex;

/// What the `snmp` object of a transcript says. An object that cannot be read is described as such.
#[must_use]
pub fn describe(value: &Json) -> String {
    match body::from_json(value) {
        Ok((said, context)) if context.is_empty() => describe_body(&said),
        Ok((said, context)) => {
            format!("{}, in context {:?}", describe_body(&said), String::from_utf8_lossy(&context))
        }
        Err(error) => format!("not an snmp message: {error}"),
    }
}

/// What is asked, answered or told.
#[must_use]
pub fn describe_body(body: &Body) -> String {
    match body {
        Body::Pdu(pdu) => describe_pdu(pdu),
        Body::TrapV1(trap) => describe_trap(trap),
    }
}

/// Bindings that are told; of more, only how many there are.
const BINDINGS_MAX: usize = 4;
/// Characters of a text, bytes of octets that are told.
const TEXT_MAX: usize = 60;

fn describe_pdu(pdu: &Pdu) -> String {
    match pdu.kind {
        PduKind::Get | PduKind::GetNext if pdu.bindings.is_empty() => format!("{}: nothing", pdu.kind.name()),
        PduKind::Get | PduKind::GetNext => format!("{} {}", pdu.kind.name(), objects(&pdu.bindings)),
        PduKind::GetBulk => {
            let (once, often) = (pdu.non_repeaters(), pdu.max_repetitions());
            let once = if once == 0 { String::new() } else { format!("{once} once, ") };
            format!("get-bulk {} ({once}{often} times)", objects(&pdu.bindings))
        }
        PduKind::Response if pdu.error.is_ok() => format!("→ {}", values(&pdu.bindings)),
        PduKind::Response => {
            let place = usize::try_from(pdu.index).ok().and_then(|index| index.checked_sub(1));
            let about = place.and_then(|place| pdu.bindings.get(place));
            let about =
                about.map_or(String::new(), |binding| format!(" about {}", name::display(&binding.object)));
            let meaning = pdu.error.meaning().map_or(String::new(), |meaning| format!(": {meaning}"));
            format!("→ error {}{about}{meaning}", pdu.error)
        }
        _ => format!("{} {}", pdu.kind.name(), values(&pdu.bindings)),
    }
}

fn describe_trap(trap: &TrapV1) -> String {
    const GENERIC: [&str; 6] =
        ["coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss"];
    let [a, b, c, d] = trap.agent;
    let generic = usize::try_from(trap.generic).ok().and_then(|number| GENERIC.get(number));
    let kind = match generic {
        Some(generic) => (*generic).to_owned(),
        None => format!("{} {}", name::display(&trap.enterprise), trap.specific),
    };
    let told = if trap.bindings.is_empty() { String::new() } else { format!(": {}", values(&trap.bindings)) };
    format!("trap {kind} of {a}.{b}.{c}.{d}{told}")
}

fn objects(bindings: &[Binding]) -> String {
    list(bindings, |binding| name::display(&binding.object))
}

fn values(bindings: &[Binding]) -> String {
    if bindings.is_empty() {
        return "nothing".to_owned();
    }
    list(bindings, |binding| {
        format!("{} = {}", name::display(&binding.object), describe_value(&binding.value))
    })
}

fn list(bindings: &[Binding], one: impl Fn(&Binding) -> String) -> String {
    let mut told: Vec<String> = bindings.iter().take(BINDINGS_MAX).map(one).collect();
    if bindings.len() > BINDINGS_MAX {
        told.push(format!("{} more", bindings.len() - BINDINGS_MAX));
    }
    told.join(", ")
}

/// A value as a person reads it: `2`, `"Outlet 3"`, `sysDescr.0`, `no such object`.
#[must_use]
pub fn describe_value(value: &Value) -> String {
    match value {
        Value::OctetString(bytes) => match body::as_text(bytes) {
            Some(text) => quoted(text),
            None => octets(bytes),
        },
        Value::Null => "nothing".to_owned(),
        Value::ObjectId(oid) => name::display(oid),
        Value::IpAddress([a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
        Value::TimeTicks(ticks) => format!("{ticks} ticks"),
        Value::Opaque(bytes) => format!("opaque {}", octets(bytes)),
        Value::NoSuchObject => "no such object".to_owned(),
        Value::NoSuchInstance => "no such instance".to_owned(),
        Value::EndOfMibView => "the end of the walk".to_owned(),
        Value::Unknown(tag, bytes) => format!("type 0x{tag:02x} {}", octets(bytes)),
        number => number.as_number().unwrap_or_default().to_string(),
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn octets(bytes: &[u8]) -> String {
    match bytes.get(..TEXT_MAX) {
        Some(first) if bytes.len() > TEXT_MAX => format!("{}… ({} bytes)", hex(first), bytes.len()),
        _ if bytes.is_empty() => "no bytes".to_owned(),
        _ => hex(bytes),
    }
}

/// An object with its name, if that says more: `1.3.6.1.2.1.1.3.0 (sysUpTime.0)`.
pub(super) fn object(oid: &Oid) -> String {
    let (number, name) = (oid.to_string(), name::display(oid));
    if number == name { number } else { format!("{number} ({name})") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::describe;

    #[test]
    fn one_line_each() {
        let oid = "1.3.6.1.2.1.1.3.0";
        let many: Vec<_> = (1..=6).map(|port| json!([format!("1.3.6.1.2.1.2.2.1.7.{port}")])).collect();
        for (said, told) in [
            (json!({"pdu": "get", "id": 1, "vars": [[oid]]}), "get sysUpTime.0"),
            (json!({"pdu": "get", "id": 1, "vars": []}), "get: nothing"),
            (
                json!({"pdu": "get-next", "id": 1, "vars": many, "context": "lab"}),
                "get-next ifAdminStatus.1, ifAdminStatus.2, ifAdminStatus.3, ifAdminStatus.4, 2 more, in context \"lab\"",
            ),
            (
                json!({"pdu": "get-bulk", "id": 1, "repeat": [1, 10], "vars": [[oid]]}),
                "get-bulk sysUpTime.0 (1 once, 10 times)",
            ),
            (
                json!({"pdu": "set", "id": 1, "vars": [["1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.3", "integer", 2]]}),
                "set rPDUOutletControlOutletCommand.3 = 2",
            ),
            (
                json!({"pdu": "response", "id": 1, "vars": [[oid, "ticks", 5], ["1.3", "hex", "00ff"], ["1.3.6", "no-such-object"]]}),
                "→ sysUpTime.0 = 5 ticks, 1.3 = 00ff, 1.3.6 = no such object",
            ),
            (
                json!({"pdu": "response", "id": 1, "error": "no-such-name", "index": 1, "vars": [[oid]]}),
                "→ error no-such-name about sysUpTime.0: there is no such object, or it must not be seen or written",
            ),
            (json!({"pdu": "response", "id": 1, "error": 99, "index": 7, "vars": []}), "→ error 99"),
            (
                json!({"pdu": "report", "id": 1, "vars": [["1.3.6.1.6.3.15.1.1.4.0", "counter", 3]]}),
                "report usmStatsUnknownEngineIDs.0 = 3",
            ),
            (
                json!({"pdu": "trap-v1", "enterprise": "1.3.6.1.4.1.318", "agent": "10.0.0.1", "generic": 6,
                       "specific": 5, "ticks": 1, "vars": [[oid, "string", "x"]]}),
                "trap enterprises.318 5 of 10.0.0.1: sysUpTime.0 = \"x\"",
            ),
            (json!({"pdu": "get"}), "not an snmp message: `id` is missing"),
        ] {
            assert_eq!(describe(&said), told);
        }
    }
}
