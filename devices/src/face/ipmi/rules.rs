//! Rules and faults in IPMI's words: what they make of an answer.

use fencelab_wire::ipmi::{Completion, Request, Response};

use super::PLUG;
use super::chassis;
use crate::face::control::{Lie, others_power};
use crate::fault::FaultKind;
use crate::plant::{Command, Plant};
use crate::spec::CommandId;
use crate::spec::ipmi::{Appearance, Asked, Fields, IpmiFace, Matched, completion};
use crate::spec::rule::{Look, Meaning, Say};

/// Whether a rule is about this.
pub(super) fn is_about(asked: &Asked, what: Matched, request: Option<&Request>) -> bool {
    if asked.what != what {
        return false;
    }
    let Some(request) = request else { return true };
    let value = request.data.first().map(|byte| byte & 0x0f);
    let fits = asked.values.is_empty() || value.is_some_and(|value| asked.values.contains(&value));
    fits && request.data.starts_with(&asked.data)
}

/// Changes an answer as a rule says.
pub(super) fn apply(say: &Say<Fields>, face: &IpmiFace, id: CommandId, response: &mut Response) {
    if let Some(look) = say.state.and_then(|index| face.states.get(index)) {
        show(look, id, response);
    }
    let fields = &say.fields;
    if let Some(code) = fields.completion {
        response.completion = Completion(code);
        if code != 0 {
            response.data.clear();
        }
    }
    if let Some(data) = &fields.data {
        response.data.clone_from(data);
        if fields.completion.is_none() {
            response.completion = Completion::OK;
        }
    }
}

/// Makes an answer look like a documented state, if the state says what that is for this command.
fn show(look: &Look<Appearance>, id: CommandId, response: &mut Response) -> bool {
    let Some(appearance) = look.seen.iter().find(|appearance| appearance.command == id) else {
        return false;
    };
    let mut completion = response.completion.0;
    appearance.apply(&mut completion, &mut response.data);
    response.completion = Completion(completion);
    true
}

/// What faults make of an answer about power, and of a power command.
pub(super) fn lie(
    lies: &[Lie],
    face: &IpmiFace,
    id: CommandId,
    plant: &Plant,
    response: &mut Response,
    command: &mut Option<Command>,
) {
    for lie in lies {
        match lie {
            Lie::Absent => {
                fail(response, Completion::NOT_PRESENT);
                *command = None;
            }
            Lie::Stale(then) => {
                let plug = plant.plugs().get(PLUG).map(crate::plant::Plug::name).unwrap_or_default();
                if let Some(power) = plant.power_at(plug, *then) {
                    chassis::show_power(id, power, response);
                }
            }
            Lie::State(name) => {
                let look = face.states.iter().find(|look| look.state.name == *name);
                if !look.is_some_and(|look| show(look, id, response)) {
                    fail(response, Completion::NO_RESPONSE);
                }
            }
            Lie::Unknown => {
                let mut neither = face.states.iter().filter(|look| look.state.means == Meaning::Neither);
                if !neither.any(|look| show(look, id, response)) {
                    fail(response, Completion::NO_RESPONSE);
                }
            }
            Lie::Number(number) => {
                // Of both status commands byte 1 is the one that holds the power.
                if let (Some(byte), [low, ..]) = (response.data.first_mut(), number.to_le_bytes()) {
                    *byte = low;
                }
            }
            Lie::Empty => fail(response, Completion::OK),
            Lie::Others => {
                if let Some(power) = others_power(plant, PLUG) {
                    chassis::show_power(id, power, response);
                }
            }
        }
    }
}

/// The data of an answer that a fault makes longer stay within this: so much a message of IPMI 1.5 can carry, whose payload
/// has a length of one byte (IPMI 2.0, table 13-8).
const DATA_LIMIT: usize = 240;

/// What faults make of any answer, and of a power command.
pub(super) fn change(faults: &[FaultKind], response: &mut Response, command: &mut Option<Command>) {
    for fault in faults {
        match fault {
            FaultKind::ErrorWithBody(name) => {
                response.completion = completion(name).unwrap_or(Completion::UNSPECIFIED);
                *command = None;
            }
            FaultKind::Short(bytes) => response.data.truncate(usize::from(*bytes)),
            FaultKind::Longer(bytes) => {
                let length = response.data.len();
                let longer = length.saturating_add(usize::from(*bytes)).min(DATA_LIMIT);
                response.data.resize(length.max(longer), 0);
            }
            _ => {}
        }
    }
}

fn fail(response: &mut Response, completion: Completion) {
    response.completion = completion;
    response.data.clear();
}
