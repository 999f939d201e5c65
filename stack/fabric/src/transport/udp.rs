//! UDP, a datagram to each node.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::socket::MsgFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::together::Together;
use super::wait::{self, Patience};
use super::{
    Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting, fits,
};

/// The longest payload of a datagram over IPv4 (RFC 768; RFC 791, total length 65,535).
pub(super) const LONGEST: usize = 65_507;
/// What the kernel is asked to keep until it is read. It gives as much as it allows.
const BUFFER: usize = 4 << 20;

struct Open {
    socket: UdpSocket,
    waiting: Waiting,
    message: usize,
    address: String,
}

pub(super) fn open(place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    open_at(SocketAddr::new(place.ip, 0), place.waiting, place.message)
}

/// Opens this node's end at an address of the caller's, for messages of so many bytes.
pub(crate) fn open_at(
    address: SocketAddr,
    waiting: Waiting,
    message: usize,
) -> Result<Box<dyn Unlinked>, Error> {
    let socket = bind(address)?;
    let address = socket.local_addr().map_err(Error::system("an address"))?.to_string();
    Ok(Box::new(Open { socket, waiting, message, address }))
}

/// A socket with room for bursts.
pub(super) fn bind(address: SocketAddr) -> Result<UdpSocket, Error> {
    let socket = UdpSocket::bind(address).map_err(Error::system(format!("UDP at {address}")))?;
    make_room(&socket);
    Ok(socket)
}

/// Asks for room. Less than asked for is no error: what does not fit is dropped and counted.
pub(super) fn make_room(socket: &UdpSocket) {
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(socket, BUFFER);
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(socket, BUFFER);
}

impl Unlinked for Open {
    fn address(&self) -> &str {
        &self.address
    }

    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        let nodes = parse(addresses)?;
        // With one other node the kernel looks up the way to it once, and not for each datagram.
        let other = nodes.iter().enumerate().find(|(node, _)| *node != own).map(|(_, other)| *other);
        let peer = other.filter(|other| nodes.len() == 2 && self.socket.connect(*other).is_ok());
        let socket = Socket { peer, ..Socket::new(self.socket, self.message) };
        Ok(Box::new(Udp { socket, waiting: self.waiting, own, nodes }))
    }
}

/// Addresses of sockets.
pub(super) fn parse(addresses: &[String]) -> Result<Vec<SocketAddr>, Error> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|_| Error::Unfit(format!("`{text}` is no address of a socket, like 10.0.0.1:5405")))
    };
    addresses.iter().map(parse).collect()
}

/// A datagram socket that waits by itself.
pub(super) struct Socket {
    pub(super) socket: UdpSocket,
    pub(super) patience: Patience,
    /// The only one to whom it sends and from whom it receives, where it is connected.
    pub(super) peer: Option<SocketAddr>,
    together: Option<Together>,
}

impl Socket {
    /// For messages of so many bytes at most.
    pub(super) fn new(socket: UdpSocket, message: usize) -> Self {
        Self { socket, patience: Patience::receiving(), peer: None, together: Together::of(message) }
    }

    /// The next datagram, if one is there.
    pub(super) fn look(&mut self, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr)>, Error> {
        self.receive(buffer, RecvFlags::DONTWAIT)
    }

    /// The next datagram within `patience`.
    pub(super) fn await_next(
        &mut self,
        buffer: &mut [u8],
        patience: Duration,
    ) -> Result<Option<(usize, SocketAddr)>, Error> {
        if patience < wait::SHORT {
            return match self.look(buffer)? {
                None if wait::for_any(&mut [wait::readable(&self.socket)], patience)? => self.look(buffer),
                came => Ok(came),
            };
        }
        self.patience.set(self.socket.as_fd(), wait::rounded(patience))?;
        self.receive(buffer, RecvFlags::empty())
    }

    fn receive(&mut self, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<(usize, SocketAddr)>, Error> {
        let came = self.receive_any(buffer, flags)?;
        if came.is_some() {
            self.together.iter_mut().for_each(Together::received);
        }
        Ok(came)
    }

    fn receive_any(
        &mut self,
        buffer: &mut [u8],
        flags: RecvFlags,
    ) -> Result<Option<(usize, SocketAddr)>, Error> {
        let Some(together) = &mut self.together else { return self.receive_one(buffer, flags) };
        let mut came = together.next(buffer);
        if came.is_none() && together.is_due() {
            let flags = MsgFlags::from_bits_truncate(flags.bits().cast_signed());
            match together.fetch(&self.socket, flags) {
                Ok(()) => came = together.next(buffer),
                Err(error) => return nothing_came(Errno::from_raw_os_error(error as i32)),
            }
        } else if came.is_none() {
            return self.receive_one(buffer, flags);
        }
        Ok(came.and_then(|(bytes, from)| Some((bytes, self.peer.or(from)?))))
    }

    fn receive_one(&self, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<(usize, SocketAddr)>, Error> {
        let came = match self.peer {
            Some(peer) => {
                rustix::net::recv(&self.socket, buffer, flags).map(|(_, bytes)| Some((bytes, peer)))
            }
            None => rustix::net::recvfrom(&self.socket, buffer, flags).map(|(_, bytes, from)| {
                from.and_then(|from| SocketAddr::try_from(from).ok()).map(|from| (bytes, from))
            }),
        };
        came.or_else(nothing_came)
    }

    pub(super) fn send(&mut self, message: &[u8], to: SocketAddr) -> Result<(), Error> {
        self.together.iter_mut().for_each(Together::sent);
        let sent = match self.peer {
            Some(_) => rustix::net::send(&self.socket, message, SendFlags::empty()),
            None => rustix::net::sendto(&self.socket, message, SendFlags::empty(), &to),
        };
        match sent {
            // A node or a network that is not there loses datagrams, as a cable that is cut does.
            Ok(_)
            | Err(
                Errno::CONNREFUSED
                | Errno::NETUNREACH
                | Errno::HOSTUNREACH
                | Errno::NETDOWN
                | Errno::PERM
                | Errno::NOBUFS,
            ) => Ok(()),
            Err(error) => Err(Error::system(format!("sending to {to}"))(error)),
        }
    }

    /// Datagrams that found no room.
    pub(super) fn dropped(&self) -> u64 {
        self.socket.local_addr().map_or(0, |address| dropped(address.port()))
    }
}

fn nothing_came<T>(error: Errno) -> Result<Option<T>, Error> {
    match error {
        // Refused: a datagram of ours reached a port where nobody is, which says nothing about what comes.
        Errno::AGAIN | Errno::INTR | Errno::CONNREFUSED => Ok(None),
        error => Err(Error::system("receiving a datagram")(error)),
    }
}

/// Datagrams that the sockets at this port had no room for: the last column of /proc/net/udp (proc_pid_net(5)).
fn dropped(port: u16) -> u64 {
    let at_port = |line: &str| -> Option<u64> {
        let mut columns = line.split_whitespace();
        let (_, own) = columns.nth(1)?.rsplit_once(':')?;
        let drops = columns.last()?.parse().ok()?;
        (u16::from_str_radix(own, 16).ok()? == port).then_some(drops)
    };
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let tables = [read("/proc/net/udp"), read("/proc/net/udp6")];
    tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(at_port).sum()
}

struct Udp {
    socket: Socket,
    waiting: Waiting,
    own: NodeId,
    nodes: Vec<SocketAddr>,
}

/// Who has this address. The others' messages are none of ours.
pub(super) fn sender(nodes: &[SocketAddr], (bytes, from): (usize, SocketAddr)) -> Option<Received> {
    nodes.iter().position(|node| *node == from).map(|from| Received { from, bytes })
}

impl Transport for Udp {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        fits(message, LONGEST)?;
        match to {
            To::Node(node) => match self.nodes.get(node) {
                Some(address) => self.socket.send(message, *address),
                None => Err(Error::Unfit(format!("there is no node {node}"))),
            },
            To::Others => self
                .nodes
                .iter()
                .enumerate()
                .filter(|(node, _)| *node != self.own)
                .try_for_each(|(_, address)| self.socket.send(message, *address)),
        }
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        let nodes = &self.nodes;
        match self.waiting {
            Waiting::Events => {
                let came = self.socket.await_next(buffer, patience)?;
                Ok(came.and_then(|came| sender(nodes, came)))
            }
            Waiting::Polled => wait::polled(patience, wait::LOOKS_AT_SOCKETS, wait::YIELDS, || {
                Ok(self.socket.look(buffer)?.and_then(|came| sender(nodes, came)))
            }),
        }
    }

    fn limits(&self) -> Limits {
        Limits { message: LONGEST, piece: None, inline: 0 }
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees { reliable: false, ordered: false, multicast: false }
    }

    fn counters(&self) -> Counters {
        Counters { dropped: self.socket.dropped(), ..Counters::default() }
    }
}
