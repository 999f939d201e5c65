//! The corpus: device folders `<vendor>/<model>/device.toml` under a root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, suggest};
use crate::spec::DeviceSpec;

/// A device folder that was found; nothing of it has been read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Folder {
    /// `vendor/model`.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What became of loading a folder.
pub type Loaded = Result<Arc<DeviceSpec>, Error>;

/// All device folders under `root`, sorted by id.
///
/// # Errors
/// The root cannot be read.
pub fn folders(root: &Path) -> Result<Vec<Folder>, Error> {
    let mut found = Vec::new();
    for vendor in subfolders(root)? {
        for model in subfolders(&vendor)? {
            if model.join("device.toml").is_file() {
                let name = |path: &Path| {
                    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
                };
                found.push(Folder { id: format!("{}/{}", name(&vendor), name(&model)), path: model });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Loads every device under `root`; those that do not load are there with their error.
///
/// # Errors
/// The root cannot be read.
pub fn load_all(root: &Path) -> Result<Vec<(Folder, Loaded)>, Error> {
    Ok(folders(root)?.into_iter().map(|folder| (folder.clone(), DeviceSpec::load(&folder.path))).collect())
}

/// Finds a device by `vendor/model` (or by the model alone if only one vendor has it), or by the path of its folder.
///
/// # Errors
/// There is none: with the name that was perhaps meant. Or it does not load.
pub fn find(root: &Path, name: &str) -> Result<Arc<DeviceSpec>, Error> {
    let as_path = Path::new(name);
    if as_path.join("device.toml").is_file() {
        return DeviceSpec::load(as_path);
    }
    let all = folders(root)?;
    let wanted = name.trim_matches('/').to_lowercase();
    let by_model: Vec<&Folder> =
        all.iter().filter(|folder| folder.id.split('/').nth(1) == Some(&wanted)).collect();
    let found = match all.iter().find(|folder| folder.id == wanted) {
        Some(folder) => Some(folder),
        None if by_model.len() == 1 => by_model.first().copied(),
        None => None,
    };
    match found {
        Some(folder) => DeviceSpec::load(&folder.path),
        None => {
            let mend = suggest(&wanted, all.iter().map(|folder| folder.id.as_str()));
            Err(Error::of_file(root, format!("there is no device `{name}`"), mend))
        }
    }
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let about = |error: std::io::Error| Error::of_file(folder, format!("cannot be read: {error}"), None);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(about)? {
        let path = entry.map_err(about)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}
