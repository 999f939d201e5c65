//! The start of a guest's process, with its console and what else it is tied to us by.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::options::Kernel;
use crate::parts::Parts;
use crate::pinned::Pinned;
use crate::{qemu, user_mode};

/// A guest that is about to be started.
pub(crate) struct Spawn {
    command: Command,
    kind: Kernel,
    agent: PathBuf,
    /// The number of its processor of the host.
    processor: Option<usize>,
}

/// A guest that has been started, as the leader of its process group.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    /// What its console says.
    pub(crate) console: Box<dyn Read + Send>,
    /// What is typed on its console.
    pub(crate) keyboard: Box<dyn Write + Send>,
    /// What the guest ends with when it is closed.
    pub(crate) owner: Option<ChildStdin>,
}

impl Spawn {
    pub(crate) fn new(parts: &Parts<'_>) -> Self {
        let mut command = match parts.kind {
            Kernel::Debian => qemu::command(parts),
            Kernel::UserMode => user_mode::command(parts),
        };
        // Ctrl-C in the terminal is for the program that owns the guest.
        command.process_group(0).stdin(Stdio::piped());
        let processor = parts.pinned.then_some(parts.node.0);
        Self { command, kind: parts.kind, agent: parts.agent.to_owned(), processor }
    }

    /// Starts it. Our copies of its ends of the console are closed when this returns.
    pub(crate) fn start(mut self) -> io::Result<Spawned> {
        let _pinned = self.processor.map(Pinned::to).transpose()?;
        match self.kind {
            Kernel::Debian => {
                let (console, end) = io::pipe()?;
                let mut child = self.command.stdout(end.try_clone()?).stderr(end).spawn()?;
                let keyboard = child.stdin.take().expect("its input was asked for");
                Ok(Spawned { child, console: Box::new(console), keyboard: Box::new(keyboard), owner: None })
            }
            Kernel::UserMode => {
                // The kernel calls nobody: we do it in its place, and give it the line.
                let line = OwnedFd::from(UnixStream::connect(&self.agent)?);
                let (console, end) = UnixStream::pair()?;
                let mut child = self.command.stdout(line).stderr(OwnedFd::from(end)).spawn()?;
                let owner = child.stdin.take();
                let keyboard = Box::new(console.try_clone()?);
                Ok(Spawned { child, console: Box::new(console), keyboard, owner })
            }
        }
    }
}
