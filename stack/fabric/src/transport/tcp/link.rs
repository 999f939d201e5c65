//! A connection: messages are cut out of a stream of bytes.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

use super::LONGEST;
use crate::transport::Error;
use crate::transport::wait::{self, Patience};

/// What is kept for a node that does not read, in bytes. Beyond it, messages are lost: a node that has stopped must not stop
/// the others.
const KEPT: usize = 8 << 20;
/// What the kernel is asked to hold of what is sent, in bytes, so that it takes a long message at once; it gives what it allows. Left
/// alone, it begins with 16 KiB.
const SEND_BUFFER: usize = 1 << 20;
/// What is read at once.
const PIECE: usize = 128 << 10;
/// To copy more than so many bytes costs more than another call of the system.
const LONG: usize = 8 << 10;
/// So many bytes of messages that follow each other are sent at once.
const TOGETHER: usize = 64 << 10;
/// So many bytes of a message that comes in pieces are copied again with each.
const AGAIN: usize = 256 << 10;
/// Bytes of a length.
const LENGTH: usize = 4;

/// A connection to one node, and what goes over it.
pub(super) struct Link {
    pub(super) stream: TcpStream,
    pub(super) reading: Patience,
    writing: Patience,
    /// What was read: from `start` on it is not a message yet that was handed on.
    inbox: Vec<u8>,
    start: usize,
    /// Where what is not read to where it is wanted is read to.
    piece: Vec<u8>,
    /// What the kernel did not take yet.
    pub(super) outbox: Vec<u8>,
    pub(super) is_open: bool,
}

impl Link {
    pub(super) fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(None)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER)?;
        let (reading, writing) = (Patience::receiving(), Patience::sending());
        let (inbox, piece, outbox) = (Vec::with_capacity(PIECE), vec![0; PIECE], Vec::new());
        Ok(Self { stream, reading, writing, inbox, start: 0, piece, outbox, is_open: true })
    }

    /// The next whole message of what was read.
    pub(super) fn message(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        let read = self.inbox.get(self.start..).unwrap_or_default();
        let Some((length, rest)) = read.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = length_of(*length)?;
        let Some(message) = rest.get(..length) else { return Ok(None) };
        let bytes = length.min(buffer.len());
        for (slot, part) in buffer.get_mut(..bytes).into_iter().zip(message.get(..bytes)) {
            slot.copy_from_slice(part);
        }
        self.start += LENGTH + length;
        if self.start == self.inbox.len() {
            self.inbox.clear();
            self.start = 0;
        }
        Ok(Some(bytes))
    }

    /// Reads what is there, or waits for it as the flags say. Answers the next message.
    ///
    /// What was read before is no whole message. A long one is read to where it is wanted, which spares copies; short ones are read
    /// together, and with a plain `recv`, which spares more.
    pub(super) fn receive(&mut self, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<usize>, Error> {
        self.inbox.drain(..self.start);
        self.start = 0;
        let (mut head, mut known) = ([0; LENGTH], 0);
        for (slot, byte) in head.iter_mut().zip(&self.inbox) {
            *slot = *byte;
            known += 1;
        }
        let had = self.inbox.len() - known;
        let end = if known == LENGTH { length_of(head)? } else { buffer.len() };
        if buffer.len() < LONG || end > buffer.len() || had > AGAIN {
            return self.receive_more(buffer, flags);
        }
        for (slot, byte) in buffer.iter_mut().zip(self.inbox.iter().skip(known)) {
            *slot = *byte;
        }
        let parts = &mut [
            IoSliceMut::new(head.get_mut(known..).unwrap_or_default()),
            IoSliceMut::new(buffer.get_mut(had..end).unwrap_or_default()),
        ];
        let came = recv_parts(&self.stream, parts, flags);
        let came = self.count(came)?;
        let of_head = came.min(LENGTH - known);
        if known + of_head < LENGTH {
            self.inbox.extend_from_slice(head.get(known..known + of_head).unwrap_or_default());
            return Ok(None);
        }
        let (length, mut body) = (length_of(head)?, had + came - of_head);
        if came > 0 && body < length && length <= buffer.len() {
            // If the rest does not come at once, it is waited for as any.
            let flags = if flags.contains(RecvFlags::DONTWAIT) { flags } else { RecvFlags::WAITALL };
            let rest = buffer.get_mut(body..length).unwrap_or_default();
            let more = recv(&self.stream, rest, flags);
            body += self.count(more)?;
        }
        let came = buffer.get(..body).unwrap_or_default();
        self.inbox.clear();
        if length <= came.len() {
            self.inbox.extend_from_slice(came.get(length..).unwrap_or_default());
            return Ok(Some(length));
        }
        [&head, came].iter().for_each(|part| self.inbox.extend_from_slice(part));
        self.message(buffer)
    }

    /// The same for messages that are short, do not fit into the buffer, or would be copied too often on their way there.
    fn receive_more(&mut self, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<usize>, Error> {
        let came = recv(&self.stream, &mut self.piece, flags);
        let came = self.count(came)?;
        self.inbox.extend_from_slice(self.piece.get(..came).unwrap_or_default());
        self.message(buffer)
    }

    /// The bytes that came; none where nothing did, or the node is gone.
    fn count(&mut self, came: Result<usize, Errno>) -> Result<usize, Error> {
        match came {
            Ok(0) => self.close(),
            Ok(bytes) => return Ok(bytes),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => self.close(),
            Err(error) => return Err(Error::system("reading from a node")(error)),
        }
        Ok(0)
    }

    /// It is lost. The other end is told, for it may not have noticed.
    pub(super) fn close(&mut self) {
        self.is_open = false;
        self.outbox.clear();
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Sends a message, or keeps what the kernel does not take. Answers whether it found a place.
    pub(super) fn send(&mut self, message: &[u8]) -> Result<bool, Error> {
        self.flush()?;
        if !self.is_open || self.outbox.len() + message.len() > KEPT.max(message.len()) {
            return Ok(false);
        }
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut taken = 0;
        if self.outbox.is_empty() && message.len() >= LONG {
            let parts = [IoSlice::new(&length), IoSlice::new(message)];
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let sent = rustix::net::sendmsg(&self.stream, &parts, &mut SendAncillaryBuffer::default(), flags);
            taken = self.taken(sent)?;
        }
        self.outbox.extend_from_slice(length.get(taken..).unwrap_or_default());
        self.outbox.extend_from_slice(message.get(taken.saturating_sub(LENGTH)..).unwrap_or_default());
        if taken == 0 {
            self.flush()?;
        }
        Ok(true)
    }

    /// The same, and a short message may wait for those that follow.
    pub(super) fn send_more(&mut self, message: &[u8]) -> Result<bool, Error> {
        if !self.is_open || self.outbox.len() + message.len() >= TOGETHER {
            return self.send(message);
        }
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.outbox.extend_from_slice(&length);
        self.outbox.extend_from_slice(message);
        Ok(true)
    }

    /// The bytes that the kernel took; none where it has no room, or the node is gone.
    fn taken(&mut self, sent: Result<usize, Errno>) -> Result<usize, Error> {
        match sent {
            Ok(bytes) => return Ok(bytes),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => self.close(),
            Err(error) => return Err(Error::system("sending to a node")(error)),
        }
        Ok(0)
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.send_kept(SendFlags::DONTWAIT)
    }

    /// The same, and waits for room: the socket by itself, which takes one call of the system where `poll` takes two for each piece.
    pub(super) fn flush_within(&mut self, patience: Duration) -> Result<(), Error> {
        if patience < wait::SHORT {
            wait::for_any(&mut [rustix::event::PollFd::new(&self.stream, PollFlags::OUT)], patience)?;
            return self.flush();
        }
        self.writing.set(self.stream.as_fd(), wait::rounded(patience))?;
        self.send_kept(SendFlags::empty())
    }

    fn send_kept(&mut self, flags: SendFlags) -> Result<(), Error> {
        while self.is_open && !self.outbox.is_empty() {
            let sent = rustix::net::send(&self.stream, &self.outbox, flags | SendFlags::NOSIGNAL);
            match self.taken(sent)? {
                0 => break,
                bytes => drop(self.outbox.drain(..bytes)),
            }
        }
        Ok(())
    }

    /// Whether it can wait for itself: nothing of ours waits to be sent.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_open && self.outbox.is_empty()
    }
}

/// The length that stands before a message.
fn length_of(head: [u8; LENGTH]) -> Result<usize, Error> {
    match usize::try_from(u32::from_le_bytes(head)) {
        Ok(length @ ..=LONGEST) => Ok(length),
        length => Err(Error::Unfit(format!(
            "a message of {} bytes came: the connection is out of step",
            length.unwrap_or(usize::MAX)
        ))),
    }
}

fn recv(stream: &TcpStream, buffer: &mut [u8], flags: RecvFlags) -> Result<usize, Errno> {
    rustix::net::recv(stream, buffer, flags).map(|(_, came)| came)
}

fn recv_parts(stream: &TcpStream, parts: &mut [IoSliceMut<'_>], flags: RecvFlags) -> Result<usize, Errno> {
    rustix::net::recvmsg(stream, parts, &mut RecvAncillaryBuffer::default(), flags).map(|came| came.bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn linked() -> (TcpStream, Link) {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        sender.set_nodelay(true).unwrap();
        let mut link = Link::new(listener.accept().unwrap().0).unwrap();
        link.reading.set(link.stream.as_fd(), PATIENCE).unwrap();
        (sender, link)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever pieces it comes in, and however short the buffers are, each message comes once and in turn.
        #[test]
        fn messages_come_whole(
            lengths in prop::collection::vec(prop_oneof![0usize..9, 60usize..70, 8000usize..9000, 100_000usize..300_000], 1..12),
            // Short ones part a length from itself.
            cuts in prop::collection::vec(prop_oneof![1usize..7, 1usize..100_000], 0..12),
            buffers in prop::collection::vec(prop_oneof![0usize..70, 8000usize..9000, Just(300_000)], 1..5),
            waits in prop::collection::vec(any::<bool>(), 1..7),
        ) {
            let (mut sender, mut link) = linked();
            let messages: Vec<Vec<u8>> =
                lengths.iter().enumerate().map(|(at, length)| vec![at as u8 + 1; *length]).collect();
            let mut bytes: Vec<u8> = Vec::new();
            for message in &messages {
                bytes.extend((message.len() as u32).to_le_bytes());
                bytes.extend(message);
            }
            let writer = std::thread::spawn(move || {
                let mut rest = &bytes[..];
                for cut in cuts {
                    let (piece, behind) = rest.split_at(cut.min(rest.len()));
                    sender.write_all(piece).unwrap();
                    std::thread::yield_now();
                    rest = behind;
                }
                sender.write_all(rest).unwrap();
            });
            let (mut buffers, mut waits) = (buffers.iter().cycle(), waits.iter().cycle());
            for message in &messages {
                let (bytes, buffer) = loop {
                    let mut buffer = vec![0; *buffers.next().unwrap()];
                    if let Some(bytes) = link.message(&mut buffer).unwrap() {
                        break (bytes, buffer);
                    }
                    let flags = if *waits.next().unwrap() { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
                    if let Some(bytes) = link.receive(&mut buffer, flags).unwrap() {
                        break (bytes, buffer);
                    }
                    prop_assert!(link.is_open, "it ended early");
                };
                prop_assert_eq!(bytes, message.len().min(buffer.len()));
                prop_assert_eq!(&buffer[..bytes], &message[..bytes]);
            }
            writer.join().unwrap();
        }
    }
}
