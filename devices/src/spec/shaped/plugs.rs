//! Another number of plugs.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::ranges;
use crate::spec::load::Place;
use crate::spec::raw::{self, Plug, snmp::Object};
use crate::spec::text::ListOr;

/// Gives the device so many plugs, if all that it says of plugs is described: each range gets its share, the first ones one more where they don't come out even.
pub(super) fn set(raw: &mut raw::File, count: usize, place: &Place<'_>) -> Result<(), String> {
    let before = ranges(&raw.plant, place)?;
    let entries = entries(&mut raw.plant);
    let banks = entries.len();
    if entries.iter().any(|entry| entry.count.is_none()) {
        return Err("its plugs are named one by one, not as ranges `{ count = N }`".to_owned());
    }
    if count < banks {
        return Err(format!("it has {banks} banks, each with one plug at least"));
    }
    for (bank, entry) in entries.iter_mut().enumerate() {
        let share = count / banks + usize::from(bank < count % banks);
        entry.count = u16::try_from(share).ok();
    }
    let after = ranges(&raw.plant, place)?;
    let face = raw.face.get_mut();
    if let Some(console) = &face.console
        && console.plug.values().any(|column| column.get_ref().0.len() > 1)
    {
        return Err("its console names each plug by itself".to_owned());
    }
    let Some(snmp) = &mut face.snmp else {
        return if face.console.is_some() { Ok(()) } else { Err("a BMC has one plug".to_owned()) };
    };
    if !snmp.answers.is_empty() {
        return Err("it has recorded answers, which tell of the plugs that it had".to_owned());
    }
    for (before, after) in before.iter().zip(&after) {
        extend(&mut snmp.object, before, after)?;
    }
    let there: HashSet<&str> = after.iter().flatten().map(String::as_str).collect();
    for object in &mut snmp.object {
        if let Some(plugs) = &mut object.get_mut().plugs {
            plugs.retain(|plug| there.contains(plug.get_ref().as_str()));
        }
    }
    // An object that was about none but plugs that are gone is gone, too.
    snmp.object.retain(|object| object.get_ref().plugs.as_ref().is_none_or(|plugs| !plugs.is_empty()));
    Ok(())
}

fn entries(plant: &mut raw::Plant) -> &mut [Plug] {
    match plant.plugs.get_mut() {
        ListOr::List(entries) => entries,
        ListOr::Table(entry) => std::slice::from_mut(entry),
    }
}

/// Where objects with one identifier are about all plugs of a range between them, the new plugs of the range go to the one
/// with the last plug: the last bank grows.
fn extend(objects: &mut [Spanned<Object>], before: &[String], after: &[String]) -> Result<(), String> {
    let Some(more) = after.get(before.len()..).filter(|more| !more.is_empty()) else { return Ok(()) };
    let range: HashSet<&str> = before.iter().map(String::as_str).collect();
    // How many plugs of the range there are by identifier, and the object with the last one.
    let mut found: HashMap<String, (HashSet<String>, Option<usize>)> = HashMap::new();
    for (index, object) in objects.iter().enumerate() {
        let object = object.get_ref();
        for plug in object.plugs.iter().flatten().map(Spanned::get_ref) {
            if !range.contains(plug.as_str()) {
                continue;
            }
            let (plugs, last) = found.entry(object.oid.get_ref().clone()).or_default();
            plugs.insert(plug.clone());
            if before.last() == Some(plug) {
                *last = Some(index);
            }
        }
    }
    for (oid, (plugs, last)) in found {
        let last = last.filter(|_| plugs.len() == range.len()).and_then(|index| objects.get_mut(index));
        let Some(last) = last else {
            return Err(format!("{oid} is only of some plugs; what the new ones have is not described"));
        };
        let new = last.get_mut().plugs.get_or_insert_default();
        // An error about a new name is an error about the list.
        let span = new.first().map_or(0..0, Spanned::span);
        new.extend(more.iter().map(|name| Spanned::new(span.clone(), name.clone())));
    }
    Ok(())
}
