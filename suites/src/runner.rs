//! Runs a plan: meets the agents, plays the suites one after another, and puts the report together.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use fencelab_devices::DeviceSpec;

use crate::agent::Subject;
use crate::arena::{Arena, ProcessStage};
use crate::cause;
use crate::conformance;
use crate::hunt;
use crate::lanes::{lock, share_out};
use crate::memory::MemoryStage;
use crate::pair::{Pair, meet};
use crate::plan::{Plan, Progress, Suite};
use crate::regression;
use crate::report::{Cell, DeviceNote, Report};
use crate::stage::Stage;
use crate::stand_in::StandIns;
use crate::stop::{Cut, Stop};

/// How many external agents the suites run side by side that play one case after another: nobody holds them back when the
/// machine is busy, so a few for each processor.
pub(crate) fn width(plan: &Plan) -> usize {
    const EACH: usize = 16;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    plan.concurrency.min(cores * EACH)
}

/// Runs a plan and reports. `progress` is called a few times a second while cases run.
///
/// It blocks, and starts threads of its own: call it from a plain thread, not from inside an async runtime.
pub fn run_plan(plan: &Plan, progress: &mut dyn FnMut(&Progress)) -> Report {
    let start = Instant::now();
    let mut troubles = Vec::new();
    let pairs = meet(plan, &mut troubles);
    let arena = if pairs.iter().any(|pair| !pair.subject.agent.is_builtin()) {
        Arena::new(plan.warm)
            .map_err(|error| troubles.push(format!("external agents were not tried: {error}")))
            .ok()
    } else {
        None
    };
    let mut cells: Vec<Cell> = Vec::new();
    for suite in Suite::ALL.into_iter().filter(|suite| plan.suites.contains(suite)) {
        if plan.stop.is_asked() {
            break;
        }
        let done = totals(&cells);
        let new = match suite {
            Suite::Regression => regression::run(plan, &pairs, arena.as_ref(), progress, done),
            Suite::Conformance => conform(plan, &pairs, arena.as_ref(), progress, done),
            Suite::Properties => hunt::hunt(plan, &pairs, arena.as_ref(), progress, done, &mut troubles),
        };
        cells.extend(new);
    }
    if plan.stop.is_asked() {
        let after = start.elapsed().as_secs_f64();
        troubles
            .push(format!("interrupted after {after:.1} s: what had not been tried by then is not judged"));
    }
    for cell in &mut cells {
        for finding in &mut cell.findings {
            finding.expected = plan.expected.reason(finding);
        }
        cell.close();
    }
    let causes = cause::name(&mut cells, &pairs);
    Report {
        seed: plan.seed,
        budget: plan.budget,
        took: start.elapsed(),
        devices: plan
            .devices
            .iter()
            .map(|spec| DeviceNote { id: spec.id.clone(), provenance: spec.provenance.to_string() })
            .collect(),
        mended: plan.expected.mended(&cells),
        cells,
        causes,
        troubles,
    }
}

/// How long a hunt by this plan should take, if nobody says: the agents are met for it.
#[must_use]
pub fn fair_budget(plan: &Plan) -> std::time::Duration {
    hunt::fair_budget(plan, &meet(plan, &mut Vec::new()))
}

fn totals(cells: &[Cell]) -> (u64, u64) {
    cells
        .iter()
        .fold((0, 0), |(cases, findings), cell| (cases + cell.cases, findings + cell.findings.len() as u64))
}

/// Plays the conformance suite: our agents in one lane, the external ones in as many as the plan allows.
fn conform(
    plan: &Plan,
    pairs: &[Pair],
    arena: Option<&Arena>,
    tell: &mut dyn FnMut(&Progress),
    done: (u64, u64),
) -> Vec<Cell> {
    let mut books: Vec<Mutex<Vec<Cell>>> = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (at, pair) in pairs.iter().enumerate() {
        let stage =
            MemoryStage::new(Arc::clone(&pair.subject), Arc::new(StandIns::of(Arc::clone(&pair.spec))));
        let tasks = conformance::tasks(plan, &stage, &pair.extent).into_iter().map(|task| (at, task));
        if pair.subject.agent.is_builtin() {
            ours.extend(tasks)
        } else {
            theirs.extend(tasks)
        }
        books.push(Mutex::new(conformance::cells(&stage)));
    }
    let doing = Mutex::new(String::new());
    let work = |(at, task): (usize, conformance::Task)| {
        let (Some(Pair { spec, subject, .. }), Some(book)) = (pairs.get(at), books.get(at)) else { return };
        *lock(&doing) = format!("{} on {}", subject.agent, spec.id);
        let stage = stage(arena, Arc::clone(spec), Arc::clone(subject), &plan.stop);
        if let Some(tried) = stage.and_then(|stage| conformance::attempt(stage.as_ref(), &task)) {
            conformance::book(&mut lock(book), tried);
        }
    };
    share_out(ours, theirs, width(plan), &plan.stop, &work, &mut |share| {
        let (cases, findings) =
            books.iter().map(|book| totals(&lock(book))).fold(done, |a, b| (a.0 + b.0, a.1 + b.1));
        let doing = lock(&doing).clone();
        tell(&Progress { suite: Suite::Conformance, doing, cases, findings, done: share, left: None });
    });
    let mut cells = Vec::new();
    for (pair, book) in pairs.iter().zip(&books) {
        let mut book = std::mem::take(&mut *lock(book));
        conformance::close(&mut book, &pair.extent);
        cells.extend(book);
    }
    cells
}

/// The stage for a pair, for suites that play one case at a time.
pub(crate) fn stage<'a>(
    arena: Option<&'a Arena>,
    spec: Arc<DeviceSpec>,
    subject: Arc<Subject>,
    stop: &Stop,
) -> Option<Box<dyn Stage + 'a>> {
    let stand_ins = Arc::new(StandIns::of(spec));
    if subject.agent.is_builtin() {
        return Some(Box::new(MemoryStage::new(subject, stand_ins)));
    }
    let cut = Cut { deadline: None, stop: stop.clone() };
    Some(Box::new(ProcessStage::new(arena?, subject, stand_ins, cut)))
}
