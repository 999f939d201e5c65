//! The format as its readers meet it: versions, unknown fields, places of errors, the page.

use std::time::Duration;

use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::redact::PLACEHOLDER;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{
    DeviceIdentity, Error, Event, Header, Kind, LinkInfo, Mark, Reader, Side, Transcript, Version, Writer,
    fmt,
};

const HEADER: &str = concat!(
    r#"{"transcript":"1.0","device":{"vendor":"ACME","model":"PDU"},"link":{"protocol":"telnet","transport":"tcp"},"#,
    r#""captured":"2026-11-22T13:10:04Z","by":"hand","licence":"CC0-1.0","provenance":"written by hand"}"#
);

fn header() -> Header {
    Header::new(DeviceIdentity::new("ACME", "PDU"), LinkInfo::new("telnet", "tcp", 23))
}

fn findings(events: &str) -> Vec<String> {
    let rules = Rules { scan: Scan::new().with("password", "calvin"), scratch: false };
    lint::lint("f", &format!("{HEADER}\n{events}\n"), &rules).iter().map(ToString::to_string).collect()
}

#[test]
fn unknown_fields_survive_and_take_their_canonical_place() {
    let text = concat!(
        r#"{ "x":1, "link":{"via":"gw","transport":"udp","protocol":"ipmi","port":623}, "transcript":"1.0","#,
        r#" "device":{"serial":"7","model":"M","vendor":"V"}, "speaker":{"name":"n","host":"h"} }"#,
        "\r\n\n",
        r#"{"note":"n","s":1,"hex":"0AxX","t":1e-1,"from":"agent"}"#,
    )
    .replace("xX", "xx");
    let canonical = concat!(
        r#"{"transcript":"1.0","device":{"vendor":"V","model":"M","serial":"7"},"#,
        r#""link":{"protocol":"ipmi","transport":"udp","port":623,"via":"gw"},"speaker":{"name":"n","host":"h"},"x":1}"#,
        "\n",
        r#"{"t":0.1,"s":1,"from":"agent","hex":"0axx","note":"n"}"#,
        "\n",
    );
    assert_eq!(fmt::canonical("f", &text).unwrap(), canonical);
}

#[test]
fn a_newer_minor_is_read_and_kept_but_never_written() {
    let text = format!(
        "{}\n{}\n{}\n",
        HEADER.replace("\"1.0\"", "\"1.7\""),
        r#"{"t":0.0,"s":0,"weather":"fine"}"#,
        r#"{"t":0.1,"s":0,"from":"agent","smoke":"signal"}"#
    );
    let transcript = Transcript::parse("f", &text).unwrap();
    assert_eq!(transcript.header.version, Version { major: 1, minor: 7 });
    assert!(transcript.events.iter().all(|event| event.kind == Kind::Other));
    assert_eq!(transcript.canonical(), text);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.jsonl");
    assert!(matches!(transcript.save(&path), Err(Error::NewerVersion { .. })));
    assert!(!path.exists());
    assert!(matches!(Writer::new(Vec::new(), &transcript.header), Err(Error::NewerVersion { .. })));
    assert!(matches!(fmt::canonical("f", &text), Err(Error::NewerVersion { .. })));
    // The same lines in a transcript of our own version are no events.
    let error = Transcript::parse("f", &text.replace("\"1.7\"", "\"1.0\"")).unwrap_err();
    assert!(error.to_string().starts_with("f:2:1: the event has none of"), "{error}");
}

#[test]
fn an_unknown_major_is_refused() {
    for version in ["2.0", "0.9"] {
        let error = Transcript::parse("f", &HEADER.replace("\"1.0\"", &format!("{version:?}"))).unwrap_err();
        let expected = format!("f:1:2: field `transcript` is {version}, and this program reads only 1.x");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn errors_point_to_line_column_and_field() {
    for (line, expected) in [
        (
            r#"{"t":0.0,"s":1,"from":"agent","hex":"0g"}"#,
            "f:2:31: field `hex` byte 0 is neither two hex digits nor `xx`",
        ),
        (r#"{"t":0.0,"s":1,"from":"agent","hex":"0"}"#, "f:2:31: field `hex` has an odd number of digits"),
        (r#"{"t":0.0,"s":1,"from":"agent"}"#, "f:2:16: field `from` says nothing"),
        (
            r#"{"t":0.0,"s":1,"from":"agent","text":"a","hex":"00"}"#,
            "f:2:42: field `hex` is a second body beside `text`",
        ),
        (
            r#"{"t":0.0,"s":1,"from":"agent","ipmi":{},"asf":{}}"#,
            "f:2:41: field `asf` is a second body beside `ipmi`",
        ),
        (r#"{"t":0.0,"s":1,"from":"nobody","text":""}"#, "f:2:16: field `from` is \"nobody\""),
        (r#"{"t":0.0,"s":1,"open":{},"close":"agent"}"#, "f:2:26: field `close` stands beside `open`"),
        (r#"{"t":-1,"s":1,"open":{}}"#, "f:2:2: field `t` is not a time of a recording"),
        (r#"{"t":"0","s":1,"open":{}}"#, "f:2:2: field `t` is not a number"),
        (r#"{"s":1,"open":{}}"#, "f:2:1: field `t` is missing"),
        (r#"{"t":0.0,"s":-1,"open":{}}"#, "f:2:10: field `s` is -1"),
        (r#"{"t":0.0,"s":4294967296,"open":{}}"#, "f:2:10: field `s` is 4294967296"),
        (r#"{"t":0.0,"s":1,"open":{}"#, "f:2:24: not JSON: EOF while parsing an object"),
        (r#"{"t":0.0,"t":1,"s":1,"open":{}}"#, "f:2:12: not JSON: duplicate field `t`"),
        ("é[", "f:2:1: not JSON: expected value"),
        ("[1]", "f:2:1: the line is not a JSON object"),
    ] {
        let error = Transcript::parse("f", &format!("{HEADER}\n{line}\n")).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}\nnot {expected}");
    }
    for (line, expected) in [
        ("", "f:1:1: the file is empty"),
        ("{}", "f:1:1: field `transcript` is missing"),
        (r#"{"transcript":"one"}"#, "f:1:2: field `transcript` is \"one\", not a version"),
        (r#"{"transcript":"1.0"}"#, "f:1:1: field `device` is missing"),
        (r#"{"transcript":"1.0","device":{"model":"m"}}"#, "f:1:21: field `device.vendor` is missing"),
    ] {
        let error = Transcript::parse("f", line).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}\nnot {expected}");
    }
}

#[test]
fn lint_says_what_where_and_how_to_mend() {
    for (events, expected) in [
        (
            "{\"t\":1.0,\"s\":1,\"open\":{}}\n{\"t\":0.9,\"s\":1,\"close\":\"agent\"}",
            "f:3:2: error: field `t` goes back in time",
        ),
        (
            r#"{"t":1.0,"s":1,"from":"agent","text":"x"}"#,
            "f:2:10: error: field `s` is 1, which was never opened",
        ),
        (
            "{\"t\":1.0,\"s\":1,\"open\":{}}\n{\"t\":1.0,\"s\":1,\"close\":\"agent\"}\n{\"t\":1.0,\"s\":1,\"from\":\"agent\",\"text\":\"x\"}",
            "f:4:10: error: field `s` is 1, which is closed already",
        ),
        (
            "{\"t\":1.0,\"s\":1,\"open\":{}}\n{\"t\":1.0,\"s\":1,\"open\":{}}",
            "f:3:10: error: field `s` is 1, which was opened before",
        ),
        (r#"{"t":1.0,"s":0,"open":{}}"#, "f:2:10: error: field `s` is 0, which is outside any session"),
        (
            r#"{"t":1.0,"s":0,"mark":"pause"}"#,
            "f:2:16: warning: field `mark` is \"pause\", which no reader knows",
        ),
        (
            r#"{"t":1.0,"s":0,"mark":"end","action":"off"}"#,
            "f:2:16: error: field `mark` ends what has not begun",
        ),
        (
            r#"{"t":1.0,"s":0,"mark":"begin","action":"off"}"#,
            "f:2:1: warning: field `mark` begins what never ends",
        ),
        (
            "{\"t\":1.0,\"s\":0,\"mark\":\"begin\",\"action\":\"on\",\"plug\":\"1\"}\n{\"t\":1.0,\"s\":0,\"mark\":\"end\",\"action\":\"on\",\"plug\":\"2\"}",
            "f:3:16: error: field `mark` ends what has not begun",
        ),
        (
            r#"{"t":1.0,"s":0,"mark":"note","before":{"1":"ON"}}"#,
            "f:2:40: error: field `before.1` is \"ON\", not a state of power",
        ),
        (
            r#"{"t":1.0,"s":0,"from":"agent","text":"it is calvin"}"#,
            "f:2:31: error: field `text` holds the secret `password`",
        ),
        (
            r#"{"t":1.0,"s":0,"from":"agent","hex":"63616c76696e"}"#,
            "f:2:31: error: field `hex` holds the secret `password`",
        ),
        (
            r#"{"t":1.0,"s":0,"from":"agent","ipmi":{"netfn":4,"cmd":1,"seq":0,"data":"0063616c76696e"}}"#,
            "f:2:65: error: field `ipmi.data` holds the secret `password`",
        ),
        (
            r#"{"t":1.0,"s":1,"open":{"community":"public"}}"#,
            "f:2:24: error: field `open.community` holds a secret by its name",
        ),
        (
            r#"{"t":1.0,"s":0,"from":"agent","rmcp+":{"payload":"rakp-3","data":"000000000000000001"}}"#,
            "f:2:59: error: field `rmcp+.data` holds an authentication code or password in bytes 8 to 8",
        ),
        (
            r#"{"t":1.0,"s":0,"from":"agent","asf":{"type":"ping","data":"0"}}"#,
            "f:2:52: error: field `asf.data` has an odd number",
        ),
        (r#"{"s":0,"t":1.0,"from":"agent","text":"x"}"#, "f:2:3: warning: the line is not in canonical form"),
        (r#"{"t":1.0,"s":0,"from":"agent"}"#, "f:2:16: error: field `from` says nothing"),
        ("nonsense", "f:2:2: error: not JSON"),
    ] {
        let found = findings(events);
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "{found:#?}\nnot {expected}");
    }
}

#[test]
fn what_is_right_has_no_finding() {
    let events = [
        r#"{"t":0.0,"s":0,"mark":"begin","action":"off","plug":"1","before":{"1":"on"}}"#,
        r#"{"t":0.1,"s":1,"from":"agent","rmcp+":{"payload":"rakp-3","data":"0000000000000000xx"}}"#,
        r#"{"t":0.1,"s":1,"from":"device","ipmi":{"netfn":7,"cmd":58,"seq":0,"cc":0,"data":""}}"#,
        r#"{"t":0.1,"s":1,"open":{"community":"********"}}"#,
        r#"{"t":0.2,"s":1,"close":"device","why":"idle"}"#,
        r#"{"t":0.2,"s":0,"mark":"end","action":"off","plug":"1","exit":0,"after":{"1":"off"}}"#,
    ];
    assert_eq!(findings(&events.join("\n")), [""; 0]);
}

#[test]
fn lint_goes_on_after_errors_and_over_bytes() {
    let mut text = format!("{HEADER}\n").into_bytes();
    text.extend_from_slice(b"{\"t\":\xff\nnonsense\n{\"t\":1.0,\"s\":7,\"close\":\"agent\"}\n");
    let found = lint::bytes("f", &text, &Rules::default());
    let places: Vec<_> = found.iter().map(|f| (f.line, f.column, f.severity)).collect();
    assert_eq!(
        places,
        [(2, 6, Severity::Error), (3, 2, Severity::Error), (4, 10, Severity::Error)],
        "{found:#?}"
    );
    let bare = lint::lint("f", "", &Rules::default());
    assert_eq!(bare.len(), 1);
    let scratch = HEADER.split(r#","captured""#).next().unwrap().to_owned() + "}";
    assert_eq!(lint::lint("f", &scratch, &Rules::default()).len(), 4, "captured, by, licence, provenance");
    assert_eq!(lint::lint("f", &scratch, &Rules { scratch: true, ..Rules::default() }).len(), 0);
}

#[test]
fn a_reader_goes_on_after_a_line_it_cannot_read() {
    let text =
        format!("{HEADER}\n{{\"t\":\n{{\"t\":1.0,\"s\":0,\"mark\":\"note\"}}\n{{\"t\":2.0,\"s\":0,\"ma");
    let mut reader = Reader::new("f", text.as_bytes()).unwrap();
    assert_eq!(reader.header().device.vendor, "ACME");
    assert!(reader.next().unwrap().is_err());
    assert_eq!(reader.next_line().unwrap().0, 3);
    let cut = reader.next().unwrap().unwrap_err();
    assert!(cut.to_string().contains("the line is cut off; complete or delete it"), "{cut}");
    assert!(reader.next().is_none());
}

#[test]
fn a_writer_refuses_what_would_not_be_read_back() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    let good = Event::say_text(Duration::from_micros(1_500_000), 1, Side::Agent, "x");
    for bad in [
        good.clone().with("t", 3),
        good.clone().with("open", 3),
        good.clone().with("hex", "00"),
        Event::say_object(Duration::ZERO, 1, Side::Agent, "from", serde_json::json!({})),
        Event::say_object(Duration::ZERO, 1, Side::Agent, "text", serde_json::json!({})),
        Event::say_object(Duration::ZERO, 1, Side::Agent, "ipmi", serde_json::json!(3)),
        Event::new(Duration::ZERO, 1, Kind::Other),
        Event::close(Duration::from_secs(1_000_000_000), 1, Side::Agent),
        Event::mark(Duration::ZERO, 0, Mark::new("note")).with("exit", 0),
    ] {
        assert!(matches!(writer.write(&bad), Err(Error::Unwritable { .. })), "{bad:?}");
    }
    writer.write(&good).unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    assert_eq!(text.lines().nth(1), Some(r#"{"t":1.5,"s":1,"from":"agent","text":"x"}"#));
}

#[test]
fn what_still_holds_a_secret_is_not_saved() {
    let scan = Scan::new().with("password", "calvin");
    let event = Event::say_text(Duration::ZERO, 0, Side::Agent, "Authorization: Basic cm9vdDpjYWx2aW4=");
    let transcript = Transcript { header: header(), events: vec![event.clone()] };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.jsonl");
    let error = transcript.save_scanned(&path, &scan).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the transcript still holds a secret: password in line 2, `text`; redact it first"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is written");
    let mut writer = Writer::guarded(Vec::new(), &transcript.header, scan.clone()).unwrap();
    assert!(matches!(writer.write(&event), Err(Error::Secret { .. })));
    let secret_header =
        Header { provenance: Some("calvin's".into()), by: Some("calvin 1.0".into()), ..header() };
    assert!(matches!(Writer::guarded(Vec::new(), &secret_header, scan.clone()), Err(Error::Secret { .. })));
    let word_of_ours = Header { by: Some("calvin 1.0".into()), ..header() };
    assert!(Writer::guarded(Vec::new(), &word_of_ours, scan.clone()).is_ok());

    let mut redacted = transcript;
    redacted.events.iter_mut().for_each(|event| {
        fencelab_transcript::redact::Redactor::new(scan.clone()).redact(event);
    });
    redacted.save_scanned(&path, &scan).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(PLACEHOLDER) && !text.contains("Y2Fsdmlu"), "{text}");
    assert_eq!(Transcript::load(&path).unwrap(), redacted);
}

#[test]
fn an_snmp_body_is_looked_at() {
    let line = |body: &str| format!(r#"{{"t":0.0,"s":0,"from":"agent","snmp":{body}}}"#);
    for (body, found) in [
        (
            r#"{"pdu":"get","id":7,"vars":[["1.3.6"],["1.3.6","no-such-object"],["1.3.6","hex","00xx"]]}"#,
            None,
        ),
        (r#"{"id":7,"vars":[]}"#, Some("field `snmp.pdu` is missing")),
        (r#"{"pdu":"get","id":7}"#, Some("field `snmp.vars` is missing")),
        (r#"{"pdu":"get","id":7,"vars":["1.3.6"]}"#, Some("element 1 is no variable binding")),
        (r#"{"pdu":"get","id":7,"vars":[["1.3.6"],[".1.3.6"]]}"#, Some("element 2 begins with \".1.3.6\"")),
        (r#"{"pdu":"get","id":7,"vars":[["1.3.6","hex","0"]]}"#, Some("element 1: ")),
        (
            r#"{"pdu":"get","id":7,"vars":[["1.3.6","hex","63616c76696e"]]}"#,
            Some("holds the secret `password`"),
        ),
        (
            r#"{"pdu":"get","id":7,"vars":[["1.3.6","string","is calvin"]]}"#,
            Some("holds the secret `password`"),
        ),
    ] {
        let all = findings(&line(body));
        match found {
            None => assert_eq!(all, [""; 0], "{body}"),
            Some(found) => assert!(all.iter().any(|finding| finding.contains(found)), "{body}: {all:?}"),
        }
    }
}

#[test]
fn the_examples_of_the_page_are_right() {
    let page = include_str!("../FORMAT.md");
    let mut examples = 0;
    for block in page.split("```jsonl\n").skip(1) {
        let (example, _) = block.split_once("```").unwrap();
        assert_eq!(
            lint::lint("FORMAT.md", example, &Rules::default()),
            [],
            "a finding in an example of the page"
        );
        assert_eq!(fmt::canonical("FORMAT.md", example).unwrap(), example);
        examples += 1;
    }
    assert!(examples >= 2, "only {examples} examples");
}
