//! Reading a device from its folder, or from a lone transcript.

use std::path::Path;
use std::sync::Arc;

use fencelab_transcript::Transcript;
use toml::Spanned;

use super::{DeviceSpec, FaceSpec, PlantSpec, Provenance, ProvenanceKind, lower, raw};
use crate::error::{Error, nearest};
use crate::plant::Timing;
use crate::replay::Player;

/// Larger files than this are refused: a `device.toml` is written by hand.
const FILE_LIMIT: u64 = 1 << 20;

impl DeviceSpec {
    /// Reads `folder/device.toml` and the transcripts that it names. The id is made of the last two parts of the path.
    ///
    /// # Errors
    /// The first thing that is wrong: file, line, column, what, and how to mend it.
    pub fn load(folder: &Path) -> Result<Arc<Self>, Error> {
        let file = folder.join("device.toml");
        Self::parse(&file, &read(&file)?, folder)
    }

    /// Reads the text of a `device.toml`; `file` is the name used in errors, `folder` holds the transcripts.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(file: &Path, text: &str, folder: &Path) -> Result<Arc<Self>, Error> {
        let place = Place { file, text, folder };
        lower::device(read_text(file, text)?, &place).map(Arc::new)
    }

    /// A device that strictly replays one transcript: it says what was recorded, in the recorded order.
    ///
    /// # Errors
    /// The transcript is of a protocol that has no face here.
    pub fn from_transcript(transcript: Transcript) -> Result<Arc<Self>, Error> {
        let header = &transcript.header;
        if !Player::PROTOCOLS.contains(&header.link.protocol.as_str()) {
            let what = format!("a transcript of `{}` cannot be replayed", header.link.protocol);
            let mend = format!("there is: {}", Player::PROTOCOLS.join(", "));
            return Err(Error::of_file(Path::new("transcript"), what, Some(mend)));
        }
        let plugs = Player::plugs_at_start(&transcript);
        let slug = |text: &str| text.to_lowercase().replace(char::is_whitespace, "-");
        let from = header
            .captured
            .iter()
            .map(|at| format!("captured {at}"))
            .chain(header.provenance.clone())
            .collect();
        Ok(Arc::new(Self {
            id: format!("{}/{}", slug(&header.device.vendor), slug(&header.device.model)),
            vendor: header.device.vendor.clone(),
            model: header.device.model.clone(),
            firmware: header.device.firmware.clone(),
            agents: header.speaker.iter().map(|speaker| speaker.name.clone()).collect(),
            provenance: Provenance { kind: ProvenanceKind::Recorded, software: None, from },
            evidence: Vec::new(),
            note: None,
            options: std::collections::BTreeMap::new(),
            folder: std::path::PathBuf::new(),
            plant: PlantSpec { plugs, timing: Timing::default() },
            faces: vec![FaceSpec::Replay(Arc::new(transcript))],
        }))
    }
}

/// The text of a `device.toml`.
pub(super) fn read(file: &Path) -> Result<String, Error> {
    let about = |error: std::io::Error| {
        let mend = "a device is a folder with a device.toml (see DEVICE.md)".to_owned();
        Error::of_file(file, format!("cannot be read: {error}"), Some(mend))
    };
    let size = std::fs::metadata(file).map_err(about)?.len();
    if size > FILE_LIMIT {
        let what = format!("{size} bytes are too many; the limit is {FILE_LIMIT}");
        return Err(Error::of_file(file, what, None));
    }
    std::fs::read_to_string(file).map_err(about)
}

/// What is written in it.
pub(super) fn read_text(file: &Path, text: &str) -> Result<raw::File, Error> {
    toml::from_str(text).map_err(|error| from_toml(file, text, &error))
}

/// Where a value stands, for errors.
pub(super) struct Place<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) folder: &'a Path,
}

impl Place<'_> {
    pub(super) fn error<T>(&self, at: &Spanned<T>, what: impl Into<String>, mend: Option<String>) -> Error {
        Error::at(self.file, self.text, at.span().start, what, mend)
    }

    pub(super) fn line<T>(&self, at: &Spanned<T>) -> usize {
        self.text.get(..at.span().start).unwrap_or_default().matches('\n').count() + 1
    }
}

/// Makes the parser's complaint ours: place, text, and a suggestion for a misspelt key.
fn from_toml(file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let message = error.message().trim().replace('\n', ", ");
    let mend = misspelt(&message);
    // The list of all that could stand here only buries the suggestion.
    let listed = message.find(", expected one of").filter(|_| mend.is_some());
    let message = listed.and_then(|end| message.get(..end)).unwrap_or(&message);
    match error.span() {
        Some(span) => Error::at(file, text, span.start, message, mend),
        None => Error::of_file(file, message, mend),
    }
}

/// serde says ``unknown field `x`, expected one of `a`, `b` `` (or variant): find the nearest.
fn misspelt(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next()?;
    let near = nearest(word, words)?;
    Some(format!("did you mean `{near}`?"))
}
