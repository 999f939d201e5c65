//! Redaction: placeholders in place of secrets, at the time of capture.
//!
//! Characters become [`PLACEHOLDER`], which has always the same width so that the length of the
//! secret does not leak. Bytes are masked one by one and keep their width, which is the protocol's.

use std::ops::Range;

use serde_json::Value;

use crate::scan::{HEX, Scan, as_bytes, hex_element, join};
use crate::{Body, Bytes, Event, Kind, Map};

/// What stands in place of secret characters, whatever their number.
pub const PLACEHOLDER: &str = "********";

/// Names of fields whose value is a secret wherever they stand; compared without regard to case,
/// `-` and `_`.
pub const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "community",
    "kg",
    "authkey",
    "privkey",
    "privatekey",
    "token",
    "xauthtoken",
    "authorization",
    "cookie",
    "setcookie",
];

/// Replaces secrets in events: those it knows wherever they stand, and the values of fields that
/// hold secrets by their nature.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    scan: Scan,
    fields: Vec<String>,
}

impl Redactor {
    /// Knows these secrets and the fields of [`SECRET_NAMES`] and [`secret_range`].
    pub fn new(scan: Scan) -> Self {
        Self { scan, fields: Vec::new() }
    }

    /// The same with one more field to redact, as a path of names with points between that starts
    /// with `open`, `text`, `hex` or the protocol's name.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        self.fields.push(path.into());
        self
    }

    /// One more secret, under a name that may be shown.
    pub fn know(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let scan = std::mem::take(&mut self.scan);
        self.scan = scan.with(name, secret);
    }

    /// The secrets it knows.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Redacts an event; answers which fields were touched, each once.
    pub fn redact(&self, event: &mut Event) -> Vec<String> {
        let mut pass = Pass { redactor: self, touched: Vec::new() };
        match &mut event.kind {
            Kind::Open(details) => pass.map("open", details),
            Kind::Say { body: Body::Text(text), .. } => pass.text("text", text),
            Kind::Say { body: Body::Hex(bytes), .. } => pass.bytes("hex", bytes),
            Kind::Say { body: Body::Object { protocol, value }, .. } => {
                if mask_range(protocol, value) {
                    pass.touch(&format!("{protocol}.data"));
                }
                pass.value(protocol, value);
            }
            Kind::Mark(mark) => {
                for (field, text) in [("action", &mut mark.action), ("plug", &mut mark.plug)] {
                    if let Some(text) = text {
                        pass.text(field, text);
                    }
                }
                pass.map("before", &mut mark.before);
                pass.map("after", &mut mark.after);
            }
            Kind::Close(_) | Kind::Other => {}
        }
        pass.map("", &mut event.extra);
        pass.touched
    }

    /// The last resort for an event that still holds a secret somewhere: every character and byte of
    /// what was said is masked; when, who and how much stays.
    pub fn blank(event: &mut Event) {
        match &mut event.kind {
            Kind::Open(details) => details.values_mut().for_each(blank_value),
            Kind::Say { body: Body::Text(text), .. } => PLACEHOLDER.clone_into(text),
            Kind::Say { body: Body::Hex(bytes), .. } => bytes.0.fill(None),
            Kind::Say { body: Body::Object { value, .. }, .. } => blank_value(value),
            Kind::Mark(mark) => mark.before.values_mut().chain(mark.after.values_mut()).for_each(blank_value),
            Kind::Close(_) | Kind::Other => {}
        }
        event.extra.clear();
    }
}

/// Which bytes of `data` hold something that must not be kept in a message of a known protocol:
/// * `rmcp+`: the authentication codes of RAKP 2, 3 and 4 (IPMI 2.0, 13.21 to 13.23), from which a
///   password can be searched for at leisure;
/// * `ipmi`: the password of Set User Password (22.30), the keys of Set Channel Security Keys (22.25)
///   and the community of Set LAN Configuration Parameters (23.1, parameter 16).
pub fn secret_range(protocol: &str, value: &Value) -> Option<Range<usize>> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let from = match protocol {
        "rmcp+" => match value.get("payload")?.as_str()? {
            "rakp-2" => 40,
            "rakp-3" | "rakp-4" => 8,
            _ => return None,
        },
        "ipmi" => match (number("netfn")?, number("cmd")?) {
            (0x06, 0x47) => 2,
            (0x06, 0x56) => 3,
            (0x07, 0x56) => 1,
            (0x0c, 0x01) if value.get("data")?.as_str()?.get(2..4) == Some("10") => 2,
            _ => return None,
        },
        _ => return None,
    };
    let data: Bytes = value.get("data")?.as_str()?.parse().ok()?;
    (data.len() > from).then(|| from..data.len())
}

/// Whether a field's name says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_NAMES.contains(&plain.as_str())
}

/// Whether a value is what redaction leaves: a placeholder, masked bytes, or nothing.
pub fn is_masked(text: &str) -> bool {
    text == PLACEHOLDER || text.chars().all(|c| c == 'x')
}

fn mask_range(protocol: &str, value: &mut Value) -> bool {
    let Some(range) = secret_range(protocol, value) else { return false };
    let Some(Value::String(data)) = value.get_mut("data") else { return false };
    let Ok(mut bytes) = data.parse::<Bytes>() else { return false };
    let touched = bytes.mask(range);
    *data = bytes.to_string();
    touched
}

fn blank_value(value: &mut Value) {
    match value {
        Value::String(text) => match text.parse::<Bytes>() {
            Ok(bytes) => *text = "xx".repeat(bytes.len()),
            Err(_) => PLACEHOLDER.clone_into(text),
        },
        Value::Array(list) => list.iter_mut().for_each(blank_value),
        Value::Object(map) => map.values_mut().for_each(blank_value),
        _ => {}
    }
}

/// One walk through one event.
struct Pass<'a> {
    redactor: &'a Redactor,
    touched: Vec<String>,
}

impl Pass<'_> {
    fn touch(&mut self, field: &str) {
        if !self.touched.iter().any(|touched| touched == field) {
            self.touched.push(field.into());
        }
    }

    fn is_secret(&self, field: &str) -> bool {
        let name = field.rsplit('.').next().unwrap_or(field);
        is_secret_name(name) || self.redactor.fields.iter().any(|path| path == field)
    }

    fn text(&mut self, field: &str, text: &mut String) {
        if let Some(mut bytes) = as_bytes(field, text) {
            self.bytes(field, &mut bytes);
            *text = bytes.to_string();
            return;
        }
        if self.is_secret(field) {
            if !is_masked(text) {
                PLACEHOLDER.clone_into(text);
                self.touch(field);
            }
            return;
        }
        let mut ranges: Vec<_> =
            self.redactor.scan.in_text(text).into_iter().map(|(_, range)| range).collect();
        if ranges.is_empty() {
            return;
        }
        ranges.sort_by_key(|range| range.start);
        let (mut kept, mut at) = (String::new(), 0);
        for range in ranges {
            if range.end <= at {
                continue;
            }
            if range.start >= at {
                // The forms that are looked for start and end between characters.
                kept.push_str(text.get(at..range.start).unwrap_or_default());
                kept.push_str(PLACEHOLDER);
            }
            at = range.end;
        }
        kept.push_str(text.get(at..).unwrap_or_default());
        *text = kept;
        self.touch(field);
    }

    fn bytes(&mut self, field: &str, bytes: &mut Bytes) {
        let whole = if self.is_secret(field) { Some(0..bytes.len()) } else { None };
        let found: Vec<_> = self.redactor.scan.in_bytes(bytes).into_iter().map(|(_, range)| range).collect();
        let mut fresh = false;
        for range in found.into_iter().chain(whole) {
            fresh |= bytes.mask(range);
        }
        if fresh {
            self.touch(field);
        }
    }

    fn map(&mut self, field: &str, map: &mut Map) {
        if map.keys().any(|name| !self.redactor.scan.in_text(name).is_empty()) {
            // Two names may become the same; the number keeps both values.
            let named = std::mem::take(map).into_iter().enumerate().map(|(number, (name, value))| {
                let secret = !self.redactor.scan.in_text(&name).is_empty();
                (if secret { format!("{PLACEHOLDER}{number}") } else { name }, value)
            });
            *map = named.collect();
            self.touch(field);
        }
        for (name, value) in map.iter_mut() {
            self.value(&join(field, name), value);
        }
    }

    fn value(&mut self, field: &str, value: &mut Value) {
        match value {
            Value::String(text) => self.text(field, text),
            Value::Array(list) => {
                let (hex, longer) = (hex_element(list), join(field, HEX));
                for (place, item) in list.iter_mut().enumerate() {
                    let is_hex = hex == Some(place);
                    self.value(if is_hex { &longer } else { field }, item);
                }
            }
            Value::Object(map) => self.map(field, map),
            Value::Number(_) if self.is_secret(field) => {
                *value = PLACEHOLDER.into();
                self.touch(field);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::Side;

    fn say(protocol: &str, value: Value) -> Event {
        Event::say_object(Duration::ZERO, 1, Side::Agent, protocol, value)
    }

    #[test]
    fn known_secrets_are_replaced_wherever_they_stand() {
        let redactor = Redactor::new(Scan::new().with("password", "calvin"));
        let mut text = Event::say_text(Duration::ZERO, 1, Side::Agent, "login root/calvin and CALVIN\r\n");
        assert_eq!(redactor.redact(&mut text), ["text"]);
        assert_eq!(
            text,
            Event::say_text(Duration::ZERO, 1, Side::Agent, "login root/******** and ********\r\n")
        );
        let mut hex = Event::say_hex(Duration::ZERO, 1, Side::Agent, b"\x01calvin\0");
        assert_eq!(redactor.redact(&mut hex), ["hex"]);
        assert!(
            matches!(&hex.kind, Kind::Say { body: Body::Hex(bytes), .. } if bytes.to_string() == "01xxxxxxxxxxxx00")
        );
        let mut object =
            say("ipmi", json!({"netfn": 4, "cmd": 1, "data": "0063616c76696e"})).with("note", "calvin");
        assert_eq!(redactor.redact(&mut object), ["ipmi.data", "note"]);
        assert_eq!(
            object,
            say("ipmi", json!({"netfn": 4, "cmd": 1, "data": "00xxxxxxxxxxxx"})).with("note", PLACEHOLDER)
        );
        for event in [text, hex, object] {
            assert_eq!(redactor.scan().event(&event), []);
            assert_eq!(redactor.redact(&mut event.clone()), [""; 0], "nothing is redacted twice");
        }
    }

    #[test]
    fn fields_that_hold_secrets_are_replaced_by_name() {
        let redactor = Redactor::new(Scan::new()).field("open.user");
        let details = json!({"user": "admin", "community": "public", "Auth-Key": 17, "cipher": 3});
        let mut event = Event::open(Duration::ZERO, 1, details.as_object().unwrap().clone());
        assert_eq!(redactor.redact(&mut event), ["open.user", "open.community", "open.Auth-Key"]);
        let Kind::Open(details) = event.kind else { unreachable!() };
        assert_eq!(
            Value::Object(details),
            json!({"user": PLACEHOLDER, "community": PLACEHOLDER, "Auth-Key": PLACEHOLDER, "cipher": 3})
        );
    }

    #[test]
    fn octets_of_snmp_are_masked_byte_by_byte() {
        let redactor = Redactor::new(Scan::new().with("password", "calvin"));
        let vars = json!([["1.3.6", "hex", "0063616c76696eff"], ["1.3.7", "string", "a calvin"]]);
        let mut event = say("snmp", json!({"pdu": "set", "id": 1, "vars": vars}));
        redactor.redact(&mut event);
        let masked = json!([["1.3.6", "hex", "00xxxxxxxxxxxxff"], ["1.3.7", "string", "a ********"]]);
        assert_eq!(event, say("snmp", json!({"pdu": "set", "id": 1, "vars": masked})));
    }

    #[test]
    fn authentication_codes_and_passwords_of_ipmi_are_masked() {
        let redactor = Redactor::default();
        let data = "00".repeat(60);
        for (value, kept) in [
            (json!({"payload": "rakp-2", "data": data}), Some(40)),
            (json!({"payload": "rakp-3", "data": data}), Some(8)),
            (json!({"payload": "rakp-4", "data": data}), Some(8)),
            (json!({"payload": "rakp-1", "data": data}), None),
        ] {
            let mut event = say("rmcp+", value);
            let touched = redactor.redact(&mut event);
            let Kind::Say { body: Body::Object { value, .. }, .. } = event.kind else { unreachable!() };
            let kept_data = kept.map_or(data.clone(), |kept| "00".repeat(kept) + &"xx".repeat(60 - kept));
            assert_eq!(
                (value["data"].as_str(), touched.len()),
                (Some(kept_data.as_str()), usize::from(kept.is_some()))
            );
        }
        for (netfn, cmd, data, masked) in [
            (6, 0x47, "020268656c6c6f", "0202xxxxxxxxxx"),
            (6, 0x56, "010101aaaa", "010101xxxx"),
            (7, 0x56, "01aaaa", "01xxxx"),
            (12, 1, "01107075", "0110xxxx"),
            (12, 1, "01117075", "01117075"),
            (0, 1, "01107075", "01107075"),
        ] {
            let mut event = say("ipmi", json!({"netfn": netfn, "cmd": cmd, "seq": 1, "data": data}));
            redactor.redact(&mut event);
            assert_eq!(event, say("ipmi", json!({"netfn": netfn, "cmd": cmd, "seq": 1, "data": masked})));
        }
    }

    #[test]
    fn blanked_events_hold_nothing() {
        let mut event = say("http", json!({"headers": {"calvin": "x"}, "body": "calvin", "data": "63616c"}))
            .with("k", "calvin");
        Redactor::blank(&mut event);
        assert_eq!(
            event,
            say("http", json!({"headers": {"calvin": PLACEHOLDER}, "body": PLACEHOLDER, "data": "xxxxxx"}))
        );
    }
}
