//! Sessions at a console that people have as files: typescripts, casts, the logs of fence agents and of pexpect.
//!
//! Each format is read by a function of its own from bytes to a `Session`; what follows is the same for
//! all. A damaged file gives what can be read, and says where the rest is.

mod agent_log;
mod cast;
mod client;
mod hidden;
mod pexpect;
pub(super) mod session;
mod source;
pub(super) mod transcript;
mod typescript;

use std::collections::BTreeMap;
use std::path::PathBuf;

use fencelab_transcript::scan::Scan;
use fencelab_transcript::turns::Prompts;
use fencelab_transcript::{DeviceIdentity, Transcript};

use super::recognise::reason;
use crate::link::console::Carrier;
use crate::link::{self, Protocol, Streams};
use session::Session;
pub use source::Source;
use transcript::transcript;
pub(super) use typescript::is_timing;

/// What a command that was recorded speaks to its device.
fn protocol_of(command: &str) -> Option<&'static dyn Protocol> {
    Some(match client::program(command)? {
        "telnet" => &link::console::Telnet,
        "ssh" | "plink" => &link::console::Ssh,
        "nc" => &link::console::Raw,
        "screen" | "minicom" | "picocom" | "cu" | "tio" => &link::console::Serial,
        _ => return None,
    })
}

/// The formats that are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// A typescript of script(1).
    Script,
    /// A recording of asciinema.
    Asciicast,
    /// The log of a fence agent of ClusterLabs.
    AgentLog,
    /// A log of pexpect. It has nothing to be recognised by.
    Pexpect,
}

impl Format {
    /// The format of these bytes, if it is one that can be recognised.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if typescript::is_typescript(bytes) {
            Some(Self::Script)
        } else if cast::version(bytes).is_some() {
            Some(Self::Asciicast)
        } else if agent_log::is_agent_log(bytes) {
            Some(Self::AgentLog)
        } else {
            None
        }
    }
}

/// How to read a session.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format; without one it is told by the bytes.
    pub format: Option<Format>,
    /// What carried it: one of [`link::console`]; without it the recorded command tells.
    pub protocol: Option<&'static dyn Protocol>,
    /// The device's port, if it is not the usual one; in a packet capture, which one to look for.
    pub port: Option<u16>,
    /// The secrets that must not be written. What is typed after a prompt for a password never is.
    pub secrets: Scan,
    /// What asks for a secret in it.
    pub prompts: Prompts,
    /// The device, as the transcript's header shall name it.
    pub device: Option<DeviceIdentity>,
    /// The program, as the header's `by`.
    pub by: Option<String>,
}

/// The files of a recording, by their names.
#[derive(Clone, Debug)]
pub struct Files {
    /// What was written to the terminal, or all of it.
    pub file: PathBuf,
    /// What came when: the timing file of script.
    pub timing: Option<PathBuf>,
    /// What was typed or sent, where it stands in a file of its own.
    pub input: Option<PathBuf>,
}

/// The same, as they were read.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What was written to the terminal, or all of it.
    pub file: Source<'a>,
    /// What came when.
    pub timing: Option<Source<'a>>,
    /// What was typed or sent.
    pub input: Option<Source<'a>>,
}

/// What a recording held.
#[derive(Clone, Debug)]
pub struct Imported {
    /// One transcript for each protocol; nearly always one.
    pub transcripts: Vec<Transcript>,
    /// What could not be read or told, and where; for a person.
    pub warnings: Vec<String>,
}

/// Why a recording could not be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is in no format that is known.
    #[error("{file}:1:1: {reason}")]
    Unknown {
        /// The file.
        file: String,
        /// What it seems to be, and how to mend it.
        reason: &'static str,
    },
    /// It is in a known format that cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Nothing was said in it.
    #[error("{file}: nothing is said in it{}", first(.warnings))]
    Nothing {
        /// The file.
        file: String,
        /// What else was met.
        warnings: Vec<String>,
    },
    /// It does not tell what carried the console.
    #[error(
        "{file}: nothing in it tells how the device was spoken to; say so by --link telnet, ssh, serial or raw"
    )]
    NoProtocol {
        /// The file.
        file: String,
    },
}

fn first(warnings: &[String]) -> String {
    warnings.first().map(|warning| format!("; {warning}")).unwrap_or_default()
}

/// Imports the files of a recording.
///
/// # Errors
/// One cannot be read, is in no known format, or holds no dialogue.
pub fn import_file(files: &Files, options: &Options) -> Result<Imported, ImportError> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => Ok((name, bytes)),
            Err(source) => Err(ImportError::Read { file: name, source }),
        }
    };
    let file = read(&files.file)?;
    let timing = files.timing.as_ref().map(read).transpose()?;
    let input = files.input.as_ref().map(read).transpose()?;
    fn source((name, bytes): &(String, Vec<u8>)) -> Source<'_> {
        Source { name, bytes }
    }
    let (timing, input) = (timing.as_ref().map(source), input.as_ref().map(source));
    import(&Sources { file: source(&file), timing, input }, options)
}

/// Imports what was read already.
///
/// # Errors
/// As [`import_file`], but for reading.
pub fn import(sources: &Sources<'_>, options: &Options) -> Result<Imported, ImportError> {
    let Sources { file, timing, input } = *sources;
    let mut warnings = Vec::new();
    let format = match options.format.or_else(|| Format::of(file.bytes)) {
        Some(format) => format,
        None => return Err(ImportError::Unknown { file: file.name.into(), reason: reason(file.bytes) }),
    };
    let needless = timing
        .filter(|_| format != Format::Script)
        .or(input.filter(|_| !matches!(format, Format::Script | Format::Pexpect)));
    if let Some(needless) = needless {
        warnings.push(format!("{}: this file is of no use here; it is left out", needless.name));
    }
    let mut sessions = match format {
        Format::Script => {
            vec![typescript::read(&typescript::Files { log: file, typed: input, timing }, &mut warnings)]
        }
        Format::Asciicast => {
            let version = cast::version(file.bytes)
                .ok_or_else(|| ImportError::Unreadable(format!("{}: this is no cast", file.place(0))))?;
            vec![cast::read(file, version, &mut warnings).map_err(ImportError::Unreadable)?]
        }
        Format::AgentLog => agent_log::read(file, &options.prompts, &mut warnings),
        Format::Pexpect => vec![match input {
            Some(sent) => pexpect::two(file, sent, &options.prompts, &mut warnings),
            None => pexpect::one(file, &options.prompts, &mut warnings),
        }],
    };
    for session in &mut sessions {
        warnings
            .extend(client::take_out(session, &options.prompts).map(|what| format!("{}: {what}", file.name)));
        session.port = options.port.or(session.port);
    }
    sessions.retain(|session| !session.is_silent() || session.error.is_some());
    if sessions.is_empty() {
        return Err(ImportError::Nothing { file: file.name.into(), warnings });
    }
    // Text is all that these files have, whatever carried it.
    let streams = Streams { carrier: Carrier::Raw, prompts: options.prompts.clone() };
    let mut by_protocol: BTreeMap<&str, (&'static dyn Protocol, Vec<Session>)> = BTreeMap::new();
    for session in sessions {
        let told = options.protocol.or_else(|| session.command.as_deref().and_then(protocol_of));
        let protocol = told.ok_or_else(|| ImportError::NoProtocol { file: file.name.into() })?;
        by_protocol.entry(protocol.name()).or_insert((protocol, Vec::new())).1.push(session);
    }
    let short = file.name.rsplit('/').next().unwrap_or(file.name);
    let transcripts = by_protocol.into_values();
    let transcripts =
        transcripts.map(|(protocol, sessions)| transcript(short, protocol, &streams, sessions, options));
    Ok(Imported { transcripts: transcripts.collect(), warnings })
}
