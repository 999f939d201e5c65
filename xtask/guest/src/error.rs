//! What can go wrong between a lab and its guests.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

/// A failure of a lab, of its image or of one of its guests.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// A file, folder or socket of the host.
    #[error("can't {what} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A program of the host that is not there.
    #[error(
        "can't start {program}: {source}; Debian's package {package} has it, and `cargo xtask peers` installs it"
    )]
    Program {
        /// Its name.
        program: String,
        /// Who has it.
        package: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Programs of the host that a kernel is built with.
    #[error("to build a kernel, {programs} missing; `apt-get install {packages}` mends it")]
    BuildTools {
        /// Their names, and a verb.
        programs: String,
        /// Debian's packages that have them.
        packages: String,
    },
    /// Options that exclude each other.
    #[error("these options of guests exclude each other: {problem}")]
    Options {
        /// Which, and what mends it.
        problem: &'static str,
    },
    /// A program of the host that failed.
    #[error("{what} failed: {said}")]
    Chore {
        /// What it was to do.
        what: String,
        /// Its status and the end of what it said.
        said: String,
    },
    /// A file that does not hold what it should.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what mends it.
        problem: String,
    },
    /// Our own program for the inside of guests has not been built.
    #[error(
        "the guest's agent {} is not there; `cargo build -p fencelab-guest --bins` builds it",
        path.display()
    )]
    NoAgent {
        /// Where it should be.
        path: PathBuf,
    },
    /// A guest did not come up in time.
    #[error("guest {node} is not up after {} s; its console ends with:\n{console}", limit.as_secs())]
    NotUp {
        /// Its number, from 1.
        node: usize,
        /// How long it had.
        limit: Duration,
        /// The end of its console.
        console: String,
    },
    /// A guest is not there any more.
    #[error("guest {node} is gone; its console ends with:\n{console}")]
    Gone {
        /// Its number, from 1.
        node: usize,
        /// The end of its console.
        console: String,
    },
    /// A program in a guest could not be started.
    #[error("guest {node} can't run {command}: {problem}")]
    CannotRun {
        /// Its number, from 1.
        node: usize,
        /// The command line.
        command: String,
        /// What the guest says.
        problem: String,
    },
    /// A program in a guest is not done in time.
    #[error("{command} on guest {node} is not done after {} s; it has said:\n{said}", limit.as_secs_f32())]
    Late {
        /// The guest's number, from 1.
        node: usize,
        /// The command line.
        command: String,
        /// How long it had.
        limit: Duration,
        /// Its output by then.
        said: String,
    },
}

impl GuestError {
    /// For `map_err`: a failure to do `what` with `path`.
    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    /// A chore's failure, with the end of what it said.
    pub(crate) fn chore(what: impl Into<String>, output: &Output) -> Self {
        let said = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .concat();
        Self::Chore { what: what.into(), said: format!("{}\n{}", output.status, end_of(&said, 12)) }
    }
}

/// The last lines of a text.
pub(crate) fn end_of(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
