//! The records of an agent's log, as Python's logging writes them.

use std::ops::Range;

use jiff::civil::DateTime;

use super::super::source::lines;

/// `2026-11-27 18:55:28,798`.
const STAMP: usize = 23;
const LEVELS: [&str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/// A record of the log.
pub(super) struct Record {
    /// Where it begins.
    pub(super) at: usize,
    /// Where its words stand.
    words: Range<usize>,
    pub(super) time: DateTime,
    pub(super) level: &'static str,
}

/// What a record says.
pub(super) enum Says<'a> {
    Run(&'a [u8]),
    Sent(&'a [u8]),
    Received(&'a [u8]),
    Else(&'a [u8]),
}

impl Record {
    pub(super) fn says<'a>(&self, bytes: &'a [u8]) -> Says<'a> {
        let words = bytes.get(self.words.clone()).unwrap_or_default();
        if let Some(command) = words.strip_prefix(b"Running command: ") {
            Says::Run(command)
        } else if let Some(sent) = words.strip_prefix(b"Sent: ") {
            Says::Sent(sent)
        } else if let Some(received) = words.strip_prefix(b"Received: ") {
            Says::Received(received)
        } else {
            Says::Else(words)
        }
    }
}

/// The records of a log. A line that does not begin one belongs to the one before.
pub(super) fn records(bytes: &[u8]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let end_last = |records: &mut Vec<Record>, end: usize| {
        if let Some(last) = records.last_mut() {
            // The line feed at its end is the log's own.
            let end = if end > 0 && bytes.get(end - 1) == Some(&b'\n') { end - 1 } else { end };
            last.words.end = end.max(last.words.start);
        }
    };
    for (at, line) in lines(bytes) {
        if let Some((time, level, words)) = begin(line) {
            end_last(&mut records, at);
            records.push(Record { at, words: at + words..at + words, time, level });
        }
    }
    // A log that is cut off within a stamp does not have half of it in what was said.
    let end = lines(bytes).last().filter(|(_, line)| begins_a_stamp(line)).map_or(bytes.len(), |(at, _)| at);
    end_last(&mut records, end);
    records
}

/// Whether this is the beginning of a stamp and a level, and nothing more.
fn begins_a_stamp(line: &[u8]) -> bool {
    const FORM: &[u8] = b"0000-00-00 00:00:00,000 ";
    let (stamp, level) = line.split_at(line.len().min(FORM.len()));
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let is_level = |name: &&str| format!("{name}: ").as_bytes().starts_with(level);
    !stamp.is_empty() && stamp.iter().zip(FORM).all(fits) && LEVELS.iter().any(is_level)
}

/// Time and level of the record that this line begins, and where its words do.
fn begin(line: &[u8]) -> Option<(DateTime, &'static str, usize)> {
    let stamp = std::str::from_utf8(line.get(..STAMP)?).ok()?;
    if stamp.as_bytes().get(STAMP - 4) != Some(&b',') {
        return None;
    }
    let behind = line.get(STAMP..)?.strip_prefix(b" ")?;
    let level = LEVELS.into_iter().find(|level| {
        behind.strip_prefix(level.as_bytes()).is_some_and(|behind| behind.starts_with(b": "))
    })?;
    let time = stamp.replace(',', ".").parse().ok()?;
    Some((time, level, STAMP + 1 + level.len() + 2))
}
