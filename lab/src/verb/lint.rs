//! `fencelab lint PATH...`.

use std::path::{Path, PathBuf};

use clap::Args;
use fencelab_devices::DeviceSpec;
use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::scan::Scan;

use crate::exit::{Exit, Failure, OrExit};
use crate::output;

/// Options of `lint`.
#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// Transcripts (*.jsonl), device folders (with a device.toml), or folders of such.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Don't ask for captured, by, licence and provenance: these recordings are not to be published.
    #[arg(long)]
    scratch: bool,
    /// Let warnings, too, end the program with 1.
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: LintArgs) -> Result<Exit, Failure> {
    let mut found =
        Found { rules: Rules { scan: environment_secrets(), scratch: args.scratch }, ..Found::default() };
    for path in &args.paths {
        if path.is_dir() {
            found.folder(path)?;
        } else if path.file_name().is_some_and(|name| name == "device.toml") {
            found.device(path.parent().unwrap_or(Path::new(".")))?;
        } else {
            found.transcript(path)?;
        }
    }
    if found.files == 0 {
        let words = "there is neither a transcript (*.jsonl) nor a device.toml in what was named; name a file or a folder that has some";
        return Err(Failure::new(Exit::Input, words));
    }
    let wrong = found.errors > 0 || args.strict && found.warnings > 0;
    Ok(if wrong { Exit::Findings } else { Exit::Success })
}

/// Secrets that a recording may have been made with: none of them may be left in a file.
fn environment_secrets() -> Scan {
    ["FENCELAB_BMC_PASSWORD", "FENCELAB_BMC_KG", "FENCELAB_PASSWORD", "FENCELAB_KG"]
        .iter()
        .filter_map(|name| Some((name, std::env::var(name).ok()?)))
        .fold(Scan::new(), |scan, (name, secret)| scan.with(*name, secret))
}

#[derive(Default)]
struct Found {
    rules: Rules,
    files: usize,
    errors: usize,
    warnings: usize,
}

impl Found {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        if folder.join("device.toml").is_file() {
            self.device(folder)?;
        }
        let entries = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| anyhow::anyhow!("cannot read the folder {}: {error}", folder.display()))
            .or_exit(Exit::Input)?;
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() && !path.is_symlink() {
                self.folder(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                self.transcript(&path)?;
            }
        }
        Ok(())
    }

    fn transcript(&mut self, path: &Path) -> Result<(), Failure> {
        self.files += 1;
        let bytes = output::read(path)?;
        for finding in lint::bytes(&path.display().to_string(), &bytes, &self.rules) {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
            }
            output::line(&finding)?;
        }
        Ok(())
    }

    /// Its transcripts are looked at apart: they may stand in no `device.toml`.
    fn device(&mut self, folder: &Path) -> Result<(), Failure> {
        self.files += 1;
        if let Err(error) = DeviceSpec::load(folder) {
            self.errors += 1;
            output::line(error)?;
        }
        Ok(())
    }
}
