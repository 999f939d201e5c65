//! What is true: plugs with a power state, relay delays, and a timeline of every change with its cause.
//!
//! Only the plant knows the truth; verdicts ask only the plant.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The true power of a plug: there is no third possibility.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// What the plug feeds has power.
    On,
    /// It has none.
    Off,
}

impl Power {
    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::On => Self::Off,
            Self::Off => Self::On,
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

/// What a plug can be told.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Power on; nothing if it is on.
    On,
    /// Power off at once; nothing if it is off.
    Off,
    /// Off, wait [`Timing::cycle`], on. Nothing if it is off.
    Cycle,
    /// Pulse the reset line: no change of power, a [`Pulse`].
    Reset,
    /// Diagnostic interrupt: no change of power, a [`Pulse`].
    Nmi,
    /// Ask the operating system to shut down: off after [`Timing::soft_off`].
    SoftOff,
}

impl Command {
    /// The name in `device.toml`, in fault expressions and in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Cycle => "cycle",
            Self::Reset => "reset",
            Self::Nmi => "nmi",
            Self::SoftOff => "soft-off",
        }
    }

    /// Every command.
    pub const ALL: [Self; 6] = [Self::On, Self::Off, Self::Cycle, Self::Reset, Self::Nmi, Self::SoftOff];
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why something changed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A request over a face, by its number in the device's request log.
    Request(u64),
    /// The control interface or the test itself.
    Control,
    /// A fault, as written.
    Fault(String),
    /// The neighbour's wrong-plug fault sent the command here.
    Neighbour,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(number) => write!(f, "request {number}"),
            Self::Control => f.write_str("control"),
            Self::Fault(fault) => write!(f, "fault {fault}"),
            Self::Neighbour => f.write_str("neighbour"),
        }
    }
}

/// A change of the truth. At `at` and later the plug has `power`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// Since the start of the run.
    pub at: Duration,
    /// The plug's name.
    pub plug: String,
    /// The power from `at` on.
    pub power: Power,
    /// Why.
    pub cause: Cause,
}

/// A reset or NMI that reached a plug which had power: it moves no power, but a checker may ask for it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Pulse {
    /// Since the start of the run.
    pub at: Duration,
    /// The plug's name.
    pub plug: String,
    /// [`Command::Reset`] or [`Command::Nmi`].
    pub command: Command,
    /// Why.
    pub cause: Cause,
}

/// How long things take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// From the command off to no power.
    pub off: Duration,
    /// From the command on to power.
    pub on: Duration,
    /// Between the off and the on of a cycle (IPMI 2.0 §28.3 asks for at least one second).
    pub cycle: Duration,
    /// From the command soft-off to no power.
    pub soft_off: Duration,
    /// From power until what the plug feeds is up.
    pub boot: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            off: Duration::ZERO,
            on: Duration::ZERO,
            cycle: Duration::from_secs(1),
            soft_off: Duration::from_secs(5),
            boot: Duration::ZERO,
        }
    }
}

/// One plug.
#[derive(Clone, Debug)]
pub struct Plug {
    name: String,
    power: Power,
    /// When it last became on, if in this run.
    last_on: Option<Duration>,
    /// When it last became off, if in this run.
    last_off: Option<Duration>,
    /// Power at the beginning of the kept timeline.
    initial: Power,
    pending: VecDeque<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    at: Duration,
    power: Power,
    cause: Cause,
}

impl Plug {
    /// The plug's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The power after the last [`Plant::advance`].
    #[must_use]
    pub fn power(&self) -> Power {
        self.power
    }

    /// Whether it was told to be otherwise and is not yet so.
    #[must_use]
    pub fn is_turning(&self) -> bool {
        self.pending.front().is_some_and(|pending| pending.power != self.power)
    }

    /// When the truth last became `power`, if it did in this run.
    #[must_use]
    pub fn last(&self, power: Power) -> Option<Duration> {
        match power {
            Power::On => self.last_on,
            Power::Off => self.last_off,
        }
    }
}

/// Plugs and their history.
#[derive(Clone, Debug)]
pub struct Plant {
    plugs: Vec<Plug>,
    timing: Timing,
    timeline: Vec<Change>,
    pulses: Vec<Pulse>,
    now: Duration,
}

/// How many changes and pulses a plant keeps; then the older half goes.
const HISTORY_LIMIT: usize = 16_384;

impl Plant {
    /// A plant of named plugs with their power at the start.
    #[must_use]
    pub fn new(plugs: impl IntoIterator<Item = (String, Power)>, timing: Timing) -> Self {
        let plugs = plugs
            .into_iter()
            .map(|(name, power)| Plug {
                name,
                power,
                last_on: None,
                last_off: None,
                initial: power,
                pending: VecDeque::new(),
            })
            .collect();
        Self { plugs, timing, timeline: Vec::new(), pulses: Vec::new(), now: Duration::ZERO }
    }

    /// The plugs in the device's order.
    #[must_use]
    pub fn plugs(&self) -> &[Plug] {
        &self.plugs
    }

    /// The plug's place in the device's order.
    #[must_use]
    pub fn index(&self, plug: &str) -> Option<usize> {
        self.plugs.iter().position(|p| p.name == plug)
    }

    /// How long things take here.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Gives `plug` a command with the device's own delays. An unknown plug is `false` and nothing happens.
    pub fn command(&mut self, now: Duration, plug: &str, command: Command, cause: Cause) -> bool {
        let delay = match command {
            Command::On => self.timing.on,
            Command::Off | Command::Cycle => self.timing.off,
            Command::SoftOff => self.timing.soft_off,
            Command::Reset | Command::Nmi => Duration::ZERO,
        };
        self.command_after(now, plug, command, delay, cause)
    }

    /// The same with another delay from the command to its first effect. The newest command wins: what is still
    /// pending for the plug is forgotten.
    pub fn command_after(
        &mut self,
        now: Duration,
        plug: &str,
        command: Command,
        delay: Duration,
        cause: Cause,
    ) -> bool {
        self.advance(now);
        let Some(index) = self.index(plug) else { return false };
        let timing = self.timing;
        let Some(target) = self.plugs.get_mut(index) else { return false };
        let at = now.saturating_add(delay);
        let mut plan = |steps: &[(Duration, Power)]| {
            target.pending =
                steps.iter().map(|&(at, power)| Pending { at, power, cause: cause.clone() }).collect();
        };
        match command {
            Command::On => plan(&[(at, Power::On)]),
            Command::Off | Command::SoftOff => plan(&[(at, Power::Off)]),
            Command::Cycle if target.power == Power::On => {
                let again = at.saturating_add(timing.cycle).saturating_add(timing.on);
                plan(&[(at, Power::Off), (again, Power::On)]);
            }
            Command::Cycle => {}
            Command::Reset | Command::Nmi if target.power == Power::On => {
                let pulse = Pulse { at, plug: plug.to_owned(), command, cause };
                self.pulses.push(pulse);
                if self.pulses.len() > HISTORY_LIMIT {
                    self.pulses.drain(..HISTORY_LIMIT / 2);
                }
            }
            Command::Reset | Command::Nmi => {}
        }
        self.advance(now);
        true
    }

    /// Sets the power of `plug` at once (control interface, test fixture); pending commands of it are forgotten.
    /// An unknown plug is `false`.
    pub fn set(&mut self, now: Duration, plug: &str, power: Power) -> bool {
        self.schedule(now, plug, &[(now, power)], Cause::Control)
    }

    /// Replaces what is pending for `plug` by changes at given instants, in order of time.
    pub(crate) fn schedule(
        &mut self,
        now: Duration,
        plug: &str,
        steps: &[(Duration, Power)],
        cause: Cause,
    ) -> bool {
        self.advance(now);
        let Some(index) = self.index(plug) else { return false };
        let Some(target) = self.plugs.get_mut(index) else { return false };
        target.pending =
            steps.iter().map(|&(at, power)| Pending { at, power, cause: cause.clone() }).collect();
        self.advance(now);
        true
    }

    /// Adds changes to those pending for `plug` (a flap after a commanded change).
    pub(crate) fn schedule_more(&mut self, plug: &str, steps: &[(Duration, Power)], cause: &Cause) {
        let Some(index) = self.index(plug) else { return };
        let Some(target) = self.plugs.get_mut(index) else { return };
        target.pending.extend(steps.iter().map(|&(at, power)| Pending { at, power, cause: cause.clone() }));
        target.pending.make_contiguous().sort_by_key(|pending| pending.at);
    }

    /// The last of the pending changes of `plug`, if they change anything.
    pub(crate) fn pending_end(&self, plug: &str) -> Option<(Duration, Power)> {
        let plug = self.plugs.get(self.index(plug)?)?;
        let moves = plug.pending.iter().any(|pending| pending.power != plug.power);
        plug.pending.back().filter(|_| moves).map(|pending| (pending.at, pending.power))
    }

    /// The true power of `plug` at `at`: at the instant of a change it is already the new one. Future instants count
    /// what is pending now. `None`: no such plug, or `at` is before the history that is still kept.
    #[must_use]
    pub fn power_at(&self, plug: &str, at: Duration) -> Option<Power> {
        let target = self.plugs.get(self.index(plug)?)?;
        let last = self.timeline.iter().rev().find(|change| change.at <= at && change.plug == plug);
        let past = last.map_or(target.initial, |change| change.power);
        let pending = target.pending.iter().rev().find(|pending| pending.at <= at);
        Some(pending.map_or(past, |pending| pending.power))
    }

    /// Whether `plug` had `power` at some instant of the closed interval `from..=to`. `None`: no such plug.
    #[must_use]
    pub fn was(&self, plug: &str, power: Power, from: Duration, to: Duration) -> Option<bool> {
        let start = self.power_at(plug, from)?;
        let target = self.plugs.get(self.index(plug)?)?;
        let within = |at: Duration| at > from && at <= to;
        Some(
            start == power
                || self
                    .timeline
                    .iter()
                    .any(|change| change.plug == plug && change.power == power && within(change.at))
                || target.pending.iter().any(|pending| pending.power == power && within(pending.at)),
        )
    }

    /// Whether what `plug` feeds is up after the last advance: it has power, and has had it for the boot delay.
    #[must_use]
    pub fn is_up(&self, plug: &str, now: Duration) -> Option<bool> {
        let target = self.plugs.get(self.index(plug)?)?;
        let booted = target.last_on.is_none_or(|since| now >= since.saturating_add(self.timing.boot));
        Some(target.power == Power::On && booted)
    }

    /// Makes every pending change that is due at `now` true. Time never runs backwards: an earlier `now` is ignored.
    pub fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some((index, _)) = self
            .plugs
            .iter()
            .enumerate()
            .filter_map(|(index, plug)| Some((index, plug.pending.front()?.at)))
            .filter(|(_, at)| *at <= self.now)
            .min_by_key(|(_, at)| *at)
        {
            let Some(plug) = self.plugs.get_mut(index) else { return };
            let Some(due) = plug.pending.pop_front() else { return };
            if plug.power == due.power {
                continue;
            }
            plug.power = due.power;
            match due.power {
                Power::On => plug.last_on = Some(due.at),
                Power::Off => plug.last_off = Some(due.at),
            }
            let change = Change { at: due.at, plug: plug.name.clone(), power: due.power, cause: due.cause };
            self.timeline.push(change);
            self.forget_old();
        }
    }

    /// When the next pending change is due.
    #[must_use]
    pub fn next_change(&self) -> Option<Duration> {
        self.plugs.iter().filter_map(|plug| plug.pending.front().map(|pending| pending.at)).min()
    }

    /// Every change so far, in order of time (the newest 8,192 at least).
    #[must_use]
    pub fn timeline(&self) -> &[Change] {
        &self.timeline
    }

    /// Every reset and NMI so far, in order of time.
    #[must_use]
    pub fn pulses(&self) -> &[Pulse] {
        &self.pulses
    }

    fn forget_old(&mut self) {
        if self.timeline.len() <= HISTORY_LIMIT {
            return;
        }
        for change in self.timeline.drain(..HISTORY_LIMIT / 2) {
            if let Some(plug) = self.plugs.iter_mut().find(|plug| plug.name == change.plug) {
                plug.initial = change.power;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(ms: u32) -> Duration {
        MS * ms
    }

    fn plant() -> Plant {
        let timing =
            Timing { off: at(800), on: at(300), cycle: at(1000), soft_off: at(5000), boot: at(45_000) };
        Plant::new([("1".to_owned(), Power::On), ("2".to_owned(), Power::On)], timing)
    }

    #[test]
    fn off_is_done_at_the_relay_delay_and_not_before() {
        let mut plant = plant();
        assert!(plant.command(at(100), "1", Command::Off, Cause::Request(1)));
        assert_eq!(plant.next_change(), Some(at(900)));
        plant.advance(at(899));
        assert_eq!(plant.plugs()[0].power(), Power::On);
        plant.advance(at(900));
        assert_eq!(plant.plugs()[0].power(), Power::Off);
        assert_eq!(plant.power_at("1", at(899)), Some(Power::On));
        assert_eq!(plant.power_at("1", at(900)), Some(Power::Off));
        assert_eq!(plant.power_at("2", at(900)), Some(Power::On));
        let expected = Change { at: at(900), plug: "1".into(), power: Power::Off, cause: Cause::Request(1) };
        assert_eq!(plant.timeline(), [expected]);
    }

    #[test]
    fn cycle_goes_off_and_on_again() {
        let mut plant = plant();
        plant.command(at(0), "1", Command::Cycle, Cause::Control);
        plant.advance(at(60_000));
        let steps: Vec<_> = plant.timeline().iter().map(|c| (c.at, c.power)).collect();
        assert_eq!(steps, [(at(800), Power::Off), (at(2100), Power::On)]);
        assert_eq!(plant.was("1", Power::Off, at(0), at(799)), Some(false));
        assert_eq!(plant.was("1", Power::Off, at(0), at(800)), Some(true));
        assert_eq!(plant.was("1", Power::Off, at(2099), at(9000)), Some(true));
        assert_eq!(plant.was("1", Power::Off, at(2100), at(9000)), Some(false));
        assert_eq!(plant.is_up("1", at(2100 + 44_999)), Some(false));
        assert_eq!(plant.is_up("1", at(2100 + 45_000)), Some(true));
    }

    #[test]
    fn cycle_of_an_off_plug_moves_nothing() {
        let mut plant = plant();
        plant.set(at(0), "1", Power::Off);
        plant.command(at(1), "1", Command::Cycle, Cause::Control);
        plant.advance(at(60_000));
        assert_eq!(plant.timeline().len(), 1);
    }

    #[test]
    fn newest_command_wins() {
        let mut plant = plant();
        plant.command(at(0), "1", Command::Off, Cause::Request(1));
        plant.command(at(500), "1", Command::On, Cause::Request(2));
        plant.advance(at(10_000));
        assert!(plant.timeline().is_empty());
    }

    #[test]
    fn reset_and_nmi_are_pulses_of_a_plug_with_power() {
        let mut plant = plant();
        plant.command(at(0), "1", Command::Nmi, Cause::Control);
        plant.command(at(1), "1", Command::Reset, Cause::Control);
        assert_eq!(
            plant.pulses().iter().map(|p| p.command).collect::<Vec<_>>(),
            [Command::Nmi, Command::Reset]
        );
        plant.set(at(2), "1", Power::Off);
        plant.command(at(3), "1", Command::Nmi, Cause::Control);
        assert_eq!(plant.pulses().len(), 2);
    }

    #[test]
    fn unknown_plug_is_told() {
        let mut plant = plant();
        assert!(!plant.command(at(0), "3", Command::Off, Cause::Control));
        assert!(!plant.set(at(0), "3", Power::Off));
        assert_eq!(plant.power_at("3", at(0)), None);
    }

    #[test]
    fn history_is_bounded_and_keeps_the_truth() {
        let mut plant = plant();
        for i in 0..(HISTORY_LIMIT as u32 + 5) {
            plant.set(at(i), "1", if i % 2 == 0 { Power::Off } else { Power::On });
        }
        assert!(plant.timeline().len() <= HISTORY_LIMIT);
        assert_eq!(plant.power_at("1", at(HISTORY_LIMIT as u32 + 4)), Some(Power::Off));
        assert_eq!(plant.power_at("2", at(0)), Some(Power::On));
    }
}
