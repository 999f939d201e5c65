//! The SNMP face of a device, as described: who may ask, which objects there are, states, rules.

mod failure;
mod keys;
mod pattern;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol};
use fencelab_wire::snmp::{Oid, Value, Version};

use super::rule::longest_window;
use crate::plant::{Command, Power};

pub use failure::Failure;
pub(crate) use keys::Keys;
pub use pattern::{Of, Pattern};
pub use table::{Cell, Row, Table};

/// How an SNMP agent is spoken to.
#[derive(Clone, Debug)]
pub struct SnmpFace {
    /// The versions that it answers.
    pub versions: Vec<Version>,
    /// Communities of v1 and v2c.
    pub communities: Vec<Community>,
    /// Users of v3.
    pub users: Vec<User>,
    /// The engine id; `None`: made of the enterprise and the seed.
    pub engine_id: Option<Vec<u8>>,
    /// The enterprise number of sysObjectID (RFC 3411 §5), 0 if it has none.
    pub enterprise: u32,
    /// The only v3 context that it answers; empty: any.
    pub context: String,
    /// The longest message that it sends, in bytes.
    pub max_size: usize,
    /// Errors that this agent sends in place of the usual ones.
    pub errors: Errors,
    /// The described objects.
    pub objects: Vec<Object>,
    /// Documented states.
    pub states: Vec<Look>,
    /// Behaviour; the first rule that holds wins.
    pub rules: Vec<Rule>,
    /// Every instance, recorded and described, in order.
    pub table: Arc<Table>,
    /// Lines of recorded walks that say nothing that could be read: file, line, what.
    pub skipped: Vec<(String, usize, String)>,
    /// Users with their keys, made once for all devices of this description.
    pub(crate) keys: Arc<Keys>,
}

/// What somebody may see and do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Access {
    /// May write what is writable.
    pub write: bool,
    /// Only these subtrees; empty: all.
    pub view: Vec<Oid>,
    /// Not these subtrees.
    pub hides: Vec<Oid>,
}

impl Access {
    /// Whether this instance exists for them.
    #[must_use]
    pub fn sees(&self, object: &Oid) -> bool {
        (self.view.is_empty() || self.view.iter().any(|subtree| object.starts_with(subtree)))
            && !self.hides.iter().any(|subtree| object.starts_with(subtree))
    }
}

/// A community. The one called `lab` is the lab's: its community string is the lab's password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Community {
    /// The community string, or `lab`.
    pub name: String,
    /// What it may.
    pub access: Access,
}

/// A v3 user; every user has the lab's password as authentication and privacy passphrase.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// The name; `lab` stands for the lab's own user.
    pub name: String,
    /// How its messages are authenticated.
    pub auth: Option<AuthProtocol>,
    /// How they are encrypted.
    pub privacy: Option<PrivProtocol>,
    /// The least level at which it may ask.
    pub level: Level,
    /// What it may.
    pub access: Access,
}

/// Errors that an agent sends in place of those of RFC 3416 §4.2.5.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Errors {
    /// A Set of what cannot be written; by default notWritable, in v1 noSuchName.
    pub read_only: Option<Failure>,
    /// A Set without the right to write; by default noAccess, in v1 noSuchName.
    pub no_access: Option<Failure>,
    /// A Get or Set of what is not there; by default noSuchObject or noSuchInstance, for a Set noCreation, in v1 noSuchName.
    pub no_such: Option<Failure>,
    /// A Set of a value that the object does not take; by default wrongValue, in v1 badValue.
    pub wrong_value: Option<Failure>,
}

/// A described object: one instance, or one a plug.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its MIB name, or its identifier.
    pub name: String,
    /// Where its instances stand.
    pub oid: Pattern,
    /// The subtree that all its instances stand in.
    pub prefix: Oid,
    /// The type of its value.
    pub kind: Kind,
    /// What stands there.
    pub content: Content,
    /// What a written value does to the plug.
    pub orders: Vec<(Value, Command)>,
    /// Values that can be written besides and do nothing; empty and [`writable`](Self::writable): any.
    pub accepts: Vec<Value>,
    /// Whether what is written is kept (or, for [`Content::Each`], done).
    pub writable: bool,
    /// Document and section, MIB, or transcript.
    pub source: Option<String>,
}

impl Object {
    /// Whether its value tells the power of a plug.
    #[must_use]
    pub fn tells_power(&self) -> bool {
        matches!(self.content, Content::Power(_) | Content::Each(_))
    }

    /// Whether writing it can move a plug.
    #[must_use]
    pub fn moves_power(&self) -> bool {
        !self.orders.is_empty() || (self.writable && matches!(self.content, Content::Each(_)))
    }

    /// Whether it can be written at all.
    #[must_use]
    pub fn takes_writes(&self) -> bool {
        self.writable || !self.orders.is_empty() || !self.accepts.is_empty()
    }
}

/// The type of an object's value (RFC 2578 §7.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// INTEGER, Integer32.
    Integer,
    /// OCTET STRING.
    Octets,
    /// OBJECT IDENTIFIER.
    ObjectId,
    /// IpAddress.
    IpAddress,
    /// Counter32.
    Counter,
    /// Gauge32, Unsigned32.
    Gauge,
    /// TimeTicks.
    Ticks,
    /// Opaque.
    Opaque,
    /// Counter64: not there for v1.
    Counter64,
}

impl Kind {
    /// A number as a value of this type: its low bits where the type has fewer, its digits where the type is a text.
    pub(crate) fn of_number(self, number: i64) -> Value {
        let [a, b, c, d, ..] = number.to_le_bytes();
        let low = u32::from_le_bytes([a, b, c, d]);
        match self {
            Self::Integer => Value::Integer(number),
            Self::Octets => Value::text(&number.to_string()),
            Self::ObjectId => Value::ObjectId(Oid::from([0, 0, low])),
            Self::IpAddress => Value::IpAddress(low.to_be_bytes()),
            Self::Counter => Value::Counter32(low),
            Self::Gauge => Value::Gauge32(low),
            Self::Ticks => Value::TimeTicks(low),
            Self::Opaque => Value::Opaque(number.to_string().into_bytes()),
            Self::Counter64 => Value::Counter64(number.cast_unsigned()),
        }
    }

    /// Whether a value has this type.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Integer, Value::Integer(_))
                | (Self::Octets, Value::OctetString(_))
                | (Self::ObjectId, Value::ObjectId(_))
                | (Self::IpAddress, Value::IpAddress(_))
                | (Self::Counter, Value::Counter32(_))
                | (Self::Gauge, Value::Gauge32(_))
                | (Self::Ticks, Value::TimeTicks(_))
                | (Self::Opaque, Value::Opaque(_))
                | (Self::Counter64, Value::Counter64(_))
        )
    }
}

/// What stands in an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// What the table's row has, or what was written there.
    Fixed,
    /// The power of the plug, in codes.
    Power(Shows),
    /// The power of several plugs, in one string.
    Each(Each),
}

/// The codes of a plug's power.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shows {
    /// It is on.
    pub on: Value,
    /// It is off.
    pub off: Value,
    /// It is off and was told to be on.
    pub turning_on: Option<Value>,
    /// It is on and was told to be off.
    pub turning_off: Option<Value>,
}

/// One element a plug, in one string.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Each {
    /// It is on.
    pub on: String,
    /// It is off.
    pub off: String,
    /// Between elements.
    pub separator: String,
}

impl Each {
    /// The elements of a string.
    pub(crate) fn elements<'a>(&self, text: &'a str) -> Vec<&'a str> {
        if !self.separator.is_empty() {
            return text.split(self.separator.as_str()).collect();
        }
        let length = self.on.len().max(1);
        let cut = |place: usize| text.get(place * length..(place + 1) * length);
        let whole: Option<Vec<&str>> = (0..text.len() / length).map(cut).collect();
        whole.filter(|_| text.len().is_multiple_of(length)).unwrap_or_default()
    }

    /// The string of these powers.
    pub(crate) fn text(&self, powers: impl Iterator<Item = Power>) -> String {
        let words = powers.map(|power| if power == Power::On { self.on.as_str() } else { self.off.as_str() });
        words.collect::<Vec<_>>().join(&self.separator)
    }
}

/// What a state looks like in one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appearance {
    /// Index of the object.
    pub object: usize,
    /// The value, or the error in its place.
    pub shown: Result<Value, Failure>,
}

/// A documented state of an SNMP agent.
pub type Look = super::rule::Look<Appearance>;

/// A rule of an SNMP agent's behaviour.
pub type Rule = super::rule::Rule<Asked, Fields>;

/// What a rule is about. Absent parts do not restrict.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// Every datagram, before it is decoded.
    pub datagram: bool,
    /// An instance of this object.
    pub object: Option<About>,
    /// This kind of request.
    pub request: Option<Asking>,
    /// A Set to one of these values (none: any).
    pub values: Vec<Value>,
    /// One of these plugs, by index (none: any).
    pub plugs: Vec<usize>,
}

/// The object that a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum About {
    /// A described one, by index.
    Object(usize),
    /// All in a subtree.
    Subtree(Oid),
}

/// Kinds of request, as rules name them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asking {
    /// GetRequest.
    Get,
    /// GetNextRequest and GetBulkRequest.
    Walk,
    /// SetRequest.
    Set,
}

/// The parts of an answer that a rule changes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    /// This error, or this exception in place of the value.
    pub error: Option<Failure>,
    /// This value.
    pub value: Option<Value>,
}

impl SnmpFace {
    /// The texts by which people call the plugs: of the first object that holds one for each plug, no two of them the same, and
    /// none of them another plug's own name.
    pub(crate) fn called(&self, plugs: &[(String, Power)]) -> BTreeMap<String, String> {
        let mut columns: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
        for row in self.table.rows() {
            let Cell::Described { object, plugs: about, .. } = &row.cell else { continue };
            let ([plug], Value::OctetString(octets)) = (about.as_ref(), &row.value) else { continue };
            let is_text = self.objects.get(*object).is_some_and(|object| object.content == Content::Fixed);
            let (Some((plug, _)), Ok(text)) = (plugs.get(*plug), std::str::from_utf8(octets)) else {
                continue;
            };
            if is_text && !text.is_empty() {
                columns.entry(*object).or_default().insert(plug.clone(), text.to_owned());
            }
        }
        let tells_apart = |names: &BTreeMap<String, String>| {
            let texts: BTreeSet<&String> = names.values().collect();
            let is_own = |text: &String| plugs.iter().any(|(plug, _)| plug == text);
            names.len() == plugs.len() && texts.len() == names.len() && !texts.into_iter().any(is_own)
        };
        columns.into_values().find(tells_apart).unwrap_or_default()
    }

    /// How long the face may behave unusually by itself after trouble has ended.
    pub(crate) fn convalescence(&self) -> Duration {
        longest_window(&self.rules)
    }
}
