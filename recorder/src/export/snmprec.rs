//! A transcript of SNMP as `.snmprec`, the format of snmpsim: what each object held when it was last read.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_transcript::redact::PLACEHOLDER;
use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::snmp::walk::{self, Entry};
use fencelab_wire::snmp::{self, Oid, PduKind, Value, body};

use crate::link::snmp::BODY;

/// What was exported.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exported {
    /// The file: one line an object, in the order of a walk.
    pub text: String,
    /// How many objects there are.
    pub objects: usize,
    /// What could not be exported, and where; for a person.
    pub warnings: Vec<String>,
}

/// Why a transcript could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The transcript is of another protocol.
    #[error("a transcript of `{0}` cannot be exported to snmprec; only `snmp` can")]
    Protocol(String),
}

/// Collects the last value that the device gave of each object, in a response without error to a question. Traps and informs
/// are left out: they tell what was so when they were sent, often of objects that cannot be read. So are answers to a Set,
/// which only repeat what was asked for.
///
/// # Errors
/// The transcript is not of SNMP.
pub fn export(transcript: &Transcript) -> Result<Exported, ExportError> {
    let protocol = &transcript.header.link.protocol;
    if protocol != "snmp" {
        return Err(ExportError::Protocol(protocol.clone()));
    }
    let mut objects: BTreeMap<Oid, Value> = BTreeMap::new();
    let mut warnings = Vec::new();
    let mut orders: BTreeSet<(u32, i32)> = BTreeSet::new();
    for (index, event) in transcript.events.iter().enumerate() {
        let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { continue };
        if protocol != BODY {
            continue;
        }
        // Line 1 is the header.
        let line = index + 2;
        match body::from_json(value) {
            Ok((snmp::Body::Pdu(pdu), _)) if *from == Side::Agent => {
                let key = (event.session, pdu.request_id);
                let _ = if pdu.kind == PduKind::Set { orders.insert(key) } else { orders.remove(&key) };
            }
            Ok((snmp::Body::Pdu(pdu), _)) if pdu.kind == PduKind::Response && pdu.error.is_ok() => {
                if orders.contains(&(event.session, pdu.request_id)) {
                    continue;
                }
                for (place, binding) in pdu.bindings.into_iter().enumerate() {
                    let reason = if is_redacted(value, place) {
                        Some("its value was redacted".into())
                    } else {
                        inexpressible(&binding.value)
                    };
                    if let Some(reason) = reason {
                        warnings.push(format!("line {line}: {} is left out: {reason}", binding.object));
                    } else if !binding.value.is_exception() {
                        objects.insert(binding.object, binding.value);
                    }
                }
            }
            Ok(_) => {}
            Err(error) => warnings.push(format!("line {line} is left out: {error}")),
        }
    }
    let entries: Vec<Entry> = objects.into_iter().map(|(object, value)| Entry { object, value }).collect();
    Ok(Exported { text: walk::to_snmprec(&entries), objects: entries.len(), warnings })
}

/// Whether something of a value was masked: `["1.3.6.1","hex","00xx"]`.
fn is_redacted(body: &serde_json::Value, place: usize) -> bool {
    let Some(list) = body.get("vars").and_then(|vars| vars.get(place)) else { return false };
    let text = |at: usize| list.get(at).and_then(serde_json::Value::as_str).unwrap_or_default();
    text(2).contains(PLACEHOLDER) || text(1) != "string" && text(2).contains("xx")
}

/// Why a value has no line in a snmprec file.
fn inexpressible(value: &Value) -> Option<String> {
    match value {
        Value::Unknown(tag, _) => Some(format!("snmprec has no type for the tag 0x{tag:02x}")),
        _ => None,
    }
}
