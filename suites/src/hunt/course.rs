//! The order of cases of one agent on one device: first the healthy run from each start, then (in turn) what can be unusual about a
//! healthy device, single troubles, the same at each place of the healthy dialogue, and pairs of all those; where cases cost next to
//! nothing, also each two of the plainest troubles with nothing else beside them to hide what they do; at last, without end,
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
const TURNS: [Queue; 12] = [
    Queue::Single,
    Queue::Unusual,
    Queue::Pair,
    Queue::Place,
    Queue::Two,
    Queue::Pair,
    Queue::Single,
    Queue::Pair,
    Queue::Unusual,
    Queue::Place,
    Queue::Two,
    Queue::Pair,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Queue {
    Unusual,
    Single,
    Place,
    Pair,
    Two,
}

/// Guided draws between two looks at what the ones before have shown.
const GENERATION: u64 = 256;

type Start = (Action, Power);

/// A case that is to come, in short: a course has ten thousands of them.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// How soon, 0 first.
    soon: u8,
    /// Which of the starts.
    start: u16,
    what: What,
    needs: Needs,
}

/// What is unusual about it, by the numbers of the space.
#[derive(Clone, Copy, Debug)]
enum What {
    Nothing,
    /// This change of this dimension.
    Change(u16, u16),
    /// This trouble.
    Trouble(u16),
    /// The kind of this trouble, at this exchange only.
    At(u16, u32),
    /// Two troubles.
    Two(u16, u16),
}

/// A number of a list that is far shorter than 65,536.
fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Pairs of what can be unusual, and of troubles.
struct Pairs {
    cover: Cover,
    /// The values of the last dimension but one.
    troubles: Vec<Fault>,
    /// The values of the last dimension.
    plain: Vec<Fault>,
}

/// Which troubles are paired with everything.
#[derive(Clone, Copy, Debug)]
enum Pairing {
    /// The plainest of each kind.
    Plain,
    /// All.
    All,
}

impl Pairs {
    /// The dimensions are: where it begins, each kind of the unusual, and two troubles. Number 0 of each is the usual.
    fn of(space: &Space, pairing: Pairing) -> Self {
        let of = |all: bool| -> Vec<Fault> {
            let troubles = space.troubles.iter().filter(|(soon, _)| all || *soon == 0);
            troubles.map(|(_, fault)| fault.clone()).collect()
        };
        let (troubles, plain) = (of(matches!(pairing, Pairing::All)), of(false));
        let mut sizes = vec![space.starts.len()];
        // Who is refused at the door, or has another device before him, sees nothing of anything else.
        let hides = |change: &Change| matches!(change, Change::Login(..) | Change::Impostor(_));
        sizes.extend(
            space
                .dimensions
                .iter()
                .map(|changes| if changes.first().is_some_and(hides) { 1 } else { changes.len() + 1 }),
        );
        sizes.extend([troubles.len() + 1, plain.len() + 1]);
        let cover = Cover::new(sizes, matches!(pairing, Pairing::Plain));
        Pairs { cover, troubles, plain }
    }
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
    unusual: VecDeque<Item>,
    single: VecDeque<Item>,
    two: VecDeque<Item>,
    placed: Option<VecDeque<Item>>,
    /// What is left to be paired, the plainest troubles first.
    pairs: Option<Pairs>,
    pairings: VecDeque<Pairing>,
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
        let two = if is_cheap { twos(&space, property, &mut random) } else { VecDeque::new() };
        let draws = Draws::new(space.kinds.clone(), &space.protocol, space.states.clone(), seed);
        Course {
            healthy: space.starts.iter().copied().collect(),
            property,
            is_cheap,
            random,
            places: BTreeMap::new(),
            unusual,
            single,
            two,
            placed: None,
            pairs: None,
            pairings: VecDeque::from([Pairing::Plain, Pairing::All]),
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
            let item = match queue {
                Queue::Unusual => self.unusual.pop_front(),
                Queue::Single => self.single.pop_front(),
                Queue::Two => self.two.pop_front(),
                Queue::Place => self.placed.as_mut().and_then(VecDeque::pop_front),
                Queue::Pair => None,
            };
            let planned = match item {
                Some(item) => self.space_case(item).map(|case| (case, item.needs)),
                None if queue == Queue::Pair => self.pair(),
                None => None,
            };
            if let Some((case, needs)) = planned {
                return self.give(case, needs);
            }
            let is_empty = self.unusual.is_empty()
                && self.single.is_empty()
                && self.two.is_empty()
                && self.placed.as_ref().is_some_and(VecDeque::is_empty)
                && self.open_pairs() == 0;
            if is_empty {
                return self.guided();
            }
        }
    }

    /// The case that an item stands for.
    fn space_case(&self, item: Item) -> Option<Case> {
        let (action, power) = *self.space.starts.get(usize::from(item.start))?;
        let trouble = |number: u16| self.space.troubles.get(usize::from(number)).map(|(_, fault)| fault);
        let change = match item.what {
            What::Nothing => return Some(self.space.case(action, power, &[])),
            What::Change(dimension, number) => {
                self.space.dimensions.get(usize::from(dimension))?.get(usize::from(number))?.clone()
            }
            What::Trouble(number) => Change::Faults(vec![trouble(number)?.clone()]),
            What::Two(one, two) => Change::Faults(vec![trouble(one)?.clone(), trouble(two)?.clone()]),
            What::At(number, exchange) => Change::Faults(vec![trouble::at(trouble(number)?, exchange)]),
        };
        Some(self.space.case(action, power, &[&change]))
    }

    /// How many pairs no case has shown yet; those of the next pairing are made when the one before has none left.
    fn open_pairs(&mut self) -> usize {
        loop {
            if let Some(open) = self.pairs.as_ref().map(|pairs| pairs.cover.open()).filter(|open| *open > 0) {
                return open;
            }
            let Some(pairing) = self.pairings.pop_front() else { return 0 };
            self.pairs = Some(Pairs::of(&self.space, pairing));
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
        self.open_pairs();
        // A few tries: not every change means something for every action.
        for _ in 0..4 {
            let pairs = self.pairs.as_mut()?;
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
                let is_told_more = changes.iter().any(|change| matches!(change, Change::Options(_)));
                let needs = match (self.property, self.given % 4) {
                    // What is the same on a healthy device may differ in trouble, above all what was told; in real time, though,
                    // trouble differs by itself.
                    (None, at) if self.is_cheap && (at == 0 || (is_told_more && at < 3)) => Needs::Other,
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
    fn find_places(&mut self) -> VecDeque<Item> {
        let mut placed = Vec::new();
        let kinds = trouble::kinds(&self.space.troubles);
        for (start, places) in &self.places {
            let Some((action, power)) = self.space.starts.get(*start).copied() else { continue };
            let rank = self.space.rank((action, power));
            for place in places {
                for number in &kinds {
                    let Some((soon, fault)) = self.space.troubles.get(*number) else { continue };
                    let what = What::At(short(*number), place.number);
                    if trouble::means_something(fault, place)
                        && Change::Faults(vec![fault.clone()]).fits(action)
                    {
                        let soon = rank + (*soon).min(1);
                        placed.push(Item {
                            soon,
                            start: short(*start),
                            what,
                            needs: self.needs(true, false),
                        });
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
fn in_order(mut items: Vec<Item>, random: &mut ChaCha8Rng) -> VecDeque<Item> {
    for at in (1..items.len()).rev() {
        items.swap(at, below(random, at + 1));
    }
    items.sort_by_key(|item| item.soon);
    items.into()
}

/// Each unusual thing about a healthy device, from the telling starts; and the healthy device itself, watched more closely.
fn unusual(
    space: &Space,
    property: Option<Property>,
    is_cheap: bool,
    random: &mut ChaCha8Rng,
) -> VecDeque<Item> {
    let mut items = Vec::new();
    for (at, (action, power)) in space.starts.iter().copied().enumerate() {
        let (start, rank) = (short(at), space.rank((action, power)));
        if property.is_none() {
            let mut watched = vec![Needs::Other];
            watched.extend((at == 0).then_some(Needs::Witness));
            watched.extend((at < 2).then_some(Needs::Often));
            items.extend(watched.into_iter().map(|needs| Item {
                soon: 0,
                start,
                what: What::Nothing,
                needs,
            }));
        }
        if rank > 1 && property.is_none() {
            continue;
        }
        for (dimension, changes) in space.dimensions.iter().enumerate() {
            for (number, change) in changes.iter().enumerate().filter(|(_, change)| change.fits(action)) {
                let needs = match (property, change) {
                    (Some(property), _) => Needs::of(property, &space.case(action, power, &[change])),
                    // What is said more is what may leak; and who was refused says most.
                    (None, Change::Options(_) | Change::Login(..)) if at == 0 => Needs::Witness,
                    (None, Change::Options(_) | Change::Asked(_)) if at == 1 || is_cheap => Needs::Other,
                    (None, _) => Needs::One,
                };
                let what = What::Change(short(dimension), short(number));
                items.push(Item { soon: rank, start, what, needs });
            }
        }
    }
    in_order(items, random)
}

/// Each single trouble from each start.
fn singles(
    space: &Space,
    property: Option<Property>,
    is_cheap: bool,
    random: &mut ChaCha8Rng,
) -> VecDeque<Item> {
    let mut items = Vec::new();
    for (at, start) in space.starts.iter().copied().enumerate() {
        let rank = space.rank(start);
        for (number, (soon, fault)) in space.troubles.iter().enumerate() {
            if Change::Faults(vec![fault.clone()]).fits(start.0) {
                let needs = needs(property, true, is_cheap || (at == 0 && *soon == 0));
                let what = What::Trouble(short(number));
                items.push(Item { soon: rank + soon, start: short(at), what, needs });
            }
        }
    }
    in_order(items, random)
}

/// So many starts are tried with each two of the plainest troubles: what is lied, what is not done and what does not end shows there.
const TELLING: usize = 6;

/// Each two of the plainest troubles from the telling starts.
fn twos(space: &Space, property: Option<Property>, random: &mut ChaCha8Rng) -> VecDeque<Item> {
    let plain: Vec<usize> = space
        .troubles
        .iter()
        .enumerate()
        .filter(|(_, (soon, _))| *soon == 0)
        .map(|(number, _)| number)
        .collect();
    let fits = |number: usize, action: Action| {
        space.troubles.get(number).is_some_and(|(_, fault)| Change::Faults(vec![fault.clone()]).fits(action))
    };
    let mut items = Vec::new();
    for (at, start) in space.starts.iter().copied().enumerate().take(TELLING) {
        let rank = space.rank(start);
        for (first, one) in plain.iter().enumerate() {
            for two in plain.iter().skip(first + 1).filter(|two| fits(*one, start.0) && fits(**two, start.0))
            {
                let what = What::Two(short(*one), short(*two));
                items.push(Item { soon: rank, start: short(at), what, needs: needs(property, true, false) });
            }
        }
    }
    in_order(items, random)
}
