//! The devices, as data: what each kind calls its outlets, and by which codes it speaks of them.

mod apc;
mod eaton;
mod emerson;
mod fabric;
mod ibm;
mod intel;

pub(crate) use apc::APC;
pub(crate) use eaton::EATON;
pub(crate) use emerson::EMERSON;
pub(crate) use fabric::{CISCO_MDS, IF_ALIAS, IF_DESCR, IF_MIB};
pub(crate) use ibm::{BLADE_CENTER, IPDU};
pub(crate) use intel::MODULAR_SERVER;

use super::index::{Arc, Column};

/// An index of one number, the outlet's.
const OUTLET: &[Arc] = &[Arc::Part(0, 0)];

/// An index of the number 1 (the only device) and the outlet's.
const FIRST_OUTLET: &[Arc] = &[Arc::Fixed(1), Arc::Part(0, 0)];

/// An index of a switch and an outlet.
const SWITCH_AND_OUTLET: &[Arc] = &[Arc::Part(0, 0), Arc::Part(1, 0)];

const fn column(name: &'static str, base: &'static [u32], index: &'static [Arc]) -> Column {
    Column { name, base, index }
}

#[cfg(test)]
mod tests {
    use super::super::{
        dialect::{Dialect, Dialects},
        index::Notation,
    };
    use super::*;

    fn all() -> Vec<Dialect> {
        let mut all = Vec::new();
        for dialects in [APC, EATON, EMERSON, IPDU, BLADE_CENTER, MODULAR_SERVER, IF_MIB, CISCO_MDS] {
            match dialects {
                Dialects::One(one) => all.push(*one),
                Dialects::Identified { known, otherwise } => {
                    all.extend(known.iter().chain(otherwise).copied())
                }
            }
        }
        all
    }

    #[test]
    fn every_plug_has_an_object_of_its_own_and_can_be_found_again() {
        for dialect in all() {
            let plugs = match dialect.notation {
                Notation::Number | Notation::OneSwitch => ["1", "2", "24"],
                Notation::Switched => ["1:1", "2:1", "1:24"],
                Notation::Dotted(_) => ["1.1.1", "1.2.1", "2.1.24"],
                Notation::Port => ["fc1/1", "fc1/2", "fc9/1"],
            };
            let confirmation = dialect.confirmation.map(|confirmation| confirmation.column);
            let columns =
                [Some(dialect.status.column), Some(dialect.control.column), confirmation, dialect.names];
            for column in columns.into_iter().flatten() {
                let mut objects = Vec::new();
                for plug in plugs {
                    let place = dialect.notation.parse(plug, None).unwrap().unwrap();
                    let object = column.object(&place).unwrap();
                    assert_eq!(column.place(&object), Some(place), "{} {}", dialect.name, column.name);
                    assert!(!objects.contains(&object), "{} {}", dialect.name, column.name);
                    objects.push(object);
                }
            }
        }
    }

    #[test]
    fn on_and_off_are_different_codes() {
        for dialect in all() {
            assert_ne!(dialect.status.on, dialect.status.off, "{}", dialect.name);
            assert_ne!(dialect.control.on, dialect.control.off, "{}", dialect.name);
        }
    }
}
