//! UDP; what goes to all goes to a multicast group, and to one node as a datagram.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};

use super::udp::{self, LONGEST, Socket};
use super::wait;
use super::{
    Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting, fits,
};

/// The group: of those that every site may use within its bounds (RFC 2365, section 6.2).
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 192, 77, 5);

struct Open {
    single: UdpSocket,
    ip: Ipv4Addr,
    waiting: Waiting,
    message: usize,
    address: String,
}

pub(super) fn open(place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    let IpAddr::V4(ip) = place.ip else {
        return Err(Error::Unfit(format!("multicast here is of IPv4, and {} is not", place.ip)));
    };
    let single = udp::bind(SocketAddr::new(place.ip, 0))?;
    let address = single.local_addr().map_err(Error::system("an address"))?.to_string();
    let Place { waiting, message, .. } = *place;
    Ok(Box::new(Open { single, ip, waiting, message, address }))
}

impl Unlinked for Open {
    fn address(&self) -> &str {
        &self.address
    }

    /// The group's port is that of the first node, which nobody else has there.
    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        let nodes = udp::parse(addresses)?;
        let port = nodes.first().map_or(0, SocketAddr::port);
        let many = joined(self.ip, port).map_err(Error::system(format!("multicast at {GROUP}:{port}")))?;
        udp::make_room(&many);
        rustix::net::sockopt::set_ip_multicast_if(&self.single, &self.ip)
            .map_err(Error::system("the interface of multicast"))?;
        // Nodes of one host hear each other so.
        self.single.set_multicast_loop_v4(true).map_err(Error::system("multicast to this host"))?;
        Ok(Box::new(Multicast {
            single: Socket::new(self.single, self.message),
            many: Socket::new(many, self.message),
            waiting: self.waiting,
            own,
            nodes,
            group: SocketAddr::new(GROUP.into(), port),
        }))
    }
}

/// A socket that hears the group. Several on one host share its port.
fn joined(ip: Ipv4Addr, port: u16) -> std::io::Result<UdpSocket> {
    let socket: OwnedFd = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
    // At the group's own address: else what comes to a node alone at this port would come here, too.
    rustix::net::bind(&socket, &SocketAddr::new(GROUP.into(), port))?;
    let socket = UdpSocket::from(socket);
    socket.join_multicast_v4(&GROUP, &ip)?;
    Ok(socket)
}

struct Multicast {
    single: Socket,
    many: Socket,
    waiting: Waiting,
    own: NodeId,
    nodes: Vec<SocketAddr>,
    group: SocketAddr,
}

impl Multicast {
    /// What has come: to all first, for a token is sent after the messages that it tells of.
    fn look(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        while let Some(came) = self.many.look(buffer)? {
            let sender = udp::sender(&self.nodes, came);
            if let Some(received) = sender.filter(|received| received.from != self.own) {
                return Ok(Some(received));
            }
        }
        Ok(self.single.look(buffer)?.and_then(|came| udp::sender(&self.nodes, came)))
    }
}

impl Transport for Multicast {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        fits(message, LONGEST)?;
        match to {
            To::Node(node) => match self.nodes.get(node) {
                Some(address) => self.single.send(message, *address),
                None => Err(Error::Unfit(format!("there is no node {node}"))),
            },
            To::Others => self.single.send(message, self.group),
        }
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        if self.waiting == Waiting::Polled {
            return wait::polled(patience, wait::LOOKS_AT_SOCKETS, wait::YIELDS, || self.look(buffer));
        }
        if let Some(received) = self.look(buffer)? {
            return Ok(Some(received));
        }
        let mut sockets = [wait::readable(&self.many.socket), wait::readable(&self.single.socket)];
        if wait::for_any(&mut sockets, patience)? { self.look(buffer) } else { Ok(None) }
    }

    fn limits(&self) -> Limits {
        Limits { message: LONGEST, piece: None, inline: 0 }
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees { reliable: false, ordered: false, multicast: true }
    }

    fn counters(&self) -> Counters {
        Counters { dropped: self.single.dropped() + self.many.dropped(), ..Counters::default() }
    }
}
