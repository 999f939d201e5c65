//! `idempotent`: asking for the state a plug already has is success and moves nothing.

use crate::case::Case;
use crate::run::Run;
use crate::verdict::{Class, Judgement, Property};

/// Off of an off plug and on of an on plug. On a device without trouble it must succeed; in trouble it may fail. Either way
/// the plug must not have moved by a command.
pub fn check(case: &Case, run: &Run) -> Judgement {
    let Some(wanted) = case.action.leaves() else {
        return Judgement::Moot("the action leaves no certain state");
    };
    if case.power != wanted {
        return Judgement::Moot("the plug had another state");
    }
    let broken = |class, evidence| Judgement::broken(Property::Idempotent, class, evidence);
    let moved = run.target.of_plug(&case.plug).find(|change| change.by == crate::truth::Mover::Command);
    if let Some(change) = moved {
        let at = change.at.as_secs_f64();
        return broken(
            Class::WrongPlug,
            format!("{} of a plug that was {wanted} moved it to {} at {at:.3}s", case.action, change.power),
        );
    }
    if case.faults.is_empty() && !run.exit.is_success() {
        let words = crate::properties::every_action::last_words(run);
        return broken(
            Class::Refusal,
            format!("{} of a plug that was {wanted}: {}{words}", case.action, run.exit),
        );
    }
    Judgement::Holds
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;
    use crate::truth::{Mover, Truth};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn off() -> Truth {
        Truth::new([("1".to_owned(), Power::Off)])
    }

    fn class(case: &Case, run: &Run) -> Option<Class> {
        check(case, run).breach().map(|breach| breach.class)
    }

    #[test]
    fn off_of_off_succeeds_and_moves_nothing() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        assert_eq!(check(&case, &Run::by_hand(off(), 0, s(1))), Judgement::Holds);
        assert_eq!(class(&case, &Run::by_hand(off(), 1, s(1))), Some(Class::Refusal));
        let bounced =
            off().then(s(0), "1", Power::On, Mover::Command).then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(class(&case, &Run::by_hand(bounced, 0, s(2))), Some(Class::WrongPlug));
    }

    #[test]
    fn in_trouble_it_may_fail_but_not_move() {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        case.faults = fencelab_devices::Fault::parse_all("drop").unwrap();
        assert_eq!(check(&case, &Run::by_hand(off(), 1, s(1))), Judgement::Holds);
    }

    #[test]
    fn another_state_is_another_question() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        assert!(matches!(check(&case, &Run::by_hand(off(), 1, s(1))), Judgement::Moot(_)));
    }
}
