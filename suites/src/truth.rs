//! What really happened to the plugs of one device during a run. Only this decides about lies.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_devices::{Cause, Plant, Power};
use serde::Serialize;

/// Who moved a plug.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mover {
    /// A command that came over the wire.
    Command,
    /// The device by itself: a fault, or its own rules.
    Device,
    /// The lab, through the control interface.
    Control,
}

/// A plug took another state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// When, since the start of the run.
    pub at: Duration,
    /// Which plug.
    pub plug: String,
    /// Its state from then on.
    pub power: Power,
    /// Who moved it.
    pub by: Mover,
}

/// So many plugs are described each by itself.
const IN_FULL: usize = 3;

/// The timeline of one device's plugs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Truth {
    /// The state of each plug at the start.
    pub initial: BTreeMap<String, Power>,
    /// Every change since, in order.
    pub changes: Vec<Change>,
}

impl Truth {
    /// A timeline of plugs that have not moved yet.
    pub fn new(initial: impl IntoIterator<Item = (String, Power)>) -> Self {
        Truth { initial: initial.into_iter().collect(), changes: Vec::new() }
    }

    /// Notes a change; for timelines made by hand.
    #[must_use]
    pub fn then(mut self, at: Duration, plug: &str, power: Power, by: Mover) -> Self {
        self.changes.push(Change { at, plug: plug.to_owned(), power, by });
        self
    }

    /// Reads the timeline of a plant whose plugs had the states `initial` when the run began.
    pub fn of(plant: &Plant, initial: BTreeMap<String, Power>, since: Duration) -> Self {
        let mut now = initial.clone();
        let mut changes = Vec::new();
        for change in plant.timeline().iter().filter(|change| change.at >= since) {
            // A command for the state a plug already has is on the plant's record, but moves nothing.
            if now.insert(change.plug.clone(), change.power) == Some(change.power) {
                continue;
            }
            let by = match change.cause {
                Cause::Request(_) => Mover::Command,
                Cause::Control => Mover::Control,
                // Also a command that a faulty device passes to its neighbour: the agent had asked the right one.
                Cause::Fault(_) | Cause::Neighbour => Mover::Device,
            };
            changes.push(Change { at: change.at, plug: change.plug.clone(), power: change.power, by });
        }
        Truth { initial, changes }
    }

    /// The state of a plug at an instant; a change counts from its own instant on. `None` for a plug that is not there.
    pub fn at(&self, plug: &str, instant: Duration) -> Option<Power> {
        let start = self.initial.get(plug).copied()?;
        Some(
            self.of_plug(plug)
                .take_while(|change| change.at <= instant)
                .last()
                .map_or(start, |change| change.power),
        )
    }

    /// Whether the plug had that state at some instant of `from..=to`. What it was until `from` counts too: a plug that is
    /// switched in the very instant in which an agent starts was seen in both states by it.
    pub fn ever(&self, plug: &str, power: Power, from: Duration, to: Duration) -> bool {
        let until = self.of_plug(plug).take_while(|change| change.at < from).last();
        until.map(|change| change.power).or(self.initial.get(plug).copied()) == Some(power)
            || self.of_plug(plug).any(|change| change.at >= from && change.at <= to && change.power == power)
    }

    /// Whether the plug had that state at every instant of `from..=to`.
    pub fn throughout(&self, plug: &str, power: Power, from: Duration, to: Duration) -> bool {
        self.initial.contains_key(plug) && !self.ever(plug, power.opposite(), from, to)
    }

    /// The changes of one plug, in order.
    pub fn of_plug<'a>(&'a self, plug: &'a str) -> impl Iterator<Item = &'a Change> {
        self.changes.iter().filter(move |change| change.plug == plug)
    }

    /// The timeline in one line: `system: on, off at 1.240s (command)`. Of many plugs, those that did not move are only counted.
    pub fn describe(&self) -> String {
        let is_still = |plug: &str| self.of_plug(plug).next().is_none();
        let still = self.initial.keys().filter(|plug| is_still(plug)).count();
        let in_short = self.initial.len() > IN_FULL;
        let told = self.initial.iter().filter(|(plug, _)| !(in_short && is_still(plug)));
        let plugs = told.map(|(plug, power)| {
            let mut line = format!("{plug}: {power}");
            for change in self.of_plug(plug) {
                let by = match change.by {
                    Mover::Command => "command",
                    Mover::Device => "device",
                    Mover::Control => "lab",
                };
                line += &format!(", {} at {:.3}s ({by})", change.power, change.at.as_secs_f64());
            }
            line
        });
        let rest = (in_short && still > 0).then(|| match still {
            all if all == self.initial.len() => format!("none of {all} plugs moved"),
            1 => "one other plug did not move".to_owned(),
            others => format!("{others} other plugs did not move"),
        });
        plugs.chain(rest).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn truth() -> Truth {
        Truth::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::Off)])
            .then(s(3), "1", Power::Off, Mover::Command)
            .then(s(5), "1", Power::On, Mover::Device)
    }

    #[test]
    fn a_change_counts_from_its_own_instant() {
        let truth = truth();
        assert_eq!(truth.at("1", s(2)), Some(Power::On));
        assert_eq!(truth.at("1", s(3)), Some(Power::Off));
        assert_eq!(truth.at("1", s(5)), Some(Power::On));
        assert_eq!(truth.at("9", s(5)), None);
    }

    #[test]
    fn ever_and_throughout_at_their_edges() {
        let truth = truth();
        assert!(!truth.ever("1", Power::Off, s(0), s(2)));
        assert!(truth.ever("1", Power::Off, s(0), s(3)));
        assert!(truth.ever("1", Power::Off, s(4), s(4)));
        assert!(truth.ever("1", Power::Off, s(5), s(9)), "until then it was off");
        assert!(!truth.ever("1", Power::Off, s(6), s(9)));
        assert!(truth.throughout("1", Power::On, s(0), s(2)));
        assert!(!truth.throughout("1", Power::On, s(0), s(3)));
        assert!(truth.throughout("2", Power::Off, s(0), s(9)));
        assert!(!truth.throughout("9", Power::Off, s(0), s(9)), "an absent plug has no state");
    }

    #[test]
    fn described_in_one_line() {
        assert_eq!(truth().describe(), "1: on, off at 3.000s (command), on at 5.000s (device); 2: off");
        let many = Truth::new((1..=24).map(|plug| (plug.to_string(), Power::On)));
        assert_eq!(many.describe(), "none of 24 plugs moved");
        let one = many.then(s(1), "7", Power::Off, Mover::Command);
        assert_eq!(one.describe(), "7: on, off at 1.000s (command); 23 other plugs did not move");
    }
}
