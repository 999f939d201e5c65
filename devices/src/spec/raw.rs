//! `device.toml` as it is written. Values that are checked later carry their place.

use serde::Deserialize;
use toml::Spanned;

use super::ProvenanceKind;
use super::ipmi::Meaning;
use super::text::{ListOr, OneOrMany, WordOr, WordOrNumber};
use crate::plant::Power;

pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: Text,
    pub(super) device: Device,
    pub(super) plant: Plant,
    pub(super) face: Face,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub(super) vendor: Text,
    pub(super) model: Text,
    pub(super) firmware: Option<String>,
    #[serde(default)]
    pub(super) agents: Vec<String>,
    pub(super) provenance: Spanned<Provenance>,
    #[serde(default)]
    pub(super) evidence: Vec<Text>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provenance {
    pub(super) kind: ProvenanceKind,
    pub(super) from: Vec<String>,
    pub(super) software: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plant {
    pub(super) plugs: Spanned<ListOr<Plug, PlugRange>>,
    #[serde(default)]
    pub(super) delay: Delay,
    pub(super) boot: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plug {
    pub(super) name: String,
    pub(super) power: Option<Power>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlugRange {
    pub(super) count: u16,
    pub(super) name: Option<String>,
    pub(super) power: Option<Power>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Delay {
    pub(super) off: Option<Text>,
    pub(super) on: Option<Text>,
    pub(super) cycle: Option<Text>,
    pub(super) soft_off: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Face {
    pub(super) ipmi: Ipmi,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ipmi {
    pub(super) versions: Option<Vec<Text>>,
    pub(super) auth_types: Option<Vec<Text>>,
    pub(super) cipher_suites: Option<Vec<u8>>,
    pub(super) answers_cipher_suites: Option<bool>,
    pub(super) answers_ping: Option<bool>,
    pub(super) per_message_auth: Option<bool>,
    pub(super) echoes_open_session_privilege: Option<bool>,
    #[serde(default)]
    pub(super) users: Vec<User>,
    pub(super) privilege_limit: Option<Text>,
    #[serde(default)]
    pub(super) sessions: Sessions,
    pub(super) guid: Option<Text>,
    #[serde(default)]
    pub(super) device_id: DeviceId,
    #[serde(default)]
    pub(super) oem: Oem,
    pub(super) chassis_status: Option<Text>,
    #[serde(default)]
    pub(super) answers: Vec<Text>,
    #[serde(default)]
    pub(super) state: Vec<State>,
    #[serde(default)]
    pub(super) rule: Vec<Spanned<Rule>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: Text,
    pub(super) privilege: Option<Text>,
    pub(super) enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sessions {
    pub(super) limit: Option<Spanned<u16>>,
    pub(super) idle: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oem {
    pub(super) id: Option<Spanned<u32>>,
    pub(super) aux: Option<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceId {
    pub(super) id: Option<u8>,
    pub(super) revision: Option<u8>,
    pub(super) firmware: Option<Text>,
    pub(super) ipmi: Option<Text>,
    pub(super) additional: Option<u8>,
    pub(super) manufacturer: Option<Spanned<u32>>,
    pub(super) product: Option<u16>,
    pub(super) aux: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) name: Text,
    pub(super) means: Meaning,
    #[serde(default)]
    pub(super) seen: Vec<Seen>,
    pub(super) source: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) command: Spanned<WordOr<Numbers>>,
    pub(super) completion: Option<u8>,
    pub(super) mask: Option<Text>,
    pub(super) data: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    pub(super) netfn: u8,
    pub(super) cmd: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    pub(super) on: Spanned<On>,
    pub(super) answer: Option<Spanned<WordOr<Answer>>>,
    pub(super) done: Option<bool>,
    pub(super) done_after: Option<Text>,
    pub(super) moves: Option<Text>,
    pub(super) resets: Option<Text>,
    pub(super) reset_time: Option<Text>,
    pub(super) source: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct On {
    pub(super) command: Option<Spanned<WordOr<Numbers>>>,
    pub(super) value: Option<Spanned<OneOrMany<WordOrNumber>>>,
    pub(super) data: Option<Text>,
    pub(super) while_power: Option<Power>,
    pub(super) after: Option<Text>,
    #[serde(rename = "for")]
    pub(super) window: Option<Text>,
    pub(super) first: Option<Spanned<u32>>,
    pub(super) nth: Option<Spanned<u32>>,
    pub(super) every: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) completion: Option<u8>,
    pub(super) data: Option<Text>,
    pub(super) state: Option<Text>,
    pub(super) delay: Option<Text>,
}
