//! The conformance suite: what an agent advertises works on a healthy device, however it is called, and only with the right
//! credentials.

use std::time::Instant;

use fencelab_devices::{DeviceSpec, Power};

use crate::case::{Action, Case, Login, SWITCH};
use crate::draw::middle;
use crate::finding::{Facts, circumstances};
use crate::link::{Link, Options};
use crate::plan::{Plan, Suite};
use crate::promise::Timing;
use crate::properties::{bounded, every_action, no_leak, parity, right_plug};
use crate::report::{Cell, Finding, Verdict};
use crate::run::{Exit, Run};
use crate::stage::{self, Needs, Stage};
use crate::verdict::{Breach, Class, Judgement, Property};

/// The check of wrong names, wrong passwords and low privileges; it is none of the properties.
pub(crate) const CREDENTIALS: &str = "credentials";

/// The checks of this suite, in the order of the report.
const CHECKS: [&str; 6] = ["every-action", "parity", "bounded", "right-plug", "no-leak", CREDENTIALS];

/// One thing to try.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    case: Case,
    needs: Needs,
}

/// Everything to try of one agent on one device:
/// - each advertised action, from on (also by argv) and from off, for one plug that has neighbours on both sides;
/// - the same in each other way of reaching the device; of an external agent, whose time is real, `status` and `off` only;
/// - `off` and `status` of every other plug; of an external agent, of the first and the last one;
/// - two plugs in one call, where the agent has a separator for them, from states that differ;
/// - of an agent that cuts nodes off from what they share: off, which it must do when told no action;
/// - wrong names, wrong passwords, low privileges; and a look at the arguments of the tools that the agent runs.
///
/// Where the same program is tried in full under another name, each action once is enough.
pub(crate) fn tasks(plan: &Plan, stage: &dyn Stage, is_alias: bool) -> Vec<Task> {
    let (spec, subject) = (stage.spec(), stage.subject());
    let advert = &subject.advert;
    let link = Link::of(spec);
    let plugs: Vec<String> = spec.plant.plugs.iter().map(|(name, _)| name.clone()).collect();
    let usual = plan.plugs.first().or(middle(&plugs)).cloned().unwrap_or_default();
    let label = subject.agent.to_string();
    let also: Vec<String> = plan.plugs.iter().skip(1).cloned().collect();
    let task = |action: Action, power: Power, way: &Options, needs: Needs| {
        let mut case = Case::healthy(&spec.id, &label, action, &usual, power);
        case.options = way.clone();
        case.options.extend(plan.options.clone());
        (case.seed, case.also) = (plan.seed, also.clone());
        Task { case, needs }
    };
    let has = |action: Action| advert.actions.contains(&action);
    let ways = link.ways(advert);
    let way = ways.first().cloned().unwrap_or_default();
    let mut tasks = Vec::new();
    for action in advert.actions.iter().copied() {
        if action.is_offline() || is_alias {
            tasks.push(task(action, Power::On, &way, Needs::One));
            continue;
        }
        tasks.push(task(action, Power::On, &way, Needs::Other));
        tasks.push(task(action, Power::Off, &way, Needs::One));
    }
    if !is_alias {
        for way in ways.iter().skip(1) {
            let each = advert.actions.iter().copied().filter(|action| !action.is_offline());
            let each = each.filter(|action| {
                subject.agent.is_builtin() || matches!(action, Action::Status | Action::Off)
            });
            tasks.extend(each.map(|action| task(action, Power::On, way, Needs::One)));
        }
        let asked = plugs.iter().enumerate().filter(|(at, plug)| {
            let at_an_end = *at == 0 || at + 1 == plugs.len();
            **plug != usual && plan.plugs.is_empty() && (at_an_end || subject.agent.is_builtin())
        });
        for (_, plug) in asked {
            for (action, power) in
                [(Action::Off, Power::On), (Action::On, Power::Off), (Action::Status, Power::Off)]
            {
                let mut task = task(action, power, &way, Needs::One);
                task.case.plug.clone_from(plug);
                tasks.extend(has(action).then_some(task));
            }
        }
        if plan.plugs.is_empty() && plugs.len() > 1 && advert.parameters.contains_key("plug_separator") {
            tasks.extend(together(spec, |action, power| {
                has(action).then(|| task(action, power, &way, Needs::One))
            }));
        }
    }
    if advert.is_fabric() && !is_alias {
        // Whatever the metadata promises as the default: anything but off would let a node in that must stay out.
        let mut task = task(Action::Off, Power::On, &way, Needs::One);
        task.case.unsaid = true;
        tasks.push(task);
    }
    if has(Action::Off) && !is_alias {
        for (login, way) in link.wrong_logins(advert) {
            let mut task = task(Action::Off, Power::On, &way, Needs::One);
            task.case.login = login;
            tasks.push(task);
        }
        tasks.push(task(Action::Off, Power::On, &way, Needs::Witness));
    }
    if advert.parameters.contains_key(SWITCH) {
        tasks.iter_mut().for_each(|task| task.case.name_the_switch());
    }
    tasks.retain(|task| plan.action.is_none_or(|only| only == task.case.action));
    tasks.retain(|task| plan.power.is_none_or(|only| only == task.case.power));
    tasks
}

/// Two plugs in one call, once as one another and once not, so that an agent that looks at only one of them is seen: the other
/// one is always such that it must be switched, or tells what the first does not.
fn together(spec: &DeviceSpec, task: impl Fn(Action, Power) -> Option<Task>) -> Vec<Task> {
    let mut tasks = Vec::new();
    for action in [Action::Off, Action::On, Action::Reboot, Action::Status] {
        let other = if action == Action::On { Power::Off } else { Power::On };
        for power in [Power::On, Power::Off] {
            let Some(mut task) = task(action, power) else { continue };
            let case = &task.case;
            let fits = |(plug, power): &(&String, Power)| **plug != case.plug && *power == other;
            let Some(plug) = stage::states(spec, case).find(fits).map(|(plug, _)| plug.clone()) else {
                continue;
            };
            task.case.also = vec![plug];
            tasks.push(task);
        }
    }
    tasks
}

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
    let effort = Link::of(stage.spec()).effort(stage.spec());
    let timing = Timing::of(case, &stage.subject().advert.defaults(), effort);
    if case.login == Login::Right {
        judgements.push(("every-action", every_action::check(case, &played.run), &played.run));
        judgements.push(("bounded", bounded::check(case, &timing, &played.run), &played.run));
        judgements.push(("right-plug", right_plug::check(case, &played.run), &played.run));
    } else {
        judgements.push((CREDENTIALS, refuses(case, &played.run), &played.run));
    }
    judgements.push(("no-leak", no_leak::check(&played.run), &played.run));
    if let Some(other) = &played.other {
        judgements.push(("every-action", every_action::check(&stage::by_argv(case), other), other));
        judgements.push(("parity", parity::check(case, other, &played.run), other));
        judgements.push(("no-leak", no_leak::check(other), other));
    }
    let judgements = judgements.into_iter().map(|(check, judgement, run)| {
        let finding = judgement.clone().breach().map(|breach| finding(stage, case, check, breach, run));
        (check, judgement, finding)
    });
    Some(Tried { judgements: judgements.collect(), took: begun.elapsed() })
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
pub(crate) fn close(cells: &mut [Cell], alias_of: Option<&str>) {
    for cell in cells.iter_mut().filter(|cell| cell.judged == 0) {
        let why = match alias_of {
            Some(other) => format!("the same program as {other}, which is tried"),
            None => "the agent advertises nothing that it is about".to_owned(),
        };
        cell.verdict = Verdict::NotRun(why);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
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
