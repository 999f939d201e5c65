//! The shape of an `snmp` body (FORMAT.md, 6.5), as far as it can be seen without knowing SNMP.

use serde_json::Value;

use crate::Bytes;
use crate::scan::hex_element;

const PDU: &str = "write \"get\", \"response\" …, as in 6.5 of the format";
const VARS: &str = "write a list of [object], [object, type] or [object, type, value]";
const OBJECT: &str = "write an object identifier without a dot in front: \"1.3.6.1.2.1.1.1.0\"";
const HEX: &str = "write two hex digits a byte, and `xx` for a redacted one";

/// What is wrong: the field, what, and how to mend it.
pub(super) fn faults(body: &Value) -> Vec<(String, String, &'static str)> {
    let mut faults = Vec::new();
    let mut find = |field: &str, what: &str, mend| faults.push((field.to_owned(), what.to_owned(), mend));
    if !body.get("pdu").is_some_and(Value::is_string) {
        find("snmp.pdu", "is missing, or no name", PDU);
    }
    let Some(vars) = body.get("vars").and_then(Value::as_array) else {
        find("snmp.vars", "is missing, or no list", VARS);
        return faults;
    };
    for (place, binding) in vars.iter().enumerate() {
        let place = format!("element {}", place + 1);
        let list = binding.as_array().map(Vec::as_slice).unwrap_or_default();
        match list {
            [object] | [object, Value::String(_)] | [object, Value::String(_), _] => {
                if !object.as_str().is_some_and(is_object) {
                    find("snmp.vars", &format!("{place} begins with {object}, no object identifier"), OBJECT);
                }
            }
            _ => find("snmp.vars", &format!("{place} is no variable binding"), VARS),
        }
        let hex = hex_element(list).and_then(|at| list.get(at)).and_then(Value::as_str);
        if let Some(Err(why)) = hex.map(str::parse::<Bytes>) {
            find("snmp.vars", &format!("{place}: {why}"), HEX);
        }
    }
    faults
}

fn is_object(text: &str) -> bool {
    text.is_empty()
        || text.split('.').all(|arc| arc.parse::<u32>().is_ok_and(|number| number.to_string() == arc))
}
