//! Which datagrams belong together, and who of the two is the BMC.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_wire::tap::Direction;

/// The ports of RMCP: plain, and the secure one that nobody uses (IPMI 2.0, 13.1.1).
const RMCP_PORTS: [u16; 2] = [623, 664];

/// A datagram that is, or may be, IPMI.
pub(super) struct Datagram {
    pub(super) time: Duration,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: Vec<u8>,
}

/// Whether a payload is RMCP with ASF or IPMI in it, by its bytes.
pub(super) fn is_rmcp(payload: &[u8]) -> bool {
    match payload {
        [6, 0, _, class, rest @ ..] => match class & 0x9f {
            6 => rest.starts_with(&[0, 0, 0x11, 0xbe]),
            7 => rest.len() >= 10 && matches!(rest.first(), Some(0 | 1 | 2 | 4 | 5 | 6)),
            _ => false,
        },
        _ => false,
    }
}

/// Picks the datagrams of IPMI out of all: those of a given port, else those between two addresses
/// that once have said something that [`is_rmcp`].
pub(super) struct Picker {
    port: Option<u16>,
    known: HashMap<(SocketAddr, SocketAddr), usize>,
    flows: Vec<Flow>,
}

/// All that two addresses said to each other.
pub(super) struct Flow {
    datagrams: Vec<Datagram>,
}

impl Picker {
    pub(super) fn new(port: Option<u16>) -> Self {
        Self { port, known: HashMap::new(), flows: Vec::new() }
    }

    /// Takes one datagram; answers whether it is kept.
    pub(super) fn offer(&mut self, datagram: Datagram) -> bool {
        let (from, to) = (datagram.from, datagram.to);
        let ends = if from < to { (from, to) } else { (to, from) };
        let wanted = match self.port {
            Some(port) => from.port() == port || to.port() == port,
            None => self.known.contains_key(&ends) || is_rmcp(&datagram.payload),
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

    /// The dialogues: each BMC with all that was said to and by it, in the order of time.
    pub(super) fn dialogues(self) -> BTreeMap<SocketAddr, Vec<Datagram>> {
        let mut dialogues: BTreeMap<SocketAddr, Vec<Datagram>> = BTreeMap::new();
        for flow in self.flows {
            if let Some(device) = flow.device(self.port) {
                dialogues.entry(device).or_default().extend(flow.datagrams);
            }
        }
        for datagrams in dialogues.values_mut() {
            datagrams.sort_by_key(|datagram| datagram.time);
        }
        dialogues
    }
}

impl Flow {
    /// Who of the two is the BMC: the one with the port of RMCP; else what is said tells; else the
    /// one that did not speak first.
    fn device(&self, port: Option<u16>) -> Option<SocketAddr> {
        let first = self.datagrams.first()?;
        let (a, b) = (first.from, first.to);
        let ports = port.map_or(RMCP_PORTS.to_vec(), |port| vec![port]);
        match (ports.contains(&a.port()), ports.contains(&b.port())) {
            (true, false) => return Some(a),
            (false, true) => return Some(b),
            _ => {}
        }
        let votes: i64 = self
            .datagrams
            .iter()
            .filter_map(|datagram| {
                let to_b = datagram.from == a;
                Some(if (direction(&datagram.payload)? == Direction::ToDevice) == to_b { 1 } else { -1 })
            })
            .sum();
        Some(if votes < 0 { a } else { b })
    }
}

/// Which way a datagram must go, by what it says; nothing if it is encrypted or not understood.
fn direction(payload: &[u8]) -> Option<Direction> {
    let by = |request: bool| Some(if request { Direction::ToDevice } else { Direction::FromDevice });
    let message = match *payload.get(3)? & 0x1f {
        6 => return by(*payload.get(8)? & 0x80 != 0),
        7 if *payload.get(4)? == 6 => match *payload.get(5)? {
            kind @ 0x10..=0x15 => return by(kind & 1 == 0),
            0x00 | 0x40 => 16,
            _ => return None,
        },
        7 if *payload.get(4)? == 0 => 14,
        7 => 30,
        _ => return None,
    };
    let netfn = *payload.get(message + 1)? >> 2;
    by(netfn & 1 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: [u8; 12] = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0];
    const CHASSIS_STATUS: [u8; 21] =
        [6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x20, 0x00, 0xe0, 0x81, 0x04, 0x01, 0x7a];

    fn datagram(from: &str, to: &str, payload: &[u8], at: u64) -> Datagram {
        let time = Duration::from_secs(at);
        Datagram { time, from: from.parse().unwrap(), to: to.parse().unwrap(), payload: payload.into() }
    }

    fn devices(port: Option<u16>, datagrams: Vec<Datagram>) -> Vec<(String, usize)> {
        let mut picker = Picker::new(port);
        for datagram in datagrams {
            picker.offer(datagram);
        }
        picker.dialogues().into_iter().map(|(device, said)| (device.to_string(), said.len())).collect()
    }

    #[test]
    fn rmcp_is_known_by_its_bytes() {
        assert!(is_rmcp(&PING) && is_rmcp(&CHASSIS_STATUS));
        assert!(
            !is_rmcp(&PING[..7]) && !is_rmcp(&[]) && !is_rmcp(&[6, 0, 0xff, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        );
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
