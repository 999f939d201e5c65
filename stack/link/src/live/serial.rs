//! A serial line of this machine.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    time::{Duration, Instant},
};

use fencelab_wire::serial::{Flow, Line, Parity};
use rustix::{
    event::PollFlags,
    fs::{FlockOperation, Mode, OFlags, flock},
    io::Errno,
    termios::{
        ControlModes, InputModes, OptionalActions, QueueSelector, SpecialCodeIndex, ioctl_tiocexcl,
        ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr,
    },
};

use super::is_ready;
use crate::{Heard, LinkError, Stream, Target};

/// How long a line may take no bytes at all.
const SEND_LIMIT: Duration = Duration::from_secs(20);

/// So much is read at once.
const PIECE: usize = 4_096;

/// An open port, which no other program may open meanwhile. Reading and writing it never wait.
#[derive(Debug)]
pub struct SerialPort {
    port: OwnedFd,
    target: Target,
}

/// What goes over it.
#[derive(Debug)]
pub(super) struct SerialStream {
    port: SerialPort,
    origin: Instant,
    buffer: Vec<u8>,
}

impl SerialPort {
    /// Opens the port at the target's path and sets it. What came before is thrown away.
    ///
    /// # Errors
    /// There is no such port, it is no serial line, it may not be opened, somebody else has it open, or it cannot be set so.
    pub fn open(target: &Target, line: &Line) -> Result<Self, LinkError> {
        // Not to wait for a carrier, and not to be hung up with it.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let port = rustix::fs::open(target.host.as_str(), flags, Mode::empty())
            .map_err(|errno| not_opened(target, errno))?;
        tcgetattr(&port).map_err(|errno| no_terminal(target, errno))?;
        let port = Self { port, target: target.clone() };
        port.claim()?;
        port.set(line)?;
        tcflush(&port, QueueSelector::IFlush).map_err(|errno| port.failed(errno))?;
        Ok(port)
    }

    /// The port is ours alone: by a lock, which binds the administrator too, and by the terminal's own mark.
    fn claim(&self) -> Result<(), LinkError> {
        match flock(&self.port, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(busy(&self.target)),
            Err(errno) => return Err(self.failed(errno)),
        }
        ioctl_tiocexcl(&self.port).map_err(|errno| self.failed(errno))
    }

    /// Sets it.
    ///
    /// # Errors
    /// It cannot be set so.
    pub fn set(&self, line: &Line) -> Result<(), LinkError> {
        let mut settings = tcgetattr(self).map_err(|errno| self.failed(errno))?;
        settings.make_raw();
        let control = &mut settings.control_modes;
        control.remove(ControlModes::CSIZE | ControlModes::PARENB | ControlModes::PARODD);
        control.remove(ControlModes::CSTOPB | ControlModes::CRTSCTS);
        control.insert(ControlModes::CREAD | ControlModes::CLOCAL);
        control.insert(match line.data_bits {
            5 => ControlModes::CS5,
            6 => ControlModes::CS6,
            7 => ControlModes::CS7,
            _ => ControlModes::CS8,
        });
        control.insert(match line.parity {
            Parity::None => ControlModes::empty(),
            Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
            Parity::Even => ControlModes::PARENB,
        });
        control.set(ControlModes::CSTOPB, line.stop_bits > 1);
        control.set(ControlModes::CRTSCTS, line.flow == Flow::RtsCts);
        settings.input_modes.set(InputModes::IXON | InputModes::IXOFF, line.flow == Flow::XonXoff);
        // An empty read would look like the end.
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        let refused = |what: String| LinkError::Unsupported { target: self.target.clone(), why: what };
        let cannot = || refused(format!("the port cannot be set to {line}"));
        settings.set_speed(line.speed).map_err(|_| cannot())?;
        tcsetattr(&self.port, OptionalActions::Now, &settings).map_err(|_| cannot())?;
        // The system sets what it can, and says nothing of the rest.
        let got = tcgetattr(&self.port).map_err(|errno| self.failed(errno))?;
        if got.output_speed() == line.speed { Ok(()) } else { Err(cannot()) }
    }

    fn failed(&self, errno: Errno) -> LinkError {
        LinkError::Io { target: self.target.clone(), why: io::Error::from(errno).to_string() }
    }
}

impl AsFd for SerialPort {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.port.as_fd()
    }
}

impl AsRawFd for SerialPort {
    fn as_raw_fd(&self) -> RawFd {
        self.port.as_raw_fd()
    }
}

impl SerialStream {
    pub(super) fn open(target: &Target, line: &Line, origin: Instant) -> Result<Self, LinkError> {
        Ok(Self { port: SerialPort::open(target, line)?, origin, buffer: vec![0; PIECE] })
    }

    fn wait(&self, for_what: PollFlags, until: Instant) -> Result<bool, LinkError> {
        is_ready(&self.port, for_what, until).map_err(|errno| self.port.failed(errno))
    }
}

impl Stream for SerialStream {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.port, rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !self.wait(PollFlags::OUT, Instant::now() + SEND_LIMIT)? {
                        let why = "the line takes no more bytes; does flow control hold it up?".to_owned();
                        return Err(LinkError::Io { target: self.port.target.clone(), why });
                    }
                }
                // The end shows at the next receive.
                Err(Errno::IO) => return Ok(()),
                Err(errno) => return Err(self.port.failed(errno)),
            }
        }
        Ok(())
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        let until = self.origin.checked_add(until).unwrap_or_else(|| Instant::now() + SEND_LIMIT);
        loop {
            let is_ready = self.wait(PollFlags::IN, until)?;
            match rustix::io::read(&self.port, self.buffer.as_mut_slice()) {
                // The adapter was pulled out, or the other end of a pseudo-terminal has gone.
                Ok(0) | Err(Errno::IO | Errno::NXIO | Errno::NODEV) => return Ok(Heard::End),
                Ok(length) => {
                    return Ok(Heard::Bytes(self.buffer.get(..length).unwrap_or_default().to_vec()));
                }
                Err(Errno::AGAIN) if !is_ready => return Ok(Heard::Silence),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(self.port.failed(errno)),
            }
        }
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        // Others may open it again, also where the port lives on without us, as a pseudo-terminal does.
        let _ = ioctl_tiocnxcl(&self.port);
    }
}

fn busy(target: &Target) -> LinkError {
    LinkError::Busy { target: target.clone(), why: "another program has the port open".to_owned() }
}

fn not_opened(target: &Target, errno: Errno) -> LinkError {
    let target = target.clone();
    match errno {
        Errno::NOENT | Errno::NXIO | Errno::NODEV => {
            let why = "there is no such port; `ls /dev/serial/by-id` shows adapters that are plugged in";
            LinkError::Unreachable { target, why: why.to_owned() }
        }
        Errno::ACCESS | Errno::PERM => {
            let why = "no permission; its group, mostly `dialout`, may open it";
            LinkError::Denied { target, why: why.to_owned() }
        }
        Errno::BUSY => busy(&target),
        errno => LinkError::Io { target, why: io::Error::from(errno).to_string() },
    }
}

fn no_terminal(target: &Target, errno: Errno) -> LinkError {
    let why = match errno {
        Errno::NOTTY => "it is no serial line".to_owned(),
        // What the driver says of a port without hardware.
        Errno::IO => "there is no hardware behind that port".to_owned(),
        errno => io::Error::from(errno).to_string(),
    };
    LinkError::Unsupported { target: target.clone(), why }
}
