//! Where a plug stands in the objects that are about it, and with what arithmetic.

use std::fmt::Write as _;

use super::table::Table;

/// One arc of an object's identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::learn) enum Arc {
    Fixed(u32),
    /// The `k`-th number in the plug's name (from 0), and what is added to it.
    Number {
        k: usize,
        offset: i64,
    },
}

/// An identifier with places for the plug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) struct Template {
    pub(in crate::learn) arcs: Vec<Arc>,
}

/// A template, and what speaks against it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) struct Fit {
    pub(in crate::learn) template: Template,
    /// More than one plug shows the same; so nothing is assumed.
    pub(in crate::learn) certain: bool,
    pub(in crate::learn) doubts: Vec<String>,
}

/// Why there is no template, in words.
pub(in crate::learn) type NoFit = String;

/// A plug's name: its numbers and the text around them.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::learn) struct Name {
    pub(in crate::learn) numbers: Vec<u32>,
    /// One more than the numbers.
    pub(in crate::learn) around: Vec<String>,
    /// How many digits a number is written with, at least.
    widths: Vec<usize>,
}

impl Name {
    /// Takes a name apart as the placeholders of `device.toml` do: every run of digits is a number.
    pub(in crate::learn) fn of(name: &str) -> Self {
        let (mut numbers, mut around, mut widths) = (Vec::new(), vec![String::new()], Vec::new());
        let mut digits = String::new();
        for c in name.chars().map(Some).chain([None]) {
            if let Some(digit) = c.filter(char::is_ascii_digit) {
                digits.push(digit);
                continue;
            }
            if !digits.is_empty() {
                numbers.push(digits.parse().unwrap_or(u32::MAX));
                widths.push(if digits.starts_with('0') { digits.len() } else { 1 });
                around.push(String::new());
                digits.clear();
            }
            if let (Some(text), Some(c)) = (around.last_mut(), c) {
                text.push(c);
            }
        }
        Self { numbers, around, widths }
    }

    /// Only numbers and separators: what stands for an index itself.
    pub(in crate::learn) fn is_plain(&self) -> bool {
        !self.numbers.is_empty() && self.around.iter().all(|text| !text.chars().any(char::is_alphanumeric))
    }

    /// The same with other numbers.
    pub(in crate::learn) fn with(&self, numbers: &[u32]) -> String {
        let mut name = self.around.first().cloned().unwrap_or_default();
        for ((number, text), width) in numbers.iter().zip(self.around.iter().skip(1)).zip(&self.widths) {
            let _ = write!(name, "{number:0width$}{text}");
        }
        name
    }
}

impl Template {
    /// The identifier of a plug with these numbers.
    pub(in crate::learn) fn instance(&self, numbers: &[u32]) -> Option<Vec<u32>> {
        self.arcs.iter().map(|arc| arc.of(numbers)).collect()
    }

    /// The numbers that an identifier tells; those it does not tell are `None`.
    pub(in crate::learn) fn read(&self, arcs: &[u32], count: usize) -> Option<Vec<Option<u32>>> {
        if arcs.len() != self.arcs.len() {
            return None;
        }
        let mut numbers = vec![None; count];
        for (arc, found) in self.arcs.iter().zip(arcs) {
            match *arc {
                Arc::Fixed(number) if number != *found => return None,
                Arc::Fixed(_) => {}
                Arc::Number { k, offset } => {
                    let number = u32::try_from(i64::from(*found) - offset).ok()?;
                    let place = numbers.get_mut(k)?;
                    if place.is_some_and(|other| other != number) {
                        return None;
                    }
                    *place = Some(number);
                }
            }
        }
        Some(numbers)
    }

    /// The first arc that depends on the plug.
    pub(in crate::learn) fn first_place(&self) -> Option<usize> {
        self.arcs.iter().position(|arc| matches!(arc, Arc::Number { .. }))
    }

    /// Whether the `k`-th number has a place.
    pub(in crate::learn) fn places(&self, k: usize) -> bool {
        self.arcs.iter().any(|arc| matches!(arc, Arc::Number { k: other, .. } if *other == k))
    }

    /// As `device.toml` writes it; `plain` if the plug's name is one number.
    pub(in crate::learn) fn text(&self, plain: bool) -> String {
        let arcs = self.arcs.iter().map(|arc| match *arc {
            Arc::Fixed(number) => number.to_string(),
            Arc::Number { offset: 0, .. } if plain => "{plug}".to_owned(),
            Arc::Number { k, offset: 0 } => format!("{{{}}}", k + 1),
            Arc::Number { k, offset } => format!("{{{}{offset:+}}}", k + 1),
        });
        arcs.collect::<Vec<_>>().join(".")
    }
}

impl Arc {
    /// The number, if it does not depend on the plug.
    pub(in crate::learn) fn fixed(&self) -> Option<u32> {
        match self {
            Self::Fixed(number) => Some(*number),
            Self::Number { .. } => None,
        }
    }

    /// Some arcs as `device.toml` writes them.
    pub(in crate::learn) fn text_of(arcs: &[Self]) -> String {
        Template { arcs: arcs.to_vec() }.text(false)
    }

    fn of(self, numbers: &[u32]) -> Option<u32> {
        match self {
            Self::Fixed(number) => Some(number),
            Self::Number { k, offset } => u32::try_from(i64::from(*numbers.get(k)?) + offset).ok(),
        }
    }
}

/// Finds the template that fits all pairs of a plug's numbers and an identifier. `sure_last`: the last arc is known to depend
/// on the plug (the place in a string).
pub(in crate::learn) fn fit(
    pairs: &[(Vec<u32>, Vec<u32>)],
    table: &Table,
    sure_last: bool,
) -> Result<Fit, NoFit> {
    let Some((numbers, arcs)) = pairs.first() else { return Err("no object is about a plug".to_owned()) };
    if pairs.iter().any(|(n, a)| n.len() != numbers.len() || a.len() != arcs.len()) {
        return Err("the plugs' names or objects are not of one kind".to_owned());
    }
    let template = Template { arcs: arcs.iter().copied().map(Arc::Fixed).collect() };
    let mut fitting = Fitting {
        pairs,
        arcs,
        table,
        sure_last,
        fit: Fit { template, certain: pairs.len() > 1, doubts: vec![] },
    };
    fitting.varying()?;
    for k in (0..numbers.len()).rev() {
        let place = || numbers.get(k).copied();
        let (false, Some(number)) = (fitting.fit.template.places(k), place()) else { continue };
        if pairs.iter().any(|(numbers, _)| numbers.get(k) != Some(&number)) {
            return Err(format!("plugs that differ in their {} number have the same object", nth(k)));
        }
        fitting.constant(k, number)?;
    }
    if fitting.fit.template.first_place().is_none() {
        return Err("no number of the plug's name stands in it".to_owned());
    }
    Ok(fitting.fit)
}

struct Fitting<'a> {
    pairs: &'a [(Vec<u32>, Vec<u32>)],
    /// Of the first pair.
    arcs: &'a [u32],
    table: &'a Table,
    sure_last: bool,
    fit: Fit,
}

impl Fitting<'_> {
    /// Arcs that differ from plug to plug must be explained by a number of the name.
    fn varying(&mut self) -> Result<(), NoFit> {
        for (at, first) in self.arcs.iter().enumerate() {
            if self.pairs.iter().all(|(_, arcs)| arcs.get(at) == Some(first)) {
                continue;
            }
            let count = self.pairs.first().map_or(0, |(numbers, _)| numbers.len());
            let mut fitting: Vec<(usize, i64)> =
                (0..count).filter_map(|k| Some((k, self.offset(at, k)?))).collect();
            // A number that has no place yet, then one that is meant as it is; else they stand in the name's order.
            fitting.sort_by_key(|(k, offset)| (self.fit.template.places(*k), *offset != 0));
            let Some((k, offset)) = fitting.first().copied() else {
                return Err(format!("arc {} differs from plug to plug, but by no fixed arithmetic", at + 1));
            };
            let plain = fitting.iter().filter(|(_, offset)| *offset == 0).count();
            if fitting.len() > 1 && plain != 1 {
                self.fit.certain = false;
                self.doubts(format!("arc {} could as well be another number of the plug's name", at + 1));
            }
            self.set(at, k, offset);
        }
        Ok(())
    }

    /// A number that is the same in all recorded plugs: only the table can tell where it stands.
    fn constant(&mut self, k: usize, number: u32) -> Result<(), NoFit> {
        let last = self.arcs.len().saturating_sub(1);
        if self.sure_last && matches!(self.fit.template.arcs.last(), Some(Arc::Fixed(_))) {
            self.set(last, k, i64::from(self.arcs.last().copied().unwrap_or_default()) - i64::from(number));
            self.fit.certain = false;
            return Ok(());
        }
        let free = |at: &usize| matches!(self.fit.template.arcs.get(*at), Some(Arc::Fixed(_)));
        // An index has few arcs, and the enterprise's own are none of them.
        let places: Vec<usize> =
            (self.arcs.len().saturating_sub(6).max(7)..self.arcs.len()).rev().filter(free).collect();
        let rows = |at: usize| self.table.siblings(self.arcs, at).len();
        let equal: Vec<usize> =
            places.iter().copied().filter(|at| self.arcs.get(*at) == Some(&number)).collect();
        let has_place = self.fit.template.first_place().is_some();
        if has_place {
            // A bank: the same in all recorded plugs, but there are others in the table.
            match equal.iter().copied().filter(|at| rows(*at) > 1).collect::<Vec<_>>().as_slice() {
                [at, ..] => {
                    self.set(*at, k, 0);
                    self.fit.certain = false;
                }
                [] => self.doubts(format!(
                    "the {} number of the plug's name is {number} in all that was recorded; where it stands is not known",
                    nth(k)
                )),
            }
            return Ok(());
        }
        let best = equal.iter().copied().find(|at| rows(*at) > 1);
        let Some(at) = best.or_else(|| equal.iter().copied().find(|at| self.is_end(*at))) else {
            return Err(format!(
                "no arc is the plug's number {number}, and one plug does not tell an arithmetic"
            ));
        };
        // Rows to the right of it: that would be the index by the rules of tables, only with an offset.
        if let Some(right) = places.iter().copied().find(|right| *right > at && rows(*right) > 1) {
            return Err(format!(
                "one plug was recorded, and two places fit: arc {} is its number, arc {} is the table's index",
                at + 1,
                right + 1
            ));
        }
        if equal.len() > 1 {
            self.doubts(format!("{} arcs are the plug's number; the last of them was taken", equal.len()));
        }
        if rows(at) < 2 {
            self.doubts("no other row of the table was recorded".to_owned());
        }
        self.set(at, k, 0);
        Ok(())
    }

    /// Whether an arc is the last, or followed by the 0 of a scalar only.
    fn is_end(&self, at: usize) -> bool {
        self.arcs.get(at + 1..).is_some_and(|rest| rest.iter().all(|arc| *arc == 0) && rest.len() < 2)
    }

    /// What is added to number `k` in every pair to make the arc, if it is the same in all.
    fn offset(&self, at: usize, k: usize) -> Option<i64> {
        let offset = |(numbers, arcs): &(Vec<u32>, Vec<u32>)| {
            Some(i64::from(*arcs.get(at)?) - i64::from(*numbers.get(k)?))
        };
        let first = self.pairs.first().and_then(offset)?;
        self.pairs.iter().all(|pair| offset(pair) == Some(first)).then_some(first)
    }

    fn set(&mut self, at: usize, k: usize, offset: i64) {
        if let Some(arc) = self.fit.template.arcs.get_mut(at) {
            *arc = Arc::Number { k, offset };
        }
    }

    fn doubts(&mut self, doubt: String) {
        self.fit.doubts.push(doubt);
    }
}

fn nth(k: usize) -> &'static str {
    ["first", "second", "third", "fourth"].get(k).copied().unwrap_or("last")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(objects: &[&str]) -> Table {
        let seen = |line| crate::learn::snmp::table::Seen {
            first: fencelab_wire::snmp::Value::Integer(1),
            place: crate::learn::story::Place { file: "a".into(), line },
            changed: false,
            restless: false,
            drifted: false,
        };
        let objects = objects.iter().enumerate().map(|(line, text)| (text.parse().unwrap(), seen(line)));
        Table { objects: objects.collect() }
    }

    fn arcs(text: &str) -> Vec<u32> {
        text.split('.').map(|arc| arc.parse().unwrap()).collect()
    }

    fn fitted(pairs: &[(&str, &str)], table: &Table) -> Result<Fit, NoFit> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, object)| (Name::of(name).numbers, arcs(object))).collect();
        fit(&pairs, table, false)
    }

    #[test]
    fn names_and_their_numbers() {
        for (name, numbers, plain) in [
            ("3", vec![3], true),
            ("1:12", vec![1, 12], true),
            ("1.2.3", vec![1, 2, 3], true),
            ("fc1/3", vec![1, 3], false),
            ("GigabitEthernet1/0/3", vec![1, 0, 3], false),
            ("db01", vec![1], false),
            ("web", vec![], false),
            ("", vec![], false),
        ] {
            let parsed = Name::of(name);
            assert_eq!((parsed.numbers.clone(), parsed.is_plain()), (numbers.clone(), plain), "{name}");
            assert_eq!(parsed.with(&numbers), name);
        }
        assert_eq!(Name::of("fc1/3").with(&[2, 4]), "fc2/4");
    }

    #[test]
    fn two_plugs_tell_place_and_arithmetic() {
        let none = table(&[]);
        for (pairs, text) in [
            (vec![("3", "1.3.6.1.4.1.9.4.3"), ("5", "1.3.6.1.4.1.9.4.5")], "1.3.6.1.4.1.9.4.{1}"),
            (vec![("3", "1.3.6.1.4.1.9.3.2"), ("5", "1.3.6.1.4.1.9.3.4")], "1.3.6.1.4.1.9.3.{1-1}"),
            (vec![("1", "1.3.6.1.4.1.9.2.0"), ("2", "1.3.6.1.4.1.9.3.0")], "1.3.6.1.4.1.9.{1+1}.0"),
            (
                vec![("fc1/3", "1.3.6.1.2.1.75.1.22.2"), ("fc2/1", "1.3.6.1.2.1.75.1.23.0")],
                "1.3.6.1.2.1.75.1.{1+21}.{2-1}",
            ),
            (
                vec![("1:3", "1.3.6.1.4.1.9.5.1.1.3"), ("2:4", "1.3.6.1.4.1.9.5.2.1.4")],
                "1.3.6.1.4.1.9.5.{1}.1.{2}",
            ),
        ] {
            let fit = fitted(&pairs, &none).unwrap();
            assert_eq!(fit.template.text(false), text);
            assert!(fit.certain && fit.doubts.is_empty(), "{fit:?}");
            for (name, object) in pairs {
                let numbers = Name::of(name).numbers;
                assert_eq!(fit.template.instance(&numbers), Some(arcs(object)));
                let read = fit.template.read(&arcs(object), numbers.len()).unwrap();
                assert_eq!(read.into_iter().flatten().collect::<Vec<_>>(), numbers);
            }
        }
    }

    #[test]
    fn no_arithmetic_is_no_template() {
        let none = table(&[]);
        assert!(
            fitted(&[("1", "1.3.6.1.4.1.9.7"), ("2", "1.3.6.1.4.1.9.9"), ("3", "1.3.6.1.4.1.9.8")], &none)
                .is_err()
        );
        assert!(fitted(&[("1", "1.3.6.1.4.1.9.7"), ("2", "1.3.6.1.4.1.9.7")], &none).is_err());
    }

    #[test]
    fn one_plug_needs_the_table() {
        let rows = ["1.3.6.1.4.1.9.2.1", "1.3.6.1.4.1.9.2.2", "1.3.6.1.4.1.9.2.3", "1.3.6.1.4.1.9.2.4"];
        let fit = fitted(&[("4", "1.3.6.1.4.1.9.4.4")], &table(&rows)).unwrap();
        assert_eq!((fit.template.text(true), fit.certain), ("1.3.6.1.4.1.9.4.{plug}".to_owned(), false));
        assert_eq!(fit.doubts.len(), 1, "two arcs are a 4: {fit:?}");
        // Rows from 0: arc 8 is the plug's number, arc 9 the index.
        let rows = ["1.3.6.1.4.1.9.1.2", "1.3.6.1.4.1.9.3.0", "1.3.6.1.4.1.9.3.1", "1.3.6.1.4.1.9.3.2"];
        let error = fitted(&[("3", "1.3.6.1.4.1.9.3.2")], &table(&rows)).unwrap_err();
        assert!(error.contains("two places fit"), "{error}");
        // Nothing else recorded: the end is taken, with a doubt.
        let fit = fitted(&[("3", "1.3.6.1.4.1.9.2.3")], &table(&[])).unwrap();
        assert_eq!((fit.template.text(true), fit.doubts.len()), ("1.3.6.1.4.1.9.2.{plug}".to_owned(), 1));
        assert!(fitted(&[("3", "1.3.6.1.4.1.9.2.7")], &table(&[])).is_err());
    }

    #[test]
    fn a_bank_that_was_never_changed_is_found_in_the_table() {
        let rows = [
            "1.3.6.1.4.1.9.4.1.1.1",
            "1.3.6.1.4.1.9.4.1.1.2",
            "1.3.6.1.4.1.9.4.2.1.1",
            "1.3.6.1.4.1.9.4.2.1.2",
        ];
        let pairs = [("1:1", "1.3.6.1.4.1.9.5.1.1.1"), ("1:2", "1.3.6.1.4.1.9.5.1.1.2")];
        let fit = fitted(&pairs, &table(&rows)).unwrap();
        assert_eq!((fit.template.text(false), fit.certain), ("1.3.6.1.4.1.9.5.{1}.1.{2}".to_owned(), false));
        let fit = fitted(&pairs, &table(&rows[..2])).unwrap();
        assert_eq!(fit.template.text(false), "1.3.6.1.4.1.9.5.1.1.{2}");
        assert_eq!(fit.doubts.len(), 1);
    }
}
