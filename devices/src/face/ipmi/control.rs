//! From an acknowledged power command to the plant, with what rules and faults do to it on the way.

use std::time::Duration;

use fencelab_wire::ipmi::{Completion, Response};

use super::{Bmc, rules};
use crate::device::NeighbourCommand;
use crate::face::Context;
use crate::fault::{FaultKind, Op};
use crate::plant::{Cause, Command, Plant, Power};
use crate::spec::{CommandId, IpmiFace, Meaning, Rule};

/// The plug of a BMC is the first one of the plant.
pub(super) fn plug(plant: &Plant) -> String {
    plant.plugs().first().map(|plug| plug.name().to_owned()).unwrap_or_default()
}

/// Carries out `command`.
pub(super) fn act(
    now: Duration,
    command: Command,
    rule: Option<&Rule>,
    context: &mut Context<'_>,
    effect: &mut Vec<String>,
    op: Op,
) {
    let plug = plug(context.plant);
    if rule.is_some_and(|rule| !rule.done) {
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
    if let Some(after) = rule.and_then(|rule| rule.done_after) {
        delay = after;
    }
    let mut target = Some(plug.clone());
    let mut flap = None;
    for (kind, text) in context.faults.acting(now, None, op, chosen) {
        effect.push(format!("fault {text}"));
        match kind {
            FaultKind::NotDone => return,
            FaultKind::DoneLate(time) => delay = delay.saturating_add(time),
            FaultKind::WrongPlug => target = next_plug(context.plant, &plug),
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
    let cause = Cause::Request(context.log.next_number());
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

impl Bmc {
    /// What faults make of an answer about power, and of a power command.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one command, used once")]
    pub(super) fn lie(
        &mut self,
        now: Duration,
        face: &IpmiFace,
        op: Op,
        id: CommandId,
        response: &mut Response,
        command: &mut Option<Command>,
        context: &mut Context<'_>,
        effect: &mut Vec<String>,
    ) {
        if !(op == Op::Status || Op::Control.covers(op)) {
            return;
        }
        let chosen = |kind: &FaultKind| {
            let about_status =
                matches!(kind, FaultKind::StateUnknown | FaultKind::State(_) | FaultKind::Stale(_))
                    && op == Op::Status;
            (about_status || *kind == FaultKind::PlugAbsent).then(|| kind.clone())
        };
        for (kind, text) in context.faults.acting(now, None, op, chosen) {
            effect.push(format!("fault {text}"));
            match kind {
                FaultKind::PlugAbsent => {
                    fail(response, Completion::NOT_PRESENT);
                    *command = None;
                }
                FaultKind::Stale(time) => {
                    let then = now.saturating_sub(time);
                    if let Some(power) = context.plant.power_at(&plug(context.plant), then) {
                        super::chassis::show_power(id, power, response);
                    }
                }
                FaultKind::State(name) => {
                    let state = face.states.iter().find(|state| state.name == name);
                    if !state.is_some_and(|state| rules::show(state, id, response)) {
                        fail(response, Completion::NO_RESPONSE);
                    }
                }
                _ => {
                    let neither = face.states.iter().filter(|state| state.means == Meaning::Neither);
                    let shown = neither.into_iter().any(|state| rules::show(state, id, response));
                    if !shown {
                        fail(response, Completion::NO_RESPONSE);
                    }
                }
            }
        }
    }
}

fn fail(response: &mut Response, completion: Completion) {
    response.completion = completion;
    response.data.clear();
}
