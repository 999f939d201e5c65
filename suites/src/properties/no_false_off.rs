//! `no-false-off`: exit 0 of off or reboot means that the plug really was off.

use std::time::Duration;

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::run::{Claim, Run};
use crate::truth::Mover;
use crate::verdict::{Class, Judgement, Property};

/// Exit 0 of off or reboot ⇒ the plant saw each of the asked plugs off at some instant between start and end; after off it
/// still is.
///
/// Two things excuse an agent, both from evidence about that very plug and not from the name of a fault:
/// - the device told it "off" in a whole answer while the plug was on, at its last look if the plug had been off before:
///   nobody could have seen through that;
/// - the plug went off as asked, and came back by itself after the agent's last look at it.
pub fn check(case: &Case, run: &Run) -> Judgement {
    if !case.action.promises_off() {
        return Judgement::Moot("the action promises no off");
    }
    if !run.exit.is_success() {
        return Judgement::Moot("the agent did not claim success");
    }
    let mut deceived = None;
    for plug in case.plugs() {
        match of_plug(case, plug, run) {
            Judgement::Holds => {}
            Judgement::Deceived(how) => deceived = Some(how),
            other => return other,
        }
    }
    deceived.map_or(Judgement::Holds, Judgement::Deceived)
}

fn of_plug(case: &Case, plug: &str, run: &Run) -> Judgement {
    if !run.target.initial.contains_key(plug) && case.flag("missing_as_off") {
        return Judgement::Moot("the caller takes a plug that is not there for off");
    }
    let broken = |what: &str| {
        let evidence = format!("{} exit 0, but {what}; {}", case.action, run.target.describe());
        Judgement::broken(Property::NoFalseOff, Class::Lie, evidence)
    };
    if !run.target.ever(plug, Power::Off, run.started, run.ended) {
        if run.was_told(plug, Power::Off) {
            return Judgement::Deceived("the device said off of a plug that was on");
        }
        if case.flag("missing_as_off") && run.was_told_nothing(plug) {
            return Judgement::Deceived(
                "the device named no state, and the caller takes what is missing for off",
            );
        }
        return broken(&format!("plug {plug} was never off"));
    }
    // After a reboot the plug may be on again: that is its purpose.
    if case.action != Action::Reboot && run.target.at(plug, run.ended) == Some(Power::On) {
        let back = run.target.of_plug(plug).filter(|change| change.at <= run.ended).last();
        // Of several answers to one question, the agent has gone by the first.
        let is_look = |claim: &&Claim| claim.plug == plug && claim.power.is_some() && !claim.again;
        let last_look = run.claims.iter().rev().find(is_look);
        let by_itself = back.is_some_and(|change| change.by != Mover::Command);
        let was_told_off = last_look.is_some_and(|claim| claim.power == Some(Power::Off));
        if by_itself && was_told_off {
            return Judgement::Deceived("the plug came back by itself after the agent's last look");
        }
        // In virtual time a look and an order may fall into one instant; only a device in trouble can have said it afterwards.
        let is_after = |claim: &Claim| {
            let returned = back.map_or(Duration::ZERO, |change| change.at);
            claim.at > returned || (claim.at == returned && !case.faults.is_empty())
        };
        if was_told_off && last_look.is_some_and(is_after) {
            return Judgement::Deceived("the device said off of a plug that was on again");
        }
        return broken(&format!("plug {plug} was on again when the agent ended"));
    }
    Judgement::Holds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Exit;
    use crate::truth::Truth;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn case(action: Action) -> Case {
        Case::healthy("v/m", "a", action, "1", Power::On)
    }

    fn on() -> Truth {
        Truth::new([("1".to_owned(), Power::On)])
    }

    fn off_at(at: u64) -> Truth {
        on().then(s(at), "1", Power::Off, Mover::Command)
    }

    fn claim(at: u64, plug: &str, power: Option<Power>) -> Claim {
        Claim { at: s(at), plug: plug.to_owned(), power, again: false }
    }

    fn is_lie(judgement: &Judgement) -> bool {
        matches!(judgement, Judgement::Broken(breach) if breach.class == Class::Lie)
    }

    #[test]
    fn one_more_answer_to_a_question_is_no_look() {
        let back = off_at(2).then(s(4), "1", Power::On, Mover::Device);
        let mut run = Run::by_hand(back, 0, s(5));
        run.claims = vec![claim(3, "1", Some(Power::Off)), claim(5, "1", Some(Power::On))];
        assert!(is_lie(&check(&case(Action::Off), &run)), "it looked, and it was on");
        run.claims[1].again = true;
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)));
    }

    #[test]
    fn a_false_last_look_is_the_devices_lie() {
        let back = off_at(2).then(s(3), "1", Power::On, Mover::Command);
        let mut run = Run::by_hand(back, 0, s(5));
        run.claims = vec![claim(3, "1", Some(Power::Off))];
        assert!(is_lie(&check(&case(Action::Off), &run)), "it looked, and then ordered on");
        let mut troubled = case(Action::Off);
        troubled.faults = fencelab_devices::Fault::parse_all("others-state").unwrap();
        assert!(matches!(check(&troubled, &run), Judgement::Deceived(_)));
        run.claims = vec![claim(4, "1", Some(Power::Off))];
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)));
        run.claims.push(claim(5, "1", Some(Power::On)));
        assert!(is_lie(&check(&troubled, &run)), "its last look told the truth");
    }

    #[test]
    fn success_without_off_is_a_lie() {
        assert!(is_lie(&check(&case(Action::Off), &Run::by_hand(on(), 0, s(5)))));
        assert!(is_lie(&check(&case(Action::Reboot), &Run::by_hand(on(), 0, s(5)))));
    }

    #[test]
    fn off_at_the_last_instant_is_true_and_a_moment_later_is_a_lie() {
        assert_eq!(check(&case(Action::Off), &Run::by_hand(off_at(5), 0, s(5))), Judgement::Holds);
        let early = Run::by_hand(off_at(5), 0, s(5) - Duration::from_nanos(1));
        assert!(is_lie(&check(&case(Action::Off), &early)));
    }

    #[test]
    fn failure_claims_nothing() {
        assert!(matches!(check(&case(Action::Off), &Run::by_hand(on(), 1, s(5))), Judgement::Moot(_)));
        let mut killed = Run::by_hand(on(), 0, s(5));
        killed.exit = Exit::Killed;
        assert!(matches!(check(&case(Action::Off), &killed), Judgement::Moot(_)));
        assert!(matches!(check(&case(Action::Status), &Run::by_hand(on(), 0, s(5))), Judgement::Moot(_)));
    }

    #[test]
    fn off_must_last_until_the_end_and_reboot_need_not() {
        let back = off_at(2).then(s(3), "1", Power::On, Mover::Command);
        assert!(is_lie(&check(&case(Action::Off), &Run::by_hand(back.clone(), 0, s(5)))));
        assert_eq!(check(&case(Action::Reboot), &Run::by_hand(back.clone(), 0, s(5))), Judgement::Holds);
        // It came back only after the agent had ended.
        assert_eq!(check(&case(Action::Off), &Run::by_hand(back, 0, s(2))), Judgement::Holds);
    }

    #[test]
    fn of_several_plugs_each_must_have_been_off() {
        let mut both = case(Action::Off);
        both.also = vec!["2".to_owned()];
        let two = Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::On)]);
        let one = two.then(s(1), "1", Power::Off, Mover::Command);
        assert!(is_lie(&check(&both, &Run::by_hand(one.clone(), 0, s(5)))));
        let all = one.then(s(2), "2", Power::Off, Mover::Command);
        assert_eq!(check(&both, &Run::by_hand(all, 0, s(5))), Judgement::Holds);
    }

    #[test]
    fn a_plug_that_is_not_there_is_off_only_for_callers_who_say_so() {
        let mut gone = case(Action::Off);
        gone.plug = "9".to_owned();
        assert!(is_lie(&check(&gone, &Run::by_hand(on(), 0, s(5)))));
        gone.options.insert("missing_as_off".to_owned(), "1".to_owned());
        let mut there = case(Action::Off);
        there.options = gone.options.clone();
        let mut run = Run::by_hand(on(), 0, s(5));
        assert!(is_lie(&check(&there, &run)), "the device was never asked");
        run.claims = vec![claim(1, "1", None)];
        assert!(matches!(check(&there, &run), Judgement::Deceived(_)));
        assert!(matches!(check(&gone, &Run::by_hand(on(), 0, s(5))), Judgement::Moot(_)));
    }

    #[test]
    fn a_device_that_lies_on_the_wire_is_no_lie_of_the_agent() {
        let mut run = Run::by_hand(on(), 0, s(5));
        run.claims = vec![claim(1, "1", Some(Power::Off))];
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)));
        // Unknown or on is not off: such answers excuse nobody.
        run.claims = vec![claim(1, "1", None), claim(2, "1", Some(Power::On))];
        assert!(is_lie(&check(&case(Action::Off), &run)));
        // Nor does what it said of another plug.
        run.claims = vec![claim(1, "2", Some(Power::Off))];
        assert!(is_lie(&check(&case(Action::Off), &run)));
    }

    #[test]
    fn a_flap_after_the_last_look_is_excused_and_one_that_was_seen_is_not() {
        let flap = off_at(2).then(s(4), "1", Power::On, Mover::Device);
        let mut run = Run::by_hand(flap, 0, s(5));
        run.claims = vec![claim(3, "1", Some(Power::Off))];
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)));
        run.claims.push(claim(4, "2", Some(Power::On)));
        assert!(matches!(check(&case(Action::Off), &run), Judgement::Deceived(_)), "that was another plug");
        run.claims.push(claim(4, "1", Some(Power::On)));
        assert!(is_lie(&check(&case(Action::Off), &run)));
        run.claims.clear();
        assert!(is_lie(&check(&case(Action::Off), &run)), "an agent that never looked has no excuse");
    }
}
