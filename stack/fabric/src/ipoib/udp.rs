//! UDP over the stand-in: what is compared with verbs over the same device.

use std::net::SocketAddr;
use std::time::Duration;

use super::stand_in::{Carrier, Prepared, StandIn, ip_of, prepare};
use crate::transport::{
    Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting, udp,
};

/// The port on each node's interface, which nobody else has there.
const PORT: u16 = 5405;

struct Open {
    prepared: Prepared,
    waiting: Waiting,
    message: usize,
}

/// Opens this node's end: the interface comes when the others are known.
pub(crate) fn open(carrier: Carrier, place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    let Place { waiting, message, .. } = *place;
    Ok(Box::new(Open { prepared: prepare(carrier, place)?, waiting, message }))
}

impl Unlinked for Open {
    fn address(&self) -> &str {
        self.prepared.address()
    }

    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        let interface = self.prepared.start(own, addresses)?;
        let socket = udp::open_at(SocketAddr::new(interface.ip.into(), PORT), self.waiting, self.message)?;
        let sockets: Vec<_> = (0..addresses.len())
            .filter_map(ip_of)
            .map(|ip| SocketAddr::new(ip.into(), PORT).to_string())
            .collect();
        Ok(Box::new(OverIpoib { udp: socket.link(own, &sockets)?, interface }))
    }
}

/// UDP, and the interface that it goes over.
struct OverIpoib {
    udp: Box<dyn Transport>,
    interface: StandIn,
}

impl Transport for OverIpoib {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.udp.send(to, message)
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        let received = self.udp.receive(buffer, patience)?;
        // Looked at where nothing comes, as nothing does any more when it has failed.
        if received.is_none() {
            self.interface.check()?;
        }
        Ok(received)
    }

    fn limits(&self) -> Limits {
        Limits { piece: Some(self.interface.mtu), ..self.udp.limits() }
    }

    fn guarantees(&self) -> Guarantees {
        self.udp.guarantees()
    }

    fn counters(&self) -> Counters {
        self.udp.counters()
    }
}
