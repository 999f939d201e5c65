//! The journal of a hunt: one line for each case that was played, so that an interrupted hunt goes on where it stopped.
//!
//! A case is known by its number in the course, which the seed and what the agent did decide again; so a line holds only what the
//! course learns of a case, and what was judged. A case that broke something is played again when the hunt goes on: its finding
//! is made anew, with its dialogue.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::healthy::Exchange;
use crate::lanes::lock;
use crate::verdict::Property;

/// What the first line says: which hunt this is. Another one has another journal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Head {
    fencelab_hunt: String,
    hunt: String,
}

/// A case that was played.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    /// The agent and the device.
    pub(crate) field: String,
    /// Its number in the course.
    pub(crate) number: u64,
    /// Its look from outside.
    pub(crate) mark: u64,
    /// The places of a healthy dialogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) places: Vec<Exchange>,
    /// Properties that held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) held: Vec<Property>,
    /// Properties of which the device had told the agent what was not so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deceived: Vec<Property>,
    /// Whether it broke a property.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) broke: bool,
}

/// The journal.
pub(crate) struct Journal {
    file: Mutex<File>,
    /// What earlier sessions have played.
    before: BTreeMap<(String, u64), Entry>,
}

impl Journal {
    /// Opens the journal of the hunt that `hunt` describes (its seed, agents, devices and filters), or begins one.
    ///
    /// # Errors
    /// When the file cannot be read or written, or belongs to another hunt; the text says which line and how to mend it.
    pub(crate) fn open(path: &Path, hunt: &str) -> Result<Self, String> {
        let about = |error: io::Error| format!("the journal {}: {error}", path.display());
        let head = Head { fencelab_hunt: env!("CARGO_PKG_VERSION").to_owned(), hunt: hunt.to_owned() };
        let mut before = BTreeMap::new();
        let mut is_new = true;
        let mut whole = 0;
        if path.exists() {
            let mut lines = BufReader::new(File::open(path).map_err(about)?);
            let mut line = String::new();
            let mut number = 0;
            while lines.read_line(&mut line).map_err(about)? > 0 {
                // A line that was being written when the hunt was stopped has no end; its case is played again.
                if !line.ends_with('\n') {
                    break;
                }
                number += 1;
                let place = || format!("the journal {}:{number}", path.display());
                if is_new {
                    let found: Head = serde_json::from_str(&line).map_err(|error| {
                        format!("{}: no journal of a hunt: {error}; name another file", place())
                    })?;
                    if found != head {
                        return Err(format!(
                            "{}: it belongs to another hunt ({}, fencelab {}); name another file, or remove it to begin anew",
                            place(),
                            found.hunt,
                            found.fencelab_hunt
                        ));
                    }
                    is_new = false;
                } else {
                    let entry: Entry = serde_json::from_str(&line).map_err(|error| {
                        format!(
                            "{}:{}: {error}; remove the lines from there on, or the file",
                            place(),
                            error.column()
                        )
                    })?;
                    before.insert((entry.field.clone(), entry.number), entry);
                }
                whole += line.len() as u64;
                line.clear();
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(about)?;
        // What has no end goes, so that the next line begins a line.
        file.set_len(whole).map_err(about)?;
        if is_new {
            let text = serde_json::to_string(&head).map_err(|error| error.to_string())?;
            writeln!(file, "{text}").map_err(about)?;
        }
        Ok(Journal { file: Mutex::new(file), before })
    }

    /// What an earlier session wrote of a case.
    pub(crate) fn before(&self, field: &str, number: u64) -> Option<&Entry> {
        self.before.get(&(field.to_owned(), number))
    }

    /// Writes a case down.
    pub(crate) fn note(&self, entry: &Entry) {
        let Ok(text) = serde_json::to_string(entry) else { return };
        if let Err(error) = writeln!(lock(&self.file), "{text}") {
            tracing::warn!(%error, "the journal cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        Entry {
            field: "a on v/m".to_owned(),
            number,
            mark: 7,
            places: Vec::new(),
            held: vec![Property::NoFalseOff],
            deceived: Vec::new(),
            broke: number == 2,
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "seed 1").unwrap();
        journal.note(&entry(1));
        journal.note(&entry(2));
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}{{\"field\":\"a on")).unwrap();
        let journal = Journal::open(&path, "seed 1").unwrap();
        assert!(journal.before("a on v/m", 2).unwrap().broke && journal.before("a on v/m", 3).is_none());
        journal.note(&entry(3));
        drop(journal);
        let again = Journal::open(&path, "seed 1").unwrap();
        assert_eq!(again.before("a on v/m", 3).unwrap().held, [Property::NoFalseOff]);
    }

    #[test]
    fn another_hunt_and_damage_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        drop(Journal::open(&path, "seed 1").unwrap());
        assert!(Journal::open(&path, "seed 2").err().unwrap().contains("another hunt (seed 1"));
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "{\"number\":\n").unwrap();
        let error = Journal::open(&path, "seed 1").err().unwrap();
        assert!(error.contains("journal:2:"), "{error}");
        std::fs::write(&path, "hello\n").unwrap();
        assert!(Journal::open(&path, "seed 1").err().unwrap().contains("no journal"));
    }
}
