//! Which plugs there are: those of the recordings, and the other rows of their table.

use std::collections::{BTreeMap, BTreeSet};

use super::ShownByPlug;
use super::columns::Naming;
use super::found::{Plug, Status};
use super::index::{Arc, Name};
use super::parts;
use super::read::{Field, Read, code};
use super::table::common;
use crate::learn::note::{Certainty, Note};
use crate::learn::story::Place;
use crate::plant::Power;

/// A table with more rows is none of plugs.
const PLUGS_MAX: usize = 4096;

/// Rows of one column, as the numbers of the plugs that they are about.
struct Rows {
    /// Where they were seen, in words.
    column: String,
    /// The column of the status object itself.
    own: bool,
    /// How much the column shares with it.
    near: usize,
    numbers: BTreeSet<Vec<u32>>,
}

/// Status values of rows that are no plugs.
pub(in crate::learn) type NoPlugs = Vec<(String, Place)>;

/// All plugs, in the order of their numbers, and values of rows that are none.
pub(in crate::learn) fn plugs(
    read: &Read,
    naming: &Naming,
    status: &Status,
    shown: &ShownByPlug,
    notes: &mut Vec<Note>,
) -> (Vec<Plug>, NoPlugs) {
    let known = || shown.iter().filter(|(plug, _)| status.only.as_ref().is_none_or(|only| only == *plug));
    let shape = shape(known().map(|(plug, _)| naming.canonical(plug)));
    let mut numbers: BTreeMap<Vec<u32>, String> = BTreeMap::new();
    for (plug, fields) in known() {
        let (name, own) = (naming.canonical(plug), naming.numbers(plug));
        // Another object than its own was asked for: it is no plug of this kind, or none at all.
        let asked: Vec<&Field> =
            fields.iter().filter(|(_, values)| values.asked).map(|(field, _)| field).collect();
        let whole = own.len() == shape.numbers.len() && Name::of(&name).with(&own) == name;
        let (certainty, text) = match status.spot.field(&own).filter(|_| whole) {
            Some(field) if asked.is_empty() || asked.contains(&&field) => {
                let called = shape.with(&own);
                numbers.insert(own, called.clone());
                if called == name {
                    continue;
                }
                (Certainty::Likely, format!("{plug:?} stands where {called} would, and is called so"))
            }
            _ => (
                Certainty::Unknown,
                format!("{plug:?} was acted on, but not where plugs stand; it is not among them"),
            ),
        };
        notes.push(Note::new(certainty, "plugs", text));
    }
    let mut all = numbers.clone();
    if status.only.is_none() {
        let rows = best(read, naming, status, &numbers);
        match &rows {
            Some(rows) => {
                let text = format!("{} rows of {}", rows.numbers.len(), rows.column);
                notes.push(Note::new(status.certainty, "plugs", text));
            }
            None => {
                let text = format!(
                    "only {} recorded; record a list, or a walk of the whole table, to learn of the others",
                    if numbers.len() == 1 { "one plug was" } else { "these plugs were" }
                );
                notes.push(Note::new(Certainty::Unknown, "plugs", text));
            }
        }
        if let Some(rows) = rows {
            for row in rows.numbers {
                let name = shape.with(&row);
                all.entry(row).or_insert(name);
            }
        }
    }
    let mut absent: BTreeMap<String, (usize, Place)> = BTreeMap::new();
    let plug = |(row, name): (Vec<u32>, String)| {
        let first = status.spot.field(&row).and_then(|field| first(read, &field));
        // A row that shows neither on nor off is no plug, unless it was acted on: an outlet that is not there, say.
        if let Some((shown, place)) = first
            && status.reads(&shown).is_none()
            && !numbers.contains_key(&row)
        {
            absent.entry(shown).or_insert((0, place)).0 += 1;
            return None;
        }
        Some(Plug { name, numbers: row, power: Power::On, power_told: false })
    };
    let plugs = all.into_iter().filter_map(plug).collect();
    for (shown, (count, place)) in &absent {
        let text =
            format!("{count} rows show {shown}, which is neither on nor off; they are not taken for plugs");
        notes.push(Note::new(Certainty::Unknown, "plugs", text).seen([place]));
    }
    (plugs, absent.into_iter().map(|(shown, (_, place))| (shown, place)).collect())
}

/// How the plugs are called: plainly if any is, else as most of them are.
fn shape(names: impl Iterator<Item = String>) -> Name {
    let mut shapes: BTreeMap<Vec<String>, (usize, Name)> = BTreeMap::new();
    for name in names.map(|name| Name::of(&name)) {
        shapes.entry(name.around.clone()).or_insert((0, name)).0 += 1;
    }
    let best = shapes.into_values().max_by_key(|(count, name)| (name.is_plain(), *count));
    best.map_or_else(|| Name::of(""), |(_, name)| name)
}

/// The first value of a field.
pub(in crate::learn) fn first(read: &Read, field: &super::read::Field) -> Option<(String, Place)> {
    let seen = read.table.objects.get(&field.object)?;
    let value = match field.part {
        None => code(&seen.first),
        Some(part) => parts::split(&seen.first)?.parts.get(usize::try_from(part).ok()?)?.clone(),
    };
    Some((value, seen.place.clone()))
}

/// The column that tells which plugs there are: the status object's own if it was walked, else its nearest neighbour.
fn best(read: &Read, naming: &Naming, status: &Status, known: &BTreeMap<Vec<u32>, String>) -> Option<Rows> {
    if let Some(named) = by_name(read, naming, status, known) {
        return Some(named);
    }
    let mut found =
        if status.spot.parted { in_texts(read, status, known) } else { in_columns(read, status, known) };
    found.retain(|rows| {
        known.keys().all(|plug| rows.numbers.contains(plug)) && rows.numbers.len() > known.len()
    });
    // Columns of one table have the same rows; of those that were not walked to their end some are missing.
    found.retain(|rows| rows.numbers.len() <= PLUGS_MAX);
    let table = status.spot.template.first_place().unwrap_or_default().saturating_sub(1);
    found.into_iter().max_by_key(|rows| (rows.near.min(table), rows.numbers.len(), rows.own))
}

/// Numbers that an identifier does not tell are the same in all plugs.
fn filled(read: Vec<Option<u32>>, known: &BTreeMap<Vec<u32>, String>) -> Option<Vec<u32>> {
    let model = known.keys().next()?;
    let number = |(k, number): (usize, Option<u32>)| number.or_else(|| model.get(k).copied());
    read.into_iter().enumerate().map(number).collect()
}

fn in_columns(read: &Read, status: &Status, known: &BTreeMap<Vec<u32>, String>) -> Vec<Rows> {
    let template = &status.spot.template;
    let count = known.keys().next().map_or(0, Vec::len);
    let Some((prefix, index)) = template.first_place().and_then(|at| template.arcs.split_at_checked(at))
    else {
        return Vec::new();
    };
    let prefix: Vec<u32> = prefix.iter().filter_map(|arc| arc.fixed()).collect();
    let fixed: Vec<(usize, u32)> =
        index.iter().enumerate().filter_map(|(at, arc)| Some((at, arc.fixed()?))).collect();
    let rows = |column: super::table::Column| {
        let whole = |tail: &Vec<u32>| template.read(&[prefix.as_slice(), tail].concat(), count);
        let numbers = column.tails.iter().filter_map(|tail| filled(whole(tail)?, known)).collect();
        Rows {
            column: fencelab_wire::snmp::Oid::from(column.prefix.as_slice()).to_string(),
            own: column.prefix == prefix,
            near: common(&column.prefix, &prefix),
            numbers,
        }
    };
    read.table.columns(index.len(), &fixed).into_iter().map(rows).collect()
}

fn in_texts(read: &Read, status: &Status, known: &BTreeMap<Vec<u32>, String>) -> Vec<Rows> {
    let template = &status.spot.template;
    let count = known.keys().next().map_or(0, Vec::len);
    let mut numbers = BTreeSet::new();
    for (object, seen) in &read.table.objects {
        let Some(list) = parts::split(&seen.first) else { continue };
        for (part, _) in (0..).zip(&list.parts) {
            let arcs: Vec<u32> = object.as_arcs().iter().copied().chain([part]).collect();
            numbers.extend(template.read(&arcs, count).and_then(|read| filled(read, known)));
        }
    }
    let object = Arc::text_of(template.arcs.split_last().map_or(&[][..], |(_, arcs)| arcs));
    vec![Rows { column: format!("the text in {object}"), own: true, near: 0, numbers }]
}

/// Plugs whose names stand in the table: all rows of that column that are named alike.
fn by_name(
    read: &Read,
    naming: &Naming,
    status: &Status,
    known: &BTreeMap<Vec<u32>, String>,
) -> Option<Rows> {
    let wordy: BTreeSet<&str> =
        known.values().map(String::as_str).filter(|name| !Name::of(name).is_plain()).collect();
    if *naming != Naming::Numbers || wordy.is_empty() || wordy.len() != known.len() {
        return None;
    }
    let rows = read.table.column_of_texts(&wordy)?;
    let (numbers, shape) = known.iter().next().map(|(numbers, name)| (numbers, Name::of(name).around))?;
    let column =
        rows.values().next().and_then(|arcs| arcs.split_last()).map(|(_, prefix)| prefix.to_vec())?;
    let names = rows.keys().map(|text| Name::of(text)).filter(|name| name.around == shape);
    // A number without a place in the object cannot be another one.
    let reachable = |name: &Name| {
        name.numbers
            .iter()
            .zip(numbers)
            .enumerate()
            .all(|(k, (a, b))| a == b || status.spot.template.places(k))
    };
    let numbers = names.filter(reachable).map(|name| name.numbers).collect();
    let column = format!("{} that are named alike", fencelab_wire::snmp::Oid::from(column));
    Some(Rows { column, own: false, near: 0, numbers })
}

/// The power of each plug when the recordings began.
pub(in crate::learn) fn powers(read: &Read, status: &Status, plugs: &mut [Plug], notes: &mut Vec<Note>) {
    let mut silent = Vec::new();
    for plug in plugs {
        let first = status.spot.field(&plug.numbers).and_then(|field| first(read, &field));
        match first.and_then(|(value, _)| status.reads(&value)) {
            Some(power) => (plug.power, plug.power_told) = (power, true),
            None => silent.push(plug.name.clone()),
        }
    }
    if !silent.is_empty() {
        let few: Vec<&str> = silent.iter().take(8).map(String::as_str).collect();
        let more = if silent.len() > few.len() { " …" } else { "" };
        let text = format!(
            "the power of {} plugs was never asked for, so they start on: {}{more}",
            silent.len(),
            few.join(", ")
        );
        notes.push(Note::new(Certainty::Unknown, "power", text));
    }
}
