//! How connections come about and end: the messages of communication management (IBA 12.6 to 12.11).
//!
//! Each is the data of a [`Mad`](super::mad::Mad) of the class *Communication*, and its attribute tells which. What is behind the
//! fields (alternate paths, private data) is kept as it is.

use super::{Malformed, U24};
use crate::octets::{Field, Order, Reader, Writer, named, row};

named! {
    /// Which message it is (IBA table 99).
    pub enum Kind: u16 {
        ConnectRequest = 0x0010 "ConnectRequest",
        MessageReceived = 0x0011 "MsgRcptAck",
        Reject = 0x0012 "ConnectReject",
        ConnectReply = 0x0013 "ConnectReply",
        ReadyToUse = 0x0014 "ReadyToUse",
        DisconnectRequest = 0x0015 "DisconnectRequest",
        DisconnectReply = 0x0016 "DisconnectReply",
        ServiceRequest = 0x0017 "ServiceIDResReq",
        ServiceReply = 0x0018 "ServiceIDResReqResp",
        LoadAlternatePath = 0x0019 "LoadAlternatePath",
        AlternatePathResponse = 0x001a "AlternatePathResponse",
    }
}

named! {
    /// Why a connection is refused (IBA 12.6.7.2); only those that people meet.
    pub enum Reason: u16 {
        NoQp = 1 "no QP available",
        NoResources = 3 "no resources available",
        Timeout = 4 "timeout",
        Unsupported = 5 "unsupported request",
        InvalidCommunicationId = 6 "invalid communication id",
        InvalidServiceId = 8 "invalid service id",
        InvalidTransport = 9 "invalid transport service type",
        StaleConnection = 10 "stale connection",
        NoSuchRdc = 11 "RDC does not exist",
        PrimaryGid = 12 "primary remote port GID rejected",
        PrimaryLid = 13 "primary remote port LID rejected",
        InvalidMtu = 26 "invalid path MTU",
        InsufficientResources = 27 "insufficient responder resources",
        Consumer = 28 "consumer reject",
    }
}

row! {
    /// ConnectRequest, up to the primary path.
    pub struct ConnectRequest {
        /// The sender's number of the connection.
        pub local: u32,
        /// 0.
        pub reserved: u32,
        /// What is asked for.
        pub service: u64,
        /// The sender's adapter.
        pub guid: u64,
        /// 0.
        pub reserved2: u32,
        /// Of the sender.
        pub q_key: u32,
        /// The sender's queue pair.
        pub qp: U24,
        /// How many RDMA reads at once it can answer.
        pub responder_resources: u8,
        /// End-to-end context.
        pub eec: U24,
        /// How many RDMA reads at once it will ask for.
        pub initiator_depth: u8,
        /// End-to-end context.
        pub remote_eec: U24,
        /// Time to answer (bits 7:3), kind of connection (bits 2:1), flow control (bit 0).
        pub timing: u8,
        /// The first sequence number that it will send.
        pub psn: U24,
        /// Time to answer (bits 7:3), retries (bits 2:0).
        pub retries: u8,
        /// The partition.
        pub p_key: u16,
        /// Path MTU (bits 7:4), RDC exists (3), retries when the receiver is not ready (bits 2:0).
        pub mtu: u8,
        /// Retries of the connection (bits 7:4), shared receive queue (3).
        pub cm_retries: u8,
        /// The port that asks.
        pub local_lid: u16,
        /// The port that is asked.
        pub remote_lid: u16,
        /// The port that asks.
        pub local_gid: [u8; 16],
        /// The port that is asked.
        pub remote_gid: [u8; 16],
    }
}

row! {
    /// ConnectReply.
    pub struct ConnectReply {
        /// The sender's number of the connection.
        pub local: u32,
        /// The receiver's.
        pub remote: u32,
        /// Of the sender.
        pub q_key: u32,
        /// The sender's queue pair.
        pub qp: U24,
        /// 0.
        pub reserved: u8,
        /// End-to-end context.
        pub eec: U24,
        /// 0.
        pub reserved2: u8,
        /// The first sequence number that it will send.
        pub psn: U24,
        /// 0.
        pub reserved3: u8,
        /// How many RDMA reads at once it can answer.
        pub responder_resources: u8,
        /// How many RDMA reads at once it will ask for.
        pub initiator_depth: u8,
        /// Delay of acknowledges (bits 7:3), failover (2:1), flow control (0).
        pub timing: u8,
        /// Retries when the receiver is not ready (bits 7:5), shared receive queue (4).
        pub retries: u8,
        /// The sender's adapter.
        pub guid: u64,
    }
}

row! {
    /// What many messages are but for their private data: the numbers of the connection at both ends.
    pub struct Ids {
        /// The sender's.
        pub local: u32,
        /// The receiver's.
        pub remote: u32,
    }
}

row! {
    /// Reject.
    pub struct Reject {
        /// The numbers of the connection.
        pub ids: Ids,
        /// Which message is refused (bits 7:6).
        pub message: u8,
        /// Length of what is told beside the reason (bits 7:1).
        pub length: u8,
        /// Why.
        pub reason: Reason,
    }
}

row! {
    /// MRA: the message has come, and its answer takes a while.
    pub struct MessageReceived {
        /// The numbers of the connection.
        pub ids: Ids,
        /// Which message has come (bits 7:6).
        pub message: u8,
        /// Time that it takes (bits 7:3).
        pub timeout: u8,
    }
}

row! {
    /// DisconnectRequest.
    pub struct DisconnectRequest {
        /// The numbers of the connection.
        pub ids: Ids,
        /// The receiver's queue pair.
        pub qp: U24,
        /// 0.
        pub reserved: u8,
    }
}

row! {
    /// SIDR_REQ: which queue pair serves datagrams of a service?
    pub struct ServiceRequest {
        /// The sender's number.
        pub request: u32,
        /// The partition.
        pub p_key: u16,
        /// 0.
        pub reserved: u16,
        /// The service.
        pub service: u64,
    }
}

row! {
    /// SIDR_REP.
    pub struct ServiceReply {
        /// The asker's number.
        pub request: u32,
        /// 0: it is served.
        pub status: u8,
        /// Length of what is told beside.
        pub length: u8,
        /// 0.
        pub reserved: u16,
        /// The queue pair.
        pub qp: U24,
        /// 0.
        pub reserved2: u8,
        /// The service.
        pub service: u64,
        /// To speak to it.
        pub q_key: u32,
    }
}

/// What a message says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Body {
    /// ConnectRequest.
    ConnectRequest(ConnectRequest),
    /// ConnectReply.
    ConnectReply(ConnectReply),
    /// Reject.
    Reject(Reject),
    /// MRA.
    MessageReceived(MessageReceived),
    /// DisconnectRequest.
    DisconnectRequest(DisconnectRequest),
    /// SIDR_REQ.
    ServiceRequest(ServiceRequest),
    /// SIDR_REP.
    ServiceReply(ServiceReply),
    /// ReadyToUse, DisconnectReply, LoadAlternatePath, AlternatePathResponse.
    Ids(Kind, Ids),
    /// One that is not known.
    Unknown(u16),
}

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// What it says.
    pub body: Body,
    /// What is behind the fields: private data, alternate paths.
    pub rest: Vec<u8>,
}

impl Message {
    /// Reads the data of a MAD with this attribute.
    ///
    /// # Errors
    /// It is cut short.
    pub fn parse(attribute: u16, data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("CM message", Order::Big, data);
        let reader = &mut reader;
        let body = match Kind::from(attribute) {
            Kind::ConnectRequest => Body::ConnectRequest(named_as("CM ConnectRequest", reader)?),
            Kind::ConnectReply => Body::ConnectReply(named_as("CM ConnectReply", reader)?),
            Kind::Reject => Body::Reject(named_as("CM ConnectReject", reader)?),
            Kind::MessageReceived => Body::MessageReceived(named_as("CM MsgRcptAck", reader)?),
            Kind::DisconnectRequest => Body::DisconnectRequest(named_as("CM DisconnectRequest", reader)?),
            Kind::ServiceRequest => Body::ServiceRequest(named_as("CM ServiceIDResReq", reader)?),
            Kind::ServiceReply => Body::ServiceReply(named_as("CM ServiceIDResReqResp", reader)?),
            Kind::Unknown(other) => Body::Unknown(other),
            kind => Body::Ids(kind, reader.read()?),
        };
        Ok(Self { body, rest: reader.rest().to_vec() })
    }

    /// Which it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::ConnectRequest(_) => Kind::ConnectRequest,
            Body::ConnectReply(_) => Kind::ConnectReply,
            Body::Reject(_) => Kind::Reject,
            Body::MessageReceived(_) => Kind::MessageReceived,
            Body::DisconnectRequest(_) => Kind::DisconnectRequest,
            Body::ServiceRequest(_) => Kind::ServiceRequest,
            Body::ServiceReply(_) => Kind::ServiceReply,
            Body::Ids(kind, _) => *kind,
            Body::Unknown(other) => Kind::Unknown(*other),
        }
    }

    /// The data of the MAD.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        match &self.body {
            Body::ConnectRequest(body) => writer.put(body),
            Body::ConnectReply(body) => writer.put(body),
            Body::Reject(body) => writer.put(body),
            Body::MessageReceived(body) => writer.put(body),
            Body::DisconnectRequest(body) => writer.put(body),
            Body::ServiceRequest(body) => writer.put(body),
            Body::ServiceReply(body) => writer.put(body),
            Body::Ids(_, ids) => writer.put(ids),
            Body::Unknown(_) => {}
        }
        writer.out.extend(&self.rest);
        writer.out
    }
}

fn named_as<T: Field>(what: &'static str, reader: &mut Reader<'_>) -> Result<T, Malformed> {
    reader.now(what);
    reader.read()
}
