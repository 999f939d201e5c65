//! How a node comes to its connections, at first and when one is lost: each calls those before it, and says its number.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use quanta::Instant;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::link::Link;
use crate::transport::{Error, NodeId, wait};

/// A call that failed, or is not answered, is made again after so long.
const AGAIN: Duration = Duration::from_millis(100);
/// A call is given up after so long: the node may have come back meanwhile, and does not know of it.
const UNANSWERED: Duration = Duration::from_secs(1);
/// Where nothing is missing, callers are looked for at this interval: one end may know of a loss before the other.
const LOOK: Duration = Duration::from_millis(10);

/// What makes connections.
pub(super) struct Joining {
    listener: TcpListener,
    own: NodeId,
    nodes: Vec<SocketAddr>,
    /// By node.
    calls: Vec<Call>,
    /// They have called, and not said their number yet.
    callers: Vec<TcpStream>,
    looked: Instant,
}

/// A call to a node.
struct Call {
    /// It is not through yet.
    stream: Option<TcpStream>,
    since: Option<Instant>,
    /// What became of the last.
    failed: Option<std::io::Error>,
}

impl Joining {
    pub(super) fn new(listener: TcpListener, own: NodeId, nodes: Vec<SocketAddr>) -> Result<Self, Error> {
        listener.set_nonblocking(true).map_err(Error::system("a listener"))?;
        let calls = nodes.iter().map(|_| Call { stream: None, since: None, failed: None }).collect();
        Ok(Self { listener, own, nodes, calls, callers: Vec::new(), looked: Instant::now() })
    }

    /// The connections, each made for the first time.
    pub(super) fn first(&mut self, patience: Duration) -> Result<Vec<Option<Link>>, Error> {
        let mut links: Vec<_> = self.nodes.iter().map(|_| None).collect();
        let until = Instant::now() + patience;
        while self.lacks(&links) {
            self.step(&mut links)?;
            for (call, address) in self.calls.iter_mut().zip(&self.nodes) {
                // All listen before any calls: who is not there now does not come.
                if let Some(error) = call.failed.take() {
                    return Err(Error::system(format!("TCP to {address}"))(error));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let missing: Vec<_> = self.missing(&links).map(|node| node.to_string()).collect();
                return Err(Error::Unfit(format!("no TCP connection with nodes {}", missing.join(", "))));
            }
            if self.lacks(&links) {
                wait::for_any(&mut self.awaited(), left.min(AGAIN))?;
            }
        }
        Ok(links)
    }

    /// Whether a connection is missing.
    pub(super) fn lacks(&self, links: &[Option<Link>]) -> bool {
        self.missing(links).next().is_some()
    }

    fn missing(&self, links: &[Option<Link>]) -> impl Iterator<Item = NodeId> {
        let is_missing = |link: &Option<Link>| link.as_ref().is_none_or(|link| !link.is_open);
        let missing = links.iter().enumerate().filter(move |(_, link)| is_missing(link));
        missing.map(|(node, _)| node).filter(|node| *node != self.own)
    }

    /// Whether it is time to look for callers.
    pub(super) fn is_due(&self) -> bool {
        self.looked.elapsed() >= LOOK
    }

    /// What wakes when there is something to do.
    pub(super) fn awaited(&self) -> Vec<PollFd<'_>> {
        let calls = self.calls.iter().filter_map(|call| call.stream.as_ref());
        std::iter::once(wait::readable(&self.listener))
            .chain(self.callers.iter().map(wait::readable))
            .chain(calls.map(|stream| PollFd::new(stream, PollFlags::OUT)))
            .collect()
    }

    /// Does what can be done without waiting. Answers how many connections were made.
    pub(super) fn step(&mut self, links: &mut [Option<Link>]) -> Result<u64, Error> {
        self.looked = Instant::now();
        let made = self.call(links)? + self.answer(links)?;
        Ok(made)
    }

    /// Calls those before this node that are missing.
    fn call(&mut self, links: &mut [Option<Link>]) -> Result<u64, Error> {
        let missing: Vec<_> = self.missing(links).filter(|node| *node < self.own).collect();
        let own_ip = self.nodes.get(self.own).map(SocketAddr::ip);
        let mut made = 0;
        for node in missing {
            let (Some(call), Some(address), Some(own_ip)) =
                (self.calls.get_mut(node), self.nodes.get(node), own_ip)
            else {
                continue;
            };
            let elapsed = call.since.map(|since| since.elapsed());
            if elapsed.is_none_or(|elapsed| elapsed >= if call.stream.is_some() { UNANSWERED } else { AGAIN })
            {
                call.since = Some(Instant::now());
                call.stream = begin(SocketAddr::new(own_ip, 0), *address)
                    .map_err(|error| call.failed = Some(error))
                    .ok();
            }
            let Some(stream) = call.stream.take() else { continue };
            if !wait::for_any(&mut [PollFd::new(&stream, PollFlags::OUT)], Duration::ZERO)? {
                call.stream = Some(stream);
                continue;
            }
            match complete(stream, self.own) {
                Ok(link) => {
                    made += u64::from(put(links, node, link));
                    call.since = None;
                }
                Err(error) => call.failed = Some(error),
            }
        }
        Ok(made)
    }

    /// Takes the calls of those behind this node.
    fn answer(&mut self, links: &mut [Option<Link>]) -> Result<u64, Error> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => self.callers.push(stream),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // Who hung up before it was taken, calls again.
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(Error::system("taking the other nodes' calls")(error)),
            }
        }
        let mut made = 0;
        for mut stream in std::mem::take(&mut self.callers) {
            let mut number = [0; 4];
            match stream.read_exact(&mut number) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.callers.push(stream);
                    continue;
                }
                Err(_) => continue,
            }
            let from = usize::try_from(u32::from_le_bytes(number)).unwrap_or(usize::MAX);
            let is_its =
                |address: &SocketAddr| stream.peer_addr().is_ok_and(|peer| peer.ip() == address.ip());
            if from <= self.own || !self.nodes.get(from).is_some_and(is_its) {
                tracing::warn!(from, own = self.own, "a call that is not expected");
                continue;
            }
            let link = settled(stream).map_err(Error::system("a connection"))?;
            made += u64::from(put(links, from, link));
        }
        Ok(made)
    }
}

/// Answers whether there is such a node.
fn put(links: &mut [Option<Link>], node: NodeId, link: Link) -> bool {
    links.get_mut(node).map(|slot| *slot = Some(link)).is_some()
}

/// Calls, without waiting. From this node's own address, by which the other knows it.
fn begin(from: SocketAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &from)?;
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket.into()),
        Err(error) => Err(error.into()),
    }
}

/// The call is through, or has failed.
fn complete(mut stream: TcpStream, own: NodeId) -> std::io::Result<Link> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    let number = u32::try_from(own).map_err(std::io::Error::other)?;
    // Nothing is before it: there is room.
    stream.write_all(&number.to_le_bytes())?;
    settled(stream)
}

/// From now on it waits where it is asked to.
fn settled(stream: TcpStream) -> std::io::Result<Link> {
    stream.set_nonblocking(false)?;
    Link::new(stream)
}
