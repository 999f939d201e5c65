//! Where results go: standard output, or files that are never overwritten unasked.

use std::io::Write;
use std::path::Path;

use anyhow::anyhow;

use crate::cli::OutputArgs;
use crate::exit::{Exit, Failure, OrExit};

/// Writes to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write to standard output: {error}")).or_exit(Exit::System)
        }
        _ => Ok(()),
    }
}

/// Writes one line to standard output at once: a reader may be waiting for it.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    to_stdout(format!("{text}\n").as_bytes())
}

/// Refuses a file that is there already, unless told otherwise. Asked before the work, not after it.
pub(crate) fn may_write(path: &Path, force: bool) -> Result<(), Failure> {
    if !force && path.exists() {
        let words =
            format!("{} is there already; give another name, or --force to overwrite it", path.display());
        return Err(Failure::new(Exit::Refused, words));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let words = format!(
            "cannot write {}: there is no folder {}; make it first",
            path.display(),
            folder.display()
        );
        return Err(Failure::new(Exit::System, words));
    }
    Ok(())
}

/// Writes a whole file.
pub(crate) fn to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| anyhow!("cannot write {}: {error}", path.display()))
        .or_exit(Exit::System)
}

impl OutputArgs {
    /// Refuses at the start what would be refused at the end.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.output.as_deref().map_or(Ok(()), |path| may_write(path, self.force))
    }
}

/// Reads a file that the user named.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| anyhow!("cannot read {}: {error}", path.display()))
        .or_exit(Exit::Input)
}
