//! How long it takes until a node that has failed is out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Plan;
use super::report::{Detection, How};
use super::rings::{self, Ring};
use super::team::Team;
use crate::crew::Crew;
use crate::load::{Offer, RingEvent};
use crate::order::{Answer, Order};
use crate::ring::Timeouts;
use crate::transport::{Error, Kind, NodeId, Waiting};

/// How long the nodes may take to find each other.
const FINDING: Duration = Duration::from_secs(30);
/// What a ring may take to be made, beside the timeouts.
const MAKING: Duration = Duration::from_millis(50);
/// Longer than any run.
pub(super) const LONG: f64 = 3600.0;

/// Each way to fail, as often as the plan says.
pub(super) fn measure(team: &mut Team<'_, '_, '_>, kind: Kind, waiting: Waiting) -> Result<(), Error> {
    let plan = team.plan;
    let token = Duration::from_secs_f64(plan.settings.detection_token_ms / 1e3);
    let timeouts = Timeouts::of_token(token);
    let expected = timeouts.token + timeouts.consensus + MAKING;
    for how in How::ALL {
        let mut runs_ms = Vec::new();
        for _ in 0..plan.settings.repeat {
            let took = team.attempt(kind, waiting, &format!("a node is {}", how.name()), |team| {
                team.link(kind, waiting, plan.settings.packet)?;
                fail(plan, &mut team.crew, token, how)
            })?;
            runs_ms.extend(took.map(|took| took.as_secs_f64() * 1e3));
        }
        if runs_ms.is_empty() {
            continue;
        }
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        team.report.tested(kind, waiting).detection.push(Detection {
            how,
            token_ms: milliseconds(token),
            expected_ms: milliseconds(expected),
            runs_ms,
        });
    }
    Ok(())
}

/// The last node fails. Answers how long it takes until the last of the others has a ring without it.
fn fail(plan: &Plan, crew: &mut Crew, token: Duration, how: How) -> Result<Duration, Error> {
    let nodes = crew.count();
    let ring = Ring { token, seconds: LONG, bytes: 0, offer: &Offer::Nothing };
    (0..nodes).try_for_each(|own| rings::start(crew, &plan.settings, &ring, own))?;
    let all: BTreeSet<NodeId> = (0..nodes).collect();
    await_rings(crew, &all, &all)?;
    let victim = nodes.saturating_sub(1);
    let others: BTreeSet<NodeId> = (0..victim).collect();
    let failed = match how {
        How::Killed => signal(crew, victim, &Order::Kill)?,
        How::Frozen => signal(crew, victim, &Order::Freeze)?,
        How::CutOff => {
            let at = crew.now();
            crew.order(victim, &Order::Cut(true))?;
            at
        }
    };
    let seen = await_rings(crew, &others, &others)?;
    match how {
        How::Killed => {}
        How::Frozen => {
            signal(crew, victim, &Order::Thaw)?;
        }
        How::CutOff => crew.order(victim, &Order::Cut(false))?,
    }
    if how == How::Killed {
        // The new process of the victim does not turn yet.
        stop_some(crew, &others)?;
    } else {
        rings::stop(crew)?;
    }
    let last = seen.values().copied().max().unwrap_or_default();
    Ok(Duration::from_nanos(last.saturating_sub(failed)))
}

/// Until each of these nodes has a ring of exactly these members; when that was, by the first node's clock.
pub(super) fn await_rings(
    crew: &mut Crew,
    nodes: &BTreeSet<NodeId>,
    members: &BTreeSet<NodeId>,
) -> Result<BTreeMap<NodeId, u64>, Error> {
    let mut seen = BTreeMap::new();
    let until = Instant::now() + FINDING;
    while seen.len() < nodes.len() {
        match crew.next(until.saturating_duration_since(Instant::now()))? {
            Some((node, Answer::Ring(RingEvent::Members { at, members: now }))) if nodes.contains(&node) => {
                if now == *members {
                    seen.entry(node).or_insert(at);
                } else {
                    seen.remove(&node);
                }
            }
            Some(_) => {}
            None => return Err(Error::Unfit(format!("nodes {nodes:?} have not made a ring in {FINDING:?}"))),
        }
    }
    Ok(seen)
}

/// When the order was carried out, by the first node's clock.
fn signal(crew: &mut Crew, node: NodeId, order: &Order) -> Result<u64, Error> {
    crew.order(node, order)?;
    let at = crew.answer(node, FINDING, |answer| match answer {
        Answer::Done(at) => Some(at),
        _ => None,
    })?;
    Ok(at.saturating_add_signed(crew.clock(node)))
}

fn stop_some(crew: &mut Crew, nodes: &BTreeSet<NodeId>) -> Result<(), Error> {
    for node in nodes {
        crew.order(*node, &Order::Stop)?;
        crew.answer(*node, FINDING, |answer| matches!(answer, Answer::Stopped(_)).then_some(()))?;
    }
    Ok(())
}
