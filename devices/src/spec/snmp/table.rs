//! Every instance that a device has, in the order of a walk. Immutable and shared by all devices of a description; what
//! changes stands in each device's own overlay.

use fencelab_wire::snmp::{Oid, Value};

/// All instances, in lexicographic order.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// The subtrees of described objects, in order: an instance that is not there may still be of an object that is.
    prefixes: Vec<Oid>,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its identifier.
    pub oid: Oid,
    /// What stands there where nothing else decides.
    pub value: Value,
    /// What decides.
    pub cell: Cell,
}

/// What decides the value of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cell {
    /// It stays as it is.
    Recorded,
    /// sysUpTime: hundredths of a second since the agent started (RFC 3418).
    UpTime,
    /// A described object.
    Described {
        /// Its index.
        object: usize,
        /// The plugs that it is about, by index; none: it is about the whole device.
        plugs: Box<[usize]>,
        /// Its name with the instance, for the log.
        label: Box<str>,
    },
}

impl Table {
    /// Of rows in any order; of several with the same identifier the first stays.
    pub(crate) fn new(mut rows: Vec<Row>, mut prefixes: Vec<Oid>) -> Self {
        rows.sort_by(|a, b| a.oid.cmp(&b.oid));
        rows.dedup_by(|later, earlier| later.oid == earlier.oid);
        rows.shrink_to_fit();
        prefixes.sort();
        prefixes.dedup();
        Self { rows, prefixes }
    }

    /// All of them.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row at an index.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index)
    }

    /// The index of this very instance.
    #[must_use]
    pub fn find(&self, oid: &Oid) -> Option<usize> {
        self.rows.binary_search_by(|row| row.oid.cmp(oid)).ok()
    }

    /// The index of the first instance after `oid`; the number of rows if there is none.
    #[must_use]
    pub fn after(&self, oid: &Oid) -> usize {
        match self.rows.binary_search_by(|row| row.oid.cmp(oid)) {
            Ok(index) => index + 1,
            Err(index) => index,
        }
    }

    /// Whether there is an object type of which `oid` would be an instance (RFC 3416 §4.2.1: noSuchInstance, not
    /// noSuchObject): a described one, or one of which the table has another instance.
    #[must_use]
    pub fn has_object_of(&self, oid: &Oid) -> bool {
        let arcs = oid.as_arcs();
        // The prefix that `oid` stands under, if any, is among those before it.
        let before = self.prefixes.partition_point(|prefix| prefix <= oid);
        let described = self.prefixes.get(..before).unwrap_or_default().iter().rev();
        if described
            .take_while(|prefix| prefix.as_arcs().first() == arcs.first())
            .any(|prefix| oid.starts_with(prefix))
        {
            return true;
        }
        let Some((_, parent)) = arcs.split_last() else { return false };
        // The object itself, without an instance.
        let next = self.rows.get(self.after(oid));
        if next.is_some_and(|row| row.oid.starts_with(oid) && row.oid.as_arcs().len() == arcs.len() + 1) {
            return true;
        }
        // Another instance of the same column.
        let mut place = self.after(&Oid::from(parent));
        while let Some(row) = self.rows.get(place) {
            let Some(below) = row.oid.as_arcs().strip_prefix(parent) else { return false };
            match below {
                [_] => return true,
                [first, ..] => {
                    // A deeper subtree: on behind it.
                    let Some(next) = first.checked_add(1) else { return false };
                    let behind = Oid::from([parent, &[next]].concat());
                    place = self.rows.partition_point(|row| row.oid < behind);
                }
                [] => place += 1,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(oids: &[&str], prefixes: &[&str]) -> Table {
        let oid = |text: &&str| text.parse::<Oid>().unwrap();
        let rows = oids
            .iter()
            .map(|text| Row { oid: oid(text), value: Value::Null, cell: Cell::Recorded })
            .collect();
        Table::new(rows, prefixes.iter().map(oid).collect())
    }

    #[test]
    fn finds_and_steps() {
        let table = table(&["1.3.10", "1.3.2", "1.3.2.1", "1.3.2"], &[]);
        assert_eq!(table.rows().len(), 3);
        let at = |text: &str| table.after(&text.parse().unwrap());
        assert_eq!((at("1.3"), at("1.3.2"), at("1.3.2.1"), at("1.3.3"), at("1.3.10")), (0, 1, 2, 2, 3));
        assert_eq!(table.find(&"1.3.10".parse().unwrap()), Some(2));
        assert_eq!(table.find(&"1.3.9".parse().unwrap()), None);
    }

    #[test]
    fn knows_objects_from_instances() {
        let table = table(&["1.3.1.1.0", "1.3.1.2.0", "1.3.2.1.5", "1.3.2.1.7", "1.3.2.2.1.1"], &["1.3.9.4"]);
        for (text, instance) in [
            ("1.3.1.1.1", true),
            ("1.3.1.1", true),
            ("1.3.1.3.0", false),
            ("1.3.1.3", false),
            ("1.3.2.1.6", true),
            ("1.3.2.3.6", false),
            ("1.3.9.4.7", true),
            ("1.3.9.4.7.8", true),
            ("1.3.9.5", false),
            ("1.4", false),
        ] {
            assert_eq!(table.has_object_of(&text.parse().unwrap()), instance, "{text}");
        }
    }
}
