//! The conformance suite: what an agent advertises works on a healthy device, however it is called, and only with the right
//! credentials.

mod tasks;

use std::time::Instant;

use crate::case::{Case, Login, SWITCH};
use crate::finding::{Facts, circumstances};
use crate::link::Link;
use crate::pair::Extent;
use crate::plan::Suite;
use crate::promise::Timing;
use crate::properties::{bounded, every_action, no_leak, parity, right_plug};
use crate::report::{Cell, Finding, Verdict};
use crate::run::{Exit, Run};
use crate::stage::{self, Stage};
use crate::verdict::{Breach, Class, Judgement, Property};

pub(crate) use tasks::{Task, tasks};

/// The check of wrong names, wrong passwords and low privileges; it is none of the properties.
pub(crate) const CREDENTIALS: &str = "credentials";

/// The checks of this suite, in the order of the report.
const CHECKS: [&str; 6] = ["every-action", "parity", "bounded", "right-plug", "no-leak", CREDENTIALS];

/// The cells of one agent on one device, before anything was tried.
pub(crate) fn cells(stage: &dyn Stage) -> Vec<Cell> {
    let (label, device) = (stage.subject().agent.to_string(), &stage.spec().id);
    CHECKS.iter().map(|check| Cell::new(&label, device, Suite::Conformance, check)).collect()
}

/// What trying a task says of each check.
pub(crate) struct Tried {
    judgements: Vec<(&'static str, Judgement, Option<Finding>)>,
    took: std::time::Duration,
}

/// Tries a task.
pub(crate) fn attempt(stage: &dyn Stage, task: &Task) -> Option<Tried> {
    let begun = Instant::now();
    let case = &task.case;
    let played = stage.play(case, task.needs, true)?;
    let mut judgements: Vec<(&'static str, Judgement, &Run)> = Vec::new();
    let effort = Link::of(stage.spec()).effort(stage.spec(), false);
    let timing = Timing::of(case, &stage.subject().advert.defaults(), effort);
    if case.login == Login::Right {
        judgements.push(("every-action", every_action::check(case, &played.run), &played.run));
        judgements.push(("bounded", in_time(stage, task, &timing, &played.run)?, &played.run));
        judgements.push(("right-plug", right_plug::check(case, &played.run), &played.run));
    } else {
        judgements.push((CREDENTIALS, refuses(case, &played.run), &played.run));
    }
    judgements.push(("no-leak", no_leak::check(&played.run), &played.run));
    if let Some(other) = &played.other {
        judgements.push(("every-action", every_action::check(&stage::by_argv(case), other), other));
        judgements.push((
            "parity",
            parity::check(case, stage::is_stream(stage.spec()), other, &played.run),
            other,
        ));
        judgements.push(("no-leak", no_leak::check(other), other));
    }
    let judgements = judgements.into_iter().map(|(check, judgement, run)| {
        let finding = judgement.clone().breach().map(|breach| finding(stage, case, check, breach, run));
        (check, judgement, finding)
    });
    Some(Tried { judgements: judgements.collect(), took: begun.elapsed() })
}

/// Whether the run ended in time. A busy machine makes anybody late, so what was late is believed only if it is so again.
fn in_time(stage: &dyn Stage, task: &Task, timing: &Timing, run: &Run) -> Option<Judgement> {
    const AGAIN: usize = 2;
    let mut judgement = bounded::check(&task.case, timing, run);
    for _ in 0..AGAIN {
        let late = matches!(&judgement, Judgement::Broken(breach) if breach.class == Class::Hang);
        if !late || stage.subject().agent.is_builtin() {
            break;
        }
        let again = stage.play(&task.case, crate::stage::Needs::One, false)?;
        judgement = bounded::check(&task.case, timing, &again.run);
    }
    Some(judgement)
}

/// Without the right to do it, nothing may happen, and the caller must be told.
fn refuses(case: &Case, run: &Run) -> Judgement {
    let broken =
        |class, evidence| Judgement::Broken(Breach { property: Property::EveryAction, class, evidence });
    let how = circumstances(case);
    if let Some(change) = run.target.changes.first() {
        let evidence = format!("{}{how} moved plug {} to {}", case.action, change.plug, change.power);
        return broken(Class::WrongPlug, evidence);
    }
    match &run.exit {
        Exit::Code(1) => Judgement::Holds,
        Exit::Code(0) => broken(Class::Lie, format!("{}{how}: exit 0", case.action)),
        Exit::Killed => {
            broken(Class::Hang, format!("{}{how}: still ran after {:.1?}", case.action, run.took()))
        }
        exit => broken(Class::Crash, format!("{}{how}: {exit} instead of exit 1", case.action)),
    }
}

fn finding(stage: &dyn Stage, case: &Case, check: &'static str, breach: Breach, run: &Run) -> Finding {
    // The usual way of asking needs no words.
    let usual = Link::of(stage.spec()).options(&stage.subject().advert);
    let of_way = |(key, value): &(&String, &String)| usual.get(*key) != Some(*value) && *key != SWITCH;
    let unusual = case.options.iter().filter(of_way).map(|(k, v)| (k.clone(), v.clone())).collect();
    let facts = Facts {
        suite: Suite::Conformance,
        check: Some(check),
        spec: stage.spec(),
        stood: stage.spec(),
        agent: &stage.subject().agent,
        case,
        run,
        breach,
        rate: (1, 1),
        unusual,
    };
    facts.finding()
}

/// Writes what was tried into the cells.
pub(crate) fn book(cells: &mut [Cell], tried: Tried) {
    let Tried { judgements, took } = tried;
    let mut counted: Vec<&str> = Vec::new();
    for (check, judgement, finding) in judgements {
        let Some(cell) = cells.iter_mut().find(|cell| cell.check == check) else { continue };
        if matches!(judgement, Judgement::Holds | Judgement::Broken(_)) {
            cell.judged += 1;
        }
        // The case belongs to the first of its checks, so that the sum over all cells is the number of cases.
        if counted.is_empty() {
            cell.cases += 1;
            cell.took += took;
        }
        counted.push(check);
        let Some(finding) = finding else { continue };
        // One finding for each kind of wrong and action is enough.
        let same = |other: &Finding| {
            let kind = |it: &Finding| {
                (it.class, it.action, it.power.clone(), it.plugs.len() > 1, it.options.clone())
            };
            kind(other) == kind(&finding)
        };
        if !cell.findings.iter().any(same) {
            cell.findings.push(finding);
        }
    }
}

/// Marks what was not at stake.
pub(crate) fn close(cells: &mut [Cell], extent: &Extent) {
    for cell in cells.iter_mut().filter(|cell| cell.judged == 0) {
        let why = match extent {
            Extent::Alias(other) => format!("the same program as {other}, which is tried"),
            Extent::Again(device) => format!("it depends on the program alone, which is tried on {device}"),
            Extent::Full => "the agent advertises nothing that it is about".to_owned(),
        };
        cell.verdict = Verdict::NotRun(why);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;
    use crate::truth::{Mover, Truth};

    #[test]
    fn a_refused_login_exits_1_and_moves_nothing() {
        let s = Duration::from_secs;
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        case.login = Login::WrongPassword;
        let on = Truth::new([("1".to_owned(), Power::On)]);
        assert_eq!(refuses(&case, &Run::by_hand(on.clone(), 1, s(1))), Judgement::Holds);
        let class = |run: Run| refuses(&case, &run).breach().map(|breach| breach.class);
        assert_eq!(class(Run::by_hand(on.clone(), 0, s(1))), Some(Class::Lie));
        assert_eq!(class(Run::by_hand(on.clone(), 2, s(1))), Some(Class::Crash));
        let moved = on.then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(class(Run::by_hand(moved, 1, s(1))), Some(Class::WrongPlug));
    }
}
