//! Walks as text: three real devices' walks, large ones and broken ones.

mod common;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use common::{assert_clean, captures, communities};
use fencelab_recorder::export::snmprec;
use fencelab_recorder::import::walk::{Format, Imported, OBJECTS, Options, import, import_file};
use fencelab_transcript::{Body, Event, Kind, Mark, Side, Transcript};
use fencelab_wire::snmp::{self, Binding, Value, body, walk};

fn options() -> Options {
    Options::new(communities(&[]))
}

fn read(text: &str) -> Imported {
    import("walk", text.as_bytes(), &options()).unwrap_or_else(|error| panic!("{error}"))
}

fn bindings(transcript: &Transcript) -> Vec<Binding> {
    let of = |event: &Event| match &event.kind {
        Kind::Say { from: Side::Device, body: Body::Object { protocol, value } } if protocol == "snmp" => {
            let (snmp::Body::Pdu(pdu), _) = body::from_json(value).unwrap() else { panic!("a trap") };
            assert!(pdu.bindings.len() <= OBJECTS);
            pdu.bindings
        }
        Kind::Mark(_) | Kind::Open(_) => Vec::new(),
        other => panic!("{other:?}"),
    };
    transcript.events.iter().flat_map(of).collect()
}

fn exported(transcript: &Transcript) -> String {
    let exported = snmprec::export(transcript).unwrap();
    assert_eq!(exported.warnings, [""; 0]);
    exported.text
}

#[test]
fn the_walks_of_real_devices_import_and_export_again() {
    for (name, known) in [
        ("apc-7902b", ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.318.1.3.4.8")),
        ("apc-8641", ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.318.1.3.4.6")),
        ("hp-onboard-administrator", ("1.3.6.1.2.1.1.2.0", "")),
    ] {
        let path = captures().join(format!("snmprec/{name}.snmprec"));
        let Imported { transcript, objects, warnings } = import_file(&path, &options()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).count();
        let skipped = warnings.iter().filter(|warning| warning.ends_with("the line is skipped")).count();
        assert_eq!(objects + skipped, lines, "{name}: no line is lost without a word");
        assert!(skipped * 100 < lines, "{name}: {warnings:?}");
        assert_clean(name, &transcript, &communities(&[]));
        let bindings = bindings(&transcript);
        assert_eq!(bindings.len(), objects);
        let found = bindings.iter().find(|binding| binding.object.to_string() == known.0).map(|it| &it.value);
        if !known.1.is_empty() {
            assert_eq!(found, Some(&Value::ObjectId(known.1.parse().unwrap())), "{name}");
        }
        let again = read(&exported(&transcript));
        assert_eq!(again.warnings, [""; 0]);
        assert_eq!(self::bindings(&again.transcript), bindings, "{name}");
    }
}

#[test]
fn a_walk_stands_between_two_marks_and_the_format_is_told_by_the_bytes() {
    let rec = read("1.3.6.1.2.1.1.1.0|4|Switch\n1.3.6.1.2.1.1.3.0|67|1234\n");
    let net =
        read(".1.3.6.1.2.1.1.1.0 = STRING: \"Switch\"\n.1.3.6.1.2.1.1.3.0 = Timeticks: (1234) 0:00:12.34\n");
    assert_eq!(bindings(&rec.transcript), bindings(&net.transcript));
    for imported in [&rec, &net] {
        assert_eq!(imported.transcript.header.provenance.as_deref(), Some("a walk, imported from walk"));
        let events = &imported.transcript.events;
        let is_mark = |event: &Event, phase: &str| matches!(&event.kind, Kind::Mark(mark) if mark.phase == phase && mark.action.as_deref() == Some("walk"));
        assert!(is_mark(&events[0], Mark::BEGIN) && is_mark(&events[events.len() - 1], Mark::END));
    }
    let forced = Options { format: Some(Format::Snmprec), ..options() };
    assert!(import("walk", b".1.3.6.1 = INTEGER: 1\n", &forced).is_err());
}

#[test]
fn broken_lines_are_told_with_their_number_and_skipped() {
    let text = "1.3.6.1.2.1.1.1.0|4|fine\nnonsense\n1.3.6.1.2.1.1.2.0|2|not a number\n\n# a remark\n\
                1.3.6.1.2.1.1.5.0|4x|6162zz\n1.3.6.1.2.1.1.6.0|4x|6162\n1.3.6.99999999999.1|2|1\n1.3.6.1.2.1.1.7.0|999|1\n";
    let Imported { transcript, objects, warnings } = read(text);
    assert_eq!(objects, 2, "{transcript}");
    let lines: Vec<&str> = warnings.iter().filter_map(|warning| warning.split(':').nth(1)).collect();
    assert_eq!(lines, ["2", "3", "6", "8", "9"], "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.starts_with("walk:")), "{warnings:?}");
    let error = import("walk", b"nothing here\nnor here\n", &options()).unwrap_err().to_string();
    assert!(error.starts_with("walk holds no walk"), "{error}");
    assert!(import("walk", b"", &options()).is_err());
    let many = "1.3.6.1.2.1.1.1.0|4|fine\n".to_owned() + &"broken\n".repeat(5000);
    let warnings = read(&many).warnings;
    assert!(warnings.len() < 300 && warnings.last().unwrap().contains("4800 more"), "{:?}", warnings.last());
}

#[test]
fn odd_types_and_long_strings_survive_the_way_through_a_transcript() {
    let text = ".1.3.6.1.1.1 = Hex-STRING: 00 1A 2B FF \n\
                .1.3.6.1.1.2 = STRING: \"two\nlines\"\n\
                .1.3.6.1.1.3 = IpAddress: 10.0.0.1\n\
                .1.3.6.1.1.4 = Counter64: 18446744073709551615\n\
                .1.3.6.1.1.5 = OID: .1.3.6.1.4.1.318\n\
                .1.3.6.1.1.6 = INTEGER: up(1)\n\
                .1.3.6.1.1.7 = \"\"\n\
                .1.3.6.1.1.8 = Gauge32: 4294967295\n\
                .1.3.6.1.1.9 = No more variables left in this MIB View\n";
    let imported = read(text);
    let values: Vec<Value> =
        bindings(&imported.transcript).into_iter().map(|binding| binding.value).collect();
    assert_eq!(
        values[..8],
        [
            Value::OctetString(vec![0x00, 0x1a, 0x2b, 0xff]),
            Value::text("two\nlines"),
            Value::IpAddress([10, 0, 0, 1]),
            Value::Counter64(u64::MAX),
            Value::ObjectId("1.3.6.1.4.1.318".parse().unwrap()),
            Value::Integer(1),
            Value::text(""),
            Value::Gauge32(u32::MAX),
        ]
    );
    let again = read(&exported(&imported.transcript));
    assert_eq!(bindings(&again.transcript)[..8], bindings(&imported.transcript)[..8]);
}

#[test]
fn a_large_walk_takes_seconds_even_unoptimised() {
    let mut text = String::new();
    for index in 0..60_000 {
        let _ = writeln!(text, "1.3.6.1.4.1.318.1.1.12.3.5.1.1.{}.{index}|4x|{:064x}", index / 10_000, index);
    }
    assert!(text.len() > 5_000_000);
    let started = Instant::now();
    let imported = read(&text);
    assert_eq!((imported.objects, imported.warnings.len()), (60_000, 0));
    assert_eq!(bindings(&imported.transcript).len(), 60_000);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_known_community_in_a_walk_is_masked_in_every_form() {
    let link = communities(&["Zebra-9x"]);
    let text = "1.3.6.1.4.1.318.2.4.1.2.1|4|Zebra-9x\n1.3.6.1.4.1.318.2.4.1.2.2|4x|005a656272612d3978ff\n";
    let index = "90.101.98.114.97.45.57.120";
    let text = format!("{text}1.3.6.1.6.3.18.1.1.1.8.{index}|2|1\n");
    let imported = import("walk", text.as_bytes(), &Options::new(link.clone())).unwrap();
    assert!(!imported.transcript.canonical().contains(index), "{}", imported.transcript);
    assert_clean("walk", &imported.transcript, &link);
    let words = imported.transcript.canonical();
    assert!(
        !words.contains("Zebra") && words.contains("********") && words.contains("00xxxxxxxxxxxxxxxxff"),
        "{words}"
    );
    assert!(imported.transcript.header.redacted.contains(&"snmp.community".to_owned()));
    let exported = snmprec::export(&imported.transcript).unwrap();
    assert_eq!((exported.objects, exported.warnings.len()), (1, 2), "{exported:?}");
}

#[test]
fn an_export_takes_the_last_value_and_leaves_traps_errors_and_requests_out() {
    let header = r#"{"transcript":"1.0","device":{"vendor":"V","model":"M"},"link":{"protocol":"snmp","transport":"udp","port":161}}"#;
    let lines = [
        header,
        r#"{"t":0.0,"s":1,"open":{}}"#,
        r#"{"t":0.0,"s":1,"from":"agent","snmp":{"pdu":"set","id":1,"vars":[["1.3.6.1.9","integer",9]]}}"#,
        r#"{"t":0.1,"s":1,"from":"device","snmp":{"pdu":"response","id":1,"error":"gen-err","index":1,"vars":[["1.3.6.1.9","integer",9]]}}"#,
        r#"{"t":0.2,"s":1,"from":"device","snmp":{"pdu":"response","id":2,"vars":[["1.3.6.1.10","integer",1],["1.3.6.1.2","string","x"]]}}"#,
        r#"{"t":0.2,"s":1,"from":"agent","snmp":{"pdu":"set","id":5,"vars":[["1.3.6.1.2","string","y"]]}}"#,
        r#"{"t":0.2,"s":1,"from":"device","snmp":{"pdu":"response","id":5,"vars":[["1.3.6.1.2","string","y"]]}}"#,
        r#"{"t":0.3,"s":1,"from":"device","snmp":{"pdu":"trap","id":3,"vars":[["1.3.6.1.10","integer",7]]}}"#,
        r#"{"t":0.4,"s":1,"from":"device","snmp":{"pdu":"response","id":4,"vars":[["1.3.6.1.10","integer",2],["1.3.6.1.2","end-of-mib-view"],["1.3.6.1.4","0x49","01"]]}}"#,
    ];
    let transcript = Transcript::parse("t", &(lines.join("\n") + "\n")).unwrap();
    let exported = snmprec::export(&transcript).unwrap();
    let entries = walk::snmprec(exported.text.as_bytes()).entries;
    let entries: Vec<_> = entries.into_iter().map(|entry| (entry.object.to_string(), entry.value)).collect();
    assert_eq!(
        entries,
        [("1.3.6.1.2".to_owned(), Value::text("x")), ("1.3.6.1.10".to_owned(), Value::Integer(2))]
    );
    assert_eq!(exported.warnings.len(), 1, "{:?}", exported.warnings);
    assert!(
        exported.warnings[0].contains("line 9") && exported.warnings[0].contains("0x49"),
        "{:?}",
        exported.warnings
    );
}
