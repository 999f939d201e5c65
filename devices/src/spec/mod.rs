//! What a device is, read from its folder: `device.toml` and transcripts. The schema stands in `DEVICE.md`.

mod commands;
mod ipmi;
mod load;
mod lower;
mod raw;
mod text;

use std::path::PathBuf;
use std::sync::Arc;

use fencelab_transcript::Transcript;

use crate::error::suggest;
use crate::fault::{Fault, FaultKind};
use crate::plant::{Power, Timing};

pub(crate) use commands::needed_privilege;
pub use commands::{CommandId, command_name, command_names};
pub use ipmi::{
    Answer, AnswerFields, Appearance, DeviceId, Event, IpmiFace, Match, Matched, Meaning, Privilege, Reset,
    Rule, State, User,
};

/// A device, immutable and shared by all its instances.
#[derive(Clone, Debug)]
pub struct DeviceSpec {
    /// `vendor/model`, as the corpus names the folder.
    pub id: String,
    /// The vendor as people say it.
    pub vendor: String,
    /// The model as people say it.
    pub model: String,
    /// The firmware that was observed.
    pub firmware: Option<String>,
    /// Fence agents of the field that speak to it.
    pub agents: Vec<String>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// Transcripts that the description must reproduce (full paths).
    pub evidence: Vec<PathBuf>,
    /// Anything a reader should know.
    pub note: Option<String>,
    /// The folder it was read from; empty for a device made of a lone transcript.
    pub folder: PathBuf,
    /// Plugs and delays.
    pub plant: PlantSpec,
    /// How it is spoken to; a face is known by its index.
    pub faces: Vec<FaceSpec>,
}

/// Where the knowledge about a device comes from; reports show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provenance {
    /// How it was gained.
    pub kind: ProvenanceKind,
    /// The software that was recorded in place of hardware, if it was software.
    pub software: Option<String>,
    /// The sources.
    pub from: Vec<String>,
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.kind, &self.software) {
            (ProvenanceKind::Recorded, Some(software)) => write!(f, "recorded from {software}"),
            (ProvenanceKind::Recorded, None) => f.write_str("recorded"),
            (ProvenanceKind::Imported, _) => f.write_str("imported"),
            (ProvenanceKind::Described, _) => f.write_str("described"),
        }
    }
}

/// How the knowledge about a device was gained.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProvenanceKind {
    /// From hardware, or from the named software.
    Recorded,
    /// From somebody else's capture.
    Imported,
    /// From documents and agents' sources.
    Described,
}

/// The plugs of a device and how long things take.
#[derive(Clone, Debug)]
pub struct PlantSpec {
    /// Names and the power at the start.
    pub plugs: Vec<(String, Power)>,
    /// Delays.
    pub timing: Timing,
}

/// One way to speak to a device.
#[derive(Clone, Debug)]
pub enum FaceSpec {
    /// IPMI over LAN.
    Ipmi(Arc<IpmiFace>),
    /// Strict replay of one transcript.
    Replay(Arc<Transcript>),
}

impl FaceSpec {
    /// The protocol's name: `ipmi`.
    #[must_use]
    pub fn protocol(&self) -> &str {
        match self {
            Self::Ipmi(_) => "ipmi",
            Self::Replay(transcript) => &transcript.header.link.protocol,
        }
    }

    /// The port that agents use when told nothing: 623.
    #[must_use]
    pub fn default_port(&self) -> u16 {
        match self {
            Self::Ipmi(_) => 623,
            Self::Replay(transcript) => transcript.header.link.port.unwrap_or(623),
        }
    }
}

impl DeviceSpec {
    /// Whether a fault means something for this device: a state that it names must be documented.
    ///
    /// # Errors
    /// What is wrong, with the state that was perhaps meant.
    pub fn check(&self, fault: &Fault) -> Result<(), String> {
        let FaultKind::State(name) = &fault.kind else { return Ok(()) };
        if self.states().any(|state| state.name == *name) {
            return Ok(());
        }
        let names: Vec<&str> = self.states().map(|state| state.name.as_str()).collect();
        let mend = suggest(name, names.iter().copied()).map_or_else(String::new, |mend| format!("; {mend}"));
        Err(format!("`{}` documents no state `{name}`{mend}", self.id))
    }

    /// Every state that the device documents, over all faces.
    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.faces.iter().flat_map(|face| match face {
            FaceSpec::Ipmi(face) => face.states.as_slice(),
            FaceSpec::Replay(_) => &[],
        })
    }
}
