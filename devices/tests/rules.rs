//! Every kind of behaviour rule, in virtual time, at its boundary and a step beyond.

mod support;

use fencelab_devices::Power;
use fencelab_wire::ipmi::{NetFn, Request};
use support::{Bench, LAN, LANPLUS, ms};

const OFF: u8 = 0;
const ON: u8 = 1;
const CYCLE: u8 = 2;
const RESET: u8 = 3;

fn rule(rule: &str) -> Bench {
    let mut bench = Bench::new(&format!("[[face.ipmi.rule]]\nsource = \"test\"\n{rule}"));
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    bench
}

#[test]
fn without_rules_power_follows_the_relays() {
    for interface in [LANPLUS, LAN] {
        let mut bench = Bench::new("");
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        assert_eq!(bench.status(), Some(Ok(Power::On)));
        assert_eq!(bench.control(OFF), Some(0));
        bench.sleep(ms(499));
        assert_eq!(bench.status(), Some(Ok(Power::On)));
        bench.sleep(ms(1));
        assert_eq!(bench.status(), Some(Ok(Power::Off)));
        for value in [CYCLE, RESET, 4] {
            assert_eq!(bench.control(value), Some(0xd5), "{value}");
        }
        assert_eq!(bench.control(9), Some(0xcc));
        assert_eq!(bench.control(ON), Some(0));
        bench.sleep(ms(300));
        assert_eq!(bench.truth(), Power::On);
        bench.close();
        assert_eq!(bench.device.sessions(), 0);
    }
}

#[test]
fn done_after() {
    let mut bench = rule("on = { command = \"chassis-control\", value = \"off\" }\ndone-after = \"3s\"");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(2999));
    assert_eq!(bench.truth(), Power::On);
    bench.sleep(ms(1));
    assert_eq!(bench.truth(), Power::Off);
    let log = bench.device.requests().last().unwrap().clone();
    assert_eq!(log.request, "chassis-control off");
    assert!(log.effect.unwrap().contains("off of system in 3s"));
}

#[test]
fn acknowledged_but_not_done() {
    let mut bench = rule("on = { command = \"chassis-control\", value = \"off\", first = 1 }\ndone = false");
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(60_000 - 1));
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.truth(), Power::On);
    assert_eq!(bench.control(OFF), Some(0));
    bench.sleep(ms(500));
    assert_eq!(bench.truth(), Power::Off);
}

#[test]
fn cycle_of_an_off_node_may_power_up() {
    let mut bench = rule(
        "on = { command = \"chassis-control\", value = [\"cycle\", 3], while-power = \"off\" }\nanswer = { completion = 0 }\nmoves = \"on\"",
    );
    bench.control(OFF);
    bench.sleep(ms(500));
    assert_eq!(bench.control(RESET), Some(0));
    bench.sleep(ms(300));
    assert_eq!(bench.truth(), Power::On);
}

#[test]
fn refused_command_moves_nothing() {
    let mut bench = rule("on = { command = \"chassis-control\" }\nanswer = { completion = 0xC0 }");
    assert_eq!(bench.control(OFF), Some(0xc0));
    bench.sleep(ms(10_000));
    assert_eq!(bench.truth(), Power::On);
}

#[test]
fn the_network_is_gone_for_15_s_after_power_on() {
    let mut bench = rule("on = { after = \"power-on\", for = \"15s\" }\nanswer = \"silence\"");
    bench.control(OFF);
    bench.sleep(ms(500));
    let asked = bench.now;
    assert_eq!(bench.control(ON), Some(0));
    // The truth is on at +300 ms, so the network is gone until +15.3 s.
    bench.now = asked + ms(300);
    assert_eq!(bench.status(), None);
    bench.now = asked + ms(15_299);
    assert_eq!(bench.status(), None);
    bench.now = asked + ms(15_300);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
}

#[test]
fn one_more_poll_says_still_on() {
    let mut bench = rule(
        "on = { command = \"get-chassis-status\", after = \"power-off\", first = 1 }\nanswer = { state = \"power-on\" }",
    );
    for _ in 0..2 {
        bench.control(OFF);
        bench.sleep(ms(500));
        assert_eq!(bench.status(), Some(Ok(Power::On)));
        assert_eq!(bench.status(), Some(Ok(Power::Off)));
        bench.control(ON);
        bench.sleep(ms(300));
        assert_eq!(bench.status(), Some(Ok(Power::On)));
    }
}

#[test]
fn every_and_nth() {
    let mut bench =
        rule("on = { command = \"get-chassis-status\", every = 3 }\nanswer = { completion = 0xC0 }");
    let answers: Vec<_> = (0..6).map(|_| bench.status().unwrap().is_ok()).collect();
    assert_eq!(answers, [true, true, false, true, true, false]);
    let mut bench = rule("on = { command = \"get-chassis-status\", nth = 2 }\nanswer = \"silence\"");
    let answers: Vec<_> = (0..3).map(|_| bench.status().is_some()).collect();
    assert_eq!(answers, [true, false, true]);
}

#[test]
fn no_session_for_the_first_opens_after_a_reset() {
    for (interface, words) in [(LANPLUS, "insufficient resources"), (LAN, "session")] {
        let mut bench = rule(
            "on = { command = \"open-session\", after = \"off-command\", for = \"20s\", first = 2 }\nanswer = { completion = 0x01 }",
        );
        bench.control(OFF);
        for _ in 0..2 {
            let refused = bench.open(interface).expect("an answer").expect_err("refused").to_string();
            assert!(refused.to_lowercase().contains(words), "{refused}");
        }
        assert!(matches!(bench.open(interface), Some(Ok(()))));
    }
}

#[test]
fn a_single_session_only() {
    let mut bench = Bench::new("sessions = { limit = 1, idle = \"10s\" }");
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert!(matches!(bench.open(LANPLUS), Some(Err(_))));
    assert_eq!(bench.device.sessions(), 1);
    bench.sleep(ms(11_000));
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
}

#[test]
fn the_controller_resets_itself() {
    let mut bench = rule("on = { command = \"cold-reset\" }\nresets = \"bmc\"\nreset-time = \"20s\"");
    let response = bench.ask(6, 2, &[]).unwrap();
    assert!(response.completion.is_ok());
    let answered = bench.now;
    assert_eq!(bench.device.sessions(), 0);
    bench.now = answered + ms(18_000);
    assert!(bench.open(LANPLUS).is_none());
    bench.now = answered + ms(20_000);
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.truth(), Power::On);
}

#[test]
fn a_cold_reset_loses_the_sessions_and_nothing_else() {
    let mut bench = Bench::new("");
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert!(bench.ask(6, 2, &[]).unwrap().completion.is_ok());
    assert_eq!(bench.device.sessions(), 0);
    assert_eq!(bench.status(), None);
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
}

#[test]
fn answers_are_late_and_have_other_bytes() {
    let mut bench = rule(
        "on = { command = { netfn = 0x2E, cmd = 0x01 }, data = \"01 02\" }\nanswer = { data = \"AA BB\", delay = \"700ms\" }",
    );
    assert_eq!(bench.ask(0x2e, 1, &[1, 3]).unwrap().completion.0, 0xc1);
    let asked = bench.now;
    let response = bench.ask(0x2e, 1, &[1, 2, 3]).unwrap();
    assert_eq!((response.completion.0, response.data), (0, vec![0xaa, 0xbb]));
    assert_eq!(bench.now - asked, ms(700));
}

#[test]
fn the_session_layer_can_be_silenced_and_delayed() {
    let mut bench = rule("on = { command = \"close-session\", first = 1 }\nanswer = \"silence\"");
    let close = Request::new(NetFn::APP, 0x3c, [0, 0, 0, 0]);
    assert!(bench.ask_within(&close, ms(100)).is_none());
    assert!(bench.ask_within(&close, ms(100)).is_some());
    let mut bench = rule(
        "on = { command = \"set-session-privilege-level\", after = \"off-command\" }\nanswer = { delay = \"200ms\" }",
    );
    bench.control(OFF);
    let asked = bench.now;
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.now - asked, ms(200));
}

#[test]
fn oem_bytes_are_said_before_the_session() {
    let mut bench = Bench::new("oem = { id = 0x2A2, aux = 7 }");
    let question =
        [6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0x04, 0x38, 0x0e, 0x04, 0x31];
    bench.device.handle(ms(0), 0, support::peer(), &question);
    let output = bench.device.take_output(ms(0)).remove(0);
    assert_eq!(output.bytes[25..29], [0xa2, 0x02, 0x00, 0x07]);
}

#[test]
fn too_low_a_privilege_is_refused() {
    let mut bench = Bench::new(
        "privilege-limit = \"administrator\"\nusers = [{ name = \"lab\", privilege = \"administrator\" }]",
    );
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    // Down to user: status yes, control no.
    assert!(bench.ask(6, 0x3b, &[2]).unwrap().completion.is_ok());
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.control(OFF), Some(0xd4));
    assert_eq!(bench.ask(6, 0x2f, &[]).unwrap().completion.0, 0);
    bench.sleep(ms(1000));
    assert_eq!(bench.truth(), Power::On);
}
