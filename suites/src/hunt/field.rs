//! An agent on a device: its course, a cell for each property, and what is already known to be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::course::{Course, Next, Planned, Shown};
use super::healthy::{mark, places};
use super::journal::{Entry, Journal};
use super::space::Space;
use crate::agent::Subject;
use crate::case::{Action, Case};
use crate::condition;
use crate::fnv;
use crate::lanes::lock;
use crate::pair::Pair;
use crate::plan::{Plan, Suite};
use crate::report::{Cell, Finding, Verdict};
use crate::stage::{Needs, Played};
use crate::stand_in::{Others, StandIns};
use crate::verdict::{Breach, Class, Judgement, Property};

/// Findings of one cell after which nothing more is looked into there: the reader has enough.
const ENOUGH: usize = 24;

/// An agent on a device.
pub(crate) struct Field {
    pub(crate) subject: Arc<Subject>,
    pub(crate) stand_ins: Arc<StandIns>,
    /// The agent and the device, for progress and the journal.
    pub(crate) name: String,
    /// The case with nothing unusual.
    pub(crate) base: Option<Case>,
    state: Mutex<State>,
}

struct State {
    cells: BTreeMap<Property, Cell>,
    /// `None` where there is nothing to play.
    source: Option<Source>,
    cases: u64,
    /// Wrongs that were found, or are being looked into.
    known: Vec<Wrong>,
}

enum Source {
    Course(Box<Course>),
    /// One case: a replay.
    Replay(Option<Box<Planned>>),
}

/// What makes two breaches the same to a reader: one that shows under fewer conditions explains one that shows under more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wrong {
    property: Property,
    class: Class,
    action: Option<Action>,
    condition: BTreeSet<String>,
}

impl Wrong {
    fn of(field: &Field, case: &Case, property: Property, class: Class) -> Self {
        let stood = field.stand_ins.for_case(case).unwrap_or_else(|| Arc::clone(field.stand_ins.spec()));
        // A leak is one leak, whatever the action was.
        let action = (class != Class::Leak).then_some(case.action);
        Wrong { property, class, action, condition: condition::parts(case, &stood).into_iter().collect() }
    }

    fn explains(&self, other: &Wrong) -> bool {
        (self.property, self.class, self.action) == (other.property, other.class, other.action)
            && self.condition.is_subset(&other.condition)
    }
}

impl Field {
    pub(crate) fn new(plan: &Plan, pair: &Pair, others: &mut Others) -> Self {
        let (spec, subject) = (&pair.spec, &pair.subject);
        let label = subject.agent.to_string();
        let space = match pair.extent.alias_of() {
            Some(other) => Err(format!("the same program as {other}, which is tried")),
            None => Space::of(spec, subject, plan, others).map_err(str::to_owned),
        };
        let wanted = |property: &Property| plan.property.is_none_or(|only| only == *property);
        let cell = |property: Property| match &space {
            Err(why) => Cell::not_run(&label, &spec.id, Suite::Properties, property.name(), why),
            Ok(_) if property == Property::Segmentation && !crate::stage::is_stream(spec) => {
                let why = "datagrams are not cut on their way; this is for byte streams";
                Cell::not_run(&label, &spec.id, Suite::Properties, property.name(), why)
            }
            Ok(_) => Cell::new(&label, &spec.id, Suite::Properties, property.name()),
        };
        let cells =
            Property::ALL.into_iter().filter(wanted).map(|property| (property, cell(property))).collect();
        let base = space.as_ref().ok().map(Space::base_case);
        let source = space.ok().map(|space| match &plan.faults {
            Some(faults) => {
                let mut case = space.base_case();
                case.faults.clone_from(faults);
                let needs = plan.property.map_or(Needs::One, |property| Needs::of(property, &case));
                Source::Replay(Some(Box::new(Planned { number: 0, case, needs })))
            }
            None => {
                // Of the names, so that a hunt of one agent and a hunt of all play the same cases.
                let name = format!("{} {}", subject.agent.name(), spec.id);
                let seed = fnv::go_on(plan.seed, name.as_bytes());
                Source::Course(Box::new(Course::new(space, plan.property, subject.agent.is_builtin(), seed)))
            }
        });
        Field {
            subject: Arc::clone(subject),
            stand_ins: Arc::new(StandIns::of(Arc::clone(spec))),
            name: format!("{} on {}", subject.agent, spec.id),
            base,
            state: Mutex::new(State { cells, source, cases: 0, known: Vec::new() }),
        }
    }

    /// Cases and findings so far.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let state = lock(&self.state);
        (state.cases, state.cells.values().map(|cell| cell.findings.len() as u64).sum())
    }

    /// The next case. What an earlier session has played, and what broke nothing then, is passed over.
    pub(crate) fn next(&self, journal: Option<&Journal>) -> Next {
        let mut state = lock(&self.state);
        loop {
            let next = match &mut state.source {
                None => Next::Done,
                Some(Source::Replay(planned)) => planned.take().map_or(Next::Done, Next::Case),
                Some(Source::Course(course)) => course.next(),
            };
            let Next::Case(planned) = next else { return next };
            let Some(entry) = journal.and_then(|journal| journal.before(&self.name, planned.number)) else {
                return Next::Case(planned);
            };
            if entry.broke {
                return Next::Case(planned);
            }
            state.recall(&planned, entry);
        }
    }

    /// Writes a played case into the books. What broke, and is not known yet, is returned, to be looked into.
    pub(crate) fn book(
        &self,
        planned: &Planned,
        played: &Played,
        judgements: &[(Property, Judgement)],
        took: Duration,
        journal: Option<&Journal>,
    ) -> Vec<Breach> {
        let mut entry = Entry {
            field: self.name.clone(),
            number: planned.number,
            mark: mark(&played.run),
            places: if planned.case.faults.is_empty() { places(&played.run) } else { Vec::new() },
            held: Vec::new(),
            deceived: Vec::new(),
            broke: false,
        };
        let mut fresh = Vec::new();
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        state.count(planned, took);
        for (property, judgement) in judgements {
            let Some(cell) = state.cells.get_mut(property) else { continue };
            match judgement {
                Judgement::Moot(_) => {}
                Judgement::Deceived(_) => {
                    cell.deceived += 1;
                    entry.deceived.push(*property);
                }
                Judgement::Holds => {
                    cell.judged += 1;
                    entry.held.push(*property);
                }
                Judgement::Broken(breach) => {
                    cell.judged += 1;
                    entry.broke = true;
                    let wrong = Wrong::of(self, &planned.case, *property, breach.class);
                    let is_known = state.known.iter().any(|known| known.explains(&wrong));
                    if cell.findings.len() < ENOUGH && !is_known {
                        state.known.push(wrong);
                        fresh.push(breach.clone());
                    }
                }
            }
        }
        let shown = Shown { mark: entry.mark, places: entry.places.clone() };
        if let Some(Source::Course(course)) = &mut state.source {
            course.learn(planned.number, Some(shown));
        }
        drop(guard);
        if let Some(journal) = journal
            && journal.before(&self.name, planned.number).is_none()
        {
            journal.note(&entry);
        }
        fresh
    }

    /// A case whose time was over: it says nothing.
    pub(crate) fn forget(&self, planned: &Planned) {
        if let Some(Source::Course(course)) = &mut lock(&self.state).source {
            course.learn(planned.number, None);
        }
    }

    /// A breach that the recorded wire explained (the device had lied), or that a healthy device shows as well.
    pub(crate) fn take_back(&self, case: &Case, breach: &Breach) {
        let wrong = Wrong::of(self, case, breach.property, breach.class);
        let mut state = lock(&self.state);
        state.known.retain(|known| *known != wrong);
        if let Some(cell) = state.cells.get_mut(&breach.property) {
            cell.judged = cell.judged.saturating_sub(1);
            cell.deceived += 1;
        }
    }

    /// Options of a case that a replay must give.
    pub(crate) fn unusual(&self, case: &Case) -> Vec<(String, String)> {
        match &lock(&self.state).source {
            Some(Source::Course(course)) => course.space().unusual(case),
            // A replay gives what it was given.
            Some(Source::Replay(_)) | None => {
                case.options.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
            }
        }
    }

    /// Adds a finding; `case` is where it was first seen, `least` the smallest that shows it. One that is known by then is dropped.
    pub(crate) fn found(&self, least: &Case, finding: Finding) {
        let Ok(property) = finding.check.parse::<Property>() else { return };
        let wrong = Wrong::of(self, least, property, finding.class);
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        if let Some(cell) = state.cells.get_mut(&property)
            && !cell.findings.iter().any(|other| other.id == finding.id)
        {
            cell.findings.push(finding);
        }
        state.known.push(wrong);
    }

    /// The cells, when all is over.
    pub(crate) fn into_cells(self) -> Vec<Cell> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let cases = state.cases;
        let mut cells: Vec<Cell> = state.cells.into_values().collect();
        for cell in &mut cells {
            if cell.judged == 0 && cell.findings.is_empty() && cell.verdict == Verdict::Pass {
                let why =
                    if cases == 0 { "the time was over before its turn" } else { "no case put it at stake" };
                cell.verdict = Verdict::NotRun(why.to_owned());
            }
        }
        cells
    }
}

impl State {
    /// Counts a case in the cell that it is mostly about.
    fn count(&mut self, planned: &Planned, took: Duration) {
        self.cases += 1;
        let about = match (planned.needs, planned.case.action) {
            (Needs::Retry | Needs::Often, _) => Property::Heals,
            (Needs::Other, _) => Property::Parity,
            (Needs::Witness, _) => Property::NoLeak,
            (Needs::One, Action::Off | Action::Reboot | Action::Disable) => Property::NoFalseOff,
            (Needs::One, Action::Status | Action::ListStatus) => Property::NoFalseStatus,
            (Needs::One, Action::On | Action::Enable) => Property::Idempotent,
            (Needs::One, _) => Property::Bounded,
        };
        let only = self.cells.keys().next().copied();
        let property = if self.cells.contains_key(&about) { Some(about) } else { only };
        if let Some(cell) = property.and_then(|property| self.cells.get_mut(&property)) {
            cell.cases += 1;
            cell.took += took;
        }
    }

    /// What an earlier session has seen of a case.
    fn recall(&mut self, planned: &Planned, entry: &Entry) {
        self.count(planned, Duration::ZERO);
        for property in &entry.held {
            if let Some(cell) = self.cells.get_mut(property) {
                cell.judged += 1;
            }
        }
        for property in &entry.deceived {
            if let Some(cell) = self.cells.get_mut(property) {
                cell.deceived += 1;
            }
        }
        if let Some(Source::Course(course)) = &mut self.source {
            course.learn(planned.number, Some(Shown { mark: entry.mark, places: entry.places.clone() }));
        }
    }
}
