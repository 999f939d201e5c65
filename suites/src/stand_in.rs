//! Which device stands at the address in a case: the one that is meant, the same in another shape, or quite another one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fencelab_devices::{DeviceSpec, Shape};

use crate::case::Case;
use crate::lanes::lock;

/// What another device is called by: its id, if it is quite another one, and its shape.
type Name = (Option<String>, String);

/// A device with everything that may stand in its place.
#[derive(Debug)]
pub(crate) struct StandIns {
    spec: Arc<DeviceSpec>,
    read: Mutex<BTreeMap<Name, Option<Arc<DeviceSpec>>>>,
}

impl StandIns {
    pub(crate) fn of(spec: Arc<DeviceSpec>) -> Self {
        StandIns { spec, read: Mutex::default() }
    }

    /// The device that is meant.
    pub(crate) fn spec(&self) -> &Arc<DeviceSpec> {
        &self.spec
    }

    /// The device of a case. `None` where it cannot be read: such a case cannot be played.
    pub(crate) fn for_case(&self, case: &Case) -> Option<Arc<DeviceSpec>> {
        if case.impostor.is_none() && case.shape.is_empty() {
            return Some(Arc::clone(&self.spec));
        }
        let key = (case.impostor.clone(), case.shape.clone());
        lock(&self.read).entry(key).or_insert_with(|| self.read(case)).clone()
    }

    fn read(&self, case: &Case) -> Option<Arc<DeviceSpec>> {
        let folder = match &case.impostor {
            Some(id) => corpus(&self.spec)?.join(id),
            None => self.spec.folder.clone(),
        };
        let shape: Shape = case.shape.parse().ok()?;
        match DeviceSpec::load_shaped(&folder, &shape) {
            Ok(spec) => Some(spec),
            Err(error) => {
                tracing::debug!(%error, shape = case.shape, "a device could not take this shape");
                None
            }
        }
    }
}

/// The folder in which the vendors of a device's corpus stand.
fn corpus(spec: &DeviceSpec) -> Option<&Path> {
    spec.folder.parent()?.parent()
}

/// What is known of the devices in a corpus. Each corpus is read once.
#[derive(Debug, Default)]
pub(crate) struct Others(BTreeMap<PathBuf, Vec<Other>>);

#[derive(Debug)]
struct Other {
    id: String,
    protocol: Option<String>,
    agents: Vec<String>,
}

impl Others {
    /// Devices of the same protocol that an operator might take for this one: of each vendor of its corpus the first, in the order of
    /// their names, that none of the agents of this one is for.
    pub(crate) fn like(&mut self, spec: &DeviceSpec) -> Vec<String> {
        let Some(corpus) = corpus(spec) else { return Vec::new() };
        let known = self.0.entry(corpus.to_owned()).or_insert_with(|| read_corpus(corpus));
        let protocol = spec.faces.first().map(|face| face.protocol().to_owned());
        let mut vendors = std::collections::BTreeSet::new();
        known
            .iter()
            .filter(|other| {
                other.protocol == protocol && !other.agents.iter().any(|agent| spec.agents.contains(agent))
            })
            .filter(|other| vendors.insert(other.id.split('/').next()))
            .map(|other| other.id.clone())
            .collect()
    }
}

/// The devices of a corpus that can be read, in the order of their names.
fn read_corpus(corpus: &Path) -> Vec<Other> {
    let devices = fencelab_devices::corpus::load_all(corpus).unwrap_or_default();
    let devices = devices.into_iter().filter_map(|(_, spec)| spec.ok());
    let mut others: Vec<Other> = devices
        .map(|spec| Other {
            id: spec.id.clone(),
            protocol: spec.faces.first().map(|face| face.protocol().to_owned()),
            agents: spec.agents.clone(),
        })
        .collect();
    others.sort_by(|one, two| one.id.cmp(&two.id));
    others
}
