//! Every fault, in virtual time, at its boundary and a step beyond.

mod support;

use std::path::Path;

use fencelab_devices::{Cause, Credentials, Device, DeviceSpec, Power, fault};
use support::{Bench, LAN, LANPLUS, ms, peer};

const OFF: u8 = 0;
const ON: u8 = 1;

fn open(face: &str) -> Bench {
    let mut bench = Bench::new(face);
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    bench
}

#[test]
fn drop_is_lost_only_where_it_says() {
    let mut bench = open("");
    bench.fault("drop@from-device,status,first=2");
    assert_eq!(bench.control(ON), Some(0));
    assert_eq!(bench.status(), None);
    assert_eq!(bench.status(), None);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.device.requests().len(), 4);
    bench.fault("drop@to-device,off");
    assert_eq!(bench.control(OFF), None);
    assert_eq!(bench.device.requests().len(), 4);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.truth(), Power::On);
    bench.device.clear_faults();
    assert_eq!(bench.control(OFF), Some(0));
}

#[test]
fn a_window_ends() {
    let mut bench = open("");
    bench.fault("drop@to-device,for=10s");
    let begin = bench.now;
    assert_eq!(bench.status(), None);
    bench.now = begin + ms(9_999);
    assert_eq!(bench.status(), None);
    bench.now = begin + ms(10_000);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
}

#[test]
fn delay_is_exact() {
    let mut bench = open("");
    bench.fault("delay(250ms)@to-device + delay(500ms)@from-device");
    let asked = bench.now;
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.now - asked, ms(750));
    assert_eq!(bench.device.requests().last().unwrap().at, asked + ms(250));
}

#[test]
fn duplicate_reaches_the_device_twice() {
    let mut bench = open("");
    bench.fault("duplicate@from-device");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.device.next_wake(), None);
    // The second copy was taken with the first; the next answer is still the right one.
    assert_eq!(bench.control(OFF), Some(0));
}

#[test]
fn reorder_swaps_two_answers() {
    let mut bench = Bench::new("");
    bench.fault("reorder@from-device,nth=1");
    let ping = |tag: u8| [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, tag, 0, 0];
    bench.device.handle(ms(0), 0, peer(), &ping(1));
    assert!(bench.device.take_output(ms(0)).is_empty());
    bench.device.handle(ms(10), 0, peer(), &ping(2));
    let tags: Vec<u8> = bench.device.take_output(ms(10)).iter().map(|output| output.bytes[9]).collect();
    assert_eq!(tags, [2, 1]);
    // Alone, it comes a second later.
    bench.fault("reorder@from-device,nth=1");
    bench.device.handle(ms(20), 0, peer(), &ping(3));
    assert_eq!(bench.device.next_wake(), Some(ms(1020)));
    assert!(bench.device.take_output(ms(1019)).is_empty());
    assert_eq!(bench.device.take_output(ms(1020)).len(), 1);
}

#[test]
fn cut_split_and_garble() {
    let ping = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 1, 0, 0];
    let answers = |expression: &str| {
        let mut bench = Bench::new("");
        bench.fault(expression);
        bench.device.handle(ms(0), 0, peer(), &ping);
        let outputs: Vec<Vec<u8>> =
            bench.device.take_output(ms(0)).into_iter().map(|output| output.bytes).collect();
        outputs
    };
    let whole = answers("").remove(0);
    assert_eq!(whole.len(), 28);
    assert_eq!(answers("cut(5)@from-device"), [whole[..5].to_vec()]);
    assert_eq!(answers("cut(28)@from-device"), std::slice::from_ref(&whole));
    assert_eq!(answers("split(27)@from-device"), [whole[..27].to_vec(), whole[27..].to_vec()]);
    assert_eq!(answers("split(28)@from-device"), std::slice::from_ref(&whole));
    let mut garbled = whole.clone();
    garbled[1] = !garbled[1];
    assert_eq!(answers("garble(29)@from-device"), [garbled]);
    assert!(answers("cut(11)@to-device").is_empty());
    assert!(answers("garble(3)@to-device").is_empty());
}

#[test]
fn close_refuse_and_one_session() {
    for interface in [LANPLUS, LAN] {
        let mut bench = Bench::new("");
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        bench.fault("close@off");
        assert_eq!(bench.status(), Some(Ok(Power::On)));
        assert_eq!(bench.control(OFF), None);
        assert_eq!(bench.device.sessions(), 0);
        assert_eq!(bench.status(), None);
        bench.fault("refuse@first=1");
        assert!(matches!(bench.open(interface), Some(Err(_))));
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        bench.fault("one-session");
        assert!(matches!(bench.open(interface), Some(Err(_))));
        bench.sleep(ms(61_000));
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        assert_eq!(bench.truth(), Power::On);
    }
}

#[test]
fn not_done_and_done_late() {
    let mut bench = open("");
    bench.fault("not-done@off");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(10_000));
    assert_eq!(bench.truth(), Power::On);
    bench.fault("done-late(3s)");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(3499));
    assert_eq!(bench.truth(), Power::On);
    bench.sleep(ms(1));
    assert_eq!(bench.truth(), Power::Off);
}

#[test]
fn states_are_shown_as_documented() {
    let face = "[[face.ipmi.state]]\nname = \"power-on\"\nmeans = \"on\"\nsource = \"t\"\nseen = [{ command = \"get-chassis-status\", mask = \"01\", data = \"01\" }]\n[[face.ipmi.state]]\nname = \"booting\"\nmeans = \"neither\"\nsource = \"t\"\nseen = [{ command = \"get-chassis-status\", completion = 0xD2 }]";
    let mut bench = open(face);
    bench.fault("state(booting)@nth=2");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.status(), Some(Err(0xd2)));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    bench.fault("state-unknown");
    assert_eq!(bench.status(), Some(Err(0xd2)));
    bench.fault("state(power-on)");
    bench.control(OFF);
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::Off);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // A state that this device does not document is at least no answer about power.
    bench.fault("state(nonsense)");
    assert_eq!(bench.status(), Some(Err(0xce)));
    let wrong = fault::Fault::parse_all("state(boting)").unwrap().remove(0);
    assert!(bench.device.spec().check(&wrong).unwrap_err().contains("did you mean `booting`?"));
    let mut plain = open("");
    plain.fault("state-unknown");
    assert_eq!(plain.status(), Some(Err(0xce)));
}

#[test]
fn stale_says_what_was() {
    let mut bench = open("");
    bench.fault("stale(5s)");
    bench.control(OFF);
    bench.sleep(ms(500));
    let off = bench.now;
    bench.now = off + ms(4_999);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    bench.now = off + ms(5_000);
    assert_eq!(bench.status(), Some(Ok(Power::Off)));
}

#[test]
fn absent_plug() {
    let mut bench = open("");
    bench.fault("plug-absent");
    assert_eq!(bench.status(), Some(Err(0xcb)));
    assert_eq!(bench.control(OFF), Some(0xcb));
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::On);
}

#[test]
fn wrong_plug_reaches_the_neighbour() {
    let mut bench = open("");
    let mut neighbour = Bench::new("");
    bench.fault("wrong-plug@off");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::On);
    for command in bench.device.take_neighbour_commands() {
        neighbour.device.apply_neighbour_command(&command);
    }
    neighbour.now = bench.now;
    assert_eq!(neighbour.truth(), Power::Off);
    assert_eq!(neighbour.device.plant().timeline()[0].cause, Cause::Neighbour);
    assert!(bench.device.take_neighbour_commands().is_empty());
}

#[test]
fn wrong_plug_is_the_next_one_where_there_are_several() {
    let text = support::toml("").replace("{ name = \"system\" }", "{ name = \"1\" }, { name = \"2\" }");
    let spec = DeviceSpec::parse(Path::new("d.toml"), &text, Path::new(".")).unwrap();
    let mut bench = Bench::of(Device::new(spec, &Credentials::default(), 1));
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    bench.fault("wrong-plug");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(500));
    let power: Vec<Power> = bench.device.plant().plugs().iter().map(|plug| plug.power()).collect();
    assert_eq!(power, [Power::On, Power::Off]);
    assert!(bench.device.take_neighbour_commands().is_empty());
}

#[test]
fn flap_falls_back_and_recovers() {
    let mut bench = open("");
    bench.fault("flap(2s)@off");
    let asked = bench.now;
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(60_000));
    bench.truth();
    let steps: Vec<_> =
        bench.device.plant().timeline().iter().map(|change| (change.at - asked, change.power)).collect();
    assert_eq!(steps, [(ms(500), Power::Off), (ms(2500), Power::On), (ms(4500), Power::Off)]);
    // Off of an off plug moves nothing, so there is nothing to fall back from.
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(50_000));
    bench.truth();
    assert_eq!(bench.device.plant().timeline().len(), 3);
}

#[test]
fn the_controller_restarts_in_each_phase() {
    for (phase, answered, done) in [("before", false, false), ("during", false, true), ("after", true, true)]
    {
        let mut bench = open("");
        bench.fault(&format!("bmc-reset({phase},20s)@off"));
        let asked = bench.now;
        assert_eq!(bench.control(OFF).is_some(), answered, "{phase}");
        assert_eq!(bench.device.sessions(), 0);
        bench.now = asked + ms(18_999);
        assert!(bench.open(LANPLUS).is_none(), "{phase}");
        bench.now = asked + ms(20_000);
        assert!(matches!(bench.open(LANPLUS), Some(Ok(()))), "{phase}");
        assert_eq!(bench.truth() == Power::Off, done, "{phase}");
    }
}

/// The whole answer to Get Chassis Status: the completion code and the data.
fn raw_status(bench: &mut Bench) -> (u8, Vec<u8>) {
    let answer = bench.ask(0, 1, &[]).unwrap();
    (answer.completion.0, answer.data)
}

#[test]
fn errors_have_names_and_do_nothing() {
    let mut bench = open("");
    let healthy = raw_status(&mut bench).1;
    for (name, code) in [
        ("node-busy", 0xc0),
        ("invalid-command", 0xc1),
        ("timeout", 0xc3),
        ("out-of-space", 0xc4),
        ("request-truncated", 0xc6),
        ("insufficient-privilege", 0xd4),
        ("not-supported-in-present-state", 0xd5),
        ("unspecified", 0xff),
    ] {
        bench.fault(&format!("error({name})"));
        assert_eq!(raw_status(&mut bench), (code, Vec::new()), "{name}");
        assert_eq!(bench.control(OFF), Some(code), "{name}");
        bench.fault(&format!("error-with-body({name})"));
        assert_eq!(raw_status(&mut bench), (code, healthy.clone()), "{name}");
        assert_eq!(bench.control(OFF), Some(code), "{name}");
        bench.sleep(ms(1000));
        assert_eq!(bench.truth(), Power::On, "{name}");
    }
    // Only what is asked for, and only so often.
    bench.fault("error(node-busy)@status,first=1");
    assert_eq!(bench.control(ON), Some(0));
    assert_eq!(bench.status(), Some(Err(0xc0)));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // SNMP's errors are none of a BMC's.
    bench.fault("error(gen-err)");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    let wrong = fault::Fault::parse_all("error(gen-err)").unwrap().remove(0);
    assert!(bench.device.spec().check(&wrong).unwrap_err().contains("speaks ipmi"));
    // What an error acknowledges is not remembered either: the policy (byte 1, bits 6:5) stays.
    bench.fault("error-with-body(node-busy)@other");
    assert_eq!(bench.ask(0, 6, &[2]).unwrap().completion.0, 0xc0);
    bench.device.clear_faults();
    assert_eq!(raw_status(&mut bench).1, healthy);
}

#[test]
fn status_says_numbers_nothing_and_the_opposite() {
    let mut bench = open("");
    let (_, healthy) = raw_status(&mut bench);
    for (number, byte) in [(0, 0), (1, 1), (2, 2), (255, 255), (256, 0), (65_535, 255), (-1, 255)] {
        bench.fault(&format!("value({number})"));
        let (code, data) = raw_status(&mut bench);
        assert_eq!((code, data[0], &data[1..]), (0, byte, &healthy[1..]), "{number}");
    }
    bench.fault("empty");
    assert_eq!(raw_status(&mut bench), (0, Vec::new()));
    bench.fault("others-state");
    assert_eq!(bench.status(), Some(Ok(Power::Off)), "the opposite: there is one plug");
    assert_eq!(bench.control(OFF), Some(0), "a command is none of its business");
    bench.sleep(ms(500));
    assert_eq!((bench.truth(), bench.status()), (Power::Off, Some(Ok(Power::On))));
}

/// What the wire then says, as the checkers read it: bit 0 of a whole answer, whatever else it says.
#[test]
fn claims_are_read_from_the_wire() {
    for (fault, claim) in [
        ("value(0)", Some(Power::Off)),
        ("value(2)", Some(Power::Off)),
        ("value(255)", Some(Power::On)),
        ("others-state", Some(Power::Off)),
        ("longer(3)", Some(Power::On)),
        ("short(2)", None),
        ("empty", None),
        ("error(node-busy)", None),
        ("others-state + error-with-body(node-busy)", None),
    ] {
        let mut bench = Bench::new("");
        bench.device.record();
        assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
        bench.fault(fault);
        let _ = bench.ask(0, 1, &[]);
        let events = bench.device.take_events();
        let claims = bench.device.spec().claims(&events);
        assert_eq!(claims.iter().map(|claim| claim.power).collect::<Vec<_>>(), [claim], "{fault}");
    }
}

#[test]
fn answers_end_early_and_go_on_in_right_framing() {
    for interface in [LANPLUS, LAN] {
        let mut bench = Bench::new("");
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        let (_, healthy) = raw_status(&mut bench);
        for length in 0..=healthy.len() + 1 {
            bench.fault(&format!("short({length})"));
            let left = length.min(healthy.len());
            assert_eq!(raw_status(&mut bench), (0, healthy[..left].to_vec()), "{length}");
        }
        for (more, length) in [(1, healthy.len() + 1), (32, healthy.len() + 32), (65_535, 240)] {
            bench.fault(&format!("longer({more})"));
            let (code, data) = raw_status(&mut bench);
            assert_eq!((code, data.len()), (0, length), "{more}");
            assert!(data.starts_with(&healthy) && data[healthy.len()..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(bench.control(OFF), Some(0), "it is done");
        bench.sleep(ms(500));
        assert_eq!(bench.truth(), Power::Off);
    }
}

#[test]
fn an_exchange_is_counted_over_all_requests() {
    let mut bench = open("");
    bench.fault("error(node-busy)@exchange=3");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.control(ON), Some(0));
    assert_eq!(bench.status(), Some(Err(0xc0)));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // An exchange that asks for something else is none of the fault's.
    bench.fault("error(node-busy)@status,exchange=1");
    assert_eq!(bench.control(ON), Some(0));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // The answer belongs to its request, whatever was lost or came twice before.
    bench.fault("drop@to-device,exchange=1 + duplicate@from-device,exchange=2 + drop@from-device,exchange=3");
    let before = bench.device.requests().len();
    assert_eq!(bench.status(), None);
    assert_eq!(bench.device.requests().len(), before, "it never came");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.status(), None);
    assert_eq!(bench.device.requests().len(), before + 2, "it came, and its answer was lost");
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // Control faults, too.
    bench.fault("not-done@exchange=2");
    assert_eq!((bench.control(OFF), bench.truth()), (Some(0), Power::On));
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::Off);
    assert_eq!(bench.control(ON), Some(0));
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::Off, "the second one is not done");
}

/// A late request keeps its number; those of an earlier set of faults have none.
#[test]
fn a_late_request_keeps_its_number() {
    let ping = |tag: u8| [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, tag, 0, 0];
    let tags = |device: &mut Device, now| {
        device.take_output(ms(now)).iter().map(|output| output.bytes[9]).collect::<Vec<_>>()
    };
    let mut bench = Bench::new("");
    bench.fault("delay(100ms)@to-device,exchange=1 + drop@from-device,exchange=1");
    bench.device.handle(ms(0), 0, peer(), &ping(1));
    bench.device.handle(ms(10), 0, peer(), &ping(2));
    assert_eq!(tags(&mut bench.device, 200), [2], "the first one's answer is lost, though it comes last");
    bench.fault("delay(100ms)@to-device");
    bench.device.handle(ms(300), 0, peer(), &ping(3));
    bench.fault("drop@from-device,exchange=1");
    assert_eq!(tags(&mut bench.device, 500), [3], "it came before the faults that count");
    bench.device.handle(ms(600), 0, peer(), &ping(4));
    assert_eq!(tags(&mut bench.device, 600), [0_u8; 0]);
}

#[test]
fn every_fault_of_the_catalogue_heals() {
    for entry in fault::CATALOGUE {
        let mut bench = open("");
        let kind = entry.example("ipmi", "power-off");
        assert!(!entry.is_for("ipmi") || kind.is_for("ipmi"));
        bench.device.set_faults(vec![fault::Fault::new(kind)]);
        let _ = bench.control(OFF);
        let _ = bench.ask(0, 1, &[]);
        bench.device.clear_faults();
        bench.sleep(ms(120_000));
        assert!(matches!(bench.open(LANPLUS), Some(Ok(()))), "{}", entry.name);
        assert_eq!(bench.control(ON), Some(0), "{}", entry.name);
        bench.sleep(ms(300));
        assert_eq!(bench.status(), Some(Ok(Power::On)), "{}", entry.name);
    }
}
