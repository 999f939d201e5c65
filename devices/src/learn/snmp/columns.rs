//! How plugs are called, and which objects of different plugs belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{self, Fit, Name, NoFit};
use super::read::Field;
use super::table::{Table, common};

/// Objects with less in common do not belong together.
const COMMON_MIN: usize = 6;

/// How the name of a plug becomes numbers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) enum Naming {
    /// The numbers in its name.
    Numbers,
    /// The names are free text; the table says which index each has.
    Index(BTreeMap<String, Vec<u32>>),
}

impl Naming {
    pub(in crate::learn) fn numbers(&self, plug: &str) -> Vec<u32> {
        match self {
            Self::Numbers => Name::of(plug).numbers,
            Self::Index(map) => map.get(plug).cloned().unwrap_or_else(|| Name::of(plug).numbers),
        }
    }

    /// How the plug is called in the description.
    pub(in crate::learn) fn canonical(&self, plug: &str) -> String {
        match self {
            Self::Index(map) if map.contains_key(plug) => {
                self.numbers(plug).iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
            }
            _ => plug.to_owned(),
        }
    }
}

/// The arcs of an object, and of the part behind it.
pub(in crate::learn) fn arcs(field: &Field) -> Vec<u32> {
    field.object.as_arcs().iter().copied().chain(field.part).collect()
}

/// Of each plug the candidate that is most like `base`.
pub(in crate::learn) fn gather(
    base: &(String, Field),
    others: &BTreeMap<String, Vec<Field>>,
) -> Vec<(String, Field)> {
    let own = arcs(&base.1);
    let mut pairs = vec![base.clone()];
    for (plug, fields) in others.iter().filter(|(plug, _)| **plug != base.0) {
        let alike = fields.iter().filter(|field| field.part.is_some() == base.1.part.is_some());
        let near = alike
            .map(|field| (common(&own, &arcs(field)), field))
            .filter(|(near, field)| arcs(field).len() == own.len() && *near >= COMMON_MIN)
            .max_by_key(|(near, _)| *near);
        pairs.extend(near.map(|(_, field)| (plug.clone(), field.clone())));
    }
    pairs
}

/// The template of plugs and their objects.
pub(in crate::learn) fn fit(naming: &Naming, pairs: &[(String, Field)], table: &Table) -> Result<Fit, NoFit> {
    let parted = pairs.first().is_some_and(|(_, field)| field.part.is_some());
    let numbered: Vec<(Vec<u32>, Vec<u32>)> =
        pairs.iter().map(|(plug, field)| (naming.numbers(plug), arcs(field))).collect();
    index::fit(&numbered, table, parted)
}

/// Finds a way to read the plugs' names under which the objects have a template.
pub(in crate::learn) fn name(pairs: &[(String, Field)], table: &Table) -> Result<(Naming, Fit), NoFit> {
    let wordy: BTreeSet<&str> =
        pairs.iter().map(|(plug, _)| plug.as_str()).filter(|plug| !Name::of(plug).is_plain()).collect();
    let listed = (!wordy.is_empty()).then(|| table.column_of_texts(&wordy)).flatten();
    let plain = || fit(&Naming::Numbers, pairs, table).map(|fit| (Naming::Numbers, fit));
    let Some(rows) = listed else { return plain() };
    let index = |plug: &str| rows.get(plug).and_then(|arcs| arcs.last()).copied();
    let ends = |(plug, field): &(String, Field)| match index(plug) {
        Some(index) => field.part.is_none() && field.object.as_arcs().last() == Some(&index),
        None => Name::of(plug).is_plain(),
    };
    if !pairs.iter().all(ends) {
        return plain();
    }
    // All rows that are named alike, each with the object that it would have.
    let all_wordy = wordy.len() == pairs.len();
    if let (Some((plug, field)), true) = (pairs.first(), all_wordy) {
        let shape = Name::of(plug).around;
        let prefix = field.object.as_arcs().split_last().map_or(&[][..], |(_, prefix)| prefix);
        let alike: Vec<(Vec<u32>, Vec<u32>)> = rows
            .iter()
            .map(|(text, arcs)| (Name::of(text), arcs))
            .filter(|(name, _)| name.around == shape && !name.numbers.is_empty())
            .filter_map(|(name, arcs)| Some((name.numbers, [prefix, &[*arcs.last()?]].concat())))
            .collect();
        if alike.len() > 1
            && let Ok(mut fit) = index::fit(&alike, table, false)
        {
            // These are all there are: a number that is the same in all of them needs no place.
            fit.doubts.clear();
            return Ok((Naming::Numbers, fit));
        }
    }
    let map = pairs.iter().filter_map(|(plug, _)| Some((plug.clone(), vec![index(plug)?])));
    let naming = Naming::Index(map.collect());
    fit(&naming, pairs, table).map(|fit| (naming, fit))
}
