//! TCP, a connection between each two nodes. A message is its length (four bytes, little endian) and itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::wait::{self, Patience};
use super::{
    Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting, fits,
};

/// The longest message. Any would go; a length beyond this is a connection out of step.
const LONGEST: usize = 16 << 20;
/// What is kept for a node that does not read, in bytes. Beyond it, messages are lost: a node that has stopped must not stop
/// the others.
const KEPT: usize = 8 << 20;
/// What is read at once.
const PIECE: usize = 128 << 10;
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
        Ok(Box::new(Tcp { links, waiting: self.place.waiting, next: 0, refused: 0 }))
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
    patience: Patience,
    /// What was read: from `start` on it is not a message yet that was handed on.
    inbox: Vec<u8>,
    start: usize,
    /// What the kernel did not take yet.
    outbox: Vec<u8>,
    is_open: bool,
}

impl Link {
    fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(None)?;
        let (inbox, outbox) = (Vec::with_capacity(PIECE), Vec::new());
        Ok(Self { stream, patience: Patience::new(), inbox, start: 0, outbox, is_open: true })
    }

    /// The next whole message of what was read.
    fn message(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        let read = self.inbox.get(self.start..).unwrap_or_default();
        let Some((length, rest)) = read.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(Error::Unfit(format!(
                "a message of {length} bytes came: the connection is out of step"
            )));
        }
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

    /// Reads what is there, or waits for it as the flags say. Answers whether something came.
    fn read(&mut self, flags: RecvFlags) -> Result<bool, Error> {
        if self.start > 0 {
            self.inbox.drain(..self.start);
            self.start = 0;
        }
        let kept = self.inbox.len();
        if self.inbox.capacity() - kept < PIECE / 2 {
            self.inbox.reserve(PIECE);
        }
        match rustix::net::recv(&self.stream, rustix::buffer::spare_capacity(&mut self.inbox), flags) {
            Ok((_, 0)) => self.is_open = false,
            Ok(_) => return Ok(self.inbox.len() > kept),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => {
                self.is_open = false
            }
            Err(error) => return Err(Error::system("reading from a node")(error)),
        }
        Ok(false)
    }

    /// Sends a message, or keeps what the kernel does not take. Answers whether it found a place.
    fn send(&mut self, message: &[u8]) -> Result<bool, Error> {
        self.flush()?;
        if !self.is_open || self.outbox.len() + message.len() > KEPT.max(message.len()) {
            return Ok(false);
        }
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        self.outbox.extend_from_slice(&length.to_le_bytes());
        self.outbox.extend_from_slice(message);
        self.flush()?;
        Ok(true)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let mut sent = 0;
        while self.is_open && sent < self.outbox.len() {
            let rest = self.outbox.get(sent..).unwrap_or_default();
            match rustix::net::send(&self.stream, rest, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(bytes) => sent += bytes,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT | Errno::HOSTUNREACH) => {
                    self.is_open = false;
                }
                Err(error) => return Err(Error::system("sending to a node")(error)),
            }
        }
        self.outbox.drain(..sent);
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

struct Tcp {
    links: Vec<Option<Link>>,
    waiting: Waiting,
    /// Who is looked at first: the one behind the last that spoke, so that none is forgotten.
    next: usize,
    refused: u64,
}

impl Tcp {
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

    /// Reads what is there from everyone; then the next message.
    fn look(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        for link in self.links.iter_mut().flatten().filter(|link| link.is_open) {
            link.flush()?;
            link.read(RecvFlags::DONTWAIT)?;
        }
        self.read_before(buffer)
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
        fits(message, LONGEST)?;
        for (node, link) in self.links.iter_mut().enumerate() {
            let Some(link) = link.as_mut().filter(|_| to == To::Others || to == To::Node(node)) else {
                continue;
            };
            if !link.send(message)? {
                self.refused += 1;
            }
        }
        Ok(())
    }

    fn flush(&mut self, patience: Duration) -> Result<(), Error> {
        let until = Instant::now() + patience;
        for link in self.links.iter_mut().flatten() {
            while link.is_open && !link.outbox.is_empty() && Instant::now() < until {
                let left = until.saturating_duration_since(Instant::now());
                wait::for_any(&mut [rustix::event::PollFd::new(&link.stream, PollFlags::OUT)], left)?;
                link.flush()?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        if let Some(received) = self.read_before(buffer)? {
            return Ok(Some(received));
        }
        if self.waiting == Waiting::Polled {
            return wait::polled(patience, || self.look(buffer));
        }
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut links = self.links.iter_mut().flatten();
            match (links.next(), links.next()) {
                // One other node: its socket waits by itself, which takes one call of the system for two.
                (Some(link), None) if link.is_quiet() && left >= wait::SHORT => {
                    link.patience.set(link.stream.as_fd(), wait::rounded(left))?;
                    link.read(RecvFlags::empty())?;
                }
                _ => {
                    self.sleep(left)?;
                    for link in self.links.iter_mut().flatten().filter(|link| link.is_open) {
                        link.flush()?;
                        link.read(RecvFlags::DONTWAIT)?;
                    }
                }
            }
            if let Some(received) = self.read_before(buffer)? {
                return Ok(Some(received));
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
        Counters { refused: self.refused, ..Counters::default() }
    }
}
