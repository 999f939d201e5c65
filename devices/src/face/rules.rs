//! The rules of `device.toml` at work: when they hold, whatever the protocol.

use std::collections::HashMap;
use std::time::Duration;

use crate::fault::Op;
use crate::plant::{Command, Plant, Power};
use crate::spec::rule::{Event, Rule};

/// How often each rule has held, and when what they wait for last happened.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// By rule and plug; `None`: about no plug.
    counts: HashMap<(usize, Option<usize>), Count>,
    /// When a plug was last told so.
    told: HashMap<(Event, usize), Duration>,
    reset: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    met: u32,
    /// The event that the count began with.
    since: Option<Duration>,
}

impl Rules {
    /// The first rule that holds for what is asked about a plug (by index; `None`: about the whole device). It counts those
    /// that it asks. `matches` says whether a rule is about it at all.
    pub(crate) fn find<'a, M, F>(
        &mut self,
        now: Duration,
        rules: &'a [Rule<M, F>],
        plug: Option<usize>,
        plant: &Plant,
        mut matches: impl FnMut(&M) -> bool,
    ) -> Option<&'a Rule<M, F>> {
        for (index, rule) in rules.iter().enumerate() {
            if matches(&rule.on.what) && self.holds(index, now, rule, plug, plant) {
                return Some(rule);
            }
        }
        None
    }

    fn holds<M, F>(
        &mut self,
        index: usize,
        now: Duration,
        rule: &Rule<M, F>,
        plug: Option<usize>,
        plant: &Plant,
    ) -> bool {
        let on = &rule.on;
        let power = plant.plugs().get(plug.unwrap_or(0)).map(crate::plant::Plug::power);
        if on.while_power.is_some_and(|wanted| power != Some(wanted)) {
            return false;
        }
        let since = match on.after {
            None => None,
            Some(event) => {
                let Some(at) = self.last(event, plug, plant) else { return false };
                if on.window.is_some_and(|window| now >= at.saturating_add(window)) {
                    return false;
                }
                Some(at)
            }
        };
        if (on.first, on.nth, on.every) == (None, None, None) {
            return true;
        }
        let count = self.counts.entry((index, plug)).or_default();
        if count.since != since {
            *count = Count { met: 0, since };
        }
        count.met = count.met.saturating_add(1);
        on.first.is_none_or(|first| count.met <= first)
            && on.nth.is_none_or(|nth| count.met == nth)
            && on.every.is_none_or(|every| count.met.is_multiple_of(every))
    }

    /// When an event last happened to the plug, or to any.
    fn last(&self, event: Event, plug: Option<usize>, plant: &Plant) -> Option<Duration> {
        let of_power = |power: Power| match plug {
            Some(plug) => plant.plugs().get(plug)?.last(power),
            None => plant.plugs().iter().filter_map(|plug| plug.last(power)).max(),
        };
        match event {
            Event::PowerOn => of_power(Power::On),
            Event::PowerOff => of_power(Power::Off),
            Event::OnCommand | Event::OffCommand | Event::CycleCommand | Event::ResetCommand => match plug {
                Some(plug) => self.told.get(&(event, plug)).copied(),
                None => self.told.iter().filter(|((told, _), _)| *told == event).map(|(_, at)| *at).max(),
            },
            Event::BmcReset => self.reset,
            Event::Start => Some(Duration::ZERO),
        }
    }

    /// An order for a plug was acknowledged.
    pub(crate) fn acknowledged(&mut self, now: Duration, op: Op, plug: usize) {
        let Op::Command(command) = op else { return };
        let event = match command {
            Command::On => Event::OnCommand,
            Command::Off | Command::SoftOff => Event::OffCommand,
            Command::Cycle => Event::CycleCommand,
            Command::Reset => Event::ResetCommand,
            Command::Nmi => return,
        };
        self.told.insert((event, plug), now);
    }

    /// The controller restarted and is back at `at`.
    pub(crate) fn reset(&mut self, at: Duration) {
        self.reset = Some(at);
    }
}
