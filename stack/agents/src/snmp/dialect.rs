//! What devices of one kind call their outlets, as data.

use fencelab_wire::snmp::{Oid, Value};

use super::index::{Column, Notation};
use crate::fence::{PowerState, Wanted};

/// The object that tells what a device is (RFC 3418, sysObjectID.0).
pub(crate) const SYS_OBJECT_ID: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 2, 0];

/// A column whose values are codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    /// Where they stand.
    pub(crate) column: Column,
    /// The code for a plug with power.
    pub(crate) on: i32,
    /// The code for a plug without power.
    pub(crate) off: i32,
}

impl Codes {
    /// What a value says of the power. Only the documented codes, as integers, say anything.
    pub(crate) fn read(&self, value: &Value) -> PowerState {
        match value {
            Value::Integer(code) if *code == i64::from(self.on) => PowerState::On,
            Value::Integer(code) if *code == i64::from(self.off) => PowerState::Off,
            Value::Integer(code) => PowerState::Unknown(format!(
                "{} is {code}, which is neither on ({}) nor off ({})",
                self.column.name, self.on, self.off
            )),
            other => {
                PowerState::Unknown(format!("{} is {}, not an integer", self.column.name, type_name(other)))
            }
        }
    }

    /// The value that orders a state.
    pub(crate) fn order(&self, wanted: Wanted) -> Value {
        Value::Integer(i64::from(match wanted {
            Wanted::On => self.on,
            Wanted::Off => self.off,
        }))
    }
}

/// How the plugs of a device are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Listing {
    /// By number, with their names if the device keeps some.
    Named,
    /// By number, which is the alias too; a status of this code says that there is no such plug.
    Numbered {
        /// The code of an outlet that is not there.
        absent: Option<i32>,
    },
    /// Interfaces by their description, with the alias that somebody gave them (IF-MIB).
    Interfaces,
    /// The interfaces whose description is a Fibre Channel port, by that.
    Ports,
}

/// A kind of devices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// What it is called in texts.
    pub(crate) name: &'static str,
    /// The values of sysObjectID by which it is known.
    pub(crate) identities: &'static [&'static [u32]],
    /// Where the state of a plug is read.
    pub(crate) status: Codes,
    /// Where a plug is ordered on or off.
    pub(crate) control: Codes,
    /// Where the names of the plugs are; without it, a plug has no name.
    pub(crate) names: Option<Column>,
    /// How a plug is written.
    pub(crate) notation: Notation,
    /// How the plugs are listed.
    pub(crate) listing: Listing,
}

/// How the dialect of a device is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialects {
    /// There is only one; the device is not asked.
    One(&'static Dialect),
    /// By what the device says that it is.
    Identified {
        /// The known ones.
        known: &'static [Dialect],
        /// What an unknown device is tried as.
        otherwise: Option<&'static Dialect>,
    },
}

/// The name of a value's type, with the value where it is short.
pub(crate) fn type_name(value: &Value) -> String {
    match value {
        Value::Integer(value) => format!("the integer {value}"),
        Value::OctetString(_) => "a string".to_owned(),
        Value::Null => "null".to_owned(),
        Value::ObjectId(oid) => format!("the object identifier {oid}"),
        Value::IpAddress(_) => "an address".to_owned(),
        Value::Counter32(_) | Value::Counter64(_) => "a counter".to_owned(),
        Value::Gauge32(_) => "a gauge".to_owned(),
        Value::TimeTicks(_) => "a time".to_owned(),
        Value::Opaque(_) => "opaque".to_owned(),
        Value::NoSuchObject => "noSuchObject".to_owned(),
        Value::NoSuchInstance => "noSuchInstance".to_owned(),
        Value::EndOfMibView => "endOfMibView".to_owned(),
        Value::Unknown(tag, _) => format!("of unknown type {tag:#04x}"),
    }
}

/// Whether a device that says it is `identity` is one of these.
pub(crate) fn is_known(identities: &[&[u32]], identity: &Oid) -> bool {
    identities.iter().any(|known| identity.as_arcs() == *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_integer_is_off() {
        let column = Column { name: "state", base: &[1, 3], index: &[] };
        let codes = Codes { column, on: 1, off: 2 };
        assert_eq!(codes.read(&Value::Integer(1)), PowerState::On);
        assert_eq!(codes.read(&Value::Integer(2)), PowerState::Off);
        let others = [
            Value::Integer(0),
            Value::Integer(-2),
            Value::Integer(2 + (1 << 32)),
            Value::Gauge32(2),
            Value::Counter32(2),
            Value::OctetString(b"2".to_vec()),
            Value::OctetString(vec![]),
            Value::Null,
            Value::NoSuchObject,
            Value::NoSuchInstance,
            Value::EndOfMibView,
            Value::Unknown(0x47, vec![2]),
        ];
        for value in others {
            assert!(matches!(codes.read(&value), PowerState::Unknown(_)), "{value:?}");
        }
    }
}
