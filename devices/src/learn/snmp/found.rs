//! What was found out about a device that speaks SNMP, before it is written down.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_wire::snmp::Oid;

use super::index::{Name, Template};
use crate::learn::follow::{Delay, Does};
use crate::learn::note::{Certainty, Note};
use crate::learn::story::Place;
use crate::plant::Power;

/// Everything.
#[derive(Debug)]
pub(in crate::learn) struct Found {
    /// How the plugs are called.
    pub(in crate::learn) name: Name,
    pub(in crate::learn) plugs: Vec<Plug>,
    /// Objects that report power, the one that agents believe first.
    pub(in crate::learn) status: Vec<Status>,
    pub(in crate::learn) control: Control,
    pub(in crate::learn) off: Timing,
    pub(in crate::learn) on: Timing,
    /// Values of the first status object that are neither on nor off.
    pub(in crate::learn) neither: Vec<(String, Place)>,
    pub(in crate::learn) notes: Vec<Note>,
}

/// From an order to its truth.
#[derive(Clone, Debug, Default)]
pub(in crate::learn) struct Timing {
    pub(in crate::learn) delay: Delay,
    /// What is written into the description.
    pub(in crate::learn) chosen: Duration,
    /// What stands in the first status object on the way, if it is always the same.
    pub(in crate::learn) on_the_way: Option<String>,
}

/// A plug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) struct Plug {
    pub(in crate::learn) name: String,
    pub(in crate::learn) numbers: Vec<u32>,
    /// At the start of the first recording; on if it was not recorded.
    pub(in crate::learn) power: Power,
    pub(in crate::learn) power_told: bool,
}

/// Where something stands: in an object of its own, or in its part of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) struct Spot {
    /// Of the object and, if `parted`, of the part behind it.
    pub(in crate::learn) template: Template,
    pub(in crate::learn) parted: bool,
}

impl Spot {
    /// The object (and part) of a plug.
    pub(in crate::learn) fn field(&self, numbers: &[u32]) -> Option<super::read::Field> {
        let mut arcs = self.template.instance(numbers)?;
        let part = if self.parted { Some(arcs.pop()?) } else { None };
        Some(super::read::Field { object: Oid::from(arcs), part })
    }
}

/// An object that reports power.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Status {
    pub(in crate::learn) spot: Spot,
    pub(in crate::learn) on: String,
    pub(in crate::learn) off: String,
    /// Other values that stand for a power.
    pub(in crate::learn) also: Vec<(String, Power, Place)>,
    pub(in crate::learn) certainty: Certainty,
    /// Why it is not certain.
    pub(in crate::learn) doubt: String,
    pub(in crate::learn) places: Vec<Place>,
    /// It has no place for a plug: it is about this one only.
    pub(in crate::learn) only: Option<String>,
}

impl Status {
    /// What a value says.
    pub(in crate::learn) fn reads(&self, value: &str) -> Option<Power> {
        match value {
            value if value == self.on => Some(Power::On),
            value if value == self.off => Some(Power::Off),
            value => self.also.iter().find(|(code, ..)| code == value).map(|(_, power, _)| *power),
        }
    }
}

/// The object that takes orders.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Control {
    pub(in crate::learn) spot: Spot,
    pub(in crate::learn) orders: BTreeMap<Does, Vec<(String, Place)>>,
    /// Values that were taken and whose effect is not known.
    pub(in crate::learn) accepts: Vec<(String, Place)>,
    /// What stands there when it is read, if it does not report power.
    pub(in crate::learn) value: Option<Readback>,
    pub(in crate::learn) certainty: Certainty,
    pub(in crate::learn) doubt: String,
}

/// What is read from the object that takes orders.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) enum Readback {
    /// What was written last.
    Last,
    /// Always this.
    Same(String),
}
