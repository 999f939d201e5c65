//! TCP, a connection between each two nodes. A message is its length (four bytes, little endian) and itself.

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use quanta::Instant;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

use super::wait::{self, Patience};
use super::{
    Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting, fits,
};

/// The longest message. Any would go; a length beyond this is a connection out of step.
const LONGEST: usize = 16 << 20;
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
/// How long the other nodes are waited for.
const LINKING: Duration = Duration::from_secs(20);
/// The smallest poll interval while linking.
const LOOK: Duration = Duration::from_millis(1);

struct Open {
    listener: TcpListener,
    place: Place,
    address: String,
}

pub(super) fn open(place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    let listener = TcpListener::bind((place.ip, 0)).map_err(Error::system(format!("TCP at {}", place.ip)))?;
    let address = listener.local_addr().map_err(Error::system("an address"))?.to_string();
    Ok(Box::new(Open { listener, place: place.clone(), address }))
}

impl Unlinked for Open {
    fn address(&self) -> &str {
        &self.address
    }

    /// Each node connects to those before it, and says its number.
    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        let nodes = super::udp::parse(addresses)?;
        let until = Instant::now() + LINKING;
        let mut links: Vec<Option<Link>> = nodes.iter().map(|_| None).collect();
        for (slot, address) in links.iter_mut().zip(&nodes).take(own) {
            *slot = Some(connect(*address, own).map_err(Error::system(format!("TCP to {address}")))?);
        }
        let awaited = nodes.len().saturating_sub(own + 1);
        self.listener.set_nonblocking(true).map_err(Error::system("a listener"))?;
        for _ in 0..awaited {
            let (from, link) = accept(&self.listener, until)?;
            match links.get_mut(from) {
                Some(slot @ None) if from > own => *slot = Some(link),
                _ => return Err(Error::Unfit(format!("node {from} is not expected to connect to {own}"))),
            }
        }
        let (waiting, sent_again) = (self.place.waiting, sent_again());
        Ok(Box::new(Tcp { links, waiting, next: 0, refused: 0, sent_again }))
    }
}

fn connect(address: SocketAddr, own: NodeId) -> std::io::Result<Link> {
    let mut stream = TcpStream::connect_timeout(&address, LINKING)?;
    let number = u32::try_from(own).map_err(std::io::Error::other)?;
    stream.write_all(&number.to_le_bytes())?;
    Link::new(stream)
}

/// The next node that connects.
fn accept(listener: &TcpListener, until: Instant) -> Result<(NodeId, Link), Error> {
    let mut stream = loop {
        let left = until.saturating_duration_since(Instant::now()).max(LOOK);
        wait::for_any(&mut [wait::readable(listener)], left)?;
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && Instant::now() < until => {}
            Err(error) => return Err(Error::system("waiting for the other nodes to connect")(error)),
        }
    };
    let mut hello = || -> std::io::Result<NodeId> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(LINKING))?;
        let mut number = [0; 4];
        stream.read_exact(&mut number)?;
        usize::try_from(u32::from_le_bytes(number)).map_err(std::io::Error::other)
    };
    let from = hello().map_err(Error::system("a node's number"))?;
    Ok((from, Link::new(stream).map_err(Error::system("a connection"))?))
}

/// A connection to one node.
struct Link {
    stream: TcpStream,
    reading: Patience,
    writing: Patience,
    /// What was read: from `start` on it is not a message yet that was handed on.
    inbox: Vec<u8>,
    start: usize,
    /// Where what is not read to where it is wanted is read to.
    piece: Vec<u8>,
    /// What the kernel did not take yet.
    outbox: Vec<u8>,
    is_open: bool,
}

impl Link {
    fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(None)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER)?;
        let (reading, writing) = (Patience::receiving(), Patience::sending());
        let (inbox, piece, outbox) = (Vec::with_capacity(PIECE), vec![0; PIECE], Vec::new());
        Ok(Self { stream, reading, writing, inbox, start: 0, piece, outbox, is_open: true })
    }

    /// The next whole message of what was read.
    fn message(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
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
    fn receive(&mut self, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<usize>, Error> {
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
            Ok(0) => self.is_open = false,
            Ok(bytes) => return Ok(bytes),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => {
                self.is_open = false
            }
            Err(error) => return Err(Error::system("reading from a node")(error)),
        }
        Ok(0)
    }

    /// Sends a message, or keeps what the kernel does not take. Answers whether it found a place.
    fn send(&mut self, message: &[u8]) -> Result<bool, Error> {
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
    fn send_more(&mut self, message: &[u8]) -> Result<bool, Error> {
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
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => {
                self.is_open = false;
            }
            Err(error) => return Err(Error::system("sending to a node")(error)),
        }
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.send_kept(SendFlags::DONTWAIT)
    }

    /// The same, and waits for room: the socket by itself, which takes one call of the system where `poll` takes two for each piece.
    fn flush_within(&mut self, patience: Duration) -> Result<(), Error> {
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
        if !self.is_open {
            self.outbox.clear();
        }
        Ok(())
    }

    /// Whether it can wait for itself: nothing of ours waits to be sent.
    fn is_quiet(&self) -> bool {
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

struct Tcp {
    links: Vec<Option<Link>>,
    waiting: Waiting,
    /// Who is looked at first: the one behind the last that spoke, so that none is forgotten.
    next: usize,
    refused: u64,
    /// As it was when it was linked.
    sent_again: u64,
}

/// Segments that were sent again: `RetransSegs` of RFC 4022, as /proc/net/snmp has it. It is the sum of all connections of the
/// machine, or of its network namespace.
fn sent_again() -> u64 {
    let table = std::fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let mut lines = table.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let place = names.split(' ').position(|name| name == "RetransSegs");
    let value = place.and_then(|place| values.split(' ').nth(place));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

impl Tcp {
    fn send_by(
        &mut self,
        to: To,
        message: &[u8],
        send: fn(&mut Link, &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        fits(message, LONGEST)?;
        for (node, link) in self.links.iter_mut().enumerate() {
            let Some(link) = link.as_mut().filter(|_| to == To::Others || to == To::Node(node)) else {
                continue;
            };
            if !send(link, message)? {
                self.refused += 1;
            }
        }
        Ok(())
    }

    /// The next message of what was read already.
    fn read_before(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        let count = self.links.len();
        for from in (0..count).map(|step| (self.next + step) % count) {
            let Some(Some(link)) = self.links.get_mut(from) else { continue };
            if let Some(bytes) = link.message(buffer)? {
                self.next = from + 1;
                return Ok(Some(Received { from, bytes }));
            }
        }
        Ok(None)
    }

    /// Looks at every link, until one has a message. What waits to be sent is sent.
    fn look(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        let count = self.links.len();
        for from in (0..count).map(|step| (self.next + step) % count) {
            let Some(Some(link)) = self.links.get_mut(from) else { continue };
            if !link.is_open {
                continue;
            }
            link.flush()?;
            if let Some(bytes) = link.receive(buffer, RecvFlags::DONTWAIT)? {
                self.next = from + 1;
                return Ok(Some(Received { from, bytes }));
            }
        }
        Ok(None)
    }

    /// Sleeps until something can be read or sent.
    fn sleep(&self, patience: Duration) -> Result<(), Error> {
        let open = self.links.iter().flatten().filter(|link| link.is_open);
        let mut sockets: Vec<_> = open
            .map(|link| {
                let sends = if link.outbox.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
                rustix::event::PollFd::new(&link.stream, PollFlags::IN | sends)
            })
            .collect();
        wait::for_any(&mut sockets, patience).map(|_| ())
    }
}

impl Transport for Tcp {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.send_by(to, message, Link::send)
    }

    /// Short messages are put together: a call of the system for each would cost more than all else.
    fn send_more(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.send_by(to, message, Link::send_more)
    }

    fn flush(&mut self, patience: Duration) -> Result<(), Error> {
        if self.links.iter().flatten().all(|link| link.outbox.is_empty()) {
            return Ok(());
        }
        let until = Instant::now() + patience;
        for link in self.links.iter_mut().flatten() {
            link.flush()?;
            while link.is_open && !link.outbox.is_empty() && Instant::now() < until {
                link.flush_within(until.saturating_duration_since(Instant::now()))?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        if let Some(received) = self.read_before(buffer)? {
            return Ok(Some(received));
        }
        if self.waiting == Waiting::Polled {
            return wait::polled(patience, wait::LOOKS_AT_SOCKETS, || self.look(buffer));
        }
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut links =
                self.links.iter_mut().enumerate().filter_map(|(node, link)| Some((node, link.as_mut()?)));
            let received = match (links.next(), links.next()) {
                // One other node: its socket waits by itself, which takes one call of the system for two.
                (Some((from, link)), None) if link.is_quiet() && left >= wait::SHORT => {
                    link.reading.set(link.stream.as_fd(), wait::rounded(left))?;
                    let bytes = link.receive(buffer, RecvFlags::empty())?;
                    bytes.map(|bytes| Received { from, bytes })
                }
                _ => {
                    self.sleep(left)?;
                    self.look(buffer)?
                }
            };
            if received.is_some() {
                return Ok(received);
            }
            if Instant::now() >= until {
                return Ok(None);
            }
        }
    }

    fn limits(&self) -> Limits {
        Limits { message: LONGEST, piece: None, inline: 0 }
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees { reliable: true, ordered: true, multicast: false }
    }

    fn counters(&self) -> Counters {
        let retransmits = sent_again().saturating_sub(self.sent_again);
        Counters { refused: self.refused, retransmits, ..Counters::default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linked() -> (TcpStream, Link) {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        sender.set_nodelay(true).unwrap();
        let mut link = Link::new(listener.accept().unwrap().0).unwrap();
        link.reading.set(link.stream.as_fd(), LINKING).unwrap();
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
