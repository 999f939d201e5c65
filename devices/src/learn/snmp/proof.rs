//! Every recorded request is put to the learnt device again, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::{Kind, Side, Transcript};
use fencelab_wire::Secret;
use fencelab_wire::snmp::{Binding, Body, Message, Pdu, PduKind, Value, Version};

use super::found::Found;
use super::read::{self, Read, code};
use super::write::Written;
use crate::learn::story::{Place, Recording};
use crate::learn::{Difference, LearnError, Named, Proof};
use crate::spec::snmp::{Cell, Row, Table};
use crate::spec::{DeviceSpec, FaceSpec};
use crate::{Credentials, Device, Power};

/// The learnt device itself.
pub(in crate::learn) fn spec(written: &Written) -> Result<Arc<DeviceSpec>, LearnError> {
    let file = Path::new("device.toml");
    let parsed = DeviceSpec::parse(file, &written.bare, Path::new(".")).map_err(LearnError::Broken)?;
    let mut spec = DeviceSpec::clone(&parsed);
    // The recorded objects are no file yet: they take the place that the file would have, before what is built in.
    for face in &mut spec.faces {
        let FaceSpec::Snmp(face) = face else { continue };
        let mut with = face.as_ref().clone();
        let (described, builtin): (Vec<Row>, Vec<Row>) =
            face.table.rows().iter().cloned().partition(|row| matches!(row.cell, Cell::Described { .. }));
        let recorded = written.entries.iter().map(|entry| Row {
            oid: entry.object.clone(),
            value: entry.value.clone(),
            cell: Cell::Recorded,
        });
        let rows = described.into_iter().chain(recorded).chain(builtin).collect();
        let prefixes = face.objects.iter().map(|object| object.prefix.clone()).collect();
        with.table = Arc::new(Table::new(rows, prefixes));
        *face = Arc::new(with);
    }
    Ok(Arc::new(spec))
}

/// Asks again, and compares.
pub(in crate::learn) fn prove(
    spec: &Arc<DeviceSpec>,
    found: &Found,
    read: &Read,
    transcripts: &[Named],
) -> Proof {
    let mut proof = Proof::default();
    let mut excluded = Excluded::default();
    for (named, recording) in transcripts.iter().zip(&read.story) {
        let name: Arc<str> = Arc::from(named.name.as_str());
        let mut replay = Replay {
            device: Device::new(Arc::clone(spec), &Credentials::default(), 1),
            read,
            found,
            name: &name,
            proof: &mut proof,
            excluded: &mut excluded,
        };
        replay.start(recording);
        replay.transcript(&named.transcript);
    }
    proof.excluded = excluded.words();
    proof
}

/// What was not compared.
#[derive(Default)]
struct Excluded {
    clocks: usize,
    restless: BTreeSet<String>,
    drifted: BTreeSet<String>,
    unanswered: usize,
}

impl Excluded {
    fn words(self) -> Vec<String> {
        let mut words = Vec::new();
        if self.clocks > 0 {
            words.push(format!("{} values of clocks and counters: only that they are there", self.clocks));
        }
        for (objects, why) in [
            (self.restless, "which changed without an order"),
            (self.drifted, "which was another in a later recording"),
        ] {
            words.extend(objects.into_iter().map(|object| format!("the value of {object}, {why}")));
        }
        if self.unanswered > 0 {
            words.push(format!("{} requests without an answer in the recording", self.unanswered));
        }
        words
    }
}

struct Replay<'a> {
    device: Device,
    read: &'a Read,
    found: &'a Found,
    name: &'a Arc<str>,
    proof: &'a mut Proof,
    excluded: &'a mut Excluded,
}

impl Replay<'_> {
    /// Puts every plug into the power that this recording first shows.
    fn start(&mut self, recording: &Recording<read::Field>) {
        let Some(status) = self.found.status.first() else { return };
        let spots: BTreeMap<read::Field, &str> = self
            .found
            .plugs
            .iter()
            .filter_map(|plug| Some((status.spot.field(&plug.numbers)?, plug.name.as_str())))
            .collect();
        let orders: BTreeMap<read::Field, &str> = self
            .found
            .plugs
            .iter()
            .filter_map(|plug| Some((self.found.control.spot.field(&plug.numbers)?, plug.name.as_str())))
            .collect();
        let mut settled: BTreeMap<&str, Option<Power>> = BTreeMap::new();
        for exchange in &recording.exchanges {
            for plug in exchange.wrote.iter().filter_map(|(field, _)| orders.get(field)) {
                settled.entry(plug).or_insert(None);
            }
            for (field, value) in &exchange.told {
                if let (Some(plug), Some(power)) = (spots.get(field), status.reads(value)) {
                    settled.entry(plug).or_insert(Some(power));
                }
            }
        }
        for (plug, power) in settled {
            if let Some(power) = power {
                self.device.plant_mut().set(Duration::ZERO, plug, power);
            }
        }
    }

    fn transcript(&mut self, transcript: &Transcript) {
        let mut asked: BTreeMap<(u32, i32), (Place, Pdu, Option<Pdu>)> = BTreeMap::new();
        let mut unheard = BTreeSet::new();
        // v3 answers as v2c does.
        let mut versions: BTreeMap<u32, Version> = BTreeMap::new();
        for (index, event) in transcript.events.iter().enumerate() {
            let place = Place { file: Arc::clone(self.name), line: index + 2 };
            if let Kind::Open(details) = &event.kind {
                if read::is_unheard(details) {
                    unheard.insert(event.session);
                }
                if details.get("version").and_then(serde_json::Value::as_str) == Some("1") {
                    versions.insert(event.session, Version::V1);
                }
            }
            // It was read once already.
            let Ok(Some((side, pdu))) = read::pdu(event) else { continue };
            let key = (event.session, pdu.request_id);
            match side {
                Side::Agent if pdu.kind.is_request() => {
                    if asked.get(&key).is_some_and(|(_, request, _)| *request == pdu) {
                        continue;
                    }
                    let version = versions.get(&event.session).copied().unwrap_or(Version::V2c);
                    let answer = self.ask(event.at, version, &pdu);
                    if asked.insert(key, (place, pdu, answer)).is_some() {
                        self.excluded.unanswered += 1;
                    }
                }
                Side::Device if pdu.kind == PduKind::Response => {
                    if let Some((place, request, answer)) = asked.remove(&key) {
                        self.compare(place, &request, &pdu, answer.as_ref());
                    } else if unheard.contains(&event.session) {
                        self.told(event.at, &place, &pdu);
                    }
                }
                _ => {}
            }
        }
        self.excluded.unanswered += asked.len();
    }

    /// What a walk tells without its questions: each object is asked for.
    fn told(&mut self, at: Duration, place: &Place, pdu: &Pdu) {
        for binding in pdu.bindings.iter().filter(|binding| !binding.value.is_exception()) {
            let request = Pdu::new(PduKind::Get, pdu.request_id, vec![Binding::ask(binding.object.clone())]);
            let answer = self.ask(at, Version::V2c, &request);
            self.compare(place.clone(), &request, &request.answer(vec![binding.clone()]), answer.as_ref());
        }
    }

    fn ask(&mut self, at: Duration, version: Version, pdu: &Pdu) -> Option<Pdu> {
        let community = Secret::from(Credentials::default().password.as_str());
        let message = Message::Community { version, community, body: Body::Pdu(pdu.clone()) };
        let peer = SocketAddr::from(([192, 0, 2, 1], 40_000));
        self.device.handle(at, 0, peer, &message.emit());
        let output = self.device.take_output(at);
        output.iter().find_map(|output| match Message::parse(&output.bytes) {
            Ok(Message::Community { body: Body::Pdu(pdu), .. }) => Some(pdu),
            _ => None,
        })
    }

    fn compare(&mut self, place: Place, request: &Pdu, recorded: &Pdu, learnt: Option<&Pdu>) {
        self.proof.asked += 1;
        if learnt.is_some_and(|learnt| self.same(recorded, learnt)) {
            self.proof.agreed += 1;
            return;
        }
        self.proof.differences.push(Difference {
            place,
            request: words(request),
            recorded: words(recorded),
            learnt: learnt.map_or_else(|| "nothing".to_owned(), words),
        });
    }

    fn same(&mut self, recorded: &Pdu, learnt: &Pdu) -> bool {
        if (recorded.error, recorded.index) != (learnt.error, learnt.index)
            || recorded.bindings.len() != learnt.bindings.len()
        {
            return false;
        }
        let pairs: Vec<_> = recorded.bindings.iter().zip(&learnt.bindings).collect();
        pairs.into_iter().all(|(recorded, learnt)| {
            recorded.object == learnt.object
                && (recorded.value == learnt.value
                    || self.is_volatile(&recorded.object, &recorded.value, &learnt.value))
        })
    }

    /// Values that no description can foresee: clocks and counters, and what changed by itself.
    fn is_volatile(&mut self, object: &fencelab_wire::snmp::Oid, recorded: &Value, learnt: &Value) -> bool {
        if std::mem::discriminant(recorded) != std::mem::discriminant(learnt) {
            return false;
        }
        if matches!(recorded, Value::TimeTicks(_) | Value::Counter32(_) | Value::Counter64(_)) {
            self.excluded.clocks += 1;
            return true;
        }
        let described = self.device.spec().faces.iter().any(|face| match face {
            FaceSpec::Snmp(face) => {
                let row = face.table.find(object).and_then(|index| face.table.row(index));
                row.is_some_and(|row| matches!(row.cell, Cell::Described { .. }))
            }
            _ => false,
        });
        let Some(seen) = self.read.table.objects.get(object).filter(|_| !described) else { return false };
        if seen.restless {
            self.excluded.restless.insert(object.to_string());
        } else if seen.drifted {
            self.excluded.drifted.insert(object.to_string());
        }
        seen.restless || seen.drifted
    }
}

/// A PDU in a line.
fn words(pdu: &Pdu) -> String {
    if !pdu.error.is_ok() && pdu.kind == PduKind::Response {
        return format!("{} at {}", pdu.error, pdu.index);
    }
    let binding = |binding: &Binding| match &binding.value {
        Value::Null => binding.object.to_string(),
        value => format!("{} = {}", binding.object, code(value)),
    };
    let some: Vec<String> = pdu.bindings.iter().take(3).map(binding).collect();
    let more = if pdu.bindings.len() > some.len() { ", …" } else { "" };
    let kind = if pdu.kind == PduKind::Response { String::new() } else { format!("{} ", pdu.kind.name()) };
    format!("{kind}{}{more}", some.join(", "))
}
