//! `right-plug`: no other plug ever changes.

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::run::Run;
use crate::truth::{Change, Mover};
use crate::verdict::{Class, Judgement, Property};

/// No plug but those asked for moves by a command, on the target or on its neighbour; and an action that only asks moves
/// none at all. What a device does by itself (a fault, a command it passed to the wrong relay) is not the agent's doing.
///
/// Some devices take the states of all plugs at once, so that an agent must write back what it has read of the others. Where the
/// device had told it a false state of another plug, that is what it wrote.
pub fn check(case: &Case, run: &Run) -> Judgement {
    let moves =
        matches!(case.action, Action::Off | Action::On | Action::Reboot | Action::Enable | Action::Disable);
    let is_asked = |name: &String| case.plugs().any(|plug| plug == name);
    let stray = run
        .neighbour
        .changes
        .iter()
        .map(|change| ("the neighbour's plug", change))
        .chain(
            run.target.changes.iter().filter(|change| !is_asked(&change.plug)).map(|change| ("plug", change)),
        )
        .chain(
            run.target
                .changes
                .iter()
                .filter(|change| !moves && is_asked(&change.plug))
                .map(|change| ("plug", change)),
        )
        .find(|(_, change)| change.by == Mover::Command);
    if let Some((_, change)) = stray
        && !is_asked(&change.plug)
        && was_written_back(run, change)
    {
        return Judgement::Deceived("the device had said of the other plug what the agent wrote back");
    }
    if let Some((whose, change)) = stray {
        let turned = if change.power == Power::Off { "off" } else { "on" };
        let at = change.at.as_secs_f64();
        let evidence = format!(
            "{} of {} switched {whose} {} {turned} at {at:.3}s",
            case.action,
            case.plugs_in_words(),
            change.plug
        );
        return Judgement::broken(Property::RightPlug, Class::WrongPlug, evidence);
    }
    Judgement::Holds
}

/// Whether the device had told the agent that the plug was as this change made it.
pub(super) fn was_written_back(run: &Run, change: &Change) -> bool {
    let told = |claim: &crate::run::Claim| {
        claim.at <= change.at && claim.plug == change.plug && claim.power == Some(change.power)
    };
    run.claims.iter().any(told)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::truth::Truth;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn two() -> Truth {
        Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::On)])
    }

    fn case(action: Action) -> Case {
        Case::healthy("v/m", "a", action, "1", Power::On)
    }

    fn is_broken(judgement: &Judgement) -> bool {
        matches!(judgement, Judgement::Broken(breach) if breach.class == Class::WrongPlug)
    }

    #[test]
    fn only_the_asked_plug_may_move() {
        let right = two().then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(check(&case(Action::Off), &Run::by_hand(right, 0, s(2))), Judgement::Holds);
        let wrong = two().then(s(1), "2", Power::Off, Mover::Command);
        assert!(is_broken(&check(&case(Action::Off), &Run::by_hand(wrong.clone(), 0, s(2)))));
        assert!(
            is_broken(&check(&case(Action::Off), &Run::by_hand(wrong, 1, s(2)))),
            "a failure is no excuse"
        );
    }

    #[test]
    fn what_was_read_of_another_plug_may_be_written_back() {
        let wrong = two().then(s(2), "2", Power::Off, Mover::Command);
        let mut run = Run::by_hand(wrong, 1, s(3));
        let claim = |at, power| crate::run::Claim {
            at: s(at),
            plug: "2".to_owned(),
            power: Some(power),
            again: false,
        };
        run.claims = vec![claim(1, Power::Off)];
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)));
        run.claims = vec![claim(1, Power::On), claim(3, Power::Off)];
        assert!(is_broken(&check(&case(Action::Off), &run)), "it was told so only afterwards");
    }

    #[test]
    fn all_asked_plugs_may_move() {
        let both =
            two().then(s(1), "1", Power::Off, Mover::Command).then(s(1), "2", Power::Off, Mover::Command);
        assert!(is_broken(&check(&case(Action::Off), &Run::by_hand(both.clone(), 0, s(2)))));
        let mut asked = case(Action::Off);
        asked.also = vec!["2".to_owned()];
        assert_eq!(check(&asked, &Run::by_hand(both, 0, s(2))), Judgement::Holds);
    }

    #[test]
    fn the_neighbour_may_not_move() {
        let mut run = Run::by_hand(two(), 0, s(2));
        run.neighbour = two().then(s(1), "1", Power::Off, Mover::Command);
        assert!(
            is_broken(&check(&case(Action::Off), &run)),
            "the same name on another device is another plug"
        );
    }

    #[test]
    fn what_moves_by_itself_is_not_the_agents_doing() {
        let flap = two().then(s(1), "2", Power::Off, Mover::Device);
        assert_eq!(check(&case(Action::Off), &Run::by_hand(flap, 0, s(2))), Judgement::Holds);
    }

    #[test]
    fn asking_moves_nothing() {
        let moved = two().then(s(1), "1", Power::Off, Mover::Command);
        assert!(is_broken(&check(&case(Action::Status), &Run::by_hand(moved.clone(), 2, s(2)))));
        assert!(is_broken(&check(&case(Action::Monitor), &Run::by_hand(moved, 0, s(2)))));
    }
}
