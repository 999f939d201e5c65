//! Walks as text: `.snmprec` files of snmpsim, and the output of net-snmp's `snmpwalk`.
//!
//! A walk tells what stood in each object, but not how it was asked for. The transcript does not invent that: between two
//! marks of the action `walk` the device says what it holds, up to [`OBJECTS`] objects a turn, all at the start.

use std::path::Path;
use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::{DeviceIdentity, Event, Header, Map, Mark, Side, Transcript};
use fencelab_wire::snmp::body;
use fencelab_wire::snmp::walk::{self, Entry, Walk};
use fencelab_wire::snmp::{Pdu, PduKind};

use crate::Link;
use crate::link::Protocol as _;
use crate::link::snmp::{BODY, Snmp};

/// Objects in a turn.
pub const OBJECTS: usize = 25;

/// Warnings about single lines that are given in full; of more only the number is told.
const WARNINGS_MAX: usize = 200;

/// The two ways in which walks are written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// snmpsim's: `OID|TAG|VALUE`.
    Snmprec,
    /// net-snmp's: `OID = TYPE: VALUE`.
    Snmpwalk,
}

/// How to read a walk.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose secrets are masked wherever they stand in the walk.
    pub link: Link,
    /// The format; without one it is told by the bytes.
    pub format: Option<Format>,
    /// The device, as the transcript's header shall name it; a walk does not tell.
    pub device: Option<DeviceIdentity>,
    /// The program, as the header's `by`.
    pub by: Option<String>,
}

impl Options {
    /// Masks the secrets of this link, and nothing else is known.
    pub fn new(link: Link) -> Self {
        Self { link, format: None, device: None, by: None }
    }
}

/// What a walk held.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What the device said.
    pub transcript: Transcript,
    /// How many objects it has.
    pub objects: usize,
    /// Lines that could not be understood or only guessed, with their numbers; for a person.
    pub warnings: Vec<String>,
}

/// Why a walk could not be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// There is not one object in it.
    #[error("{file} holds no walk: not one line is `OID|TAG|VALUE` (snmprec) or `OID = TYPE: VALUE` (snmpwalk){}", first(.warnings))]
    Nothing {
        /// The file.
        file: String,
        /// What is wrong with its lines.
        warnings: Vec<String>,
    },
}

fn first(warnings: &[String]) -> String {
    warnings.first().map(|warning| format!("; {warning}")).unwrap_or_default()
}

/// Imports a file.
///
/// # Errors
/// It cannot be read, or holds no object.
pub fn import_file(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| ImportError::Read { file: name.clone(), source })?;
    let short = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    import_named(&name, &short, &bytes, options)
}

/// Imports what was read already; `name` stands for it in errors and in the header's provenance.
///
/// # Errors
/// As [`import_file`].
pub fn import(name: &str, bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    import_named(name, name, bytes, options)
}

fn import_named(name: &str, short: &str, bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    let Walk { entries, skipped, unsorted, guessed } = match options.format {
        None => walk::read(bytes),
        Some(Format::Snmprec) => walk::snmprec(bytes),
        Some(Format::Snmpwalk) => walk::snmpwalk(bytes),
    };
    let mut warnings: Vec<String> = skipped
        .iter()
        .take(WARNINGS_MAX)
        .map(|skipped| format!("{name}:{}: {}; the line is skipped", skipped.line, skipped.what))
        .collect();
    if skipped.len() > WARNINGS_MAX {
        warnings.push(format!("{name}: {} more lines are skipped", skipped.len() - WARNINGS_MAX));
    }
    for (lines, what) in [
        (unsorted, "stand behind a greater object; they are taken, in the order of a walk"),
        (guessed, "do not tell the type of their value; it was guessed"),
    ] {
        if let Some(first) = lines.first() {
            warnings
                .push(format!("{name}:{first}: {} lines, of which this is the first, {what}", lines.len()));
        }
    }
    if entries.is_empty() {
        return Err(ImportError::Nothing { file: name.into(), warnings });
    }
    let objects = entries.len();
    Ok(Imported { transcript: transcript(short, entries, options), objects, warnings })
}

fn transcript(file: &str, entries: Vec<Entry>, options: &Options) -> Transcript {
    let (secrets, start, session) = (options.link.secrets(), Duration::ZERO, 1);
    let redactor = Redactor::new(secrets.clone());
    let mut details = Map::new();
    details.insert("unheard".into(), "imported from a walk: how it was asked for is not known".into());
    let mut events =
        vec![Event::mark(start, 0, Mark::begin("walk", None)), Event::open(start, session, details)];
    let mut redacted = false;
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let turn = entries.by_ref().take(OBJECTS);
        let bindings = turn.collect();
        let mut value = body::to_json(&Pdu::new(PduKind::Response, 0, bindings).into(), b"");
        redacted |= !options.link.clean(&mut value).is_empty();
        let mut event = Event::say_object(start, session, Side::Device, BODY, value);
        if !secrets.event(&event).is_empty() {
            redacted = true;
            redactor.redact(&mut event);
            if !secrets.event(&event).is_empty() {
                Redactor::blank(&mut event);
            }
        }
        events.push(event);
    }
    events.push(Event::mark(start, 0, Mark::end("walk", None, None)));
    let identity = options.device.clone().unwrap_or_else(|| DeviceIdentity::new("unknown", "unknown"));
    let names = if redacted { Snmp.redacted() } else { &[] };
    let header = Header {
        by: options.by.clone(),
        provenance: Some(format!("a walk, imported from {file}")),
        redacted: names.iter().copied().map(String::from).collect(),
        ..Header::new(identity, options.link.info(None))
    };
    Transcript { header, events }
}
