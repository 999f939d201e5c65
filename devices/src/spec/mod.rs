//! What a device is, read from its folder: `device.toml` and transcripts. The schema stands in `DEVICE.md`.

pub mod claims;
mod commands;
pub mod console;
mod face;
pub mod ipmi;
mod load;
mod lower;
mod raw;
pub mod rule;
mod shaped;
pub mod snmp;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use fencelab_transcript::Event;

use crate::error::suggest;
use crate::fault::{Fault, FaultKind};
use crate::plant::{Power, Timing};

pub use claims::Claim;
pub(crate) use commands::needed_privilege;
pub use commands::{CommandId, command_name, command_names};
pub use face::{ConsoleFace, FaceSpec};
pub use ipmi::IpmiFace;
pub use rule::{Meaning, State};
pub use shaped::Description;
pub use snmp::SnmpFace;

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
    /// What an operator tells any agent for it that takes such an option: the name of a managed system, a version.
    pub options: std::collections::BTreeMap<String, String>,
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

impl DeviceSpec {
    /// Whether a fault means something for this device: a state that it names must be documented, an error must be one of the
    /// device's protocols.
    ///
    /// # Errors
    /// What is wrong, with the state that was perhaps meant.
    pub fn check(&self, fault: &Fault) -> Result<(), String> {
        let protocols = || self.faces.iter().map(FaceSpec::protocol);
        let name = match &fault.kind {
            FaultKind::State(name) => name,
            FaultKind::Error(name) | FaultKind::ErrorWithBody(name)
                if !protocols().any(|protocol| fault.kind.is_for(protocol)) =>
            {
                let words: Vec<&str> =
                    protocols().flat_map(|protocol| fault.kind.entry().words(protocol)).copied().collect();
                let mend = suggest(name, words).map_or_else(String::new, |mend| format!("; {mend}"));
                let spoken = protocols().collect::<Vec<_>>().join(" and ");
                return Err(format!("`{}` speaks {spoken}, which has no error `{name}`{mend}", self.id));
            }
            _ => return Ok(()),
        };
        if self.states().any(|state| state.name == *name) {
            return Ok(());
        }
        let names: Vec<&str> = self.states().map(|state| state.name.as_str()).collect();
        let mend = suggest(name, names.iter().copied()).map_or_else(String::new, |mend| format!("; {mend}"));
        Err(format!("`{}` documents no state `{name}`{mend}", self.id))
    }

    /// Every state that the device documents, over all faces.
    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.faces.iter().flat_map(FaceSpec::states)
    }

    /// What the device told the agent about the power of which plug, over all faces, in the order in which it was said.
    #[must_use]
    pub fn claims(&self, dialogue: &[Event]) -> Vec<Claim> {
        let mut claims: Vec<Claim> =
            self.faces.iter().flat_map(|face| face.claims(&self.plant, dialogue)).collect();
        claims.sort_by_key(|claim| claim.at);
        claims
    }

    /// The names that people gave the plugs, where the device tells one of each and no two are the same: plug → name.
    #[must_use]
    pub fn called(&self) -> std::collections::BTreeMap<String, String> {
        self.faces
            .iter()
            .map(|face| face.called(&self.plant))
            .find(|names| !names.is_empty())
            .unwrap_or_default()
    }

    /// How long the device needs, with no more faults, until nothing of the past can stand in the way of a retry: sessions
    /// that the trouble left open have expired, times for which its rules keep it silent are over, and plugs that were
    /// moving have come to rest.
    #[must_use]
    pub fn convalescence(&self) -> Duration {
        let plant = self.plant.timing;
        let moving = plant.off.max(plant.on).max(plant.soft_off) + plant.cycle;
        let faces = self.faces.iter().map(FaceSpec::convalescence).max().unwrap_or_default();
        faces.saturating_add(moving).saturating_add(Duration::from_secs(1))
    }
}
