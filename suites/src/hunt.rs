//! The property suite: draws cases until the time is over, a fair share for each agent on each device and each property.
//!
//! Two lanes run side by side. In the first, one thread plays our agents in virtual time, thousands of cases a second. In the
//! second, several threads each wait for a process of an external agent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fencelab_devices::DeviceSpec;

use crate::agent::Subject;
use crate::arena::{Arena, ProcessStage};
use crate::case::{Action, Case};
use crate::draw::{Deck, Drawer};
use crate::lanes::{in_parallel, lock};
use crate::memory::MemoryStage;
use crate::pair::Pair;
use crate::plan::{Plan, Progress, Suite};
use crate::report::{Cell, Verdict};
use crate::shrink::{self, Broken, Effort, Origin, Outcome};
use crate::stage::{Needs, Stage};
use crate::verdict::{Class, Judgement, Property};

/// Findings of one cell after which it is not searched any further: the reader has enough.
const ENOUGH: usize = 4;
/// How long our lane stays with one cell before it goes on to the next.
const SLICE: Duration = Duration::from_millis(20);

/// Plays the property suite. `done` is how many cases and findings other suites have had before.
pub(crate) fn hunt(
    plan: &Plan,
    pairs: &[Pair],
    arena: Option<&Arena>,
    tell: &mut dyn FnMut(&Progress),
    done: (u64, u64),
) -> Vec<Cell> {
    let start = Instant::now();
    let deadline = start + plan.budget;
    let fields: Vec<Field> = pairs.iter().map(|pair| Field::new(plan, pair)).collect();
    let (ours, others): (Vec<&Field>, Vec<&Field>) =
        fields.iter().partition(|field| field.subject.agent.is_builtin());
    let doing = Mutex::new(String::new());
    let say = |field: &Field| *lock(&doing) = format!("{} on {}", field.subject.agent, field.spec.id);
    let next = AtomicUsize::new(0);
    let mut lanes: Vec<Box<dyn FnOnce() + Send + '_>> = Vec::new();
    if !ours.is_empty() {
        lanes.push(Box::new(|| our_lane(plan, &ours, deadline, &say)));
    }
    if let Some(arena) = arena.filter(|_| !others.is_empty()) {
        let (others, next, say) = (&others, &next, &say);
        for _ in 0..plan.concurrency.max(1) {
            lanes.push(Box::new(move || their_lane(plan, others, arena, deadline, next, say)));
        }
    }
    let mut tell_all = || {
        let elapsed = start.elapsed();
        let share = elapsed.as_secs_f64() / plan.budget.as_secs_f64().max(0.001);
        let (cases, findings) = fields.iter().map(Field::totals).fold(done, |a, b| (a.0 + b.0, a.1 + b.1));
        let doing = lock(&doing).clone();
        let left = Some(plan.budget.saturating_sub(elapsed));
        tell(&Progress { suite: Suite::Properties, doing, cases, findings, done: share.min(1.0), left });
    };
    in_parallel(lanes, &mut tell_all);
    fields.into_iter().flat_map(Field::into_cells).collect()
}

/// An agent on a device, with a cell for each property.
struct Field {
    spec: Arc<DeviceSpec>,
    subject: Arc<Subject>,
    state: Mutex<State>,
}

struct State {
    cells: BTreeMap<Property, Cell>,
    patches: Vec<Patch>,
    next: usize,
    /// Kinds of wrong that are being shrunk, or have been.
    known: BTreeSet<(Property, Class, Option<Action>)>,
}

/// What is played for one property.
struct Patch {
    property: Property,
    deck: Deck,
    listed: VecDeque<Case>,
    /// Only what is listed: a replay.
    fixed: bool,
}

/// A case to play now.
struct Turn {
    property: Property,
    origin: Origin,
    drawer: Drawer,
}

impl Field {
    fn new(plan: &Plan, pair: &Pair) -> Self {
        let (spec, subject) = (&pair.spec, &pair.subject);
        let label = subject.agent.to_string();
        let mut cells = BTreeMap::new();
        let mut patches = Vec::new();
        for property in
            Property::ALL.into_iter().filter(|property| plan.property.is_none_or(|only| only == *property))
        {
            if property == Property::EveryAction && plan.property.is_none() {
                // It has its cell in the conformance suite.
                continue;
            }
            let drawer = match pair.extent.alias_of() {
                Some(other) => Err(format!("the same program as {other}, which is tried")),
                None => Drawer::new(spec, subject, property, plan).map_err(str::to_owned),
            };
            match drawer {
                Err(why) => {
                    cells.insert(
                        property,
                        Cell::not_run(&label, &spec.id, Suite::Properties, property.name(), &why),
                    );
                }
                Ok(drawer) => {
                    cells.insert(property, Cell::new(&label, &spec.id, Suite::Properties, property.name()));
                    let listed = match &plan.faults {
                        Some(faults) => VecDeque::from([drawer.replay(faults, plan.seed)]),
                        None => drawer.sweep(plan.seed).into(),
                    };
                    let seed = plan.seed.wrapping_mul(31).wrapping_add(property as u64);
                    patches.push(Patch {
                        property,
                        deck: Deck::new(drawer, seed),
                        listed,
                        fixed: plan.faults.is_some(),
                    });
                }
            }
        }
        let state = State { cells, patches, next: 0, known: BTreeSet::new() };
        Field { spec: Arc::clone(spec), subject: Arc::clone(subject), state: Mutex::new(state) }
    }

    fn totals(&self) -> (u64, u64) {
        let state = lock(&self.state);
        let findings = state.cells.values().map(|cell| cell.findings.len() as u64).sum();
        (state.cells.values().map(|cell| cell.cases).sum(), findings)
    }

    /// The next case, of each property in turn; `None` when nothing is left.
    fn turn(&self) -> Option<Turn> {
        let mut state = lock(&self.state);
        let count = state.patches.len();
        for _ in 0..count {
            let at = state.next % count;
            state.next += 1;
            let property = state.patches.get(at)?.property;
            if state.cells.get(&property).is_some_and(|cell| cell.findings.len() >= ENOUGH) {
                continue;
            }
            if let Some(turn) = state.patches.get_mut(at).and_then(Patch::turn) {
                return Some(turn);
            }
        }
        None
    }

    /// Writes a played case into the books. What broke, and is not known yet, is returned for shrinking.
    fn book(
        &self,
        turn: &Turn,
        case: &Case,
        judgements: Vec<(Property, Judgement)>,
        took: Duration,
    ) -> Vec<Property> {
        let mut state = lock(&self.state);
        if let Some(cell) = state.cells.get_mut(&turn.property) {
            cell.cases += 1;
            cell.took += took;
        }
        let mut fresh = Vec::new();
        for (property, judgement) in judgements {
            let Some(cell) = state.cells.get_mut(&property) else { continue };
            match judgement {
                Judgement::Moot(_) => {}
                Judgement::Deceived(_) => cell.deceived += 1,
                Judgement::Holds => cell.judged += 1,
                Judgement::Broken(breach) => {
                    cell.judged += 1;
                    if cell.findings.len() < ENOUGH
                        && state.known.insert(kind(property, breach.class, case.action))
                    {
                        fresh.push(property);
                    }
                }
            }
        }
        fresh
    }

    fn into_cells(self) -> Vec<Cell> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut cells: Vec<Cell> = state.cells.into_values().collect();
        for cell in &mut cells {
            if cell.judged == 0 && cell.findings.is_empty() && cell.verdict == Verdict::Pass {
                let why = if cell.cases == 0 {
                    "the time was over before its turn"
                } else {
                    "no case put it at stake"
                };
                cell.verdict = Verdict::NotRun(why.to_owned());
            }
        }
        cells
    }
}

/// What makes two breaches the same to a reader. A leak is one leak, whatever the action was.
fn kind(property: Property, class: Class, action: Action) -> (Property, Class, Option<Action>) {
    (property, class, (class != Class::Leak).then_some(action))
}

impl Patch {
    fn turn(&mut self) -> Option<Turn> {
        let origin = match self.listed.pop_front() {
            Some(case) => Origin::Listed(case),
            None if self.fixed => return None,
            None => Origin::Card(self.deck.draw()?),
        };
        Some(Turn { property: self.property, origin, drawer: self.deck.drawer().clone() })
    }
}

/// Our agents, one cell after another, a slice at a time.
fn our_lane(plan: &Plan, fields: &[&Field], deadline: Instant, say: &dyn Fn(&Field)) {
    let stages: Vec<(&Field, MemoryStage)> = fields
        .iter()
        .map(|field| (*field, MemoryStage::new(Arc::clone(&field.subject), Arc::clone(&field.spec))))
        .collect();
    let mut open = true;
    while open && !is_over(plan, fields, deadline) {
        open = false;
        for (field, stage) in &stages {
            say(field);
            let slice = Instant::now() + SLICE;
            while let Some(turn) = field.turn() {
                play(plan, field, stage, turn, deadline);
                open = true;
                if Instant::now() >= slice || is_over(plan, fields, deadline) {
                    break;
                }
            }
        }
    }
}

/// One of several threads that each wait for an external agent.
fn their_lane(
    plan: &Plan,
    fields: &[&Field],
    arena: &Arena,
    deadline: Instant,
    next: &AtomicUsize,
    say: &dyn Fn(&Field),
) {
    // A replay takes the time that it takes.
    let cut = plan.faults.is_none().then_some(deadline);
    let mut idle = 0;
    while idle < fields.len() && !is_over(plan, fields, deadline) {
        let at = next.fetch_add(1, Ordering::SeqCst) % fields.len().max(1);
        let Some(field) = fields.get(at) else { return };
        let Some(turn) = field.turn() else {
            idle += 1;
            continue;
        };
        idle = 0;
        say(field);
        let stage = ProcessStage::new(arena, Arc::clone(&field.subject), Arc::clone(&field.spec), cut);
        play(plan, field, &stage, turn, deadline);
    }
}

/// Whether the time is over, or what was looked for is found. A replay takes the time that it takes.
fn is_over(plan: &Plan, fields: &[&Field], deadline: Instant) -> bool {
    (Instant::now() >= deadline && plan.faults.is_none())
        || (plan.first && fields.iter().any(|field| field.totals().1 > 0))
}

fn play(plan: &Plan, field: &Field, stage: &dyn Stage, turn: Turn, deadline: Instant) {
    let begun = Instant::now();
    let case = turn.origin.case();
    let builtin = field.subject.agent.is_builtin();
    // Processes are recorded at once: what they did may not happen a second time.
    let Some(played) = stage.play(&case, Needs::of(turn.property), !builtin) else { return };
    let judgements = played.judge(&case, &field.subject, &field.spec);
    let breaches: Vec<_> =
        judgements.iter().filter_map(|(_, judgement)| judgement.clone().breach()).collect();
    let fresh = field.book(&turn, &case, judgements, begun.elapsed());
    let mut origin = Some(turn.origin);
    for property in fresh {
        let breach = breaches.iter().find(|breach| breach.property == property);
        let first = if builtin {
            match shrink::try_case(stage, &case, property) {
                Outcome::Broken(broken) => *broken,
                Outcome::Fine | Outcome::Cut => {
                    field.correct(property, &case, breach.map(|breach| breach.class));
                    continue;
                }
            }
        } else {
            let Some(breach) = breach else { continue };
            if property == Property::Heals && !shrink::works_when_healthy(stage, &case) {
                field.correct(property, &case, Some(breach.class));
                continue;
            }
            Broken { case: case.clone(), breach: breach.clone(), played: played.clone() }
        };
        // One case may break several properties; the drawn tree can be walked only once.
        let origin = origin.take().unwrap_or_else(|| Origin::Listed(case.clone()));
        let effort = effort(plan, builtin, deadline);
        let finding = shrink::shrink(stage, &turn.drawer, origin, first, effort);
        let mut state = lock(&field.state);
        if let (Some(finding), Some(cell)) = (finding, state.cells.get_mut(&property)) {
            let same = |other: &crate::report::Finding| {
                other.class == finding.class
                    && other.action == finding.action
                    && other.fault_class == finding.fault_class
            };
            if !cell.findings.iter().any(same) {
                cell.findings.push(finding);
            }
        }
    }
}

fn effort(plan: &Plan, builtin: bool, deadline: Instant) -> Effort {
    if plan.faults.is_some() {
        // A replay shows that very case.
        return Effort {
            plays: 0,
            until: deadline.max(Instant::now() + Duration::from_secs(60)),
            confirmations: 2,
        };
    }
    if builtin {
        // Milliseconds, so also a finding of the last moment is shrunk.
        return Effort { plays: 2000, until: Instant::now() + Duration::from_secs(2), confirmations: 2 };
    }
    Effort { plays: 16, until: deadline, confirmations: 2 }
}

impl Field {
    /// A breach that the recorded wire explained (the device had lied), or that a healthy device shows as well.
    fn correct(&self, property: Property, case: &Case, class: Option<Class>) {
        let mut state = lock(&self.state);
        if let Some(class) = class {
            state.known.remove(&kind(property, class, case.action));
        }
        if let Some(cell) = state.cells.get_mut(&property) {
            cell.judged = cell.judged.saturating_sub(1);
            cell.deceived += 1;
        }
    }
}
