//! The SNMP agents against devices and networks that misbehave.

use std::time::Duration;

use crate::unit::{
    Unit, expect, expect_failure,
    kinds::{
        IPDU_COLUMNS, IPDU_VERSION, KINDS, LINDY_STRING, cisco_mds, if_mib, ipdu_of_lenovo, lindy, rack_pdu,
    },
    play, play_at,
};
use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value};

const STATUS: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.7";

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// A rack PDU that answers something else when it is asked for the state of outlet 7.
fn instead(how: impl Fn(Pdu) -> Option<Pdu> + 'static) -> std::rc::Rc<std::cell::RefCell<Unit>> {
    let unit = rack_pdu().shared();
    let status = oid(STATUS);
    unit.borrow_mut().answer = Some(Box::new(move |_, asked, usual| {
        if asked.kind == PduKind::Get && asked.bindings.iter().any(|binding| binding.object == status) {
            how(usual)
        } else {
            Some(usual)
        }
    }));
    unit
}

fn with_value(value: Value) -> impl Fn(Pdu) -> Option<Pdu> {
    move |usual| Some(Pdu { bindings: vec![Binding { object: oid(STATUS), value: value.clone() }], ..usual })
}

#[test]
fn whatever_is_not_the_documented_code_is_never_off() {
    let off = || Binding { object: oid(STATUS), value: Value::Integer(2) };
    type How = Box<dyn Fn(Pdu) -> Option<Pdu>>;
    let cases: Vec<(&str, How)> = vec![
        ("code 0", Box::new(with_value(Value::Integer(0)))),
        ("code 3", Box::new(with_value(Value::Integer(3)))),
        ("a gauge", Box::new(with_value(Value::Gauge32(2)))),
        ("a string", Box::new(with_value(Value::text("2")))),
        ("null", Box::new(with_value(Value::Null))),
        ("no such object", Box::new(with_value(Value::NoSuchObject))),
        ("no such instance", Box::new(with_value(Value::NoSuchInstance))),
        ("the end of the view", Box::new(with_value(Value::EndOfMibView))),
        ("an unknown type", Box::new(with_value(Value::Unknown(0x47, vec![2])))),
        (
            "an error with a value",
            Box::new(move |usual| {
                Some(Pdu { error: ErrorStatus::GEN_ERR, index: 1, bindings: vec![off()], ..usual })
            }),
        ),
        (
            "an unknown error",
            Box::new(move |usual| Some(Pdu { error: ErrorStatus(77), bindings: vec![off()], ..usual })),
        ),
        (
            "no such name with a value",
            Box::new(move |usual| {
                Some(Pdu { error: ErrorStatus::NO_SUCH_NAME, bindings: vec![off()], ..usual })
            }),
        ),
        (
            "another outlet",
            Box::new(|usual| {
                let object = oid(&STATUS.replace(".4.7", ".4.8"));
                Some(Pdu { bindings: vec![Binding { object, value: Value::Integer(2) }], ..usual })
            }),
        ),
        ("two objects", Box::new(move |usual| Some(Pdu { bindings: vec![off(), off()], ..usual }))),
        ("nothing", Box::new(|usual| Some(Pdu { bindings: vec![], ..usual }))),
        (
            "the answer to another request",
            Box::new(move |usual| {
                Some(Pdu { request_id: usual.request_id ^ 1, bindings: vec![off()], ..usual })
            }),
        ),
        (
            "another kind of PDU",
            Box::new(move |usual| Some(Pdu { kind: PduKind::Set, bindings: vec![off()], ..usual })),
        ),
    ];
    for (what, how) in cases {
        let unit = instead(how);
        for version in ["1", "2c", "3"] {
            for action in ["status", "off", "reboot"] {
                let args = ["-n", "7", "-o", action, "--power-timeout=3"];
                let ran = play_at(&unit, "fence_apc_snmp", version, &args, 1);
                assert_eq!(
                    (ran.outcome.exit, ran.outcome.stdout.as_str()),
                    (1, ""),
                    "{what} {version} {action}: {ran:?}"
                );
            }
        }
    }
}

#[test]
fn an_order_is_verified() {
    for kind in KINDS {
        let unit = (kind.make)().shared();
        unit.borrow_mut().deaf = true;
        let ran = play(&unit, kind.agent, &["-n", kind.plug, "-o", "off", "--power-wait=0"]);
        expect_failure(&ran, "verify", "is ON");
        assert!((19.0..23.0).contains(&ran.seconds), "{}", ran.seconds);
    }
}

#[test]
fn a_refused_order_is_told_and_not_waited_for() {
    for (error, passing) in [
        (ErrorStatus::NO_SUCH_NAME, false),
        (ErrorStatus::NOT_WRITABLE, false),
        (ErrorStatus::READ_ONLY, false),
        (ErrorStatus::AUTHORIZATION_ERROR, false),
        (ErrorStatus::WRONG_VALUE, false),
        (ErrorStatus(99), false),
        (ErrorStatus::GEN_ERR, true),
        (ErrorStatus::COMMIT_FAILED, true),
    ] {
        let unit = rack_pdu().shared();
        unit.borrow_mut().deaf = true;
        unit.borrow_mut().answer = Some(Box::new(move |_, asked, usual| {
            Some(if asked.kind == PduKind::Set { asked.refusal(error, 1) } else { usual })
        }));
        let ran = play(&unit, "fence_apc_snmp", &["-n", "7", "-o", "off"]);
        expect_failure(&ran, if passing { "verify" } else { "command" }, "");
        assert!((ran.seconds < 1.0) != passing, "{error}: {ran:?}");
        assert!(ran.outcome.stderr.contains("refuses to set"), "{ran:?}");
    }
}

#[test]
fn an_order_that_fails_at_first_is_given_again() {
    let unit = rack_pdu().shared();
    let mut failures = 2;
    unit.borrow_mut().answer = Some(Box::new(move |_, asked, usual| {
        if asked.kind == PduKind::Set && failures > 0 {
            failures -= 1;
            return Some(asked.refusal(ErrorStatus::GEN_ERR, 1));
        }
        Some(usual)
    }));
    unit.borrow_mut().relay = Duration::ZERO;
    expect(&play(&unit, "fence_apc_snmp", &["-n", "7", "-o", "off"]), 0, "Success: Powered OFF\n");
}

#[test]
fn a_confirmation_of_another_object_is_none() {
    let unit = rack_pdu().shared();
    unit.borrow_mut().deaf = true;
    unit.borrow_mut().answer = Some(Box::new(|_, asked, usual| {
        if asked.kind != PduKind::Set {
            return Some(usual);
        }
        let other = Binding { object: oid("1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.8"), value: Value::Integer(2) };
        Some(asked.answer(vec![other]))
    }));
    let ran = play(&unit, "fence_apc_snmp", &["-n", "7", "-o", "off", "--power-timeout=3"]);
    expect_failure(&ran, "verify", "");
    assert!(ran.outcome.stderr.contains("the device confirms 1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.8"), "{ran:?}");
}

#[test]
fn a_lost_datagram_is_sent_again_whichever_it_is() {
    for version in ["1", "2c", "3"] {
        for lost in 1..=12 {
            let unit = rack_pdu().shared();
            unit.borrow_mut().lose = Some(Box::new(move |_, n| n == lost));
            let ran = play_at(&unit, "fence_apc_snmp", version, &["-n", "Outlet 7", "-o", "reboot"], 1);
            expect(&ran, 0, "Success: Rebooted\n");
            assert!(ran.seconds < 4.0, "datagram {lost}: {}", ran.seconds);
            assert_eq!(unit.borrow().timeline.len(), 2, "an order that came twice moves once");
        }
    }
}

#[test]
fn silence_ends_in_time() {
    for (args, seconds) in [
        (&[][..], 8.0),
        (&["--login-timeout=9"], 12.0),
        (&["--shell-timeout=0"], 20.0),
        (&["--disable-timeout=1"], 20.0),
    ] {
        for version in ["2c", "3"] {
            for action in ["status", "off", "list"] {
                let unit = rack_pdu().shared();
                unit.borrow_mut().lose = Some(Box::new(|_, _| true));
                let ran = play_at(
                    &unit,
                    "fence_apc_snmp",
                    version,
                    &[&["-n", "7", "-o", action], args].concat(),
                    1,
                );
                expect_failure(&ran, "reach", "no answer from pdu:161");
                assert!((seconds..seconds + 0.5).contains(&ran.seconds), "{args:?}: {}", ran.seconds);
            }
        }
    }
}

#[test]
fn a_device_that_restarts_is_asked_on() {
    // Its engine has another count of boots, and its time begins anew: the agent must learn both and go on.
    let unit = rack_pdu().shared();
    unit.borrow_mut().relay = Duration::from_secs(4);
    unit.borrow_mut().reboots = Some(Duration::from_secs(2));
    let ran = play_at(&unit, "fence_apc_snmp", "3", &["-n", "7", "-o", "off"], 1);
    expect(&ran, 0, "Success: Powered OFF\n");
    assert!(unit.borrow().reboots.is_none(), "it has restarted");
}

#[test]
fn a_walk_has_an_end() {
    type How = Box<dyn FnMut(Duration, &Pdu, Pdu) -> Option<Pdu>>;
    let walks = |kind| matches!(kind, PduKind::GetNext | PduKind::GetBulk);
    type Case = (&'static str, fn() -> How);
    let cases: Vec<Case> = vec![
        ("it stands still", || {
            Box::new(|_, asked, usual| {
                Some(if asked.bindings[0].object.as_arcs().len() > 14 {
                    asked.answer(vec![Binding {
                        object: asked.bindings[0].object.clone(),
                        value: Value::text("x"),
                    }])
                } else {
                    usual
                })
            })
        }),
        ("it turns back", || {
            Box::new(|_, asked, usual| {
                let first = oid("1.3.6.1.4.1.318.1.1.12.3.5.1.1.2.1");
                Some(if asked.bindings[0].object > first {
                    asked.answer(vec![Binding { object: first, value: Value::text("x") }])
                } else {
                    usual
                })
            })
        }),
        ("it never ends", || {
            let mut n = 0;
            Box::new(move |_, asked, _| {
                let base = oid("1.3.6.1.4.1.318.1.1.12.3.5.1.1.2");
                let bindings = (0..20).map(|_| {
                    n += 1;
                    Binding { object: base.child(&[n]), value: Value::text("x") }
                });
                Some(asked.answer(bindings.collect()))
            })
        }),
        ("it breaks off with an error", || {
            Box::new(|_, asked, usual| {
                Some(if asked.bindings[0].object.as_arcs().len() > 14 {
                    asked.refusal(ErrorStatus::GEN_ERR, 1)
                } else {
                    usual
                })
            })
        }),
        ("it is answered with nothing", || Box::new(|_, asked, _| Some(asked.answer(vec![])))),
    ];
    for (what, how) in cases {
        for version in ["1", "2c"] {
            for args in [&["-o", "list"][..], &["-o", "monitor"], &["-o", "off", "-n", "Outlet 7"]] {
                let unit = rack_pdu().shared();
                let mut how = how();
                unit.borrow_mut().answer =
                    Some(Box::new(
                        move |now, asked, usual| {
                            if walks(asked.kind) { how(now, asked, usual) } else { Some(usual) }
                        },
                    ));
                let ran = play_at(&unit, "fence_apc_snmp", version, args, 1);
                expect_failure(&ran, "parse", "the walk of ");
                assert!(ran.seconds < 40.0, "{what}: {}", ran.seconds);
                assert!(unit.borrow().timeline.is_empty(), "{what}");
            }
        }
    }
}

#[test]
fn a_device_without_get_bulk_is_walked_step_by_step() {
    for error in [ErrorStatus::GEN_ERR, ErrorStatus::TOO_BIG] {
        let unit = if_mib().shared();
        unit.borrow_mut().answer = Some(Box::new(move |_, asked, usual| {
            Some(if asked.kind == PduKind::GetBulk { asked.refusal(error, 0) } else { usual })
        }));
        let ran = play(&unit, "fence_ifmib", &["-o", "list-status"]);
        assert_eq!((ran.outcome.exit, ran.outcome.stdout.lines().count()), (0, 24), "{ran:?}");
    }
}

#[test]
fn a_list_does_not_guess_a_state() {
    let unit = cisco_mds().shared();
    unit.borrow_mut().answer = Some(Box::new(|_, asked, mut usual| {
        for binding in &mut usual.bindings {
            if binding.object == oid("1.3.6.1.2.1.75.1.2.2.1.1.22.6") {
                binding.value = Value::Integer(3);
            }
        }
        let _ = asked;
        Some(usual)
    }));
    let list = play(&unit, "fence_cisco_mds", &["-o", "list-status"]).outcome.stdout;
    assert!(list.contains("fc1/7,to node 7,UNKNOWN\n") && list.contains("fc1/8,to node 8,ON\n"), "{list}");
}

#[test]
fn a_port_that_is_still_up_is_not_off() {
    for (agent, make, plug, oper) in [
        ("fence_ifmib", if_mib as fn() -> Unit, "10107", "1.3.6.1.2.1.2.2.1.8.10107"),
        ("fence_cisco_mds", cisco_mds, "fc1/7", "1.3.6.1.2.1.75.1.2.2.1.2.22.6"),
    ] {
        let still = |value: Option<Value>, error: ErrorStatus| {
            let unit = make().shared();
            unit.borrow_mut().answer = Some(Box::new(move |_, asked, mut usual| {
                if asked.bindings.iter().any(|binding| binding.object == oid(oper)) {
                    usual.error = error;
                    for binding in &mut usual.bindings {
                        binding.value.clone_from(value.as_ref()?);
                    }
                }
                Some(usual)
            }));
            play(&unit, agent, &["-n", plug, "-o", "off", "--power-timeout=3"])
        };
        let ran = still(Some(Value::Integer(1)), ErrorStatus::NO_ERROR);
        expect_failure(&ran, "verify", "it is switched off, but");
        assert_eq!(still(Some(Value::Integer(2)), ErrorStatus::GEN_ERR).outcome.exit, 1);
        assert_eq!(still(None, ErrorStatus::NO_ERROR).outcome.exit, 1, "silence");
        // A device without the object has told what it can.
        assert_eq!(still(Some(Value::NoSuchInstance), ErrorStatus::NO_ERROR).outcome.exit, 0);
    }
}

#[test]
fn what_is_not_a_state_is_not_written() {
    // A firmware whose version is not told and that hides its last column: then the threshold would be taken for the state.
    let unit = ipdu_of_lenovo().shared();
    unit.borrow_mut().fixed.remove(&oid(IPDU_VERSION));
    unit.borrow_mut().fixed.retain(|object, _| !object.starts_with(&oid(&format!("{IPDU_COLUMNS}.15"))));
    for action in ["off", "on", "reboot"] {
        let ran = play(&unit, "fence_ipdu", &["-n", "7", "-o", action]);
        expect_failure(&ran, "command", "is 6000, which is neither on (1) nor off (0); with this firmware");
        assert!(unit.borrow().asked.iter().all(|(_, pdu)| pdu.kind != PduKind::Set));
    }
    // With either of the two signs it is known.
    for sign in ["version", "column"] {
        let unit = ipdu_of_lenovo().shared();
        if sign == "version" {
            unit.borrow_mut()
                .fixed
                .retain(|object, _| !object.starts_with(&oid(&format!("{IPDU_COLUMNS}.15"))));
        } else {
            unit.borrow_mut().fixed.remove(&oid(IPDU_VERSION));
        }
        expect(&play(&unit, "fence_ipdu", &["-n", "7", "-o", "off"]), 0, "Success: Powered OFF\n");
        assert_eq!(unit.borrow().off(), ["7"]);
    }
}

mod lindy_string {
    use super::*;

    fn shows(text: &'static str) -> std::rc::Rc<std::cell::RefCell<Unit>> {
        let unit = lindy().shared();
        unit.borrow_mut().answer = Some(Box::new(move |_, asked, mut usual| {
            for binding in &mut usual.bindings {
                if asked.kind == PduKind::Get && binding.object == oid(LINDY_STRING) {
                    binding.value = Value::text(text);
                }
            }
            Some(usual)
        }));
        unit
    }

    #[test]
    fn what_is_not_zeros_and_ones_is_neither_believed_nor_written_back() {
        for text in
            ["", "0", "1,1,1,1,1,1,0", "1,1,1,1,1,1,0,x", "1,1,1,1,1,1,2,1", "1111110", "0,0,0,0,0,0,0,"]
        {
            let unit = shows(text);
            let ran = play(&unit, "fence_lindypdu", &["-n", "7", "-o", "off", "--power-timeout=3"]);
            // A string that ends early but tells outlet 7 is believed about 7, and still not written back.
            if text != "1,1,1,1,1,1,0" {
                assert_eq!(ran.outcome.exit, 1, "{text:?}: {ran:?}");
            }
            let on = play(&unit, "fence_lindypdu", &["-n", "7", "-o", "on", "--power-timeout=3"]);
            assert_eq!(on.outcome.exit, 1, "{text:?}: {on:?}");
            assert!(unit.borrow().asked.iter().all(|(_, pdu)| pdu.kind != PduKind::Set), "{text:?}");
            assert!(unit.borrow().timeline.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn no_other_plug_is_written_as_anything_but_what_it_was() {
        let unit = lindy().shared();
        for off in ["1:2", "1:24"] {
            unit.borrow_mut().plug(off).on = false;
        }
        unit.borrow_mut().relay = Duration::from_secs(2);
        expect(&play(&unit, "fence_lindypdu", &["-n", "7,8", "-o", "reboot"]), 0, "Success: Rebooted\n");
        assert_eq!(unit.borrow().off(), ["1:2", "1:24"]);
        let moved: Vec<String> = unit.borrow().timeline.iter().map(|(_, plug, _)| plug.clone()).collect();
        assert_eq!(moved, ["1:7", "1:8", "1:7", "1:8"]);
    }

    #[test]
    fn who_changes_other_plugs_meanwhile_is_noticed() {
        let unit = lindy().shared();
        unit.borrow_mut().relay = Duration::ZERO;
        let mut written = false;
        unit.borrow_mut().answer = Some(Box::new(move |_, asked, mut usual| {
            written |= asked.kind == PduKind::Set;
            if written && asked.kind == PduKind::Get {
                for binding in &mut usual.bindings {
                    if let Value::OctetString(text) = &mut binding.value {
                        // Outlet 3 goes off by another hand.
                        if let Some(third) = text.get_mut(4) {
                            *third = b'0';
                        }
                    }
                }
            }
            Some(usual)
        }));
        let ran = play(&unit, "fence_lindypdu", &["-n", "7", "-o", "off"]);
        expect(&ran, 0, "Success: Powered OFF\n");
        assert!(ran.outcome.stderr.contains("other plugs changed: 1:3"), "{ran:?}");
    }
}
