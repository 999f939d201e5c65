//! Faults and rules of the SNMP face, one by one, in virtual time.

#[path = "support/snmp.rs"]
mod support;

use fencelab_devices::{Credentials, Device, Fault, Power};
use fencelab_wire::Secret;
use fencelab_wire::snmp::manager::{Config, Manager, Progress};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, Distortion, ErrorStatus, Message, Oid, Pdu, PduKind, Value, Version};
use support::*;

const STATES: &str = r#"
[[face.snmp.state]]
name   = "on"
means  = "on"
seen   = [{ object = "rPDUOutletStatusOutletState", value = 1 }]
source = "this test"
[[face.snmp.state]]
name   = "off"
means  = "off"
seen   = [{ object = "rPDUOutletStatusOutletState", value = 2 }]
source = "this test"
[[face.snmp.state]]
name   = "unknown"
means  = "neither"
seen   = [{ object = "rPDUOutletStatusOutletState", value = 4 }]
source = "this test"
[[face.snmp.state]]
name   = "gone"
means  = "neither"
seen   = [{ object = "rPDUOutletStatusOutletState", error = "no-such-instance" }]
source = "this test"
"#;

fn faulty(fault: &str) -> Asker {
    let mut bench = Asker::new(pdu("", STATES));
    bench.fault(fault);
    bench
}

fn get(object: Oid) -> Pdu {
    Pdu::new(PduKind::Get, 0, vec![Binding::ask(object)])
}

#[test]
fn of_the_network() {
    let mut bench = faulty("drop@from-device,status");
    assert_eq!(bench.send(get(at(STATUS, 1))), None);
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR, "only status is lost");
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::Off);
    let mut bench = faulty("drop@to-device,off");
    assert_eq!(bench.send(set(at(COMMAND, 1), 2)), None);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::On, "it never came");
    assert_eq!(bench.order(1, 1), ErrorStatus::NO_ERROR);
    let mut bench = faulty("delay(700ms)@from-device");
    let datagram = bench.datagram(get(at(STATUS, 1)));
    assert_eq!(bench.raw(&datagram, ms(1000))[0].0, ms(700));
    let mut bench = faulty("duplicate@from-device");
    let datagram = bench.datagram(get(at(STATUS, 1)));
    assert_eq!(bench.raw(&datagram, ms(0)).len(), 2);
    let mut bench = faulty("cut(20)@from-device");
    let datagram = bench.datagram(get(at(STATUS, 1)));
    let bytes = bench.raw(&datagram, ms(0)).remove(0).1;
    assert!(bytes.len() == 20 && Message::parse(&bytes).is_err());
}

fn set(object: Oid, code: i64) -> Pdu {
    Pdu::new(PduKind::Set, 0, vec![Binding { object, value: Value::Integer(code) }])
}

#[test]
fn of_power() {
    let mut bench = faulty("not-done@off");
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    bench.sleep(ms(60_000));
    assert_eq!(bench.truth("1"), Power::On);
    let mut bench = faulty("done-late(10s)");
    bench.order(1, 2);
    bench.sleep(ms(10_499));
    assert_eq!(bench.truth("1"), Power::On);
    bench.sleep(ms(1));
    assert_eq!(bench.truth("1"), Power::Off);
    let mut bench = faulty("wrong-plug");
    bench.order(24, 2);
    bench.sleep(ms(1000));
    assert_eq!((bench.truth("24"), bench.truth("1")), (Power::On, Power::Off), "the next one");
    let mut bench = faulty("flap(2s)");
    bench.order(1, 2);
    let mut truth = |time| {
        bench.sleep(ms(time));
        bench.truth("1")
    };
    assert_eq!([truth(600), truth(2000), truth(2000)], [Power::Off, Power::On, Power::Off]);
}

#[test]
fn of_status() {
    let value = |fault: &str| faulty(fault).state(1);
    assert_eq!(value("state(off)"), Ok(Value::Integer(2)));
    assert_eq!(value("state-unknown"), Ok(Value::Integer(4)));
    assert_eq!(value("state(gone)"), Ok(Value::NoSuchInstance));
    assert_eq!(value("plug-absent"), Ok(Value::NoSuchInstance));
    // The control object shows no such code: it fails.
    assert_eq!(faulty("state(unknown)").get(&format!("{COMMAND}.1")), Err(ErrorStatus::GEN_ERR));
    assert_eq!(faulty("state(off)").get(SYS_DESCR), Ok(Value::text("ACME PDU")), "not about power");
    let mut old = faulty("state(gone)").version(Version::V1);
    assert_eq!(old.state(1), Err(ErrorStatus::NO_SUCH_NAME));
    let mut bench = faulty("plug-absent");
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_CREATION);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::On);
    let mut bench = faulty("stale(5s)");
    bench.sleep(ms(10_000));
    bench.order(1, 2);
    bench.sleep(ms(2_000));
    assert_eq!((bench.truth("1"), bench.state(1)), (Power::Off, Ok(Value::Integer(1))));
    bench.sleep(ms(4_000));
    assert_eq!(bench.state(1), Ok(Value::Integer(2)));
}

#[test]
fn of_answers() {
    let mut bench = faulty("error(gen-err)");
    assert_eq!(bench.state(1), Err(ErrorStatus::GEN_ERR));
    assert_eq!(bench.order(1, 2), ErrorStatus::GEN_ERR);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::On, "an error is no acknowledgement, and nothing is done");
    assert_eq!(faulty("error(no-such-object)").state(1), Ok(Value::NoSuchObject));
    assert_eq!(faulty("error(wrong-value)").version(Version::V1).order(1, 2), ErrorStatus::BAD_VALUE);
    let mut bench = faulty("error(commit-failed)@control,first=1");
    assert_eq!((bench.order(1, 2), bench.order(1, 2)), (ErrorStatus::COMMIT_FAILED, ErrorStatus::NO_ERROR));

    let mut bench = faulty("other-object");
    bench.device.plant_mut().set(ms(0), "4", Power::Off);
    let answer = bench.ask(PduKind::Get, &[at(STATUS, 3)]);
    assert_eq!(answer.bindings, [Binding { object: at(STATUS, 4), value: Value::Integer(2) }]);
    let answer = bench.ask(PduKind::Get, &[oid(SYS_DESCR)]);
    assert_eq!(answer.bindings[0].object, oid("1.3.6.1.2.1.1.1.1"));
    assert_eq!(faulty("other-type").state(1), Ok(Value::text("1")));
    assert_eq!(faulty("other-type").get(SYS_DESCR), Ok(Value::Integer(0)));
    let mut bench = faulty("other-id");
    let datagram = bench.datagram(get(at(STATUS, 1)));
    let bytes = bench.raw(&datagram, ms(0)).remove(0).1;
    let answer = Message::parse(&bytes).unwrap();
    assert_eq!(answer.body().unwrap().pdu().unwrap().request_id, 2);
    for number in 1..=Distortion::ALL.len() {
        let mut bench = faulty(&format!("malformed({number})"));
        let datagram = bench.datagram(get(at(STATUS, 1)));
        let broken = bench.raw(&datagram, ms(0)).remove(0).1;
        bench.device.clear_faults();
        let whole = bench.raw(&datagram, ms(0)).remove(0).1;
        assert_ne!(broken, whole, "way {number}");
    }
}

#[test]
fn of_errors_with_a_body() {
    for version in [Version::V1, Version::V2c] {
        let mut bench = faulty("error-with-body(gen-err)").version(version);
        let answer = bench.ask(PduKind::Get, &[at(STATUS, 1), at(STATUS, 2)]);
        assert_eq!((answer.error, answer.index), (ErrorStatus::GEN_ERR, 1));
        let values: Vec<Value> = answer.bindings.into_iter().map(|binding| binding.value).collect();
        assert_eq!(values, [Value::Integer(1), Value::Integer(1)]);
        let answer = bench.ask(PduKind::GetNext, &[oid(STATUS)]);
        assert_eq!((answer.error, &answer.bindings[0].object), (ErrorStatus::GEN_ERR, &at(STATUS, 1)));
        let answer = bench.set_all(&[(at(COMMAND, 1), Value::Integer(2))]);
        assert_eq!((answer.error, &answer.bindings[0].value), (ErrorStatus::GEN_ERR, &Value::Integer(2)));
        bench.sleep(ms(1000));
        assert_eq!(bench.truth("1"), Power::On, "nothing is done");
    }
    let mut old = faulty("error-with-body(wrong-value)").version(Version::V1);
    assert_eq!(old.ask(PduKind::Get, &[at(STATUS, 1)]).error, ErrorStatus::BAD_VALUE);
    assert_eq!(faulty("error(node-busy)").state(1), Ok(Value::Integer(1)), "IPMI's");
}

#[test]
fn of_what_status_says() {
    for number in [0_i64, 1, 2, 3, 100, 255, 65_535, 2_147_483_647, -1, -2_147_483_648, 4_294_967_297] {
        let mut bench = faulty(&format!("value({number})"));
        assert_eq!(bench.state(1), Ok(Value::Integer(number)));
        assert_eq!(bench.get(SYS_DESCR), Ok(Value::text("ACME PDU")), "not about power");
        assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    }
    assert_eq!(faulty("empty").state(1), Ok(Value::Null));
    let mut bench = faulty("others-state");
    bench.device.plant_mut().set(ms(0), "4", Power::Off);
    bench.device.plant_mut().set(ms(0), "1", Power::Off);
    let answer = bench.ask(PduKind::Get, &[at(STATUS, 3), at(STATUS, 4), at(STATUS, 24)]);
    let shown: Vec<(Oid, Value)> =
        answer.bindings.into_iter().map(|binding| (binding.object, binding.value)).collect();
    let code = |plug, code| (at(STATUS, plug), Value::Integer(code));
    assert_eq!(shown, [code(3, 2), code(4, 1), code(24, 2)], "under the right names");
}

/// Three plugs in one string, and a single plug.
fn string_device(plugs: &str, fault: &str) -> Asker {
    let object = "[[face.snmp.object]]\noid = \"1.3.6.1.4.1.17420.1.2.9.1.13.0\"\ntype = \"string\"\neach = { on = \"1\", off = \"0\" }\nwritable = true\n";
    let mut bench = Asker::new(parse(&toml(plugs, "", object)).unwrap());
    bench.fault(fault);
    bench
}

#[test]
fn of_strings_of_all_plugs() {
    let shown = |fault: &str| {
        let mut bench = string_device("{ count = 3 }", fault);
        bench.device.plant_mut().set(ms(0), "2", Power::Off);
        bench.get("1.3.6.1.4.1.17420.1.2.9.1.13.0").unwrap()
    };
    assert_eq!(shown(""), Value::text("1,0,1"));
    assert_eq!(shown("value(7)"), Value::text("7,7,7"));
    assert_eq!(shown("value(-1)"), Value::text("-1,-1,-1"));
    assert_eq!(shown("empty"), Value::text(""));
    assert_eq!(shown("others-state"), Value::text("0,1,1"));
    assert_eq!(shown("short(3)"), Value::text("1,0"));
    assert_eq!(shown("longer(2)"), Value::text("1,0,1xx"));
    let mut alone = string_device("{ count = 1 }", "others-state");
    assert_eq!(alone.get("1.3.6.1.4.1.17420.1.2.9.1.13.0"), Ok(Value::text("0")), "the opposite");
}

#[test]
fn of_answers_that_end_early_or_go_on() {
    let bindings = |fault: &str, objects: &[Oid]| {
        let answer = faulty(fault).ask(PduKind::Get, objects);
        assert!(answer.error.is_ok());
        answer.bindings.into_iter().map(|binding| (binding.object, binding.value)).collect::<Vec<_>>()
    };
    let asked = [at(NAMES, 1), at(STATUS, 1), at(STATUS, 2)];
    let (name, one) = (|text| (at(NAMES, 1), Value::text(text)), Value::Integer(1));
    assert_eq!(bindings("short(0)", &asked), []);
    assert_eq!(bindings("short(2)", &asked), [name("Ou"), (at(STATUS, 1), one.clone())]);
    assert_eq!(bindings("short(9)", &asked).len(), 3);
    assert_eq!(bindings("short(0)", &asked[..1]), [name("")], "a single one stays");
    assert_eq!(
        bindings("longer(2)", &asked),
        [
            name("Outlet 1xx"),
            (at(STATUS, 1), one.clone()),
            (at(STATUS, 2), one.clone()),
            (at(STATUS, 3), one.clone()),
            (at(STATUS, 4), one.clone()),
        ]
    );
    let around = bindings("longer(2)", &[at(STATUS, 23)]);
    assert_eq!(
        around.iter().map(|(object, _)| object.clone()).collect::<Vec<_>>()[1..],
        [24, 1].map(|plug| at(STATUS, plug))
    );
    assert_eq!(bindings("longer(30)", &[at(STATUS, 1)]).len(), 24, "there are no more plugs");
    assert_eq!(bindings("longer(2)", &[oid(SYS_DESCR)]), [(oid(SYS_DESCR), Value::text("ACME PDUxx"))]);
    let mut bench = faulty("short(1) + longer(3)");
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::Off, "its act is done");
}

/// What the wire then says of plug 1, as the checkers read it: a number that is a documented code is that state.
#[test]
fn of_claims() {
    let claimed = |mut bench: Asker, object: &str| {
        bench.device.record();
        let _ = bench.get(object);
        let events = bench.device.take_events();
        let claims = bench.device.spec().claims(&events);
        claims.into_iter().map(|claim| (claim.plug, claim.power)).collect::<Vec<_>>()
    };
    let status = format!("{STATUS}.1");
    for (fault, power) in [
        ("", Some(Power::On)),
        ("value(1)", Some(Power::On)),
        ("value(2)", Some(Power::Off)),
        ("value(3)", None),
        ("value(4)", None),
        ("value(-2)", None),
        ("value(4294967297)", None),
        ("empty", None),
        ("others-state + longer(0)", Some(Power::On)),
        ("error(gen-err)", None),
        ("state(off) + error-with-body(gen-err)", None),
    ] {
        assert_eq!(claimed(faulty(fault), &status), [("1".to_owned(), power)], "{fault}");
    }
    let powers = |fault: &str| {
        let all = claimed(string_device("{ count = 3 }", fault), "1.3.6.1.4.1.17420.1.2.9.1.13.0");
        all.into_iter().map(|(_, power)| power).collect::<Vec<_>>()
    };
    let (on, off) = (Some(Power::On), Some(Power::Off));
    assert_eq!(powers("value(0)"), [off, off, off]);
    assert_eq!(powers("value(10)"), [None, None, None]);
    assert_eq!(powers("longer(1)"), [on, on, None]);
    assert_eq!(powers("short(3)"), [on, None, None], "the last element may be cut");
    assert_eq!(powers("empty"), [None, None, None]);
}

#[test]
fn of_one_exchange() {
    let mut bench = faulty("value(2)@exchange=3");
    assert_eq!(bench.get(SYS_DESCR), Ok(Value::text("ACME PDU")));
    assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    assert_eq!(bench.state(1), Ok(Value::Integer(2)));
    assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    // The same datagram once more is an exchange of its own.
    let mut bench = faulty("error(gen-err)@exchange=2");
    let datagram = bench.datagram(get(at(STATUS, 1)));
    let answers = [bench.raw(&datagram, ms(0)), bench.raw(&datagram, ms(0)), bench.raw(&datagram, ms(0))];
    assert_eq!(answers[0], answers[2]);
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn of_sessions_without_any() {
    let mut bench = faulty("refuse@first=1");
    assert_eq!(bench.send(get(at(STATUS, 1))), None);
    assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    let mut bench = faulty("close@control,first=1");
    assert_eq!(bench.send(set(at(COMMAND, 1), 2)), None);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("1"), Power::On, "in place of answering");
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    for (phase, answered, done) in
        [("before", false, Power::On), ("during", false, Power::Off), ("after", true, Power::Off)]
    {
        let mut bench = faulty(&format!("bmc-reset({phase},20s)@off,first=1"));
        assert_eq!(bench.send(set(at(COMMAND, 1), 2)).is_some(), answered, "{phase}");
        bench.sleep(ms(15_000));
        assert_eq!(bench.truth("1"), done, "{phase}");
        assert_eq!(bench.send(get(at(STATUS, 1))), None, "{phase}");
        bench.sleep(ms(6_000));
        assert!(bench.send(get(at(STATUS, 1))).is_some(), "{phase}");
    }
}

/// A manager of v3 in virtual time.
struct Asker3 {
    device: Device,
    manager: Manager,
    now: std::time::Duration,
    /// Datagrams that it took until the answer was there.
    sent: usize,
}

impl Asker3 {
    fn new(fault: &str) -> Self {
        let mut device = Device::new(pdu("", STATES), &Credentials::default(), 1);
        device.set_faults(Fault::parse_all(fault).unwrap());
        let secret = || Secret::from("fencelab");
        let (auth, privacy) = ((AuthProtocol::Sha1, secret()), (PrivProtocol::Aes128, secret()));
        let user = Some(User::new("lab", Some(auth), Some(privacy)));
        let config = Config {
            version: Version::V3,
            community: None,
            user,
            level: Level::AuthPriv,
            context: String::new(),
        };
        Self { device, manager: Manager::new(config).unwrap(), now: ms(0), sent: 0 }
    }

    fn exchange(&mut self, mut bytes: Vec<u8>) -> Option<Result<Pdu, String>> {
        loop {
            self.sent += 1;
            assert!(self.sent < 20);
            self.device.handle(self.now, 0, peer(), &bytes);
            let output = self.device.take_output(self.now);
            let answer = output.first()?;
            match self.manager.receive(self.now, &answer.bytes, &mut |buffer| buffer.fill(3)) {
                Ok(Progress::Send(next)) => bytes = next,
                Ok(Progress::Ready) => return Some(Ok(Pdu::new(PduKind::Report, 0, Vec::new()))),
                Ok(Progress::Answer(pdu)) => return Some(Ok(pdu)),
                Ok(other) => panic!("{other:?}"),
                Err(refused) => return Some(Err(refused.to_string())),
            }
        }
    }

    fn ask(&mut self, kind: PduKind, bindings: Vec<Binding>) -> Option<Result<Pdu, String>> {
        if let Some(bytes) = self.manager.start(&mut |buffer| buffer.fill(5)) {
            self.exchange(bytes)?.ok()?;
        }
        self.sent = 0;
        let bytes = self.manager.request(self.now, kind, bindings, &mut |buffer| buffer.fill(7));
        self.exchange(bytes)
    }

    fn state(&mut self) -> Option<Result<Value, String>> {
        let answer = self.ask(PduKind::Get, vec![Binding::ask(at(STATUS, 1))])?;
        Some(answer.map(|pdu| pdu.bindings[0].value.clone()))
    }
}

#[test]
fn of_sessions_in_v3() {
    let mut bench = Asker3::new("");
    assert_eq!(bench.state(), Some(Ok(Value::Integer(1))));
    assert_eq!(bench.state(), Some(Ok(Value::Integer(1))));
    assert_eq!(bench.sent, 1, "the time is known");
    bench.device.set_faults(Fault::parse_all("close@status,first=1").unwrap());
    assert_eq!(bench.state(), None);
    assert_eq!(bench.state(), Some(Ok(Value::Integer(1))));
    assert_eq!(bench.sent, 2, "the engine has booted: the time is learned anew");
    bench.device.set_faults(Fault::parse_all("refuse@status").unwrap());
    assert!(bench.state().unwrap().is_err());
    bench.device.set_faults(Fault::parse_all("drop@session").unwrap());
    bench.device.set_faults(Fault::parse_all("bmc-reset(after,5s)@status,first=1").unwrap());
    assert_eq!(bench.state(), Some(Ok(Value::Integer(1))));
    assert_eq!(bench.state(), None);
    bench.now += ms(6_000);
    assert_eq!(bench.state(), Some(Ok(Value::Integer(1))));
    let mut bench = Asker3::new("drop@session");
    assert_eq!(bench.state(), None, "discovery is of the session");
    let mut bench = Asker3::new("refuse");
    assert!(
        bench.state().unwrap().unwrap_err().contains("user"),
        "the engine is learned, the user is not known"
    );
    let mut bench = Asker3::new("refuse@session");
    assert_eq!(bench.state(), None);
    let mut bench = Asker3::new("drop@to-device,status");
    assert_eq!(bench.state(), None);
    assert_eq!(
        bench.ask(PduKind::Get, vec![Binding::ask(oid(SYS_DESCR))]).map(|answer| answer.is_ok()),
        Some(true)
    );
    let mut bench = Asker3::new("malformed(1)");
    assert!(matches!(bench.state(), Some(Ok(Value::Integer(1)))), "long lengths are legal");
}

fn ruled(rules: &str) -> Asker {
    Asker::new(pdu("", &format!("{STATES}{rules}")))
}

#[test]
fn rules_hold_when_they_say() {
    let mut bench = ruled(
        r#"
[[face.snmp.rule]]
on     = { object = "rPDUOutletControlOutletCommand", value = 2, after = "on-command", for = "3s" }
answer = { error = "resource-unavailable" }
source = "this test"
[[face.snmp.rule]]
on     = { object = "rPDUOutletStatusOutletState", request = "get", plug = 5, first = 2, after = "off-command" }
answer = { state = "unknown", delay = "200ms" }
source = "this test"
[[face.snmp.rule]]
on     = { object = "rPDUOutletControlOutletCommand", plug = ["7", "8"], request = "set" }
done   = false
source = "this test"
[[face.snmp.rule]]
on     = { object = "1.3.6.1.2.1.1.4" }
answer = "silence"
source = "this test"
[[face.snmp.rule]]
on     = { object = "rPDUOutletControlOutletCommand", value = 3, plug = 9 }
moves  = "off"
done-after = "4s"
source = "this test"
"#,
    );
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);
    bench.order(1, 1);
    assert_eq!(bench.order(1, 2), ErrorStatus::RESOURCE_UNAVAILABLE);
    assert_eq!(bench.order(2, 2), ErrorStatus::NO_ERROR, "of another plug nothing was ordered on");
    bench.sleep(ms(3000));
    assert_eq!(bench.truth("1"), Power::On);
    assert_eq!(bench.order(1, 2), ErrorStatus::NO_ERROR);

    bench.order(5, 2);
    let before = bench.now;
    assert_eq!(bench.state(5), Ok(Value::Integer(4)));
    assert_eq!(bench.now - before, ms(200));
    assert_eq!(bench.state(6), Ok(Value::Integer(1)));
    assert_eq!(bench.state(5), Ok(Value::Integer(4)));
    bench.sleep(ms(1000));
    assert_eq!(bench.state(5), Ok(Value::Integer(2)));

    assert_eq!(bench.order(8, 2), ErrorStatus::NO_ERROR);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth("8"), Power::On);
    assert_eq!(bench.send(get(oid(SYS_CONTACT))), None);
    assert_eq!(bench.order(9, 3), ErrorStatus::NO_ERROR);
    bench.sleep(ms(3999));
    assert_eq!(bench.truth("9"), Power::On);
    bench.sleep(ms(10_000));
    assert_eq!(bench.truth("9"), Power::Off, "it does not come back");
    let rule = bench.device.requests().iter().rev().find_map(|entry| entry.effect.clone()).unwrap();
    assert!(rule.starts_with("rule at line "), "{rule}");
}

#[test]
fn a_rule_for_every_datagram_is_silence() {
    let mut bench = ruled(
        "[[face.snmp.rule]]\non = { after = \"power-off\", for = \"5s\" }\nanswer = \"silence\"\nsource = \"this test\"\n",
    );
    assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    bench.order(1, 2);
    bench.sleep(ms(600));
    assert_eq!(bench.send(get(at(STATUS, 1))), None);
    bench.sleep(ms(5000));
    assert_eq!(bench.state(1), Ok(Value::Integer(2)));
}

/// What turns shows it, where the device has codes for it.
#[test]
fn plugs_that_turn_show_it() {
    let object = r#"
[[face.snmp.object]]
name   = "outlet"
oid    = "1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.{n-1}"
shows  = { on = 1, off = 0, turning-on = 3, turning-off = 2 }
orders = { on = 1, off = 0 }
"#;
    let mut bench = Asker::new(pdu("", object));
    let outlet = oid("1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.0");
    let shown = |bench: &mut Asker| bench.get("1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.0").unwrap();
    assert_eq!(bench.set(&outlet, Value::Integer(0)), ErrorStatus::NO_ERROR);
    assert_eq!(shown(&mut bench), Value::Integer(2));
    bench.sleep(ms(500));
    assert_eq!(shown(&mut bench), Value::Integer(0));
    bench.set(&outlet, Value::Integer(1));
    assert_eq!(shown(&mut bench), Value::Integer(3));
    bench.sleep(ms(300));
    assert_eq!(shown(&mut bench), Value::Integer(1));
}
