//! The SNMP agents against devices in memory, in virtual time: the whole repertoire on each kind of device.

use std::time::Duration;

use crate::unit::{
    COMMUNITY, PASSWORD, PRIVACY, USER, Unit, expect, expect_failure,
    kinds::{
        KINDS, Kind, cisco_mds, eaton_switched, if_mib, lindy, master_switch_plus, rack_pdu,
        unknown_pdu_of_apc,
    },
    play, play_at,
};

use fencelab_agents::{Invocation, run};
use fencelab_link::memory::MemoryWorld;
use fencelab_wire::snmp::{Oid, Value};

/// What the device of a kind calls the plug that is listed so.
fn listed_plug(kind: &Kind) -> &str {
    kind.listed.split(',').next().unwrap()
}

#[test]
fn every_kind_of_device_does_every_action_over_every_version() {
    for kind in KINDS {
        for version in ["1", "2c", "3"] {
            let unit = (kind.make)().shared();
            let own = listed_plug(kind);
            for plug in [Some(kind.plug), kind.name, Some(own)].into_iter().flatten() {
                let play = |action: &str| {
                    let args = ["-n", plug, "-o", action, "--power-wait=0"];
                    play_at(&unit, kind.agent, version, &args, 42)
                };
                expect(&play("status"), 0, "Status: ON\n");
                expect(&play("on"), 0, "Success: Already ON\n");
                let begun = unit.borrow().timeline.len();
                expect(&play("off"), 0, "Success: Powered OFF\n");
                assert_eq!(unit.borrow().off(), [own], "{} {version}: this plug and no other", kind.agent);
                expect(&play("status"), 2, "Status: OFF\n");
                expect(&play("off"), 0, "Success: Already OFF\n");
                expect(&play("monitor"), 0, "");
                expect(&play("on"), 0, "Success: Powered ON\n");
                let moves = if kind.fabric {
                    expect(&play("disable"), 0, "Success: Powered OFF\n");
                    expect(&play("enable"), 0, "Success: Powered ON\n");
                    assert_eq!(play("reboot").outcome.exit, 1, "a fabric has no reboot");
                    4
                } else {
                    expect(&play("reboot"), 0, "Success: Rebooted\n");
                    4
                };
                assert!(unit.borrow().off().is_empty());
                assert_eq!(unit.borrow().timeline.len() - begun, moves, "{} {version}", kind.agent);
            }
        }
    }
}

#[test]
fn every_kind_lists_its_plugs_and_their_states() {
    for kind in KINDS {
        for version in ["1", "2c", "3"] {
            let unit = (kind.make)().shared();
            let own = listed_plug(kind);
            unit.borrow_mut().plug(own).on = false;
            let plugs = unit.borrow().plugs.len();
            let list = play_at(&unit, kind.agent, version, &["-o", "list"], 1);
            assert_eq!(list.outcome.exit, 0, "{list:?}");
            assert_eq!(list.outcome.stdout.lines().count(), plugs, "{list:?}");
            assert!(list.outcome.stdout.lines().any(|line| line == kind.listed), "{list:?}");
            let states = play_at(&unit, kind.agent, version, &["-o", "list-status"], 1).outcome.stdout;
            for (line, listed) in states.lines().zip(list.outcome.stdout.lines()) {
                let state = if listed == kind.listed { "OFF" } else { "ON" };
                assert_eq!(line, format!("{listed},{state}"));
            }
            expect(&play_at(&unit, kind.agent, version, &["-o", "monitor"], 1), 0, "");
        }
    }
}

#[test]
fn what_is_listed_can_be_asked_for() {
    for kind in KINDS {
        let unit = (kind.make)().shared();
        let list = play(&unit, kind.agent, &["-o", "list"]).outcome.stdout;
        for line in list.lines() {
            let plug = line.split(',').next().unwrap();
            unit.borrow_mut().plug(plug).on = false;
            expect(&play(&unit, kind.agent, &["-o", "status", "-n", plug]), 2, "Status: OFF\n");
            unit.borrow_mut().plug(plug).on = true;
        }
    }
}

#[test]
fn several_plugs_at_once() {
    for (agent, make, plugs) in [
        ("fence_apc_snmp", rack_pdu as fn() -> Unit, ["3", "4", "24"]),
        ("fence_apc_snmp", master_switch_plus, ["1:3", "2:3", "3:8"]),
        ("fence_lindypdu", lindy, ["1:3", "1:4", "1:24"]),
        ("fence_cisco_mds", cisco_mds, ["fc1/3", "fc1/4", "fc1/24"]),
        ("fence_ifmib", if_mib, ["Gi1/0/1", "Gi1/0/2", "Gi1/0/24"]),
    ] {
        let unit = make().shared();
        // A string that shows each order late is the harder case.
        unit.borrow_mut().relay = Duration::from_secs(3);
        let all = plugs.join(",");
        expect(&play(&unit, agent, &["-n", &all, "-o", "off"]), 0, "Success: Powered OFF\n");
        assert_eq!(unit.borrow().off(), plugs);
        expect(&play(&unit, agent, &["-n", &all, "-o", "status"]), 2, "Status: OFF\n");
        unit.borrow_mut().plug(plugs[1]).on = true;
        expect(&play(&unit, agent, &["-n", &all, "-o", "status"]), 0, "Status: ON\n");
        expect(&play(&unit, agent, &["-n", &all, "-o", "on"]), 0, "Success: Powered ON\n");
        assert!(unit.borrow().off().is_empty());
    }
}

#[test]
fn argv_and_stdin_are_the_same_run() {
    for kind in KINDS {
        for action in ["status", "off", "list-status"] {
            let argv = (kind.make)().shared();
            let by_argv = play(&argv, kind.agent, &["-n", kind.plug, "-o", action]);
            let stdin = (kind.make)().shared();
            let mut world = MemoryWorld::new(42);
            world.route("pdu", 161, stdin.clone());
            let plug = kind.plug;
            let text = format!(
                "action={action}\nipaddr=pdu\nport={plug}\nsnmp_version=2C\ncommunity={COMMUNITY}\nnodename=x\n"
            );
            let program = kind.agent.to_owned();
            let outcome =
                run(&Invocation { program, stdin: Some(text), ..Invocation::default() }, &mut world);
            assert_eq!(outcome, by_argv.outcome);
            assert_eq!(argv.borrow().asked, stdin.borrow().asked, "to the microsecond");
        }
    }
}

#[test]
fn secrets_may_come_from_scripts() {
    let unit = rack_pdu().shared();
    let mut world = MemoryWorld::new(1);
    world.route("pdu", 161, unit);
    world.script("auth", format!("{PASSWORD}\n"));
    world.script("priv", format!("{PRIVACY}\n"));
    let args = [
        "-a", "pdu", "-d", "3", "-l", USER, "-S", "auth", "-R", "priv", "-b", "sha-256", "-B", "aes", "-n",
        "1",
    ];
    let args = args.iter().chain(&["-o", "status", "-v"]).map(|&arg| arg.to_owned()).collect();
    let program = "fence_apc_snmp".to_owned();
    let outcome = run(&Invocation { program, args, ..Invocation::default() }, &mut world);
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (0, "Status: ON\n"),
        "both together make authPriv: {outcome:?}"
    );
    assert!(!format!("{outcome:?}").contains(PASSWORD) && !format!("{outcome:?}").contains(PRIVACY));
}

#[test]
fn who_is_not_let_in_is_told_so() {
    let unit = rack_pdu().shared();
    let ran = play(&unit, "fence_apc_snmp", &["-c", "wrong-community", "-n", "1", "-o", "status"]);
    expect_failure(&ran, "reach", "a wrong community or version looks so");
    assert!((8.0..9.0).contains(&ran.seconds), "login and shell timeout together: {}", ran.seconds);
    for (args, seen) in [
        (["-l", "nobody"], "user"),
        (["-p", "wrong-password"], ""),
        (["-P", "wrong-privacy"], ""),
        (["-E", "authNoPriv"], ""),
    ] {
        let args = [&args[..], &["-n", "1", "-o", "off"]].concat();
        let ran = play_at(&unit, "fence_apc_snmp", "3", &args, 1);
        assert_eq!(ran.outcome.exit, if args[1] == "authNoPriv" { 0 } else { 1 }, "{args:?}: {ran:?}");
        if ran.outcome.exit != 0 {
            let line = ran.outcome.stderr.lines().last().unwrap();
            assert!(line.to_lowercase().contains(seen), "{line}");
        }
    }
}

#[test]
fn a_device_that_is_not_known_is_not_taken_for_another() {
    // APC: tried as the oldest, and said so.
    let unit = unknown_pdu_of_apc().shared();
    let ran = play(&unit, "fence_apc_snmp", &["-n", "3", "-o", "off"]);
    expect(&ran, 0, "Success: Powered OFF\n");
    assert!(
        ran.outcome.stderr.contains("which this agent does not know; it is tried as APC MasterSwitch"),
        "{ran:?}"
    );
    // A device that has none of its objects is no PDU of APC's, whatever missing_as_off says.
    let unit = cisco_mds().shared();
    for agent in ["fence_apc_snmp", "fence_ipdu"] {
        let ran = play(&unit, agent, &["-n", "3", "-o", "off", "--missing-as-off"]);
        expect_failure(&ran, "command", "so it is no ");
    }
    for agent in ["fence_eaton_snmp", "fence_lindypdu"] {
        let ran = play(&unit, agent, &["-n", "3", "-o", "off", "--missing-as-off"]);
        expect_failure(&ran, "parse", "this agent knows ");
    }
    // An outlet that a device of unknown kind does not have is not off either.
    let unit = unknown_pdu_of_apc().shared();
    let ran = play(&unit, "fence_apc_snmp", &["-n", "9", "-o", "off", "--missing-as-off"]);
    expect_failure(&ran, "command", "the device has no such plug");
}

#[test]
fn a_plug_that_is_not_there_is_off_only_by_wish() {
    for (agent, make, plug) in [
        ("fence_apc_snmp", rack_pdu as fn() -> Unit, "25"),
        ("fence_apc_snmp", master_switch_plus, "4:1"),
        ("fence_eaton_snmp", eaton_switched, "10"),
        // It tells of this one that it is not there.
        ("fence_eaton_snmp", eaton_switched, "9"),
        ("fence_lindypdu", lindy, "25"),
        ("fence_cisco_mds", cisco_mds, "fc2/1"),
    ] {
        for version in ["1", "2c"] {
            let unit = make().shared();
            let play = |args: &[&str]| play_at(&unit, agent, version, &[&["-n", plug], args].concat(), 1);
            for action in ["status", "off", "on"] {
                expect_failure(&play(&["-o", action]), "command", "");
            }
            let ran = play(&["-o", "off", "--missing-as-off"]);
            expect(&ran, 0, "Success: Already OFF\n");
            assert!(ran.outcome.stderr.contains("is not known to the device"), "{ran:?}");
            assert!(unit.borrow().off().is_empty() && unit.borrow().timeline.is_empty());
        }
    }
    // A name may be misspelt: it is never off.
    let unit = rack_pdu().shared();
    let ran = play(&unit, "fence_apc_snmp", &["-n", "Outlet", "-o", "off", "--missing-as-off"]);
    expect_failure(&ran, "command", "no plug of the device is called Outlet");
}

#[test]
fn a_name_must_be_that_of_one_plug() {
    let unit = rack_pdu().shared();
    let again: Oid = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.2.9".parse().unwrap();
    unit.borrow_mut().fixed.insert(again, Value::text("Outlet 7"));
    let ran = play(&unit, "fence_apc_snmp", &["-n", "Outlet 7", "-o", "off"]);
    expect_failure(&ran, "command", "Outlet 7 is the name of 2 plugs (7, 9); give the number");
    assert!(unit.borrow().timeline.is_empty());

    let unit = if_mib().shared();
    let again: Oid = "1.3.6.1.2.1.2.2.1.2.10101".parse().unwrap();
    unit.borrow_mut().fixed.insert(again, Value::text("Gi1/0/7"));
    expect_failure(&play(&unit, "fence_ifmib", &["-n", "Gi1/0/7", "-o", "off"]), "command", "(10101, 10107)");
    let list = play(&unit, "fence_ifmib", &["-o", "list"]).outcome.stdout;
    assert!(
        list.contains("10101,to node 1\n") && list.contains("10107,to node 7\n"),
        "each by what means it: {list}"
    );
}

#[test]
fn plugs_that_mean_nothing_are_refused_before_anything_moves() {
    for (agent, make, plug) in [
        ("fence_cisco_mds", cisco_mds as fn() -> Unit, "7"),
        ("fence_cisco_mds", cisco_mds, "fc1/0"),
        ("fence_eaton_snmp", eaton_switched, "one"),
        ("fence_apc_snmp", rack_pdu, "2:7"),
        ("fence_lindypdu", lindy, "0"),
    ] {
        let unit = make().shared();
        let ran = play(&unit, agent, &["-n", plug, "-o", "off"]);
        assert_eq!(ran.outcome.exit, 1, "{agent} {plug}: {ran:?}");
        assert!(unit.borrow().timeline.is_empty(), "{agent} {plug}");
    }
}

#[test]
fn the_switch_of_a_plain_number_is_the_one_of_the_option() {
    let unit = lindy().shared();
    expect(&play(&unit, "fence_lindypdu", &["-s", "1", "-n", "7", "-o", "off"]), 0, "Success: Powered OFF\n");
    assert_eq!(unit.borrow().off(), ["1:7"]);
    expect_failure(
        &play(&unit, "fence_lindypdu", &["-s", "2", "-n", "7", "-o", "off"]),
        "command",
        "no switch 2",
    );
    let list = play(&unit, "fence_lindypdu", &["-s", "all", "-o", "list-status"]);
    assert!(
        list.outcome.stdout.contains("1:7,node7,OFF\n") && list.outcome.stdout.contains("1:8,node8,ON\n"),
        "{list:?}"
    );
    expect_failure(
        &play(&unit, "fence_lindypdu", &["-s", "all", "-n", "7", "-o", "off"]),
        "options",
        "on which switch",
    );
    // A number on a MasterSwitch plus is on the first, as in the field.
    let unit = master_switch_plus().shared();
    expect(&play(&unit, "fence_apc_snmp", &["-n", "7", "-o", "off"]), 0, "Success: Powered OFF\n");
    assert_eq!(unit.borrow().off(), ["1:7"]);
}

#[test]
fn the_default_action_of_a_fabric_is_off() {
    let unit = cisco_mds().shared();
    expect(&play(&unit, "fence_cisco_mds", &["-n", "FC1/3"]), 0, "Success: Powered OFF\n");
    assert_eq!(unit.borrow().off(), ["fc1/3"]);
}

#[test]
fn a_run_is_decided_by_its_inputs() {
    let once = || {
        let unit = rack_pdu().shared();
        let ran = play_at(&unit, "fence_apc_snmp", "3", &["-n", "Outlet 7", "-o", "reboot", "-v"], 7);
        let asked = unit.borrow().asked.clone();
        (ran.outcome, asked)
    };
    assert_eq!(once(), once());
}
