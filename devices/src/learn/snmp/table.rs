//! Every object that was seen, with its first value, and the columns in which objects stand.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::{Oid, Value};

use crate::learn::story::Place;

/// The arcs up to and with the enterprise's number (1.3.6.1.4.1.N): columns that share no more have nothing in common.
const ENTERPRISE: usize = 7;

/// All objects that were seen.
#[derive(Clone, Debug, Default)]
pub(in crate::learn) struct Table {
    pub(in crate::learn) objects: BTreeMap<Oid, Seen>,
}

/// One object.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Seen {
    /// Its first value.
    pub(in crate::learn) first: Value,
    pub(in crate::learn) place: Place,
    /// It had other values later.
    pub(in crate::learn) changed: bool,
    /// It had another value although no order was given in between.
    pub(in crate::learn) restless: bool,
    /// A later recording began with another value.
    pub(in crate::learn) drifted: bool,
}

/// Objects that differ only in their index: all have the prefix and so many arcs behind it.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Column {
    pub(in crate::learn) prefix: Vec<u32>,
    pub(in crate::learn) tails: BTreeSet<Vec<u32>>,
}

impl Table {
    /// The numbers that stand in place `at` of an object like `arcs`, everything to its right being the same: of the column
    /// that stands nearest to it.
    pub(in crate::learn) fn siblings(&self, arcs: &[u32], at: usize) -> BTreeSet<u32> {
        let (Some(own), Some(rest)) = (arcs.get(at), arcs.get(at + 1..)) else { return BTreeSet::new() };
        let mut groups: BTreeMap<&[u32], BTreeSet<u32>> = BTreeMap::new();
        for object in self.objects.keys() {
            let object = object.as_arcs();
            let Some(place) = object.len().checked_sub(rest.len() + 1) else { continue };
            if let (Some(prefix), Some(number), true) =
                (object.get(..place), object.get(place), object.get(place + 1..) == Some(rest))
            {
                groups.entry(prefix).or_default().insert(*number);
            }
        }
        let near = |prefix: &[u32]| common(prefix, arcs);
        groups
            .into_iter()
            .filter(|(prefix, numbers)| numbers.contains(own) && near(prefix) >= ENTERPRISE.min(at))
            .max_by_key(|(prefix, numbers)| (numbers.len() > 1, near(prefix), numbers.len()))
            .map(|(_, numbers)| numbers)
            .unwrap_or_default()
    }

    /// The columns whose index has `length` arcs of which those in `fixed` are given (counted from the first arc of the
    /// index), with all their rows.
    pub(in crate::learn) fn columns(&self, length: usize, fixed: &[(usize, u32)]) -> Vec<Column> {
        let mut columns: BTreeMap<&[u32], BTreeSet<Vec<u32>>> = BTreeMap::new();
        for object in self.objects.keys() {
            let arcs = object.as_arcs();
            let Some((prefix, tail)) =
                arcs.len().checked_sub(length).and_then(|at| arcs.split_at_checked(at))
            else {
                continue;
            };
            if prefix.len() >= ENTERPRISE && fixed.iter().all(|(at, number)| tail.get(*at) == Some(number)) {
                columns.entry(prefix).or_default().insert(tail.to_vec());
            }
        }
        columns.into_iter().map(|(prefix, tails)| Column { prefix: prefix.to_vec(), tails }).collect()
    }

    /// The column of texts (one arc of index) that holds all of these values.
    pub(in crate::learn) fn column_of_texts(
        &self,
        wanted: &BTreeSet<&str>,
    ) -> Option<BTreeMap<String, Vec<u32>>> {
        let mut columns: BTreeMap<&[u32], BTreeMap<String, Vec<u32>>> = BTreeMap::new();
        for (object, seen) in &self.objects {
            let (Value::OctetString(bytes), Some((_, prefix))) = (&seen.first, object.as_arcs().split_last())
            else {
                continue;
            };
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            // Of two rows with one name, agents take the first or the last; neither is told.
            columns
                .entry(prefix)
                .or_default()
                .entry(text.to_owned())
                .or_insert_with(|| object.as_arcs().to_vec());
        }
        let whole = |texts: &BTreeMap<String, Vec<u32>>| wanted.iter().all(|name| texts.contains_key(*name));
        columns.into_values().find(|texts| texts.len() > 1 && whole(texts))
    }
}

/// How many arcs two objects share from the left.
pub(in crate::learn) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
