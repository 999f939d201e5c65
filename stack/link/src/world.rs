//! The traits.

use std::time::Duration;

use crate::{LinkError, Stream, Target, Way};

/// How much a log line matters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// The action failed, or a part of it.
    Error,
    /// Something is not as it should be.
    Warning,
    /// What is being done.
    Info,
    /// What is being said.
    Debug,
}

impl Level {
    /// The name as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// Everything that an agent may touch outside itself.
pub trait World {
    /// Time since the start of the run.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&mut self, time: Duration);

    /// Fills `buf` with random bytes (session identifiers, challenges).
    fn random(&mut self, buf: &mut [u8]);

    /// Opens a datagram link. Nothing is sent, so a silent or absent device shows only later.
    ///
    /// # Errors
    /// When the name does not resolve, or there is no way to the host.
    fn datagrams(&mut self, target: &Target) -> Result<Box<dyn Datagrams>, LinkError>;

    /// Opens a stream, at longest until `until` on this world's clock. Over SSH that includes the login.
    ///
    /// # Errors
    /// When the name does not resolve, nobody listens, there is no way to the host, or the user is not let in. A world
    /// without streams says so; that is the default.
    fn stream(&mut self, target: &Target, way: &Way, until: Duration) -> Result<Box<dyn Stream>, LinkError> {
        let _ = (way, until);
        Err(LinkError::Unsupported { target: target.clone(), why: "no streams in this world".to_owned() })
    }

    /// Runs a command of the user in a shell; its output, with the white space at the end removed.
    ///
    /// # Errors
    /// When it cannot be run, or fails without output. The text never holds the command nor its output.
    fn run_script(&mut self, command: &str) -> Result<String, LinkError>;

    /// A line for the log. It never holds a secret.
    fn log(&mut self, level: Level, line: &str);

    /// Whether the caller has lost patience: the run should end soon, with a failure. An agent asks before it goes on
    /// polling, so that even a run without limits of its own ends. A real caller kills the process instead.
    fn cancelled(&self) -> bool {
        false
    }

    /// Adds a line to a file (the debug file of an agent), which is made if it is missing.
    ///
    /// # Errors
    /// When it cannot be written. A world without files says so; that is the default.
    fn append_file(&mut self, path: &str, line: &str) -> Result<(), LinkError> {
        let _ = line;
        Err(LinkError::File { path: path.to_owned(), why: "there are no files in this world".to_owned() })
    }
}

/// A datagram link to one target.
pub trait Datagrams {
    /// Time since the start of the run: the clock of the [`World`] that made this link.
    fn now(&self) -> Duration;

    /// Sends one datagram.
    ///
    /// # Errors
    /// [`LinkError::Refused`] may also speak of an earlier datagram, as the system reports it late.
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError>;

    /// Waits until a datagram is there, or until `until` on the clock of the [`World`]; `None` is a timeout.
    ///
    /// # Errors
    /// [`LinkError::Refused`] when the host says that nothing listens; others as they come.
    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError>;
}
