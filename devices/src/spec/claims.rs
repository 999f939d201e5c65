//! Reads from a recorded wire what the device told the agent about which plug.
//!
//! A device may lie: a fault can make it say "off" of a plug that is on, in a whole and properly signed answer. No agent can
//! see through that, so it is no agent's lie. The checkers ask the wire, not the name of the fault: whatever the trouble was,
//! an agent is only excused by an answer that it could not have known to be wrong.

use std::collections::HashMap;
use std::time::Duration;

use fencelab_transcript::{Body, Event, Kind, Side};
use fencelab_wire::snmp::{self, PduKind, Value, body};

use super::ipmi::{self, IpmiFace};
use super::rule::{Look, Meaning};
use super::snmp::{Cell, Content, Each, Object, Row, Shows, SnmpFace};
use crate::plant::Power;

/// A power state that the device really told the agent, read from the wire as the agent saw it: after all faults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// When it went out.
    pub at: Duration,
    /// The plug's name.
    pub plug: String,
    /// What it said of the plug; `None` where the answer was whole but named no state.
    pub power: Option<Power>,
    /// Whether it is one more answer to a question that had been answered before: the agent may have gone by the first.
    pub again: bool,
}

/// So many answers back a question is looked for: IPMI's sequence numbers begin anew after 64 (IPMI 2.0, 13.8).
const LOOK_BACK: usize = 16;

/// The last questions that were answered.
#[derive(Debug)]
struct Answered<K>(std::collections::VecDeque<K>);

impl<K: PartialEq> Answered<K> {
    fn new() -> Self {
        Self(std::collections::VecDeque::with_capacity(LOOK_BACK))
    }

    /// Whether this one was answered before; from now on it was.
    fn again(&mut self, question: K) -> bool {
        let again = self.0.contains(&question);
        if self.0.len() >= LOOK_BACK {
            self.0.pop_front();
        }
        self.0.push_back(question);
        again
    }
}

/// Net function of chassis responses (IPMI 2.0, table 5-1: request 00h, response 01h).
const CHASSIS_RESPONSE: u64 = 0x01;
/// Get Chassis Status (IPMI 2.0, 28.2).
const GET_CHASSIS_STATUS: u64 = 0x01;

/// The bodies of a protocol in a dialogue.
fn bodies<'a>(
    dialogue: &'a [Event],
    wanted: &'a str,
) -> impl Iterator<Item = (&'a Event, &'a Side, &'a serde_json::Value)> {
    dialogue.iter().filter_map(move |event| match &event.kind {
        Kind::Say { from, body: Body::Object { protocol, value } } if protocol == wanted => {
            Some((event, from, value))
        }
        _ => None,
    })
}

/// Whether a documented state tells nothing of power.
fn is_unclear<A>(look: &&Look<A>) -> bool {
    look.state.means == Meaning::Neither
}

/// The claims of a BMC about its one plug. Answers that it documents as meaning neither on nor off are claims of nothing,
/// whatever their power bit says.
pub(super) fn of_ipmi(face: &IpmiFace, plug: &str, dialogue: &[Event]) -> Vec<Claim> {
    let unclear: Vec<&ipmi::Appearance> =
        face.states.iter().filter(is_unclear).flat_map(|look| &look.seen).collect();
    let said = bodies(dialogue, "ipmi").filter(|(_, from, _)| **from == Side::Device);
    let mut answered = Answered::new();
    said.filter_map(|(event, _, value)| {
        let power = chassis_status(value, &unclear)?;
        let again = answered.again((event.session, value.get("seq").and_then(serde_json::Value::as_u64)));
        Some(Claim { at: event.at, plug: plug.to_owned(), power, again })
    })
    .collect()
}

/// Bit 0 of the current power state byte of a complete Get Chassis Status answer.
fn chassis_status(value: &serde_json::Value, unclear: &[&ipmi::Appearance]) -> Option<Option<Power>> {
    let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
    if number("netfn")? != CHASSIS_RESPONSE || number("cmd")? != GET_CHASSIS_STATUS {
        return None;
    }
    if number("cc")? != 0 {
        return Some(None);
    }
    let data = super::text::hex(value.get("data").and_then(serde_json::Value::as_str).unwrap_or_default());
    // Three bytes are the least that the command may answer (28.2: bytes 2 to 4 of the response).
    let data = data.unwrap_or_default();
    let Some(first) = data.first().filter(|_| data.len() >= 3) else {
        return Some(None);
    };
    if unclear.iter().any(|appearance| appearance.shows(&data)) {
        return Some(None);
    }
    Some(Some(if first & 1 == 1 { Power::On } else { Power::Off }))
}

/// The claims of a console: what its texts told, as far as they came whole. The device itself notes them beside what it says,
/// since only it knows which of its words is about which plug.
pub(super) fn of_console(dialogue: &[Event]) -> Vec<Claim> {
    let told = |event: &Event| {
        let tells = event.extra.get(TELLS)?.as_object()?.clone();
        let again = event.extra.contains_key(AGAIN);
        let claim = |(plug, power): (String, serde_json::Value)| {
            let power = power.as_str().and_then(|word| match word {
                "on" => Some(Power::On),
                "off" => Some(Power::Off),
                _ => None,
            });
            Claim { at: event.at, plug, power, again }
        };
        Some(tells.into_iter().map(claim).collect::<Vec<_>>())
    };
    dialogue.iter().filter_map(told).flatten().collect()
}

/// The extra field of an event that notes what the device told of its plugs: plug → `on`, `off` or `unknown`.
pub(crate) const TELLS: &str = "tells";

/// The extra field of an event that repeats what was said before.
pub(crate) const AGAIN: &str = "again";

/// The claims of an SNMP agent: the values of objects that tell the power. The answer to a Set only repeats what was
/// written, which is no claim about what is.
pub(super) fn of_snmp(face: &SnmpFace, plugs: &[(String, Power)], dialogue: &[Event]) -> Vec<Claim> {
    let mut asked: HashMap<(u32, i32), PduKind> = HashMap::new();
    let mut claims = Vec::new();
    let mut answered = Answered::new();
    for event in dialogue {
        let Some((from, said)) = snmp_said(event) else { continue };
        let Some(pdu) = said.pdu() else { continue };
        let key = (event.session, pdu.request_id);
        if from == Side::Agent {
            asked.insert(key, pdu.kind);
            continue;
        }
        let is_told = match asked.get(&key) {
            Some(PduKind::Set) => false,
            // A failed step names the object before it, not the one that was wanted.
            Some(PduKind::GetNext | PduKind::GetBulk) => pdu.error.is_ok(),
            _ => true,
        };
        if pdu.kind != PduKind::Response || !is_told {
            continue;
        }
        let again = answered.again(key);
        for binding in pdu.bindings.iter().filter(|binding| binding.value != Value::EndOfMibView) {
            let Some(row) = face.table.find(&binding.object).and_then(|index| face.table.row(index)) else {
                continue;
            };
            for (plug, power) in told(face, row, &binding.value) {
                let Some((name, _)) = plugs.get(plug) else { continue };
                let power = power.filter(|_| pdu.error.is_ok());
                claims.push(Claim { at: event.at, plug: name.clone(), power, again });
            }
        }
    }
    claims
}

/// What an event says in SNMP. Bytes behind a message make a datagram opaque to a careful listener; agents of the field read
/// it nevertheless, so what it tells them counts.
fn snmp_said(event: &Event) -> Option<(Side, snmp::Body)> {
    let Kind::Say { from, body } = &event.kind else { return None };
    let said = match body {
        Body::Object { protocol, value } if protocol == "snmp" => body::from_json(value).ok()?.0,
        Body::Hex(bytes) => snmp::Message::parse_prefix(&bytes.to_lossy()).ok()?.message.body()?.clone(),
        _ => return None,
    };
    Some((*from, said))
}

/// What a value says about which plugs.
fn told(face: &SnmpFace, row: &Row, value: &Value) -> Vec<(usize, Option<Power>)> {
    let Cell::Described { object: index, plugs, .. } = &row.cell else { return Vec::new() };
    let Some(object) = face.objects.get(*index) else { return Vec::new() };
    let powers = match &object.content {
        Content::Fixed => return Vec::new(),
        Content::Power(shows) => vec![of_code(face, *index, object, shows, value)],
        Content::Each(each) => of_string(each, value, plugs.len()),
    };
    plugs.iter().copied().zip(powers).collect()
}

fn of_code(face: &SnmpFace, index: usize, object: &Object, shows: &Shows, value: &Value) -> Option<Power> {
    let unclear = face.states.iter().filter(is_unclear).flat_map(|look| &look.seen);
    if !object.kind.fits(value)
        || unclear.into_iter().any(|seen| seen.object == index && seen.shown.as_ref() == Ok(value))
    {
        return None;
    }
    match value {
        value if *value == shows.on => Some(Power::On),
        value if *value == shows.off => Some(Power::Off),
        _ => None,
    }
}

fn of_string(each: &Each, value: &Value, plugs: usize) -> Vec<Option<Power>> {
    let elements = match value {
        Value::OctetString(octets) => std::str::from_utf8(octets).ok().map(|text| each.elements(text)),
        _ => None,
    };
    let elements = elements.unwrap_or_default();
    // Where elements are told apart by their length, another number of them is of other plugs. Where a string ends too
    // early, its last element may be only the beginning of one.
    let whole = match elements.len() {
        count if count == plugs => count,
        _ if each.separator.is_empty() => 0,
        count if count < plugs => count.saturating_sub(1),
        count => count,
    };
    (0..plugs)
        .map(|place| match elements.get(place).copied().filter(|_| place < whole) {
            Some(element) if element == each.on => Some(Power::On),
            Some(element) if element == each.off => Some(Power::Off),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_status_answer_is_a_claim() {
        let read = |value: &serde_json::Value| chassis_status(value, &[]);
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
