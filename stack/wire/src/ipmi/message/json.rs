//! An IPMI message as the `"ipmi"` object of a transcript.

use super::{Body, Completion, LanMessage, NetFn, Request, Response};
use crate::hex::{hex, unhex};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for LanMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (netfn, command, lun) = self.command();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("netfn", &netfn)?;
        map.serialize_entry("cmd", &command)?;
        map.serialize_entry("seq", &self.seq)?;
        if self.rs_addr != Self::BMC {
            map.serialize_entry("rs", &self.rs_addr)?;
        }
        if self.rq_addr != Self::CONSOLE {
            map.serialize_entry("rq", &self.rq_addr)?;
        }
        if lun != 0 {
            map.serialize_entry("lun", &lun)?;
        }
        if self.rq_lun != 0 {
            map.serialize_entry("rqlun", &self.rq_lun)?;
        }
        if let Body::Response(response) = &self.body {
            map.serialize_entry("cc", &response.completion)?;
        }
        map.serialize_entry("data", &hex(self.data()))?;
        map.end()
    }
}

/// The fields as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    netfn: u8,
    cmd: u8,
    seq: u8,
    #[serde(default = "bmc")]
    rs: u8,
    #[serde(default = "console")]
    rq: u8,
    #[serde(default)]
    lun: u8,
    #[serde(default)]
    rqlun: u8,
    cc: Option<u8>,
    data: String,
}

fn bmc() -> u8 {
    LanMessage::BMC
}

fn console() -> u8 {
    LanMessage::CONSOLE
}

impl<'de> Deserialize<'de> for LanMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        for (name, value, limit) in [
            ("netfn", fields.netfn, 63),
            ("seq", fields.seq, 63),
            ("lun", fields.lun, 3),
            ("rqlun", fields.rqlun, 3),
        ] {
            if value > limit {
                return Err(D::Error::custom(format_args!("{name} is {value}, but at most {limit} fits")));
            }
        }
        let data = unhex(&fields.data).map_err(|e| D::Error::custom(format_args!("data: {e}")))?;
        let netfn = NetFn(fields.netfn);
        let (lun, command) = (fields.lun, fields.cmd);
        let body = match (netfn.is_response(), fields.cc) {
            (false, None) => Body::Request(Request { netfn, lun, command, data }),
            (true, Some(cc)) => {
                Body::Response(Response { netfn, lun, command, completion: Completion(cc), data })
            }
            (true, None) => {
                return Err(D::Error::custom(format_args!(
                    "netfn {netfn:?} is a response: \"cc\" is missing"
                )));
            }
            (false, Some(_)) => {
                return Err(D::Error::custom(format_args!("netfn {netfn:?} is a request: it has no \"cc\"")));
            }
        };
        Ok(Self { rs_addr: fields.rs, rq_addr: fields.rq, rq_lun: fields.rqlun, seq: fields.seq, body })
    }
}
