//! Get, GetNext and GetBulk (RFC 1157 §4.1.2, §4.1.3; RFC 3416 §4.2.1 to §4.2.3).

use std::collections::HashMap;
use std::time::Duration;

use fencelab_wire::snmp::{Oid, Pdu, PduKind, Value, Version};

use super::{Asker, Outcome, SnmpAgent};
use crate::face::Context;
use crate::face::control;
use crate::fault::Op;
use crate::plant::{Plant, Power};
use crate::spec::SnmpFace;
use crate::spec::snmp::{Access, Cell, Content, Failure, Object, Shows, Table};

/// One binding of an answer to be.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) object: Oid,
    /// The row that it is about, if there is one.
    pub(super) row: Option<usize>,
    pub(super) value: Result<Value, Failure>,
}

impl SnmpAgent {
    /// What a request is about: the power of a plug, or something else.
    pub(super) fn op(&self, pdu: &Pdu, plant: &Plant) -> Op {
        let table = &self.spec.table;
        let row = |object: &Oid| match pdu.kind {
            PduKind::Get => table.find(object),
            PduKind::GetNext | PduKind::GetBulk => Some(table.after(object)),
            _ => None,
        };
        let about_power = |object: &Oid| match row(object).and_then(|row| table.row(row)).map(|row| &row.cell)
        {
            Some(Cell::Described { object, .. }) => {
                self.spec.objects.get(*object).is_some_and(Object::tells_power)
            }
            _ => false,
        };
        if pdu.kind == PduKind::Set {
            return self.set_op(pdu, plant);
        }
        if pdu.bindings.iter().any(|binding| about_power(&binding.object)) { Op::Status } else { Op::Other }
    }

    /// The bindings of the answer; `None`: a rule swallows it.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one request, used once")]
    pub(super) fn answer(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        op: Op,
        pdu: &Pdu,
        max_size: usize,
        context: &mut Context<'_>,
        outcome: &mut Outcome,
    ) -> Option<Vec<Said>> {
        if pdu.kind == PduKind::Set {
            return self.write(now, spec, asker, op, pdu, context, outcome);
        }
        let mut said = self.read(now, spec, asker, pdu, max_size, context.plant);
        if !spec.rules.is_empty() && !self.obey(now, spec, op, pdu, &mut said, context, outcome) {
            return None;
        }
        for lie in control::lies(now, op, context, &mut outcome.effect) {
            self.tell(spec, &lie, context.plant, &mut said);
        }
        Some(said)
    }

    fn read(
        &self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        pdu: &Pdu,
        max_size: usize,
        plant: &Plant,
    ) -> Vec<Said> {
        let asked = pdu.bindings.iter().map(|binding| &binding.object);
        match pdu.kind {
            PduKind::Get => asked.map(|object| self.get(now, spec, asker, object, plant)).collect(),
            PduKind::GetNext => asked
                .map(|object| {
                    let from = spec.table.after(object);
                    self.step(now, spec, asker, object, from, plant)
                })
                .collect(),
            PduKind::GetBulk => self.bulk(now, spec, asker, pdu, max_size, plant),
            _ => Vec::new(),
        }
    }

    fn get(&self, now: Duration, spec: &SnmpFace, asker: Asker<'_>, object: &Oid, plant: &Plant) -> Said {
        let row = spec.table.find(object).filter(|row| is_seen(&spec.table, *row, asker));
        let value = row.and_then(|row| self.value(now, row, plant));
        let value = value.ok_or_else(|| missing(spec, object));
        Said { object: object.clone(), row, value }
    }

    /// The next instance that there is for the asker, from a row on.
    fn step(
        &self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        object: &Oid,
        from: usize,
        plant: &Plant,
    ) -> Said {
        let found = next_seen(&spec.table, from, asker).and_then(|index| {
            let row = spec.table.row(index)?;
            Some((index, row.oid.clone(), self.value(now, index, plant)?))
        });
        match found {
            Some((index, object, value)) => Said { object, row: Some(index), value: Ok(value) },
            None => Said { object: object.clone(), row: None, value: Err(Failure::EndOfMibView) },
        }
    }

    fn bulk(
        &self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        pdu: &Pdu,
        max_size: usize,
        plant: &Plant,
    ) -> Vec<Said> {
        let once = pdu.non_repeaters().min(pdu.bindings.len());
        let (once, repeated) = pdu.bindings.split_at(once);
        let mut said: Vec<Said> = once
            .iter()
            .map(|binding| {
                let from = spec.table.after(&binding.object);
                self.step(now, spec, asker, &binding.object, from, plant)
            })
            .collect();
        let mut size: usize = said.iter().map(least_size).sum();
        // Where each column stands: its last name and the row to go on from.
        let mut columns: Vec<(Oid, usize)> = repeated
            .iter()
            .map(|binding| (binding.object.clone(), spec.table.after(&binding.object)))
            .collect();
        for _ in 0..pdu.max_repetitions() {
            let mut is_end = true;
            for (name, from) in &mut columns {
                let next = self.step(now, spec, asker, name, *from, plant);
                size += least_size(&next);
                is_end &= next.row.is_none();
                *from = next.row.map_or(spec.table.rows().len(), |row| row + 1);
                name.clone_from(&next.object);
                said.push(next);
            }
            // More than fits is cut by the wire; the answer ends with the first line that is all ends.
            if is_end || size > max_size {
                break;
            }
        }
        said
    }
}

/// What stands in a row: what was written, what the plant says, or what is described.
pub(super) fn value(
    spec: &SnmpFace,
    written: &HashMap<usize, Value>,
    started: Duration,
    now: Duration,
    index: usize,
    plant: &Plant,
) -> Option<Value> {
    let row = spec.table.row(index)?;
    Some(match &row.cell {
        Cell::Recorded => row.value.clone(),
        Cell::UpTime => Value::TimeTicks(ticks(now.saturating_sub(started))),
        Cell::Described { object, plugs, .. } => {
            match spec.objects.get(*object).map(|object| &object.content) {
                Some(Content::Power(shows)) => {
                    let plug = plugs.first().copied().unwrap_or_default();
                    code(shows, plant, plug)
                }
                Some(Content::Each(each)) => {
                    let powers = plugs.iter().map(|plug| power(plant, *plug));
                    Value::OctetString(each.text(powers).into_bytes())
                }
                Some(Content::Fixed) | None => written.get(&index).unwrap_or(&row.value).clone(),
            }
        }
    })
}

/// What would stand there if this were the power of each plug (by index), for what shows power.
pub(super) fn value_if(
    spec: &SnmpFace,
    index: usize,
    power_of: impl Fn(usize) -> Option<Power>,
) -> Option<Value> {
    let Cell::Described { object, plugs, .. } = &spec.table.row(index)?.cell else { return None };
    match &spec.objects.get(*object)?.content {
        Content::Power(shows) => {
            let power = power_of(*plugs.first()?)?;
            Some(if power == Power::On { shows.on.clone() } else { shows.off.clone() })
        }
        Content::Each(each) => {
            let powers: Option<Vec<Power>> = plugs.iter().map(|plug| power_of(*plug)).collect();
            Some(Value::OctetString(each.text(powers?.into_iter()).into_bytes()))
        }
        Content::Fixed => None,
    }
}

/// This number in place of the codes, for what shows power: in the object's type, and in a string for each plug.
pub(super) fn number_in_place(spec: &SnmpFace, index: usize, number: i64) -> Option<Value> {
    let Cell::Described { object, plugs, .. } = &spec.table.row(index)?.cell else { return None };
    let object = spec.objects.get(*object)?;
    match &object.content {
        Content::Power(_) => Some(object.kind.of_number(number)),
        Content::Each(each) => {
            let elements = vec![number.to_string(); plugs.len()];
            Some(Value::OctetString(elements.join(&each.separator).into_bytes()))
        }
        Content::Fixed => None,
    }
}

fn ticks(time: Duration) -> u32 {
    // It wraps after 497 days (RFC 2578 §7.1.8).
    u32::try_from((time.as_millis() / 10) & u128::from(u32::MAX)).unwrap_or_default()
}

pub(super) fn power(plant: &Plant, plug: usize) -> Power {
    plant.plugs().get(plug).map_or(Power::Off, crate::plant::Plug::power)
}

fn code(shows: &Shows, plant: &Plant, plug: usize) -> Value {
    let turning = |code: &Option<Value>| {
        let turns = plant.plugs().get(plug).is_some_and(crate::plant::Plug::is_turning);
        code.clone().filter(|_| turns)
    };
    match power(plant, plug) {
        Power::On => turning(&shows.turning_off).unwrap_or_else(|| shows.on.clone()),
        Power::Off => turning(&shows.turning_on).unwrap_or_else(|| shows.off.clone()),
    }
}

/// The failure of an instance that is not there.
pub(super) fn missing(spec: &SnmpFace, object: &Oid) -> Failure {
    spec.errors.no_such.unwrap_or_else(|| {
        if spec.table.has_object_of(object) { Failure::NoSuchInstance } else { Failure::NoSuchObject }
    })
}

/// Whether a row is there for the asker. v1 knows no Counter64 (RFC 3584 §4.2.2.1).
pub(super) fn is_seen(table: &Table, row: usize, asker: Asker<'_>) -> bool {
    let Some(row) = table.row(row) else { return false };
    let is_known = asker.version != Version::V1 || !matches!(row.value, Value::Counter64(_));
    is_known && asker.access.sees(&row.oid)
}

/// The first row from `from` on that is there for the asker. Subtrees that are not there are leapt over.
fn next_seen(table: &Table, mut from: usize, asker: Asker<'_>) -> Option<usize> {
    loop {
        let row = table.row(from)?;
        if is_seen(table, from, asker) {
            return Some(from);
        }
        from = match leap(asker.access, &row.oid) {
            Leap::Step => from + 1,
            Leap::To(oid) => table.rows().partition_point(|row| row.oid < oid).max(from + 1),
            Leap::End => return None,
        };
    }
}

enum Leap {
    /// To the next row.
    Step,
    /// To the first row that is not before this.
    To(Oid),
    /// There is nothing more.
    End,
}

fn leap(access: &Access, oid: &Oid) -> Leap {
    if let Some(hidden) = access.hides.iter().find(|subtree| oid.starts_with(subtree)) {
        // The first identifier behind a subtree is that with its last arc counted up.
        let mut arcs = hidden.as_arcs().to_vec();
        while let Some(last) = arcs.pop() {
            if let Some(next) = last.checked_add(1) {
                arcs.push(next);
                return Leap::To(Oid::from(arcs));
            }
        }
        return Leap::End;
    }
    if access.view.is_empty() || access.view.iter().any(|subtree| oid.starts_with(subtree)) {
        return Leap::Step;
    }
    let ahead = access.view.iter().filter(|subtree| *subtree > oid).min();
    ahead.map_or(Leap::End, |subtree| Leap::To(subtree.clone()))
}

/// Bytes of a binding, at least.
fn least_size(said: &Said) -> usize {
    let value = match &said.value {
        Ok(Value::OctetString(octets) | Value::Opaque(octets)) => octets.len(),
        Ok(Value::ObjectId(object)) => object.as_arcs().len(),
        _ => 0,
    };
    said.object.as_arcs().len() + value + 5
}
