//! Learning a device from recordings: what commands it, what reports, how plugs are counted, how long it takes.
//!
//! [`learn`] is pure: transcripts in, the text of a `device.toml` and the table of recorded objects out, with notes on how
//! sure each finding is and what could not be told, and a proof: every recorded request is put to the learnt device again.
//! Why it decides as it does stands in `docs/learning.md`.
//!
//! The core (`story`, `truth`, `follow`) knows exchanges of fields and marked actions, but no protocol. A protocol
//! brings its transcripts as such a story, and writes what was found as its face (`snmp`, `console`).

mod console;
mod description;
mod error;
mod follow;
mod note;
mod snmp;
mod story;
mod truth;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fencelab_transcript::Transcript;

pub use error::LearnError;
pub use note::{Certainty, Note};
pub use story::Place;

use crate::face::Carrier;
use crate::spec::DeviceSpec;

/// A transcript and the file name by which notes and the description call it.
#[derive(Clone, Debug)]
pub struct Named {
    /// A file name without folder, such as `off.jsonl`.
    pub name: String,
    /// Its content.
    pub transcript: Transcript,
}

/// What the recordings do not say. The default takes everything from the header of the first transcript.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The vendor as people say it.
    pub vendor: Option<String>,
    /// The model as people say it.
    pub model: Option<String>,
    /// The firmware.
    pub firmware: Option<String>,
}

/// A device that was learnt.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The text of `device.toml`.
    pub toml: String,
    /// The text of [`RECORDED`], which the description of an SNMP device names in `answers`.
    pub recorded: Option<String>,
    /// What was found and what was not, the certain first.
    pub notes: Vec<Note>,
    /// How the learnt device answers what was recorded.
    pub proof: Proof,
    /// The learnt device.
    pub spec: Arc<DeviceSpec>,
}

/// The name of the file with the recorded objects.
pub const RECORDED: &str = "recorded.snmprec";

/// Every recorded request, put to the learnt device in virtual time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proof {
    /// Requests that were put again.
    pub asked: usize,
    /// How many were answered as recorded.
    pub agreed: usize,
    /// The others.
    pub differences: Vec<Difference>,
    /// What was not compared, and why, in words.
    pub excluded: Vec<String>,
}

/// A request that the learnt device answers in another way.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {request}: recorded {recorded}, learnt {learnt}")]
pub struct Difference {
    /// The request's line.
    pub place: Place,
    /// What was asked.
    pub request: String,
    /// What was answered then.
    pub recorded: String,
    /// What the learnt device answers.
    pub learnt: String,
}

/// Learns a device from transcripts of it, which are taken in the order in which they were recorded.
///
/// # Errors
/// Nothing can be learnt; says which recording is missing.
pub fn learn(transcripts: &[Named], options: &Options) -> Result<Learned, LearnError> {
    if transcripts.is_empty() {
        return Err(LearnError::Nothing);
    }
    let mut names = BTreeSet::new();
    for named in transcripts {
        if !names.insert(evidence_name(&named.name)) {
            return Err(LearnError::SameName(evidence_name(&named.name).to_owned()));
        }
    }
    let protocol = |named: &Named| named.transcript.header.link.protocol.clone();
    let is_console = |named: &Named| Carrier::of_protocol(&protocol(named)).is_some();
    let first_is_console = transcripts.first().is_some_and(is_console);
    for named in transcripts {
        let protocol = protocol(named);
        match (is_console(named), protocol.as_str()) {
            (true, _) if first_is_console => {}
            (false, "snmp") if !first_is_console => {}
            (true, _) | (false, "snmp") => {
                return Err(LearnError::Mixed { file: named.name.clone(), protocol });
            }
            (false, _) => return Err(LearnError::Protocol { file: named.name.clone(), protocol }),
        }
    }
    if first_is_console { console::learn(transcripts, options) } else { snmp::learn(transcripts, options) }
}

impl Learned {
    /// Writes the device's folder: the description, the recorded objects, and the transcripts as its evidence.
    ///
    /// # Errors
    /// The folder holds a device already, or cannot be written.
    pub fn write(&self, folder: &Path, transcripts: &[Named]) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let description = folder.join("device.toml");
        if description.exists() {
            let what = format!("{} is there already; give another folder", description.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        for named in transcripts {
            std::fs::write(folder.join(evidence_name(&named.name)), named.transcript.canonical())?;
        }
        if let Some(recorded) = &self.recorded {
            std::fs::write(folder.join(RECORDED), recorded)?;
        }
        std::fs::write(description, &self.toml)
    }
}

/// The name of a transcript in the device's folder.
fn evidence_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
