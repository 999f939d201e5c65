//! Other objects that show the same power: tables of other MIBs, read-backs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fencelab_wire::snmp::Oid;

use super::ShownByPlug;
use super::columns::Naming;
use super::found::{Control, Plug, Spot, Status};
use super::index::{Arc, Template};
use super::read::{Field, Read, code};
use super::status::is_state;
use crate::learn::note::{Certainty, Note};
use crate::learn::story::Place;
use crate::plant::Power;

/// A snapshot of fewer rows of each power could be chance.
const ROWS_MIN: usize = 2;

/// All columns besides the first that show the power of every plug.
pub(in crate::learn) fn mirrors(
    read: &Read,
    naming: &Naming,
    shown: &ShownByPlug,
    status: &Status,
    control: &Control,
    plugs: &[Plug],
    notes: &mut Vec<Note>,
) -> Vec<Status> {
    if let Some(plug) = &status.only {
        return of_one(read, shown, status, plug, notes);
    }
    let template = &status.spot.template;
    let place = template.first_place().filter(|_| !status.spot.parted);
    let Some((prefix, index)) = place.and_then(|at| template.arcs.split_at_checked(at)) else {
        return Vec::new();
    };
    let fixed: Vec<(usize, u32)> =
        index.iter().enumerate().filter_map(|(at, arc)| Some((at, arc.fixed()?))).collect();
    let own: Vec<u32> = prefix.iter().filter_map(|arc| arc.fixed()).collect();
    let mut spots: Vec<Spot> = read
        .table
        .columns(index.len(), &fixed)
        .into_iter()
        .filter(|column| column.prefix != own)
        .map(|column| {
            let arcs = column.prefix.iter().copied().map(Arc::Fixed).chain(index.iter().copied()).collect();
            Spot { template: Template { arcs }, parted: false }
        })
        .collect();
    // The object that takes orders may count its rows in another way.
    if !control.spot.parted && control.spot != status.spot && !spots.contains(&control.spot) {
        spots.push(control.spot.clone());
    }
    let mut mirrors = Vec::new();
    for spot in spots {
        let Some(mirror) = mirror(read, naming, shown, plugs, spot) else { continue };
        let mut text = format!(
            "{} shows {} while on and {} while off, too",
            mirror.spot.template.text(false),
            mirror.on,
            mirror.off
        );
        if !mirror.doubt.is_empty() {
            text = format!("{text}: {}", mirror.doubt);
        }
        notes.push(Note::new(mirror.certainty, "status", text).seen(&mirror.places));
        mirrors.push(mirror);
    }
    mirrors
}

/// Where the plug's place is not known, every other object that its actions asked for and that follows it.
fn of_one(
    read: &Read,
    shown: &ShownByPlug,
    status: &Status,
    plug: &str,
    notes: &mut Vec<Note>,
) -> Vec<Status> {
    let mut others = Vec::new();
    for (field, values) in shown.get(plug).into_iter().flatten() {
        let arcs: Vec<Arc> = super::columns::arcs(field).into_iter().map(Arc::Fixed).collect();
        let follows =
            values.follows().filter(|follows| values.asked && follows.told && is_state(read, field));
        let Some(follows) = follows.filter(|_| field.part.is_none() && arcs != status.spot.template.arcs)
        else {
            continue;
        };
        let (Some((on, a)), Some((off, b))) = (follows.on.first_key_value(), follows.off.first_key_value())
        else {
            continue;
        };
        let text = format!("{} shows {on} while on and {off} while off, too", field.object);
        notes.push(Note::new(Certainty::Certain, "status", text).seen([a, b]));
        others.push(Status {
            spot: Spot { template: Template { arcs }, parted: false },
            on: on.clone(),
            off: off.clone(),
            also: vec![],
            certainty: Certainty::Certain,
            doubt: String::new(),
            places: vec![a.clone(), b.clone()],
            only: status.only.clone(),
        });
    }
    others
}

fn mirror(read: &Read, naming: &Naming, shown: &ShownByPlug, plugs: &[Plug], spot: Spot) -> Option<Status> {
    let field = |numbers: &[u32]| spot.field(numbers).filter(|field| is_state(read, field));
    let fields: Vec<(&Plug, Field)> =
        plugs.iter().filter_map(|plug| Some((plug, field(&plug.numbers)?))).collect();
    if fields.len() < plugs.len() {
        return None;
    }
    // What the recorded actions say.
    let mut codes: Option<(String, String)> = None;
    let mut places: Vec<Place> = Vec::new();
    for (plug, values) in shown {
        let Some(values) = field(&naming.numbers(plug)).and_then(|field| values.get(&field)) else {
            continue;
        };
        if values.on.is_empty() || values.off.is_empty() {
            continue;
        }
        let follows = values
            .follows()
            .filter(|follows| follows.told && follows.on.len() == 1 && follows.off.len() == 1)?;
        let ((on, a), (off, b)) = (follows.on.first_key_value()?, follows.off.first_key_value()?);
        if codes.as_ref().is_some_and(|codes| *codes != (on.clone(), off.clone())) {
            return None;
        }
        codes = Some((on.clone(), off.clone()));
        places.extend([a.clone(), b.clone()]);
    }
    // What all rows of the first look say.
    let mut rows: HashMap<Power, BTreeMap<String, usize>> = HashMap::new();
    for (plug, field) in fields.iter().filter(|(plug, _)| plug.power_told) {
        let seen = read.table.objects.get(&field.object)?;
        *rows.entry(plug.power).or_default().entry(code(&seen.first)).or_default() += 1;
        places.push(seen.place.clone());
    }
    let only = |power: Power| {
        let values = rows.get(&power)?;
        values.first_key_value().filter(|_| values.len() == 1).map(|(value, count)| (value.clone(), *count))
    };
    let agrees = |power: Power, value: &String| {
        rows.get(&power).is_none_or(|values| values.keys().all(|found| found == value))
    };
    let (on, off, certainty, doubt) = match codes {
        Some((on, off)) if agrees(Power::On, &on) && agrees(Power::Off, &off) => {
            (on, off, Certainty::Certain, String::new())
        }
        Some(_) => return None,
        None => match (only(Power::On), only(Power::Off)) {
            (Some((on, many)), Some((off, few))) if on != off && many >= ROWS_MIN && few >= ROWS_MIN => {
                let doubt = format!(
                    "never looked at after an order, but it agrees in {many} rows that are on and {few} that are off"
                );
                (on, off, Certainty::Likely, doubt)
            }
            _ => return None,
        },
    };
    Some(Status { spot, on, off, also: vec![], certainty, doubt, places, only: None })
}

/// What else changed, and is in no column of plugs.
pub(in crate::learn) fn unexplained(
    shown: &ShownByPlug,
    status: &[Status],
    control: &Control,
    plugs: &[Plug],
    read: &Read,
    notes: &mut Vec<Note>,
) {
    let spots = || status.iter().map(|status| &status.spot).chain([&control.spot]);
    let described: BTreeSet<Oid> = plugs
        .iter()
        .flat_map(|plug| spots().filter_map(|spot| Some(spot.field(&plug.numbers)?.object)))
        .chain(read.written.keys().cloned())
        .collect();
    let follows = |field: &Field| {
        let (plug, values) = shown.iter().find_map(|(plug, fields)| {
            Some((plug, fields.get(field)?.follows().filter(|follows| follows.told)?))
        })?;
        let of = |codes: &BTreeMap<String, Place>| codes.keys().cloned().collect::<Vec<_>>().join("/");
        Some(format!(" ({} while {plug} is on, {} while off)", of(&values.on), of(&values.off)))
    };
    let mut changed = Vec::new();
    for (object, seen) in &read.table.objects {
        let field = Field { object: object.clone(), part: None };
        if seen.changed && !seen.drifted && !described.contains(object) && is_state(read, &field) {
            changed.push((format!("{object}{}", follows(&field).unwrap_or_default()), &seen.place));
        }
    }
    if changed.is_empty() {
        return;
    }
    let some: Vec<&str> = changed.iter().take(4).map(|(what, _)| what.as_str()).collect();
    let more = changed.len().saturating_sub(some.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text =
        format!("changed by no rule that was found, and stay as first recorded: {}{more}", some.join(", "));
    notes.push(Note::new(Certainty::Unknown, "objects", text).seen(changed.iter().map(|(_, place)| *place)));
}
