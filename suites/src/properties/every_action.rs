//! `every-action`: each action that the metadata advertises works on a healthy device.

use fencelab_devices::Power;

use crate::case::{Action, Case};
use crate::metadata::Advert;
use crate::properties::no_false_status::listed_state;
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// The action did on a healthy device what the contract says it does.
pub fn check(case: &Case, run: &Run) -> Judgement {
    match works(case, run) {
        Ok(()) => Judgement::Holds,
        Err(what) => {
            let class = match run.exit {
                Exit::Killed => Class::Hang,
                Exit::Signal(_) => Class::Crash,
                Exit::Code(0) => Class::Lie,
                _ => Class::Refusal,
            };
            Judgement::broken(
                Property::EveryAction,
                class,
                format!("{}{} {}: {what}", case.action, asked(case), on_what(case)),
            )
        }
    }
}

/// On what it was asked: trouble that passes by itself is no excuse, but it is said.
fn on_what(case: &Case) -> &'static str {
    if case.faults.is_empty() { "on a healthy device" } else { "on a device that could have answered" }
}

/// What was unusual about the question, in words.
fn asked(case: &Case) -> String {
    let unsaid = if case.unsaid { " (no action was named)" } else { "" };
    if case.also.is_empty() { unsaid.to_owned() } else { format!(" of {}{unsaid}", case.plugs_in_words()) }
}

/// What the contract asks of each action, as a sentence about what was missing.
pub(crate) fn works(case: &Case, run: &Run) -> Result<(), String> {
    let truth = &run.target;
    let code = |wanted: i32| match run.exit {
        Exit::Code(code) if code == wanted => Ok(()),
        _ => Err(format!("{} instead of exit {wanted}{}", run.exit, last_words(run))),
    };
    match case.action {
        Action::On | Action::Off | Action::Enable | Action::Disable => {
            code(0)?;
            let wanted = case.action.leaves();
            if let Some(plug) = case.plugs().find(|plug| truth.at(plug, run.ended) != wanted) {
                return Err(format!("plug {plug} is not {}; {}", name(wanted), truth.describe()));
            }
        }
        Action::Reboot => {
            code(0)?;
            for plug in case.plugs() {
                reboots(plug, run)?;
            }
        }
        Action::Status => status(case, run)?,
        Action::Monitor | Action::ValidateAll => code(0)?,
        Action::List | Action::ListStatus => {
            code(0)?;
            lists(case, run)?;
        }
        Action::Metadata => {
            code(0)?;
            let advert = Advert::parse(&run.stdout).map_err(|error| error.to_string())?;
            if advert.is_fabric() && !advert.unfences {
                return Err(
                    "it has no reboot, and its on is not automatic: nobody would let a node in again"
                        .to_owned(),
                );
            }
        }
        Action::Manpage => {
            code(0)?;
            if run.stdout.trim().is_empty() {
                return Err("nothing was printed".to_owned());
            }
        }
        Action::Diag => {
            // A server without power has nothing to interrupt, and not every device has an interrupt to give: where the
            // device itself refused, a failure is the right answer.
            let had_power = case.plugs().all(|plug| truth.initial.get(plug) == Some(&Power::On));
            let refused = run.requests.iter().any(|request| !request.answer.starts_with("ok"));
            if run.exit == Exit::Code(1) && (refused || !had_power) {
                return Ok(());
            }
            code(0)?;
            if had_power && run.pulses == 0 {
                return Err("no diagnostic interrupt reached the plug".to_owned());
            }
        }
    }
    Ok(())
}

/// It was off, and on a healthy device the best effort to bring it on again succeeds.
fn reboots(plug: &str, run: &Run) -> Result<(), String> {
    let truth = &run.target;
    if !truth.ever(plug, Power::Off, run.started, run.ended) {
        return Err(format!("plug {plug} was never off; {}", truth.describe()));
    }
    // The relay may still be moving when a cycle has been accepted.
    let rose = truth.of_plug(plug).last().map(|change| change.power);
    if rose != Some(Power::On) {
        return Err(format!("plug {plug} did not come on again; {}", truth.describe()));
    }
    Ok(())
}

/// The state it found; of several plugs, off only if each is.
fn status(case: &Case, run: &Run) -> Result<(), String> {
    let mut wanted = 2;
    for plug in case.plugs() {
        match run.target.at(plug, run.ended) {
            Some(Power::On) => wanted = 0,
            Some(Power::Off) => {}
            None => return Err(format!("the device has no plug {plug}")),
        }
    }
    if run.exit == Exit::Code(wanted) {
        return Ok(());
    }
    Err(format!("{} instead of exit {wanted}{}", run.exit, last_words(run)))
}

/// Each plug of the device (or of the switch that was named) stands in the list exactly once, and in a list with states, none of them is wrong.
fn lists(case: &Case, run: &Run) -> Result<(), String> {
    let plugs = &run.target.initial;
    // A device of one plug has nothing to list; agents then print N/A or nothing.
    if plugs.len() < 2 {
        return Ok(());
    }
    for plug in plugs.keys().filter(|plug| case.is_on_switch(plug)) {
        let times = run.stdout.lines().filter(|line| line.split(',').next() == Some(plug)).count();
        if times != 1 {
            let how = if times == 0 { "not in the list".to_owned() } else { format!("listed {times} times") };
            return Err(format!("plug {plug} is {how}"));
        }
    }
    if case.action == Action::List {
        return Ok(());
    }
    for (plug, said) in run.stdout.lines().filter_map(listed_state) {
        let truth = run.target.at(plug, run.ended);
        if truth.is_some_and(|truth| truth != said) {
            return Err(format!("plug {plug} is listed as {said} and is {}", name(truth)));
        }
    }
    Ok(())
}

fn name(power: Option<Power>) -> String {
    power.map_or_else(|| "known".to_owned(), |power| power.to_string())
}

/// The last line that the agent wrote for a person, so that a refusal explains itself.
pub(crate) fn last_words(run: &Run) -> String {
    let line =
        run.stderr.lines().rev().find(|line| !line.trim().is_empty() && !line.contains("Please use '-h'"));
    line.map(|line| format!(", saying \"{}\"", line.trim())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::truth::{Mover, Truth};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn on() -> Truth {
        Truth::new([("1".to_owned(), Power::On)])
    }

    fn judge(action: Action, run: &Run) -> Option<Class> {
        check(&Case::healthy("v/m", "a", action, "1", Power::On), run).breach().map(|breach| breach.class)
    }

    #[test]
    fn off_must_be_off_and_on_must_be_on() {
        let off = on().then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(judge(Action::Off, &Run::by_hand(off.clone(), 0, s(2))), None);
        assert_eq!(judge(Action::On, &Run::by_hand(off, 0, s(2))), Some(Class::Lie));
        assert_eq!(judge(Action::On, &Run::by_hand(on(), 0, s(2))), None);
        assert_eq!(judge(Action::Off, &Run::by_hand(on(), 1, s(2))), Some(Class::Refusal));
    }

    #[test]
    fn reboot_goes_off_and_comes_back() {
        let off = on().then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(judge(Action::Reboot, &Run::by_hand(off.clone(), 0, s(3))), Some(Class::Lie));
        let back = off.then(s(2), "1", Power::On, Mover::Command);
        assert_eq!(judge(Action::Reboot, &Run::by_hand(back, 0, s(3))), None);
        assert_eq!(judge(Action::Reboot, &Run::by_hand(on(), 0, s(3))), Some(Class::Lie));
    }

    #[test]
    fn status_names_the_state_it_found() {
        assert_eq!(judge(Action::Status, &Run::by_hand(on(), 0, s(1))), None);
        assert_eq!(judge(Action::Status, &Run::by_hand(on(), 2, s(1))), Some(Class::Refusal));
        let off = Truth::new([("1".to_owned(), Power::Off)]);
        assert_eq!(judge(Action::Status, &Run::by_hand(off, 2, s(1))), None);
    }

    #[test]
    fn diag_must_reach_the_plug() {
        let mut run = Run::by_hand(on(), 0, s(1));
        assert_eq!(judge(Action::Diag, &run), Some(Class::Lie));
        run.pulses = 1;
        assert_eq!(judge(Action::Diag, &run), None);
        let mut none = Run::by_hand(on(), 1, s(1));
        assert_eq!(judge(Action::Diag, &none), Some(Class::Refusal), "the device was not even asked");
        let answer = "0xcc invalid data field in request".to_owned();
        none.requests.push(crate::run::Request {
            exchange: 1,
            at: s(0),
            request: "Chassis Control".to_owned(),
            answer,
            effect: None,
        });
        assert_eq!(judge(Action::Diag, &none), None, "a device without an interrupt");
    }

    #[test]
    fn a_list_names_every_plug_of_a_pdu() {
        let pdu = Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::On)]);
        let mut run = Run::by_hand(pdu, 0, s(1));
        run.stdout = "1,web\n".to_owned();
        assert_eq!(judge(Action::List, &run), Some(Class::Lie));
        run.stdout += "2,db\n";
        assert_eq!(judge(Action::List, &run), None);
        run.stdout += "2,db\n";
        assert_eq!(judge(Action::List, &run), Some(Class::Lie), "once is enough");
    }

    #[test]
    fn a_list_with_states_may_not_know_but_not_be_wrong() {
        let pdu = Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::Off)]);
        let mut run = Run::by_hand(pdu, 0, s(1));
        run.stdout = "1,web,UNKNOWN\n2,db,OFF\n".to_owned();
        assert_eq!(judge(Action::ListStatus, &run), None);
        run.stdout = "1,web,ON\n2,db,ON\n".to_owned();
        assert_eq!(judge(Action::ListStatus, &run), Some(Class::Lie));
    }

    #[test]
    fn a_refusal_quotes_the_agent() {
        let mut run = Run::by_hand(on(), 1, s(1));
        run.stderr = "Failed: Timed out waiting to power OFF\n\nPlease use '-h' for usage\n".to_owned();
        let breach = check(&Case::healthy("v/m", "a", Action::Off, "1", Power::On), &run).breach().unwrap();
        assert!(breach.evidence.contains("Timed out waiting to power OFF"), "{}", breach.evidence);
    }
}
