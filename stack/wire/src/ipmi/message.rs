//! The IPMI message as it goes over LAN (IPMI 2.0 §13.8, figure 13-4): two addresses, network function and
//! LUN, sequence number, command, data, two checksums.

mod json;

use serde::{Deserialize, Serialize};
use std::fmt;

/// Network function: the upper six bits of a byte; even in requests, odd in responses (IPMI 2.0 table 5-1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct NetFn(pub u8);

impl NetFn {
    /// Chassis control and status.
    pub const CHASSIS: Self = Self(0x00);
    /// Bridging.
    pub const BRIDGE: Self = Self(0x02);
    /// Sensors and events.
    pub const SENSOR: Self = Self(0x04);
    /// Application: the BMC itself, its sessions, users and channels.
    pub const APP: Self = Self(0x06);
    /// Firmware transfer.
    pub const FIRMWARE: Self = Self(0x08);
    /// SDR, SEL and FRU storage.
    pub const STORAGE: Self = Self(0x0a);
    /// LAN and serial configuration.
    pub const TRANSPORT: Self = Self(0x0c);
    /// Group extensions (PICMG, DCMI …).
    pub const GROUP: Self = Self(0x2c);
    /// OEM groups.
    pub const OEM: Self = Self(0x2e);

    /// Whether it marks a response.
    #[must_use]
    pub fn is_response(self) -> bool {
        self.0 & 1 == 1
    }

    /// The network function of the response to this request.
    #[must_use]
    pub fn response(self) -> Self {
        Self(self.0 | 1)
    }

    /// The network function of the request to this response.
    #[must_use]
    pub fn request(self) -> Self {
        Self(self.0 & !1)
    }
}

/// Completion code: the first data byte of each response (IPMI 2.0 table 5-2).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Completion(pub u8);

impl Completion {
    /// 0x00: done.
    pub const OK: Self = Self(0x00);
    /// 0xC0: node busy.
    pub const NODE_BUSY: Self = Self(0xc0);
    /// 0xC1: invalid command.
    pub const INVALID_COMMAND: Self = Self(0xc1);
    /// 0xC2: command invalid for this LUN.
    pub const INVALID_FOR_LUN: Self = Self(0xc2);
    /// 0xC3: timeout while processing.
    pub const TIMEOUT: Self = Self(0xc3);
    /// 0xC4: out of space.
    pub const OUT_OF_SPACE: Self = Self(0xc4);
    /// 0xC5: reservation cancelled.
    pub const RESERVATION_CANCELLED: Self = Self(0xc5);
    /// 0xC6: request data truncated.
    pub const TRUNCATED: Self = Self(0xc6);
    /// 0xC7: request data length invalid.
    pub const LENGTH_INVALID: Self = Self(0xc7);
    /// 0xC8: request data field length limit exceeded.
    pub const LENGTH_EXCEEDED: Self = Self(0xc8);
    /// 0xC9: parameter out of range.
    pub const OUT_OF_RANGE: Self = Self(0xc9);
    /// 0xCA: cannot return that many bytes.
    pub const CANNOT_RETURN_BYTES: Self = Self(0xca);
    /// 0xCB: requested sensor, data or record not present.
    pub const NOT_PRESENT: Self = Self(0xcb);
    /// 0xCC: invalid data field in request.
    pub const INVALID_FIELD: Self = Self(0xcc);
    /// 0xCD: command illegal for this sensor or record type.
    pub const ILLEGAL_FOR_TYPE: Self = Self(0xcd);
    /// 0xCE: no response could be provided.
    pub const NO_RESPONSE: Self = Self(0xce);
    /// 0xD0: SDR repository in update mode.
    pub const SDR_UPDATE: Self = Self(0xd0);
    /// 0xD1: firmware update in progress.
    pub const FIRMWARE_UPDATE: Self = Self(0xd1);
    /// 0xD3: destination unavailable.
    pub const DESTINATION_UNAVAILABLE: Self = Self(0xd3);
    /// 0xD4: insufficient privilege.
    pub const INSUFFICIENT_PRIVILEGE: Self = Self(0xd4);
    /// 0xD5: not supported in present state.
    pub const NOT_IN_PRESENT_STATE: Self = Self(0xd5);
    /// 0xD6: subfunction disabled.
    pub const DISABLED: Self = Self(0xd6);
    /// 0xFF: unspecified error.
    pub const UNSPECIFIED: Self = Self(0xff);

    /// Whether the command was carried out.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// The generic meaning (IPMI 2.0 table 5-2), in lower case; command-specific and OEM codes by kind only.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self.0 {
            0x00 => "command completed normally",
            0xc0 => "node busy",
            0xc1 => "invalid command",
            0xc2 => "invalid command for this lun",
            0xc3 => "timeout while processing the command",
            0xc4 => "out of space",
            0xc5 => "reservation cancelled or invalid",
            0xc6 => "request data truncated",
            0xc7 => "request data length invalid",
            0xc8 => "request data field length limit exceeded",
            0xc9 => "parameter out of range",
            0xca => "cannot return the number of bytes asked for",
            0xcb => "requested sensor, data or record not found",
            0xcc => "invalid data field in request",
            0xcd => "command illegal for this sensor or record type",
            0xce => "command response could not be provided",
            0xcf => "cannot execute a duplicated request",
            0xd0 => "sdr repository in update mode",
            0xd1 => "device in firmware update mode",
            0xd2 => "bmc initialization in progress",
            0xd3 => "destination unavailable",
            0xd4 => "insufficient privilege level",
            0xd5 => "command not supported in present state",
            0xd6 => "command sub-function disabled or unavailable",
            0xff => "unspecified error",
            0x01..=0x7e => "oem-specific code",
            0x80..=0xbe => "command-specific code",
            _ => "reserved code",
        }
    }
}

impl fmt::Display for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x} ({})", self.0, self.meaning())
    }
}

/// A request, apart from addresses and sequence number.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Request {
    /// Network function (even).
    pub netfn: NetFn,
    /// The responder's logical unit, 0 to 3; nearly always 0.
    pub lun: u8,
    /// Command number within the network function.
    pub command: u8,
    /// Everything after the command byte.
    pub data: Vec<u8>,
}

impl Request {
    /// A request to LUN 0.
    pub fn new(netfn: NetFn, command: u8, data: impl Into<Vec<u8>>) -> Self {
        Self { netfn, lun: 0, command, data: data.into() }
    }

    /// The response to this request with this completion code and data.
    pub fn answer(&self, completion: Completion, data: impl Into<Vec<u8>>) -> Response {
        Response {
            netfn: self.netfn.response(),
            lun: self.lun,
            command: self.command,
            completion,
            data: data.into(),
        }
    }
}

/// A response, apart from addresses and sequence number.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Response {
    /// Network function (odd).
    pub netfn: NetFn,
    /// The responder's logical unit, 0 to 3.
    pub lun: u8,
    /// The command answered.
    pub command: u8,
    /// How it went.
    pub completion: Completion,
    /// Everything after the completion code.
    pub data: Vec<u8>,
}

/// Request or response; the network function's lowest bit tells.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Body {
    /// Even network function.
    Request(Request),
    /// Odd network function.
    Response(Response),
}

/// One IPMI message with its addresses.
///
/// As JSON (the `"ipmi"` object of a transcript): `{"netfn":0,"cmd":1,"seq":3,"data":""}`, in a response also
/// `"cc"` before `"data"`; `"rs"`, `"rq"`, `"lun"`, `"rqlun"` only where they are not 0x20, 0x81, 0, 0. A
/// redacted byte (`xx`) in `"data"` is read as 0.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LanMessage {
    /// The responder's slave address or software id; the BMC's is [`LanMessage::BMC`].
    pub rs_addr: u8,
    /// The requester's slave address or software id; remote consoles use [`LanMessage::CONSOLE`].
    pub rq_addr: u8,
    /// The requester's logical unit, 0 to 3.
    pub rq_lun: u8,
    /// Sequence number, 0 to 63, that ties a response to its request.
    pub seq: u8,
    /// What is said.
    pub body: Body,
}

/// Why bytes are not an IPMI message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MessageError {
    /// Fewer bytes than the smallest message has.
    #[error("ipmi message of {0} bytes is too short")]
    Short(usize),
    /// One of the two checksums does not fit.
    #[error("ipmi message has a wrong {which} checksum: {found:#04x} instead of {expected:#04x}")]
    Checksum {
        /// `"header"` or `"body"`.
        which: &'static str,
        /// The byte that stands there.
        found: u8,
        /// The byte that should.
        expected: u8,
    },
}

/// Two's complement of the sum (IPMI 2.0 §13.8).
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, b| sum.wrapping_sub(*b))
}

impl LanMessage {
    /// The BMC's slave address.
    pub const BMC: u8 = 0x20;
    /// The software id of a remote console (IPMI 2.0 table 5-4).
    pub const CONSOLE: u8 = 0x81;

    /// A request from a remote console to the BMC. `seq` is cut to six bits.
    #[must_use]
    pub fn request(seq: u8, request: Request) -> Self {
        Self {
            rs_addr: Self::BMC,
            rq_addr: Self::CONSOLE,
            rq_lun: 0,
            seq: seq & 0x3f,
            body: Body::Request(request),
        }
    }

    /// The message that answers this one, with the addresses as this one has them.
    #[must_use]
    pub fn reply(&self, response: Response) -> Self {
        Self {
            rs_addr: self.rs_addr,
            rq_addr: self.rq_addr,
            rq_lun: self.rq_lun,
            seq: self.seq,
            body: Body::Response(response),
        }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// Too short, or a wrong checksum.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let short = MessageError::Short(bytes.len());
        let (&[to, netfn_lun, header_sum, from, seq_lun, command], rest) =
            bytes.split_first_chunk::<6>().ok_or(short)?;
        let (&body_sum, data) = rest.split_last().ok_or(short)?;
        let expected = checksum(&[to, netfn_lun]);
        if header_sum != expected {
            return Err(MessageError::Checksum { which: "header", found: header_sum, expected });
        }
        let expected = checksum(data).wrapping_add(checksum(&[from, seq_lun, command]));
        if body_sum != expected {
            return Err(MessageError::Checksum { which: "body", found: body_sum, expected });
        }
        let netfn = NetFn(netfn_lun >> 2);
        let (to_lun, from_lun, seq) = (netfn_lun & 3, seq_lun & 3, seq_lun >> 2);
        Ok(if netfn.is_response() {
            let (&completion, data) = data.split_first().ok_or(short)?;
            let response = Response {
                netfn,
                lun: from_lun,
                command,
                completion: Completion(completion),
                data: data.to_vec(),
            };
            Self { rs_addr: from, rq_addr: to, rq_lun: to_lun, seq, body: Body::Response(response) }
        } else {
            let request = Request { netfn, lun: to_lun, command, data: data.to_vec() };
            Self { rs_addr: to, rq_addr: from, rq_lun: from_lun, seq, body: Body::Request(request) }
        })
    }

    /// Appends the message's bytes, checksums included.
    pub fn emit_into(&self, out: &mut Vec<u8>) {
        let (to, to_lun, from, from_lun, netfn, command, completion, data) = match &self.body {
            Body::Request(r) => {
                (self.rs_addr, r.lun, self.rq_addr, self.rq_lun, r.netfn, r.command, None, &r.data)
            }
            Body::Response(r) => {
                let completion = Some(r.completion.0);
                (self.rq_addr, self.rq_lun, self.rs_addr, r.lun, r.netfn, r.command, completion, &r.data)
            }
        };
        let header = [to, netfn.0 << 2 | to_lun & 3];
        let start = out.len() + 3;
        out.reserve(8 + data.len());
        out.extend_from_slice(&header);
        out.extend_from_slice(&[checksum(&header), from, self.seq << 2 | from_lun & 3, command]);
        out.extend(completion);
        out.extend_from_slice(data);
        let sum = out.get(start..).map_or(0, checksum);
        out.push(sum);
    }

    /// The message's bytes, checksums included.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.emit_into(&mut out);
        out
    }

    /// Network function, command and the responder's LUN, whichever way it goes.
    #[must_use]
    pub fn command(&self) -> (NetFn, u8, u8) {
        match &self.body {
            Body::Request(r) => (r.netfn, r.command, r.lun),
            Body::Response(r) => (r.netfn, r.command, r.lun),
        }
    }

    /// The data after command or completion code.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match &self.body {
            Body::Request(r) => &r.data,
            Body::Response(r) => &r.data,
        }
    }
}
