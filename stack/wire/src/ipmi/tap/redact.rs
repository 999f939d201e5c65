//! What of a message must not be written down: passwords, keys, communities, and codes that can be attacked
//! offline.

use crate::hex::hex_redacted;
use crate::ipmi::rmcpplus::PayloadType;
use crate::ipmi::{LanMessage, NetFn};
use serde_json::{Value, json};

const SET_USER_PASSWORD: u8 = 0x47;
const SET_CHANNEL_SECURITY_KEYS: u8 = 0x56;
/// Set LAN Configuration Parameters, and Get.
const SET_LAN: u8 = 0x01;
pub(super) const GET_LAN: u8 = 0x02;
/// The LAN parameter that holds the SNMP community (IPMI 2.0 table 23-4).
pub(super) const COMMUNITY: u8 = 16;

/// The message as a transcript's `"ipmi"` object, and what was redacted. `community` tells that a response to
/// Get LAN Configuration Parameters holds the community.
pub(super) fn message(message: &LanMessage, community: bool) -> (Value, Vec<&'static str>) {
    let (netfn, command, _) = message.command();
    let data = message.data();
    let secret = match (netfn, command) {
        (NetFn::APP, SET_USER_PASSWORD) => Some((2, "user.password")),
        (NetFn::APP, SET_CHANNEL_SECURITY_KEYS) => Some((3, "channel.key")),
        (netfn, SET_CHANNEL_SECURITY_KEYS) if netfn == NetFn::APP.response() => Some((1, "channel.key")),
        (NetFn::TRANSPORT, SET_LAN) if data.get(1) == Some(&COMMUNITY) => Some((2, "snmp.community")),
        (netfn, GET_LAN) if netfn == NetFn::TRANSPORT.response() && community => Some((1, "snmp.community")),
        _ => None,
    };
    // A LanMessage is always representable.
    let mut value = serde_json::to_value(message).unwrap_or_default();
    match secret.filter(|(from, _)| *from < data.len()) {
        Some((from, name)) => {
            if let Some(shown) = value.get_mut("data") {
                *shown = hex_redacted(data, from..data.len()).into();
            }
            (value, vec![name])
        }
        None => (value, Vec::new()),
    }
}

/// A payload as a transcript's `"rmcp+"` object, and what was redacted.
pub(super) fn payload(kind: PayloadType, bytes: &[u8]) -> (Value, Vec<&'static str>) {
    let (from, name) = match kind {
        PayloadType::Rakp2 => (40, "rakp.code"),
        PayloadType::Rakp3 | PayloadType::Rakp4 => (8, "rakp.code"),
        _ => (bytes.len(), ""),
    };
    let value = json!({ "payload": kind.to_string(), "data": hex_redacted(bytes, from..bytes.len()) });
    (value, if from < bytes.len() { vec![name] } else { Vec::new() })
}
