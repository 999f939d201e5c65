//! Recorded objects: walks as text, and what a transcript's device answered.

use std::collections::HashMap;

use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::snmp::{PduKind, body, walk};

use crate::error::Error;
use crate::spec::load::Place;
use crate::spec::lower::{file_here, transcript};
use crate::spec::raw::Text;
use crate::spec::snmp::{Cell, Row};

/// Larger walks than this are refused: the largest known of a whole chassis switch has a tenth of it.
const WALK_LIMIT: u64 = 256 << 20;

/// Adds the rows of one file; lines that cannot be read are only noted.
pub(super) fn add(
    name: &Text,
    rows: &mut Vec<Row>,
    skipped: &mut Vec<(String, usize, String)>,
    place: &Place<'_>,
) -> Result<(), Error> {
    let lower = name.get_ref().to_ascii_lowercase();
    let read = match lower.rsplit_once('.').map(|(_, ending)| ending) {
        Some("jsonl") => {
            return heard(&transcript(name, place)?, rows).map_err(|what| place.error(name, what, None));
        }
        Some("snmprec") => walk::snmprec,
        Some("walk" | "snmpwalk" | "txt") => walk::snmpwalk,
        _ => {
            let mend = "there is: .jsonl, .snmprec, .walk".to_owned();
            return Err(place.error(name, "a file of an unknown kind", Some(mend)));
        }
    };
    let path = file_here(name, &[".jsonl", ".snmprec", ".walk"], place)?;
    let about = |error: std::io::Error| place.error(name, format!("cannot be read: {error}"), None);
    let size = std::fs::metadata(&path).map_err(about)?.len();
    if size > WALK_LIMIT {
        return Err(place.error(name, format!("{size} bytes are too many; the limit is {WALK_LIMIT}"), None));
    }
    let walk = read(&std::fs::read(&path).map_err(about)?);
    if walk.entries.is_empty() {
        let why = walk.skipped.first().map(|skipped| format!("; line {}: {}", skipped.line, skipped.what));
        let what = format!("no object could be read from `{}`{}", name.get_ref(), why.unwrap_or_default());
        return Err(place.error(name, what, None));
    }
    skipped.extend(walk.skipped.into_iter().map(|line| (name.get_ref().clone(), line.line, line.what)));
    let recorded = walk.entries.into_iter().filter(|entry| !entry.value.is_exception());
    rows.extend(recorded.map(|entry| Row { oid: entry.object, value: entry.value, cell: Cell::Recorded }));
    Ok(())
}

/// What a device answered to questions. The answer to a Set only repeats what was asked.
fn heard(transcript: &Transcript, rows: &mut Vec<Row>) -> Result<(), String> {
    let mut asked: HashMap<(u32, i32), PduKind> = HashMap::new();
    for event in &transcript.events {
        let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { continue };
        if protocol != "snmp" {
            continue;
        }
        let (said, _) = body::from_json(value)
            .map_err(|error| format!("at {} s: no SNMP message: {error}", event.at.as_secs_f64()))?;
        let Some(pdu) = said.pdu() else { continue };
        let key = (event.session, pdu.request_id);
        match from {
            Side::Agent => {
                asked.insert(key, pdu.kind);
            }
            Side::Device if pdu.kind == PduKind::Response && pdu.error.is_ok() => {
                if asked.remove(&key) == Some(PduKind::Set) {
                    continue;
                }
                let told = pdu.bindings.iter().filter(|binding| !binding.value.is_exception());
                rows.extend(told.map(|binding| Row {
                    oid: binding.object.clone(),
                    value: binding.value.clone(),
                    cell: Cell::Recorded,
                }));
            }
            Side::Device => {}
        }
    }
    Ok(())
}
