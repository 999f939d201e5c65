//! A port of the switch: one unix socket, which a guest's network card connects to, and how frames go over it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};

/// How much may wait for a guest that fetches nothing; then frames are dropped, as by any switch. Bytes.
const WAITING_MAX: usize = 1 << 20;

/// The longest frame that QEMU sends.
const FRAME_MAX: usize = 4096 + 65536;

/// How many frames are taken from a port before the others have their turn.
const TURN: usize = 64;

/// How frames go over a port's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A stream of frames with their length before them (4 bytes, big-endian): QEMU's `-netdev stream`.
    Lengths,
    /// A frame a packet (`SOCK_SEQPACKET`): the transport `bess` of User-Mode Linux.
    Packets,
}

/// A listening socket, and the guest that has called.
pub(crate) struct Port {
    framing: Framing,
    listener: UnixListener,
    /// Reads and writes of it are packets where the framing is.
    guest: Option<UnixStream>,
    /// Where a read puts what it gets.
    piece: Box<[u8]>,
    /// What has come of a stream and is no whole frame.
    received: Vec<u8>,
    /// What is written at once: a frame, or the rest of it.
    waiting: VecDeque<Vec<u8>>,
    /// The bytes of all that waits.
    waits: usize,
}

impl Port {
    pub(crate) fn listen(path: &Path, framing: Framing) -> io::Result<Self> {
        let listener = match framing {
            Framing::Lengths => UnixListener::bind(path)?,
            Framing::Packets => {
                let file = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
                bind(file.as_raw_fd(), &UnixAddr::new(path)?)?;
                listen(&file, Backlog::new(1)?)?;
                UnixListener::from(file)
            }
        };
        listener.set_nonblocking(true)?;
        Ok(Self {
            framing,
            listener,
            guest: None,
            piece: vec![0; FRAME_MAX].into(),
            received: Vec::new(),
            waiting: VecDeque::new(),
            waits: 0,
        })
    }

    /// Takes a guest's call, if there is one and the last guest is gone.
    pub(crate) fn accept(&mut self) {
        if self.guest.is_none()
            && let Ok((guest, _)) = self.listener.accept()
            && guest.set_nonblocking(true).is_ok()
        {
            self.guest = Some(guest);
        }
    }

    /// Hands over the frames that have arrived in full.
    pub(crate) fn receive(&mut self, mut frame: impl FnMut(&[u8])) {
        for _ in 0..TURN {
            let Some(guest) = &mut self.guest else { return };
            match guest.read(&mut self.piece) {
                Ok(0) => return self.close(),
                Ok(length) => match self.framing {
                    Framing::Packets => frame(&self.piece[..length]),
                    Framing::Lengths => {
                        self.received.extend_from_slice(&self.piece[..length]);
                        return self.take_apart(frame);
                    }
                },
                Err(error) if is_early(&error) => return,
                Err(_) => return self.close(),
            }
        }
    }

    /// Hands over the frames of a stream.
    fn take_apart(&mut self, mut frame: impl FnMut(&[u8])) {
        let mut rest = self.received.as_slice();
        while let Some((head, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*head) as usize;
            if length > FRAME_MAX {
                // Whoever speaks thus is no QEMU.
                return self.close();
            }
            let Some((whole, behind)) = behind.split_at_checked(length) else { break };
            frame(whole);
            rest = behind;
        }
        self.received = rest.to_vec();
    }

    /// Puts a frame into the queue to the guest; tells whether it had room. An absent guest has none.
    pub(crate) fn queue(&mut self, frame: &[u8]) -> bool {
        if self.guest.is_none() || self.waits > WAITING_MAX {
            return false;
        }
        let framed = match self.framing {
            Framing::Packets => frame.to_vec(),
            Framing::Lengths => {
                let length = u32::try_from(frame.len()).unwrap_or_default().to_be_bytes();
                [&length, frame].concat()
            }
        };
        self.waits += framed.len();
        // A stream is one piece, so that all of it goes out by one call.
        match (self.framing, self.waiting.back_mut()) {
            (Framing::Lengths, Some(stream)) => stream.extend(framed),
            _ => self.waiting.push_back(framed),
        }
        true
    }

    /// Whether something waits for the guest.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends what waits, as far as the guest takes it.
    pub(crate) fn send(&mut self) {
        while let (Some(guest), Some(piece)) = (&mut self.guest, self.waiting.front_mut()) {
            match guest.write(piece) {
                Ok(length) => {
                    self.waits -= length;
                    piece.drain(..length);
                    if piece.is_empty() {
                        self.waiting.pop_front();
                    }
                }
                Err(error) if is_early(&error) => return,
                Err(_) => self.close(),
            }
        }
    }

    /// The guest has ended; another may come.
    fn close(&mut self) {
        self.guest = None;
        self.received.clear();
        self.waiting.clear();
        self.waits = 0;
    }
}

impl AsFd for Port {
    /// The socket that says something next.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.guest.as_ref().map_or(self.listener.as_fd(), AsFd::as_fd)
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::connect;

    use super::*;

    /// A port and the guest that has called it.
    fn pair(framing: Framing) -> (Port, UnixStream) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("port");
        let mut port = Port::listen(&path, framing).unwrap();
        let guest = match framing {
            Framing::Lengths => UnixStream::connect(&path).unwrap(),
            Framing::Packets => {
                let file =
                    socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).unwrap();
                connect(file.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
                file.into()
            }
        };
        port.accept();
        (port, guest)
    }

    fn received(port: &mut Port) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        port.receive(|frame| frames.push(frame.to_vec()));
        frames
    }

    #[test]
    fn a_packet_is_a_frame() {
        let (mut port, mut guest) = pair(Framing::Packets);
        guest.write_all(b"one").unwrap();
        guest.write_all(&[7; 65_000]).unwrap();
        assert_eq!(received(&mut port), [b"one".to_vec(), vec![7; 65_000]]);
        assert!(received(&mut port).is_empty());
        assert!(port.queue(b"first") && port.queue(b"second"));
        port.send();
        assert!(!port.has_waiting());
        let mut bytes = [0; 64];
        for frame in [&b"first"[..], b"second"] {
            let length = guest.read(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], frame);
        }
    }

    #[test]
    fn a_length_is_before_each_frame_of_a_stream_however_it_is_cut() {
        let (mut port, mut guest) = pair(Framing::Lengths);
        guest.write_all(b"\0\0\0\x03one\0\0\0\x05th").unwrap();
        assert_eq!(received(&mut port), [b"one"]);
        guest.write_all(b"ree").unwrap();
        assert_eq!(received(&mut port), [b"three"]);
        assert!(port.queue(b"first") && port.queue(b"second"));
        port.send();
        let mut bytes = [0; 19];
        guest.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0\x05first\0\0\0\x06second");
        // No QEMU says this: it is treated as gone.
        guest.write_all(&[0xff; 8]).unwrap();
        assert!(received(&mut port).is_empty());
        assert!(!port.queue(b"third"));
    }

    #[test]
    fn a_guest_that_fetches_nothing_loses_frames_and_one_that_is_gone_all() {
        for framing in [Framing::Lengths, Framing::Packets] {
            let (mut port, guest) = pair(framing);
            let queued = (0..10_000).take_while(|_| port.queue(&[0; 1500])).count();
            assert!((600..800).contains(&queued), "{framing:?}: {queued} of 1500 bytes in a mebibyte");
            port.send();
            // The socket has taken a part, which makes room.
            assert!(port.has_waiting() && port.queue(&[0; 1500]));
            drop(guest);
            assert!(received(&mut port).is_empty());
            assert!(!port.has_waiting() && !port.queue(b"late"));
        }
    }
}
