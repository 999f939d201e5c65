//! Which part of an answer carries what it says of a plug: in the words of its line, and in its bytes on the wire.

use std::ops::Range;

use fencelab_transcript::{Body, Event, Kind};
use fencelab_wire::ipmi::{self, LanMessage};
use fencelab_wire::snmp::ber::write::Writer;
use fencelab_wire::snmp::describe::describe_value;
use fencelab_wire::snmp::{self, Binding, Pdu, body, name};
use serde_json::Value;

/// The marked parts of one line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Offence {
    /// Which part of the line's words.
    pub(crate) words: Range<usize>,
    /// The bytes that said it, where they can be told.
    pub(crate) bytes: Option<Bytes>,
}

/// Bytes of a message, as far as they matter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bytes {
    /// What they are.
    pub(crate) of: &'static str,
    /// Two digits for each, with a space between.
    pub(crate) hex: String,
    /// Which part of that is meant.
    pub(crate) mark: Range<usize>,
}

impl Bytes {
    fn new(of: &'static str, bytes: &[u8], marked: Range<usize>) -> Self {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // Three characters for each byte but the last.
        let (from, to) = (marked.start.min(bytes.len()), marked.end.min(bytes.len()));
        let mark = if from < to { from * 3..to * 3 - 1 } else { 0..0 };
        Self { of, hex: hex.join(" "), mark }
    }
}

/// A text cut at a mark: what is before it, the mark, what is after it.
pub(crate) fn cut<'a>(text: &'a str, mark: &Range<usize>) -> (&'a str, &'a str, &'a str) {
    let parts = (text.get(..mark.start), text.get(mark.clone()), text.get(mark.end..));
    match parts {
        (Some(before), Some(marked), Some(after)) => (before, marked, after),
        _ => (text, "", ""),
    }
}

/// What of this event, told in these words, speaks of the plug.
pub(crate) fn of(event: &Event, words: &str, plug: Option<&str>) -> Offence {
    let whole = || Offence { words: said(words), bytes: None };
    let Kind::Say { body, .. } = &event.kind else { return whole() };
    match body {
        Body::Object { protocol, value } if protocol == "ipmi" => of_ipmi(value, words).unwrap_or_else(whole),
        Body::Object { protocol, value } if protocol == "snmp" => {
            of_snmp(value, words, plug).unwrap_or_else(whole)
        }
        Body::Hex(_) => Offence { words: from_byte(event, words), bytes: None },
        Body::Text(_) | Body::Object { .. } => whole(),
    }
}

/// The part of a line that is the answer's own: behind the arrow, where there is one.
fn said(words: &str) -> Range<usize> {
    let from = words.find("→ ").map_or(0, |at| at + "→ ".len());
    from..words.len()
}

/// Of bytes that nobody could read, those from the place where reading ended.
fn from_byte(event: &Event, words: &str) -> Range<usize> {
    let why = event.extra.get("why").and_then(Value::as_str).unwrap_or_default();
    let place = why.strip_prefix("byte ").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
    let digits = words.split(' ').nth(2).and_then(|digits| Some((words.find(digits)?, digits.len())));
    match digits {
        Some((start, length)) => {
            start + (place.unwrap_or(0) * 2).min(length.saturating_sub(2))..start + length
        }
        None => 0..words.len(),
    }
}

/// A message of IPMI: the completion code of a refusal, else the first byte of the data, which carries the power of a
/// chassis (IPMI 2.0 §28.2).
fn of_ipmi(value: &Value, words: &str) -> Option<Offence> {
    let message: LanMessage = serde_json::from_value(value.clone()).ok()?;
    let ipmi::Body::Response(response) = &message.body else { return None };
    let bytes = message.emit();
    // Two addresses, a checksum, sequence and command stand before the completion code.
    const COMPLETION: usize = 6;
    let at =
        if response.completion.is_ok() && !response.data.is_empty() { COMPLETION + 1 } else { COMPLETION };
    let power = ["power on", "power off"].into_iter().find_map(|text| {
        let from = words.find(text)?;
        Some(from..from + text.len())
    });
    Some(Offence {
        words: power.unwrap_or_else(|| said(words)),
        bytes: Some(Bytes::new("the IPMI message", &bytes, at..at + 1)),
    })
}

fn of_snmp(value: &Value, words: &str, plug: Option<&str>) -> Option<Offence> {
    let (snmp::Body::Pdu(pdu), _) = body::from_json(value).ok()? else { return None };
    if !pdu.error.is_ok() {
        return Some(Offence { words: said(words), bytes: Some(of_error(&pdu)) });
    }
    let binding = about(&pdu, plug)?;
    let told = format!("{} = ", name::display(&binding.object));
    let mark = words.find(&told).and_then(|at| {
        let from = at + told.len();
        let value = crate::terminal::harmless(&describe_value(&binding.value));
        words.get(from..)?.starts_with(&value).then(|| from..from + value.len())
    });
    Some(Offence { words: mark.unwrap_or_else(|| said(words)), bytes: Some(of_binding(binding)) })
}

/// The binding that is about a plug: the one whose object ends with the plug's numbers, or the only one.
fn about<'a>(pdu: &'a Pdu, plug: Option<&str>) -> Option<&'a Binding> {
    let numbers = |plug: &str| -> Vec<u32> {
        plug.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    let numbers = plug.map(numbers).filter(|numbers| !numbers.is_empty());
    let is_it = |binding: &&Binding| {
        numbers.as_ref().is_some_and(|numbers| binding.object.as_arcs().ends_with(numbers))
    };
    pdu.bindings.iter().find(is_it).or_else(|| pdu.bindings.first())
}

/// An object and its value, the value marked.
fn of_binding(binding: &Binding) -> Bytes {
    const SEQUENCE: u8 = 0x30;
    let mut writer = Writer::with_capacity(64);
    writer.value(&binding.value);
    let value = writer.written();
    writer.object_id(&binding.object);
    writer.head(SEQUENCE, 0);
    let bytes = writer.finish();
    Bytes::new("the object and its value", &bytes, bytes.len() - value..bytes.len())
}

/// The error's number and the place that it is about.
fn of_error(pdu: &Pdu) -> Bytes {
    let mut writer = Writer::with_capacity(8);
    writer.integer(pdu.index.into());
    let index = writer.written();
    writer.integer(pdu.error.0.into());
    let bytes = writer.finish();
    Bytes::new("error-status and error-index", &bytes, 0..bytes.len() - index)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_transcript::Side;
    use serde_json::json;

    use super::*;

    fn offence(protocol: &str, value: Value, plug: &str) -> (String, String) {
        let event = Event::say_object(Duration::ZERO, 1, Side::Device, protocol, value);
        let line = crate::dialogue::lines(std::slice::from_ref(&event)).remove(0);
        let offence = of(&event, &line.text, Some(plug));
        let bytes = offence.bytes.unwrap();
        (cut(&line.text, &offence.words).1.to_owned(), cut(&bytes.hex, &bytes.mark).1.to_owned())
    }

    #[test]
    fn the_state_of_the_very_plug_is_marked() {
        let vars = json!([
            ["1.3.6.1.4.1.318.1.1.4.4.2.1.3.3", "integer", 1],
            ["1.3.6.1.4.1.318.1.1.4.4.2.1.3.13", "integer", 4]
        ]);
        let answer = json!({"pdu": "response", "id": 7, "vars": vars});
        assert_eq!(offence("snmp", answer.clone(), "3"), ("1".into(), "02 01 01".into()));
        assert_eq!(offence("snmp", answer, "13"), ("4".into(), "02 01 04".into()));
    }

    #[test]
    fn an_error_is_marked_as_such() {
        let answer = json!({"pdu": "response", "id": 7, "error": "no-such-name", "index": 1, "vars": [["1.3.6.1.2.1.1.3.0"]]});
        let (words, bytes) = offence("snmp", answer, "3");
        assert!(words.starts_with("error no-such-name"), "{words}");
        assert_eq!(bytes, "02 01 02");
    }

    #[test]
    fn a_chassis_tells_its_power_in_one_byte() {
        let answer = |cc: u8, data: &str| json!({"netfn": 1, "cmd": 1, "seq": 2, "cc": cc, "data": data});
        assert_eq!(offence("ipmi", answer(0, "211000"), "system"), ("power on".into(), "21".into()));
        assert_eq!(offence("ipmi", answer(0xc0, ""), "system").1, "c0");
    }

    #[test]
    fn bytes_that_nobody_reads_are_marked_from_where_reading_ended() {
        let event = Event::say_hex(Duration::ZERO, 0, Side::Device, vec![1, 2, 3, 4])
            .with("why", "byte 2: cut short");
        let line = crate::dialogue::lines(std::slice::from_ref(&event)).remove(0);
        assert_eq!(cut(&line.text, &of(&event, &line.text, None).words).1, "0304");
    }

    #[test]
    fn a_mark_that_is_nowhere_marks_nothing() {
        assert_eq!(cut("ä", &(1..2)), ("ä", "", ""));
    }
}
