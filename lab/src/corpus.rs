//! Where the devices are, and which one is meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fencelab_devices::{DeviceSpec, corpus};

use crate::cli::CorpusArgs;
use crate::exit::{Exit, Failure, OrExit};

/// The corpus of the source this program was built from.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../transcripts/corpus");

impl CorpusArgs {
    /// The corpus that is meant: the one that was named, else `./transcripts/corpus`, else the source's own.
    pub(crate) fn root(&self) -> Result<PathBuf, Failure> {
        if let Some(named) = &self.corpus {
            if named.is_dir() {
                return Ok(named.clone());
            }
            let words = format!(
                "there is no corpus in {}; --corpus and FENCELAB_CORPUS name the folder that holds \
                 <vendor>/<model>/device.toml",
                named.display()
            );
            return Err(Failure::new(Exit::Input, words));
        }
        [Path::new("transcripts/corpus"), Path::new(OWN)]
            .into_iter()
            .find(|folder| folder.is_dir())
            .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
            .ok_or_else(|| {
                let words = format!(
                    "no corpus of devices is found, neither in ./transcripts/corpus nor in {OWN}; name its folder \
                     by --corpus or FENCELAB_CORPUS"
                );
                Failure::new(Exit::Input, words)
            })
    }

    /// A device by what the user called it: a folder, or the corpus' `vendor/model`.
    pub(crate) fn device(&self, name: &str) -> Result<Arc<DeviceSpec>, Failure> {
        let path = Path::new(name);
        if path.join("device.toml").is_file() {
            return DeviceSpec::load(path).or_exit(Exit::Input);
        }
        corpus::find(&self.root()?, name).or_exit(Exit::Input)
    }

    /// The named devices; without names every device of the corpus, in the order of their ids.
    pub(crate) fn devices(&self, names: &[String]) -> Result<Vec<Arc<DeviceSpec>>, Failure> {
        if !names.is_empty() {
            return names.iter().map(|name| self.device(name)).collect();
        }
        let root = self.root()?;
        let all = corpus::load_all(&root).or_exit(Exit::Input)?;
        if all.is_empty() {
            let words = format!("the corpus {} holds no <vendor>/<model>/device.toml", root.display());
            return Err(Failure::new(Exit::Input, words));
        }
        all.into_iter().map(|(_, spec)| spec.or_exit(Exit::Input)).collect()
    }
}
