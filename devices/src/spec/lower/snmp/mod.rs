//! `[face.snmp]`, checked.

mod answers;
mod object;
mod rules;
mod security;

use std::sync::Arc;

use fencelab_wire::snmp::{Oid, Value};

use super::{rule, word};
use crate::error::{Error, suggest};
use crate::spec::PlantSpec;
use crate::spec::load::Place;
use crate::spec::raw::snmp::Written;
use crate::spec::raw::{Device, Text, snmp as raw};
use crate::spec::rule::{Look, Meaning, State};
use crate::spec::snmp::{
    Appearance, Cell, Content, Errors, Failure, Keys, Kind, Object, Row, SnmpFace, Table,
};
use crate::spec::text::{WordOrNumber, hex};

/// sysDescr, sysObjectID and sysUpTime (RFC 3418).
const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];
const SYS_UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];
/// What enterprise numbers stand under.
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

pub(super) fn face(
    raw: &raw::Snmp,
    device: &Device,
    plant: &PlantSpec,
    place: &Place<'_>,
) -> Result<SnmpFace, Error> {
    let lacks = subtrees(&raw.lacks, place)?;
    let (objects, mut rows) = object::objects(&raw.object, plant, place)?;
    let mut skipped = Vec::new();
    for name in &raw.answers {
        answers::add(name, &mut rows, &mut skipped, place)?;
    }
    rows.extend(builtin(device));
    rows.retain(|row| !lacks.iter().any(|subtree| row.oid.starts_with(subtree)));
    let prefixes = objects.iter().map(|object| object.prefix.clone()).collect();
    let table = Table::new(rows, prefixes);
    let mut states = rule::states(&raw.state, |seen| rules::appearance(seen, &objects, place), place)?;
    if states.is_empty() {
        states = default_states(&objects);
    }
    let dialect = rules::Snmp { objects: &objects, plant };
    let rules =
        raw.rule.iter().map(|raw| rule::rule(&dialect, raw, &states, place)).collect::<Result<_, _>>()?;
    Ok(SnmpFace {
        versions: security::versions(raw.versions.as_deref(), place)?,
        communities: security::communities(raw.communities.as_deref(), place)?,
        users: security::users(raw.users.as_deref(), place)?,
        engine_id: raw.engine_id.as_ref().map(|text| security::engine_id(text, place)).transpose()?,
        enterprise: enterprise(&table),
        context: raw.context.clone().unwrap_or_default(),
        max_size: security::max_size(raw.max_size.as_ref(), place)?,
        errors: errors(&raw.errors, place)?,
        objects,
        states,
        rules,
        table: Arc::new(table),
        skipped,
        keys: Arc::new(Keys::default()),
    })
}

/// What every agent has (RFC 3418), unless it is described or recorded.
fn builtin(device: &Device) -> [Row; 2] {
    let firmware = device.firmware.as_deref().unwrap_or_default();
    let text = format!("{} {} {firmware}", device.vendor.get_ref(), device.model.get_ref());
    [
        Row { oid: Oid::from(SYS_DESCR), value: Value::text(text.trim_end()), cell: Cell::Recorded },
        Row { oid: Oid::from(SYS_UP_TIME), value: Value::TimeTicks(0), cell: Cell::UpTime },
    ]
}

/// The enterprise number in sysObjectID.
fn enterprise(table: &Table) -> u32 {
    let row = table.find(&Oid::from(SYS_OBJECT_ID)).and_then(|index| table.row(index));
    match row.map(|row| &row.value) {
        Some(Value::ObjectId(id)) => {
            id.below(&Oid::from(ENTERPRISES)).and_then(|below| below.first().copied()).unwrap_or_default()
        }
        _ => 0,
    }
}

/// The two states that the objects' codes tell by themselves.
fn default_states(objects: &[Object]) -> Vec<Look<Appearance>> {
    let of = |name: &str, means: Meaning| {
        let seen = objects.iter().enumerate().filter_map(|(object, described)| match &described.content {
            Content::Power(shows) => {
                let value = if means == Meaning::On { &shows.on } else { &shows.off };
                Some(Appearance { object, shown: Ok(value.clone()) })
            }
            _ => None,
        });
        let state = State { name: name.to_owned(), means, source: "the codes of the objects".to_owned() };
        Look { state, seen: seen.collect() }
    };
    [of("power-on", Meaning::On), of("power-off", Meaning::Off)]
        .into_iter()
        .filter(|look| !look.seen.is_empty())
        .collect()
}

fn errors(raw: &raw::Errors, place: &Place<'_>) -> Result<Errors, Error> {
    let read = |text: &Option<Text>| text.as_ref().map(|text| failure(text, place)).transpose();
    Ok(Errors {
        read_only: read(&raw.read_only)?,
        no_access: read(&raw.no_access)?,
        no_such: read(&raw.no_such)?,
        wrong_value: read(&raw.wrong_value)?,
    })
}

fn failure(text: &Text, place: &Place<'_>) -> Result<Failure, Error> {
    Failure::by_name(text.get_ref()).ok_or_else(|| {
        let mend = suggest(text.get_ref(), Failure::names());
        place.error(text, format!("there is no error `{}`", text.get_ref()), mend)
    })
}

fn oid(text: &Text, place: &Place<'_>) -> Result<Oid, Error> {
    text.get_ref().trim().parse().map_err(|error| place.error(text, format!("{error}"), None))
}

fn subtrees(texts: &[Text], place: &Place<'_>) -> Result<Vec<Oid>, Error> {
    texts.iter().map(|text| oid(text, place)).collect()
}

fn kind(text: &Text, place: &Place<'_>) -> Result<(Kind, bool), Error> {
    let words = [
        ("integer", (Kind::Integer, false)),
        ("string", (Kind::Octets, false)),
        ("hex", (Kind::Octets, true)),
        ("oid", (Kind::ObjectId, false)),
        ("ip", (Kind::IpAddress, false)),
        ("counter", (Kind::Counter, false)),
        ("gauge", (Kind::Gauge, false)),
        ("ticks", (Kind::Ticks, false)),
        ("opaque", (Kind::Opaque, true)),
        ("counter64", (Kind::Counter64, false)),
    ];
    word(text, &words, place)
}

/// A written value as one of an object's type; `is_hex`: text stands for octets.
fn value(at: &Written, kind: Kind, is_hex: bool, place: &Place<'_>) -> Result<Value, Error> {
    one_value(at.get_ref(), kind, is_hex).map_err(|what| {
        let mend = "the value must be of the object's `type`".to_owned();
        place.error(at, what, Some(mend))
    })
}

fn one_value(written: &WordOrNumber, kind: Kind, is_hex: bool) -> Result<Value, String> {
    match written {
        WordOrNumber::Number(number) => number_value(*number, kind),
        WordOrNumber::Word(text) => text_value(text, kind, is_hex),
    }
}

fn number_value(number: i64, kind: Kind) -> Result<Value, String> {
    let out_of_range = |_| format!("{number} does not fit the type");
    let unsigned = || u32::try_from(number).map_err(out_of_range);
    match kind {
        Kind::Integer => {
            i32::try_from(number).map(|number| Value::Integer(number.into())).map_err(out_of_range)
        }
        Kind::Counter => unsigned().map(Value::Counter32),
        Kind::Gauge => unsigned().map(Value::Gauge32),
        Kind::Ticks => unsigned().map(Value::TimeTicks),
        Kind::Counter64 => u64::try_from(number).map(Value::Counter64).map_err(out_of_range),
        Kind::Octets | Kind::ObjectId | Kind::IpAddress | Kind::Opaque => {
            Err(format!("the number {number} where a text is wanted"))
        }
    }
}

fn text_value(text: &str, kind: Kind, is_hex: bool) -> Result<Value, String> {
    match kind {
        Kind::Octets if is_hex => hex(text).map(Value::OctetString),
        Kind::Octets => Ok(Value::text(text)),
        Kind::Opaque => hex(text).map(Value::Opaque),
        Kind::ObjectId => text.trim().parse().map(Value::ObjectId).map_err(|error| format!("{error}")),
        Kind::IpAddress => match text.trim().parse::<std::net::Ipv4Addr>() {
            Ok(address) => Ok(Value::IpAddress(address.octets())),
            Err(_) => Err(format!("`{text}` is no IPv4 address")),
        },
        // A template may have made a number of text.
        Kind::Integer | Kind::Counter | Kind::Gauge | Kind::Ticks | Kind::Counter64 => {
            match text.trim().parse() {
                Ok(number) => number_value(number, kind),
                Err(_) => Err(format!("the text `{text}` where a number is wanted")),
            }
        }
    }
}
