//! Draws cases: which trouble, on what, with which options. Values come from the devices' catalogue of faults and from the
//! states that the device documents, and shrink by proptest's own rules towards no trouble and default options.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_devices::fault::{
    Argument, CATALOGUE, Direction, Entry, Fault, FaultKind, Group, Op, Phase, Scope,
};
use fencelab_devices::{Command, DeviceSpec, Power};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{SBoxedStrategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::agent::Subject;
use crate::case::{Action, Case, SWITCH};
use crate::link::Link;
use crate::plan::Plan;
use crate::verdict::Property;

/// What may be drawn for one agent on one device.
#[derive(Clone, Debug)]
pub struct Drawer {
    subject_label: String,
    device: String,
    plugs: Vec<String>,
    /// Plugs that the plan asks for beside the first, always.
    also: Vec<String>,
    /// Whether several plugs may be asked for in one call.
    in_one_call: bool,
    /// Whether the agent has an option for the switch on which a plug is.
    has_switch: bool,
    actions: Vec<Action>,
    powers: Vec<Power>,
    faults: Vec<&'static Entry>,
    protocols: Vec<String>,
    states: Vec<String>,
    base: BTreeMap<String, String>,
    given: BTreeMap<String, String>,
    variants: Vec<BTreeMap<String, String>>,
    with_faults: bool,
}

/// The part of a case that is drawn; everything else is the same for a whole cell.
type Drawn = (Vec<Fault>, Action, Power, (String, Vec<String>), BTreeMap<String, String>, u64);

impl Drawer {
    /// The strategies for a property; `None`, with the reason, where the property cannot be at stake.
    ///
    /// # Errors
    /// The reason, for the report.
    pub fn new(
        spec: &DeviceSpec,
        subject: &Subject,
        property: Property,
        plan: &Plan,
    ) -> Result<Self, &'static str> {
        let plugs: Vec<String> = spec.plant.plugs.iter().map(|(name, _)| name.clone()).collect();
        let wanted: &[Action] = match property {
            Property::NoFalseOff => &[Action::Off, Action::Reboot, Action::Disable],
            // Where there is but one plug, a list tells nothing.
            Property::NoFalseStatus if plugs.len() > 1 => &[Action::Status, Action::ListStatus],
            Property::NoFalseStatus => &[Action::Status],
            Property::RightPlug | Property::Bounded | Property::Heals | Property::NoLeak => &[
                Action::Off,
                Action::On,
                Action::Reboot,
                Action::Status,
                Action::Monitor,
                Action::Enable,
                Action::Disable,
            ],
            Property::Idempotent => &[Action::Off, Action::On, Action::Enable, Action::Disable],
            Property::Parity => &[Action::Off, Action::On, Action::Reboot, Action::Status, Action::Monitor],
            Property::Segmentation => {
                return Err("datagrams are not cut on their way; this is for byte streams");
            }
            Property::EveryAction => return Err("belongs to the conformance suite"),
        };
        let actions: Vec<Action> = wanted
            .iter()
            .copied()
            .filter(|action| subject.advert.actions.contains(action))
            .filter(|action| plan.action.is_none_or(|only| only == *action))
            .collect();
        if actions.is_empty() {
            return Err("the agent advertises no action that it is about");
        }
        let asks_only = actions
            .iter()
            .all(|action| matches!(action, Action::Status | Action::Monitor | Action::ListStatus));
        let states: Vec<String> = spec.states().map(|state| state.name.clone()).collect();
        let protocols: Vec<String> = spec.faces.iter().map(|face| face.protocol().to_owned()).collect();
        let faults = CATALOGUE
            .iter()
            .filter(|entry| entry.argument != Argument::State || !states.is_empty())
            .filter(|entry| protocols.iter().any(|protocol| entry.is_for(protocol)))
            .filter(|entry| !(asks_only && entry.group == Group::Control))
            .collect();
        let base = base_options(spec, subject, &plan.options);
        Ok(Drawer {
            subject_label: subject.agent.to_string(),
            device: spec.id.clone(),
            in_one_call: plan.plugs.is_empty()
                && plugs.len() > 1
                && subject.advert.parameters.contains_key("plug_separator"),
            has_switch: subject.advert.parameters.contains_key(SWITCH),
            also: plan.plugs.iter().skip(1).cloned().collect(),
            plugs: plan.plugs.first().map_or(plugs, |plug| vec![plug.clone()]),
            powers: plan.power.map_or_else(|| powers(property), |power| vec![power]),
            actions,
            faults,
            protocols,
            states,
            variants: variants(spec, subject, &base, &plan.options),
            base,
            given: plan.options.clone(),
            with_faults: property != Property::Parity,
        })
    }

    /// The cases worth trying before any is drawn: no trouble, then each kind of trouble once for each action, the documented
    /// states one by one. They come first because a short budget may allow no more.
    pub fn sweep(&self, seed: u64) -> Vec<Case> {
        let mut cases = self.each(&[Vec::new()], &self.base, seed);
        if !self.with_faults {
            for options in &self.variants {
                cases.extend(self.each(&[Vec::new()], options, seed));
            }
            return cases;
        }
        let protocol = self.protocols.first().map_or("", String::as_str);
        let alone = |entry: &'static Entry| vec![Fault::new(entry.example(protocol, ""))];
        let kinds: Vec<Vec<Fault>> = self.kinds_in_turn().map(alone).collect();
        // One of each group, then what happens when another way of asking meets a command that is not done.
        let (first, rest) = kinds.split_at(kinds.len().min(4));
        cases.extend(self.each(first, &self.base, seed));
        let control = self.faults.iter().copied().find(|entry| entry.group == Group::Control).map(alone);
        for options in &self.variants {
            cases.extend(self.each(control.as_slice(), options, seed));
        }
        cases.extend(self.each(rest, &self.base, seed));
        let of_state = self.faults.iter().filter(|entry| entry.argument == Argument::State);
        let states: Vec<Vec<Fault>> = of_state
            .flat_map(|entry| {
                let show = |state| vec![Fault::new(entry.with(0, Duration::ZERO, state, Phase::During))];
                self.states.iter().map(move |state| show(state))
            })
            .collect();
        cases.extend(self.each(&states, &self.base, seed));
        // Answers that are lost, but not the questions: what was asked is done.
        let unanswered = [Op::Session, Op::Status, Op::Control]
            .map(|op| vec![Fault::new(FaultKind::Drop).on(op).towards(Direction::FromDevice)]);
        cases.extend(self.each(&unanswered, &self.base, seed));
        cases
    }

    /// The plug for cases that are not drawn: one with a neighbour on either side, where there is one, so that who counts from
    /// 0 or from 2 is seen.
    fn plug(&self) -> String {
        middle(&self.plugs).cloned().unwrap_or_default()
    }

    /// Each trouble with each action and each state of one plug.
    fn each(&self, troubles: &[Vec<Fault>], options: &BTreeMap<String, String>, seed: u64) -> Vec<Case> {
        let plug = (self.plug(), self.also.clone());
        let mut cases = Vec::new();
        for faults in troubles {
            for action in &self.actions {
                for power in &self.powers {
                    cases.push(self.case((
                        faults.clone(),
                        *action,
                        *power,
                        plug.clone(),
                        options.clone(),
                        seed,
                    )));
                }
            }
        }
        cases
    }

    /// The kinds that take no state, the groups in turn: the first few are as different as can be.
    fn kinds_in_turn(&self) -> impl Iterator<Item = &'static Entry> {
        let of = |group: Group| {
            let kinds = self.faults.iter().copied();
            kinds
                .filter(move |entry| entry.group == group && entry.argument != Argument::State)
                .collect::<Vec<_>>()
        };
        let groups = [Group::Network, Group::Control, Group::Status, Group::Session, Group::Answer].map(of);
        let longest = groups.iter().map(Vec::len).max().unwrap_or_default();
        (0..longest)
            .flat_map(move |at| groups.clone().into_iter().filter_map(move |group| group.get(at).copied()))
    }

    /// The case for a replay: the plan's own fault, in the simplest of the rest.
    pub fn replay(&self, faults: &[Fault], seed: u64) -> Case {
        let action = self.actions.first().copied().unwrap_or(Action::Off);
        let power = self.powers.first().copied().unwrap_or(Power::On);
        let plug = (self.plug(), self.also.clone());
        self.case((faults.to_vec(), action, power, plug, self.base.clone(), seed))
    }

    /// Options of a case that a replay must give: those that the lab would not give by itself.
    pub fn unusual(&self, case: &Case) -> Vec<(String, String)> {
        let is_usual = |(key, value): &(&String, &String)| {
            // The switch follows from the plug.
            (self.base.get(*key) == Some(*value) && !self.given.contains_key(*key)) || *key == SWITCH
        };
        case.options.iter().filter(|pair| !is_usual(pair)).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    fn case(&self, drawn: Drawn) -> Case {
        let (faults, action, power, (plug, also), options, seed) = drawn;
        let mut case = Case::healthy(&self.device, &self.subject_label, action, &plug, power);
        (case.faults, case.options, case.seed) = (faults, options, seed);
        case.also = also.into_iter().filter(|other| *other != case.plug).collect();
        if self.has_switch {
            case.name_the_switch();
        }
        case
    }

    /// One plug, and now and then another one in the same call. Shrinks towards one, the device's first.
    fn asked(&self) -> SBoxedStrategy<(String, Vec<String>)> {
        let plug = select(self.plugs.clone());
        if !self.in_one_call {
            let also = self.also.clone();
            return plug.prop_map(move |plug| (plug, also.clone())).sboxed();
        }
        let other = proptest::collection::vec(select(self.plugs.clone()), 0..=1);
        (plug, prop_oneof![4 => Just(Vec::new()), 1 => other]).sboxed()
    }

    fn strategy(&self) -> SBoxedStrategy<Drawn> {
        let count = if self.with_faults { 0..=3_usize } else { 0..=0 };
        let faults = proptest::collection::vec(
            fault(self.faults.clone(), self.protocols.clone(), self.states.clone()),
            count,
        );
        let options = if self.variants.is_empty() {
            Just(self.base.clone()).sboxed()
        } else {
            // The first is the usual one, which shrinking leads to.
            let mut all = vec![self.base.clone(); self.variants.len().max(2)];
            all.extend(self.variants.clone());
            select(all).sboxed()
        };
        (
            faults,
            select(self.actions.clone()),
            select(self.powers.clone()),
            self.asked(),
            options,
            any::<u32>(),
        )
            .prop_map(|(faults, action, power, plug, options, seed)| {
                (faults, action, power, plug, options, u64::from(seed))
            })
            .sboxed()
    }
}

/// A source of drawn cases that can be shrunk.
pub struct Deck {
    drawer: Drawer,
    strategy: SBoxedStrategy<Drawn>,
    runner: TestRunner,
}

impl Deck {
    /// The cases of `drawer` that `seed` decides.
    pub fn new(drawer: Drawer, seed: u64) -> Self {
        let mut bytes = [0; 32];
        for (at, byte) in seed
            .to_le_bytes()
            .into_iter()
            .chain(drawer.device.bytes())
            .chain(drawer.subject_label.bytes())
            .enumerate()
        {
            if let Some(slot) = bytes.get_mut(at % 32) {
                *slot ^= byte.rotate_left(u32::try_from(at / 32).unwrap_or_default());
            }
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let strategy = drawer.strategy();
        Deck { drawer, strategy, runner: TestRunner::new_with_rng(Config::default(), rng) }
    }

    /// The rules by which it draws.
    pub fn drawer(&self) -> &Drawer {
        &self.drawer
    }

    /// The next card.
    pub fn draw(&mut self) -> Option<Card> {
        let tree = self.strategy.new_tree(&mut self.runner).ok()?;
        Some(Card { drawer: self.drawer.clone(), tree: Box::new(tree) })
    }
}

/// A drawn case, which can be made simpler and less simple again.
pub struct Card {
    drawer: Drawer,
    tree: Box<dyn ValueTree<Value = Drawn>>,
}

impl Card {
    /// The case as it stands.
    pub fn case(&self) -> Case {
        self.drawer.case(self.tree.current())
    }

    /// Makes it simpler; `false` when it cannot be.
    pub fn simplify(&mut self) -> bool {
        self.tree.simplify()
    }

    /// Takes back the last simplification in part; `false` when nothing is left to try.
    pub fn complicate(&mut self) -> bool {
        self.tree.complicate()
    }
}

/// What `fault` would be shrunk to if it stood alone: its simpler relatives, simplest first. For cases that were not drawn.
pub(crate) fn simpler(faults: &[Fault]) -> Vec<Vec<Fault>> {
    let mut simpler = Vec::new();
    for at in 0..faults.len() {
        let mut fewer = faults.to_vec();
        fewer.remove(at);
        simpler.push(fewer);
    }
    for (at, fault) in faults.iter().enumerate() {
        let mut put = |scope: Scope| {
            let mut wider = faults.to_vec();
            if let Some(slot) = wider.get_mut(at) {
                slot.scope = scope;
            }
            simpler.push(wider);
        };
        if fault.scope != Scope::default() {
            put(Scope::default());
        }
    }
    simpler
}

/// Any fault of these kinds, in the words of these protocols, in any scope that means something for it.
fn fault(
    kinds: Vec<&'static Entry>,
    protocols: Vec<String>,
    states: Vec<String>,
) -> impl Strategy<Value = Fault> {
    let states = if states.is_empty() { vec![String::new()] } else { states };
    let time = (0..=1000_u32, any::<bool>());
    let scope = (
        proptest::option::of(select(Direction::ALL.to_vec())),
        proptest::option::of(select(Op::ALL.to_vec())),
        proptest::option::of(prop_oneof![
            (1..=4_u32).prop_map(When::First),
            (1..=6_u32).prop_map(When::Nth),
            (1..=60_u32).prop_map(When::For)
        ]),
    );
    (select(kinds), 0..=1000_u16, time, select(states), select(Phase::ALL.to_vec()), scope).prop_map(
        move |(entry, drawn, (time, long), state, phase, (direction, on, when))| {
            let (mut number, mut span, mut word) = (0, Duration::ZERO, state.as_str());
            match entry.argument {
                Argument::Bytes { min, max } | Argument::Number { min, max } => {
                    number = (min + drawn % (max - min + 1)).into();
                }
                Argument::Value(numbers) => number = counted_off(numbers, drawn).unwrap_or_default(),
                Argument::OneOf(_) => {
                    let words: Vec<&str> =
                        protocols.iter().flat_map(|protocol| entry.words(protocol)).copied().collect();
                    word = counted_off(&words, drawn).unwrap_or_default();
                }
                Argument::Time { min, max } | Argument::PhaseAndTime { min, max } => {
                    span = spread(min, max, time, long);
                }
                Argument::None | Argument::State => {}
            }
            let direction = direction.filter(|_| entry.group == Group::Network);
            let on = on.filter(|op| fits(entry.group, *op));
            let mut scope = Scope { direction, on, ..Scope::default() };
            match when {
                Some(When::First(count)) => scope.first = Some(count),
                Some(When::Nth(count)) => scope.nth = Some(count),
                Some(When::For(seconds)) => scope.window = Some(Duration::from_secs(seconds.into())),
                None => {}
            }
            Fault { kind: entry.with(number, span, word, phase), scope }
        },
    )
}

/// One of several, by a number of any size.
fn counted_off<T: Copy>(all: &[T], number: u16) -> Option<T> {
    all.get(usize::from(number).checked_rem(all.len())?).copied()
}

#[derive(Clone, Copy, Debug)]
enum When {
    First(u32),
    Nth(u32),
    For(u32),
}

/// A time in the range. Short ones matter more than long ones, so half of the draws stay below a tenth of it; whole
/// milliseconds keep expressions short.
fn spread(min: Duration, max: Duration, part: u32, long: bool) -> Duration {
    let range = max.saturating_sub(min) / if long { 1 } else { 10 };
    let time = min + range * part / 1000;
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Whether a scope means something for a kind of fault.
fn fits(group: Group, op: Op) -> bool {
    match group {
        Group::Network => true,
        Group::Session => op == Op::Session || op == Op::Status || op == Op::Control,
        Group::Control => {
            matches!(op, Op::Control | Op::Command(Command::Off | Command::On | Command::Cycle))
        }
        Group::Status => op == Op::Status,
        Group::Answer => op == Op::Status || op == Op::Control,
    }
}

/// The states of the plug that put a property at stake.
fn powers(property: Property) -> Vec<Power> {
    match property {
        Property::NoFalseOff => vec![Power::On],
        _ => vec![Power::On, Power::Off],
    }
}

/// Options that every case of this agent on this device gets.
///
/// An external agent lives in real time, so its limits are short; they stay above what the device itself needs. Ours lives in
/// virtual time and keeps its defaults.
pub fn base_options(
    spec: &DeviceSpec,
    subject: &Subject,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let link = Link::of(spec);
    let mut options = link.options(&subject.advert);
    if !subject.agent.is_builtin() {
        let slowest = spec.plant.timing.off.max(spec.plant.timing.on).as_secs() + 1;
        let power = slowest.max(4).to_string();
        let brisk = [
            ("power_timeout", power.as_str()),
            ("login_timeout", "2"),
            ("shell_timeout", "2"),
            ("power_wait", "0"),
            ("stonith_status_sleep", "1"),
        ];
        let brisk = brisk.iter().chain(link.brisk());
        options.extend(brisk.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    }
    options.retain(|key, _| subject.advert.parameters.contains_key(key));
    options.extend(given.clone());
    options
}

/// The third of several, or else the last.
pub(crate) fn middle<T>(plugs: &[T]) -> Option<&T> {
    plugs.get(2).or(plugs.last())
}

/// Other ways to ask for the same, one change each.
fn variants(
    spec: &DeviceSpec,
    subject: &Subject,
    base: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
) -> Vec<BTreeMap<String, String>> {
    let of = |key: &'static str, value: &str| vec![(key, Some(value.to_owned()))];
    let mut changes = vec![of("method", "cycle"), of("power_wait", "1"), of("retry_on", "2")];
    if subject.agent.is_builtin() {
        changes.extend([of("delay", "3"), of("power_timeout", "5"), of("shell_timeout", "1")]);
    }
    changes.retain(|change| change.iter().all(|(key, _)| subject.advert.parameters.contains_key(*key)));
    changes.extend(Link::of(spec).variants(&subject.advert));
    changes
        .into_iter()
        .filter(|change| !change.iter().any(|(key, _)| given.contains_key(*key)))
        .map(|change| {
            let mut options = base.clone();
            for (key, value) in change {
                match value {
                    Some(value) => options.insert(key.to_owned(), value),
                    None => options.remove(key),
                };
            }
            options
        })
        .filter(|options| options != base)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner() -> TestRunner {
        TestRunner::deterministic()
    }

    #[test]
    fn every_kind_is_drawn_and_every_drawn_fault_reads_back() {
        let mut seen = std::collections::BTreeSet::new();
        let strategy = fault(
            CATALOGUE.iter().collect(),
            vec!["ipmi".to_owned(), "snmp".to_owned()],
            vec!["power-fault".to_owned()],
        );
        let mut runner = runner();
        for _ in 0..2000 {
            let fault = strategy.new_tree(&mut runner).unwrap().current();
            seen.insert(fault.kind.name());
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        assert_eq!(seen.len(), CATALOGUE.len());
    }

    #[test]
    fn a_device_is_only_given_errors_of_its_protocol() {
        let errors = CATALOGUE.iter().filter(|entry| matches!(entry.argument, Argument::OneOf(_))).collect();
        let strategy = fault(errors, vec!["ipmi".to_owned()], Vec::new());
        let mut runner = runner();
        for _ in 0..200 {
            let fault = strategy.new_tree(&mut runner).unwrap().current();
            assert!(fault.kind.is_for("ipmi"), "{fault}");
        }
    }

    #[test]
    fn a_fault_shrinks_to_its_core() {
        // What fails is any lost answer to a status; the smallest is the fault itself without scope.
        let strategy = proptest::collection::vec(
            fault(CATALOGUE.iter().collect(), vec!["snmp".to_owned()], Vec::new()),
            0..=3,
        );
        let fails = |faults: &Vec<Fault>| faults.iter().any(|fault| fault.kind.name() == "drop");
        let mut runner = runner();
        for _ in 0..50 {
            let mut tree = strategy.new_tree(&mut runner).unwrap();
            if !fails(&tree.current()) {
                continue;
            }
            let mut least = tree.current();
            if tree.simplify() {
                loop {
                    if fails(&tree.current()) {
                        least = tree.current();
                        if !tree.simplify() {
                            break;
                        }
                    } else if !tree.complicate() {
                        break;
                    }
                }
            }
            assert_eq!(Fault::display_all(&least), "drop");
        }
    }

    #[test]
    fn scopes_fit_their_kinds() {
        assert!(!fits(Group::Control, Op::Status));
        assert!(fits(Group::Control, Op::Command(Command::Off)));
        assert!(!fits(Group::Status, Op::Session));
    }

    #[test]
    fn times_stay_in_their_range() {
        let (min, max) = (Duration::from_millis(1), Duration::from_secs(60));
        assert_eq!(spread(min, max, 0, true), min);
        assert!(spread(min, max, 1000, true) <= max);
        assert!(spread(min, max, 1000, false) <= max / 10 + min);
    }
}
