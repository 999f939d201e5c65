//! The ring under each load.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::report::{Load, Run, Settings};
use super::team::Team;
use super::{Plan, cpgbench};
use crate::crew::Crew;
use crate::load::{Flaws, Offer, RingEvent, RingLoad, RingResult, Standing};
use crate::measure::Latency;
use crate::order::{Answer, Order};
use crate::ring::Config;
use crate::transport::{Error, NodeId};

/// How long the nodes may take to find each other, beside what is measured.
const FINDING: Duration = Duration::from_secs(30);
/// Seconds that do not count once they have.
const WARM_UP: f64 = 0.2;

/// All runs, each transport once before any has its second.
pub(super) fn measure(team: &mut Team<'_, '_, '_>) -> Result<(), Error> {
    let plan = team.plan;
    for _ in 0..plan.settings.repeat {
        for (kind, waiting) in plan.transports() {
            for (bytes, offer) in sizes_and_offers(plan) {
                // What was recorded is played to its end, and some time is left for what is under way then.
                let seconds = offer.span().map_or(plan.settings.seconds, |span| span + plan.settings.seconds);
                let ring = Ring { token: plan.settings.token(), seconds, bytes, offer };
                let doing = format!("ring, {bytes} bytes, {}", offer.name());
                let results = team.attempt(kind, waiting, &doing, |team| {
                    team.link(kind, waiting, plan.settings.packet)?;
                    turn(&mut team.crew, &plan.settings, &ring, FINDING)?.map_err(Unmade::into)
                })?;
                let Some(results) = results else { continue };
                let run = run(&results, offer);
                team.report.tested(kind, waiting).add(Load::Ring, bytes, Some(offer.name()), run);
            }
            if let Some(program) = plan.cpgbench.as_deref().filter(|_| kind.is_corosync()) {
                let runs = team.attempt(kind, waiting, "cpgbench", |team| {
                    cpgbench::measure(plan, &mut team.crew, kind, program)
                })?;
                for (bytes, run) in runs.into_iter().flatten() {
                    team.report.tested(kind, waiting).add(Load::Cpgbench, bytes, None, run);
                }
            }
        }
    }
    Ok(())
}

/// Each size under each load; a ring without messages and a recorded load have no sizes.
fn sizes_and_offers(plan: &Plan) -> Vec<(usize, &Offer)> {
    let mut all = Vec::new();
    for offer in &plan.offers {
        match offer {
            Offer::Nothing | Offer::Schedule(_) => all.push((0, offer)),
            Offer::Rate(_) | Offer::Flood | Offer::FloodOne => {
                all.extend(plan.settings.sizes.iter().map(|bytes| (*bytes, offer)));
            }
        }
    }
    all
}

/// A ring that is measured once.
pub(super) struct Ring<'a> {
    pub(super) token: Duration,
    pub(super) seconds: f64,
    pub(super) bytes: usize,
    pub(super) offer: &'a Offer,
}

/// A ring that was not made in the time for it: how each node stood at the end.
#[derive(Debug)]
pub(super) struct Unmade {
    after: Duration,
    nodes: Vec<Option<Standing>>,
}

impl From<Unmade> for Error {
    fn from(Unmade { after, nodes }: Unmade) -> Self {
        let node = |(node, standing): (usize, &Option<Standing>)| {
            let standing = standing.as_ref().map_or_else(|| "does not tell".to_owned(), ToString::to_string);
            format!("; node {node} {standing}")
        };
        let nodes: String = nodes.iter().enumerate().map(node).collect();
        Self::Unfit(format!("the nodes have not made a ring in {after:?}{nodes}"))
    }
}

/// Has all nodes turn, until each has measured; then stops them. Where they have not found each other in the time for it, answers how
/// far they came.
pub(super) fn turn(
    crew: &mut Crew,
    settings: &Settings,
    ring: &Ring<'_>,
    finding: Duration,
) -> Result<Result<Vec<RingResult>, Unmade>, Error> {
    let nodes = crew.count();
    for own in 0..nodes {
        start(crew, settings, ring, own)?;
    }
    let mut results: Vec<Option<RingResult>> = vec![None; nodes];
    let until = Instant::now() + finding + Duration::from_secs_f64(ring.seconds + WARM_UP);
    while results.iter().any(Option::is_none) {
        match crew.next(until.saturating_duration_since(Instant::now()))? {
            Some((node, Answer::Ring(RingEvent::Measured(result)))) => {
                if let Some(slot) = results.get_mut(node) {
                    *slot = Some(*result);
                }
            }
            Some(_) => {}
            None => break,
        }
    }
    let nodes = stop(crew)?;
    Ok(results.into_iter().collect::<Option<_>>().ok_or(Unmade { after: finding, nodes }))
}

/// Has one node turn.
pub(super) fn start(crew: &mut Crew, settings: &Settings, ring: &Ring<'_>, own: NodeId) -> Result<(), Error> {
    let load = RingLoad {
        own,
        nodes: crew.count(),
        config: Config::new(ring.token, settings.packet),
        offer: ring.offer.clone(),
        bytes: ring.bytes,
        warm_up: WARM_UP,
        seconds: ring.seconds,
        clock: crew.clock(own),
        epoch: epoch(),
    };
    crew.order(own, &Order::Ring(Box::new(load)))
}

/// Microseconds of the wall clock: no ring of before had a higher number.
fn epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default()
}

/// Stops all nodes. Answers how each stood.
pub(super) fn stop(crew: &mut Crew) -> Result<Vec<Option<Standing>>, Error> {
    let nodes = crew.count();
    (0..nodes).try_for_each(|node| crew.order(node, &Order::Stop))?;
    let mut standings = vec![None; nodes];
    let mut turning: BTreeSet<NodeId> = (0..nodes).collect();
    while !turning.is_empty() {
        match crew.next(FINDING)? {
            Some((node, Answer::Stopped(standing))) => {
                turning.remove(&node);
                if let Some(slot) = standings.get_mut(node) {
                    *slot = standing.map(|standing| *standing);
                }
            }
            Some(_) => {}
            None => return Err(Error::Unfit(format!("nodes {turning:?} do not stop"))),
        }
    }
    Ok(standings)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn run(results: &[RingResult], offer: &Offer) -> Run {
    let together = |of: fn(&RingResult) -> &Latency| {
        let mut all = Latency::default();
        results.iter().for_each(|result| all.add(of(result)));
        all.quantiles()
    };
    let sum = |of: &dyn Fn(&RingResult) -> f64| results.iter().map(of).sum::<f64>();
    let count = results.len() as f64;
    let mut run = Run::default();
    let (rotation, holding) = (together(|result| &result.rotation), together(|result| &result.holding));
    // In a rotation each node holds the token once; what is left of it is the wire's, with the kernels' and devices' work for it.
    if let (Some(rotation), Some(holding)) = (&rotation, &holding) {
        run.put("wire_share", (1.0 - holding.mean * count / rotation.mean).max(0.0));
    }
    // Of corosync there is but the count of tokens, so that the mean is the same thing for all rings.
    let rotations = sum(&|result| result.tally.tokens as f64);
    run.put("rotation_mean_us", sum(&|result| result.seconds) * 1e6 / rotations);
    run.put_quantiles("rotation", rotation);
    run.put_quantiles("holding", holding);
    run.put_quantiles("delivery", together(|result| &result.delivery));
    run.put_quantiles("stable", together(|result| &result.stable));
    if let Some(round) = together(|result| &result.returned) {
        run.put("rtt_min_us", round.min);
        run.put("rtt_avg_us", round.mean);
        run.put("rtt_max_us", round.max);
        run.quantiles.insert("rtt".to_owned(), round);
    }
    let delivered = sum(&|result| result.messages as f64);
    // Where the first node alone listens, it alone is counted; a node that listens and hears nothing counts like any.
    let flaws: Vec<Flaws> = results.iter().filter_map(|result| result.flaws).collect();
    let hear = if *offer == Offer::FloodOne && !flaws.is_empty() { 1.0 } else { count };
    run.put("received", delivered / hear);
    run.put("bytes_per_write", sum(&|result| result.bytes as f64) / delivered);
    run.put("runtime_s", sum(&|result| result.seconds) / count);
    run.put("messages_per_s", sum(&|result| result.messages as f64 / result.seconds) / hear);
    run.put("megabytes_per_s", sum(&|result| result.bytes as f64 / 1e6 / result.seconds) / hear);
    run.put("cpu_us", sum(&|result| result.usage.cpu()) * 1e6 / delivered);
    run.put("s_per_gb", sum(&|result| result.usage.cpu()) / (sum(&|result| result.bytes as f64) / 1e9));
    run.put("switches", sum(&|result| result.usage.waits as f64) / delivered);
    run.put("behind", sum(&|result| result.behind as f64));
    run.put("retransmits", sum(&|result| result.tally.retransmits as f64));
    if flaws.is_empty() {
        run.put("token_retransmits", sum(&|result| result.tally.token_retransmits as f64));
        run.put_counters(&results.iter().map(|result| result.counters).collect::<Vec<_>>());
    } else {
        let sum = |of: fn(&Flaws) -> u64| flaws.iter().map(of).sum::<u64>() as f64;
        run.put("sequence_errors", sum(|flaws| flaws.sequence));
        run.put("length_errors", sum(|flaws| flaws.length));
        run.put("crc_errors", sum(|flaws| flaws.crc));
        run.put("token_losses", results.iter().map(|result| result.tally.token_losses as f64).sum());
    }
    run.put("changes", sum(&|result| result.changes as f64));
    run
}

impl Settings {
    fn token(&self) -> Duration {
        Duration::from_secs_f64(self.token_ms / 1e3)
    }
}
