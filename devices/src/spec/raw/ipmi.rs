//! `[face.ipmi]` as it is written.

use serde::Deserialize;
use toml::Spanned;

use super::Text;
use super::rule::{Rule, State, on_table};
use crate::spec::text::{OneOrMany, WordOr, WordOrNumber};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Ipmi {
    pub(in crate::spec) versions: Option<Vec<Text>>,
    pub(in crate::spec) auth_types: Option<Vec<Text>>,
    pub(in crate::spec) cipher_suites: Option<Vec<u8>>,
    pub(in crate::spec) answers_cipher_suites: Option<bool>,
    pub(in crate::spec) answers_ping: Option<bool>,
    pub(in crate::spec) per_message_auth: Option<bool>,
    pub(in crate::spec) echoes_open_session_privilege: Option<bool>,
    #[serde(default)]
    pub(in crate::spec) users: Vec<User>,
    pub(in crate::spec) privilege_limit: Option<Text>,
    #[serde(default)]
    pub(in crate::spec) sessions: Sessions,
    pub(in crate::spec) guid: Option<Text>,
    #[serde(default)]
    pub(in crate::spec) device_id: DeviceId,
    #[serde(default)]
    pub(in crate::spec) oem: Oem,
    pub(in crate::spec) chassis_status: Option<Text>,
    #[serde(default)]
    pub(in crate::spec) answers: Vec<Text>,
    #[serde(default)]
    pub(in crate::spec) state: Vec<State<Seen>>,
    #[serde(default)]
    pub(in crate::spec) rule: Vec<Spanned<Rule<On, Answer>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct User {
    pub(in crate::spec) name: Text,
    pub(in crate::spec) privilege: Option<Text>,
    pub(in crate::spec) enabled: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Sessions {
    pub(in crate::spec) limit: Option<Spanned<u16>>,
    pub(in crate::spec) idle: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Oem {
    pub(in crate::spec) id: Option<Spanned<u32>>,
    pub(in crate::spec) aux: Option<u8>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct DeviceId {
    pub(in crate::spec) id: Option<u8>,
    pub(in crate::spec) revision: Option<u8>,
    pub(in crate::spec) firmware: Option<Text>,
    pub(in crate::spec) ipmi: Option<Text>,
    pub(in crate::spec) additional: Option<u8>,
    pub(in crate::spec) manufacturer: Option<Spanned<u32>>,
    pub(in crate::spec) product: Option<u16>,
    pub(in crate::spec) aux: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Seen {
    pub(in crate::spec) command: Spanned<WordOr<Numbers>>,
    pub(in crate::spec) completion: Option<u8>,
    pub(in crate::spec) mask: Option<Text>,
    pub(in crate::spec) data: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Numbers {
    pub(in crate::spec) netfn: u8,
    pub(in crate::spec) cmd: u8,
}

on_table! {
    /// What a rule is about.
    On {
        command: Option<Spanned<WordOr<Numbers>>>,
        value: Option<Spanned<OneOrMany<WordOrNumber>>>,
        data: Option<Text>,
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Answer {
    pub(in crate::spec) completion: Option<u8>,
    pub(in crate::spec) data: Option<Text>,
    pub(in crate::spec) state: Option<Text>,
    pub(in crate::spec) delay: Option<Text>,
}
