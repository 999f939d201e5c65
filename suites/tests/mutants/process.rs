//! The same agents as real processes against real sockets: the program `mutant` of this crate's examples, under a name of its
//! own for each defect.

use std::path::PathBuf;

use fencelab_devices::Fault;
use fencelab_suites::{Action, AgentChoice, Class, Property};

use super::*;

/// The program, which is built with the tests of this crate.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/mutant");
    assert!(program.exists(), "build it first: cargo build -p fencelab-suites --example mutant");
    program
}

/// Runs the agent of this name in one case: an off, in this trouble.
fn off(speaks: Speaks, name: &str, property: Property, trouble: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join(name);
    std::os::unix::fs::symlink(program(), &link).unwrap();
    let mut plan = Plan::new(vec![device(speaks)]);
    plan.agents = vec![AgentChoice::Path(link)];
    plan.suites = vec![Suite::Properties];
    plan.property = Some(property);
    plan.action = Some(Action::Off);
    plan.faults = Some(if trouble.is_empty() { Vec::new() } else { Fault::parse_all(trouble).unwrap() });
    run_plan(&plan, &mut |_| {})
}

#[test]
fn the_sound_ones_work() {
    for speaks in [Speaks::Ipmi, Speaks::Snmp] {
        let report = off(speaks, &mutation::sound(speaks), Property::NoFalseOff, "");
        assert!(report.holds(), "{}", told(&report));
        assert!(report.cells.iter().all(|cell| cell.judged == 1), "{:?}", report.cells);
    }
}

#[test]
fn a_lie_is_one_here_too() {
    let report = off(Speaks::Snmp, "fence_snmp_echo_verifies", Property::NoFalseOff, "not-done");
    let classes: Vec<Class> = report.findings().iter().map(|finding| finding.class).collect();
    assert_eq!(classes, [Class::Lie], "{}", told(&report));
}

/// Whose arguments a witness notes is a real process: in virtual time nobody runs a tool.
#[test]
fn what_a_tool_is_told_is_witnessed() {
    let report = off(Speaks::Ipmi, "fence_ipmi_password_in_child", Property::NoLeak, "");
    let classes: Vec<Class> = report.findings().iter().map(|finding| finding.class).collect();
    assert_eq!(classes, [Class::Leak], "{}", told(&report));
    let report = off(Speaks::Ipmi, &mutation::sound(Speaks::Ipmi), Property::NoLeak, "");
    assert!(report.holds(), "{}", told(&report));
}
