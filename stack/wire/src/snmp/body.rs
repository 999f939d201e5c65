//! What is said, as the `snmp` object of a transcript (FORMAT.md, 6.5). Lossless, both ways.

mod from_json;

use serde_json::{Map, Value as Json, json};

use super::{Binding, Body, Pdu, PduKind, TrapV1, Value};
use crate::hex::hex;

/// An object that is no `snmp` body.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct BodyError {
    /// The field, as a path: `vars[1][2]`.
    pub field: String,
    /// What is wrong with it, and what it should be.
    pub why: String,
}

/// The object of a transcript; `context` is only known in v3.
#[must_use]
pub fn to_json(body: &Body, context: &[u8]) -> Json {
    let mut map = Map::new();
    let bindings = match body {
        Body::Pdu(pdu) => {
            put_pdu(&mut map, pdu);
            &pdu.bindings
        }
        Body::TrapV1(trap) => {
            put_trap(&mut map, trap);
            &trap.bindings
        }
    };
    map.insert("vars".into(), bindings.iter().map(binding_to_json).collect());
    if !context.is_empty() {
        let context = as_text(context).map_or_else(|| json!(["hex", hex(context)]), Json::from);
        map.insert("context".into(), context);
    }
    Json::Object(map)
}

fn put_pdu(map: &mut Map<String, Json>, pdu: &Pdu) {
    map.insert("pdu".into(), pdu.kind.name().into());
    map.insert("id".into(), pdu.request_id.into());
    if pdu.kind == PduKind::GetBulk {
        map.insert("repeat".into(), json!([pdu.error.0, pdu.index]));
        return;
    }
    if !pdu.error.is_ok() {
        map.insert("error".into(), pdu.error.name().map_or_else(|| pdu.error.0.into(), Json::from));
    }
    if pdu.index != 0 {
        map.insert("index".into(), pdu.index.into());
    }
}

fn put_trap(map: &mut Map<String, Json>, trap: &TrapV1) {
    let [a, b, c, d] = trap.agent;
    map.insert("pdu".into(), "trap-v1".into());
    map.insert("enterprise".into(), trap.enterprise.to_string().into());
    map.insert("agent".into(), format!("{a}.{b}.{c}.{d}").into());
    map.insert("generic".into(), trap.generic.into());
    map.insert("specific".into(), trap.specific.into());
    map.insert("ticks".into(), trap.ticks.into());
}

/// `["1.3.6.1.2.1.1.3.0","ticks",4711]`; the object alone for no value.
#[must_use]
pub fn binding_to_json(binding: &Binding) -> Json {
    let mut list = vec![Json::from(binding.object.to_string())];
    if binding.value != Value::Null {
        let (kind, value) = value_to_json(&binding.value);
        list.push(kind.into());
        list.extend(value);
    }
    Json::Array(list)
}

/// A value's type and what follows it: `("ticks", Some(4711))`, `("end-of-mib-view", None)`.
#[must_use]
pub fn value_to_json(value: &Value) -> (String, Option<Json>) {
    let (kind, value) = match value {
        Value::Integer(number) => ("integer", Json::from(*number)),
        Value::OctetString(bytes) => match as_text(bytes) {
            Some(text) => ("string", text.into()),
            None => ("hex", hex(bytes).into()),
        },
        Value::Null => return ("null".into(), None),
        Value::ObjectId(oid) => ("oid", oid.to_string().into()),
        Value::IpAddress([a, b, c, d]) => ("ip", format!("{a}.{b}.{c}.{d}").into()),
        Value::Counter32(number) => ("counter", (*number).into()),
        Value::Gauge32(number) => ("gauge", (*number).into()),
        Value::TimeTicks(number) => ("ticks", (*number).into()),
        Value::Opaque(bytes) => ("opaque", hex(bytes).into()),
        Value::Counter64(number) => ("counter64", (*number).into()),
        Value::NoSuchObject => return ("no-such-object".into(), None),
        Value::NoSuchInstance => return ("no-such-instance".into(), None),
        Value::EndOfMibView => return ("end-of-mib-view".into(), None),
        Value::Unknown(tag, bytes) => return (format!("0x{tag:02x}"), Some(hex(bytes).into())),
    };
    (kind.into(), Some(value))
}

/// Octets that a person can read as they are: UTF-8 without control characters but tab and line ends.
#[must_use]
pub fn as_text(bytes: &[u8]) -> Option<&str> {
    let is_printable = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    std::str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_printable))
}

/// What an object of a transcript says, and in which context.
///
/// Redacted bytes (`xx`) become 0.
///
/// # Errors
///
/// The first field that is missing, unknown or of another form, with what it should be.
pub fn from_json(json: &Json) -> Result<(Body, Vec<u8>), BodyError> {
    from_json::body(json)
}

/// What an element of `vars` says.
///
/// # Errors
///
/// As [`from_json`].
pub fn binding_from_json(json: &Json) -> Result<Binding, BodyError> {
    from_json::binding("", json)
}

/// The value of a type and what follows it in a transcript, which may be nothing.
///
/// # Errors
///
/// As [`from_json`].
pub fn value_from_json(kind: &str, value: Option<&Json>) -> Result<Value, BodyError> {
    from_json::value("value", kind, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::ErrorStatus;

    fn there_and_back(text: &str) {
        let json: Json = serde_json::from_str(text).unwrap();
        let (body, context) = from_json(&json).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(to_json(&body, &context).to_string(), text);
    }

    #[test]
    fn all_forms_there_and_back() {
        there_and_back(r#"{"pdu":"get","id":7,"vars":[["1.3.6.1.2.1.1.2.0"],["1.3.6"]]}"#);
        there_and_back(r#"{"pdu":"get-bulk","id":-7,"repeat":[0,10],"vars":[["1.3.6"]],"context":"lab"}"#);
        there_and_back(r#"{"pdu":"response","id":7,"error":"no-such-name","index":1,"vars":[]}"#);
        there_and_back(r#"{"pdu":"response","id":7,"error":99,"vars":[],"context":["hex","ff"]}"#);
        there_and_back(r#"{"pdu":"0xa9","id":7,"index":2,"vars":[]}"#);
        there_and_back(concat!(
            r#"{"pdu":"trap-v1","enterprise":"1.3.6.1.4.1.318","agent":"10.0.0.1","generic":6,"specific":1,"#,
            r#""ticks":9,"vars":[["1.3.6.1","integer",-5],["1.3.6.2","string","a\nb"],["1.3.6.3","hex","00ff"],"#,
            r#"["1.3.6.4","oid","0.0"],["1.3.6.5","ip","10.0.0.1"],["1.3.6.6","counter",1],["1.3.6.7","gauge",2],"#,
            r#"["1.3.6.8","ticks",3],["1.3.6.9","opaque","9f78"],["1.3.6.10","counter64",18446744073709551615],"#,
            r#"["1.3.6.11","no-such-object"],["1.3.6.12","no-such-instance"],["1.3.6.13","end-of-mib-view"],"#,
            r#"["1.3.6.14","0x47","00"],["1.3.6.15","oid",""],["","integer",1]]}"#
        ));
    }

    #[test]
    fn a_wrong_object_is_told_where_and_what() {
        let error = |text: &str| from_json(&serde_json::from_str(text).unwrap()).unwrap_err().to_string();
        for (text, said) in [
            ("5", "`snmp` is an object"),
            (r#"{"id":7,"vars":[]}"#, "`pdu` is missing"),
            (r#"{"pdu":"put","id":7,"vars":[]}"#, "`pdu` is \"put\""),
            (r#"{"pdu":"get","vars":[]}"#, "`id` is missing"),
            (r#"{"pdu":"get","id":2147483648,"vars":[]}"#, "`id` is 2147483648"),
            (r#"{"pdu":"get","id":7}"#, "`vars` is missing"),
            (r#"{"pdu":"get","id":7,"vars":[],"community":"x"}"#, "`community` does not belong"),
            (r#"{"pdu":"get","id":7,"repeat":[0,1],"vars":[]}"#, "`repeat` does not belong"),
            (r#"{"pdu":"get-bulk","id":7,"vars":[]}"#, "`repeat` is missing"),
            (r#"{"pdu":"get","id":7,"error":"no","vars":[]}"#, "`error` is \"no\""),
            (r#"{"pdu":"get","id":7,"vars":[["1.3"],["1.3","integer"]]}"#, "`vars[1][2]` is missing"),
            (r#"{"pdu":"get","id":7,"vars":[["1.3","integer","5"]]}"#, "`vars[0][2]` is \"5\""),
            (r#"{"pdu":"get","id":7,"vars":[["1.3","number",5]]}"#, "`vars[0][1]` is \"number\""),
            (r#"{"pdu":"get","id":7,"vars":[["1.x"]]}"#, "`vars[0][0]` is \"1.x\""),
            (r#"{"pdu":"get","id":7,"vars":[["1.3","hex","0"]]}"#, "`vars[0][2]` is \"0\": hex text of odd"),
            (r#"{"pdu":"get","id":7,"vars":[["1.3","null",5]]}"#, "`vars[0]` has 3 elements"),
            (r#"{"pdu":"get","id":7,"vars":[["1.3","integer",5,6]]}"#, "`vars[0]` has 4 elements"),
        ] {
            let error = error(text);
            assert!(error.starts_with(said), "{text}\n{error}");
        }
    }

    #[test]
    fn an_error_has_its_standard_name_too() {
        for error in ErrorStatus::ALL {
            assert_eq!(error.name().and_then(ErrorStatus::from_name), Some(error));
            assert_eq!(error.standard_name().and_then(ErrorStatus::from_name), Some(error));
        }
    }
}
