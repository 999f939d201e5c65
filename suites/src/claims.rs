//! Reads from a recorded wire which power states the device told the agent.
//!
//! A device may lie: a fault can make it say "off" of a plug that is on, in a whole and properly signed answer. No agent can
//! see through that, so it is no agent's lie. The checkers ask the wire, not the name of the fault: whatever the trouble was,
//! an agent is only excused by an answer that it could not have known to be wrong.

use fencelab_devices::Power;
use fencelab_devices::spec::{Appearance, DeviceSpec};
use fencelab_transcript::{Body, Event, Kind, Side};

use crate::run::Claim;
use crate::stage::is_unclear;

/// Net function of chassis responses (IPMI 2.0, table 5-1: request 00h, response 01h).
const CHASSIS_RESPONSE: u64 = 0x01;
/// Get Chassis Status (IPMI 2.0, 28.2).
const GET_CHASSIS_STATUS: u64 = 0x01;

/// The claims in a dialogue, in the order in which they went out. Answers that the device documents as meaning neither on
/// nor off are claims of nothing, whatever their power bit says.
pub fn claims(dialogue: &[Event], spec: &DeviceSpec) -> Vec<Claim> {
    let plug = spec.plant.plugs.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let unclear: Vec<&Appearance> =
        spec.states().filter(|state| is_unclear(state.means)).flat_map(|state| &state.seen).collect();
    dialogue
        .iter()
        .filter_map(|event| {
            let Kind::Say { from: Side::Device, body: Body::Object { protocol, value } } = &event.kind else {
                return None;
            };
            let power = match protocol.as_str() {
                "ipmi" => ipmi(value, &unclear)?,
                _ => return None,
            };
            Some(Claim { at: event.at, plug: plug.clone(), power })
        })
        .collect()
}

/// Bit 0 of the current power state byte of a complete Get Chassis Status answer.
fn ipmi(value: &serde_json::Value, unclear: &[&Appearance]) -> Option<Option<Power>> {
    let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
    if number("netfn")? != CHASSIS_RESPONSE || number("cmd")? != GET_CHASSIS_STATUS {
        return None;
    }
    if number("cc")? != 0 {
        return Some(None);
    }
    let data = bytes(value.get("data").and_then(serde_json::Value::as_str).unwrap_or_default());
    // Three bytes are the least that the command may answer (28.2: bytes 2 to 4 of the response).
    let Some(first) = data.first().filter(|_| data.len() >= 3) else {
        return Some(None);
    };
    if unclear.iter().any(|appearance| shows(appearance, &data)) {
        return Some(None);
    }
    Some(Some(if first & 1 == 1 { Power::On } else { Power::Off }))
}

/// Whether an answer looks like a documented state.
fn shows(appearance: &Appearance, data: &[u8]) -> bool {
    if appearance.completion.is_some_and(|completion| completion != 0) {
        return false;
    }
    match &appearance.mask {
        None => !appearance.data.is_empty() && data == appearance.data,
        Some(mask) => {
            mask.iter().any(|mask| *mask != 0)
                && mask
                    .iter()
                    .zip(&appearance.data)
                    .enumerate()
                    .all(|(at, (mask, wanted))| data.get(at).is_some_and(|seen| seen & mask == wanted & mask))
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map_while(|digit| digit.to_digit(16)).collect();
    digits
        .chunks_exact(2)
        .map(|pair| {
            pair.iter().fold(0_u8, |byte, digit| byte << 4 | u8::try_from(*digit).unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &serde_json::Value) -> Option<Option<Power>> {
        ipmi(value, &[])
    }

    #[test]
    fn only_a_whole_status_answer_is_a_claim() {
        let answer = |cmd: u8, cc: u8, data: &str| serde_json::json!({"netfn": 1, "cmd": cmd, "seq": 3, "cc": cc, "data": data});
        assert_eq!(read(&answer(1, 0, "21100000")), Some(Some(Power::On)));
        assert_eq!(read(&answer(1, 0, "20100000")), Some(Some(Power::Off)));
        assert_eq!(read(&answer(1, 0, "201000")), Some(Some(Power::Off)));
        assert_eq!(read(&answer(1, 0, "2010")), Some(None), "truncated");
        assert_eq!(read(&answer(1, 0xc0, "")), Some(None), "busy");
        assert_eq!(read(&answer(2, 0, "")), None, "the answer to a command says nothing of the state");
        let request = serde_json::json!({"netfn": 0, "cmd": 1, "seq": 3, "data": ""});
        assert_eq!(read(&request), None);
    }
}
