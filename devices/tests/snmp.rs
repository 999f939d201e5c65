//! The SNMP face, asked by hand-made PDUs: what is answered, and every way in which it is not.

#[path = "support/snmp.rs"]
mod support;

use fencelab_devices::Power;
use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version};
use support::*;

fn asker() -> Asker {
    Asker::new(pdu("", ""))
}

#[test]
fn an_order_moves_the_plug_and_the_status_follows() {
    let mut bench = asker();
    assert_eq!(bench.state(3), Ok(Value::Integer(1)));
    assert_eq!(bench.order(3, 2), ErrorStatus::NO_ERROR);
    assert_eq!(bench.truth("3"), Power::On);
    assert_eq!(bench.state(3), Ok(Value::Integer(1)));
    bench.sleep(ms(500));
    assert_eq!(bench.truth("3"), Power::Off);
    assert_eq!(bench.state(3), Ok(Value::Integer(2)));
    for other in (1..=24).filter(|plug| *plug != 3) {
        assert_eq!(bench.truth(&other.to_string()), Power::On);
    }
    assert_eq!(bench.order(3, 3), ErrorStatus::NO_ERROR);
    bench.sleep(ms(5000));
    assert_eq!(bench.truth("3"), Power::Off, "a cycle of an off plug moves nothing");
    assert_eq!(bench.order(3, 1), ErrorStatus::NO_ERROR);
    bench.sleep(ms(300));
    assert_eq!(bench.state(3), Ok(Value::Integer(1)));
    assert_eq!(bench.order(3, 7), ErrorStatus::NO_ERROR, "an accepted value does nothing");
    let log = bench.device.requests();
    let order = log.iter().find(|entry| entry.request.starts_with("set")).unwrap();
    assert_eq!(order.request, "set rPDUOutletControlOutletCommand.3 = 2 (off)");
    assert_eq!(order.effect.as_deref(), Some("off of 3 in 500ms"));
    let asked = log.iter().rfind(|entry| entry.request.starts_with("get")).unwrap();
    assert_eq!(asked.request, "get rPDUOutletStatusOutletState.3");
    assert_eq!(asked.answer, "ok rPDUOutletStatusOutletState.3 = 1 (on)");
}

#[test]
fn what_is_not_there_is_said_in_the_words_of_the_version() {
    let mut bench = asker();
    assert_eq!(bench.state(25), Ok(Value::NoSuchInstance));
    assert_eq!(bench.get("1.3.6.1.2.1.1"), Ok(Value::NoSuchObject));
    assert_eq!(bench.get("1.3.6.1.2.1.99.1.0"), Ok(Value::NoSuchObject));
    assert_eq!(bench.get(STATUS), Ok(Value::NoSuchInstance));
    let answer = bench.ask(PduKind::Get, &[oid(SYS_DESCR), at(STATUS, 99), at(STATUS, 1)]);
    assert_eq!(answer.error, ErrorStatus::NO_ERROR);
    let values: Vec<&Value> = answer.bindings.iter().map(|binding| &binding.value).collect();
    assert_eq!(values, [&Value::text("ACME PDU"), &Value::NoSuchInstance, &Value::Integer(1)]);

    let mut old = asker().version(Version::V1);
    let asked = [oid(SYS_DESCR), at(STATUS, 99), at(STATUS, 1)];
    let answer = old.ask(PduKind::Get, &asked);
    assert_eq!((answer.error, answer.index), (ErrorStatus::NO_SUCH_NAME, 2));
    let echo: Vec<Binding> = asked.into_iter().map(Binding::ask).collect();
    assert_eq!(answer.bindings, echo, "RFC 1157 §4.1.2: the same form but for the error");
    let answer = old.ask(PduKind::GetNext, &[oid("1.3.6.1.7")]);
    assert_eq!((answer.error, answer.index), (ErrorStatus::NO_SUCH_NAME, 1));
    let mut new = asker();
    let answer = new.ask(PduKind::GetNext, &[oid("1.3.6.1.7")]);
    assert_eq!(answer.bindings, [Binding { object: oid("1.3.6.1.7"), value: Value::EndOfMibView }]);
}

#[test]
fn a_set_fails_in_the_words_of_the_version_and_then_nothing_is_done() {
    let wrong: [(Oid, Value, ErrorStatus, ErrorStatus); 6] = [
        (at(COMMAND, 1), Value::Integer(9), ErrorStatus::WRONG_VALUE, ErrorStatus::BAD_VALUE),
        (at(COMMAND, 1), Value::text("2"), ErrorStatus::WRONG_TYPE, ErrorStatus::BAD_VALUE),
        (at(COMMAND, 25), Value::Integer(2), ErrorStatus::NO_CREATION, ErrorStatus::NO_SUCH_NAME),
        (at(STATUS, 1), Value::Integer(2), ErrorStatus::NOT_WRITABLE, ErrorStatus::NO_SUCH_NAME),
        (oid(SYS_DESCR), Value::text("x"), ErrorStatus::NOT_WRITABLE, ErrorStatus::NO_SUCH_NAME),
        (oid(SYS_UP_TIME), Value::TimeTicks(0), ErrorStatus::NOT_WRITABLE, ErrorStatus::NO_SUCH_NAME),
    ];
    for (object, value, new, old) in wrong {
        for (version, wanted) in [(Version::V2c, new), (Version::V1, old)] {
            let mut bench = asker().version(version);
            let pairs = [(at(COMMAND, 2), Value::Integer(2)), (object.clone(), value.clone())];
            let answer = bench.set_all(&pairs);
            assert_eq!((answer.error, answer.index), (wanted, 2), "{object} = {value:?}");
            let echo: Vec<(Oid, Value)> =
                answer.bindings.into_iter().map(|binding| (binding.object, binding.value)).collect();
            assert_eq!(echo, pairs);
            bench.sleep(ms(5000));
            assert_eq!(bench.truth("2"), Power::On, "all or nothing");
        }
    }
    let mut bench = asker();
    let pairs = [(at(COMMAND, 2), Value::Integer(2)), (at(COMMAND, 5), Value::Integer(2))];
    assert_eq!(bench.set_all(&pairs).error, ErrorStatus::NO_ERROR);
    bench.sleep(ms(500));
    assert_eq!((bench.truth("2"), bench.truth("3"), bench.truth("5")), (Power::Off, Power::On, Power::Off));
}

#[test]
fn errors_of_an_agent_of_its_own_kind() {
    let face = r#"
communities = [{ name = "lab" }, { name = "public" }]
errors = { read-only = "read-only", no-access = "gen-err", no-such = "gen-err", wrong-value = "bad-value" }"#;
    let mut bench = Asker::new(pdu(face, ""));
    assert_eq!(bench.set(&at(STATUS, 1), Value::Integer(2)), ErrorStatus::READ_ONLY);
    assert_eq!(bench.order(1, 9), ErrorStatus::BAD_VALUE);
    assert_eq!(bench.state(99), Err(ErrorStatus::GEN_ERR));
    bench.community = "public".to_owned();
    assert_eq!(bench.order(1, 2), ErrorStatus::GEN_ERR);
}

#[test]
fn what_is_written_is_kept_where_it_is_writable() {
    let mut bench = asker();
    assert_eq!(bench.get(SYS_CONTACT), Ok(Value::text("nobody")));
    assert_eq!(bench.set(&oid(SYS_CONTACT), Value::text("the lab")), ErrorStatus::NO_ERROR);
    assert_eq!(bench.get(SYS_CONTACT), Ok(Value::text("the lab")));
    let last = r#"
[[face.snmp.object]]
name   = "last"
oid    = "1.3.6.1.4.1.99.1.{plug}"
value  = "last"
orders = { on = 1, off = 0 }
accepts = [5]
[[face.snmp.object]]
name   = "constant"
oid    = "1.3.6.1.4.1.99.2.{plug}"
value  = 7
orders = { on = 1, off = 0 }
"#;
    let mut bench = Asker::new(pdu("", last));
    assert_eq!(
        bench.get("1.3.6.1.4.1.99.1.4"),
        Ok(Value::Integer(1)),
        "as if the present power had been ordered"
    );
    assert_eq!(bench.set(&oid("1.3.6.1.4.1.99.1.4"), Value::Integer(5)), ErrorStatus::NO_ERROR);
    assert_eq!(bench.get("1.3.6.1.4.1.99.1.4"), Ok(Value::Integer(5)));
    assert_eq!(bench.get("1.3.6.1.4.1.99.1.5"), Ok(Value::Integer(1)));
    assert_eq!(bench.set(&oid("1.3.6.1.4.1.99.2.4"), Value::Integer(0)), ErrorStatus::NO_ERROR);
    assert_eq!(bench.get("1.3.6.1.4.1.99.2.4"), Ok(Value::Integer(7)));
    bench.sleep(ms(500));
    assert_eq!(bench.truth("4"), Power::Off);
}

#[test]
fn a_walk_is_in_order_and_whole_in_every_version() {
    let spec = pdu("", "");
    let fencelab_devices::spec::FaceSpec::Snmp(face) = &spec.faces[0] else { panic!() };
    let rows: Vec<Oid> = face.table.rows().iter().map(|row| row.oid.clone()).collect();
    assert_eq!(rows.len(), 2 + 2 + 3 * 24);
    assert!(rows.is_sorted());
    for version in [Version::V1, Version::V2c] {
        let mut bench = Asker::new(spec.clone()).version(version);
        let walked: Vec<Oid> = bench.walk("1").into_iter().map(|(object, _)| object).collect();
        assert_eq!(walked, rows);
        assert_eq!(bench.walk(STATUS).len(), 24);
    }
}

#[test]
fn bulk_repeats_what_it_is_told_to_repeat() {
    let mut bench = asker();
    let asked = [oid("1.3.6.1.2.1.1.3"), oid(NAMES), oid(STATUS)].map(Binding::ask).to_vec();
    let answer = bench.send(Pdu::get_bulk(0, 1, 3, asked)).unwrap();
    let names: Vec<Oid> = answer.bindings.iter().map(|binding| binding.object.clone()).collect();
    let mut wanted = vec![oid(SYS_UP_TIME)];
    wanted.extend((1..=3).flat_map(|plug| [at(NAMES, plug), at(STATUS, plug)]));
    assert_eq!(names, wanted);
    // A repetition that is all ends is the last one.
    let asked = [at(STATUS, 23), oid("1.3.7")].map(Binding::ask).to_vec();
    let answer = bench.send(Pdu::get_bulk(0, 0, 50, asked)).unwrap();
    let ends: Vec<bool> =
        answer.bindings.iter().map(|binding| binding.value == Value::EndOfMibView).collect();
    assert_eq!(ends, [false, true, true, true]);
    assert_eq!(answer.bindings[0].object, at(STATUS, 24));
    assert_eq!(answer.bindings[2].object, at(STATUS, 24), "the last name stays");
    // Negative counts are none (RFC 3416 §4.2.3).
    let mut odd = Pdu::get_bulk(0, 0, 0, vec![Binding::ask(oid("1.3"))]);
    odd.error = ErrorStatus(-5);
    odd.index = -1;
    assert_eq!(bench.send(odd).unwrap().bindings, []);
    // v1 has no GetBulk.
    let mut old = asker().version(Version::V1);
    assert_eq!(old.send(Pdu::get_bulk(0, 0, 5, vec![Binding::ask(oid("1.3"))])), None);
}

#[test]
fn what_does_not_fit_is_too_big_or_cut() {
    let mut bench = Asker::new(pdu("max-size = 484", ""));
    let many: Vec<Oid> = (1..=18).map(|plug| at(NAMES, plug)).collect();
    let answer = bench.ask(PduKind::Get, &many);
    assert_eq!((answer.error, answer.index, answer.bindings), (ErrorStatus::TOO_BIG, 0, Vec::new()));
    let answer = bench.send(Pdu::get_bulk(0, 0, 1000, vec![Binding::ask(oid("1.3"))])).unwrap();
    assert!(answer.error.is_ok() && (10..=24).contains(&answer.bindings.len()), "{}", answer.bindings.len());
    let datagram = bench.datagram(Pdu::get_bulk(0, 0, 1000, vec![Binding::ask(oid("1.3"))]));
    let bytes = bench.raw(&datagram, ms(0)).remove(0).1;
    assert!((440..=484).contains(&bytes.len()), "{}", bytes.len());
    let mut old = Asker::new(pdu("max-size = 484", "")).version(Version::V1);
    let answer = old.ask(PduKind::Get, &many);
    assert_eq!((answer.error, answer.bindings.len()), (ErrorStatus::TOO_BIG, 18));
    // One step below the limit it fits.
    let fits: Vec<Oid> = (1..=10).map(|plug| at(NAMES, plug)).collect();
    assert!(old.ask(PduKind::Get, &fits).error.is_ok());
}

#[test]
fn communities_see_and_do_what_they_may() {
    let face = r#"communities = [
  { name = "lab" },
  { name = "public" },
  { name = "names", view = ["1.3.6.1.2.1.1", "1.3.6.1.4.1.318.1.1.12.3.5.1.1.2"], hides = ["1.3.6.1.2.1.1.2"] },
]"#;
    let mut bench = Asker::new(pdu(face, "")).community("public");
    assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ACCESS);
    let mut old = Asker::new(pdu(face, "")).community("public").version(Version::V1);
    assert_eq!(old.order(1, 2), ErrorStatus::NO_SUCH_NAME);
    let mut bench = Asker::new(pdu(face, "")).community("names");
    assert_eq!(bench.state(1), Ok(Value::NoSuchInstance));
    assert_eq!(bench.get(SYS_OBJECT_ID), Ok(Value::NoSuchInstance));
    let walked = bench.walk("1");
    assert_eq!(walked.len(), 3 + 24);
    assert!(walked.iter().all(|(object, _)| *object != oid(SYS_OBJECT_ID)));
    let mut bench = Asker::new(pdu(face, "")).community("wrong");
    assert_eq!(bench.send(Pdu::new(PduKind::Get, 0, vec![Binding::ask(oid(SYS_DESCR))])), None);
    // The word in the description is not the lab's community.
    let mut bench = Asker::new(pdu(face, "")).community("lab");
    assert_eq!(bench.send(Pdu::new(PduKind::Get, 0, vec![Binding::ask(oid(SYS_DESCR))])), None);
}

#[test]
fn versions_that_are_not_spoken_are_not_answered() {
    let ask = |face: &str, version| {
        let mut bench = Asker::new(pdu(face, "")).version(version);
        bench.send(Pdu::new(PduKind::Get, 0, vec![Binding::ask(oid(SYS_DESCR))])).is_some()
    };
    assert_eq!(
        (ask(r#"versions = ["1"]"#, Version::V1), ask(r#"versions = ["1"]"#, Version::V2c)),
        (true, false)
    );
    assert_eq!(
        (ask(r#"versions = ["3"]"#, Version::V1), ask(r#"versions = ["2c"]"#, Version::V2c)),
        (false, true)
    );
}

/// Lindy's string: what is read is written back with one element changed; only that plug gets an order.
#[test]
fn a_string_of_all_plugs_orders_what_changed() {
    let objects = r#"
[[face.snmp.object]]
name     = "outlets"
oid      = "1.3.6.1.4.1.17420.1.2.9.{1}.13.0"
each     = { on = "1", off = "0", separator = "," }
writable = true
"#;
    let plugs = r#"[{ count = 8, name = "1:{plug}" }, { count = 8, name = "2:{plug}", power = "off" }]"#;
    let spec = parse(&toml(plugs, "", objects)).unwrap_or_else(|error| panic!("{error}"));
    let mut bench = Asker::new(spec);
    let first = oid("1.3.6.1.4.1.17420.1.2.9.1.13.0");
    assert_eq!(bench.get("1.3.6.1.4.1.17420.1.2.9.1.13.0"), Ok(Value::text("1,1,1,1,1,1,1,1")));
    assert_eq!(bench.get("1.3.6.1.4.1.17420.1.2.9.2.13.0"), Ok(Value::text("0,0,0,0,0,0,0,0")));
    bench.device.plant_mut().set(ms(0), "1:2", Power::Off);
    assert_eq!(bench.set(&first, Value::text("1,0,0,1,1,1,1,1")), ErrorStatus::NO_ERROR);
    bench.sleep(ms(1000));
    assert_eq!(bench.get("1.3.6.1.4.1.17420.1.2.9.1.13.0"), Ok(Value::text("1,0,0,1,1,1,1,1")));
    let moved: Vec<String> =
        bench.device.plant().timeline().iter().map(|change| change.plug.clone()).collect();
    assert_eq!(moved, ["1:2", "1:3"]);
    for wrong in ["1,0,0,1,1,1,1", "1,0,0,1,1,1,1,2", "", "1,0,0,1,1,1,1,1,1"] {
        assert_eq!(bench.set(&first, Value::text(wrong)), ErrorStatus::WRONG_VALUE, "{wrong}");
    }
    let effects: Vec<_> = bench.device.requests().iter().filter_map(|entry| entry.effect.clone()).collect();
    assert_eq!(effects, ["off of 1:3 in 500ms"]);
}

#[test]
fn time_goes_on_and_starts_anew_with_the_agent() {
    let mut bench = asker();
    bench.sleep(ms(12_340));
    assert_eq!(bench.get(SYS_UP_TIME), Ok(Value::TimeTicks(1234)));
    bench.fault("bmc-reset(after,5s)@off");
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    assert_eq!(bench.send(Pdu::new(PduKind::Get, 0, vec![Binding::ask(oid(SYS_DESCR))])), None);
    bench.sleep(ms(6_000));
    assert_eq!(bench.get(SYS_UP_TIME), Ok(Value::TimeTicks(100)));
    assert_eq!(bench.truth("1"), Power::Off);
}

#[test]
fn what_the_firmware_lacks_is_not_there() {
    let mut bench = Asker::new(pdu(&format!("lacks = [\"{NAMES}\"]"), ""));
    assert_eq!(bench.walk("1").len(), 4 + 2 * 24);
    assert_eq!(bench.walk(NAMES), []);
}

/// What an answer claims about which plug, read from a recorded wire.
#[test]
fn answers_claim_what_they_say_of_a_plug() {
    let tables = r#"
[[face.snmp.object]]
name = "all"
oid  = "1.3.6.1.4.1.99.1.0"
each = { on = "1", off = "0", separator = "," }
plugs = ["1", "2", "3"]
[[face.snmp.state]]
name   = "unknown"
means  = "neither"
seen   = [{ object = "rPDUOutletControlOutletCommand", value = 1 }]
source = "this test"
"#;
    let spec = pdu("", tables);
    let mut bench = Asker::new(spec.clone());
    bench.device.plant_mut().set(ms(0), "2", Power::Off);
    bench.device.record();
    let mut claims = |act: &dyn Fn(&mut Asker)| {
        act(&mut bench);
        let events = bench.device.take_events();
        let claims = spec.claims(&events).into_iter();
        claims.map(|claim| (claim.plug, claim.power)).collect::<Vec<_>>()
    };
    let claim = |plug: &str, power| (plug.to_owned(), power);
    let (on, off) = (Some(Power::On), Some(Power::Off));
    let ask = |objects: Vec<Oid>| {
        move |bench: &mut Asker| {
            bench.ask(PduKind::Get, &objects);
        }
    };
    assert_eq!(
        claims(&ask(vec![at(STATUS, 2), at(NAMES, 1), at(STATUS, 1)])),
        [claim("2", off), claim("1", on)]
    );
    assert_eq!(
        claims(&ask(vec![oid("1.3.6.1.4.1.99.1.0")])),
        [claim("1", on), claim("2", off), claim("3", on)]
    );
    assert_eq!(
        claims(&ask(vec![at(COMMAND, 1), at(COMMAND, 2)])),
        [claim("1", None), claim("2", off)],
        "documented as unclear"
    );
    assert_eq!(claims(&ask(vec![oid(SYS_DESCR)])), []);
    assert_eq!(
        claims(&|bench| assert!(bench.order(2, 1).is_ok())),
        [],
        "the answer to a Set repeats what was written"
    );
    assert_eq!(claims(&|bench| assert_eq!(bench.walk(STATUS).len(), 24)).len(), 24);
    let failed = |bench: &mut Asker| {
        bench.fault("error(gen-err)");
        bench.ask(PduKind::Get, &[at(STATUS, 2)]);
        bench.fault("other-type");
        bench.ask(PduKind::Get, &[at(STATUS, 2)]);
    };
    assert_eq!(claims(&failed), [claim("2", None), claim("2", None)]);
}

#[test]
fn what_is_no_question_is_not_answered() {
    let mut bench = asker();
    for kind in [PduKind::Inform, PduKind::Response, PduKind::Trap, PduKind::Report, PduKind::Unknown(0xaf)] {
        let pdu = Pdu::new(kind, 0, vec![Binding { object: at(COMMAND, 1), value: Value::Integer(2) }]);
        assert_eq!(bench.send(pdu), None, "{kind:?}");
    }
    bench.sleep(ms(2000));
    assert_eq!(bench.truth("1"), Power::On);
    let empty = bench.send(Pdu::new(PduKind::Get, 0, Vec::new())).unwrap();
    assert_eq!((empty.error, empty.bindings), (ErrorStatus::NO_ERROR, Vec::new()));
}

/// A controller that speaks both protocols has one plant.
#[test]
fn two_faces_of_one_device() {
    let text = toml("[{ name = \"1\" }]", "", OBJECTS).replace("[face.snmp]", "[face.ipmi]\n[face.snmp]");
    let spec = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let protocols: Vec<&str> = spec.faces.iter().map(fencelab_devices::spec::FaceSpec::protocol).collect();
    assert_eq!(protocols, ["ipmi", "snmp"]);
    let mut device = fencelab_devices::Device::new(spec, &fencelab_devices::Credentials::default(), 1);
    device.record();
    let mut bench = asker();
    let order = bench.datagram(Pdu::new(
        PduKind::Set,
        0,
        vec![Binding { object: at(COMMAND, 1), value: Value::Integer(2) }],
    ));
    device.handle(ms(0), 0, peer(), &order);
    assert_eq!(device.take_output(ms(0)), [], "this is the other face");
    device.handle(ms(0), 1, peer(), &order);
    assert_eq!(device.take_output(ms(0)).len(), 1);
    device.advance(ms(1000));
    assert_eq!(device.plant().plugs()[0].power(), Power::Off);
    assert_eq!(device.requests().last().unwrap().face, 1);
    assert!(device.take_events().len() >= 3);
}
