//! `[face.snmp]` as it is written.

use serde::Deserialize;
use toml::Spanned;

use super::Text;
use super::rule::{Rule, State, on_table};
use crate::spec::text::{OneOrMany, WordOrNumber};

/// A value in whatever form it is written.
pub(in crate::spec) type Written = Spanned<WordOrNumber>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Snmp {
    pub(in crate::spec) versions: Option<Vec<Text>>,
    pub(in crate::spec) communities: Option<Vec<Community>>,
    pub(in crate::spec) users: Option<Vec<User>>,
    pub(in crate::spec) engine_id: Option<Text>,
    pub(in crate::spec) context: Option<String>,
    pub(in crate::spec) max_size: Option<Spanned<u32>>,
    #[serde(default)]
    pub(in crate::spec) errors: Errors,
    #[serde(default)]
    pub(in crate::spec) answers: Vec<Text>,
    #[serde(default)]
    pub(in crate::spec) lacks: Vec<Text>,
    #[serde(default)]
    pub(in crate::spec) object: Vec<Spanned<Object>>,
    #[serde(default)]
    pub(in crate::spec) state: Vec<State<Seen>>,
    #[serde(default)]
    pub(in crate::spec) rule: Vec<Spanned<Rule<On, Answer>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Community {
    pub(in crate::spec) name: Text,
    pub(in crate::spec) access: Option<Text>,
    pub(in crate::spec) view: Option<Vec<Text>>,
    #[serde(default)]
    pub(in crate::spec) hides: Vec<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct User {
    pub(in crate::spec) name: Text,
    pub(in crate::spec) auth: Option<Text>,
    pub(in crate::spec) privacy: Option<Text>,
    pub(in crate::spec) level: Option<Text>,
    pub(in crate::spec) access: Option<Text>,
    pub(in crate::spec) view: Option<Vec<Text>>,
    #[serde(default)]
    pub(in crate::spec) hides: Vec<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Errors {
    pub(in crate::spec) read_only: Option<Text>,
    pub(in crate::spec) no_access: Option<Text>,
    pub(in crate::spec) no_such: Option<Text>,
    pub(in crate::spec) wrong_value: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Object {
    pub(in crate::spec) name: Option<Text>,
    pub(in crate::spec) oid: Text,
    #[serde(rename = "type")]
    pub(in crate::spec) kind: Option<Text>,
    pub(in crate::spec) value: Option<Written>,
    pub(in crate::spec) names: Option<Spanned<Vec<String>>>,
    pub(in crate::spec) shows: Option<Spanned<Shows>>,
    pub(in crate::spec) orders: Option<Spanned<Orders>>,
    pub(in crate::spec) accepts: Option<Vec<Written>>,
    pub(in crate::spec) each: Option<Spanned<Each>>,
    pub(in crate::spec) writable: Option<Spanned<bool>>,
    pub(in crate::spec) plugs: Option<Vec<Text>>,
    pub(in crate::spec) source: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Shows {
    pub(in crate::spec) on: Written,
    pub(in crate::spec) off: Written,
    pub(in crate::spec) turning_on: Option<Written>,
    pub(in crate::spec) turning_off: Option<Written>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Orders {
    pub(in crate::spec) on: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(in crate::spec) off: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(in crate::spec) cycle: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(in crate::spec) reset: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(in crate::spec) nmi: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(in crate::spec) soft_off: Option<Spanned<OneOrMany<WordOrNumber>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Each {
    pub(in crate::spec) on: String,
    pub(in crate::spec) off: String,
    pub(in crate::spec) separator: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Seen {
    pub(in crate::spec) object: Text,
    pub(in crate::spec) value: Option<Written>,
    pub(in crate::spec) error: Option<Text>,
}

on_table! {
    /// What a rule is about.
    On {
        object: Option<Text>,
        request: Option<Text>,
        value: Option<Spanned<OneOrMany<WordOrNumber>>>,
        plug: Option<Spanned<OneOrMany<WordOrNumber>>>,
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Answer {
    pub(in crate::spec) error: Option<Text>,
    pub(in crate::spec) value: Option<Written>,
    pub(in crate::spec) state: Option<Text>,
    pub(in crate::spec) delay: Option<Text>,
}
