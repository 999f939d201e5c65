//! What ports say, as events.

use std::collections::BTreeMap;
use std::time::Duration;

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use fencelab_transcript::{Event, Map, Side};
use fencelab_wire::infiniband::aeth::Says;
use fencelab_wire::infiniband::mad::{Mad, QUEUE_PAIRS};
use fencelab_wire::infiniband::{Malformed, Opcode, Operation, PERMISSIVE_LID, Service, Transport, U24};
use fencelab_wire::ipoib::{ARP, Ipoib};
use serde_json::{Value, json};

use super::super::sessions::Sessions;
use super::OnePacket;
use super::ends::{End, gid};
use super::management::Management;
use super::psn::{Sequences, Tells};

/// Makes events of packets, one for each.
pub(super) struct Speaking {
    sessions: Sessions<End>,
    sequences: Sequences,
    management: Management,
    /// Global identifiers of ports.
    gids: BTreeMap<u16, [u8; 16]>,
}

impl Default for Speaking {
    fn default() -> Self {
        Self {
            sessions: Sessions::new(),
            sequences: Sequences::default(),
            management: Management::default(),
            gids: BTreeMap::new(),
        }
    }
}

impl Speaking {
    pub(super) fn hear(&mut self, heard: &OnePacket<'_>, warnings: &mut Vec<String>) {
        if let Some((lid, gid)) = heard.ends.sender {
            self.gids.entry(lid).or_insert(gid);
        }
        let transport = match heard.said {
            Ok(transport) => transport,
            Err(malformed) => return self.malformed(heard, malformed, warnings),
        };
        let opcode = transport.bth.opcode;
        let is_mad = QUEUE_PAIRS.contains(&transport.bth.destination.0)
            && opcode.service == Service::Ud
            && opcode.operation == Operation::SendOnly;
        if !is_mad {
            let value = self.sent(heard, transport);
            return self.say(heard, heard.carrier.body(), value, None);
        }
        match Mad::parse(transport.carried())
            .and_then(|mad| self.management.value(&mad).map(|told| (mad, told)))
        {
            Ok((mad, told)) => {
                self.gids.extend(told.gids);
                for qp in told.anew {
                    self.sequences.forget(qp);
                }
                if let Some((text, more)) = told.remark {
                    self.sessions.note(heard.time, text, more);
                }
                let answers = u8::from(mad.header.method) & 0x80 != 0;
                self.say(heard, told.protocol, told.value, Some(answers));
            }
            Err(malformed) => self.malformed(heard, malformed, warnings),
        }
    }

    pub(super) fn end(self) -> (Duration, Vec<Event>) {
        let gids = self.gids;
        self.sessions.end(|agent, device| details(&gids, *agent, *device))
    }

    /// `answers`: of two that have the same identifier the device is who answers.
    fn say(&mut self, heard: &OnePacket<'_>, protocol: &str, value: Value, answers: Option<bool>) {
        let (from, to) = (heard.ends.from, heard.ends.to);
        match answers {
            Some(answers) if from == to => {
                let side = if answers { Side::Device } else { Side::Agent };
                self.sessions.put(heard.time, (from, to), side, protocol, value);
            }
            _ => {
                self.sessions.say(heard.time, (from, to), heard.ends.is_group, protocol, value, End::All);
            }
        }
    }

    fn malformed(&mut self, heard: &OnePacket<'_>, malformed: Malformed, warnings: &mut Vec<String>) {
        let cut = match heard.missing {
            0 => String::new(),
            missing => format!(" (its last {missing} bytes were not captured)"),
        };
        warnings.push(format!("packet {} is malformed: {malformed}{cut}", heard.number));
        let bytes = heard.captured + heard.missing;
        let value = json!({"packet": heard.number, "why": malformed.to_string() + &cut, "bytes": bytes});
        self.say(heard, "malformed", value, None);
    }

    /// A packet that is no management.
    fn sent(&mut self, heard: &OnePacket<'_>, transport: &Transport) -> Value {
        let bth = &transport.bth;
        let mut value = json!({"op": bth.opcode.to_string()});
        value["qp"] = qp(bth.destination);
        if let Some(deth) = &transport.extended.deth {
            value["from_qp"] = qp(deth.source);
        }
        if u8::from(bth.opcode) == Opcode::CNP {
            return value;
        }
        value["psn"] = bth.psn.0.into();
        match transport.extended.aeth.as_ref().map(|aeth| (aeth, aeth.says())) {
            Some((aeth, says)) => {
                value["says"] = says.to_string().into();
                value["msn"] = aeth.msn.0.into();
                if let Says::Rnr(timer) = says {
                    value["timer"] = timer.into();
                }
                if bth.opcode.is_read_response() {
                    value["bytes"] = (transport.carried().len() + heard.missing).into();
                }
            }
            None => value["bytes"] = (transport.carried().len() + heard.missing).into(),
        }
        if let Some(reth) = &transport.extended.reth {
            value["message"] = reth.length.into();
        }
        match self.sequences.take((heard.ends.from, heard.ends.to), bth) {
            Tells::Next => {}
            Tells::Again => value["retransmit"] = true.into(),
            Tells::Gap(missing) => value["gap"] = missing.into(),
        }
        if bth.is_congested() {
            value["congested"] = true.into();
        }
        if let Some(carries) = carries(transport) {
            value["carries"] = carries.into();
        }
        value
    }
}

/// A queue pair as it is written.
pub(super) fn qp(qp: U24) -> Value {
    format!("{:#08x}", qp.0).into()
}

/// What IP there is in a message that is sent.
fn carries(transport: &Transport) -> Option<String> {
    use Operation as O;
    let sent = [O::SendFirst, O::SendOnly].contains(&transport.bth.opcode.operation);
    let (header, ip) = Ipoib::recognise(transport.carried()).filter(|_| sent)?;
    if header.ether_type == ARP {
        return Some("ARP".into());
    }
    let sliced = LaxSlicedPacket::from_ip(ip).ok()?;
    let ends = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            format!("IPv4 {} > {}", ip.header().source_addr(), ip.header().destination_addr())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            format!("IPv6 {} > {}", ip.header().source_addr(), ip.header().destination_addr())
        }
        _ => return None,
    };
    let inside = match &sliced.transport {
        Some(TransportSlice::Udp(udp)) => format!(" UDP {} > {}", udp.source_port(), udp.destination_port()),
        Some(TransportSlice::Tcp(tcp)) => format!(" TCP {} > {}", tcp.source_port(), tcp.destination_port()),
        Some(TransportSlice::Icmpv4(_)) => " ICMP".into(),
        Some(TransportSlice::Icmpv6(_)) => " ICMPv6".into(),
        _ => String::new(),
    };
    Some(ends + &inside)
}

/// What a session's `open` says of its ends.
fn details(gids: &BTreeMap<u16, [u8; 16]>, agent: End, device: End) -> Map {
    let name = |end: End| match end {
        End::All => "all ports".to_owned(),
        End::Lid(PERMISSIVE_LID) => "a port at the other end of the link".to_owned(),
        End::Lid(lid) => match gids.get(&lid) {
            Some(known) => format!("LID {lid} {}", gid(*known)),
            None => format!("LID {lid}"),
        },
        End::Gid(it) => format!("GID {}", gid(it)),
        End::Ip(ip) => ip.to_string(),
    };
    let (agent_name, device_name) = (name(agent), name(device));
    let device_name = if agent == End::All { device_name + " group" } else { device_name };
    [("agent".to_owned(), agent_name.into()), ("device".to_owned(), device_name.into())].into_iter().collect()
}
