//! Liars that run ipmitool.

use fencelab_suites::{Action, Class, Property};

use crate::{Liar, caught, is_small};

fn liar(name: &'static str) -> Liar {
    Liar { name, device: "generic/ipmi-2.0", needs: ("ipmitool", "ipmitool") }
}

#[test]
fn reports_off_without_asking() {
    let finding = caught(&liar("fence_blind"), Property::NoFalseOff, Action::Off, Class::Lie);
    is_small(&finding);
    assert_eq!(finding.timeline, "system: on");
    let transcript = finding.transcript.unwrap();
    assert!(transcript.events.len() > 2, "the dialogue goes with it");
}

#[test]
fn takes_silence_for_off() {
    is_small(&caught(&liar("fence_deaf"), Property::NoFalseStatus, Action::Status, Class::Lie));
}

#[test]
fn powers_off_the_node_at_the_next_address() {
    let finding = caught(&liar("fence_crosseyed"), Property::RightPlug, Action::Off, Class::WrongPlug);
    is_small(&finding);
    assert!(finding.neighbour.unwrap().contains("off at"));
}
