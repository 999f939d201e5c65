//! What rules and faults make of an answer, and the answer as a PDU.

use std::time::Duration;

use fencelab_wire::snmp::usm::Counter;
use fencelab_wire::snmp::{Binding, Distortion, ErrorStatus, Oid, Pdu, PduKind, Value, Version};

use super::read::{Said, number_in_place, value_if};
use super::{Outcome, SnmpAgent};
use crate::face::Context;
use crate::face::control::{self, Doing, Lie, others_power};
use crate::fault::{FaultKind, Op};
use crate::plant::{Command, Plant, Plug};
use crate::spec::SnmpFace;
use crate::spec::rule::{Answer, Meaning};
use crate::spec::snmp::{About, Asked, Asking, Cell, Content, Failure, Kind, Look, Row};

/// What the rules say about one binding.
pub(super) enum Verdict {
    /// Nothing.
    None,
    /// A rule holds, and has changed the binding.
    Rule { doing: Doing, moves: Option<Command>, is_silent: bool },
}

impl SnmpAgent {
    /// Does what the rules say about what was read; `false`: nothing is answered.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one request, used once")]
    pub(super) fn obey(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        op: Op,
        pdu: &Pdu,
        said: &mut [Said],
        context: &mut Context<'_>,
        outcome: &mut Outcome,
    ) -> bool {
        let mut is_answered = true;
        for one in said {
            if let Verdict::Rule { doing, moves, is_silent } =
                self.rule_for(now, spec, pdu, one, None, context, outcome)
            {
                is_answered &= !is_silent;
                if let (Some(command), Some((_, [plug, ..]))) = (moves, described(spec, one.row)) {
                    control::act(now, *plug, command, doing, context, &mut outcome.effect, op);
                }
            }
        }
        is_answered
    }

    /// The rule that holds for a binding, done to it.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one request, used once")]
    pub(super) fn rule_for(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        pdu: &Pdu,
        said: &mut Said,
        written: Option<&Value>,
        context: &Context<'_>,
        outcome: &mut Outcome,
    ) -> Verdict {
        let about = described(spec, said.row);
        let plug = match about {
            Some((_, [plug])) => Some(*plug),
            _ => None,
        };
        let matches = |asked: &Asked| is_about(asked, pdu.kind, about, &said.object, written);
        let Some(rule) = self.rules.find(now, &spec.rules, plug, context.plant, matches) else {
            return Verdict::None;
        };
        let text = format!("rule at line {}", rule.line);
        if outcome.effect.last() != Some(&text) {
            outcome.effect.push(text);
        }
        outcome.reset = rule.resets.or(outcome.reset);
        let is_silent = match &rule.answer {
            Answer::Silence => true,
            Answer::Say(say) => {
                outcome.delay = outcome.delay.max(say.delay);
                if let Some(look) = say.state.and_then(|index| spec.states.get(index)) {
                    show(spec, look, about, said);
                }
                match (&say.fields.error, &say.fields.value) {
                    (Some(failure), _) => said.value = Err(*failure),
                    (None, Some(value)) => said.value = Ok(value.clone()),
                    (None, None) => {}
                }
                false
            }
        };
        Verdict::Rule { doing: Doing::of(Some(rule)), moves: rule.moves, is_silent }
    }

    /// Tells a lie about power.
    pub(super) fn tell(&self, spec: &SnmpFace, lie: &Lie, plant: &Plant, said: &mut [Said]) {
        let general = Failure::Error(ErrorStatus::GEN_ERR);
        for one in said {
            let (Some(row), Some(about)) = (one.row, described(spec, one.row)) else { continue };
            let index = about.0;
            let Some(object) = spec.objects.get(index).filter(|object| object.tells_power()) else {
                continue;
            };
            match lie {
                Lie::Absent => one.value = Err(spec.errors.no_such.unwrap_or(Failure::NoSuchInstance)),
                Lie::Stale(then) => {
                    let power_then = |plug| plant.power_at(plant.plugs().get(plug).map(Plug::name)?, *then);
                    put(one, value_if(spec, row, power_then));
                }
                Lie::Others => put(one, value_if(spec, row, |plug| others_power(plant, plug))),
                Lie::Number(number) => put(one, number_in_place(spec, row, *number)),
                Lie::Empty => one.value = Ok(nothing(object.kind)),
                Lie::State(name) => {
                    let look = spec.states.iter().find(|look| look.state.name == *name);
                    if !look.is_some_and(|look| show(spec, look, Some(about), one)) {
                        one.value = Err(general);
                    }
                }
                Lie::Unknown => {
                    let mut neither = spec.states.iter().filter(|look| look.state.means == Meaning::Neither);
                    if !neither.any(|look| show(spec, look, Some(about), one)) {
                        one.value = Err(general);
                    }
                }
            }
        }
    }
}

/// Says a value, if there is one.
fn put(said: &mut Said, value: Option<Value>) {
    if let Some(value) = value {
        said.value = Ok(value);
    }
}

/// A whole value without content: no octets of a text, NULL in place of anything else.
fn nothing(kind: Kind) -> Value {
    match kind {
        Kind::Octets => Value::OctetString(Vec::new()),
        _ => Value::Null,
    }
}

/// The described object of a row, by index, and its plugs.
fn described(spec: &SnmpFace, row: Option<usize>) -> Option<(usize, &[usize])> {
    match &spec.table.row(row?)?.cell {
        Cell::Described { object, plugs, .. } => Some((*object, plugs)),
        _ => None,
    }
}

fn is_about(
    asked: &Asked,
    kind: PduKind,
    about: Option<(usize, &[usize])>,
    oid: &Oid,
    written: Option<&Value>,
) -> bool {
    let request = match kind {
        PduKind::Get => Asking::Get,
        PduKind::Set => Asking::Set,
        _ => Asking::Walk,
    };
    !asked.datagram
        && asked.request.is_none_or(|wanted| wanted == request)
        && match &asked.object {
            None => true,
            Some(About::Object(index)) => about.is_some_and(|(object, _)| object == *index),
            Some(About::Subtree(subtree)) => oid.starts_with(subtree),
        }
        && (asked.plugs.is_empty()
            || about.is_some_and(|(_, plugs)| plugs.iter().any(|plug| asked.plugs.contains(plug))))
        && (asked.values.is_empty() || written.is_some_and(|value| asked.values.contains(value)))
}

/// Makes a binding look like a documented state, if the state says what that is for this object. One element of a string with
/// the states of several plugs is every plug's.
fn show(spec: &SnmpFace, look: &Look, about: Option<(usize, &[usize])>, said: &mut Said) -> bool {
    let Some((object, plugs)) = about else { return false };
    let Some(seen) = look.seen.iter().find(|seen| seen.object == object) else { return false };
    said.value = seen.shown.clone();
    let content = spec.objects.get(object).map(|object| &object.content);
    if let (Some(Content::Each(each)), Ok(Value::OctetString(element))) = (content, &seen.shown)
        && let Ok(element) = std::str::from_utf8(element)
        && !each.separator.is_empty()
        && !element.contains(&each.separator)
    {
        let elements = vec![element; plugs.len()];
        said.value = Ok(Value::OctetString(elements.join(&each.separator).into_bytes()));
    }
    true
}

/// The error that a fault makes of the whole answer, in the words of `with_body` or without any content.
pub(super) fn error(faults: &[FaultKind], with_body: bool) -> Option<Failure> {
    faults.iter().find_map(|fault| match fault {
        FaultKind::Error(name) if !with_body => Failure::by_name(name),
        FaultKind::ErrorWithBody(name) if with_body => Failure::by_name(name),
        _ => None,
    })
}

impl SnmpAgent {
    /// Changes what is said as a fault of answers wants it.
    pub(super) fn change(
        &self,
        fault: &FaultKind,
        spec: &SnmpFace,
        now: Duration,
        plant: &Plant,
        said: &mut Vec<Said>,
        outcome: &mut Outcome,
    ) {
        match fault {
            FaultKind::Malformed(number) => {
                let index = usize::from(number.saturating_sub(1)) % Distortion::ALL.len();
                outcome.distortion = Distortion::ALL.get(index).copied();
            }
            FaultKind::OtherObject => {
                for one in said {
                    match self.neighbours(now, spec, one.row, plant).next() {
                        Some(other) => *one = other,
                        None => one.object = counted_up(&one.object),
                    }
                }
            }
            FaultKind::OtherType => {
                for value in said.iter_mut().filter_map(|one| one.value.as_mut().ok()) {
                    *value = other_type(value);
                }
            }
            FaultKind::Short(length) => {
                if said.len() > 1 {
                    said.truncate(usize::from(*length));
                }
                for octets in said.iter_mut().filter_map(octets) {
                    octets.truncate(usize::from(*length));
                }
            }
            FaultKind::Longer(length) => {
                for octets in said.iter_mut().filter_map(octets) {
                    octets.resize(octets.len().saturating_add(usize::from(*length)), b'x');
                }
                let last = said.last().and_then(|one| one.row);
                let others = self.neighbours(now, spec, last, plant);
                let others: Vec<Said> = others.take(usize::from(*length)).collect();
                said.extend(others);
            }
            _ => {}
        }
    }

    /// What stands in the same object for the plugs after this row's, the first ones last.
    fn neighbours<'a>(
        &'a self,
        now: Duration,
        spec: &'a SnmpFace,
        row: Option<usize>,
        plant: &'a Plant,
    ) -> impl Iterator<Item = Said> + 'a {
        let own = described(spec, row);
        let is_neighbour = move |(index, other): &(usize, &Row)| {
            let Cell::Described { object, plugs, .. } = &other.cell else { return false };
            own.is_some_and(|(wanted, mine)| wanted == *object && **plugs != *mine) && Some(*index) != row
        };
        let rows = spec.table.rows();
        let from = row.map_or(0, |row| row + 1).min(rows.len());
        let numbered = rows.iter().enumerate();
        let around = numbered.clone().skip(from).chain(numbered.take(from));
        around.filter(is_neighbour).filter_map(move |(index, row)| {
            let value = self.value(now, index, plant)?;
            Some(Said { object: row.oid.clone(), row: Some(index), value: Ok(value) })
        })
    }
}

/// The text in a binding.
fn octets(said: &mut Said) -> Option<&mut Vec<u8>> {
    match &mut said.value {
        Ok(Value::OctetString(octets)) => Some(octets),
        _ => None,
    }
}

fn counted_up(oid: &Oid) -> Oid {
    let mut arcs = oid.as_arcs().to_vec();
    if let Some(last) = arcs.last_mut() {
        *last = last.wrapping_add(1);
    }
    Oid::from(arcs)
}

/// The value in another type: a number as text, a text as a number.
fn other_type(value: &Value) -> Value {
    match value {
        Value::OctetString(octets) => {
            let number = std::str::from_utf8(octets).ok().and_then(|text| text.trim().parse::<i32>().ok());
            Value::Integer(number.unwrap_or_default().into())
        }
        value => match value.as_number() {
            Some(number) => Value::text(&number.to_string()),
            None => Value::Integer(0),
        },
    }
}

/// What is said where nobody is let in: a report that there is no such user, and silence to a community.
pub(super) fn refused(version: Version, pdu: &Pdu) -> Option<Pdu> {
    (version == Version::V3).then(|| {
        let binding = Binding { object: Counter::UnknownUsers.oid(), value: Value::Counter32(1) };
        Pdu::new(PduKind::Report, pdu.request_id, vec![binding])
    })
}

/// The answer in the words of the version.
pub(super) fn respond(version: Version, pdu: &Pdu, said: Vec<Said>) -> Pdu {
    let is_old = version == Version::V1;
    let failed = said.iter().enumerate().find_map(|(place, one)| {
        let failure = one.value.as_ref().err()?;
        let status = match failure {
            Failure::Error(status) if is_old => old(*status),
            Failure::Error(status) => *status,
            _ if is_old => ErrorStatus::NO_SUCH_NAME,
            // There are no exceptions in the answer to a Set.
            _ if pdu.kind == PduKind::Set => ErrorStatus::NO_CREATION,
            _ => return None,
        };
        Some((place, status))
    });
    if let Some((place, status)) = failed {
        return pdu.refusal(status, index(pdu, place));
    }
    let binding = |one: Said| {
        let value = match one.value {
            Ok(value) => value,
            Err(failure) => failure.exception().unwrap_or(Value::Null),
        };
        Binding { object: one.object, value }
    };
    pdu.answer(said.into_iter().map(binding).collect())
}

/// Puts an error beside the content of an answer.
pub(super) fn blame(version: Version, failure: Failure, response: &mut Pdu) {
    let Failure::Error(status) = failure else { return };
    response.error = if version == Version::V1 { old(status) } else { status };
    response.index = i32::from(!response.bindings.is_empty());
}

/// Which of the asked bindings, from 1, the one at this place of the answer belongs to.
fn index(pdu: &Pdu, place: usize) -> i32 {
    let once = pdu.non_repeaters().min(pdu.bindings.len());
    let index = match (pdu.kind, pdu.bindings.len() - once) {
        (PduKind::GetBulk, repeated) if place >= once && repeated > 0 => once + (place - once) % repeated,
        _ => place,
    };
    i32::try_from(index + 1).unwrap_or_default()
}

/// An error in the words of v1 (RFC 3584 §4.4).
fn old(status: ErrorStatus) -> ErrorStatus {
    match status {
        ErrorStatus::WRONG_VALUE
        | ErrorStatus::WRONG_ENCODING
        | ErrorStatus::WRONG_TYPE
        | ErrorStatus::WRONG_LENGTH
        | ErrorStatus::INCONSISTENT_VALUE => ErrorStatus::BAD_VALUE,
        ErrorStatus::NO_ACCESS
        | ErrorStatus::NOT_WRITABLE
        | ErrorStatus::NO_CREATION
        | ErrorStatus::INCONSISTENT_NAME
        | ErrorStatus::AUTHORIZATION_ERROR => ErrorStatus::NO_SUCH_NAME,
        ErrorStatus::RESOURCE_UNAVAILABLE | ErrorStatus::COMMIT_FAILED | ErrorStatus::UNDO_FAILED => {
            ErrorStatus::GEN_ERR
        }
        status => status,
    }
}
