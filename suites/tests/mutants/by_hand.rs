//! The defects that the suites cannot show yet, each beside the sound agent in the one situation that tells them apart.

use fencelab_devices::Power;
use fencelab_wire::snmp::{Body, ErrorStatus, Message, Value};

use super::bench::{Bench, Call, PATIENCE, Seen};
use super::*;

const AS_IT_IS: (&str, &str) = ("format = \"1.0\"", "format = \"1.0\"");
const STATUS: &str = "rPDUOutletStatusOutletState\", oid = \"1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.{plug}\", type = \"integer\", shows = { on = 1, off = 2 }";

/// What the sound agent and the one with the defect come to, each on a device of its own.
fn both(defect: &str, change: (&str, &str), trouble: &str, call: &Call) -> (Seen, Seen) {
    let defect = MUTATIONS.iter().find(|it| it.name == defect).unwrap();
    let run = |program: &str| Bench::new(defect.speaks, change, trouble).run(program, call);
    (run(&mutation::sound(defect.speaks)), run(&defect.program()))
}

/// Both exit codes.
fn exits(defect: &str, change: (&str, &str), trouble: &str, options: &'static str) -> (i32, i32) {
    let (sound, mutant) = both(defect, change, trouble, &Call { options, ..Call::default() });
    (sound.exit, mutant.exit)
}

/// The description of a PDU on which another number means on.
fn on_is(number: u8) -> String {
    STATUS.replace("on = 1", &format!("on = {number}"))
}

#[test]
fn numbers_that_mean_neither_are_no_off() {
    for (defect, number) in [("not_one_is_off", 3), ("first_digit", 20), ("by_substring", 12)] {
        assert_eq!(exits(defect, (STATUS, &on_is(number)), "", "action=status plug=3"), (1, 2), "{defect}");
    }
    let overload = ("chassis-status = \"20 10 40\"", "chassis-status = \"22 10 40\"");
    assert_eq!(exits("overload_inverts", overload, "", "action=status"), (0, 2));
}

/// An error whose body says off all the same.
fn an_error_that_says_off(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut parsed) = Message::parse_prefix(&bytes) else { return bytes };
    if let Message::Community { body: Body::Pdu(answer), .. } = &mut parsed.message {
        answer.error = ErrorStatus::GEN_ERR;
        answer.bindings.iter_mut().for_each(|binding| binding.value = Value::Integer(2));
    }
    parsed.message.emit()
}

#[test]
fn an_error_has_no_value() {
    let status = Call { options: "action=status plug=3", ..Call::default() };
    let exits = ["fence_snmp_sound", "fence_snmp_error_body_believed"].map(|program| {
        let mut bench = Bench::new(Speaks::Snmp, AS_IT_IS, "");
        bench.rewrite(an_error_that_says_off);
        bench.run(program, &status).exit
    });
    assert_eq!(exits, [1, 2]);
}

#[test]
fn a_name_is_no_state_and_no_pattern() {
    let office = ("\"Outlet {plug}\"", "\"Office {plug}\"");
    assert_eq!(exits("off_in_name", office, "", "action=status plug=3"), (0, 2));
    assert_eq!(exits("name_contains", AS_IT_IS, "", "action=status plug=Outlet~12"), (0, 0));
    assert_eq!(exits("name_contains", AS_IT_IS, "", "action=status plug=utlet~1"), (1, 0));
}

#[test]
fn a_plug_that_is_not_there_has_no_state() {
    assert_eq!(exits("plug_zero_is_one", AS_IT_IS, "", "action=status plug=0"), (1, 0));
    assert_eq!(exits("clamps_to_last", AS_IT_IS, "", "action=off plug=25"), (1, 0));
}

#[test]
fn lists_are_whole_or_a_failure() {
    let list = Call { options: "action=list", ..Call::default() };
    for defect in ["list_stops", "bulk_boundary"] {
        let (sound, mutant) = both(defect, AS_IT_IS, "", &list);
        assert_eq!((sound.exit, sound.stdout.lines().count()), (0, 24));
        assert!(mutant.exit == 0 && mutant.stdout.lines().count() < 24, "{defect}");
    }
    let (sound, mutant) = both("walk_error_is_end", AS_IT_IS, "error(gen-err)@nth=2", &list);
    assert_eq!((sound.exit, sound.stdout.lines().count()), (0, 24), "it asks again");
    assert!(mutant.exit == 0 && mutant.stdout.lines().count() < 24);
}

#[test]
fn who_is_busy_is_asked_again() {
    let busy = "state(node-busy)@status,first=1";
    assert_eq!(exits("gives_up_when_busy", AS_IT_IS, busy, "action=status"), (0, 1));
}

#[test]
fn a_limit_on_the_command_line_counts() {
    let call = Call { options: "action=off plug=3 power_timeout=5", by_argv: true, as_service: false };
    let (sound, mutant) = both("argv_ignores_power_timeout", AS_IT_IS, "done-late(10s)", &call);
    assert_eq!((sound.exit, mutant.exit), (1, 0));
}

#[test]
fn the_daemon_keeps_the_time_and_nothing_else() {
    let off = |options| Call { options, as_service: true, by_argv: false };
    let (sound, mutant) = both("service_skips_verification", AS_IT_IS, "not-done", &off("action=off plug=3"));
    assert_eq!((sound.exit, mutant.exit), (1, 0));
    let (sound, mutant) = both("service_unbounded", AS_IT_IS, "drop", &off("action=off"));
    assert!(sound.exit == 1 && sound.took < PATIENCE / 2, "{:?}", sound.took);
    assert!(mutant.took >= PATIENCE);
}

#[test]
fn sessions_are_closed() {
    let status = Call { options: "action=status", ..Call::default() };
    let in_a_row = |program: &str, trouble: &str, times: usize| {
        let mut bench = Bench::new(Speaks::Ipmi, AS_IT_IS, trouble);
        let runs = if trouble.is_empty() { 1 } else { 2 };
        (0..runs).for_each(|_| drop(bench.run(program, &status)));
        bench.heal();
        (0..times).map(|_| bench.run(program, &status).exit).collect::<Vec<i32>>()
    };
    assert_eq!(in_a_row("fence_ipmi_sound", "", 5), [0; 5]);
    assert_eq!(in_a_row("fence_ipmi_session_left_open", "", 5), [0, 0, 0, 1, 1]);
    // Answers that are lost only after the login, so that each try leaves a session.
    let trouble = "drop@from-device,status";
    assert_eq!(in_a_row("fence_ipmi_sound", trouble, 3), [0; 3]);
    assert_eq!(in_a_row("fence_ipmi_session_left_by_failure", trouble, 3), [1; 3]);
}

#[test]
fn secrets_stay_out_of_logs() {
    for (defect, options) in [
        ("password_in_log", "action=status verbose=1"),
        ("community_in_debug_file", "action=status plug=3 debug_file=/log"),
    ] {
        let (sound, mutant) = both(defect, AS_IT_IS, "", &Call { options, ..Call::default() });
        assert!(!sound.leaks && mutant.leaks, "{defect}");
    }
}

/// The bench itself must not be kinder than the suites' stage.
#[test]
fn the_bench_moves_plugs() {
    let mut bench = Bench::new(Speaks::Snmp, AS_IT_IS, "");
    let off = Call { options: "action=off plug=3,5", ..Call::default() };
    assert_eq!(bench.run("fence_snmp_sound", &off).exit, 0);
    assert_eq!(
        [3, 4, 5].map(|plug| bench.power(&plug.to_string())),
        [Some(Power::Off), Some(Power::On), Some(Power::Off)]
    );
}
