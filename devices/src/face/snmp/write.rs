//! Set (RFC 1157 §4.1.5, RFC 3416 §4.2.5): all of it or nothing.

use std::time::Duration;

use fencelab_wire::snmp::{Binding, ErrorStatus, Pdu, Value};

use super::alter::Verdict;
use super::read::{Said, is_seen, missing, power};
use super::{Asker, Outcome, SnmpAgent};
use crate::face::Context;
use crate::face::control::{self, Doing, Lie};
use crate::fault::Op;
use crate::plant::{Command, Plant, Power};
use crate::spec::SnmpFace;
use crate::spec::snmp::{Cell, Content, Each, Failure, Object};

/// What one binding of a Set leads to.
#[derive(Debug, Default)]
struct Deed {
    orders: Vec<(usize, Command)>,
    keep: Option<Value>,
}

/// A deed that may be done, and as whose row.
struct Planned {
    row: Option<usize>,
    deed: Deed,
    doing: Doing,
}

impl SnmpAgent {
    /// The bindings of the answer, done or failed; `None`: a rule swallows it.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one request, used once")]
    pub(super) fn write(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        op: Op,
        pdu: &Pdu,
        context: &mut Context<'_>,
        outcome: &mut Outcome,
    ) -> Option<Vec<Said>> {
        let lies = control::lies(now, op, context, &mut outcome.effect);
        let is_absent = lies.iter().any(|lie| matches!(lie, Lie::Absent));
        let (mut said, mut planned, mut is_answered) = (Vec::new(), Vec::new(), true);
        for binding in &pdu.bindings {
            let row = spec.table.find(&binding.object).filter(|row| is_seen(&spec.table, *row, asker));
            let checked = if is_absent && op != Op::Other {
                Err(Failure::NoSuchInstance)
            } else {
                check(spec, asker, binding, row, context.plant)
            };
            let mut plan = Planned { row, deed: Deed::default(), doing: Doing::default() };
            let mut one = Said { object: binding.object.clone(), row, value: Ok(binding.value.clone()) };
            match checked {
                Ok(deed) => plan.deed = deed,
                Err(failure) => one.value = Err(failure),
            }
            if !spec.rules.is_empty() {
                match self.rule_for(now, spec, pdu, &mut one, Some(&binding.value), context, outcome) {
                    Verdict::None => {}
                    Verdict::Rule { doing, moves, is_silent } => {
                        plan.doing = doing;
                        is_answered &= !is_silent;
                        if is_silent || one.value.is_err() {
                            plan.deed = Deed::default();
                        }
                        if let (Some(command), Some(plug)) = (moves, plugs(spec, row).first()) {
                            plan.deed.orders = vec![(*plug, command)];
                        }
                    }
                }
            }
            said.push(one);
            planned.push(plan);
        }
        let fails = said.iter().any(|one| one.value.is_err());
        for plan in planned {
            // What a rule moves in spite of its answer is moved; all else is only done if all can be.
            let moves_anyway = plan.doing.moves();
            if (fails || !is_answered) && !moves_anyway {
                continue;
            }
            for (plug, command) in plan.deed.orders {
                let order = Op::Command(command);
                if !fails {
                    self.rules.acknowledged(now, order, plug);
                }
                control::act(now, plug, command, plan.doing, context, &mut outcome.effect, order);
            }
            if let (Some(row), Some(value), false) = (plan.row, plan.deed.keep, fails) {
                self.written.insert(row, value);
            }
        }
        is_answered.then_some(said)
    }

    /// What a Set is about, for the scope of faults.
    pub(super) fn set_op(&self, pdu: &Pdu, plant: &Plant) -> Op {
        let table = &self.spec.table;
        let mut op = Op::Other;
        for binding in &pdu.bindings {
            let Some(row) = table.find(&binding.object).and_then(|index| table.row(index)) else { continue };
            let Cell::Described { object, plugs, .. } = &row.cell else { continue };
            let Some(object) = self.spec.objects.get(*object).filter(|object| object.moves_power()) else {
                continue;
            };
            match deed(object, plugs, &binding.value, plant) {
                Ok(deed) => match deed.orders.first() {
                    Some((_, command)) => return Op::Command(*command),
                    // It takes the value, and nothing moves: a string with nothing new in it, or an accepted value.
                    None if matches!(object.content, Content::Each(_)) => op = Op::Control,
                    None => {}
                },
                Err(_) => op = Op::Control,
            }
        }
        op
    }
}

fn plugs(spec: &SnmpFace, row: Option<usize>) -> &[usize] {
    match row.and_then(|row| spec.table.row(row)).map(|row| &row.cell) {
        Some(Cell::Described { plugs, .. }) => plugs,
        _ => &[],
    }
}

/// Whether a binding can be written, and what then happens: in the order of RFC 3416 §4.2.5.
fn check(
    spec: &SnmpFace,
    asker: Asker<'_>,
    binding: &Binding,
    row: Option<usize>,
    plant: &Plant,
) -> Result<Deed, Failure> {
    if !asker.access.write {
        return Err(spec.errors.no_access.unwrap_or(Failure::Error(ErrorStatus::NO_ACCESS)));
    }
    let row = row.and_then(|row| spec.table.row(row));
    let row = row.ok_or_else(|| missing(spec, &binding.object))?;
    let read_only = || spec.errors.read_only.unwrap_or(Failure::Error(ErrorStatus::NOT_WRITABLE));
    let Cell::Described { object, plugs, .. } = &row.cell else { return Err(read_only()) };
    let object = spec.objects.get(*object).filter(|object| object.takes_writes()).ok_or_else(read_only)?;
    deed(object, plugs, &binding.value, plant).map_err(|failure| match (failure, spec.errors.wrong_value) {
        (Failure::Error(ErrorStatus::WRONG_VALUE), Some(own)) => own,
        _ => failure,
    })
}

/// What writing a value does.
fn deed(object: &Object, plugs: &[usize], value: &Value, plant: &Plant) -> Result<Deed, Failure> {
    if !object.kind.fits(value) {
        return Err(Failure::Error(ErrorStatus::WRONG_TYPE));
    }
    let wrong = Failure::Error(ErrorStatus::WRONG_VALUE);
    if let Content::Each(each) = &object.content {
        let orders = changes(each, plugs, value, plant).ok_or(wrong)?;
        return Ok(Deed { orders, keep: None });
    }
    let keep = object.writable.then(|| value.clone());
    if let Some((_, command)) = object.orders.iter().find(|(known, _)| known == value) {
        let orders = plugs.first().map(|plug| (*plug, *command)).into_iter().collect();
        return Ok(Deed { orders, keep });
    }
    let takes_any = object.writable && object.orders.is_empty() && object.accepts.is_empty();
    if takes_any || object.accepts.contains(value) {
        return Ok(Deed { orders: Vec::new(), keep });
    }
    Err(wrong)
}

/// The orders in a string of all plugs: only those whose element changed. `None`: it is no such string.
fn changes(each: &Each, plugs: &[usize], value: &Value, plant: &Plant) -> Option<Vec<(usize, Command)>> {
    let Value::OctetString(octets) = value else { return None };
    let elements = each.elements(std::str::from_utf8(octets).ok()?);
    if elements.len() != plugs.len() {
        return None;
    }
    let mut orders = Vec::new();
    for (plug, element) in plugs.iter().zip(elements) {
        let (wanted, command) = match element {
            element if element == each.on => (Power::On, Command::On),
            element if element == each.off => (Power::Off, Command::Off),
            _ => return None,
        };
        if power(plant, *plug) != wanted {
            orders.push((*plug, command));
        }
    }
    Some(orders)
}
