//! What nodes say, as events at the level of who looks after a cluster.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::Event;
use fencelab_wire::corosync::knet::{Body as Packet, Ping};
use fencelab_wire::corosync::totem::{Body, Mcast, RingId, Token, mcast};
use fencelab_wire::corosync::{Knet, Malformed, Totem};
use serde_json::{Value, json};

use super::datagram::Said;
use super::membership::Membership;
use super::nodes::Nodes;
use super::{Conversations, Datagram, End, details};

/// Makes events of datagrams, one for each.
pub(super) struct Speaking<'a> {
    nodes: &'a Nodes,
    sessions: Conversations,
    membership: Membership,
    /// Tokens by ring, number and who gets them.
    tokens: HashSet<(RingId, u32, SocketAddr)>,
    /// Messages by ring, number and who gets them, with the addresses that sent them.
    messages: HashMap<(RingId, u32, SocketAddr), Vec<SocketAddr>>,
    /// When a ping was sent, by its asker's clock.
    pings: HashMap<(SocketAddr, SocketAddr, [u8; 16]), Duration>,
    /// Messages of which fragments may come: the event by sender, receiver and number.
    fragments: HashMap<(SocketAddr, SocketAddr, u16), usize>,
}

impl<'a> Speaking<'a> {
    pub(super) fn new(nodes: &'a Nodes) -> Self {
        Self {
            nodes,
            sessions: Conversations::new(),
            membership: Membership::default(),
            tokens: HashSet::new(),
            messages: HashMap::new(),
            pings: HashMap::new(),
            fragments: HashMap::new(),
        }
    }

    pub(super) fn hear(&mut self, datagram: &Datagram, said: &Said, warnings: &mut Vec<String>) {
        match said {
            Said::Knet(knet) => self.knet(datagram, knet, warnings),
            Said::Totem(totem) => {
                self.totem(datagram, totem, false);
            }
            Said::Encrypted => {
                let value = json!({"type": "encrypted", "bytes": datagram.payload.len() + datagram.missing});
                self.say(datagram, "knet", value);
            }
            Said::Malformed(malformed) => self.malformed(datagram, *malformed, warnings),
        }
    }

    pub(super) fn end(self) -> (Duration, Vec<Event>) {
        let nodes = self.nodes;
        self.sessions.end(|agent, device| details(nodes, *agent, *device))
    }

    fn say(&mut self, datagram: &Datagram, protocol: &str, value: Value) -> usize {
        let from = End::At(self.nodes.listens_at(datagram.from));
        let is_group = Nodes::is_group(datagram.to);
        self.sessions.say(datagram.time, (from, End::At(datagram.to)), is_group, protocol, value, End::All)
    }

    fn malformed(&mut self, datagram: &Datagram, malformed: Malformed, warnings: &mut Vec<String>) {
        let (number, length) = (datagram.number, datagram.payload.len());
        let cut = match datagram.missing {
            0 => String::new(),
            missing => format!(" (of its {} bytes {missing} were not captured)", length + missing),
        };
        warnings.push(format!("packet {number} is malformed: {malformed}{cut}"));
        let value = json!({"packet": number, "why": malformed.to_string() + &cut, "bytes": length + datagram.missing});
        self.say(datagram, "malformed", value);
    }

    fn knet(&mut self, datagram: &Datagram, knet: &Knet, warnings: &mut Vec<String>) {
        let kind = knet.kind().to_string();
        let node = knet.node;
        let value = match &knet.body {
            Packet::Data(header, contents) => {
                let key = (datagram.from, datagram.to, header.seq);
                match knet.message().map(Totem::parse) {
                    Some(Ok(totem)) => {
                        let place = self.totem(datagram, &totem, true);
                        return self.fragmented(place, key, header.fragments);
                    }
                    // A list that goes on in the next fragment; it is not put together.
                    Some(Err(Malformed::Short { .. })) if header.fragments > 1 && datagram.missing == 0 => {}
                    Some(Err(error)) => return self.malformed(datagram, error, warnings),
                    None => {}
                }
                let bytes = contents.len() + datagram.missing;
                let mut value = json!({"type": kind, "node": node, "seq": header.seq, "bytes": bytes});
                if header.fragment > 0 {
                    value["fragment"] = json!([header.fragment, header.fragments]);
                    self.add(key, bytes);
                }
                if header.compress != 0 {
                    value["compressed"] = header.compress.into();
                }
                value
            }
            Packet::HostInfo(header, contents) => {
                json!({"type": kind, "node": node, "seq": header.seq, "bytes": contents.len() + datagram.missing})
            }
            Packet::Ping(ping, _) => {
                self.pings.insert((datagram.from, datagram.to, ping.time), datagram.time);
                pinged(&kind, node, ping)
            }
            Packet::Pong(ping, _) => {
                let mut value = pinged(&kind, node, ping);
                if let Some(asked) = self.pings.remove(&(datagram.to, datagram.from, ping.time)) {
                    value["after"] = seconds(datagram.time.saturating_sub(asked));
                }
                value
            }
            Packet::Pmtud(pmtud, _) | Packet::PmtudReply(pmtud, _) => {
                json!({"type": kind, "node": node, "link": pmtud.link, "size": pmtud.bytes()})
            }
            Packet::Unknown(_, rest) => {
                json!({"type": kind, "node": node, "bytes": rest.len() + datagram.missing})
            }
        };
        self.say(datagram, "knet", value);
    }

    /// Of a message in fragments the first is the event; the others lengthen it.
    fn fragmented(&mut self, place: usize, key: (SocketAddr, SocketAddr, u16), fragments: u8) {
        self.fragments.remove(&key);
        if fragments > 1
            && let Some(object) = self.sessions.object(place)
        {
            object.insert("fragments".into(), json!([1, fragments]));
            self.fragments.insert(key, place);
        }
    }

    fn add(&mut self, key: (SocketAddr, SocketAddr, u16), bytes: usize) {
        let object = self.fragments.get(&key).and_then(|place| self.sessions.object(*place));
        let Some(object) = object else { return };
        if let Some(all) = object.get("bytes").and_then(Value::as_u64) {
            object
                .insert("bytes".into(), all.saturating_add(u64::try_from(bytes).unwrap_or_default()).into());
        }
        if let Some(seen) = object.get_mut("fragments").and_then(|list| list.get_mut(0)) {
            *seen = seen.as_u64().unwrap_or_default().saturating_add(1).into();
        }
    }

    /// The node that a message is for. Without knet the field of the header is not set, and holds anything.
    fn receiver(&self, datagram: &Datagram, totem: &Totem, over_knet: bool) -> Option<u32> {
        if over_knet && totem.target != 0 {
            return Some(totem.target);
        }
        if Nodes::is_group(datagram.to) { None } else { self.nodes.node_at(datagram.to) }
    }

    fn totem(&mut self, datagram: &Datagram, totem: &Totem, over_knet: bool) -> usize {
        let mut value = json!({"type": totem.kind().to_string(), "node": totem.node});
        let to = self.receiver(datagram, totem, over_knet);
        let mut remark = None;
        match &totem.body {
            Body::Token(token) => {
                put(&mut value, "to", to);
                remark = self.membership.token(token);
                passed(&mut value, token);
                if !self.tokens.insert((token.ring, token.token_seq, datagram.to)) {
                    value["retransmit"] = true.into();
                }
            }
            Body::Mcast(mcast) => self.mcast(&mut value, datagram, totem, mcast),
            Body::MergeDetect(merge) => value["ring"] = merge.ring.to_string().into(),
            Body::Join(join) => {
                value["node"] = join.from.into();
                value["members"] = json!(join.members);
                value["failed"] = json!(join.failed);
                value["ring_seq"] = join.ring_seq.into();
                remark = self.membership.join(join);
            }
            Body::CommitToken(commit) => {
                put(&mut value, "to", to);
                value["ring"] = commit.ring.to_string().into();
                value["token_seq"] = commit.token_seq.into();
                value["members"] = json!(commit.members);
                self.membership.commit(commit);
            }
            Body::HoldCancel(cancel) => value["ring"] = cancel.ring.to_string().into(),
            Body::Unknown(_, rest) => {
                value["version"] = totem.version.into();
                value["bytes"] = (rest.len() + datagram.missing).into();
            }
        }
        if let Some((text, more)) = remark {
            self.sessions.note(datagram.time, text, more);
        }
        self.say(datagram, "totem", value)
    }

    fn mcast(&mut self, value: &mut Value, datagram: &Datagram, totem: &Totem, mcast: &Mcast) {
        value["ring"] = mcast.ring.to_string().into();
        value["seq"] = mcast.seq.into();
        value["bytes"] = (mcast.contents.len() + datagram.missing).into();
        if totem.encapsulated == mcast::ENCAPSULATED {
            value["recovery"] = true.into();
        }
        let sender = self.nodes.node_at(datagram.from).filter(|sender| *sender != totem.node);
        put(value, "by", sender);
        let senders = self.messages.entry((mcast.ring, mcast.seq, datagram.to)).or_default();
        // One that goes out through several sockets of its maker at once was not missed by anybody.
        let is_copy = sender.is_none() && !senders.is_empty() && !senders.contains(&datagram.from);
        if is_copy {
            value["copy"] = true.into();
        } else if sender.is_some() || !senders.is_empty() {
            value["retransmit"] = true.into();
        }
        senders.push(datagram.from);
    }
}

fn passed(value: &mut Value, token: &Token) {
    value["ring"] = token.ring.to_string().into();
    value["token_seq"] = token.token_seq.into();
    value["seq"] = token.seq.into();
    value["aru"] = token.aru.into();
    value["backlog"] = token.backlog.into();
    value["retransmits"] = token.missed.iter().map(|missed| missed.seq).collect::<Vec<u32>>().into();
    if token.retrans_flag != 0 {
        value["recovery"] = true.into();
    }
}

fn pinged(kind: &str, node: u16, ping: &Ping) -> Value {
    json!({"type": kind, "node": node, "link": ping.link, "seq": ping.seq})
}

fn put(value: &mut Value, field: &str, number: Option<u32>) {
    if let Some(number) = number {
        value[field] = number.into();
    }
}

/// Whole microseconds, as seconds.
fn seconds(time: Duration) -> Value {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    (f64::from(micros) / 1e6).into()
}
