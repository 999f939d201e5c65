//! Captures of a cluster's own traffic: corosync (knet and totem), InfiniBand and RoCE.
//!
//! A transcript has two sides, a cluster many nodes: a session is all that two nodes, or the members of a multicast group, say to
//! each other, and its `open` names both ends. What nodes tell each other is never kept, only its length and time: it holds the
//! cluster's configuration with the passwords in it.

mod corosync;
mod infiniband;
mod sessions;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Mark, Transcript};

use super::frames;
use super::pcap::ImportError;
use crate::tape;

/// What a cluster's nodes speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fabric {
    /// Corosync 3: knet and totem.
    Corosync,
    /// InfiniBand, and RoCE over Ethernet and UDP.
    InfiniBand,
}

impl Fabric {
    /// As it is written.
    pub fn spelling(self) -> &'static str {
        match self {
            Self::Corosync => "corosync",
            Self::InfiniBand => "InfiniBand or RoCE",
        }
    }

    /// What never stands in a transcript of it.
    fn redacted(self) -> &'static [&'static str] {
        match self {
            Self::Corosync => &["totem.contents"],
            Self::InfiniBand => &["infiniband.payload", "infiniband.key", "cm.private", "mad.data"],
        }
    }
}

/// How to read a capture.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to look for.
    pub fabric: Fabric,
    /// The UDP port: all that goes to it is corosync's, or RoCE's. Without it corosync is recognised on any port, and
    /// what is encrypted on its usual ones; RoCE has its own.
    pub port: Option<u16>,
    /// What the transcript's header shall name; a capture does not tell.
    pub device: Option<DeviceIdentity>,
    /// The program, as the header's `by`.
    pub by: Option<String>,
}

impl Options {
    /// Looks for this, and nothing else is known.
    pub fn new(fabric: Fabric) -> Self {
        Self { fabric, port: None, device: None, by: None }
    }
}

/// What a capture held.
#[derive(Clone, Debug)]
pub struct Imported {
    /// All that was said.
    pub transcript: Transcript,
    /// What could not be read or understood, and where; for a person.
    pub warnings: Vec<String>,
}

/// Imports a file.
///
/// # Errors
/// It cannot be read, is no capture, or holds nothing of it.
pub fn import_file(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| ImportError::Read { file: name.clone(), source })?;
    import(&name, file, options)
}

/// Imports any source; `name` stands for it in errors and in the header's provenance.
///
/// # Errors
/// As [`import_file`].
pub fn import(name: &str, source: impl Read, options: &Options) -> Result<Imported, ImportError> {
    let mut warnings = Vec::new();
    let (mut corosync, mut infiniband) =
        (corosync::Listener::new(options.port), infiniband::Listener::new(options.port));
    let read = frames::read(source, &mut warnings, |packet| match options.fabric {
        Fabric::Corosync => corosync.hear(&packet),
        Fabric::InfiniBand => infiniband.hear(&packet),
    });
    read.map_err(|reason| ImportError::NoCapture { file: name.into(), reason })?;
    let heard = match options.fabric {
        Fabric::Corosync => corosync.heard(),
        Fabric::InfiniBand => infiniband.heard(),
    };
    let Heard { start, packets, link, mut events, left_out, warnings: more } = heard;
    warnings.extend(more);
    let Some(link) = link else {
        warnings.extend(left_out.warnings());
        let spelling = options.fabric.spelling();
        return Err(ImportError::Nothing { file: name.into(), spelling, packets, warnings });
    };
    let last = events.last().map_or(Duration::ZERO, |event| event.at);
    events.extend(left_out.note(last));
    warnings.extend(left_out.warnings());
    let identity = options.device.clone().unwrap_or_else(|| DeviceIdentity::new("unknown", "unknown"));
    let micros = i64::try_from(start.as_micros()).ok();
    let captured = micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    let short = name.rsplit('/').next().unwrap_or(name);
    let header = Header {
        captured: captured.map(tape::captured),
        by: options.by.clone(),
        provenance: Some(format!("imported from {short}")),
        redacted: options.fabric.redacted().iter().copied().map(String::from).collect(),
        ..Header::new(identity, link)
    };
    Ok(Imported { transcript: Transcript { header, events }, warnings })
}

/// What a listener makes of all packets.
struct Heard {
    /// The time of the first event, since 1970.
    start: Duration,
    /// How many packets there were.
    packets: u64,
    /// `None`: there was nothing of it.
    link: Option<LinkInfo>,
    events: Vec<Event>,
    left_out: LeftOut,
    warnings: Vec<String>,
}

/// What was not read: how often, and where first, for each reason.
#[derive(Clone, Debug, Default)]
struct LeftOut(BTreeMap<String, (u64, u64)>);

impl LeftOut {
    fn count(&mut self, reason: impl Into<String>, number: u64) {
        self.0.entry(reason.into()).or_insert((0, number)).0 += 1;
    }

    /// Each reason in words.
    fn warnings(&self) -> Vec<String> {
        let all = self.0.iter();
        all.map(|(reason, (count, first))| {
            let packets = if *count == 1 { "packet is" } else { "packets are" };
            format!("{count} {packets} left out, the first is packet {first}: {reason}")
        })
        .collect()
    }

    /// All of it as a remark at the end, so that the transcript says so, too.
    fn note(&self, at: Duration) -> Option<Event> {
        if self.0.is_empty() {
            return None;
        }
        let counts: serde_json::Map<_, _> =
            self.0.iter().map(|(reason, (count, _))| (reason.clone(), (*count).into())).collect();
        let note = Event::mark(at, 0, Mark::new(Mark::NOTE)).with("text", self.warnings().join("; "));
        Some(note.with("left_out", counts))
    }
}
