//! `heals`: once the faults end, a retry succeeds.

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::properties::every_action;
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// `retry` is the same action again, on the same device, after every fault was cleared; or the last of many, if there was none. It must do what the action does on
/// a healthy device: whatever the trouble left behind (sessions, half-done commands) may not stand in the way.
///
/// `case.power` is not asked: the trouble may have moved the plug.
pub fn check(case: &Case, retry: &Run) -> Judgement {
    if let Exit::NotStarted(_) = retry.exit {
        return Judgement::Moot("the agent could not be started");
    }
    let cycles = case.options.get("method").is_some_and(|method| method == "cycle");
    let is_off = case.plugs().any(|plug| retry.target.initial.get(plug) == Some(&Power::Off));
    if case.action == Action::Reboot && cycles && is_off {
        // IPMI 2.0, 28.3: a cycle of what has no power may be refused, and that one command is all that the option allows.
        return Judgement::Moot("the trouble left the plug off, and what is off cannot be cycled");
    }
    match every_action::works(case, retry) {
        Ok(()) => Judgement::Holds,
        Err(what) => {
            let class = if retry.exit == Exit::Killed { Class::Hang } else { Class::Refusal };
            let when = if case.faults.is_empty() { "run again and again" } else { "with the faults gone" };
            let evidence = format!("{when}, {} failed at last: {what}", case.action);
            Judgement::broken(Property::Heals, class, evidence)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::truth::{Mover, Truth};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_retry_that_works_heals_and_one_that_fails_does_not() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        let off = Truth::new([("1".to_owned(), Power::On)]).then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(check(&case, &Run::by_hand(off.clone(), 0, s(2))), Judgement::Holds);
        let refused = check(&case, &Run::by_hand(off, 1, s(2))).breach().unwrap();
        assert_eq!((refused.property, refused.class), (Property::Heals, Class::Refusal));
    }

    #[test]
    fn a_plug_that_the_trouble_had_moved_heals_too() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        let already = Truth::new([("1".to_owned(), Power::Off)]);
        assert_eq!(check(&case, &Run::by_hand(already, 0, s(2))), Judgement::Holds);
        let claims_only = Truth::new([("1".to_owned(), Power::On)]);
        assert!(check(&case, &Run::by_hand(claims_only, 0, s(2))).breach().is_some());
    }

    #[test]
    fn what_is_off_cannot_be_cycled() {
        let mut case = Case::healthy("v/m", "a", Action::Reboot, "1", Power::On);
        let off = Truth::new([("1".to_owned(), Power::Off)]);
        assert!(check(&case, &Run::by_hand(off.clone(), 1, s(2))).breach().is_some());
        case.options.insert("method".to_owned(), "cycle".to_owned());
        assert!(matches!(check(&case, &Run::by_hand(off, 1, s(2))), Judgement::Moot(_)));
    }
}
