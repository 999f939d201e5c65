//! SNMP transcripts as a story of fields: an object, or one part of a text that carries a list.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fencelab_transcript::{Body, Event, Kind, Side, Transcript};
use fencelab_wire::snmp::{Oid, Pdu, PduKind, Value, body};

use super::parts;
use super::table::{Seen, Table};
use crate::learn::story::{self, Exchange, Place, Recording, Story};
use crate::learn::{LearnError, Named};

/// What a plug's power can stand in: an object, or a part of one (`1,1,0,…`), counted from 0.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::learn) struct Field {
    pub(in crate::learn) object: Oid,
    pub(in crate::learn) part: Option<u32>,
}

/// Who spoke: the distinct ways in which sessions were opened.
#[derive(Clone, Debug, Default)]
pub(in crate::learn) struct Access {
    pub(in crate::learn) versions: BTreeSet<String>,
    /// Number of the community → whether anything was written with it.
    pub(in crate::learn) communities: BTreeMap<u64, bool>,
    /// User's name, authentication, privacy.
    pub(in crate::learn) users: BTreeSet<(String, Option<String>, Option<String>)>,
    pub(in crate::learn) contexts: BTreeSet<String>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(in crate::learn) struct Read {
    pub(in crate::learn) story: Story<Field>,
    pub(in crate::learn) table: Table,
    pub(in crate::learn) access: Access,
    /// What separates the parts of an object's text.
    pub(in crate::learn) separators: BTreeMap<Oid, String>,
    /// What was last written to an object.
    pub(in crate::learn) written: BTreeMap<Oid, Value>,
    /// Writes that were refused: object, value, error.
    pub(in crate::learn) refused: Vec<(Oid, String, String, Place)>,
}

/// How a value stands in codes, rules and notes.
pub(in crate::learn) fn code(value: &Value) -> String {
    match value {
        Value::OctetString(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
            _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        },
        Value::ObjectId(object) => object.to_string(),
        Value::IpAddress([a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
        other => other.as_number().map_or_else(|| format!("{other:?}"), |number| number.to_string()),
    }
}

/// Reads all transcripts.
pub(in crate::learn) fn read(transcripts: &[Named]) -> Result<Read, LearnError> {
    let mut read = Read::default();
    for named in transcripts {
        let name: Arc<str> = Arc::from(named.name.as_str());
        let recording = Reader::new(&mut read, &name, &named.transcript).read(&named.transcript)?;
        read.story.push(recording);
    }
    Ok(read)
}

/// The PDU of an event, with who says it. Traps and what could not be decrypted tell nothing here.
pub(in crate::learn) fn pdu(event: &Event) -> Result<Option<(Side, Pdu)>, String> {
    let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { return Ok(None) };
    if protocol != "snmp" {
        return Ok(None);
    }
    match body::from_json(value).map_err(|error| error.to_string())?.0 {
        fencelab_wire::snmp::Body::Pdu(pdu) => Ok(Some((*from, pdu))),
        fencelab_wire::snmp::Body::TrapV1(_) => Ok(None),
    }
}

/// Whether a value is one that a description can have.
fn is_plain(value: &Value) -> bool {
    let odd = matches!(value, Value::Null | Value::Opaque(_) | Value::Unknown(..));
    !odd && !value.is_exception()
}

/// Whether an `open` says that only the device was heard.
pub(in crate::learn) fn is_unheard(details: &fencelab_transcript::Map) -> bool {
    details.contains_key("unheard")
}

struct Reader<'a> {
    read: &'a mut Read,
    name: &'a Arc<str>,
    acts: Vec<story::Act>,
    /// Requests without an answer yet, by session and id.
    asked: BTreeMap<(u32, i32), usize>,
    exchanges: Vec<Exchange<Field>>,
    requests: Vec<Pdu>,
    /// The newest value of every object in this recording, the number of writes when it was seen, and how often it has
    /// changed since the last of them.
    newest: HashMap<Oid, (Value, u32, u32)>,
    writes: u32,
    /// Session → the number of its community.
    community: BTreeMap<u32, u64>,
    /// Sessions of which only the device was heard: walks that come from a text.
    unheard: BTreeSet<u32>,
}

impl<'a> Reader<'a> {
    fn new(read: &'a mut Read, name: &'a Arc<str>, transcript: &Transcript) -> Self {
        let acts = story::acts(name, transcript);
        Self {
            read,
            name,
            acts,
            asked: BTreeMap::new(),
            exchanges: Vec::new(),
            requests: Vec::new(),
            newest: HashMap::new(),
            writes: 0,
            community: BTreeMap::new(),
            unheard: BTreeSet::new(),
        }
    }

    fn read(mut self, transcript: &Transcript) -> Result<Recording<Field>, LearnError> {
        for (index, event) in transcript.events.iter().enumerate() {
            let place = Place { file: Arc::clone(self.name), line: index + 2 };
            if let Kind::Open(details) = &event.kind {
                self.open(event.session, details);
                continue;
            }
            let said = pdu(event).map_err(|what| LearnError::Unreadable { place: place.clone(), what })?;
            match said {
                Some((Side::Agent, pdu)) if pdu.kind.is_request() => self.request(event, place, pdu),
                Some((Side::Device, pdu)) if pdu.kind == PduKind::Response => {
                    self.answer(event, &place, &pdu)
                }
                _ => {}
            }
        }
        Ok(Recording { acts: self.acts, exchanges: self.exchanges })
    }

    fn open(&mut self, session: u32, details: &fencelab_transcript::Map) {
        let text = |key: &str| details.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        if is_unheard(details) {
            self.unheard.insert(session);
        }
        let access = &mut self.read.access;
        access.versions.extend(text("version"));
        access.contexts.extend(text("context").filter(|context| !context.is_empty()));
        if let Some(user) = text("user") {
            access.users.insert((user, text("auth"), text("privacy")));
        }
        if let Some(number) = details.get("access").and_then(serde_json::Value::as_u64) {
            self.community.insert(session, number);
        }
    }

    fn request(&mut self, event: &Event, place: Place, pdu: Pdu) {
        let key = (event.session, pdu.request_id);
        // The same again is a repetition: the first one is what counts.
        let repeated = self.asked.get(&key).is_some_and(|index| self.requests.get(*index) == Some(&pdu));
        if repeated {
            return;
        }
        self.asked.insert(key, self.exchanges.len());
        let wrote = if pdu.kind == PduKind::Set { self.written(&pdu) } else { Vec::new() };
        let act = story::act_at(&self.acts, place.line);
        self.exchanges.push(Exchange {
            at: event.at,
            place,
            act,
            named: pdu.kind == PduKind::Get,
            wrote,
            accepted: false,
            told: Vec::new(),
        });
        self.requests.push(pdu);
    }

    /// The fields that a Set writes: of a list only the parts that it changes.
    fn written(&self, pdu: &Pdu) -> Vec<(Field, String)> {
        let mut wrote = Vec::new();
        for binding in pdu.bindings.iter().filter(|binding| is_plain(&binding.value)) {
            let old = self.newest.get(&binding.object).map(|(value, ..)| value);
            match (parts::split(&binding.value), old.and_then(parts::split)) {
                (Some(new), Some(old))
                    if new.separator == old.separator && new.parts.len() == old.parts.len() =>
                {
                    for (part, (new, _)) in
                        (0..).zip(new.parts.iter().zip(&old.parts)).filter(|(_, (new, old))| new != old)
                    {
                        let field = Field { object: binding.object.clone(), part: Some(part) };
                        wrote.push((field, new.clone()));
                    }
                }
                _ => wrote.push((Field { object: binding.object.clone(), part: None }, code(&binding.value))),
            }
        }
        wrote
    }

    fn answer(&mut self, event: &Event, place: &Place, pdu: &Pdu) {
        let asked = self.asked.remove(&(event.session, pdu.request_id));
        if asked.is_none() && self.unheard.contains(&event.session) {
            // As if it had been walked: what was asked is not told, and does not matter.
            self.request(event, place.clone(), Pdu::new(PduKind::GetNext, pdu.request_id, Vec::new()));
            self.asked.remove(&(event.session, pdu.request_id));
        }
        let made = self.exchanges.len().checked_sub(1).filter(|_| self.unheard.contains(&event.session));
        let Some(index) = asked.or(made) else { return };
        let (Some(exchange), Some(request)) = (self.exchanges.get_mut(index), self.requests.get(index))
        else {
            return;
        };
        let set = request.kind == PduKind::Set;
        if !pdu.error.is_ok() {
            if set {
                let blamed =
                    usize::try_from(pdu.index).ok().and_then(|index| index.checked_sub(1)).unwrap_or(0);
                let refused = request.bindings.get(blamed).or(request.bindings.first());
                let error = pdu.error.to_string();
                let refused = refused.map(|b| (b.object.clone(), code(&b.value), error, place.clone()));
                self.read.refused.extend(refused);
                exchange.wrote.clear();
            }
            return;
        }
        // A community that nothing was ever answered to is none of the device's.
        if let Some(number) = self.community.get(&event.session) {
            *self.read.access.communities.entry(*number).or_default() |= set;
        }
        if set {
            exchange.accepted = true;
            self.writes += 1;
            let written = request.bindings.iter().filter(|binding| is_plain(&binding.value));
            let written = written.map(|binding| (binding.object.clone(), binding.value.clone()));
            self.read.written.extend(written);
        }
        let answered: Vec<_> =
            pdu.bindings.iter().filter(|b| !b.value.is_exception() && b.value != Value::Null).collect();
        for binding in answered {
            let object = || binding.object.clone();
            if !set {
                exchange.told.push((Field { object: object(), part: None }, code(&binding.value)));
                if let Some(list) = parts::split(&binding.value) {
                    self.read.separators.insert(object(), list.separator.clone());
                    exchange.told.extend(
                        (0..)
                            .zip(list.parts)
                            .map(|(part, text)| (Field { object: object(), part: Some(part) }, text)),
                    );
                }
            }
            let newest = self.newest.get(&binding.object);
            let changes = match newest {
                Some((value, writes, changes)) if *writes == self.writes => {
                    changes + u32::from(*value != binding.value)
                }
                _ => 0,
            };
            let known = newest.is_some();
            self.newest.insert(object(), (binding.value.clone(), self.writes, changes));
            if set {
                continue;
            }
            let seen = self.read.table.objects.entry(object()).or_insert_with(|| Seen {
                first: binding.value.clone(),
                place: place.clone(),
                changed: false,
                restless: false,
                drifted: false,
            });
            seen.drifted |= !known && seen.first != binding.value;
            seen.changed |= seen.first != binding.value;
            // After an order a state may pass through another one; without an order it stays.
            seen.restless |= changes > if self.writes == 0 { 0 } else { 2 };
        }
    }
}
