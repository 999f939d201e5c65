//! A process in a guest, as its owner on the host sees it.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::error::GuestError;
use crate::frame::{Frame, MAX_PAYLOAD, Start};
use crate::machine::{Heard, Machine, State};

/// What a program printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Ran {
    /// Whether it exited with 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output, then standard error: what a person would have seen.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.stdout, &self.stderr)
    }
}

/// A process in a guest. Whoever drops it kills it with its children.
///
/// It has ended when all of its output is closed, too: a daemon that it leaves behind must close what it inherits.
pub struct Process {
    machine: Arc<Machine>,
    number: u32,
    command: String,
}

impl Process {
    pub(crate) fn start(
        machine: Arc<Machine>,
        argv: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Result<Self, GuestError> {
        let command = argv.join(" ");
        let number = machine.begin(Start { argv, environment })?;
        Ok(Self { machine, number, command })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it could not be started, is not done within `limit`, or the guest is gone.
    pub fn wait(&self, limit: Duration) -> Result<Ran, GuestError> {
        let state = self.machine.wait(limit, |state| self.heard(state).end.is_some());
        let heard = self.heard(&state);
        match &heard.end {
            Some(Ok(end)) => Ok(Ran {
                code: end.code,
                signal: end.signal,
                stdout: heard.stdout.clone(),
                stderr: heard.stderr.clone(),
            }),
            _ => Err(self.unfinished(&state, limit)),
        }
    }

    /// Waits until it has written `words` to standard output or standard error.
    ///
    /// Programs that use the C library's buffers, such as perftest's, say nothing before the end.
    ///
    /// # Errors
    /// When it ends without them, has not written them within `limit`, or the guest is gone.
    pub fn wait_for(&self, words: &str, limit: Duration) -> Result<(), GuestError> {
        let has = |heard: &Heard| [&heard.stdout, &heard.stderr].iter().any(|bytes| contains(bytes, words));
        let state = self.machine.wait(limit, |state| {
            let heard = self.heard(state);
            has(heard) || heard.end.is_some()
        });
        let heard = self.heard(&state);
        if has(heard) {
            return Ok(());
        }
        match &heard.end {
            Some(Ok(end)) => Err(self
                .refused(&format!("it ended with {end:?} without having said {words:?}: {}", said(heard)))),
            _ => Err(self.unfinished(&state, limit)),
        }
    }

    /// What it has written by now: standard output, then standard error.
    #[must_use]
    pub fn output(&self) -> String {
        said(self.heard(&self.machine.state()))
    }

    /// Whether it has ended, or can't have anything more to say since its guest is gone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.heard(&self.machine.state()).end.is_some() || self.machine.is_gone()
    }

    /// Writes to its standard input.
    ///
    /// # Errors
    /// When the guest is gone or does not listen.
    pub fn write(&self, bytes: &[u8]) -> Result<(), GuestError> {
        for piece in bytes.chunks(MAX_PAYLOAD) {
            self.machine.tell(self.number, &Frame::Input(piece.to_vec()))?;
        }
        Ok(())
    }

    /// Ends its standard input.
    ///
    /// # Errors
    /// When the guest is gone or does not listen.
    pub fn close_input(&self) -> Result<(), GuestError> {
        self.machine.tell(self.number, &Frame::InputEnd)
    }

    /// Sends a signal to it and its children: `SIGSTOP` freezes it alone, where [`crate::Node::freeze`] freezes the guest.
    ///
    /// # Errors
    /// When the guest is gone or does not listen.
    pub fn signal(&self, signal: Signal) -> Result<(), GuestError> {
        self.machine.tell(self.number, &Frame::Signal(signal as i32))
    }

    /// It is in the table from its start until this value is dropped.
    fn heard<'a>(&self, state: &'a State) -> &'a Heard {
        &state.processes[&self.number]
    }

    fn unfinished(&self, state: &State, limit: Duration) -> GuestError {
        let heard = self.heard(state);
        match &heard.end {
            Some(Err(why)) => self.refused(why),
            _ if state.is_gone() => self.machine.gone(state),
            _ => GuestError::Late {
                node: self.machine.node,
                command: self.command.clone(),
                limit,
                said: said(heard),
            },
        }
    }

    fn refused(&self, why: &str) -> GuestError {
        GuestError::CannotRun {
            node: self.machine.node,
            command: self.command.clone(),
            problem: why.to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_over() {
            // A guest that does not listen is about to end, or frozen and will be killed.
            let _ = self.signal(Signal::SIGKILL);
        }
        self.machine.state().processes.remove(&self.number);
    }
}

fn said(heard: &Heard) -> String {
    text(&heard.stdout, &heard.stderr)
}

fn text(stdout: &[u8], stderr: &[u8]) -> String {
    [stdout, stderr].map(String::from_utf8_lossy).concat()
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len().max(1)).any(|window| window == words.as_bytes())
}
