//! Packet captures (pcap and pcapng).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::{Body, DeviceIdentity, Event, Header, Kind, Transcript};

use super::dialogue::{Datagram, Heard, Picker};
use super::passed::Passed;
use super::{frames, udp};
use crate::link::{Carries, Datagrams};
use crate::listen::Listeners;
use crate::{Link, tape};

/// How to read a capture.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to look for, and the credentials that may be in it; without the right one, what is encrypted stays opaque.
    pub link: Link,
    /// The device's UDP port. Without one, the link's protocol is recognised by its bytes on any port.
    pub port: Option<u16>,
    /// The device, as the transcript's header shall name it; a capture does not tell.
    pub device: Option<DeviceIdentity>,
    /// The program, as the header's `by`.
    pub by: Option<String>,
}

impl Options {
    /// Looks for a link, and nothing else is known.
    pub fn new(link: Link) -> Self {
        Self { link, port: None, device: None, by: None }
    }
}

/// What a capture held.
#[derive(Clone, Debug)]
pub struct Imported {
    /// One dialogue for each device, in the order of their addresses.
    pub dialogues: Vec<Dialogue>,
    /// What could not be read or understood, and where; for a person.
    pub warnings: Vec<String>,
}

/// All that was said to and by one device.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The device's address in the capture.
    pub device: SocketAddr,
    /// What was said.
    pub transcript: Transcript,
}

/// Why a capture could not be imported at all.
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
    /// It is neither pcap nor pcapng.
    #[error("{file} is no pcap or pcapng file: {reason}")]
    NoCapture {
        /// The file.
        file: String,
        /// What it seems to be.
        reason: String,
    },
    /// The link carries streams.
    #[error(
        "{file}: {spelling} is a stream, which is not read as datagrams are; see import::telnet, or record it live"
    )]
    Streams {
        /// The file.
        file: String,
        /// What was looked for.
        spelling: &'static str,
    },
    /// There is nothing in it to import.
    #[error("{file} holds no {spelling} ({packets} packets read{}); if the device has a port of its own, name it", list(.warnings))]
    Nothing {
        /// The file.
        file: String,
        /// What was looked for.
        spelling: &'static str,
        /// How many packets were read.
        packets: u64,
        /// What else was met.
        warnings: Vec<String>,
    },
}

fn list(warnings: &[String]) -> String {
    warnings.iter().map(|warning| format!("; {warning}")).collect()
}

/// Imports a file.
///
/// # Errors
/// It cannot be read, is no capture, or holds nothing of the link.
pub fn import_file(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| ImportError::Read { file: name.clone(), source })?;
    let short = path.file_name().map(|name| name.to_string_lossy().into_owned());
    import_named(&name, &short.unwrap_or_default(), file, options)
}

/// Imports any source; `name` stands for it in errors and in the header's provenance.
///
/// # Errors
/// As [`import_file`].
pub fn import(name: &str, source: impl Read, options: &Options) -> Result<Imported, ImportError> {
    import_named(name, name, source, options)
}

fn import_named(
    name: &str,
    short: &str,
    source: impl Read,
    options: &Options,
) -> Result<Imported, ImportError> {
    let Carries::Datagrams(datagrams) = options.link.carries() else {
        let spelling = options.link.protocol().spelling();
        return Err(ImportError::Streams { file: name.into(), spelling });
    };
    let mut warnings = Vec::new();
    let mut picker = Picker::new(datagrams.protocol(), options.port);
    let mut passed = Passed::default();
    let read = frames::read(source, &mut warnings, |packet| match udp::udp(packet.link, packet.data) {
        Ok(udp::Udp { from, to, payload, missing }) => {
            passed.count();
            let payload = payload.to_vec();
            if picker.offer(Datagram { time: packet.time, from, to, payload }) && missing > 0 {
                passed.cut(packet.number, missing);
            }
        }
        Err(other) => passed.leave(&packet, other),
    });
    read.map_err(|reason| ImportError::NoCapture { file: name.into(), reason })?;
    let packets = passed.packets();
    warnings.extend(passed.warnings());
    let mut dialogues = Vec::new();
    for (device, heard) in picker.dialogues() {
        let transcript = transcript(short, device, heard, datagrams, options);
        warnings.extend(opaque(device, &transcript, options));
        dialogues.push(Dialogue { device, transcript });
    }
    if dialogues.is_empty() {
        let spelling = options.link.protocol().spelling();
        return Err(ImportError::Nothing { file: name.into(), spelling, packets, warnings });
    }
    Ok(Imported { dialogues, warnings })
}

/// What was said to and by one device, as a transcript.
fn transcript(
    file: &str,
    device: SocketAddr,
    heard: Vec<Heard>,
    datagrams: &Datagrams,
    options: &Options,
) -> Transcript {
    let start = heard.first().map_or(Duration::ZERO, |first| whole_micros(first.time));
    let secrets = options.link.secrets();
    let redactor = Redactor::new(secrets.clone());
    let mut listeners: Listeners<SocketAddr> = Listeners::new(datagrams);
    let mut events: Vec<Event> = Vec::new();
    let mut redacted = BTreeSet::new();
    for Heard { time, client, direction, payload } in heard {
        let at = whole_micros(time).saturating_sub(start);
        for mut event in listeners.observe(client, at, direction, &payload) {
            redacted.extend(secrets.event(&event).into_iter().map(|leak| leak.secret));
            redactor.redact(&mut event);
            if !secrets.event(&event).is_empty() {
                Redactor::blank(&mut event);
            }
            events.push(event);
        }
    }
    redacted.extend(listeners.redacted().map(String::from));
    let identity = options.device.clone().unwrap_or_else(|| DeviceIdentity::new("unknown", "unknown"));
    let micros = i64::try_from(start.as_micros())
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    let header = Header {
        captured: micros.map(tape::captured),
        by: options.by.clone(),
        provenance: Some(format!("imported from {file}")),
        redacted: redacted.into_iter().collect(),
        ..Header::new(identity, options.link.info(Some(device.port())))
    };
    Transcript { header, events }
}

/// Times are cut to the microsecond before anything is computed from them, so that start and offset
/// add up to the time in the capture.
fn whole_micros(time: Duration) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// Warnings for what could not be understood, one for each reason.
fn opaque(device: SocketAddr, transcript: &Transcript, options: &Options) -> Vec<String> {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &transcript.events {
        if let (Kind::Say { body: Body::Hex(_), .. }, Some(why)) = (&event.kind, event.extra.get("why")) {
            *reasons.entry(why.as_str().unwrap_or_default()).or_default() += 1;
        }
    }
    let hint = if options.link.knows_credentials() {
        "is it the right user and password?"
    } else {
        "no password was given"
    };
    let all = reasons.into_iter();
    all.map(|(why, count)| {
        format!("{device}: {count} datagrams are kept as they were, not understood: {why} ({hint})")
    })
    .collect()
}
