//! What must hold for any transcript, any text and any bytes.

use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{
    Body, Bytes, DeviceIdentity, Event, Header, Kind, LinkInfo, Map, Mark, Reader, Side, Speaker, Transcript,
    Writer, fmt, lint,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", "\\PC{0,12}", "[\\x00-\\x7f]{0,8}"]
}

/// A name that no field of the format has.
fn name() -> impl Strategy<Value = String> {
    "x-[a-zé\"\\\\]{0,6}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), map_of(inner).prop_map(Value::Object)]
    })
}

fn map_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map> {
    vec((name(), value), 0..4).prop_map(|fields| fields.into_iter().collect())
}

fn map() -> impl Strategy<Value = Map> {
    map_of(value())
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

fn header() -> impl Strategy<Value = Header> {
    let device = (text(), text(), maybe(), map())
        .prop_map(|(vendor, model, firmware, extra)| DeviceIdentity { vendor, model, firmware, extra });
    let link = (text(), text(), prop::option::of(any::<u16>()), map())
        .prop_map(|(protocol, transport, port, extra)| LinkInfo { protocol, transport, port, extra });
    let speaker =
        (text(), maybe(), map()).prop_map(|(name, version, extra)| Speaker { name, version, extra });
    let words = (maybe(), maybe(), maybe(), maybe(), vec(text(), 0..3), map());
    (device, link, prop::option::of(speaker), words).prop_map(|(device, link, speaker, words)| {
        let (captured, by, licence, provenance, redacted, extra) = words;
        Header { speaker, captured, by, licence, provenance, redacted, extra, ..Header::new(device, link) }
    })
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Agent), Just(Side::Device)]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(prop::option::weighted(0.8, any::<u8>()), 0..20).prop_map(Bytes)
}

fn body() -> impl Strategy<Value = Body> {
    let message = prop_oneof![map().prop_map(Value::Object), vec(value(), 0..3).prop_map(Value::from)];
    let protocol = prop_oneof![Just("ipmi".to_owned()), Just("snmp".to_owned()), "y-[a-z]{0,5}"];
    prop_oneof![
        text().prop_map(Body::Text),
        bytes().prop_map(Body::Hex),
        (protocol, message).prop_map(|(protocol, value)| Body::Object { protocol, value }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let mark = (text(), maybe(), maybe(), map(), prop::option::of(any::<i32>()), map()).prop_map(
        |(phase, action, plug, before, exit, after)| Mark { phase, action, plug, before, exit, after },
    );
    prop_oneof![
        map().prop_map(Kind::Open),
        side().prop_map(Kind::Close),
        (side(), body()).prop_map(|(from, body)| Kind::Say { from, body }),
        mark.prop_map(Kind::Mark),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let micros = prop_oneof![0..10_000_000_u64, 0..1_000_000_000_000_000_u64];
    (micros, any::<u32>(), kind(), map()).prop_map(|(micros, session, kind, extra)| Event {
        at: Duration::from_micros(micros),
        session,
        kind,
        extra,
    })
}

fn transcript() -> impl Strategy<Value = Transcript> {
    (header(), vec(event(), 0..6)).prop_map(|(header, events)| Transcript { header, events })
}

/// Text that is nearly a transcript: lines of one, with some characters changed.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    (transcript(), vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)).prop_map(
        |(transcript, changes)| {
            let mut text = transcript.canonical().into_bytes();
            for (place, byte) in changes {
                let place = place.index(text.len());
                text[place] = byte;
            }
            text
        },
    )
}

/// Reads any bytes in every way there is; what counts is that it comes to an end without a panic.
fn read_all_ways(bytes: &[u8]) {
    if let Ok(reader) = Reader::new("any", bytes) {
        for event in reader {
            if let Err(error) = event {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    for finding in lint::bytes(
        "any",
        bytes,
        &lint::Rules { scan: Scan::new().with("password", "calvin"), scratch: false },
    ) {
        assert!(finding.line >= 1 && finding.column >= 1, "{finding}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(canonical) = fmt::canonical("any", text) {
            assert_eq!(fmt::canonical("any", &canonical).unwrap(), canonical, "canonical is idempotent");
        }
        let _ = text.parse::<Bytes>();
    }
}

proptest! {
    #[test]
    fn parse_after_emit_is_the_identity(transcript in transcript()) {
        let text = transcript.canonical();
        prop_assert_eq!(&Transcript::parse("any", &text).unwrap(), &transcript);
        prop_assert_eq!(fmt::canonical("any", &text).unwrap(), &text[..]);
        let mut writer = Writer::new(Vec::new(), &transcript.header).unwrap();
        transcript.events.iter().for_each(|event| writer.write(event).unwrap());
        prop_assert_eq!(String::from_utf8(writer.into_inner()).unwrap(), text);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..300)) {
        read_all_ways(&bytes);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
        read_all_ways(text.as_bytes());
    }

    #[test]
    fn what_is_nearly_a_transcript_is_read_without_a_panic(bytes in nearly()) {
        read_all_ways(&bytes);
    }

    #[test]
    fn a_line_after_the_header_may_be_anything(line in "[{}\\[\\]:,\"\\\\a-z0-9 .-]{0,60}") {
        let header = r#"{"transcript":"1.0","device":{"vendor":"a","model":"b"},"link":{"protocol":"c","transport":"d"}}"#;
        read_all_ways(format!("{header}\n{line}\n").as_bytes());
    }

    #[test]
    fn what_the_writer_takes_is_read_back_the_same(mut event in event(), (field, value) in (
        prop_oneof![Just("t".to_owned()), Just("text".to_owned()), Just("snmp".to_owned()), Just("open".to_owned()),
                    Just("exit".to_owned()), Just("note".to_owned())], value())) {
        event.extra.insert(field, value);
        let header = Header::new(DeviceIdentity::new("a", "b"), LinkInfo::new("c", "d", None));
        let mut writer = Writer::new(Vec::new(), &header).unwrap();
        if writer.write(&event).is_ok() {
            let text = String::from_utf8(writer.into_inner()).unwrap();
            prop_assert_eq!(&Transcript::parse("any", &text).unwrap().events, &[event]);
        }
    }

    /// Whatever form a secret takes, after redaction nothing of it is left; and the event is still one.
    #[test]
    fn redaction_leaves_no_secret(mut event in event(), secret in "[a-zA-Z0-9&%+/]{4,24}", before in ".{0,4}", form in 0..5,
                                  split in any::<prop::sample::Index>()) {
        let scan = Scan::new().with("password", &secret);
        let hex = Bytes::from(secret.as_bytes()).to_string();
        let hidden = match form {
            0 => secret.clone(),
            1 => secret.to_uppercase(),
            2 => hex,
            3 => hex.to_uppercase(),
            _ => secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        };
        let text = format!("{before}{hidden}{before}{hidden}");
        let mut bytes = Bytes::from(vec![7; split.index(9)]);
        bytes.0.extend(secret.bytes().map(Some));
        event.extra.insert("x-text".into(), text.clone().into());
        event.extra.insert(text.clone(), Value::from(vec![Value::from(text)]));
        event.extra.insert("data".into(), bytes.to_string().into());
        prop_assert!(!scan.event(&event).is_empty());
        let redacted = Redactor::new(scan.clone()).redact(&mut event);
        prop_assert!(!redacted.is_empty());
        prop_assert_eq!(scan.event(&event), []);
        let header = Header::new(DeviceIdentity::new("", ""), LinkInfo::new("", "", None));
        let mut writer = Writer::guarded(Vec::new(), &header, scan).unwrap();
        prop_assert!(writer.write(&event).is_ok());
    }
}
