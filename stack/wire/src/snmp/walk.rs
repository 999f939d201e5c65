//! Walks of devices as text: snmpsim's `.snmprec`, and what net-snmp's `snmpwalk` prints.
//!
//! Both readers take any bytes, keep what can be read, and say of every other line where it is and what is
//! wrong with it.

mod object;
mod snmprec;
mod snmpwalk;
mod typed;

use super::{Binding, Value, body};

/// An object and its value.
pub type Entry = Binding;

/// A line that was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it, and what can be done.
    pub what: String,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// What a text holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Walk {
    /// In the order of a walk; each object once.
    pub entries: Vec<Entry>,
    /// Lines that were not taken, in their order.
    pub skipped: Vec<Skipped>,
    /// Lines that stood behind one of a greater object. They were taken.
    pub unsorted: Vec<usize>,
    /// Lines whose type the text does not tell (`-Oq`), so that it was guessed from the value. They were taken.
    pub guessed: Vec<usize>,
}

/// Reads snmpsim's format: `OID|TAG|VALUE` lines, `#` before comments.
///
/// Tags are the numbers of the types (2, 4, 5, 6, 64 to 70), with `x` for a value in hex digits, `e` for one
/// with Python's escapes, and `:module` for one that snmpsim varies; of those the value that is written there
/// is taken.
#[must_use]
pub fn snmprec(bytes: &[u8]) -> Walk {
    snmprec::read(bytes)
}

/// Reads what `snmpwalk`, `snmpbulkwalk` and `snmpget` of net-snmp print, with and without types, with objects
/// as numbers or as names of SNMPv2-MIB and IF-MIB, with strings over several lines.
#[must_use]
pub fn snmpwalk(bytes: &[u8]) -> Walk {
    snmpwalk::read(bytes)
}

/// Reads either of them.
#[must_use]
pub fn read(bytes: &[u8]) -> Walk {
    let is_record = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b'|');
        let is_object = fields.next().is_some_and(|field| super::Oid::from_ascii(field.trim_ascii()).is_ok());
        is_object && fields.next().is_some() && fields.next().is_some()
    };
    let telling = |line: &[u8]| !line.trim_ascii().is_empty() && !line.starts_with(b"#");
    match lines(bytes).map(|(_, line)| line).find(|line| telling(line)) {
        Some(first) if is_record(first) => snmprec(bytes),
        _ => snmpwalk(bytes),
    }
}

/// Writes snmpsim's format. What is no value (NULL, no such object …) is left out.
#[must_use]
pub fn to_snmprec(entries: &[Entry]) -> String {
    snmprec::write(entries)
}

/// Lines with their numbers, without their ends. Whether a carriage return belongs to the end, the last line tells:
/// texts of some devices have carriage returns of their own.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let last_end = bytes.iter().rposition(|byte| *byte == b'\n');
    let has_returns = last_end.is_some_and(|end| bytes.get(..end).is_some_and(|line| line.ends_with(b"\r")));
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.map(move |(place, line)| {
        let whole = line.strip_suffix(b"\r").filter(|_| has_returns);
        (place + 1, whole.unwrap_or(line))
    })
}

/// Entries as they come.
#[derive(Debug, Default)]
struct Collected {
    entries: Vec<(usize, Entry)>,
    skipped: Vec<Skipped>,
    unsorted: Vec<usize>,
    guessed: Vec<usize>,
}

impl Collected {
    fn take(&mut self, line: usize, entry: Entry) {
        if self.entries.last().is_some_and(|(_, last)| last.object > entry.object) {
            self.unsorted.push(line);
        }
        self.entries.push((line, entry));
    }

    fn skip(&mut self, line: usize, what: impl Into<String>) {
        self.skipped.push(Skipped { line, what: what.into() });
    }

    fn walk(mut self) -> Walk {
        if !self.unsorted.is_empty() {
            // Stable: of several lines about one object the first stays first.
            self.entries.sort_by(|(_, a), (_, b)| a.object.cmp(&b.object));
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        let mut taken_from = 0;
        for (line, entry) in self.entries {
            match entries.last() {
                Some(last) if last.object == entry.object => {
                    let same = if last.value == entry.value { "the same value" } else { "another value" };
                    let what = format!("{} stands in line {taken_from} already, with {same}", entry.object);
                    self.skipped.push(Skipped { line, what });
                }
                _ => {
                    taken_from = line;
                    entries.push(entry);
                }
            }
        }
        self.skipped.sort_by_key(|skipped| skipped.line);
        Walk { entries, skipped: self.skipped, unsorted: self.unsorted, guessed: self.guessed }
    }
}

/// Bytes of a wrong text that a report quotes.
const QUOTE_MAX: usize = 60;

fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..QUOTE_MAX).unwrap_or(bytes));
    format!("{text:?}{}", if bytes.len() > QUOTE_MAX { "…" } else { "" })
}

/// Whether an octet string can stand in a line of text and comes back the same.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.trim_ascii() == bytes && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// A decimal number.
fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// Hex digits, two a byte, with nothing between.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

/// As a person reads a value in a report.
fn shown(value: &Value) -> String {
    let (kind, json) = body::value_to_json(value);
    json.map_or(kind.clone(), |json| format!("{kind} {json}"))
}
