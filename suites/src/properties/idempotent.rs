//! `idempotent`: asking for the state a plug already has is success and moves nothing.

use crate::case::{Case, Login};
use crate::run::Run;
use crate::truth::{Change, Mover};
use crate::verdict::{Class, Judgement, Property};

/// Off of an off plug and on of an on plug. On a device without trouble it must succeed (with the right account, for
/// plugs that are there); in trouble it may fail. Either way
/// the plug must not have moved by a command.
pub fn check(case: &Case, run: &Run) -> Judgement {
    let Some(wanted) = case.action.leaves() else {
        return Judgement::Moot("the action leaves no certain state");
    };
    if case.power != wanted {
        return Judgement::Moot("the plug had another state");
    }
    let broken = |class, evidence| Judgement::broken(Property::Idempotent, class, evidence);
    // Of several plugs, those that were there already: the others are meant to move.
    let had = |plug: &&String| run.target.initial.get(*plug).is_none_or(|power| *power == wanted);
    let mut there = case.plugs().filter(had);
    // A command that brings back what the device lost by itself moves nothing away from what is asked for.
    let is_away = |change: &&Change| change.by == Mover::Command && change.power != wanted;
    let moved = there.find_map(|plug| run.target.of_plug(plug).find(is_away));
    if let Some(change) = moved {
        if crate::properties::right_plug::was_written_back(run, change) {
            return Judgement::Deceived("the device had said of the plug what the agent wrote back");
        }
        let at = change.at.as_secs_f64();
        return broken(
            Class::WrongPlug,
            format!("{} of a plug that was {wanted} moved it to {} at {at:.3}s", case.action, change.power),
        );
    }
    if !case.plugs().all(|plug| had(&plug)) {
        return Judgement::Holds;
    }
    let is_there = |plug: &String| run.target.initial.contains_key(plug);
    let is_fair = case.faults.is_empty()
        && case.login == Login::Right
        && case.impostor.is_none()
        && !case.by_name
        && case.plugs().all(is_there);
    if is_fair && !run.exit.is_success() {
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
    use crate::truth::Truth;

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
    fn what_the_device_lost_may_be_brought_back() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        let lost =
            off().then(s(1), "1", Power::On, Mover::Device).then(s(2), "1", Power::Off, Mover::Command);
        assert_eq!(check(&case, &Run::by_hand(lost, 0, s(3))), Judgement::Holds);
    }

    #[test]
    fn what_was_read_may_be_written_back() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        let mut run = Run::by_hand(off().then(s(2), "1", Power::On, Mover::Command), 0, s(3));
        assert_eq!(class(&case, &run), Some(Class::WrongPlug));
        let claim =
            crate::run::Claim { at: s(1), plug: "1".to_owned(), power: Some(Power::On), again: false };
        run.claims = vec![claim];
        assert!(matches!(check(&case, &run), Judgement::Deceived(_)));
    }

    #[test]
    fn in_trouble_it_may_fail_but_not_move() {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        case.faults = fencelab_devices::Fault::parse_all("drop").unwrap();
        assert_eq!(check(&case, &Run::by_hand(off(), 1, s(1))), Judgement::Holds);
    }

    #[test]
    fn of_several_plugs_only_those_that_are_not_there_yet_move() {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::Off);
        case.also = vec!["2".to_owned()];
        let mixed = Truth::new([("1".to_owned(), Power::Off), ("2".to_owned(), Power::On)]);
        let right = mixed.clone().then(s(1), "2", Power::Off, Mover::Command);
        assert_eq!(check(&case, &Run::by_hand(right, 0, s(2))), Judgement::Holds);
        let bounced = mixed.then(s(1), "1", Power::On, Mover::Command);
        assert_eq!(class(&case, &Run::by_hand(bounced, 0, s(2))), Some(Class::WrongPlug));
    }

    #[test]
    fn another_state_is_another_question() {
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        assert!(matches!(check(&case, &Run::by_hand(off(), 1, s(1))), Judgement::Moot(_)));
    }
}
