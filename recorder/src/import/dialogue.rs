//! Which datagrams belong together, and who of the two is the device.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_wire::tap::Direction;

use crate::link::DatagramProtocol;

/// A datagram that is, or may be, of the link's protocol.
pub(super) struct Datagram {
    pub(super) time: Duration,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: Vec<u8>,
}

/// The same, once it is known who the device is.
pub(super) struct Heard {
    pub(super) time: Duration,
    /// Who speaks to the device, or is spoken to.
    pub(super) client: SocketAddr,
    pub(super) direction: Direction,
    pub(super) payload: Vec<u8>,
}

/// Picks the datagrams of a protocol out of all: those of a given port, else those between two addresses that once have
/// said something in it.
pub(super) struct Picker {
    protocol: &'static dyn DatagramProtocol,
    port: Option<u16>,
    known: HashMap<(SocketAddr, SocketAddr), usize>,
    flows: Vec<Flow>,
}

/// All that two addresses said to each other.
struct Flow {
    datagrams: Vec<Datagram>,
}

impl Picker {
    pub(super) fn new(protocol: &'static dyn DatagramProtocol, port: Option<u16>) -> Self {
        Self { protocol, port, known: HashMap::new(), flows: Vec::new() }
    }

    /// Takes one datagram; answers whether it is kept.
    pub(super) fn offer(&mut self, datagram: Datagram) -> bool {
        let (from, to) = (datagram.from, datagram.to);
        let ends = if from < to { (from, to) } else { (to, from) };
        let wanted = match self.port {
            Some(port) => from.port() == port || to.port() == port,
            None => self.known.contains_key(&ends) || self.protocol.is_spoken(&datagram.payload),
        };
        if wanted {
            let flows = &mut self.flows;
            let flow = *self.known.entry(ends).or_insert_with(|| {
                flows.push(Flow { datagrams: Vec::new() });
                flows.len() - 1
            });
            if let Some(flow) = flows.get_mut(flow) {
                flow.datagrams.push(datagram);
            }
        }
        wanted
    }

    /// The dialogues: each device with all that was said to and by it, in the order of time.
    ///
    /// A device calls its clients unasked from a port of its own: such a call belongs to the device that is asked at the same
    /// address, if there is just one.
    pub(super) fn dialogues(self) -> BTreeMap<SocketAddr, Vec<Heard>> {
        let mut dialogues: BTreeMap<SocketAddr, Vec<Heard>> = BTreeMap::new();
        let mut calls = Vec::new();
        for flow in self.flows {
            let Some(device) = flow.device(self.protocol, self.port) else { continue };
            if flow.is_call(self.protocol, device) {
                calls.push((device, flow));
            } else {
                dialogues.entry(device).or_default().extend(flow.heard(device));
            }
        }
        let asked: Vec<SocketAddr> = dialogues.keys().copied().collect();
        for (caller, flow) in calls {
            let mut same = asked.iter().filter(|device| device.ip() == caller.ip());
            let device = match (same.next(), same.next()) {
                (Some(device), None) => *device,
                _ => caller,
            };
            dialogues.entry(device).or_default().extend(flow.heard(caller));
        }
        for heard in dialogues.values_mut() {
            heard.sort_by_key(|heard| heard.time);
        }
        dialogues
    }
}

impl Flow {
    /// Who of the two is the device: the one with the protocol's port, or the other one of a client's port; else what is said
    /// tells; else the one that did not speak first.
    fn device(&self, protocol: &dyn DatagramProtocol, port: Option<u16>) -> Option<SocketAddr> {
        let first = self.datagrams.first()?;
        let (a, b) = (first.from, first.to);
        let is_client = |end: SocketAddr| protocol.client_ports().contains(&end.port());
        let named = port.filter(|port| !protocol.client_ports().contains(port));
        let ports = named.map_or(protocol.ports().to_vec(), |port| vec![port]);
        match (ports.contains(&a.port()), ports.contains(&b.port())) {
            (true, false) => return Some(a),
            (false, true) => return Some(b),
            _ => {}
        }
        match (is_client(a), is_client(b)) {
            (true, false) => return Some(b),
            (false, true) => return Some(a),
            _ => {}
        }
        let mut votes = self.datagrams.iter().filter_map(|datagram| {
            let to_b = datagram.from == a;
            let to_device = protocol.direction(&datagram.payload)? == Direction::ToDevice;
            Some(if to_device == to_b { 1 } else { -1 })
        });
        let eldest: i64 = votes.next().unwrap_or(1);
        let sum = eldest + votes.sum::<i64>();
        // Who answers a device's call answers like a device: the call, which comes first, counts.
        let for_b = if sum == 0 { eldest } else { sum };
        Some(if for_b < 0 { a } else { b })
    }

    /// Whether the device calls here, unasked.
    fn is_call(&self, protocol: &dyn DatagramProtocol, device: SocketAddr) -> bool {
        if protocol.client_ports().is_empty() {
            return false;
        }
        let client = |datagram: &Datagram| if datagram.to == device { datagram.from } else { datagram.to };
        self.datagrams.first().is_some_and(|first| {
            protocol.client_ports().contains(&client(first).port())
                || first.from == device && !protocol.ports().contains(&device.port())
        })
    }

    fn heard(self, device: SocketAddr) -> impl Iterator<Item = Heard> {
        self.datagrams.into_iter().map(move |Datagram { time, from, to, payload }| {
            let (client, direction) =
                if to == device { (from, Direction::ToDevice) } else { (to, Direction::FromDevice) };
            Heard { time, client, direction, payload }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::ipmi::Ipmi;
    use crate::link::ipmi::tests::{CHASSIS_STATUS, PING};

    fn datagram(from: &str, to: &str, payload: &[u8], at: u64) -> Datagram {
        let time = Duration::from_secs(at);
        Datagram { time, from: from.parse().unwrap(), to: to.parse().unwrap(), payload: payload.into() }
    }

    fn devices(port: Option<u16>, datagrams: Vec<Datagram>) -> Vec<(String, usize)> {
        let mut picker = Picker::new(&Ipmi, port);
        for datagram in datagrams {
            picker.offer(datagram);
        }
        picker.dialogues().into_iter().map(|(device, said)| (device.to_string(), said.len())).collect()
    }

    #[test]
    fn the_bmc_is_who_has_the_port_else_who_is_asked_else_who_did_not_speak_first() {
        let (client, bmc) = ("10.0.0.1:4000", "10.0.0.2:623");
        assert_eq!(devices(None, vec![datagram(bmc, client, &CHASSIS_STATUS, 0)]), [(bmc.into(), 1)]);
        let bmc = "10.0.0.2:6230";
        assert_eq!(devices(None, vec![datagram(client, bmc, &PING, 0)]), [(bmc.into(), 1)]);
        let mut answer = CHASSIS_STATUS;
        answer[15] = 0x04;
        assert_eq!(
            devices(None, vec![datagram(bmc, client, &answer, 0)]),
            [(bmc.into(), 1)],
            "capture began late"
        );
        let mut encrypted = CHASSIS_STATUS;
        (encrypted[4], encrypted[5]) = (6, 0xc0);
        assert_eq!(devices(None, vec![datagram(client, bmc, &encrypted, 0)]), [(bmc.into(), 1)]);
    }

    #[test]
    fn what_is_not_ipmi_is_left_out_but_all_of_a_known_flow_is_kept() {
        let (client, bmc) = ("10.0.0.1:4000", "10.0.0.2:6230");
        let dns = || datagram("10.0.0.1:53", "10.0.0.2:53", b"dns", 0);
        let junk = || datagram(bmc, client, b"junk", 2);
        assert_eq!(devices(None, vec![dns(), datagram(client, bmc, &PING, 1), junk()]), [(bmc.into(), 2)]);
        assert_eq!(devices(None, vec![junk()]), []);
        assert_eq!(devices(Some(6230), vec![junk(), dns()]), [(bmc.into(), 1)]);
    }
}
