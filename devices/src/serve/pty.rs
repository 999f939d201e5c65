//! A serial line on a pseudo-terminal: any terminal program opens it by its path, as it would a port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fencelab_wire::serial::Line;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Shared;
use super::presence::{Presence, Step};
use super::stream::Pump;
use crate::face::Carrier;
use crate::spec::FaceSpec;

/// What is read at once.
const PIECE: usize = 4096;

/// Whoever is at the terminal.
const SOMEBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// One serial face of a device on a pseudo-terminal. Dropping it closes the terminal.
#[derive(Debug)]
pub struct Pty {
    /// What is to be opened.
    pub path: PathBuf,
    /// The device.
    pub device: Shared,
    /// The face's index.
    pub face: usize,
    task: JoinHandle<()>,
}

impl Pty {
    /// Serves face number `face` of `device`. Needs a tokio runtime.
    ///
    /// # Errors
    /// The face is no serial line, or the system has no more pseudo-terminals.
    pub fn share(device: &Shared, face: usize) -> io::Result<Self> {
        let line = match device.lock().spec().faces.get(face) {
            Some(FaceSpec::Console(face)) if face.carrier == Carrier::Serial => face.console.line,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "that face is no serial line")),
        };
        let (path, terminal) = Terminal::open(line)?;
        let presence = Presence::of(&path)?;
        let pump = Pump::new(device, face);
        let task = tokio::spawn(async move {
            tokio::select! { () = serve(terminal, presence, Arc::clone(&pump)) => {} () = pump.run() => {} }
        });
        Ok(Self { path, device: device.clone(), face, task })
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Both ends of a pseudo-terminal.
struct Terminal {
    /// The device's.
    master: AsyncFd<OwnedFd>,
    /// The other one, which is kept open so that the terminal outlives its users.
    slave: OwnedFd,
    line: Line,
}

impl Terminal {
    fn open(line: Line) -> io::Result<(PathBuf, Self)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let path = Path::new(name.to_str().map_err(io::Error::other)?).to_owned();
        let slave = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::ioctl_fionbio(&master, true)?;
        // As a port that nobody has set yet: the bytes as they are, at the device's speed. Later it stays as it was left.
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        settings.set_speed(line.speed)?;
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        Ok((path, Self { master: super::watched(master)?, slave, line }))
    }

    /// How the client has set its end: a pseudo-terminal has a speed and always 8 data bits.
    fn client_line(&self) -> Option<Line> {
        let speed = tcgetattr(&self.slave).ok()?.output_speed();
        Some(Line { speed, ..self.line })
    }
}

/// Serves whoever opens the terminal, for ever.
async fn serve(terminal: Terminal, mut presence: Presence, pump: Arc<Pump>) {
    let (mut output, mut rest): (Option<mpsc::UnboundedReceiver<Vec<u8>>>, Vec<u8>) = (None, Vec::new());
    let mut buffer = vec![0; PIECE];
    loop {
        let readable = tokio::select! {
            biased;
            () = presence.changed() => None,
            ready = terminal.master.writable(), if !rest.is_empty() => {
                let Ok(mut ready) = ready else { return };
                match ready.try_io(|master| Ok(rustix::io::write(master, &rest)?)) {
                    Ok(Ok(length)) => drop(rest.drain(..length)),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "a terminal took nothing");
                        rest.clear();
                    }
                    Err(_would_block) => {}
                }
                None
            }
            piece = next(&mut output), if rest.is_empty() => {
                match piece {
                    Some(piece) => rest = piece,
                    None => output = None,
                }
                None
            }
            ready = terminal.master.readable() => {
                let Ok(mut ready) = ready else { return };
                match ready.try_io(|master| Ok(rustix::io::read(master, buffer.as_mut_slice())?)) {
                    Ok(Ok(length)) => Some(length),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "a terminal cannot be read");
                        return;
                    }
                    Err(_would_block) => None,
                }
            }
        };
        // Who wrote has come before, and must be known before the bytes are.
        for step in presence.steps() {
            match step {
                Step::Came => {
                    // What nobody read was said to somebody else.
                    let _ = tcflush(&terminal.slave, QueueSelector::IFlush);
                    output = Some(pump.connect(SOMEBODY, None));
                }
                Step::Went => {
                    pump.feed(SOMEBODY, &[]);
                    (output, rest) = (None, Vec::new());
                    // A program that was killed may have left its mark that it is the only one.
                    let _ = ioctl_tiocnxcl(&terminal.slave);
                }
            }
        }
        if output.is_some() {
            pump.set_client_line(terminal.client_line());
        }
        if let Some(bytes) =
            readable.and_then(|length| buffer.get(..length)).filter(|bytes| !bytes.is_empty())
        {
            pump.feed(SOMEBODY, bytes);
        }
    }
}

/// The next piece of output, if there is anybody to whom it goes.
async fn next(output: &mut Option<mpsc::UnboundedReceiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match output {
        Some(output) => output.recv().await,
        None => std::future::pending().await,
    }
}
