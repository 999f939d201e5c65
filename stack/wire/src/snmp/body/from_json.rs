//! From a transcript's object to what was said.

use std::net::Ipv4Addr;

use serde_json::{Map, Value as Json};

use super::BodyError;
use crate::hex::unhex;
use crate::snmp::{Binding, Body, ErrorStatus, Oid, Pdu, PduKind, TrapV1, Value};

fn wrong(field: &str, why: impl Into<String>) -> BodyError {
    BodyError { field: field.to_owned(), why: why.into() }
}

/// Longest piece of a wrong value that an error quotes.
const QUOTE_MAX: usize = 60;

fn instead(field: &str, found: &Json, wanted: &str) -> BodyError {
    let text: String = found.to_string().chars().take(QUOTE_MAX).collect();
    wrong(field, format!("is {text}, but should be {wanted}"))
}

fn required<'a>(map: &'a Map<String, Json>, field: &str) -> Result<&'a Json, BodyError> {
    map.get(field).ok_or_else(|| wrong(field, "is missing"))
}

fn number<T: TryFrom<i64>>(field: &str, json: &Json, wanted: &str) -> Result<T, BodyError> {
    json.as_i64().and_then(|number| T::try_from(number).ok()).ok_or_else(|| instead(field, json, wanted))
}

fn int(map: &Map<String, Json>, field: &str) -> Result<i32, BodyError> {
    number(field, required(map, field)?, "an integer of 32 bits")
}

fn text<'a>(field: &str, json: &'a Json, wanted: &str) -> Result<&'a str, BodyError> {
    json.as_str().ok_or_else(|| instead(field, json, wanted))
}

const OID: &str = "an object identifier such as \"1.3.6.1.2.1.1.1.0\"";
const ADDRESS: &str = "an address such as \"10.0.0.1\"";

fn oid(field: &str, json: &Json) -> Result<Oid, BodyError> {
    match text(field, json, OID)? {
        // An empty one can be encoded, and so it can be met.
        "" => Ok(Oid::new([])),
        text => text.parse().map_err(|_| instead(field, json, OID)),
    }
}

fn address(field: &str, json: &Json) -> Result<[u8; 4], BodyError> {
    let address: Result<Ipv4Addr, _> = text(field, json, ADDRESS)?.parse();
    address.map(|address| address.octets()).map_err(|_| instead(field, json, ADDRESS))
}

fn octets(field: &str, json: &Json) -> Result<Vec<u8>, BodyError> {
    let digits = text(field, json, "bytes as hex digits")?;
    unhex(digits).map_err(|why| wrong(field, format!("is {json}: {why}")))
}

pub(super) fn body(json: &Json) -> Result<(Body, Vec<u8>), BodyError> {
    let map = json.as_object().ok_or_else(|| wrong("snmp", "is an object: {\"pdu\":\"get\",…}"))?;
    let name = text("pdu", required(map, "pdu")?, "a name such as \"get\"")?;
    let (body, fields) = match name {
        "trap-v1" => (Body::TrapV1(trap(map)?), &["enterprise", "agent", "generic", "specific", "ticks"][..]),
        _ => {
            let kind = kind(name)?;
            let fields =
                if kind == PduKind::GetBulk { &["id", "repeat"][..] } else { &["id", "error", "index"] };
            (Body::Pdu(pdu(kind, map)?), fields)
        }
    };
    for field in map.keys() {
        if !["pdu", "vars", "context"].contains(&field.as_str()) && !fields.contains(&field.as_str()) {
            return Err(wrong(field, format!("does not belong to a {name}")));
        }
    }
    Ok((body, context(map)?))
}

fn kind(name: &str) -> Result<PduKind, BodyError> {
    let named = PduKind::ALL.into_iter().find(|kind| kind.name() == name);
    let tagged = || match tag(name)? {
        tag @ (0xa0..=0xa3 | 0xa5..=0xbf) => Some(PduKind::from_tag(tag)),
        _ => None,
    };
    named.or_else(tagged).ok_or_else(|| {
        let known: Vec<_> = PduKind::ALL.iter().map(|kind| kind.name()).collect();
        wrong(
            "pdu",
            format!("is {name:?}, but should be one of {}, trap-v1, or a tag such as 0xa9", known.join(", ")),
        )
    })
}

fn tag(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 2)?;
    u8::from_str_radix(digits, 16).ok()
}

fn context(map: &Map<String, Json>) -> Result<Vec<u8>, BodyError> {
    match map.get("context") {
        None => Ok(Vec::new()),
        Some(Json::String(text)) => Ok(text.clone().into_bytes()),
        Some(Json::Array(list)) if list.len() == 2 && list[0] == "hex" => octets("context[1]", &list[1]),
        Some(other) => Err(instead("context", other, "a string or [\"hex\",\"…\"]")),
    }
}

fn pdu(kind: PduKind, map: &Map<String, Json>) -> Result<Pdu, BodyError> {
    let request_id = int(map, "id")?;
    let (error, index) = if kind == PduKind::GetBulk {
        const WANTED: &str = "[non-repeaters, max-repetitions]";
        let repeat = required(map, "repeat")?;
        match repeat.as_array().map(Vec::as_slice) {
            Some([first, second]) => {
                (number("repeat[0]", first, WANTED)?, number("repeat[1]", second, WANTED)?)
            }
            _ => return Err(instead("repeat", repeat, WANTED)),
        }
    } else {
        let index = if map.contains_key("index") { int(map, "index")? } else { 0 };
        (map.get("error").map_or(Ok(0), error)?, index)
    };
    Ok(Pdu { kind, request_id, error: ErrorStatus(error), index, bindings: bindings(map)? })
}

fn error(json: &Json) -> Result<i32, BodyError> {
    const WANTED: &str = "a name such as \"no-such-name\", or a number";
    match json {
        Json::String(name) => match ErrorStatus::from_name(name) {
            Some(error) => Ok(error.0),
            None => Err(instead("error", json, WANTED)),
        },
        other => number("error", other, WANTED),
    }
}

fn trap(map: &Map<String, Json>) -> Result<TrapV1, BodyError> {
    Ok(TrapV1 {
        enterprise: oid("enterprise", required(map, "enterprise")?)?,
        agent: address("agent", required(map, "agent")?)?,
        generic: int(map, "generic")?,
        specific: int(map, "specific")?,
        ticks: number("ticks", required(map, "ticks")?, "an unsigned integer of 32 bits")?,
        bindings: bindings(map)?,
    })
}

fn bindings(map: &Map<String, Json>) -> Result<Vec<Binding>, BodyError> {
    let vars = required(map, "vars")?;
    let list = vars.as_array().ok_or_else(|| instead("vars", vars, "a list of [object, type, value]"))?;
    let one = |(place, json)| binding(&format!("vars[{place}]"), json);
    list.iter().enumerate().map(one).collect()
}

pub(super) fn binding(field: &str, json: &Json) -> Result<Binding, BodyError> {
    const WANTED: &str = "[object], [object, type] or [object, type, value]";
    let list = json.as_array().ok_or_else(|| instead(field, json, WANTED))?;
    let place = |place: usize| format!("{field}[{place}]");
    let object = list.first().map(|object| oid(&place(0), object));
    let object = object.ok_or_else(|| instead(field, json, WANTED))??;
    let value = match list.get(1) {
        None => Value::Null,
        Some(kind) => {
            let name = text(&place(1), kind, TYPES)?;
            let found = value(field, name, list.get(2)).map_err(|error| match error.field == field {
                true => wrong(&place(1), error.why),
                false => error,
            })?;
            let most = if takes_value(&found) { 3 } else { 2 };
            if list.len() > most {
                let why = format!("has {} elements, but a value of type {name} takes {most}", list.len());
                return Err(wrong(field, why));
            }
            found
        }
    };
    Ok(Binding { object, value })
}

fn takes_value(value: &Value) -> bool {
    *value != Value::Null && !value.is_exception()
}

const TYPES: &str = "one of integer, string, hex, oid, ip, counter, gauge, ticks, opaque, counter64, null, \
                     no-such-object, no-such-instance, end-of-mib-view, or a tag such as 0x47";

/// An error about the type is told of `field` itself, one about the value of its element 2.
pub(super) fn value(field: &str, kind: &str, value: Option<&Json>) -> Result<Value, BodyError> {
    const UNSIGNED: &str = "an unsigned integer of 32 bits";
    match kind {
        "null" => return Ok(Value::Null),
        "no-such-object" => return Ok(Value::NoSuchObject),
        "no-such-instance" => return Ok(Value::NoSuchInstance),
        "end-of-mib-view" => return Ok(Value::EndOfMibView),
        _ => {}
    }
    let place = format!("{field}[2]");
    let needed = || value.ok_or_else(|| wrong(&place, format!("is missing: the value of type {kind}")));
    Ok(match kind {
        "integer" => Value::Integer(number(&place, needed()?, "an integer")?),
        "string" => Value::OctetString(text(&place, needed()?, "a string")?.as_bytes().to_vec()),
        "hex" => Value::OctetString(octets(&place, needed()?)?),
        "oid" => Value::ObjectId(oid(&place, needed()?)?),
        "ip" => Value::IpAddress(address(&place, needed()?)?),
        "counter" => Value::Counter32(number(&place, needed()?, UNSIGNED)?),
        "gauge" => Value::Gauge32(number(&place, needed()?, UNSIGNED)?),
        "ticks" => Value::TimeTicks(number(&place, needed()?, UNSIGNED)?),
        "opaque" => Value::Opaque(octets(&place, needed()?)?),
        "counter64" => {
            let json = needed()?;
            let wanted = || instead(&place, json, "an unsigned integer of 64 bits");
            Value::Counter64(json.as_u64().ok_or_else(wanted)?)
        }
        _ => match tag(kind) {
            Some(tag) if tag & 0x1f != 0x1f => Value::Unknown(tag, octets(&place, needed()?)?),
            _ => return Err(wrong(field, format!("is {kind:?}, but should be {TYPES}"))),
        },
    })
}
