//! From a case that broke a property to the smallest one that still breaks it in the same way, confirmed and recorded.

use std::time::Instant;

use crate::case::Case;
use crate::draw::{Card, Drawer, simpler};
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
    /// How often the smallest case is played again, to say how often it fails.
    pub(crate) confirmations: u32,
}

/// A case to start from.
pub(crate) enum Origin {
    /// It was drawn, and shrinks as it was drawn.
    Card(Card),
    /// It stood in a list; only its faults shrink.
    Listed(Case),
}

impl Origin {
    /// The case as it stands.
    pub(crate) fn case(&self) -> Case {
        match self {
            Origin::Card(card) => card.case(),
            Origin::Listed(case) => case.clone(),
        }
    }
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
    let needs = Needs::of(property);
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
    let judgements = played.judge(case, stage.subject(), stage.spec());
    judgements
        .into_iter()
        .filter(|(judged, _)| *judged == property)
        .find_map(|(_, judgement)| judgement.breach())
}

/// Shrinks, confirms and writes down. `first` is the case of `origin` as it was played.
///
/// `None` only for a hang of an external agent that does not show each time: a busy machine makes anybody late.
pub(crate) fn shrink(
    stage: &dyn Stage,
    drawer: &Drawer,
    origin: Origin,
    first: Broken,
    effort: Effort,
) -> Option<Finding> {
    let (property, class) = (first.breach.property, first.breach.class);
    let goes_on = |plays: u32| plays < effort.plays && Instant::now() < effort.until;
    let fails = |case: &Case| match try_case(stage, case, property) {
        Outcome::Broken(broken) if broken.breach.class == class => Some(*broken),
        _ => None,
    };
    let mut least = first;
    let mut plays = 0;
    match origin {
        Origin::Card(mut card) => {
            let mut more = card.simplify();
            while more && goes_on(plays) {
                let case = card.case();
                if case == least.case {
                    more = card.simplify();
                    continue;
                }
                plays += 1;
                more = match fails(&case) {
                    Some(broken) => {
                        least = broken;
                        card.simplify()
                    }
                    None => card.complicate(),
                };
            }
        }
        Origin::Listed(_) => {
            let mut left = simpler(&least.case.faults).into_iter();
            while let Some(faults) = left.next().filter(|_| goes_on(plays)) {
                plays += 1;
                if let Some(broken) = fails(&Case { faults, ..least.case.clone() }) {
                    least = broken;
                    left = simpler(&least.case.faults).into_iter();
                }
            }
        }
    }
    let mut rate = (1, 1);
    while rate.1 <= effort.confirmations && Instant::now() < effort.until {
        match try_case(stage, &least.case, property) {
            Outcome::Cut => break,
            Outcome::Broken(_) => rate = (rate.0 + 1, rate.1 + 1),
            Outcome::Fine => rate.1 += 1,
        }
    }
    let external = !stage.subject().agent.is_builtin();
    if external && property == Property::Bounded && class == Class::Hang && rate.0 < rate.1 {
        return None;
    }
    Some(write_down(stage, drawer, least, rate))
}

fn write_down(stage: &dyn Stage, drawer: &Drawer, broken: Broken, rate: (u32, u32)) -> Finding {
    let Broken { case, breach, played } = broken;
    let run = match breach.property {
        Property::Heals => played.retry.as_ref().unwrap_or(&played.run),
        Property::Parity => played.other.as_ref().unwrap_or(&played.run),
        _ => &played.run,
    };
    let unusual = drawer.unusual(&case);
    let (spec, agent) = (stage.spec(), &stage.subject().agent);
    Facts { suite: Suite::Properties, check: None, spec, agent, case: &case, run, breach, rate, unusual }
        .finding()
}
