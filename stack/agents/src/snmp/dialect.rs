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
    /// The codes for on and off of a column.
    pub(crate) const fn new(column: Column, on: i32, off: i32) -> Self {
        Self { column, on, off }
    }

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

/// A column that tells whether a plug that was switched off is still on: where the one object is what was wanted, and the other
/// what is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirmation {
    /// Where it stands.
    pub(crate) column: Column,
    /// The code of a plug that is still on.
    pub(crate) on: i32,
}

impl Confirmation {
    /// The state of a plug that was switched off; a device without the object leaves it at that.
    pub(crate) fn judge(&self, value: Option<&Value>) -> PowerState {
        let name = self.column.name;
        match value {
            None => PowerState::Off,
            Some(Value::Integer(code)) if *code != i64::from(self.on) => PowerState::Off,
            Some(Value::Integer(_)) => {
                PowerState::Unknown(format!("it is switched off, but {name} is still {}", self.on))
            }
            Some(other) => PowerState::Unknown(format!("{name} is {}, not an integer", type_name(other))),
        }
    }
}

/// The codes that a column of states may hold at all, known or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range(pub(crate) i32, pub(crate) i32);

impl Range {
    /// Whether a value is one of them.
    pub(crate) fn holds(self, value: &Value) -> bool {
        matches!(value, Value::Integer(code) if (i64::from(self.0)..=i64::from(self.1)).contains(code))
    }
}

/// How the plugs of a device are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Listing {
    /// By number, with their names if the device keeps some.
    Named,
    /// By number, which is the alias too.
    Numbered,
    /// Interfaces by their description, with the alias that somebody gave them (IF-MIB).
    Interfaces,
    /// The interfaces whose description is a Fibre Channel port, by that.
    Ports,
}

/// How one of several dialects of the same identity is known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sign {
    /// The identity is enough.
    Identity,
    /// The column of states has this dialect's index.
    Index,
    /// The version of the firmware, or a column that only this dialect has.
    Firmware {
        /// The object of the version.
        version: &'static [u32],
        /// It holds one of these.
        words: &'static [&'static str],
        /// The column.
        column: &'static [u32],
    },
}

/// A kind of devices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// What it is called in texts.
    pub(crate) name: &'static str,
    /// The values of sysObjectID by which it is known.
    pub(crate) identities: &'static [&'static [u32]],
    /// What else it is known by; of several dialects, the first that has its sign is taken.
    pub(crate) sign: Sign,
    /// Where the state of a plug is read.
    pub(crate) status: Codes,
    /// Where it is seen that a plug that was switched off is so, if that is another object.
    pub(crate) confirmation: Option<Confirmation>,
    /// The code of a plug that is not there.
    pub(crate) absent: Option<i32>,
    /// Where a plug is ordered on or off.
    pub(crate) control: Codes,
    /// What the object of an order must hold before it is written, where state and order are one object and another firmware has
    /// something else there.
    pub(crate) range: Option<Range>,
    /// Where the names of the plugs are; without it, a plug has no name.
    pub(crate) names: Option<Column>,
    /// How a plug is written.
    pub(crate) notation: Notation,
    /// How the plugs are listed.
    pub(crate) listing: Listing,
}

impl Dialect {
    /// A dialect with outlets that have numbers, and nothing else said of it.
    pub(crate) const fn new(name: &'static str, status: Codes, control: Codes) -> Self {
        Self {
            name,
            identities: &[],
            sign: Sign::Identity,
            status,
            confirmation: None,
            absent: None,
            control,
            range: None,
            names: None,
            notation: Notation::Number,
            listing: Listing::Named,
        }
    }
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
        otherwise: &'static [Dialect],
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
        let codes = Codes::new(column, 1, 2);
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

    #[test]
    fn what_is_still_on_is_not_off() {
        let column = Column { name: "state", base: &[1, 3], index: &[] };
        let confirmation = Confirmation { column, on: 1 };
        assert_eq!(confirmation.judge(None), PowerState::Off);
        assert_eq!(confirmation.judge(Some(&Value::Integer(2))), PowerState::Off);
        for value in [Value::Integer(1), Value::Gauge32(2), Value::Null] {
            assert!(matches!(confirmation.judge(Some(&value)), PowerState::Unknown(_)), "{value:?}");
        }
    }

    #[test]
    fn the_ends_of_a_range_belong_to_it() {
        let holds = |code| Range(-1, 5).holds(&Value::Integer(code));
        assert!(holds(-1) && holds(5) && !holds(-2) && !holds(6));
        assert!(!Range(-1, 5).holds(&Value::Gauge32(1)));
    }
}
