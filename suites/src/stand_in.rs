//! Which device stands at the address in a case: the one that is meant, the same in another shape, or quite another one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fencelab_devices::{DeviceSpec, Shape};

use crate::case::Case;
use crate::lanes::lock;

/// What another device is called by: its id, if it is quite another one, and its shape.
type Name = (Option<String>, String);

/// A device with everything that may stand in its place. Each is read once.
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
                tracing::warn!(%error, shape = case.shape, "a device could not take this shape");
                None
            }
        }
    }
}

/// The folder in which the vendors of a device's corpus stand.
fn corpus(spec: &DeviceSpec) -> Option<&Path> {
    spec.folder.parent()?.parent()
}

/// Devices of the same protocol that an operator might take for this one: one of each vendor of its corpus, in the order of
/// their names, none of which the agents of this one are for.
pub(crate) fn impostors(spec: &DeviceSpec) -> Vec<String> {
    let protocol = |spec: &DeviceSpec| spec.faces.first().map(|face| face.protocol().to_owned());
    let folders = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut folders: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    };
    let mut found = Vec::new();
    for vendor in corpus(spec).map(folders).unwrap_or_default() {
        let others = folders(&vendor).into_iter().filter_map(|folder| DeviceSpec::load(&folder).ok());
        let other = others.into_iter().find(|other| {
            protocol(other) == protocol(spec) && !other.agents.iter().any(|agent| spec.agents.contains(agent))
        });
        found.extend(other.map(|other| other.id.clone()));
    }
    found
}
