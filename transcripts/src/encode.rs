//! A header or an event into its one canonical line.

use serde_json::Value;

use crate::decode::{BODIES, KINDS};
use crate::{Body, Event, Header, Kind, Map};

/// Writes `{"name":value,…}` field by field, skipping a name that stands already.
struct Line {
    text: String,
    names: Vec<String>,
}

impl Line {
    fn new() -> Self {
        Self { text: "{".into(), names: Vec::new() }
    }

    fn raw(&mut self, name: &str, json: &str) {
        if self.names.iter().any(|n| n == name) {
            return;
        }
        if !self.names.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(&Value::from(name).to_string());
        self.text.push(':');
        self.text.push_str(json);
        self.names.push(name.into());
    }

    fn put(&mut self, name: &str, value: &Value) {
        self.raw(name, &value.to_string());
    }

    fn string(&mut self, name: &str, value: &str) {
        self.put(name, &value.into());
    }

    fn optional(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    fn some(&mut self, name: &str, map: &Map) {
        if !map.is_empty() {
            self.raw(name, &object(map));
        }
    }

    fn extra(&mut self, map: &Map) {
        for (name, value) in map {
            self.put(name, value);
        }
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// The header's line, without a line feed.
pub(crate) fn header(header: &Header) -> String {
    let mut device = Line::new();
    device.string("vendor", &header.device.vendor);
    device.string("model", &header.device.model);
    device.optional("firmware", header.device.firmware.as_ref());
    device.extra(&header.device.extra);
    let mut link = Line::new();
    link.string("protocol", &header.link.protocol);
    link.string("transport", &header.link.transport);
    if let Some(port) = header.link.port {
        link.put("port", &port.into());
    }
    link.extra(&header.link.extra);

    let mut line = Line::new();
    line.string("transcript", &header.version.to_string());
    line.raw("device", &device.end());
    line.raw("link", &link.end());
    if let Some(speaker) = &header.speaker {
        let mut inner = Line::new();
        inner.string("name", &speaker.name);
        inner.optional("version", speaker.version.as_ref());
        inner.extra(&speaker.extra);
        line.raw("speaker", &inner.end());
    }
    line.optional("captured", header.captured.as_ref());
    line.optional("by", header.by.as_ref());
    line.optional("licence", header.licence.as_ref());
    line.optional("provenance", header.provenance.as_ref());
    if !header.redacted.is_empty() {
        line.put("redacted", &header.redacted.clone().into());
    }
    line.extra(&header.extra);
    line.end()
}

/// The event's line, without a line feed.
pub(crate) fn event(event: &Event) -> String {
    let mut line = Line::new();
    line.raw("t", &seconds(event.at.as_micros()));
    line.put("s", &event.session.into());
    match &event.kind {
        Kind::Open(details) => line.raw("open", &object(details)),
        Kind::Close(side) => line.string("close", side.name()),
        Kind::Say { from, body } => {
            line.string("from", from.name());
            match body {
                Body::Text(text) => line.string("text", text),
                Body::Hex(bytes) => line.string("hex", &bytes.to_string()),
                Body::Object { protocol, value } => line.put(protocol, value),
            }
        }
        Kind::Mark(mark) => {
            line.string("mark", &mark.phase);
            line.optional("action", mark.action.as_ref());
            line.optional("plug", mark.plug.as_ref());
            line.some("before", &mark.before);
            if let Some(exit) = mark.exit {
                line.put("exit", &exit.into());
            }
            line.some("after", &mark.after);
        }
        Kind::Other => {}
    }
    line.extra(&event.extra);
    line.end()
}

/// Why an event would not be read back as it is, if so.
pub(crate) fn problem(event: &Event) -> Option<String> {
    let own: &[&str] = match &event.kind {
        Kind::Mark(_) => &["action", "plug", "before", "exit", "after"],
        Kind::Say { .. } => &BODIES,
        Kind::Other => return Some("its kind is unknown to this version".into()),
        _ => &[],
    };
    let reserved = |name: &str| ["t", "s"].contains(&name) || KINDS.contains(&name);
    if let Some(name) = event.extra.keys().find(|name| reserved(name) || own.contains(&name.as_str())) {
        return Some(format!("the extra field `{name}` has the name of a field of the format"));
    }
    if event.at.as_secs() >= 1_000_000_000 {
        return Some("`t` is beyond 1e9 seconds".into());
    }
    if let Kind::Say { body: Body::Object { protocol, value }, .. } = &event.kind {
        if reserved(protocol) || protocol == "text" || protocol == "hex" {
            return Some(format!("`{protocol}` is not the name of a protocol"));
        }
        if !value.is_object() && !value.is_array() {
            return Some(format!("`{protocol}` is neither an object nor an array"));
        }
        if event.extra.contains_key(protocol) {
            return Some(format!("the extra field `{protocol}` has the name of the body"));
        }
    }
    None
}

fn object(map: &Map) -> String {
    // Writing an object of strings, numbers and the like to memory cannot fail.
    serde_json::to_string(map).unwrap_or_default()
}

/// Seconds with one to six digits after the point, as in `0.0`, `0.25` and `1.000001`.
fn seconds(micros: u128) -> String {
    let fraction = format!("{:06}", micros % 1_000_000);
    let kept = fraction.trim_end_matches('0');
    format!("{}.{}", micros / 1_000_000, if kept.is_empty() { "0" } else { kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_decimal() {
        for (micros, text) in [
            (0, "0.0"),
            (1, "0.000001"),
            (250_000, "0.25"),
            (1_238_100, "1.2381"),
            (60_000_000, "60.0"),
            (999_999_999_999_999, "999999999.999999"),
        ] {
            assert_eq!(seconds(micros), text);
        }
    }
}
