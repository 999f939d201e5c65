//! Management datagrams: connections that come and go, members of multicast groups, and all others by name.

use std::collections::{BTreeMap, HashSet};

use fencelab_transcript::Map;
use fencelab_wire::infiniband::cm::{Body, ConnectReply, ConnectRequest, Ids, Kind, Message};
use fencelab_wire::infiniband::mad::{self, Class, Header, Mad, Method};
use fencelab_wire::infiniband::sa::{MC_MEMBER_RECORD, McMemberRecord, Membership};
use fencelab_wire::infiniband::{Malformed, U24};
use serde_json::{Value, json};

use super::ends::gid;
use super::said::qp;

/// What a datagram tells.
pub(super) struct Told {
    /// The name of the body.
    pub(super) protocol: &'static str,
    pub(super) value: Value,
    /// What concerns all, in words and for programs.
    pub(super) remark: Option<(String, Map)>,
    /// Local identifiers with the global ones.
    pub(super) gids: Vec<(u16, [u8; 16])>,
    /// Queue pairs that begin anew.
    pub(super) anew: Vec<U24>,
}

impl Told {
    fn new(protocol: &'static str, value: Value) -> Self {
        Self { protocol, value, remark: None, gids: Vec::new(), anew: Vec::new() }
    }
}

/// What is remembered of them.
#[derive(Debug, Default)]
pub(super) struct Management {
    /// Queue pairs by the number that their end gave the connection.
    queue_pairs: BTreeMap<u32, U24>,
    /// Who has joined which group.
    members: HashSet<([u8; 16], [u8; 16])>,
}

impl Management {
    /// What a datagram tells.
    ///
    /// # Errors
    /// It is of a kind that is read here, and cut short.
    pub(super) fn value(&mut self, mad: &Mad) -> Result<Told, Malformed> {
        let header = &mad.header;
        if header.class == Class::Communication && !matches!(Kind::from(header.attribute), Kind::Unknown(_)) {
            return self.communication(header, &Message::parse(header.attribute, &mad.data)?);
        }
        let attribute = mad::attribute(header.class, header.attribute)
            .map_or_else(|| format!("{:#06x}", header.attribute), String::from);
        let mut value = json!({
            "class": header.class.to_string(),
            "method": header.method.to_string(),
            "attribute": attribute,
            "transaction": format!("{:#x}", header.transaction),
        });
        // In directed routes the first bit tells the direction.
        let status =
            if header.class == Class::SubnetDirected { header.status & 0x7fff } else { header.status };
        if status != 0 {
            value["status"] = status.into();
        }
        let mut told = Told::new("mad", value);
        if header.class == Class::SubnetAdministration && header.attribute == MC_MEMBER_RECORD {
            let membership = Membership::parse(&mad.data)?;
            self.member(header.method, status, &membership.record, &mut told);
        }
        Ok(told)
    }

    fn member(&mut self, method: Method, status: u16, record: &McMemberRecord, told: &mut Told) {
        const AS: [(u8, &str); 3] = [(1, "full"), (2, "non-member"), (4, "send only")];
        let as_what: Vec<&str> =
            AS.iter().filter(|(bit, _)| record.join & bit != 0).map(|(_, name)| *name).collect();
        told.value["group"] = gid(record.mgid).into();
        told.value["port"] = gid(record.port).into();
        if record.mlid != 0 {
            told.value["mlid"] = format!("{:#06x}", record.mlid).into();
        }
        told.value["join"] = json!(as_what);
        let member = (record.mgid, record.port);
        let words = match method {
            Method::Set if !self.members.insert(member) => {
                told.value["rejoin"] = true.into();
                "joins once more"
            }
            Method::Set => "joins",
            Method::Delete => "leaves",
            Method::GetResp | Method::DeleteResp if status != 0 => "is refused by",
            _ => return,
        };
        let text = format!("port {} {words} the multicast group {}", gid(record.port), gid(record.mgid));
        told.remark = Some((text, [("multicast".to_owned(), words.into())].into_iter().collect()));
    }

    fn communication(&mut self, header: &Header, message: &Message) -> Result<Told, Malformed> {
        let mut value = json!({
            "message": message.kind().to_string(),
            "transaction": format!("{:#x}", header.transaction),
        });
        let (mut remark, mut gids, mut anew) = (None, Vec::new(), Vec::new());
        match &message.body {
            Body::ConnectRequest(request) => {
                anew.push(request.qp);
                gids = known_gids(request);
                self.queue_pairs.insert(request.local, request.qp);
                requested(&mut value, request);
            }
            Body::ConnectReply(reply) => {
                anew.push(reply.qp);
                self.queue_pairs.insert(reply.local, reply.qp);
                replied(&mut value, reply);
            }
            Body::Reject(reject) => {
                ids(&mut value, &reject.ids);
                value["reason"] = reject.reason.to_string().into();
                let text = format!("a connection is rejected: {}", reject.reason);
                remark = Some((text, connection("rejected")));
            }
            Body::MessageReceived(received) => ids(&mut value, &received.ids),
            Body::DisconnectRequest(request) => {
                ids(&mut value, &request.ids);
                value["qp"] = qp(request.qp);
                remark = Some((
                    format!("the connection of {} ends", self.named(&request.ids)),
                    connection("ends"),
                ));
            }
            Body::ServiceRequest(request) => {
                value["request"] = number(request.request);
                value["service"] = format!("{:#x}", request.service).into();
            }
            Body::ServiceReply(reply) => {
                value["request"] = number(reply.request);
                value["status"] = reply.status.into();
                value["qp"] = qp(reply.qp);
            }
            Body::Ids(kind, both) => {
                ids(&mut value, both);
                if *kind == Kind::ReadyToUse {
                    remark = Some((format!("{} are connected", self.named(both)), connection("ready")));
                }
            }
            Body::Unknown(_) => {}
        }
        Ok(Told { remark, gids, anew, ..Told::new("cm", value) })
    }

    /// The queue pairs of a connection, as far as they are known.
    fn named(&self, ids: &Ids) -> String {
        let name = |id: u32| {
            let known = self.queue_pairs.get(&id);
            known.map_or_else(|| format!("connection {id:#010x}"), |qp| format!("QP {:#08x}", qp.0))
        };
        format!("{} and {}", name(ids.local), name(ids.remote))
    }
}

fn known_gids(request: &ConnectRequest) -> Vec<(u16, [u8; 16])> {
    let both = [(request.local_lid, request.local_gid), (request.remote_lid, request.remote_gid)];
    // Over RoCE there are no local identifiers.
    both.into_iter().filter(|(lid, _)| ![0, 0xffff].contains(lid)).collect()
}

fn requested(value: &mut Value, request: &ConnectRequest) {
    value["local"] = number(request.local);
    value["service"] = format!("{:#x}", request.service).into();
    value["qp"] = qp(request.qp);
    value["psn"] = request.psn.0.into();
}

fn replied(value: &mut Value, reply: &ConnectReply) {
    value["local"] = number(reply.local);
    value["remote"] = number(reply.remote);
    value["qp"] = qp(reply.qp);
    value["psn"] = reply.psn.0.into();
}

fn ids(value: &mut Value, ids: &Ids) {
    value["local"] = number(ids.local);
    value["remote"] = number(ids.remote);
}

fn number(id: u32) -> Value {
    format!("{id:#010x}").into()
}

fn connection(what: &str) -> Map {
    [("connection".to_owned(), what.into())].into_iter().collect()
}
