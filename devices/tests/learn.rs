//! What can be learnt from recordings, each with its negative twin; what cannot is refused or said.

#[path = "learn/tape.rs"]
#[expect(unreachable_pub, reason = "a module of one test program")]
mod tape;

use std::time::Duration;

use fencelab_devices::learn::{Certainty, LearnError, Learned, Named, Options, learn};
use fencelab_devices::{Credentials, Device, Power};
use fencelab_transcript::{Event, Side};
use fencelab_wire::Secret;
use fencelab_wire::snmp::{Binding, Body, Message, Pdu, PduKind, Value, Version};

use tape::{CONTROL, NAMES, Pdu8, STATUS, Tape, oid};

fn learned(transcripts: &[Named]) -> Learned {
    let learned = learn(transcripts, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(learned.proof.differences, [], "{}\n{:#?}", learned.toml, learned.notes);
    assert!(learned.proof.asked > 0 && learned.proof.asked == learned.proof.agreed);
    learned
}

fn refused(transcripts: &[Named]) -> LearnError {
    match learn(transcripts, &Options::default()) {
        Err(error) => error,
        Ok(learned) => panic!("was learnt:\n{}\n{:#?}", learned.toml, learned.notes),
    }
}

fn has(learned: &Learned, certainty: Certainty, about: &str, part: &str) -> bool {
    learned
        .notes
        .iter()
        .any(|note| note.certainty == certainty && note.about == about && note.text.contains(part))
}

#[track_caller]
fn notes(learned: &Learned, certainty: Certainty, about: &str, part: &str) {
    assert!(has(learned, certainty, about, part), "{part}: {:#?}", learned.notes);
}

/// Asks a learnt device one thing.
fn ask(device: &mut Device, at: u64, kind: PduKind, object: &str, value: Value) -> Pdu {
    let pdu = Pdu::new(kind, 1, vec![Binding { object: oid(object), value }]);
    let community = Secret::from("fencelab");
    let message = Message::Community { version: Version::V2c, community, body: Body::Pdu(pdu) };
    let at = Duration::from_millis(at);
    device.handle(at, 0, "192.0.2.1:4000".parse().unwrap(), &message.emit());
    let output = device.take_output(at);
    match Message::parse(&output[0].bytes).unwrap() {
        Message::Community { body: Body::Pdu(pdu), .. } => pdu,
        other => panic!("{other:?}"),
    }
}

fn get(device: &mut Device, at: u64, object: &str) -> Value {
    ask(device, at, PduKind::Get, object, Value::Null).bindings[0].value.clone()
}

fn device(learned: &Learned) -> Device {
    Device::new(learned.spec.clone(), &Credentials::default(), 7)
}

fn whole() -> Vec<Named> {
    let mut pdu = Pdu8::new();
    pdu.list();
    pdu.status(3);
    pdu.switch("off", 3);
    pdu.status(3);
    pdu.switch("on", 3);
    pdu.switch("off", 5);
    pdu.switch("on", 5);
    pdu.status(7);
    vec![pdu.tape.cut("all.jsonl")]
}

#[test]
fn a_whole_recording_is_learnt_with_certainty() {
    let learned = learned(&whole());
    for line in [
        format!("oid = \"{STATUS}.{{plug}}\""),
        format!("oid = \"{CONTROL}.{{plug}}\""),
        "shows = { on = 1, off = 2 }".to_owned(),
        "orders = { on = 1, off = 2 }".to_owned(),
    ] {
        assert!(learned.toml.contains(&line), "{line}\n{}", learned.toml);
    }
    notes(&learned, Certainty::Certain, "status", "shows 1 while on and 2 while off");
    notes(&learned, Certainty::Certain, "orders", "is the order off");
    notes(&learned, Certainty::Certain, "delay", "off: more than");
    notes(&learned, Certainty::Certain, "plugs", "8 rows of");
    notes(&learned, Certainty::Unknown, "power", "4 plugs");
    let status = learned.notes.iter().find(|note| note.about == "status").unwrap();
    assert!(status.evidence.iter().all(|place| &*place.file == "all.jsonl" && place.line > 1));
    let timing = learned.spec.plant.timing;
    for delay in [timing.off, timing.on] {
        assert!(delay > Duration::from_secs(1) && delay <= Duration::from_millis(2010), "{delay:?}");
    }
}

#[test]
fn a_plug_that_was_never_switched_can_be_switched() {
    let learned = learned(&whole());
    let mut device = device(&learned);
    assert_eq!(device.plant().plugs().len(), 8);
    let (status, control) = (format!("{STATUS}.8"), format!("{CONTROL}.8"));
    assert_eq!(get(&mut device, 0, &status), Value::Integer(1));
    let answer = ask(&mut device, 10, PduKind::Set, &control, Value::Integer(2));
    assert!(answer.error.is_ok());
    assert_eq!(get(&mut device, 20, &status), Value::Integer(1), "not yet");
    assert_eq!(get(&mut device, 5000, &status), Value::Integer(2));
    assert_eq!(device.plant().power_at("8", Duration::from_secs(5)), Some(Power::Off));
    assert_eq!(get(&mut device, 5000, &format!("{NAMES}.8")), Value::text("Outlet 8"));
    assert_eq!(get(&mut device, 5000, &format!("{STATUS}.9")), Value::NoSuchInstance);
}

#[test]
fn the_power_at_the_start_is_that_of_the_recording() {
    let device = device(&learned(&whole()));
    assert_eq!(device.plant().power_at("7", Duration::ZERO), Some(Power::Off));
    assert_eq!(device.plant().power_at("3", Duration::ZERO), Some(Power::On));
}

#[test]
fn one_plug_is_enough_but_only_likely() {
    let mut pdu = Pdu8::new();
    pdu.list();
    pdu.status(3);
    pdu.switch("off", 3);
    pdu.switch("on", 3);
    let learned = learned(&[pdu.tape.cut("one.jsonl")]);
    notes(&learned, Certainty::Likely, "status", "one plug was recorded");
    assert!(learned.toml.contains("# likely"), "{}", learned.toml);
    assert_eq!(learned.spec.plant.plugs.len(), 8);
}

#[test]
fn without_a_list_only_the_recorded_plugs_are_there() {
    let mut pdu = Pdu8::new();
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    let learned = learned(&[pdu.tape.cut("two.jsonl")]);
    let names: Vec<&str> = learned.spec.plant.plugs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["3", "5"]);
    notes(&learned, Certainty::Unknown, "plugs", "record a list");
}

#[test]
fn an_index_that_begins_at_zero() {
    let mut tape = Tape::new(&[]);
    let at = |plug: u32| format!("1.3.6.1.4.1.99.1.3.{}", plug - 1);
    for plug in 1..=4 {
        tape.put(&at(plug), 1);
        tape.text(&format!("1.3.6.1.4.1.99.1.1.{}", plug - 1), "x");
    }
    tape.walk("1.3.6.1.4.1.99.1.1");
    let switch = |tape: &mut Tape, action: &str, plug: u32, code: i64| {
        tape.begin(action, &plug.to_string());
        tape.get(&at(plug));
        tape.set(&at(plug), code);
        tape.put(&at(plug), code);
        tape.get(&at(plug));
        tape.end(action, &plug.to_string(), 0);
    };
    for (action, code) in [("off", 0), ("on", 1)] {
        switch(&mut tape, action, 3, code);
    }
    let one = tape.cut("three.jsonl");
    // Plug 3 alone: its number and its index both fit. The description has this plug only, and says so.
    let alone = learned(std::slice::from_ref(&one));
    notes(&alone, Certainty::Unknown, "plugs", "two places fit");
    assert_eq!(alone.spec.plant.plugs.len(), 1);
    switch(&mut tape, "off", 2, 0);
    switch(&mut tape, "on", 2, 1);
    let both = learned(&[one, tape.cut("two.jsonl")]);
    assert!(both.toml.contains("99.1.3.{1-1}\""), "{}", both.toml);
    assert_eq!(both.spec.plant.plugs.len(), 4);
    assert!(both.toml.contains("count = 4"), "{}", both.toml);
    notes(&both, Certainty::Certain, "orders", "is the order on");
    notes(&both, Certainty::Likely, "delay", "at most");
}

#[test]
fn one_text_for_all_plugs() {
    let object = "1.3.6.1.4.1.99.2.13.0";
    let mut tape = Tape::new(&[]);
    let mut state = ["1"; 6];
    for plug in [2, 5] {
        for (action, code) in [("off", "0"), ("on", "1")] {
            tape.text(object, &state.join(","));
            tape.begin(action, &plug.to_string());
            tape.get(object);
            state[plug - 1] = code;
            tape.set_text(object, &state.join(","));
            tape.text(object, &state.join(","));
            tape.get(object);
            tape.end(action, &plug.to_string(), 0);
        }
    }
    let learned = learned(&[tape.cut("text.jsonl")]);
    assert!(
        learned.toml.contains("each = { on = \"1\", off = \"0\", separator = \",\" }"),
        "{}",
        learned.toml
    );
    assert!(learned.toml.contains("writable = true"));
    assert_eq!(learned.spec.plant.plugs.len(), 6);
    let mut device = device(&learned);
    ask(&mut device, 1, PduKind::Set, object, Value::text("1,1,1,1,1,0"));
    assert_eq!(device.plant().power_at("6", Duration::from_secs(9)), Some(Power::Off));
}

#[test]
fn a_value_on_the_way_is_neither_on_nor_off() {
    let mut tape = Tape::new(&[]);
    for plug in [1, 2] {
        let (status, name) = (format!("{STATUS}.{plug}"), plug.to_string());
        tape.put(&status, 1);
        for (action, code) in [("off", 2), ("on", 1)] {
            tape.begin(action, &name);
            tape.get(&status);
            tape.set(&format!("{CONTROL}.{plug}"), code);
            tape.put(&status, 5);
            tape.get(&status);
            tape.wait(2000);
            tape.put(&status, code);
            tape.get(&status);
            tape.end(action, &name, 0);
        }
    }
    let learned = learned(&[tape.cut("way.jsonl")]);
    notes(&learned, Certainty::Likely, "status", "5 is shown on the way to off");
    assert!(learned.toml.contains("turning-off = 5"), "{}", learned.toml);
    assert!(learned.toml.contains("means = \"neither\""), "{}", learned.toml);
}

#[test]
fn rows_that_are_neither_on_nor_off_are_no_plugs() {
    let mut pdu = Pdu8::new();
    pdu.tape.put(&format!("{STATUS}.8"), 0);
    pdu.tape.walk(STATUS);
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    let learned = learned(&[pdu.tape.cut("absent.jsonl")]);
    assert_eq!(learned.spec.plant.plugs.len(), 7);
    notes(&learned, Certainty::Unknown, "plugs", "1 rows show 0");
    assert_eq!(get(&mut device(&learned), 0, &format!("{STATUS}.8")), Value::Integer(0));
}

#[test]
fn a_second_table_that_shows_the_same_follows() {
    let mirror = "1.3.6.1.4.1.99.1.9.7";
    let mut pdu = Pdu8::new();
    for plug in 1..=8 {
        let on = plug > 2;
        pdu.tape.put(&format!("{STATUS}.{plug}"), if on { 1 } else { 2 });
        pdu.tape.put(&format!("{mirror}.{plug}"), if on { 5 } else { 6 });
        pdu.tape.put(&format!("{CONTROL}.{plug}"), 4);
        // A column that only looks like it.
        pdu.tape.put(&format!("1.3.6.1.4.1.99.1.9.8.{plug}"), if on && plug != 4 { 5 } else { 6 });
    }
    pdu.tape.walk("1.3.6.1.4.1.99");
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    let learned = learned(&[pdu.tape.cut("mirror.jsonl")]);
    notes(
        &learned,
        Certainty::Likely,
        "status",
        &format!("{mirror}.{{1}} shows 5 while on and 6 while off, too"),
    );
    assert!(!learned.toml.contains("99.1.9.8"), "{}", learned.toml);
    let mut device = device(&learned);
    ask(&mut device, 1, PduKind::Set, &format!("{CONTROL}.6"), Value::Integer(2));
    assert_eq!(get(&mut device, 9000, &format!("{mirror}.6")), Value::Integer(6));
}

#[test]
fn names_without_arithmetic_are_called_by_their_index() {
    let mut tape = Tape::new(&[]);
    for (row, name) in [(1, "db"), (2, "web"), (3, "mail"), (4, "spare")] {
        tape.put(&format!("{STATUS}.{row}"), 1);
        tape.text(&format!("{NAMES}.{row}"), name);
    }
    for (row, name) in [(2, "web"), (3, "mail")] {
        for (action, code) in [("off", 2), ("on", 1)] {
            tape.begin(action, name);
            tape.walk(NAMES);
            tape.get(&format!("{STATUS}.{row}"));
            tape.set(&format!("{CONTROL}.{row}"), code);
            tape.put(&format!("{STATUS}.{row}"), code);
            tape.get(&format!("{STATUS}.{row}"));
            tape.end(action, name, 0);
        }
    }
    let learned = learned(&[tape.cut("names.jsonl")]);
    let names: Vec<&str> = learned.spec.plant.plugs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1", "2", "3", "4"]);
    notes(&learned, Certainty::Certain, "plugs", "\"web\" is 2");
}

#[test]
fn names_with_arithmetic_keep_it() {
    let mut tape = Tape::new(&[]);
    for port in 1..=4 {
        tape.put(&format!("1.3.6.1.2.1.2.2.1.7.{}", 10100 + port), 1);
        tape.text(&format!("1.3.6.1.2.1.2.2.1.2.{}", 10100 + port), &format!("GigabitEthernet1/0/{port}"));
    }
    tape.text("1.3.6.1.2.1.2.2.1.2.1", "Vlan1");
    for (action, code) in [("off", 2), ("on", 1)] {
        tape.begin(action, "GigabitEthernet1/0/3");
        tape.walk("1.3.6.1.2.1.2.2.1.2");
        tape.get("1.3.6.1.2.1.2.2.1.7.10103");
        tape.set("1.3.6.1.2.1.2.2.1.7.10103", code);
        tape.put("1.3.6.1.2.1.2.2.1.7.10103", code);
        tape.get("1.3.6.1.2.1.2.2.1.7.10103");
        tape.end(action, "GigabitEthernet1/0/3", 0);
    }
    let learned = learned(&[tape.cut("ports.jsonl")]);
    assert!(learned.toml.contains("1.3.6.1.2.1.2.2.1.7.{3+10100}"), "{}", learned.toml);
    assert_eq!(learned.spec.plant.plugs.len(), 4);
}

#[test]
fn a_reboot_of_one_order_is_a_cycle() {
    let mut pdu = Pdu8::new();
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    pdu.tape.begin("reboot", "3");
    pdu.tape.set(&format!("{CONTROL}.3"), 3);
    pdu.tape.end("reboot", "3", 0);
    let learned = learned(&[pdu.tape.cut("cycle.jsonl")]);
    assert!(learned.toml.contains("orders = { on = 1, off = 2, cycle = 3 }"), "{}", learned.toml);
}

#[test]
fn values_that_were_taken_or_refused_are_said() {
    let mut pdu = Pdu8::new();
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    pdu.tape.set(&format!("{CONTROL}.3"), 4);
    pdu.tape.refused(&format!("{STATUS}.3"), 2);
    let learned = learn(&[pdu.tape.cut("odd.jsonl")], &Options::default()).unwrap();
    notes(&learned, Certainty::Unknown, "orders", "took 4");
    notes(&learned, Certainty::Unknown, "orders", "refused 2: bad-value");
    // The error is not the emulation's own: the proof says so and nobody has to believe it.
    assert_eq!(learned.proof.differences.len(), 1);
    assert!(learned.proof.differences[0].to_string().starts_with("odd.jsonl:"));
}

#[test]
fn no_on_seen_is_said_and_left_out() {
    let mut pdu = Pdu8::new();
    pdu.status(3);
    pdu.switch("off", 3);
    pdu.switch("off", 5);
    let learned = learned(&[pdu.tape.cut("off.jsonl")]);
    notes(&learned, Certainty::Unknown, "orders", "no on was recorded");
    assert!(learned.toml.contains("orders = { off = 2 }"), "{}", learned.toml);
}

#[test]
fn an_off_alone_presumes_what_it_found() {
    let mut pdu = Pdu8::new();
    pdu.switch("off", 3);
    let learned = learned(&[pdu.tape.cut("off.jsonl")]);
    notes(&learned, Certainty::Likely, "status", "presumed");
}

#[test]
fn delays_that_contradict_each_other_are_said() {
    let mut pdu = Pdu8::new();
    pdu.delay = 3000;
    pdu.switch("off", 3);
    pdu.switch("on", 3);
    pdu.delay = 0;
    pdu.switch("off", 5);
    pdu.switch("on", 5);
    let learned = learn(&[pdu.tape.cut("wild.jsonl")], &Options::default()).unwrap();
    notes(&learned, Certainty::Unknown, "delay", "it varies");
    assert!(!learned.proof.differences.is_empty());
}

#[test]
fn clocks_are_no_states_and_are_not_compared() {
    let mut pdu = Pdu8::new();
    for (plug, ticks) in [(3, 100), (5, 900)] {
        pdu.tape.objects.insert(oid("1.3.6.1.2.1.1.3.0"), Value::TimeTicks(ticks));
        pdu.tape.get("1.3.6.1.2.1.1.3.0");
        pdu.switch("off", plug);
        pdu.tape.objects.insert(oid("1.3.6.1.2.1.1.3.0"), Value::TimeTicks(ticks + 50));
        pdu.tape.get("1.3.6.1.2.1.1.3.0");
        pdu.switch("on", plug);
    }
    let learned = learned(&[pdu.tape.cut("clock.jsonl")]);
    assert!(
        learned.proof.excluded.iter().any(|what| what.contains("clocks")),
        "{:?}",
        learned.proof.excluded
    );
    assert!(!learned.toml.contains("1.3.6.1.2.1.1.3"), "{}", learned.toml);
}

#[test]
fn what_changes_by_no_rule_is_said() {
    let mut pdu = Pdu8::new();
    pdu.tape.put("1.3.6.1.4.1.99.1.1.0", 8);
    for plug in [3, 5] {
        pdu.tape.get("1.3.6.1.4.1.99.1.1.0");
        pdu.switch("off", plug);
        pdu.tape.put("1.3.6.1.4.1.99.1.1.0", 7);
        pdu.tape.get("1.3.6.1.4.1.99.1.1.0");
        pdu.switch("on", plug);
        pdu.tape.put("1.3.6.1.4.1.99.1.1.0", 8);
    }
    let learned = learn(&[pdu.tape.cut("count.jsonl")], &Options::default()).unwrap();
    notes(&learned, Certainty::Unknown, "objects", "stay as first recorded: 1.3.6.1.4.1.99.1.1.0");
    assert_eq!(learned.proof.differences.len(), 2, "{:?}", learned.proof.differences);
}

#[test]
fn an_object_that_was_written_keeps_what_is_written() {
    let mut pdu = Pdu8::new();
    pdu.tape.text("1.3.6.1.2.1.1.5.0", "old");
    pdu.tape.get("1.3.6.1.2.1.1.5.0");
    pdu.tape.set_text("1.3.6.1.2.1.1.5.0", "new");
    pdu.tape.text("1.3.6.1.2.1.1.5.0", "new");
    pdu.tape.get("1.3.6.1.2.1.1.5.0");
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    learned(&[pdu.tape.cut("name.jsonl")]);
}

#[test]
fn one_file_an_action_teaches_as_much_as_one_for_all() {
    let mut pdu = Pdu8::new();
    let mut files = Vec::new();
    pdu.list();
    files.push(pdu.tape.cut("list.jsonl"));
    for plug in [3, 5] {
        pdu.status(plug);
        files.push(pdu.tape.cut(&format!("status-{plug}.jsonl")));
        for action in ["off", "on"] {
            pdu.switch(action, plug);
            files.push(pdu.tape.cut(&format!("{action}-{plug}.jsonl")));
        }
    }
    let apart = learned(&files);
    assert_eq!(apart.spec.plant.plugs.len(), 8);
    notes(&apart, Certainty::Certain, "status", "shows 1 while on and 2 while off");
    notes(
        &apart,
        Certainty::Certain,
        "delay",
        "off: more than 1.002 s and at most 2.002 s; 1500ms was written",
    );
}

#[test]
fn without_marks_of_what_was_there_before_an_off_and_an_on_are_enough() {
    // As two files of `record -- fence_…`: no status before, none after.
    let mut pdu = Pdu8::new();
    pdu.switch("off", 3);
    let off = pdu.tape.cut("off.jsonl");
    pdu.switch("on", 3);
    let learned = learned(&[off, pdu.tape.cut("on.jsonl")]);
    assert!(learned.toml.contains("orders = { on = 1, off = 2 }"), "{}", learned.toml);
    assert!(!learned.notes.iter().any(|note| note.text.contains("presumed")), "{:#?}", learned.notes);
}

/// The recording with another `open`.
fn opened(details: serde_json::Value) -> Vec<Named> {
    let mut whole = whole();
    let serde_json::Value::Object(details) = details else { panic!("an object") };
    whole[0].transcript.events[0] = Event::open(Duration::ZERO, 1, details);
    whole
}

#[test]
fn users_are_described_with_their_protocols() {
    let user = |details| {
        let learned = learned(&opened(details));
        let fencelab_devices::spec::FaceSpec::Snmp(face) = &learned.spec.faces[0] else { panic!("SNMP") };
        let user = &face.users[0];
        let text = |value: Option<String>| value.unwrap_or_default();
        (
            user.name.clone(),
            text(user.auth.map(|it| it.to_string())),
            text(user.privacy.map(|it| it.to_string())),
        )
    };
    let words =
        |name: &str, auth: &str, privacy: &str| (name.to_owned(), auth.to_owned(), privacy.to_owned());
    let v3 = |mut details: serde_json::Value| {
        details["version"] = "3".into();
        details["user"] = "ops".into();
        user(details)
    };
    assert_eq!(
        v3(serde_json::json!({"level": "authPriv", "auth": "MD5", "privacy": "DES"})),
        words("lab", "MD5", "DES")
    );
    assert_eq!(
        v3(serde_json::json!({"level": "authNoPriv", "auth": "SHA-256"})),
        words("lab", "SHA-256", "")
    );
    assert_eq!(v3(serde_json::json!({"level": "noAuthNoPriv"})), words("lab", "", ""));
}

#[test]
fn a_plug_number_that_is_written_as_a_value_is_no_order_that_can_be_described() {
    let mut tape = Tape::new(&[]);
    for plug in [3, 5] {
        for (action, code) in [("off", 2), ("on", 1)] {
            let (status, name) = (format!("{STATUS}.{plug}"), plug.to_string());
            tape.put(&status, 3 - code);
            tape.begin(action, &name);
            tape.get(&status);
            tape.set(&format!("1.3.6.1.4.1.99.1.8.{code}.0"), plug);
            tape.put(&status, code);
            tape.get(&status);
            tape.end(action, &name, 0);
        }
    }
    let error = refused(&[tape.cut("select.jsonl")]);
    assert!(matches!(error, LearnError::NoPlace { .. }), "{error}");
    assert!(error.to_string().contains("have the same object"), "{error}");
}

#[test]
fn lines_are_in_order_where_times_are_equal() {
    // A device without delay in a world without time: everything happens at once.
    let mut pdu = Pdu8::new();
    pdu.delay = 0;
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    let mut all = pdu.tape.cut("all.jsonl");
    all.transcript.events.iter_mut().for_each(|event| event.at = Duration::ZERO);
    let learned = learned(&[all]);
    notes(&learned, Certainty::Certain, "status", "shows 1 while on and 2 while off");
}

#[test]
fn what_an_imported_walk_tells_is_known_without_its_questions() {
    let mut pdu = Pdu8::new();
    let bindings: Vec<Binding> = pdu
        .tape
        .objects
        .iter()
        .map(|(object, value)| Binding { object: object.clone(), value: value.clone() })
        .collect();
    for plug in [3, 5] {
        pdu.switch("off", plug);
        pdu.switch("on", plug);
    }
    let switched = pdu.tape.cut("switched.jsonl");
    let mut walk = pdu.tape.cut("walk.jsonl");
    let at = Duration::ZERO;
    let told = fencelab_wire::snmp::body::to_json(&Body::Pdu(Pdu::new(PduKind::Response, 0, bindings)), b"");
    walk.transcript.header.provenance = Some("a walk, imported from pdu.walk".to_owned());
    walk.transcript.events = vec![
        Event::open(at, 1, [("unheard".to_owned(), "imported from a walk".into())].into_iter().collect()),
        Event::say_object(at, 1, Side::Device, "snmp", told),
    ];
    let learned = learned(&[walk, switched]);
    assert_eq!(learned.spec.plant.plugs.len(), 8);
    assert_eq!(learned.spec.plant.plugs[6].1, Power::Off, "as the walk has it");
    assert!(!learned.notes.iter().any(|note| note.about == "power"), "{:#?}", learned.notes);
    assert!(learned.toml.contains("kind = \"imported\""), "{}", learned.toml);
    // The same without `unheard` is an answer to nothing, and tells nothing.
    let mut pdu = Pdu8::new();
    pdu.switch("off", 3);
    pdu.switch("on", 3);
    let known = learn(&[pdu.tape.cut("switched.jsonl")], &Options::default()).unwrap();
    assert_eq!(known.spec.plant.plugs.len(), 1);
}

#[test]
fn refusals_say_what_to_record() {
    assert_eq!(learn(&[], &Options::default()).unwrap_err(), LearnError::Nothing);

    let twice = [whole(), whole()].concat();
    assert_eq!(refused(&twice), LearnError::SameName("all.jsonl".to_owned()));

    let mut other = whole();
    other[0].transcript.header.link.protocol = "ipmi".to_owned();
    assert!(refused(&other).to_string().contains("`ipmi`"));

    let mut pdu = Pdu8::new();
    pdu.tape.walk("1.3.6.1");
    let error = refused(&[pdu.tape.cut("walk.jsonl")]);
    assert_eq!(error, LearnError::NoMarks);
    assert!(error.to_string().contains("record an off and an on of one plug with a status before and after"));

    let mut pdu = Pdu8::new();
    pdu.tape.begin("off", "3");
    pdu.tape.end("off", "3", 1);
    assert!(matches!(refused(&[pdu.tape.cut("failed.jsonl")]), LearnError::NothingDone { .. }));

    let mut pdu = Pdu8::new();
    pdu.status(3);
    pdu.status(7);
    let error = refused(&[pdu.tape.cut("look.jsonl")]).to_string();
    assert!(error.contains("no plug was read both on and off"), "{error}");

    let mut pdu = Pdu8::new();
    pdu.status(3);
    pdu.tape.put(&format!("{STATUS}.3"), 2);
    pdu.status(3);
    assert!(matches!(refused(&[pdu.tape.cut("button.jsonl")]), LearnError::NoOrder { .. }));
}

#[test]
fn an_order_that_toggles_is_refused() {
    let mut tape = Tape::new(&[]);
    for (action, code) in [("off", 2), ("on", 1)] {
        tape.put(&format!("{STATUS}.3"), 3 - code);
        tape.begin(action, "3");
        tape.get(&format!("{STATUS}.3"));
        tape.set(&format!("{CONTROL}.3"), 1);
        tape.put(&format!("{STATUS}.3"), code);
        tape.get(&format!("{STATUS}.3"));
        tape.end(action, "3", 0);
    }
    assert!(matches!(refused(&[tape.cut("toggle.jsonl")]), LearnError::Toggles { .. }));
}

#[test]
fn plugs_without_a_common_arithmetic_are_refused() {
    let mut tape = Tape::new(&[]);
    for (plug, row) in [(1, 4), (2, 9), (3, 5)] {
        for (action, code) in [("off", 2), ("on", 1)] {
            tape.put(&format!("{STATUS}.{row}"), 3 - code);
            tape.begin(action, &plug.to_string());
            tape.get(&format!("{STATUS}.{row}"));
            tape.set(&format!("{CONTROL}.{row}"), code);
            tape.put(&format!("{STATUS}.{row}"), code);
            tape.get(&format!("{STATUS}.{row}"));
            tape.end(action, &plug.to_string(), 0);
        }
    }
    let error = refused(&[tape.cut("wild.jsonl")]);
    assert!(matches!(error, LearnError::NoPlace { .. }), "{error}");
}

#[test]
fn a_line_that_is_no_message_is_named() {
    let mut broken = whole();
    for event in &mut broken[0].transcript.events {
        if let fencelab_transcript::Kind::Say {
            body: fencelab_transcript::Body::Object { value, .. }, ..
        } = &mut event.kind
        {
            *value = serde_json::json!({"pdu": 7});
        }
    }
    assert!(refused(&broken).to_string().starts_with("all.jsonl:"));
}

#[test]
fn a_folder_is_written_and_loads() {
    let whole = whole();
    let learned = learned(&whole);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("acme/pdu-8");
    learned.write(&folder, &whole).unwrap();
    let spec = fencelab_devices::DeviceSpec::load(&folder).unwrap();
    assert_eq!(spec.plant.plugs, learned.spec.plant.plugs);
    assert_eq!(spec.evidence.len(), 1);
    let mut loaded = Device::new(spec, &Credentials::default(), 1);
    assert_eq!(get(&mut loaded, 0, &format!("{NAMES}.2")), Value::text("Outlet 2"));
    assert_eq!(get(&mut loaded, 0, &format!("{STATUS}.2")), Value::Integer(1));
    // What is there is never overwritten.
    assert_eq!(learned.write(&folder, &whole).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}
