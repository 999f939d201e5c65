//! `no-false-status`: status and list-status never say the opposite of what was true all along.

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// `status` never says off (exit 2) of a plug that is on at every instant of the run, nor on (exit 0) of one that is off
/// throughout; nor does a line of `list-status`. A plug that moved meanwhile may be called either.
///
/// Of several plugs, off means each of them, and on means at least one.
pub fn check(case: &Case, run: &Run) -> Judgement {
    match case.action {
        Action::Status => status(case, run),
        Action::ListStatus if run.exit.is_success() => list_status(run),
        Action::ListStatus => Judgement::Moot("the agent named no state"),
        _ => Judgement::Moot("the action is not status"),
    }
}

/// What may be held against having said `said` of a plug.
enum Word {
    /// It was so at some instant.
    True,
    /// It was not, but the device had said so.
    Told,
    /// It was not, and nobody had said so.
    False,
    /// There is no such plug.
    Absent,
}

fn word(run: &Run, plug: &str, said: Power) -> Word {
    if !run.target.initial.contains_key(plug) {
        Word::Absent
    } else if !run.target.throughout(plug, said.opposite(), run.started, run.ended) {
        Word::True
    } else if run.was_told(plug, said) {
        Word::Told
    } else {
        Word::False
    }
}

const TOLD: &str = "the device itself said what was not so";

fn lie(evidence: String) -> Judgement {
    Judgement::broken(Property::NoFalseStatus, Class::Lie, evidence)
}

fn status(case: &Case, run: &Run) -> Judgement {
    let said = match run.exit {
        Exit::Code(0) => Power::On,
        Exit::Code(2) => Power::Off,
        _ => return Judgement::Moot("the agent named no state"),
    };
    let words: Vec<(&String, Word)> = case.plugs().map(|plug| (plug, word(run, plug, said))).collect();
    let takes_for_off = case.flag("missing_as_off");
    if let Some((plug, _)) = words.iter().find(|(_, word)| matches!(word, Word::Absent))
        && !takes_for_off
    {
        return lie(format!("status said {said} of plug {plug}, which the device does not have"));
    }
    // The caller takes a plug that is not there for off.
    let is_so = |word: &Word| match word {
        Word::True => true,
        Word::Absent => said == Power::Off,
        Word::Told | Word::False => false,
    };
    let was_told = |word: &Word| is_so(word) || matches!(word, Word::Told);
    let by = |holds: &dyn Fn(&Word) -> bool| match said {
        Power::Off => words.iter().all(|(_, word)| holds(word)),
        Power::On => words.iter().any(|(_, word)| holds(word)),
    };
    if by(&is_so) {
        return Judgement::Holds;
    }
    let is_missing = |plug: &String| run.was_told_nothing(plug);
    if said == Power::Off && takes_for_off && case.plugs().any(is_missing) {
        return Judgement::Deceived(
            "the device named no state, and the caller takes what is missing for off",
        );
    }
    if by(&was_told) {
        return Judgement::Deceived(TOLD);
    }
    let wrong = words.iter().find(|(_, word)| matches!(word, Word::False));
    let plug = wrong.map_or(&case.plug, |(plug, _)| plug);
    lie(format!("status said {said}, but plug {plug} was {} throughout", said.opposite()))
}

/// Each line `plug,alias,STATE` that names a state of a plug which the device has. Whether the list is complete is a question
/// for `every-action`.
fn list_status(run: &Run) -> Judgement {
    let mut deceived = false;
    let mut named = false;
    for line in run.stdout.lines() {
        let Some((plug, said)) = listed_state(line) else { continue };
        named = true;
        match word(run, plug, said) {
            Word::True | Word::Absent => {}
            Word::Told => deceived = true,
            Word::False => {
                let truth = said.opposite();
                return lie(format!("list-status said {said} of plug {plug}, which was {truth} throughout"));
            }
        }
    }
    match (named, deceived) {
        (_, true) => Judgement::Deceived(TOLD),
        (true, false) => Judgement::Holds,
        (false, false) => Judgement::Moot("the agent named no state"),
    }
}

/// The plug and the state of a line of `list-status`, if it names one of the two.
pub(crate) fn listed_state(line: &str) -> Option<(&str, Power)> {
    let (plug, rest) = line.split_once(',')?;
    let state = rest.rsplit_once(',').map_or(rest, |(_, state)| state).trim();
    let power = if state.eq_ignore_ascii_case("on") {
        Power::On
    } else if state.eq_ignore_ascii_case("off") {
        Power::Off
    } else {
        return None;
    };
    Some((plug, power))
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
    fn a_plug_that_is_missing_may_be_taken_for_off() {
        let mut case = status(Power::On);
        case.also = vec!["9".to_owned()];
        case.options.insert("missing_as_off".to_owned(), "1".to_owned());
        let check = |exit, power| check(&case, &Run::by_hand(still(power), exit, s(1)));
        assert_eq!(check(0, Power::On), Judgement::Holds);
        assert_eq!(check(2, Power::Off), Judgement::Holds);
        assert!(is_lie(&check(2, Power::On)), "the other one is on");
        assert!(is_lie(&check(0, Power::Off)), "neither is on");
    }

    #[test]
    fn only_a_claim_of_that_very_state_excuses() {
        let mut run = Run::by_hand(still(Power::On), 2, s(1));
        let claim = |plug: &str, power| vec![Claim { at: s(0), plug: plug.to_owned(), power, again: false }];
        run.claims = claim("1", Some(Power::Off));
        assert!(matches!(check(&status(Power::On), &run), Judgement::Deceived(_)));
        run.claims = claim("1", None);
        assert!(is_lie(&check(&status(Power::On), &run)));
        run.claims = claim("2", Some(Power::Off));
        assert!(is_lie(&check(&status(Power::On), &run)), "that was another plug");
    }

    fn two() -> Truth {
        Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::Off)])
    }

    #[test]
    fn of_several_plugs_off_means_all_and_on_means_any() {
        let mut both = status(Power::On);
        both.also = vec!["2".to_owned()];
        assert_eq!(check(&both, &Run::by_hand(two(), 0, s(1))), Judgement::Holds);
        assert!(is_lie(&check(&both, &Run::by_hand(two(), 2, s(1)))));
    }

    #[test]
    fn each_line_of_a_list_is_judged() {
        let mut case = status(Power::On);
        case.action = Action::ListStatus;
        let says = |text: &str| {
            let mut run = Run::by_hand(two(), 0, s(1));
            run.stdout = text.to_owned();
            check(&case, &run)
        };
        assert_eq!(says("1,web, east,ON\n2,,OFF\n"), Judgement::Holds);
        assert_eq!(says("1,web,UNKNOWN\n2,db,OFF\n"), Judgement::Holds);
        assert!(is_lie(&says("1,web,ON\n2,db,ON\n")));
        assert!(matches!(says("1,web,UNKNOWN\n"), Judgement::Moot(_)));
    }
}
