//! From a case that broke a property to the smallest one that still breaks it in the same way, confirmed and recorded.

use std::time::{Duration, Instant};

use fencelab_devices::fault::{Fault, FaultKind, Scope};

use crate::case::{Case, Login, Mode};
use crate::finding::Facts;
use crate::plan::Suite;
use crate::properties::every_action;
use crate::report::Finding;
use crate::stage::{Needs, Played, Stage};
use crate::verdict::{Breach, Class, Property};

/// How much work shrinking may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Cases that may be played on the way.
    pub(crate) plays: u32,
    /// When it must end, with what it has.
    pub(crate) until: Instant,
    /// How often the smallest case is played again if it shows each time.
    pub(crate) confirmations: u32,
    /// How often it is played in all if it does not: so a rate is known.
    pub(crate) doubtful: u32,
}

/// A case that broke a property, with the evidence.
pub(crate) struct Broken {
    pub(crate) case: Case,
    pub(crate) breach: Breach,
    pub(crate) played: Played,
}

/// What playing a case for one property came to.
pub(crate) enum Outcome {
    /// It broke the property, on a recorded wire.
    Broken(Box<Broken>),
    /// It did not, or says nothing.
    Fine,
    /// The time was over.
    Cut,
}

/// Plays a case and says how it broke `property`, if it did. A breach is only believed of a recorded run: the wire may show
/// that the device had lied to the agent. In virtual time a case is played first without recording, which is quicker.
pub(crate) fn try_case(stage: &dyn Stage, case: &Case, property: Property) -> Outcome {
    let needs = Needs::of(property, case);
    if stage.subject().agent.is_builtin() {
        match stage.play(case, needs, false) {
            None => return Outcome::Cut,
            Some(played) if breach(&played, case, stage, property).is_none() => return Outcome::Fine,
            Some(_) => {}
        }
    }
    let Some(played) = stage.play(case, needs, true) else { return Outcome::Cut };
    match breach(&played, case, stage, property) {
        Some(_) if property == Property::Heals && !works_when_healthy(stage, case) => Outcome::Fine,
        Some(breach) => Outcome::Broken(Box::new(Broken { case: case.clone(), breach, played })),
        None => Outcome::Fine,
    }
}

/// Whether the same case works where nothing is wrong. What a healthy device refuses too, such as a cycle that its firmware
/// does not know, is nothing that the trouble left behind.
pub(crate) fn works_when_healthy(stage: &dyn Stage, case: &Case) -> bool {
    let healthy = Case { faults: Vec::new(), ..case.clone() };
    stage
        .play(&healthy, Needs::One, false)
        .is_some_and(|played| every_action::works(case, &played.run).is_ok())
}

fn breach(played: &Played, case: &Case, stage: &dyn Stage, property: Property) -> Option<Breach> {
    let judgements = played.judge(case, stage.subject());
    judgements
        .into_iter()
        .filter(|(judged, _)| *judged == property)
        .find_map(|(_, judgement)| judgement.breach())
}

/// Shrinks, confirms and writes down. `first` is a case as it was played, `base` the one with nothing unusual.
///
/// `None` only for a hang of an external agent that does not show each time: a busy machine makes anybody late.
pub(crate) fn shrink(
    stage: &dyn Stage,
    base: &Case,
    first: Broken,
    effort: Effort,
) -> Option<(Broken, (u32, u32))> {
    let (property, class) = (first.breach.property, first.breach.class);
    let mut least = first;
    let mut plays = 0;
    let mut failed: Vec<Case> = Vec::new();
    // After each step that shows it still, everything is tried again, but for what is known not to.
    'steps: loop {
        for case in simpler(&least.case, base) {
            if plays >= effort.plays || Instant::now() >= effort.until {
                break 'steps;
            }
            if failed.contains(&case) {
                continue;
            }
            plays += 1;
            match try_case(stage, &case, property) {
                Outcome::Broken(broken) if broken.breach.class == class => {
                    least = *broken;
                    continue 'steps;
                }
                Outcome::Cut => break 'steps,
                Outcome::Broken(_) | Outcome::Fine => failed.push(case),
            }
        }
        break;
    }
    let rate = rate(stage, &least, effort);
    let is_external = !stage.subject().agent.is_builtin();
    if is_external && class == Class::Hang && rate.0 < rate.1 {
        return None;
    }
    Some((least, rate))
}

/// Plays the smallest case again: a few times, or more if it does not show each time.
fn rate(stage: &dyn Stage, least: &Broken, effort: Effort) -> (u32, u32) {
    let mut rate = (1, 1);
    loop {
        let enough = if rate.0 == rate.1 { effort.confirmations + 1 } else { effort.doubtful };
        if rate.1 >= enough || Instant::now() >= effort.until {
            return rate;
        }
        let property = least.breach.property;
        let Some(played) = stage.play_for_certain(&least.case, Needs::of(property, &least.case)) else {
            return rate;
        };
        let shows = breach(&played, &least.case, stage, property)
            .is_some_and(|breach| breach.class == least.breach.class);
        rate = (rate.0 + u32::from(shows), rate.1 + 1);
    }
}

/// The finding of a confirmed case. `unusual`: options that a replay must give.
pub(crate) fn write_down(
    stage: &dyn Stage,
    broken: Broken,
    rate: (u32, u32),
    unusual: Vec<(String, String)>,
) -> Finding {
    let Broken { case, breach, played } = broken;
    let run = match breach.property {
        Property::Heals => played.retry.as_ref().unwrap_or(&played.run),
        Property::Parity => played.other.as_ref().unwrap_or(&played.run),
        _ => &played.run,
    };
    let (spec, agent) = (stage.spec(), &stage.subject().agent);
    let stood = &played.spec;
    Facts {
        suite: Suite::Properties,
        check: None,
        spec,
        stood,
        agent,
        case: &case,
        run,
        breach,
        rate,
        unusual,
    }
    .finding()
}

/// Simpler relatives of a case, the boldest first: without a fault, without another thing that is unusual, with a wider scope, with
/// smaller numbers.
fn simpler(case: &Case, base: &Case) -> Vec<Case> {
    let mut simpler = Vec::new();
    let mut put = |change: &dyn Fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        if other != *case {
            simpler.push(other);
        }
    };
    if case.faults.len() > 1 {
        put(&|other| other.faults.clear());
    }
    for at in 0..case.faults.len() {
        put(&|other| drop(other.faults.remove(at)));
    }
    put(&|other| other.shape.clone_from(&base.shape));
    put(&|other| other.impostor.clone_from(&base.impostor));
    put(&|other| other.as_service = base.as_service);
    put(&|other| other.mode = if base.mode == Mode::Argv { Mode::Argv } else { Mode::Stdin });
    put(&|other| {
        if base.login == Login::Right {
            other.login = Login::Right;
        }
    });
    put(&|other| (other.plug, other.also) = (base.plug.clone(), base.also.clone()));
    put(&|other| other.also.clone_from(&base.also));
    // All of them: what opens a session belongs together.
    put(&|other| other.options.clone_from(&base.options));
    put(&|other| other.by_name = base.by_name);
    put(&|other| other.seed = base.seed);
    for (at, fault) in case.faults.iter().enumerate() {
        for plainer in plainer(fault) {
            put(&|other| {
                if let Some(slot) = other.faults.get_mut(at) {
                    slot.clone_from(&plainer);
                }
            });
        }
    }
    simpler
}

/// The same fault with one part of its scope less, or with a smaller argument.
fn plainer(fault: &Fault) -> Vec<Fault> {
    let mut plainer = Vec::new();
    let scope = &fault.scope;
    let mut put = |change: &dyn Fn(&mut Scope)| {
        let mut other = fault.clone();
        change(&mut other.scope);
        if other != *fault {
            plainer.push(other);
        }
    };
    put(&|scope| *scope = Scope::default());
    put(&|scope| scope.direction = None);
    put(&|scope| scope.on = None);
    put(&|scope| scope.nth = None);
    put(&|scope| scope.first = None);
    put(&|scope| scope.window = None);
    put(&|scope| scope.exchange = None);
    let half =
        |time: Duration| Duration::from_millis(u64::try_from(time.as_millis() / 2).unwrap_or(u64::MAX));
    let kind = match &fault.kind {
        FaultKind::Delay(time) => FaultKind::Delay(half(*time)),
        FaultKind::DoneLate(time) => FaultKind::DoneLate(half(*time)),
        FaultKind::Stale(time) => FaultKind::Stale(half(*time)),
        FaultKind::Flap(time) => FaultKind::Flap(half(*time)),
        FaultKind::BmcReset(phase, time) => FaultKind::BmcReset(*phase, half(*time)),
        other => other.clone(),
    };
    let is_left = !matches!(&kind, FaultKind::Delay(t) | FaultKind::DoneLate(t) | FaultKind::Stale(t) | FaultKind::Flap(t) | FaultKind::BmcReset(_, t) if t.is_zero());
    if is_left && kind != fault.kind {
        plainer.push(Fault { kind, scope: scope.clone() });
    }
    plainer
}

#[cfg(test)]
mod tests {
    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;

    fn base() -> Case {
        Case::healthy("v/m", "a", Action::Off, "3", Power::On)
    }

    #[test]
    fn what_is_usual_has_no_simpler_relative() {
        assert_eq!(simpler(&base(), &base()), []);
    }

    #[test]
    fn everything_unusual_can_go_by_itself() {
        let mut case = base();
        case.faults = Fault::parse_all("drop@status,nth=2 + flap(2s)").unwrap();
        case.shape = "plugs=100".to_owned();
        case.impostor = Some("x/y".to_owned());
        case.also = vec!["5".to_owned()];
        case.options.insert("method".to_owned(), "cycle".to_owned());
        (case.mode, case.as_service, case.login) = (Mode::Argv, true, Login::UnknownUser);
        let all = simpler(&case, &base());
        let is_there = |holds: &dyn Fn(&Case) -> bool| all.iter().any(holds);
        assert!(is_there(&|other| other.faults.len() == 1) && is_there(&|other| other.faults.is_empty()));
        assert!(is_there(&|other| other.shape.is_empty() && other.impostor.is_some()));
        assert!(is_there(&|other| other.impostor.is_none() && !other.shape.is_empty()));
        assert!(is_there(&|other| other.also.is_empty()) && is_there(&|other| other.options.is_empty()));
        assert!(is_there(&|other| other.mode == Mode::Stdin) && is_there(&|other| !other.as_service));
        assert!(is_there(&|other| other.login == Login::Right));
        assert!(is_there(&|other| other.fault_expression() == "drop@status + flap(2s)"));
        assert!(is_there(&|other| other.fault_expression() == "drop@status,nth=2 + flap(1s)"));
    }
}
