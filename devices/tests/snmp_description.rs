//! `[face.snmp]`: errors have place and mend; recorded objects; many devices share one table.

#[path = "support/snmp.rs"]
mod support;

use std::path::Path;

use fencelab_devices::spec::{DeviceSpec, FaceSpec, Meaning};
use fencelab_devices::{Credentials, Device};
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Side, Transcript};
use fencelab_wire::snmp::Value;
use proptest::prelude::*;
use support::*;

fn error(face: &str, tables: &str) -> String {
    match parse(&toml("{ count = 4 }", face, tables)) {
        Ok(_) => panic!("this must not be read:\n{face}\n{tables}"),
        Err(error) => error.to_string(),
    }
}

/// An object with these lines more.
fn object(lines: &str) -> String {
    format!("[[face.snmp.object]]\n{lines}\n")
}

#[test]
fn errors_have_place_and_mend() {
    for (face, wanted) in [
        ("version = [\"1\"]", "device.toml:10:1: unknown field `version`; did you mean `versions`?"),
        ("versions = [\"2\"]", "device.toml:10:13: unknown word `2`; did you mean"),
        ("communities = [{ name = \"lab\", access = \"rw\" }]", "unknown word `rw`"),
        ("communities = [{ name = \"a\" }, { name = \"a\" }]", "the community `a` is there twice"),
        ("communities = [{ name = \"a\", view = [\"1.3.x\"] }]", "device.toml:10:38:"),
        ("users = [{ name = \"u\", privacy = \"AES\" }]", "privacy without authentication"),
        ("users = [{ name = \"u\", auth = \"SHA-3\" }]", "unknown authentication protocol"),
        (
            "users = [{ name = \"u\", auth = \"SHA\", level = \"authPriv\" }]",
            "a level that the user cannot have",
        ),
        ("engine-id = \"80 00\"", "an engine id has 5 to 32 bytes, this one 2"),
        ("max-size = 100", "a message has 484 to 65507 bytes"),
        ("errors = { read-only = \"readonly\" }", "there is no error `readonly`; did you mean `read-only`?"),
        ("answers = [\"none.snmprec\"]", "there is no file `none.snmprec` here"),
        ("answers = [\"../a.walk\"]", "a file of another folder"),
        ("lacks = [\"iso.3\"]", "is not an object identifier"),
    ] {
        let error = error(face, "");
        assert!(error.contains(wanted), "{face}\n{error}");
    }
    let rule = |on: &str, rest: &str| {
        let object = object("name = \"state\"\noid = \"1.3.6.1.4.1.9.{plug}\"\nshows = { on = 1, off = 2 }");
        format!("{object}[[face.snmp.rule]]\nsource = \"t\"\non = {{ {on} }}\n{rest}\n")
    };
    for (tables, wanted) in [
        (object("oid = \"1.3.6.1.4.1.9.{plug}\""), "an object without a value; say `value`"),
        (
            object("oid = \"1.3.6.1.4.1.9.{plg}\"\nvalue = 1"),
            "device.toml:12:7: there is no placeholder `{plg}`",
        ),
        (
            object("oid = \"1.3.6.1.4.1.9.0\"\nshows = { on = 1, off = 2 }"),
            "one instance for the power of 4 plugs",
        ),
        (object("oid = \"1.3.6.1.4.1.9.{plug}\"\nshows = { on = 1, off = 1 }"), "on and off look the same"),
        (
            object("oid = \"1.3.6.1.4.1.9.{plug}\"\nshows = { on = \"a\", off = 1 }"),
            "where a number is wanted",
        ),
        (object("oid = \"1.3.6.1.4.1.9.{plug}\"\ntype = \"int\"\nvalue = 1"), "unknown word `int`"),
        (object("oid = \"1.3.6.1.4.1.9.{plug}\"\nnames = [\"a\"]"), "1 names for 4 plugs"),
        (object("oid = \"1.3.6.1.4.1.9.{plug}\"\nvalue = 1\nplugs = [\"9\"]"), "there is no plug `9`"),
        (
            object("oid = \"1.3.6.1.4.1.9.1\"\nvalue = 1")
                + &object("oid = \"1.3.6.1.4.1.9.{plug}\"\nvalue = 1"),
            "1.3.6.1.4.1.9.1 is there twice",
        ),
        (object("oid = \"1.3.6.1.4.1.9.0\"\ntype = \"ip\"\nvalue = \"1.2.3\""), "`1.2.3` is no IPv4 address"),
        (object("oid = \"1.3.6.1.4.1.9.0\"\nvalue = 5000000000"), "does not fit the type"),
        (object("oid = \"1.3.6.1.4.1.9.0\"\neach = { on = \"1\", off = \"1\" }"), "cannot be told apart"),
        (
            object("oid = \"1.3.6.1.4.1.9.{plug}\"\norders = { on = 1, off = 1 }"),
            "the same value orders two things",
        ),
        (
            rule("object = \"stat\"", "answer = \"silence\""),
            "there is no object `stat`; did you mean `state`?",
        ),
        (rule("object = \"state\", value = \"x\"", "answer = \"silence\""), "where a number is wanted"),
        (
            rule("object = \"state\", value = 1, request = \"get\"", "answer = \"silence\""),
            "`value` is what is written",
        ),
        (rule("object = \"state\", plug = 7", "answer = \"silence\""), "there is no plug `7`"),
        (
            rule("object = \"state\"", "answer = { error = \"generr\" }"),
            "there is no error `generr`; did you mean",
        ),
        (
            rule("object = \"state\"", "answer = { state = \"on\" }"),
            "there is no state `on`; there is: power-on",
        ),
        (rule("object = \"state\"", ""), "a rule that changes nothing"),
        (rule("for = \"3s\"", "answer = \"silence\""), "`for` needs `after`"),
        (rule("after = \"start\"", "answer = { error = \"gen-err\" }"), "can only be silent"),
        (rule("object = \"state\"", "answer = \"silent\""), "unknown answer `silent`; write \"silence\" or"),
    ] {
        let error = error("", &tables);
        assert!(error.contains(wanted), "{tables}\n{error}");
    }
    let empty = toml("{ count = 1 }", "", "").replace("[face.snmp]", "[face]");
    assert!(parse(&empty).unwrap_err().to_string().contains("a device that is not spoken to"));
}

#[test]
fn states_are_those_of_the_codes_unless_described() {
    let spec = pdu("", "");
    let states: Vec<_> = spec.states().map(|state| (state.name.as_str(), state.means)).collect();
    assert_eq!(states, [("power-on", Meaning::On), ("power-off", Meaning::Off)]);
    assert_eq!(
        (spec.faces[0].protocol(), spec.faces[0].default_port(), spec.faces[0].transport()),
        ("snmp", 161, "udp")
    );
}

#[test]
fn banks_and_places_and_numbers() {
    let tables = r#"
[[face.snmp.object]]
name   = "port"
oid    = "1.3.6.1.2.1.75.1.2.2.1.1.{1+21}.{2-1}"
shows  = { on = 1, off = 2 }
orders = { on = 1, off = 2 }
[[face.snmp.object]]
name   = "ifDescr"
oid    = "1.3.6.1.2.1.2.2.1.2.{n+100}"
value  = "{plug} at {n}"
"#;
    let plugs = r#"[{ count = 2, name = "fc1/{plug}" }, { name = "mgmt0/1" }, { count = 2, from = 7, name = "fc3/{plug}", power = "off" }]"#;
    let spec = parse(&toml(plugs, "", tables)).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = spec.plant.plugs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["fc1/1", "fc1/2", "mgmt0/1", "fc3/7", "fc3/8"]);
    let mut bench = Asker::new(spec);
    assert_eq!(bench.get("1.3.6.1.2.1.75.1.2.2.1.1.24.7"), Ok(Value::Integer(2)));
    assert_eq!(bench.get("1.3.6.1.2.1.2.2.1.2.103"), Ok(Value::text("mgmt0/1 at 3")));
}

#[test]
fn recorded_objects_stand_beside_described_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.snmprec"),
        "1.3.6.1.2.1.1.1.0|4|APC Web/SNMP\nbroken\n1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.2|2|9\n1.3.6.1.4.1.318.1.1.12.1.16.0|66|5\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("b.walk"),
        ".1.3.6.1.2.1.1.1.0 = STRING: \"later\"\n.1.3.6.1.2.1.1.6.0 = STRING: \"a rack\"\n.1.3.6.1.2.1.1.3.0 = Timeticks: (99) 0:00:00.99\n",
    )
    .unwrap();
    let header = Header::new(DeviceIdentity::new("ACME", "PDU"), LinkInfo::new("snmp", "udp", 161));
    let say = |side, value| Event::say_object(ms(0), 1, side, "snmp", value);
    let events = vec![
        say(Side::Agent, serde_json::json!({"pdu": "get", "id": 1, "vars": [["1.3.6.1.2.1.1.5.0"]]})),
        say(
            Side::Device,
            serde_json::json!({"pdu": "response", "id": 1, "vars": [["1.3.6.1.2.1.1.5.0", "string", "pdu1"]]}),
        ),
        say(
            Side::Agent,
            serde_json::json!({"pdu": "set", "id": 2, "vars": [["1.3.6.1.4.1.9.9.0", "integer", 2]]}),
        ),
        say(
            Side::Device,
            serde_json::json!({"pdu": "response", "id": 2, "vars": [["1.3.6.1.4.1.9.9.0", "integer", 2]]}),
        ),
        say(Side::Agent, serde_json::json!({"pdu": "get", "id": 3, "vars": [["1.3.6.1.4.1.9.8.0"]]})),
        say(
            Side::Device,
            serde_json::json!({"pdu": "response", "id": 3, "vars": [["1.3.6.1.4.1.9.8.0", "no-such-object"]]}),
        ),
    ];
    Transcript { header, events }.save(&folder.path().join("c.jsonl")).unwrap();
    let text = toml("{ count = 24 }", "answers = [\"a.snmprec\", \"b.walk\", \"c.jsonl\"]", OBJECTS);
    let spec =
        DeviceSpec::parse(Path::new("device.toml"), &text, folder.path()).unwrap_or_else(|e| panic!("{e}"));
    let FaceSpec::Snmp(face) = &spec.faces[0] else { panic!() };
    assert_eq!(face.skipped.len(), 1);
    assert_eq!((face.skipped[0].0.as_str(), face.skipped[0].1), ("a.snmprec", 2));
    let mut bench = Asker::new(spec);
    assert_eq!(bench.get(SYS_DESCR), Ok(Value::text("APC Web/SNMP")), "the first stays");
    assert_eq!(bench.state(2), Ok(Value::Integer(1)), "what is described wins");
    assert_eq!(bench.get("1.3.6.1.4.1.318.1.1.12.1.16.0"), Ok(Value::Gauge32(5)));
    assert_eq!(bench.get("1.3.6.1.2.1.1.6.0"), Ok(Value::text("a rack")));
    bench.sleep(ms(5000));
    assert_eq!(bench.get(SYS_UP_TIME), Ok(Value::TimeTicks(99)));
    assert_eq!(bench.get("1.3.6.1.2.1.1.5.0"), Ok(Value::text("pdu1")));
    assert_eq!(bench.get("1.3.6.1.4.1.9.9.0"), Ok(Value::NoSuchObject), "a Set's answer is no record");
    assert_eq!(bench.get("1.3.6.1.4.1.9.8.0"), Ok(Value::NoSuchObject));
}

/// A real walk imports to a device that can be read at once.
#[test]
fn a_real_walk_is_served() {
    let captures = std::env::var_os("FENCELAB_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"),
        std::path::PathBuf::from,
    );
    let walks = captures.join("snmprec");
    let entries = std::fs::read_dir(&walks).unwrap_or_else(|error| {
        panic!("{}: {error}; set FENCELAB_CAPTURES to the captures", walks.display())
    });
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "snmprec"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no walk in {}", walks.display());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = toml("{ count = 1 }", &format!("answers = [{name:?}]"), "");
        let spec = DeviceSpec::parse(Path::new("device.toml"), &text, &walks)
            .unwrap_or_else(|error| panic!("{error}"));
        let FaceSpec::Snmp(face) = &spec.faces[0] else { panic!() };
        let rows = face.table.rows().to_vec();
        let mut bench = Asker::new(spec);
        let step = (rows.len() / 50).max(1);
        for row in rows.iter().step_by(step).filter(|row| row.oid.to_string() != SYS_UP_TIME) {
            let got = bench.get(&row.oid.to_string());
            assert!(
                got == Ok(row.value.clone()) || got == Err(fencelab_wire::snmp::ErrorStatus::TOO_BIG),
                "{name} {}: {got:?}",
                row.oid
            );
        }
    }
}

#[test]
fn devices_of_one_description_share_its_table() {
    let spec = pdu("", "");
    let devices: Vec<Device> =
        (0..100).map(|seed| Device::new(spec.clone(), &Credentials::default(), seed)).collect();
    let tables: Vec<*const _> = devices
        .iter()
        .map(|device| match &device.spec().faces[0] {
            FaceSpec::Snmp(face) => std::sync::Arc::as_ptr(&face.table),
            _ => panic!(),
        })
        .collect();
    assert!(tables.windows(2).all(|pair| pair[0] == pair[1]));
}

proptest! {
    #[test]
    fn any_edit_is_survived(at in any::<prop::sample::Index>(), length in 0usize..20, with in "[\\[\\]{}=\",.a-z0-9 \n-]{0,12}") {
        let sample = toml("{ count = 24 }", "", OBJECTS);
        let start = sample.floor_char_boundary(at.index(sample.len()));
        let end = sample.floor_char_boundary((start + length).min(sample.len()));
        let text = format!("{}{with}{}", &sample[..start], &sample[end.max(start)..]);
        if let Err(error) = parse(&text) {
            prop_assert!(!error.what.is_empty());
        }
    }
}
