//! The order of cases of one agent on one device: first the healthy run from each start, then (in turn) what can be unusual about a
//! healthy device, single troubles, the same at each place of the healthy dialogue, and pairs of all those; at last, without end,
//! draws guided by what new behaviour earlier cases reached.
//!
//! The seed and what the agent did decide the order, nothing else: a guided draw waits until all cases before it are over, so that
//! it does not matter which of them ended first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fencelab_devices::Power;
use fencelab_devices::fault::Fault;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::change::Change;
use super::cover::{Cover, below};
use super::healthy::Exchange;
use super::space::Space;
use super::trouble;
use crate::case::{Action, Case};
use crate::draw::Draws;
use crate::stage::Needs;
use crate::verdict::Property;

/// A case that is to be played.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Its place in the course, from 0.
    pub(crate) number: u64,
    pub(crate) case: Case,
    pub(crate) needs: Needs,
}

/// What comes next.
pub(crate) enum Next {
    /// This case.
    Case(Box<Planned>),
    /// Nothing before the cases that are being played have ended.
    Wait,
    /// Nothing.
    Done,
}

/// What a played case showed.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its look from outside ([`mark`](super::healthy::mark)).
    pub(crate) mark: u64,
    /// The places of its dialogue, if it was a healthy one.
    pub(crate) places: Vec<Exchange>,
}

/// In which order the queues are served, until all are empty.
const TURNS: [Queue; 10] = [
    Queue::Single,
    Queue::Unusual,
    Queue::Place,
    Queue::Single,
    Queue::Place,
    Queue::Pair,
    Queue::Single,
    Queue::Unusual,
    Queue::Place,
    Queue::Place,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Queue {
    Unusual,
    Single,
    Place,
    Pair,
}

/// Guided draws between two looks at what the ones before have shown.
const GENERATION: u64 = 256;

type Start = (Action, Power);

/// Pairs of what can be unusual, and of troubles.
struct Pairs {
    cover: Cover,
    /// The values of the last dimension but one.
    troubles: Vec<Fault>,
    /// The values of the last dimension.
    plain: Vec<Fault>,
}

/// The course.
pub(crate) struct Course {
    space: Space,
    property: Option<Property>,
    /// Whether cases cost next to nothing, so that each may be played twice.
    is_cheap: bool,
    random: ChaCha8Rng,
    healthy: VecDeque<Start>,
    /// The places of the healthy run from each start, by its number, as they become known.
    places: BTreeMap<usize, Vec<Exchange>>,
    unusual: VecDeque<(Case, Needs)>,
    single: VecDeque<(Case, Needs)>,
    placed: Option<VecDeque<(Case, Needs)>>,
    pairs: VecDeque<Pairs>,
    turn: usize,
    draws: Draws,
    given: u64,
    running: BTreeMap<u64, Case>,
    /// Marks that were seen, and the cases that showed one first.
    seen: BTreeSet<u64>,
    novel: BTreeMap<u64, Case>,
    pool: Vec<Case>,
    /// The number of the first guided draw.
    guided_from: Option<u64>,
}

impl Course {
    pub(crate) fn new(space: Space, property: Option<Property>, is_cheap: bool, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let unusual = unusual(&space, property, is_cheap, &mut random);
        let single = singles(&space, property, is_cheap, &mut random);
        let draws = Draws::new(space.kinds.clone(), &space.protocol, space.states.clone(), seed);
        // The dimensions of pairs: where it begins, each kind of the unusual, and two troubles. Number 0 of each is the usual. First
        // the plainest trouble of each kind, then all of them.
        let plain: Vec<Fault> =
            space.troubles.iter().filter(|(soon, _)| *soon == 0).map(|(_, fault)| fault.clone()).collect();
        let all: Vec<Fault> = space.troubles.iter().map(|(_, fault)| fault.clone()).collect();
        let mut sizes = vec![space.starts.len()];
        sizes.extend(space.dimensions.iter().map(|changes| changes.len() + 1));
        let pairs = |troubles: &Vec<Fault>| {
            let sizes = sizes.iter().copied().chain([troubles.len() + 1, plain.len() + 1]).collect();
            Pairs { cover: Cover::new(sizes), troubles: troubles.clone(), plain: plain.clone() }
        };
        let pairs = VecDeque::from([pairs(&plain), pairs(&all)]);
        Course {
            healthy: space.starts.iter().copied().collect(),
            property,
            is_cheap,
            random,
            places: BTreeMap::new(),
            unusual,
            single,
            placed: None,
            pairs,
            turn: 0,
            draws,
            given: 0,
            running: BTreeMap::new(),
            seen: BTreeSet::new(),
            novel: BTreeMap::new(),
            pool: Vec::new(),
            guided_from: None,
            space,
        }
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// The next case.
    pub(crate) fn next(&mut self) -> Next {
        if let Some((action, power)) = self.healthy.pop_front() {
            let case = self.space.case(action, power, &[]);
            let needs = self.property.map_or(Needs::One, |property| Needs::of(property, &case));
            return self.give(case, needs);
        }
        loop {
            let Some(queue) = TURNS.get(self.turn % TURNS.len()).copied() else { return Next::Done };
            if queue == Queue::Place && self.placed.is_none() {
                if self.places.len() < self.space.starts.len() && !self.running.is_empty() {
                    return Next::Wait;
                }
                self.placed = Some(self.find_places());
            }
            self.turn += 1;
            let planned = match queue {
                Queue::Unusual => self.unusual.pop_front(),
                Queue::Single => self.single.pop_front(),
                Queue::Place => self.placed.as_mut().and_then(VecDeque::pop_front),
                Queue::Pair => self.pair(),
            };
            if let Some((case, needs)) = planned {
                return self.give(case, needs);
            }
            let is_empty = self.unusual.is_empty()
                && self.single.is_empty()
                && self.placed.as_ref().is_some_and(VecDeque::is_empty)
                && self.pairs.iter().all(|pairs| pairs.cover.open() == 0);
            if is_empty {
                return self.guided();
            }
        }
    }

    fn give(&mut self, case: Case, needs: Needs) -> Next {
        let number = self.given;
        self.given += 1;
        self.running.insert(number, case.clone());
        Next::Case(Box::new(Planned { number, case, needs }))
    }

    /// Takes note of what a case showed; `None`: it was not played to its end.
    pub(crate) fn learn(&mut self, number: u64, shown: Option<Shown>) {
        let Some(case) = self.running.remove(&number) else { return };
        let Some(shown) = shown else { return };
        if let Some(start) = usize::try_from(number).ok().filter(|start| *start < self.space.starts.len()) {
            self.places.insert(start, shown.places);
        }
        if self.seen.insert(shown.mark) {
            self.novel.insert(number, case);
        }
    }

    /// A case of a pair that is still open.
    fn pair(&mut self) -> Option<(Case, Needs)> {
        if self.property == Some(Property::Parity) && self.space.dimensions.iter().all(Vec::is_empty) {
            return None;
        }
        while self.pairs.front().is_some_and(|pairs| pairs.cover.open() == 0) {
            self.pairs.pop_front();
        }
        // A few tries: not every change means something for every action.
        for _ in 0..4 {
            let pairs = self.pairs.front_mut()?;
            let values = pairs.cover.next(&mut self.random)?;
            let (first, rest) = values.split_first()?;
            let (plain, rest) = rest.split_last()?;
            let (trouble, rest) = rest.split_last()?;
            let start = *self.space.starts.get(*first)?;
            let trouble = trouble.checked_sub(1).and_then(|at| pairs.troubles.get(at));
            let plain = plain.checked_sub(1).and_then(|at| pairs.plain.get(at));
            let mut faults: Vec<Fault> = trouble.into_iter().chain(plain).cloned().collect();
            faults.dedup();
            let is_two = faults.len() > 1;
            let trouble = (!faults.is_empty()).then_some(Change::Faults(faults));
            let unusual = self.space.dimensions.iter().zip(rest);
            let changes = unusual.filter_map(|(changes, value)| changes.get(value.checked_sub(1)?));
            let changes: Vec<&Change> =
                changes.chain(&trouble).filter(|change| change.fits(start.0)).collect();
            if changes.len() > 1 || is_two {
                let needs = match (self.property, self.given % 4) {
                    // What is the same on a healthy device may differ in trouble; in real time, though, trouble differs by itself.
                    (None, 0) if self.is_cheap => Needs::Other,
                    _ => self.needs(trouble.is_some(), false),
                };
                return Some((self.space.case(start.0, start.1, &changes), needs));
            }
        }
        None
    }

    fn needs(&self, is_trouble: bool, is_telling: bool) -> Needs {
        needs(self.property, is_trouble, self.is_cheap || is_telling)
    }

    /// Each trouble at each place of the healthy runs, those of the most telling starts first.
    fn find_places(&mut self) -> VecDeque<(Case, Needs)> {
        let mut placed = Vec::new();
        for (start, places) in &self.places {
            let Some(start) = self.space.starts.get(*start) else { continue };
            let rank = self.space.rank(*start);
            for place in places {
                for (soon, fault) in trouble::at(place, &self.space.troubles, |kind| kind.entry().group) {
                    let change = Change::Faults(vec![fault]);
                    if change.fits(start.0) {
                        let case = self.space.case(start.0, start.1, &[&change]);
                        placed.push((rank + soon.min(1), case, self.needs(true, false)));
                    }
                }
            }
        }
        in_order(placed, &mut self.random)
    }

    /// A draw: a start, drawn troubles and changes; or a case that showed something new, with some of that.
    fn guided(&mut self) -> Next {
        let from = *self.guided_from.get_or_insert(self.given);
        if (self.given - from).is_multiple_of(GENERATION) {
            if !self.running.is_empty() {
                return Next::Wait;
            }
            self.pool.extend(std::mem::take(&mut self.novel).into_values());
        }
        let random = &mut self.random;
        let start = self.space.starts.get(below(random, self.space.starts.len())).copied();
        let Some((action, power)) = start else { return Next::Done };
        let mut case = match self.pool.get(below(random, self.pool.len())) {
            Some(old) if below(random, 4) > 0 => old.clone(),
            _ => self.space.case(action, power, &[]),
        };
        let fresh: Vec<Fault> =
            if self.space.troubles.is_empty() { Vec::new() } else { self.draws.draw().unwrap_or_default() };
        let is_trouble = !fresh.is_empty();
        // As many again as were there, at most three: what one fault has opened, another may go through.
        let keep = below(random, case.faults.len() + 1);
        case.faults.truncate(keep);
        case.faults.extend(fresh);
        case.faults.truncate(3);
        for changes in &self.space.dimensions {
            if below(random, 6) == 0
                && let Some(change) = changes.get(below(random, changes.len()))
                && change.fits(case.action)
            {
                change.make(&mut case);
            }
        }
        case.seed = self.space.base_case().seed.wrapping_add(self.given);
        self.space.settle(&mut case);
        let needs = self.needs(is_trouble, false);
        self.give(case, needs)
    }
}

/// How often a case is to be played.
fn needs(property: Option<Property>, is_trouble: bool, may_be_twice: bool) -> Needs {
    match property {
        Some(Property::Heals) => Needs::Retry,
        Some(Property::Parity) => Needs::Other,
        Some(Property::NoLeak) => Needs::Witness,
        Some(_) => Needs::One,
        None if is_trouble && may_be_twice => Needs::Retry,
        None => Needs::One,
    }
}

/// What is tried sooner comes first; what is as soon as another, in an order that the seed decides.
fn in_order(mut planned: Vec<(u8, Case, Needs)>, random: &mut ChaCha8Rng) -> VecDeque<(Case, Needs)> {
    for at in (1..planned.len()).rev() {
        planned.swap(at, below(random, at + 1));
    }
    planned.sort_by_key(|(soon, ..)| *soon);
    planned.into_iter().map(|(_, case, needs)| (case, needs)).collect()
}

/// Each unusual thing about a healthy device, from the telling starts; and the healthy device itself, watched more closely.
fn unusual(
    space: &Space,
    property: Option<Property>,
    is_cheap: bool,
    random: &mut ChaCha8Rng,
) -> VecDeque<(Case, Needs)> {
    let mut planned = Vec::new();
    for (at, (action, power)) in space.starts.iter().copied().enumerate() {
        let rank = space.rank((action, power));
        if property.is_none() {
            let case = space.case(action, power, &[]);
            planned.push((0, case.clone(), Needs::Other));
            if at == 0 {
                planned.push((0, case.clone(), Needs::Witness));
            }
            if at < 2 {
                planned.push((0, case, Needs::Often));
            }
        }
        if rank > 1 && property.is_none() {
            continue;
        }
        for changes in &space.dimensions {
            for change in changes.iter().filter(|change| change.fits(action)) {
                let case = space.case(action, power, &[change]);
                let needs = match (property, change) {
                    (Some(property), _) => Needs::of(property, &case),
                    // What is said more is what may leak; and who was refused says most.
                    (None, Change::Options(_) | Change::Login(..)) if at == 0 => Needs::Witness,
                    (None, Change::Options(_) | Change::Asked(_)) if at == 1 || is_cheap => Needs::Other,
                    (None, _) => Needs::One,
                };
                planned.push((rank, case, needs));
            }
        }
    }
    in_order(planned, random)
}

/// Each single trouble from each start.
fn singles(
    space: &Space,
    property: Option<Property>,
    is_cheap: bool,
    random: &mut ChaCha8Rng,
) -> VecDeque<(Case, Needs)> {
    let mut planned = Vec::new();
    for (at, (action, power)) in space.starts.iter().copied().enumerate() {
        let rank = space.rank((action, power));
        for (soon, fault) in &space.troubles {
            let change = Change::Faults(vec![fault.clone()]);
            if change.fits(action) {
                let is_telling = at == 0 && *soon == 0;
                let needs = needs(property, true, is_cheap || is_telling);
                planned.push((rank + soon, space.case(action, power, &[&change]), needs));
            }
        }
    }
    in_order(planned, random)
}
