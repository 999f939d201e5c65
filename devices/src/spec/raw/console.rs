//! `[face.console]` as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Text;
use super::rule::{Rule, State, on_table};
use crate::spec::text::{OneOrMany, WordOrNumber};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Console {
    pub(in crate::spec) over: Spanned<Vec<Text>>,
    #[serde(default)]
    pub(in crate::spec) port: BTreeMap<String, u16>,
    pub(in crate::spec) negotiates: Option<bool>,
    pub(in crate::spec) eol: Option<Text>,
    pub(in crate::spec) enter: Option<Text>,
    pub(in crate::spec) echo: Option<bool>,
    pub(in crate::spec) columns: Option<Spanned<u16>>,
    pub(in crate::spec) pace: Option<Spanned<u32>>,
    pub(in crate::spec) line: Option<Text>,
    pub(in crate::spec) greeting: Option<Text>,
    pub(in crate::spec) welcome: Option<Text>,
    pub(in crate::spec) login: Option<Login>,
    #[serde(default)]
    pub(in crate::spec) sessions: Sessions,
    pub(in crate::spec) pager: Option<Pager>,
    pub(in crate::spec) unknown: Option<Text>,
    pub(in crate::spec) absent: Option<Text>,
    pub(in crate::spec) words: Words,
    #[serde(default)]
    pub(in crate::spec) plug: BTreeMap<String, Spanned<OneOrMany<WordOrNumber>>>,
    #[serde(default)]
    pub(in crate::spec) errors: BTreeMap<String, Text>,
    pub(in crate::spec) mode: Spanned<Vec<Mode>>,
    #[serde(default)]
    pub(in crate::spec) state: Vec<State<Seen>>,
    #[serde(default)]
    pub(in crate::spec) rule: Vec<Spanned<Rule<On, Answer>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Login {
    pub(in crate::spec) user: Option<Text>,
    pub(in crate::spec) password: Option<Text>,
    pub(in crate::spec) refused: Option<Text>,
    pub(in crate::spec) locked: Option<Text>,
    pub(in crate::spec) tries: Option<Spanned<u32>>,
    pub(in crate::spec) lockout: Option<Text>,
    pub(in crate::spec) mask: Option<Text>,
    pub(in crate::spec) delay: Option<Text>,
    pub(in crate::spec) asks_over_ssh: Option<bool>,
    pub(in crate::spec) users: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Sessions {
    pub(in crate::spec) limit: Option<Spanned<u16>>,
    pub(in crate::spec) half_open: Option<bool>,
    pub(in crate::spec) busy: Option<Text>,
    pub(in crate::spec) idle: Option<Text>,
    pub(in crate::spec) idle_text: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Pager {
    pub(in crate::spec) lines: Spanned<u16>,
    pub(in crate::spec) prompt: Text,
    pub(in crate::spec) quit: Option<Text>,
    pub(in crate::spec) erase: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Words {
    pub(in crate::spec) on: Text,
    pub(in crate::spec) off: Text,
    pub(in crate::spec) turning_on: Option<Text>,
    pub(in crate::spec) turning_off: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Mode {
    pub(in crate::spec) name: Text,
    pub(in crate::spec) prompt: Option<Text>,
    pub(in crate::spec) text: Option<Text>,
    pub(in crate::spec) input: Option<Text>,
    pub(in crate::spec) empty: Option<Text>,
    pub(in crate::spec) unknown: Option<Text>,
    pub(in crate::spec) pager: Option<Pager>,
    #[serde(default)]
    pub(in crate::spec) command: Vec<Spanned<Command>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Command {
    pub(in crate::spec) name: Option<Text>,
    #[serde(rename = "match")]
    pub(in crate::spec) pattern: Option<Text>,
    pub(in crate::spec) key: Option<Text>,
    pub(in crate::spec) say: Option<Text>,
    pub(in crate::spec) orders: Option<Text>,
    pub(in crate::spec) all: Option<bool>,
    pub(in crate::spec) go: Option<Text>,
    pub(in crate::spec) absent: Option<Text>,
    pub(in crate::spec) login: Option<bool>,
    pub(in crate::spec) refused: Option<Text>,
    pub(in crate::spec) ends: Option<bool>,
    pub(in crate::spec) delay: Option<Text>,
    pub(in crate::spec) source: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Seen {
    pub(in crate::spec) shows: Text,
}

on_table! {
    /// What a rule is about.
    On {
        command: Option<Text>,
        plug: Option<Spanned<OneOrMany<WordOrNumber>>>,
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Answer {
    pub(in crate::spec) text: Option<Text>,
    pub(in crate::spec) error: Option<Text>,
    pub(in crate::spec) state: Option<Text>,
    pub(in crate::spec) delay: Option<Text>,
}
