//! Liars that run net-snmp's tools, on a device of many outlets.

use fencelab_suites::{Action, Class, Property, Suite, run_plan};

use crate::{Liar, caught, is_small, plan};

fn liar(name: &'static str) -> Liar {
    Liar { name, device: "apc/masterswitch", needs: ("snmpset", "snmp") }
}

#[test]
fn counts_from_zero() {
    let finding = caught(&liar("fence_nearby"), Property::RightPlug, Action::Off, Class::WrongPlug);
    assert_eq!(finding.fault, "", "it needs no trouble");
    assert!(finding.replay.contains("--plug "), "{}", finding.replay);
}

#[test]
fn takes_what_is_not_on_for_off() {
    is_small(&caught(&liar("fence_notone"), Property::NoFalseStatus, Action::Status, Class::Lie));
}

#[test]
fn answers_for_outlets_that_it_did_not_switch() {
    let mut plan = plan(&liar("fence_firstonly"), Property::NoFalseOff, Action::Off);
    plan.suites = vec![Suite::Conformance];
    plan.property = None;
    let report = run_plan(&plan, &mut |_| {});
    let findings = report.findings();
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!((finding.class, finding.plugs.len()), (Class::Lie, 2), "{}", finding.evidence);
    }
}
