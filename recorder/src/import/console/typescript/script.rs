//! A file of script(1): its first line, what was recorded, its last line.

use super::super::source::{Source, find, rfind};

pub(super) const STARTED: &[u8] = b"Script started on ";
const DONE: &[u8] = b"\nScript done on ";

/// What script wrote into one file.
pub(super) struct Script<'a> {
    source: Source<'a>,
    /// The words behind `Script started on`.
    header: &'a str,
    /// What was recorded, as far as it was not taken yet.
    pub(super) rest: &'a [u8],
    /// The offset of what was not taken yet.
    at: usize,
}

impl<'a> Script<'a> {
    /// Takes a file apart. What is wrong goes to `warnings`.
    pub(super) fn of(source: Source<'a>, warnings: &mut Vec<String>) -> Self {
        let whole = source.bytes;
        let (header, at) = if whole.starts_with(STARTED) {
            let end = whole.iter().position(|byte| *byte == b'\n').unwrap_or(whole.len());
            (whole.get(STARTED.len()..end).unwrap_or_default(), whole.len().min(end + 1))
        } else {
            warnings.push(format!(
                "{}: the line `Script started on …` is missing; the file is taken as it is",
                source.place(0)
            ));
            (&[][..], 0)
        };
        let body = whole.get(at..).unwrap_or_default();
        // Only the last line may be the end: anything may be written to a terminal.
        let done = rfind(body, DONE).filter(|done| {
            !body.get(done + DONE.len()..).unwrap_or_default().trim_ascii_end().contains(&b'\n')
        });
        // Without a byte recorded the line stands directly behind the first one.
        let empty = body.starts_with(DONE.trim_ascii_start());
        if done.is_none() && !empty {
            warnings.push(format!(
                "{}: the line `Script done on …` is missing: the recording was cut off; what there is is kept",
                source.place(whole.len())
            ));
        }
        let rest = if empty { &[][..] } else { body.get(..done.unwrap_or(body.len())).unwrap_or_default() };
        if let Some(again) = find_again(rest) {
            warnings.push(format!(
                "{}: another recording was appended here (script --append); they are kept as one, with script's own lines",
                source.place(at + again)
            ));
        }
        Self { source, header: std::str::from_utf8(header).unwrap_or_default(), rest, at }
    }

    /// The file's name.
    pub(super) fn name(&self) -> &'a str {
        self.source.name
    }

    /// The place of what was not taken yet.
    pub(super) fn place(&self) -> String {
        self.source.place(self.at)
    }

    /// When the recording began.
    pub(super) fn began(&self) -> Option<jiff::Timestamp> {
        // In older versions in words of the locale; these are not understood.
        self.header.split(" [").next()?.trim().parse().ok()
    }

    /// The command that was recorded.
    pub(super) fn command(&self) -> Option<String> {
        let (_, behind) = self.header.split_once("COMMAND=\"")?;
        // The command itself may have quotes.
        let end =
            ["\" TERM=", "\" <not", "\" TTY=", "\"]"].iter().filter_map(|end| behind.find(end)).min()?;
        behind.get(..end).map(str::to_owned)
    }

    /// The next bytes, and how many there were not.
    pub(super) fn take(&mut self, count: usize) -> (&'a [u8], usize) {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        self.at += taken.len();
        (taken, count - taken.len())
    }
}

/// Where a second recording begins.
fn find_again(bytes: &[u8]) -> Option<usize> {
    let done = find(bytes, DONE)? + DONE.len();
    let behind = bytes.get(done..)?;
    let end = behind.iter().position(|byte| *byte == b'\n')? + 1;
    behind.get(end..)?.starts_with(STARTED).then_some(done + end)
}
