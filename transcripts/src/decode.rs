//! One line of JSON into a header or an event.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Place};
use crate::{
    Body, Bytes, DeviceIdentity, Event, Header, Kind, LinkInfo, Map, Mark, Side, Speaker, Version, json,
};

/// Times at and above this many seconds (31 years) are no times of a recording.
const LATEST_S: f64 = 1e9;

/// Fields that say which kind an event is; exactly one of them stands in an event.
pub(crate) const KINDS: [&str; 4] = ["open", "close", "from", "mark"];

/// Fields that are bodies wherever they stand. Any other field is a body only if no one of these is
/// there and it is the first further field that holds an object or an array.
pub(crate) const BODIES: [&str; 6] = ["text", "hex", "ipmi", "rmcp+", "asf", "snmp"];

/// What is wrong with a line that is an object.
pub(crate) struct Bad {
    pub(crate) path: Vec<&'static str>,
    pub(crate) what: String,
    pub(crate) mend: String,
}

impl Bad {
    fn new(path: &[&'static str], what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { path: path.to_vec(), what: what.into(), mend: mend.into() }
    }

    /// The same with its place.
    pub(crate) fn at(self, file: &str, line: usize, text: &str) -> Error {
        let column = json::column(text, json::locate(text, &self.path));
        Error::Line {
            place: Place { file: file.into(), line, column },
            field: (!self.path.is_empty()).then(|| self.path.join(".")),
            what: self.what,
            mend: self.mend,
        }
    }
}

/// Reads a line as the header.
pub(crate) fn header_line(file: &str, line: usize, text: &str) -> Result<Header, Error> {
    let map = object(file, line, text)?;
    header(map).map_err(|bad| bad.at(file, line, text))
}

/// Reads a line as an event of a transcript of that version.
pub(crate) fn event_line(file: &str, line: usize, text: &str, version: Version) -> Result<Event, Error> {
    let map = object(file, line, text)?;
    event(map, version).map_err(|bad| bad.at(file, line, text))
}

fn object(file: &str, line: usize, text: &str) -> Result<Map, Error> {
    json::object(text).map_err(|syntax| Error::Line {
        place: Place { file: file.into(), line, column: json::column(text, syntax.offset) },
        field: None,
        what: syntax.what,
        mend: syntax.mend,
    })
}

fn header(mut map: Map) -> Result<Header, Bad> {
    let mut top = Fields { map: &mut map, path: &[] };
    let version = top.required("transcript", "\"transcript\":\"1.0\"")?;
    let version: Version = version.parse().map_err(|()| {
        Bad::new(
            &["transcript"],
            format!("is {version:?}, not a version"),
            "write major.minor, such as \"1.0\"",
        )
    })?;
    if !version.is_readable() {
        return Err(Bad::new(
            &["transcript"],
            format!("is {version}, and this program reads only {}.x", Version::CURRENT.major),
            "use a fencelab that knows this version",
        ));
    }
    let mut device = top.object("device")?.ok_or_else(|| missing("device", "{\"vendor\":…,\"model\":…}"))?;
    let mut fields = Fields { map: &mut device, path: &["device"] };
    let device = DeviceIdentity {
        vendor: fields.required("vendor", "the device's maker")?,
        model: fields.required("model", "the device's model")?,
        firmware: fields.string("firmware")?,
        extra: device,
    };
    let mut link = top.object("link")?.ok_or_else(|| missing("link", "{\"protocol\":…,\"transport\":…}"))?;
    let mut fields = Fields { map: &mut link, path: &["link"] };
    let link = LinkInfo {
        protocol: fields.required("protocol", "the protocol, such as \"ipmi\"")?,
        transport: fields.required("transport", "the transport, such as \"udp\"")?,
        port: fields.integer("port", "a port, 0 to 65535")?,
        extra: link,
    };
    let speaker = match top.object("speaker")? {
        None => None,
        Some(mut speaker) => {
            let mut fields = Fields { map: &mut speaker, path: &["speaker"] };
            let name = fields.required("name", "the program that spoke")?;
            Some(Speaker { name, version: fields.string("version")?, extra: speaker })
        }
    };
    Ok(Header {
        version,
        device,
        link,
        speaker,
        captured: top.string("captured")?,
        by: top.string("by")?,
        licence: top.string("licence")?,
        provenance: top.string("provenance")?,
        redacted: top.strings("redacted")?,
        extra: map,
    })
}

fn event(map: Map, version: Version) -> Result<Event, Bad> {
    let kept = map.clone();
    match known_event(map) {
        // What a newer minor has invented is kept, as long as it has a time and a session.
        Err(bad) if version > Version::CURRENT => other_event(kept).map_err(|_| bad),
        result => result,
    }
}

fn other_event(mut map: Map) -> Result<Event, Bad> {
    let (at, session) = time_and_session(&mut map)?;
    Ok(Event { at, session, kind: Kind::Other, extra: map })
}

fn time_and_session(map: &mut Map) -> Result<(Duration, u32), Bad> {
    let at = match map.shift_remove("t") {
        Some(Value::Number(t)) => t.as_f64().unwrap_or(f64::NAN),
        Some(_) => {
            return Err(Bad::new(&["t"], "is not a number", "write seconds from the start, such as 0.25"));
        }
        None => return Err(missing("t", "seconds from the start, such as 0.25")),
    };
    if !(0.0..LATEST_S).contains(&at) {
        return Err(Bad::new(
            &["t"],
            "is not a time of a recording",
            "write seconds from the start, from 0 to 1e9",
        ));
    }
    // The range check above makes the cast exact.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ at < 1e9, so below 2⁵³")]
    let at = Duration::from_micros((at * 1e6).round() as u64);
    let mut fields = Fields { map, path: &[] };
    let session = fields.integer("s", "a session's number, or 0 for none")?;
    Ok((at, session.ok_or_else(|| missing("s", "the session's number, or 0 for none"))?))
}

fn known_event(mut map: Map) -> Result<Event, Bad> {
    let (at, session) = time_and_session(&mut map)?;
    let mut kinds = KINDS.into_iter().filter(|kind| map.contains_key(*kind));
    let kind = kinds.next().ok_or_else(|| {
        Bad::new(
            &[],
            "the event has none of `open`, `close`, `from` and `mark`",
            "say what happened by one of them",
        )
    })?;
    if let Some(second) = kinds.next() {
        return Err(Bad::new(&[second], format!("stands beside `{kind}`"), "write two events"));
    }
    let mut fields = Fields { map: &mut map, path: &[] };
    let kind = match kind {
        "open" => Kind::Open(fields.object("open")?.unwrap_or_default()),
        "close" => Kind::Close(fields.side("close")?),
        "from" => Kind::Say { from: fields.side("from")?, body: body(fields.map)? },
        _ => Kind::Mark(Mark {
            phase: fields.required("mark", "\"begin\", \"end\" or \"note\"")?,
            action: fields.string("action")?,
            plug: fields.string("plug")?,
            before: fields.object("before")?.unwrap_or_default(),
            exit: fields.integer("exit", "an exit code")?,
            after: fields.object("after")?.unwrap_or_default(),
        }),
    };
    Ok(Event { at, session, kind, extra: map })
}

fn body(map: &mut Map) -> Result<Body, Bad> {
    let mut known = BODIES.into_iter().filter(|name| map.contains_key(*name));
    let name = match known.next() {
        Some(name) => match known.next() {
            Some(second) => {
                return Err(Bad::new(
                    &[second],
                    format!("is a second body beside `{name}`"),
                    "write two events",
                ));
            }
            None => name.to_owned(),
        },
        None => {
            map.iter().find(|(_, v)| v.is_object() || v.is_array()).map(|(name, _)| name.clone()).ok_or_else(
                || Bad::new(&["from"], "says nothing", "add one of `text`, `hex` and a protocol's object"),
            )?
        }
    };
    match (name.as_str(), map.shift_remove(&name)) {
        ("text", Some(Value::String(text))) => Ok(Body::Text(text)),
        ("text", _) => Err(Bad::new(&["text"], "is not a string", "write characters in quotes")),
        ("hex", Some(Value::String(hex))) => hex.parse::<Bytes>().map(Body::Hex).map_err(|why| {
            Bad::new(&["hex"], why.to_string(), "write two hex digits a byte, and `xx` for a redacted one")
        }),
        ("hex", _) => Err(Bad::new(&["hex"], "is not a string", "write hex digits in quotes")),
        (_, Some(value)) if value.is_object() || value.is_array() => {
            Ok(Body::Object { protocol: name, value })
        }
        (known, _) => {
            let known = BODIES.into_iter().find(|body| *body == known).unwrap_or("from");
            Err(Bad::new(&[known], "is neither an object nor an array", "write the message as an object"))
        }
    }
}

fn missing(field: &'static str, example: &str) -> Bad {
    Bad::new(&[field], "is missing", format!("add {example}"))
}

/// Takes fields out of an object; what stays is what this version does not know.
struct Fields<'a> {
    map: &'a mut Map,
    path: &'a [&'static str],
}

impl Fields<'_> {
    fn bad(&self, field: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Bad {
        let mut path = self.path.to_vec();
        path.push(field);
        Bad { path, what: what.into(), mend: mend.into() }
    }

    fn string(&mut self, field: &'static str) -> Result<Option<String>, Bad> {
        match self.map.shift_remove(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(field, "is not a string", "write it in quotes, or leave it out")),
        }
    }

    fn required(&mut self, field: &'static str, example: &str) -> Result<String, Bad> {
        self.string(field)?.ok_or_else(|| self.bad(field, "is missing", format!("add {example}")))
    }

    fn object(&mut self, field: &'static str) -> Result<Option<Map>, Bad> {
        match self.map.shift_remove(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(self.bad(field, "is not an object", "write it in braces")),
        }
    }

    fn integer<T: TryFrom<i64>>(&mut self, field: &'static str, example: &str) -> Result<Option<T>, Bad> {
        match self.map.shift_remove(field) {
            None => Ok(None),
            Some(value) => match value.as_i64().and_then(|n| T::try_from(n).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(self.bad(field, format!("is {value}"), format!("write {example}"))),
            },
        }
    }

    fn strings(&mut self, field: &'static str) -> Result<Vec<String>, Bad> {
        let Some(value) = self.map.shift_remove(field) else { return Ok(Vec::new()) };
        let list =
            value.as_array().and_then(|list| list.iter().map(|v| v.as_str().map(String::from)).collect());
        list.ok_or_else(|| self.bad(field, "is not a list of strings", "write names in brackets"))
    }

    fn side(&mut self, field: &'static str) -> Result<Side, Bad> {
        let name = self.required(field, "\"agent\" or \"device\"")?;
        Side::from_name(&name)
            .ok_or_else(|| self.bad(field, format!("is {name:?}"), "write \"agent\" or \"device\""))
    }
}
