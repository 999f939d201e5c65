//! Names of plugs.

use fencelab_wire::snmp::Value;

use super::index::{Notation, Place};
use crate::failure::{Failure, Step};

/// A name as people write it: without the padding of some devices, and on one line whatever it holds.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::OctetString(bytes) => {
            let text = String::from_utf8_lossy(bytes).replace(|c: char| c.is_control(), " ");
            Some(text.trim().to_owned())
        }
        _ => None,
    }
}

/// The one place that has a name.
pub(crate) fn the_only_one(plug: &str, places: Vec<Place>, notation: Notation) -> Result<Place, Failure> {
    let seen = match places.as_slice() {
        [place] => return Ok(place.clone()),
        [] => format!("no plug of the device is called {plug}"),
        several => {
            let count = several.len();
            let several: Vec<String> = several.iter().map(|place| notation.show(place)).collect();
            format!("{plug} is the name of {count} plugs ({}); give the number", several.join(", "))
        }
    };
    Err(Failure::lasting(Step::Command, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line() {
        let name = |bytes: &[u8]| text(&Value::OctetString(bytes.to_vec()));
        assert_eq!(name(b" db1 \0\0").as_deref(), Some("db1"));
        assert_eq!(name(b"a\n7,x,ON").as_deref(), Some("a 7,x,ON"), "it adds no line to a list");
        assert_eq!(name(b"\xff").as_deref(), Some("\u{fffd}"));
        assert_eq!(text(&Value::Integer(1)), None);
    }
}
