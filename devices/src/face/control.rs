//! From an acknowledged order to the plant, with what rules and faults do to it on the way; and what faults make of the
//! answers about it. The same for every protocol.

use std::time::Duration;

use super::Context;
use crate::device::NeighbourCommand;
use crate::fault::{FaultKind, Group, Op, Phase};
use crate::plant::{Cause, Command, Plant, Power};
use crate::spec::rule::{Reset, Rule};

/// What a rule says about the doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing {
    done: bool,
    after: Option<Duration>,
    /// The rule itself moves the plug, whatever is answered.
    moves: bool,
}

impl Default for Doing {
    /// As usual.
    fn default() -> Self {
        Self { done: true, after: None, moves: false }
    }
}

impl Doing {
    /// As the rule says, or as usual.
    pub(crate) fn of<M, F>(rule: Option<&Rule<M, F>>) -> Self {
        rule.map_or_else(Self::default, |rule| Self {
            done: rule.done,
            after: rule.done_after,
            moves: rule.moves.is_some(),
        })
    }

    /// Whether a plug moves whatever is answered.
    pub(crate) fn moves(self) -> bool {
        self.moves
    }
}

/// Carries out `command` for the plug at this index.
pub(crate) fn act(
    now: Duration,
    plug: usize,
    command: Command,
    doing: Doing,
    context: &mut Context<'_>,
    effect: &mut Vec<String>,
    op: Op,
) {
    let Some(name) = context.plant.plugs().get(plug).map(|plug| plug.name().to_owned()) else { return };
    if !doing.done {
        effect.push(format!("{command} is not done"));
        return;
    }
    let chosen = |kind: &FaultKind| {
        let choose = matches!(
            kind,
            FaultKind::NotDone | FaultKind::DoneLate(_) | FaultKind::WrongPlug | FaultKind::Flap(_)
        );
        choose.then(|| kind.clone())
    };
    let timing = context.plant.timing();
    let mut delay = match command {
        Command::On => timing.on,
        Command::Off | Command::Cycle => timing.off,
        Command::SoftOff => timing.soft_off,
        Command::Reset | Command::Nmi => Duration::ZERO,
    };
    if let Some(after) = doing.after {
        delay = after;
    }
    let mut target = Some(name.clone());
    let mut flap = None;
    let mut misled = None;
    for (kind, text) in context.faults.acting(now, None, op, chosen) {
        effect.push(format!("fault {text}"));
        match kind {
            FaultKind::NotDone => return,
            FaultKind::DoneLate(time) => delay = delay.saturating_add(time),
            FaultKind::WrongPlug => {
                target = next_plug(context.plant, &name);
                misled = Some(text);
            }
            FaultKind::Flap(time) => flap = Some((time, text)),
            _ => {}
        }
    }
    let Some(target) = target else {
        context.neighbours.push(NeighbourCommand { at: now, command });
        effect.push(format!("{command} goes to the neighbour"));
        return;
    };
    let before = context.plant.power_at(&target, now);
    // Whoever asked, asked for another plug: that this one moves is the device's own doing.
    let cause = misled.map_or_else(|| Cause::Request(context.log.next_number()), Cause::Fault);
    context.plant.command_after(now, &target, command, delay, cause);
    if let Some((time, text)) = flap {
        flap_back(now, context.plant, &target, before, time, text);
    }
    effect.push(format!("{command} of {target} in {}", crate::duration::format(delay)));
}

/// The plug after this one; `None` if it is the only one.
fn next_plug(plant: &Plant, plug: &str) -> Option<String> {
    let plugs = plant.plugs();
    if plugs.len() < 2 {
        return None;
    }
    let next = plant.index(plug)?.checked_add(1)? % plugs.len();
    plugs.get(next).map(|plug| plug.name().to_owned())
}

fn flap_back(
    now: Duration,
    plant: &mut Plant,
    plug: &str,
    before: Option<Power>,
    time: Duration,
    text: String,
) {
    let (end, power) = match plant.pending_end(plug) {
        Some(end) => end,
        None => match plant.power_at(plug, now) {
            Some(power) if Some(power) != before => (now, power),
            _ => return,
        },
    };
    let back = end.saturating_add(time);
    let steps = [(back, power.opposite()), (back.saturating_add(time), power)];
    plant.schedule_more(plug, &steps, &Cause::Fault(text));
}

/// What a fault makes of an answer about power.
#[derive(Clone, Debug)]
pub(crate) enum Lie {
    /// There is no such plug.
    Absent,
    /// What was true at that instant.
    Stale(Duration),
    /// A documented state.
    State(String),
    /// Nothing that means on or off.
    Unknown,
    /// This number in place of a code.
    Number(i64),
    /// Nothing at all.
    Empty,
    /// What is true of the next plug.
    Others,
}

/// The lies that the faults tell now.
pub(crate) fn lies(now: Duration, op: Op, context: &mut Context<'_>, effect: &mut Vec<String>) -> Vec<Lie> {
    if context.faults.is_empty() || !(op == Op::Status || Op::Control.covers(op)) {
        return Vec::new();
    }
    let chosen = |kind: &FaultKind| match kind {
        FaultKind::PlugAbsent => Some(Lie::Absent),
        FaultKind::Stale(time) if op == Op::Status => Some(Lie::Stale(now.saturating_sub(*time))),
        FaultKind::State(name) if op == Op::Status => Some(Lie::State(name.clone())),
        FaultKind::StateUnknown if op == Op::Status => Some(Lie::Unknown),
        FaultKind::Value(number) if op == Op::Status => Some(Lie::Number(*number)),
        FaultKind::Empty if op == Op::Status => Some(Lie::Empty),
        FaultKind::OthersState if op == Op::Status => Some(Lie::Others),
        _ => None,
    };
    told(now, op, context, effect, chosen)
}

/// The power of the plug after this one; of the only one, the opposite.
pub(crate) fn others_power(plant: &Plant, plug: usize) -> Option<Power> {
    let plugs = plant.plugs();
    let own = plugs.get(plug)?.power();
    match plugs.len() {
        1 => Some(own.opposite()),
        count => plugs.get((plug + 1) % count).map(crate::plant::Plug::power),
    }
}

/// The faults that change the answer to this request, of those that mean something for the protocol.
pub(crate) fn answer_faults(
    protocol: &str,
    now: Duration,
    op: Op,
    context: &mut Context<'_>,
    effect: &mut Vec<String>,
) -> Vec<FaultKind> {
    if context.faults.is_empty() {
        return Vec::new();
    }
    let chosen = |kind: &FaultKind| {
        (kind.entry().group == Group::Answer && kind.is_for(protocol)).then(|| kind.clone())
    };
    told(now, op, context, effect, chosen)
}

/// The faults that `choose` takes an interest in and that act on this, each told in `effect`.
fn told<T>(
    now: Duration,
    op: Op,
    context: &mut Context<'_>,
    effect: &mut Vec<String>,
    choose: impl FnMut(&FaultKind) -> Option<T>,
) -> Vec<T> {
    let acting = context.faults.acting(now, None, op, choose);
    acting
        .into_iter()
        .map(|(chosen, text)| {
            effect.push(format!("fault {text}"));
            chosen
        })
        .collect()
}

/// How a request ends before its time.
pub(crate) struct Ending {
    /// The request is neither done nor answered.
    pub(crate) at_once: bool,
    /// It is done, but not answered.
    pub(crate) unanswered: bool,
    /// What is forgotten.
    pub(crate) reset: Option<Reset>,
}

/// What `close` and `bmc-reset` do to a request.
pub(crate) fn ending(now: Duration, op: Op, context: &mut Context<'_>, effect: &mut Vec<String>) -> Ending {
    let mut ending = Ending { at_once: false, unanswered: false, reset: None };
    if context.faults.is_empty() {
        return ending;
    }
    let ends = |kind: &FaultKind| match kind {
        FaultKind::Close => Some(None),
        FaultKind::BmcReset(phase, time) => Some(Some((*phase, *time))),
        _ => None,
    };
    for (kind, text) in context.faults.acting(now, None, op, ends) {
        effect.push(format!("fault {text}"));
        ending.reset = Some(kind.map_or(Reset::Sessions, |(_, time)| Reset::Bmc(time)));
        match kind.map(|(phase, _)| phase) {
            None | Some(Phase::Before) => {
                ending.at_once = true;
                return ending;
            }
            Some(Phase::During) => ending.unanswered = true,
            Some(Phase::After) => {}
        }
    }
    ending
}
