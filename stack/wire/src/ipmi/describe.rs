//! One line for a person about what a transcript's object says: `Get Chassis Status → power on`.

use serde_json::Value;

use super::command::{self, Malformed, Told, completion};
use super::message::{Body, LanMessage, Request, Response};
use super::open_session;
use super::privilege::Privilege;
use super::rakp::{Rakp1, Rakp2, Rakp34};
use super::rmcpplus::{PayloadType, status_name};
use crate::hex::{hex, unhex};

/// What an object of a transcript says: `protocol` is `"ipmi"`, `"rmcp+"` or `"asf"`.
///
/// An object that cannot be read is described as such; nothing here fails.
#[must_use]
pub fn describe(protocol: &str, value: &Value) -> String {
    match protocol {
        "ipmi" => match serde_json::from_value::<LanMessage>(value.clone()) {
            Ok(message) => describe_message(&message),
            Err(error) => format!("not an ipmi message: {error}"),
        },
        "rmcp+" => {
            let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
            match (PayloadType::from_name(text("payload")), unhex(text("data"))) {
                (Some(kind), Ok(data)) => payload(kind, &data),
                (None, _) => format!("not a payload type: {:?}", text("payload")),
                (_, Err(error)) => format!("{}: {error}", text("payload")),
            }
        }
        "asf" => {
            match (value.get("type").and_then(Value::as_str), value.get("tag").and_then(Value::as_u64)) {
                (Some("ping"), Some(tag)) => format!("presence ping {tag}"),
                (Some("pong"), Some(tag)) => format!("presence pong {tag}"),
                (kind, _) => format!("asf {}", kind.unwrap_or("message without a type")),
            }
        }
        other => format!("{other} object"),
    }
}

/// What a message says, whichever way it goes.
#[must_use]
pub fn describe_message(message: &LanMessage) -> String {
    match &message.body {
        Body::Request(request) => describe_request(request),
        Body::Response(response) => describe_response(response),
    }
}

/// What is asked: `Chassis Control: power down`.
#[must_use]
pub fn describe_request(request: &Request) -> String {
    let (netfn, number) = (request.netfn.request().0, request.command);
    let told = command::tell_request(netfn, number, &request.data);
    let text = match told {
        Some(told) => told_text(told, &request.data),
        None => session_request(netfn, number, &request.data),
    };
    if text.is_empty() { request.name().into_owned() } else { format!("{}: {text}", request.name()) }
}

/// What is answered: `Get Chassis Status → power on, last event: AC failed`.
#[must_use]
pub fn describe_response(response: &Response) -> String {
    let (netfn, number) = (response.netfn.request().0, response.command);
    let name = response.name();
    if !response.completion.is_ok() {
        let meaning = completion::meaning(response.netfn, number, response.completion);
        return format!("{name} → error 0x{:02x}: {meaning}", response.completion.0);
    }
    let text = match command::tell_answer(netfn, number, &response.data) {
        Some(told) => told_text(told, &response.data),
        None => session_answer(netfn, number, &response.data),
    };
    format!("{name} → {}", if text.is_empty() { "done" } else { &text })
}

fn told_text(told: Result<Told, Malformed>, data: &[u8]) -> String {
    match told {
        Ok(told) => told.text,
        Err(_) if data.is_empty() => "no data".to_owned(),
        Err(error) => format!("{} ({error})", hex(data)),
    }
}

/// The commands of sessions, which have no types here: their state machines are in server and client.
fn session_request(netfn: u8, number: u8, data: &[u8]) -> String {
    match (netfn, number, data) {
        (0x06, 0x38, [channel, level, ..]) => {
            let version = if channel & 0x80 == 0 { "" } else { ", of IPMI 2.0" };
            format!("channel {}, level {}{version}", channel & 0x0f, Privilege::from_bits(*level))
        }
        (0x06, 0x39, [_, name @ ..]) => format!("user {:?}", text_of(name)),
        // The rest of an activation answers the challenge.
        (0x06, 0x3a, [_, level, ..]) => format!("level {}", Privilege::from_bits(*level)),
        (0x06, 0x3b, [0, ..]) => "present level".to_owned(),
        (0x06, 0x3b, [level, ..]) => Privilege::from_bits(*level).to_string(),
        (0x06, 0x3c, data) if data.len() >= 4 => format!("session {}", id_of(data)),
        (0x06, 0x54, [channel, _, index, ..]) => format!("channel {}, part {}", channel & 0x0f, index & 0x3f),
        // Passwords and keys.
        (0x06, 0x47 | 0x56, [_, ..]) => "not shown".to_owned(),
        _ => hex(data),
    }
}

fn session_answer(netfn: u8, number: u8, data: &[u8]) -> String {
    match (netfn, number, data) {
        (0x06, 0x38, [channel, types, _, extended, ..]) => {
            // The fourth byte tells the versions, if bit 7 of the second says so (IPMI 2.0, table 22-15).
            let version = match (types & 0x80, extended & 0x03) {
                (0, _) | (_, 0x01) => "1.5",
                (_, 0x02) => "2.0",
                _ => "1.5 and 2.0",
            };
            let names = ["none", "md2", "md5", "0x08", "password", "oem"];
            let types: Vec<_> = names
                .iter()
                .enumerate()
                .filter(|(bit, _)| types & 1 << bit != 0)
                .map(|(_, name)| *name)
                .collect();
            let types = if types.is_empty() { "by no 1.5 type".to_owned() } else { types.join(", ") };
            format!("channel {channel}, authentication {types}, IPMI {version}")
        }
        (0x06, 0x39, data) if data.len() >= 4 => format!("temporary session {}", id_of(data)),
        (0x06, 0x3a, [_, id @ ..]) if id.len() >= 4 => format!("session {}", id_of(id)),
        (0x06, 0x3b, [level, ..]) => Privilege::from_bits(*level).to_string(),
        _ => hex(data),
    }
}

fn id_of(bytes: &[u8]) -> String {
    bytes.first_chunk().map_or_else(String::new, |id| format!("0x{:08x}", u32::from_le_bytes(*id)))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

/// What a payload that sets a session up says. Authentication codes are not shown: they can be attacked.
pub(super) fn payload(kind: PayloadType, data: &[u8]) -> String {
    let refused = |status: u8| format!("{kind}: refused, 0x{status:02x}: {}", status_name(status));
    let known = match (kind, data) {
        (
            PayloadType::OpenSessionResponse | PayloadType::Rakp2 | PayloadType::Rakp3 | PayloadType::Rakp4,
            [_, status, ..],
        ) if *status != 0 => Some(refused(*status)),
        (PayloadType::OpenSessionRequest, data) => open_session::Request::parse(data).map(|open| {
            let suite = open.algorithms.suite();
            let (level, console) = (level(open.privilege), open.console);
            format!("{kind}: level {level}, {}, console session 0x{console:08x}", suite_text(suite))
        }),
        (PayloadType::OpenSessionResponse, data) => {
            open_session::Response::parse(data).and_then(|open| open.accepted).map(|(bmc, algorithms)| {
                format!("{kind}: {}, session 0x{bmc:08x}", suite_text(algorithms.suite()))
            })
        }
        (PayloadType::Rakp1, data) => Rakp1::parse(data).map(|rakp| {
            format!(
                "{kind}: user {:?}, level {}, session 0x{:08x}",
                text_of(&rakp.name),
                level(rakp.role),
                rakp.bmc
            )
        }),
        (PayloadType::Rakp2, data) => {
            let rakp = Rakp2::parse(data);
            rakp.and_then(|rakp| rakp.proof).map(|(_, guid)| format!("{kind}: GUID {}", hex(&guid)))
        }
        (PayloadType::Rakp3 | PayloadType::Rakp4, data) => {
            Rakp34::parse(data).map(|rakp| format!("{kind}: session 0x{:08x}", rakp.id))
        }
        _ => None,
    };
    known.unwrap_or_else(|| format!("{kind}: {} bytes", data.len()))
}

fn suite_text(suite: super::cipher_suite::Suite) -> String {
    let algorithms = format!("{}, {}, {}", suite.authentication, suite.integrity, suite.confidentiality);
    match suite.id() {
        Some(id) => format!("suite {id} ({algorithms})"),
        None => algorithms,
    }
}

fn level(byte: u8) -> String {
    match byte & 0x0f {
        0 => "highest".to_owned(),
        level => Privilege::from_bits(level).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use serde_json::json;

    #[test]
    fn messages_read_as_a_person_would_say_them() {
        for (value, said) in [
            (json!({"netfn": 0, "cmd": 1, "seq": 3, "data": ""}), "Get Chassis Status"),
            (
                json!({"netfn": 1, "cmd": 1, "seq": 3, "cc": 0, "data": "210100"}),
                "Get Chassis Status → power on, last event: AC failed",
            ),
            (
                json!({"netfn": 1, "cmd": 1, "seq": 3, "cc": 0, "data": "600000"}),
                "Get Chassis Status → power off",
            ),
            (json!({"netfn": 0, "cmd": 2, "seq": 3, "data": "00"}), "Chassis Control: power down"),
            (json!({"netfn": 1, "cmd": 2, "seq": 3, "cc": 0, "data": ""}), "Chassis Control → done"),
            (
                json!({"netfn": 1, "cmd": 2, "seq": 3, "cc": 0xd5, "data": ""}),
                "Chassis Control → error 0xd5: command not supported in present state",
            ),
            (
                json!({"netfn": 7, "cmd": 0x3a, "seq": 3, "cc": 0x81, "data": ""}),
                "Activate Session → error 0x81: no session slot available",
            ),
            (
                json!({"netfn": 6, "cmd": 0x3b, "seq": 3, "data": "04"}),
                "Set Session Privilege Level: administrator",
            ),
            (
                json!({"netfn": 7, "cmd": 0x38, "seq": 0, "cc": 0, "data": "0180040200000000"}),
                "Get Channel Authentication Capabilities → channel 1, authentication by no 1.5 type, IPMI 2.0",
            ),
            (
                json!({"netfn": 7, "cmd": 0x38, "seq": 0, "cc": 0, "data": "0194040300000000"}),
                "Get Channel Authentication Capabilities → channel 1, authentication md5, password, IPMI 1.5 and 2.0",
            ),
            (json!({"netfn": 0x2e, "cmd": 1, "seq": 3, "data": "0a1b"}), "OEM group cmd 0x01: 0a1b"),
            (
                json!({"netfn": 1, "cmd": 1, "seq": 3, "cc": 0, "data": "01"}),
                "Get Chassis Status → 01 (Status: 1 bytes are too few, 2 are needed)",
            ),
        ] {
            assert_eq!(describe("ipmi", &value), said);
        }
    }

    #[test]
    fn passwords_are_not_said() {
        let set = json!({"netfn": 6, "cmd": 0x47, "seq": 1, "data": "0202736563726574"});
        assert_eq!(describe("ipmi", &set), "Set User Password: not shown");
    }

    #[test]
    fn whatever_is_not_understood_is_said_to_be_so() {
        assert!(describe("ipmi", &json!({"netfn": 0})).starts_with("not an ipmi message: "));
        assert_eq!(
            describe("rmcp+", &json!({"payload": "rakp-2", "data": "0012"})),
            "rakp-2: refused, 0x12: illegal or unrecognized parameter"
        );
        assert_eq!(describe("asf", &json!({"type": "ping", "tag": 3, "data": ""})), "presence ping 3");
        assert_eq!(describe("snmp", &json!({})), "snmp object");
    }
}
