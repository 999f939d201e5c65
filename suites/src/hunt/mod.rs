//! The hunt: plays cases until the time is over, a fair share for each agent on each device, and looks into what breaks a property.
//!
//! [`space`] says what can be unusual, [`course`] in which order it is tried, [`field`] keeps the books of one agent on one device.
//! Two kinds of lanes run side by side: our agents in virtual time, thousands of cases a second; and the processes of external
//! agents, many at once, since they mostly sleep.

mod change;
mod course;
mod cover;
mod field;
mod healthy;
mod journal;
mod space;
mod throttle;
mod trouble;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use course::{Next, Planned};
use field::Field;
use journal::Journal;
use throttle::Throttle;

use crate::agent::Agent;
use crate::arena::{Arena, ProcessStage};
use crate::fnv;
use crate::lanes::{in_parallel, lock};
use crate::memory::MemoryStage;
use crate::pair::Pair;
use crate::plan::{Plan, Progress, Suite};
use crate::report::Cell;
use crate::shrink::{self, Broken, Effort, Outcome};
use crate::stage::Stage;
use crate::stand_in::Others;
use crate::stop::Cut;
use crate::verdict::{Breach, Property};

pub(crate) use space::DEBUG_FILE;
pub(crate) use trouble::fits;

/// How long our lane stays with one agent on one device before it goes on to the next.
const SLICE: Duration = Duration::from_millis(20);

/// What all lanes share.
struct Hunt<'a> {
    plan: &'a Plan,
    deadline: Instant,
    cut: Cut,
    journal: Option<Journal>,
    doing: Mutex<String>,
    next: AtomicUsize,
    throttle: Throttle,
    bell: Bell,
}

/// Rung whenever a case has ended: whoever waits for one looks again.
#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    ring: Condvar,
}

impl Bell {
    fn ring(&self) {
        *lock(&self.rung) += 1;
        self.ring.notify_all();
    }

    /// Waits for the next ring after `seen`, but not for long: the time may be over meanwhile.
    fn wait(&self, seen: u64) {
        let rung = lock(&self.rung);
        drop(self.ring.wait_timeout_while(rung, Duration::from_millis(100), |rung| *rung == seen));
    }
}

/// Plays the property suite. `done` is how many cases and findings other suites have had before.
pub(crate) fn hunt(
    plan: &Plan,
    pairs: &[Pair],
    arena: Option<&Arena>,
    tell: &mut dyn FnMut(&Progress),
    done: (u64, u64),
    troubles: &mut Vec<String>,
) -> Vec<Cell> {
    let journal =
        plan.journal.as_ref().map(|path| Journal::open(path, &hunt_in_words(plan, pairs))).transpose();
    let journal = journal.unwrap_or_else(|error| {
        troubles.push(error);
        None
    });
    if plan.journal.is_some() && journal.is_none() {
        return Vec::new();
    }
    let mut others = Others::default();
    let fields: Vec<Field> = in_shard(plan, pairs).map(|pair| Field::new(plan, pair, &mut others)).collect();
    let start = Instant::now();
    let deadline = start + plan.budget;
    let shared = Hunt {
        plan,
        deadline,
        // A replay takes the time that it takes.
        cut: Cut { deadline: plan.faults.is_none().then_some(deadline), stop: plan.stop.clone() },
        journal,
        doing: Mutex::default(),
        next: AtomicUsize::new(0),
        throttle: Throttle::new(),
        bell: Bell::default(),
    };
    let (ours, others): (Vec<&Field>, Vec<&Field>) =
        fields.iter().partition(|field| field.subject.agent.is_builtin());
    let mut lanes: Vec<Box<dyn FnOnce() + Send + '_>> = Vec::new();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let width = if others.is_empty() { cores } else { 1 };
    for lane in 0..width {
        let (shared, mine) = (&shared, ours.iter().copied().skip(lane).step_by(width).collect::<Vec<_>>());
        if !mine.is_empty() {
            lanes.push(Box::new(move || our_lane(shared, &mine)));
        }
    }
    if let Some(arena) = arena.filter(|_| !others.is_empty()) {
        let (shared, others) = (&shared, &others);
        for _ in 0..plan.concurrency.max(1) {
            lanes.push(Box::new(move || their_lane(shared, others, arena)));
        }
    }
    let mut tell_all = || {
        let elapsed = start.elapsed();
        let share = elapsed.as_secs_f64() / plan.budget.as_secs_f64().max(0.001);
        let (cases, findings) = fields.iter().map(Field::totals).fold(done, |a, b| (a.0 + b.0, a.1 + b.1));
        let doing = lock(&shared.doing).clone();
        let left = Some(plan.budget.saturating_sub(elapsed));
        tell(&Progress { suite: Suite::Properties, doing, cases, findings, done: share.min(1.0), left });
    };
    in_parallel(lanes, &mut tell_all);
    fields.into_iter().flat_map(Field::into_cells).collect()
}

/// The time of a hunt to which none was given: 40 s for each external agent on each device, for its time is real, and 2 s for each
/// of ours, whose time is virtual. Only what the plan's shard tries counts, and a program of several names once. At least 40 s, so
/// that a small hunt is one.
pub(crate) fn fair_budget(plan: &Plan, pairs: &[Pair]) -> Duration {
    const EXTERNAL: Duration = Duration::from_secs(40);
    const BUILTIN: Duration = Duration::from_secs(2);
    let tried = in_shard(plan, pairs).filter(|pair| pair.extent.alias_of().is_none());
    let all: Duration =
        tried.map(|pair| if pair.subject.agent.is_builtin() { BUILTIN } else { EXTERNAL }).sum();
    all.max(EXTERNAL)
}

/// The pairs of this shard: programs that are tried under another name go with the one that is.
fn in_shard<'a>(plan: &Plan, pairs: &'a [Pair]) -> impl Iterator<Item = &'a Pair> {
    let (shard, of) = plan.shard;
    let mut number = 0;
    let mut place = move |pair: &Pair| {
        number += u32::from(pair.extent.alias_of().is_none());
        number
    };
    pairs.iter().filter(move |pair| place(pair) % of.max(1) == shard % of.max(1))
}

/// What makes two hunts the same: everything that decides which cases are played in which order and how they end, also what stands
/// in the files of agents and devices: what an older version did says nothing of a newer one.
fn hunt_in_words(plan: &Plan, pairs: &[Pair]) -> String {
    let about = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        plan.property,
        plan.action,
        plan.power,
        plan.plugs,
        plan.options,
        plan.shape,
        plan.impostor,
        plan.by_name,
        plan.call,
        plan.shard
    );
    let mut hash = fnv::of_words([about.as_str()]);
    for pair in pairs {
        hash = fnv::go_on(hash, format!("{}@{}", pair.subject.agent, pair.spec.id).as_bytes());
        let mut files = vec![pair.spec.folder.join("device.toml")];
        if let Agent::External(path) = &pair.subject.agent {
            files.push(path.clone());
        }
        for file in files {
            // A device that is a lone transcript has no such file.
            hash = fnv::go_on(hash, &std::fs::read(file).unwrap_or_default());
        }
    }
    format!("seed {}, {} agents on devices, {hash:016x}", plan.seed, pairs.len())
}

/// Our agents, one after another, a slice at a time.
fn our_lane(hunt: &Hunt<'_>, fields: &[&Field]) {
    let stages: Vec<(&Field, MemoryStage)> = fields
        .iter()
        .map(|field| (*field, MemoryStage::new(field.subject.clone(), field.stand_ins.clone())))
        .collect();
    let mut open = true;
    while open && !is_over(hunt, fields) {
        open = false;
        for (field, stage) in &stages {
            lock(&hunt.doing).clone_from(&field.name);
            let slice = Instant::now() + SLICE;
            while let Next::Case(planned) = field.next(hunt.journal.as_ref()) {
                play(hunt, field, stage, &planned);
                open = true;
                if Instant::now() >= slice || is_over(hunt, fields) {
                    break;
                }
            }
        }
    }
}

/// One of many threads that each wait for an external agent.
fn their_lane(hunt: &Hunt<'_>, fields: &[&Field], arena: &Arena) {
    let (mut idle, mut waits) = (0, false);
    while !is_over(hunt, fields) {
        let rung = *lock(&hunt.bell.rung);
        if idle >= fields.len() {
            if !waits {
                return;
            }
            hunt.bell.wait(rung);
            (idle, waits) = (0, false);
        }
        let at = hunt.next.fetch_add(1, Ordering::SeqCst) % fields.len().max(1);
        let Some(field) = fields.get(at) else { return };
        hunt.throttle.wait(&hunt.cut);
        match field.next(hunt.journal.as_ref()) {
            Next::Case(planned) => {
                (idle, waits) = (0, false);
                lock(&hunt.doing).clone_from(&field.name);
                let (subject, stand_ins) = (field.subject.clone(), field.stand_ins.clone());
                let stage = ProcessStage::new(arena, subject, stand_ins, hunt.cut.clone());
                play(hunt, field, &stage, &planned);
                hunt.bell.ring();
            }
            Next::Wait => (idle, waits) = (idle + 1, true),
            Next::Done => idle += 1,
        }
    }
}

/// Whether the time is over, or what was looked for is found.
fn is_over(hunt: &Hunt<'_>, fields: &[&Field]) -> bool {
    hunt.cut.is_over() || (hunt.plan.first && fields.iter().any(|field| field.totals().1 > 0))
}

fn play(hunt: &Hunt<'_>, field: &Field, stage: &dyn Stage, planned: &Planned) {
    let begun = Instant::now();
    let case = &planned.case;
    let is_builtin = field.subject.agent.is_builtin();
    // Processes are recorded at once: what they did may not happen a second time.
    let Some(played) = stage.play(case, planned.needs, !is_builtin) else {
        field.forget(planned);
        return;
    };
    let judgements = played.judge(case, &field.subject);
    for breach in field.book(planned, &played, &judgements, begun.elapsed(), hunt.journal.as_ref()) {
        let first = if is_builtin {
            match shrink::try_case(stage, case, breach.property) {
                Outcome::Broken(broken) => *broken,
                Outcome::Fine | Outcome::Cut => {
                    field.take_back(case, &breach);
                    continue;
                }
            }
        } else {
            if breach.property == Property::Heals && !shrink::works_when_healthy(stage, case) {
                field.take_back(case, &breach);
                continue;
            }
            Broken { case: case.clone(), breach: breach.clone(), played: played.clone() }
        };
        look_into(hunt, field, stage, &breach, first);
    }
}

/// Shrinks, confirms and writes down what broke.
fn look_into(hunt: &Hunt<'_>, field: &Field, stage: &dyn Stage, breach: &Breach, first: Broken) {
    let base = field.base.clone().unwrap_or_else(|| first.case.clone());
    let base = crate::case::Case { action: first.case.action, power: first.case.power, ..base };
    let origin = first.case.clone();
    match shrink::shrink(stage, &base, first, effort(hunt, stage)) {
        Some((least, rate)) => {
            let case = least.case.clone();
            let unusual = field.unusual(&case);
            field.found(&case, shrink::write_down(stage, least, rate, unusual));
        }
        None => field.take_back(&origin, breach),
    }
}

fn effort(hunt: &Hunt<'_>, stage: &dyn Stage) -> Effort {
    let now = Instant::now();
    if hunt.plan.faults.is_some() {
        // A replay shows that very case.
        let until = hunt.deadline.max(now + Duration::from_secs(60));
        return Effort { plays: 0, until, confirmations: 2, doubtful: 3 };
    }
    if stage.subject().agent.is_builtin() {
        // Milliseconds, so also a finding of the last moment is shrunk. Virtual time is the same each time.
        return Effort { plays: 1000, until: now + Duration::from_secs(2), confirmations: 2, doubtful: 3 };
    }
    Effort { plays: 12, until: hunt.deadline, confirmations: 2, doubtful: 20 }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::agent::Subject;
    use crate::metadata::Advert;
    use crate::pair::Extent;

    fn pairs() -> Vec<Pair> {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus/generic/ipmi-2.0");
        let spec = fencelab_devices::DeviceSpec::load(&folder).unwrap();
        let subject =
            |agent| Arc::new(Subject { agent, advert: Advert::default(), run: fencelab_agents::run });
        let external = |name: &str| subject(Agent::External(PathBuf::from(name)));
        let pair = |subject: &Arc<Subject>, extent| Pair {
            spec: Arc::clone(&spec),
            subject: Arc::clone(subject),
            extent,
        };
        let mut pairs = vec![
            pair(&external("a"), Extent::Full),
            pair(&external("b"), Extent::Alias("a".to_owned())),
            pair(&external("c"), Extent::Again("v/m".to_owned())),
        ];
        pairs.extend((0..5).map(|_| pair(&subject(Agent::Builtin("ours".to_owned())), Extent::Full)));
        pairs
    }

    #[test]
    fn each_pair_is_in_one_shard_and_has_its_time() {
        let (pairs, mut plan) = (pairs(), Plan::new(Vec::new()));
        let mut seen = 0;
        for shard in 1..=3 {
            plan.shard = (shard, 3);
            seen += in_shard(&plan, &pairs).count();
            assert!(fair_budget(&plan, &pairs) >= Duration::from_secs(40));
        }
        assert_eq!(seen, pairs.len());
        plan.shard = (1, 1);
        assert_eq!(fair_budget(&plan, &pairs), Duration::from_secs(90));
    }
}
