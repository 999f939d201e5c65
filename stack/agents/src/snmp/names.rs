//! Names of plugs.

use fencelab_wire::snmp::Value;

use super::index::{Notation, Place};
use crate::failure::{Failure, Step};

/// A name as people write it: without the padding of some devices.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::OctetString(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            Some(text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned())
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
