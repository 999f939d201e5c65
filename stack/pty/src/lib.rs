//! Pseudo-terminals in the place of serial ports: any terminal program opens one by its path, leaves it, and comes back.

mod presence;
mod watched;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use presence::Presence;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;

pub use watched::watched;

/// What is read at once.
const PIECE: usize = 4096;

/// Both ends of a pseudo-terminal. Dropping it closes the terminal.
#[derive(Debug)]
pub struct Pty {
    path: PathBuf,
    /// Ours.
    master: AsyncFd<OwnedFd>,
    /// The other one, which is kept open so that the terminal outlives its users.
    slave: OwnedFd,
    presence: Presence,
}

/// What happens at the other end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// Somebody has opened the terminal, which nobody had open. What nobody has read is thrown away: it was said to somebody else.
    Came,
    /// Nobody has it open any more.
    Went,
    /// Bytes, of whoever is there or was.
    Bytes(Vec<u8>),
}

impl Pty {
    /// Opens a new one at so many bits a second. Needs a tokio runtime.
    ///
    /// # Errors
    /// The system has no more of them.
    pub fn open(speed: u32) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let path = Path::new(name.to_str().map_err(io::Error::other)?).to_owned();
        let slave = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::ioctl_fionbio(&master, true)?;
        // As a port that nobody has set yet: the bytes as they are. Later it stays as it was left.
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        settings.set_speed(speed)?;
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        let presence = Presence::of(&path)?;
        Ok(Self { path, master: watched(master)?, slave, presence })
    }

    /// What is to be opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The speed that the other end was set to, in bits a second. (Data bits and parity are always 8 and none.)
    #[must_use]
    pub fn speed(&self) -> Option<u32> {
        Some(tcgetattr(&self.slave).ok()?.output_speed())
    }

    /// Waits until something happens, and says what, in order; it may be nothing. Unless `listens`, bytes wait. One at a time may
    /// ask; who stops waiting misses nothing.
    ///
    /// # Errors
    /// The terminal cannot be read any more.
    pub async fn next(&self, listens: bool) -> io::Result<Vec<Event>> {
        let mut buffer = [0; PIECE];
        let length = tokio::select! {
            biased;
            () = self.presence.changed() => 0,
            ready = self.master.readable(), if listens => {
                match ready?.try_io(|master| Ok(rustix::io::read(master, &mut buffer)?)) {
                    Ok(read) => read?,
                    Err(_would_block) => 0,
                }
            }
        };
        // Who wrote has come before, and must be known before the bytes are.
        let mut events = self.presence.steps();
        for event in &events {
            if *event == Event::Came {
                let _ = tcflush(&self.slave, QueueSelector::IFlush);
            } else {
                // A program that was killed may have left its mark that it is the only one.
                let _ = ioctl_tiocnxcl(&self.slave);
            }
        }
        let bytes = buffer.get(..length).unwrap_or_default();
        events.extend((length > 0).then(|| Event::Bytes(bytes.to_vec())));
        Ok(events)
    }

    /// Waits until the other end takes bytes, and says how many it took. Who stops waiting has written nothing.
    ///
    /// # Errors
    /// The terminal cannot be written any more.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.writable().await?;
            match ready.try_io(|master| Ok(rustix::io::write(master, bytes)?)) {
                Ok(written) => return written,
                Err(_would_block) => {}
            }
        }
    }
}
