//! One line for a person about what a transcript's object says, whatever its protocol.

use serde_json::Value;

/// The names of the bodies that are understood here.
pub const PROTOCOLS: [&str; 4] = ["ipmi", "rmcp+", "asf", "snmp"];

/// What an object of a transcript says; of another protocol only its name.
///
/// An object that cannot be read is described as such; nothing here fails.
#[must_use]
pub fn describe(protocol: &str, value: &Value) -> String {
    match protocol {
        "snmp" => crate::snmp::describe::describe(value),
        other => crate::ipmi::describe::describe(other, value),
    }
}
