//! `no-false-status`: status never says the opposite of what was true all along.

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// `status` never says off (exit 2) of a plug that is on at every instant of the run, nor on (exit 0) of one that is off
/// throughout. A plug that moved meanwhile may be called either.
pub fn check(case: &Case, run: &Run) -> Judgement {
    if case.action != Action::Status {
        return Judgement::Moot("the action is not status");
    }
    let said = match run.exit {
        Exit::Code(0) => Power::On,
        Exit::Code(2) => Power::Off,
        _ => return Judgement::Moot("the agent named no state"),
    };
    let truth = said.opposite();
    if !run.target.throughout(&case.plug, truth, run.started, run.ended) {
        // Also a plug that does not exist: saying anything of it is a lie.
        if run.target.initial.contains_key(&case.plug) {
            return Judgement::Holds;
        }
        let evidence = format!("status said {said} of plug {}, which the device does not have", case.plug);
        return Judgement::broken(Property::NoFalseStatus, Class::Lie, evidence);
    }
    if run.claims.iter().any(|claim| claim.power == Some(said)) {
        return Judgement::Deceived("the device itself said what was not so");
    }
    let evidence = format!("status said {said}, but plug {} was {truth} throughout", case.plug);
    Judgement::broken(Property::NoFalseStatus, Class::Lie, evidence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::Claim;
    use crate::truth::{Mover, Truth};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn status(power: Power) -> Case {
        Case::healthy("v/m", "a", Action::Status, "1", power)
    }

    fn still(power: Power) -> Truth {
        Truth::new([("1".to_owned(), power)])
    }

    fn is_lie(judgement: &Judgement) -> bool {
        matches!(judgement, Judgement::Broken(breach) if breach.class == Class::Lie)
    }

    #[test]
    fn the_opposite_of_a_still_plug_is_a_lie_both_ways() {
        assert!(is_lie(&check(&status(Power::On), &Run::by_hand(still(Power::On), 2, s(1)))));
        assert!(is_lie(&check(&status(Power::Off), &Run::by_hand(still(Power::Off), 0, s(1)))));
        assert_eq!(check(&status(Power::On), &Run::by_hand(still(Power::On), 0, s(1))), Judgement::Holds);
        assert_eq!(check(&status(Power::Off), &Run::by_hand(still(Power::Off), 2, s(1))), Judgement::Holds);
    }

    #[test]
    fn a_plug_that_moved_at_the_last_instant_may_be_called_either() {
        let moved = still(Power::On).then(s(1), "1", Power::Off, Mover::Device);
        assert_eq!(check(&status(Power::On), &Run::by_hand(moved.clone(), 2, s(1))), Judgement::Holds);
        assert_eq!(check(&status(Power::On), &Run::by_hand(moved.clone(), 0, s(1))), Judgement::Holds);
        // A moment before, it was still on all along.
        let before = Run::by_hand(moved, 2, s(1) - Duration::from_nanos(1));
        assert!(is_lie(&check(&status(Power::On), &before)));
    }

    #[test]
    fn not_knowing_is_honest() {
        assert!(matches!(
            check(&status(Power::On), &Run::by_hand(still(Power::On), 1, s(1))),
            Judgement::Moot(_)
        ));
    }

    #[test]
    fn a_state_of_an_absent_plug_is_a_lie() {
        let mut case = status(Power::On);
        case.plug = "9".to_owned();
        assert!(is_lie(&check(&case, &Run::by_hand(still(Power::On), 2, s(1)))));
    }

    #[test]
    fn only_a_claim_of_that_very_state_excuses() {
        let mut run = Run::by_hand(still(Power::On), 2, s(1));
        run.claims = vec![Claim { at: s(0), power: Some(Power::Off) }];
        assert!(matches!(check(&status(Power::On), &run), Judgement::Deceived(_)));
        run.claims = vec![Claim { at: s(0), power: None }];
        assert!(is_lie(&check(&status(Power::On), &run)));
    }
}
