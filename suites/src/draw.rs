//! Draws troubles by proptest's strategies: any kind of the catalogue that the protocol has, any value, any scope that means
//! something for it. And which options a case gives.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_devices::DeviceSpec;
use fencelab_devices::fault::{Argument, Direction, Entry, Fault, Group, Op, Phase, Scope};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{SBoxedStrategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::agent::Subject;
use crate::hunt::fits;
use crate::link::Link;

/// A source of drawn troubles.
pub(crate) struct Draws {
    strategy: SBoxedStrategy<Vec<Fault>>,
    runner: TestRunner,
}

impl Draws {
    /// Troubles of these kinds and states, as `seed` decides.
    pub(crate) fn new(kinds: Vec<&'static Entry>, protocol: &str, states: Vec<String>, seed: u64) -> Self {
        let mut bytes = [0; 32];
        for (slot, byte) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *slot = byte;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let strategy = if kinds.is_empty() {
            Just(Vec::new()).sboxed()
        } else {
            proptest::collection::vec(fault(kinds, protocol.to_owned(), states), 0..=3).sboxed()
        };
        Draws { strategy, runner: TestRunner::new_with_rng(Config::default(), rng) }
    }

    /// The next trouble: up to three faults.
    pub(crate) fn draw(&mut self) -> Option<Vec<Fault>> {
        Some(self.strategy.new_tree(&mut self.runner).ok()?.current())
    }
}

/// Any fault of these kinds, in the words of this protocol, in any scope that means something for it.
fn fault(kinds: Vec<&'static Entry>, protocol: String, states: Vec<String>) -> impl Strategy<Value = Fault> {
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
                    word = counted_off(entry.words(&protocol), drawn).unwrap_or_default();
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

/// A device whose rules hold so long needs an agent with its usual limits.
const PATIENT: Duration = Duration::from_secs(5);

/// Options that every case of this agent on this device gets.
///
/// An external agent lives in real time, so its limits are short; they stay above what the device itself needs. Ours lives in
/// virtual time and keeps its defaults.
pub(crate) fn base_options(
    spec: &DeviceSpec,
    subject: &Subject,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let link = Link::of(spec);
    let mut options = link.options(&subject.advert);
    // Some devices are silent, or otherwise not themselves, for a while after an order: there an agent keeps its own patience.
    let moody = spec.faces.iter().map(|face| face.longest_rule()).max().unwrap_or_default();
    if !subject.agent.is_builtin() && moody < PATIENT {
        let power = patience(spec.plant.timing.off.max(spec.plant.timing.on)).to_string();
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

/// Seconds that an agent is given for a plug that takes so long: a second more, for the field's agents look for the last time a
/// second before their patience ends.
fn patience(slowest: Duration) -> u64 {
    let whole = slowest.as_secs() + u64::from(slowest.subsec_nanos() > 0);
    (whole + 1).max(4)
}

/// The third of several, or else the last.
pub(crate) fn middle<T>(plugs: &[T]) -> Option<&T> {
    plugs.get(2).or(plugs.last())
}

/// Other ways to ask for the same, one change each.
pub(crate) fn variants(
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
    use fencelab_devices::fault::CATALOGUE;

    use super::*;

    /// fencing.py looks once in a second, the first time at once: the last look must be after the plug is done.
    #[test]
    fn the_last_look_is_after_the_plug_is_done() {
        for millis in [0, 1000, 3999, 4000, 4001, 4500, 5000, 20_000] {
            let slowest = Duration::from_millis(millis);
            assert!(Duration::from_secs(patience(slowest) - 1) >= slowest, "{slowest:?}");
        }
    }

    fn runner() -> TestRunner {
        TestRunner::deterministic()
    }

    #[test]
    fn every_kind_is_drawn_and_every_drawn_fault_reads_back() {
        let mut seen = std::collections::BTreeSet::new();
        let strategy = fault(
            CATALOGUE.iter().filter(|entry| entry.is_for("snmp")).collect(),
            "snmp".to_owned(),
            vec!["power-fault".to_owned()],
        );
        let mut runner = runner();
        for _ in 0..2000 {
            let fault = strategy.new_tree(&mut runner).unwrap().current();
            seen.insert(fault.kind.name());
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        let all = CATALOGUE.iter().filter(|entry| entry.is_for("snmp")).count();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn times_stay_in_their_range() {
        let (min, max) = (Duration::from_millis(1), Duration::from_secs(60));
        assert_eq!(spread(min, max, 0, true), min);
        assert!(spread(min, max, 1000, true) <= max);
        assert!(spread(min, max, 1000, false) <= max / 10 + min);
    }
}
