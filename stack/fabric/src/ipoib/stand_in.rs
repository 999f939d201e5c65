//! The stand-in for IPoIB. Always emulated: say so wherever its figures appear.
//!
//! Unlike the kernel's connected mode, multicast goes by the connections, too, once to each node.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::pipe::PipeFlags;

use super::header::{self, LENGTH, Protocol};
use super::tun::Tun;
use crate::transport::verbs::{Opened, Service, Verbs, open_end};
use crate::transport::{Error, NodeId, Place, To, Transport, Unlinked, Waiting};

/// The network of all stand-ins: the node's number, counted from one, is the last byte.
const NETWORK: [u8; 3] = [10, 78, 0];
const MASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);
/// The MTU of datagrams where InfiniBand carries 2048 bytes, which is usual (RFC 4391, section 6).
const MTU_DATAGRAM: usize = 2044;
/// The MTU of connections, as the kernel has it.
const MTU_CONNECTED: usize = 65_520;
/// Packets that may come at once from another node: most are short, whatever the MTU.
const PACKETS: usize = 128;
/// So many packets go one way before the other way has its turn.
const TURN: usize = 64;
/// It sleeps no longer, so that lost nodes are noticed.
const NAP: Duration = Duration::from_millis(500);

/// How packets travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// By datagrams (UD), with an MTU of 2044 or what the port carries.
    Datagram,
    /// By a connection to each other node (RC), with an MTU of 65,520.
    Connected,
}

/// A node's stand-in before the others are known.
pub struct Prepared {
    opened: Opened,
    mtu: usize,
}

/// Opens this node's end.
///
/// # Errors
/// There is no RDMA device, or it has no room.
pub fn prepare(carrier: Carrier, place: &Place) -> Result<Prepared, Error> {
    let (service, mtu) = match carrier {
        Carrier::Datagram => (Service::Datagram, MTU_DATAGRAM),
        Carrier::Connected => (Service::Connected, MTU_CONNECTED),
    };
    if !(1..255).contains(&place.nodes) {
        return Err(Error::Unfit(format!("{} nodes: the emulated IPoIB has 254 addresses", place.nodes)));
    }
    // Packets wake: a processor that is kept busy by the interface would be missing where the figures are made.
    let place = Place { message: mtu + LENGTH, waiting: Waiting::Events, ..place.clone() };
    Ok(Prepared { opened: open_end(service, &place, PACKETS)?, mtu })
}

impl Prepared {
    /// Where the others find it: one word, to be handed on as it is.
    #[must_use]
    pub fn address(&self) -> &str {
        self.opened.address()
    }

    /// Makes the interface and has a thread carry its packets.
    ///
    /// # Errors
    /// An address is not one of a stand-in, or the system refuses an interface, which takes `CAP_NET_ADMIN`.
    pub fn start(self, own: NodeId, addresses: &[String]) -> Result<StandIn, Error> {
        let verbs = self.opened.linked(own, addresses)?;
        let mtu = self.mtu.min(verbs.limits().message.saturating_sub(LENGTH));
        let ip = ip_of(own).ok_or_else(|| Error::Unfit(format!("node {own} has no address of IPoIB")))?;
        let tun = Tun::open(ip, MASK, mtu)?;
        let name = tun.name.clone();
        let (stopped, stop) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
            .map_err(Error::system("a pipe"))?;
        let undelivered = Arc::new(AtomicU64::new(0));
        let failure = Arc::new(OnceLock::new());
        let failed = Arc::clone(&failure);
        let carried =
            Carried { verbs, tun, stopped, nodes: addresses.len(), undelivered: Arc::clone(&undelivered) };
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || {
                if let Err(error) = carried.carry(mtu) {
                    tracing::error!(%error, "the emulated IPoIB has failed");
                    let _ = failed.set(error.to_string());
                }
            })
            .map_err(Error::system("a thread"))?;
        Ok(StandIn { ip, name, mtu, undelivered, failure, stop: Some(stop), thread: Some(thread) })
    }
}

/// The address of a node's interface.
#[must_use]
pub fn ip_of(node: NodeId) -> Option<Ipv4Addr> {
    let [a, b, c] = NETWORK;
    let last = u8::try_from(node).ok()?.checked_add(1).filter(|last| *last < 255)?;
    Some(Ipv4Addr::new(a, b, c, last))
}

/// An interface that stands in for one of IPoIB. It is gone when this is dropped.
#[derive(Debug)]
pub struct StandIn {
    /// Its address.
    pub ip: Ipv4Addr,
    /// Its name.
    pub name: String,
    /// The longest packet in bytes.
    pub mtu: usize,
    undelivered: Arc<AtomicU64>,
    failure: Arc<OnceLock<String>>,
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Packets that went nowhere: to no node, of no protocol, or such that the kernel did not take.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.undelivered.load(Ordering::Relaxed)
    }

    /// Whether it still carries packets.
    ///
    /// # Errors
    /// The device failed, and nothing goes any more.
    pub fn check(&self) -> Result<(), Error> {
        match self.failure.get() {
            None => Ok(()),
            Some(why) => Err(Error::NoDevice(format!("the emulated IPoIB has failed: {why}"))),
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the emulated IPoIB panicked");
        }
    }
}

struct Carried {
    verbs: Verbs,
    tun: Tun,
    stopped: OwnedFd,
    nodes: usize,
    undelivered: Arc<AtomicU64>,
}

impl Carried {
    fn carry(mut self, mtu: usize) -> Result<(), Error> {
        let mut buffer = vec![0; LENGTH + mtu];
        loop {
            let outward = self.outward(&mut buffer)?;
            let inward = self.inward(&mut buffer)?;
            // Nobody writes to it: at its end, the other side was closed.
            if matches!(rustix::io::read(&self.stopped, &mut [0; 1][..]), Ok(0)) {
                return Ok(());
            }
            if !outward && !inward {
                let others = [self.tun.descriptor(), self.stopped.as_fd()];
                self.verbs.sleep_with(&others, NAP)?;
            }
        }
    }

    /// From the interface to the others. Answers whether there was anything.
    fn outward(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        for turn in 0..TURN {
            let Some((head, packet)) = buffer.split_at_mut_checked(LENGTH) else { return Ok(false) };
            let Some(bytes) = self.tun.read(packet)? else { return Ok(turn > 0) };
            let packet = packet.get(..bytes).unwrap_or_default();
            let Some((to, protocol)) = route(packet, self.nodes) else {
                self.undelivered.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            head.copy_from_slice(&header::emit(protocol));
            self.verbs.send(to, buffer.get(..LENGTH + bytes).unwrap_or_default())?;
        }
        Ok(true)
    }

    /// From the others to the interface. Answers whether there was anything.
    fn inward(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        for turn in 0..TURN {
            let Some(received) = self.verbs.look(buffer)? else { return Ok(turn > 0) };
            let message = buffer.get(..received.bytes).unwrap_or_default();
            let taken = match header::parse(message) {
                Some((Protocol::V4 | Protocol::V6, packet)) => self.tun.write(packet),
                _ => false,
            };
            if !taken {
                self.undelivered.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(true)
    }
}

/// To whom a packet goes, and what it is. `None`: to nobody here.
fn route(packet: &[u8], nodes: usize) -> Option<(To, Protocol)> {
    let protocol @ Protocol::V4 = Protocol::of_packet(packet)? else { return None };
    // RFC 791, section 3.1.
    let destination: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    let ip = Ipv4Addr::from(destination);
    let [network @ .., last] = destination;
    let to = match usize::from(last) {
        _ if ip.is_multicast() || ip.is_broadcast() => To::Others,
        255 if network == NETWORK => To::Others,
        number if network == NETWORK && (1..=nodes).contains(&number) => To::Node(number - 1),
        _ => return None,
    };
    Some((to, protocol))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(to: [u8; 4]) -> Vec<u8> {
        let mut packet = vec![0xa5; 28];
        packet[0] = 0x45;
        packet[16..20].copy_from_slice(&to);
        packet
    }

    #[test]
    fn packets_find_their_nodes() {
        let to = |ip| route(&packet(ip), 3).map(|(to, _)| to);
        assert_eq!(to([10, 78, 0, 1]), Some(To::Node(0)));
        assert_eq!(to([10, 78, 0, 3]), Some(To::Node(2)));
        assert_eq!(to([10, 78, 0, 4]), None);
        assert_eq!(to([10, 78, 0, 0]), None);
        assert_eq!(to([10, 78, 0, 255]), Some(To::Others));
        assert_eq!(to([255, 255, 255, 255]), Some(To::Others));
        assert_eq!(to([239, 192, 77, 5]), Some(To::Others));
        assert_eq!(to([10, 79, 0, 1]), None);
        assert_eq!(route(&[0x60; 40], 3), None);
    }

    #[test]
    fn every_node_has_an_address() {
        assert_eq!(ip_of(0), Some(Ipv4Addr::new(10, 78, 0, 1)));
        assert_eq!(ip_of(253), Some(Ipv4Addr::new(10, 78, 0, 254)));
        assert_eq!(ip_of(254), None);
        assert_eq!(ip_of(usize::MAX), None);
    }

    proptest! {
        #[test]
        fn any_bytes_go_somewhere_or_nowhere(packet: Vec<u8>, nodes in 1usize..254) {
            if let Some((To::Node(node), _)) = route(&packet, nodes) {
                prop_assert!(node < nodes);
            }
        }
    }
}
