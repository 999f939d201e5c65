//! `device.toml` as it is written. Values that are checked later carry their place.

pub(super) mod console;
pub(super) mod ipmi;
pub(super) mod rule;
pub(super) mod snmp;

use serde::Deserialize;
use toml::Spanned;

use super::ProvenanceKind;
use super::text::ListOr;
use crate::plant::Power;

pub(in crate::spec) type Text = Spanned<String>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct File {
    pub(in crate::spec) format: Text,
    pub(in crate::spec) device: Device,
    pub(in crate::spec) plant: Plant,
    pub(in crate::spec) face: Spanned<Face>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Device {
    pub(in crate::spec) vendor: Text,
    pub(super) model: Text,
    pub(in crate::spec) firmware: Option<String>,
    #[serde(default)]
    pub(in crate::spec) agents: Vec<String>,
    pub(in crate::spec) provenance: Spanned<Provenance>,
    #[serde(default)]
    pub(in crate::spec) evidence: Vec<Text>,
    pub(in crate::spec) note: Option<String>,
    #[serde(default)]
    pub(in crate::spec) options: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Provenance {
    pub(in crate::spec) kind: ProvenanceKind,
    pub(in crate::spec) from: Vec<String>,
    pub(in crate::spec) software: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Plant {
    pub(in crate::spec) plugs: Spanned<ListOr<Plug, Plug>>,
    #[serde(default)]
    pub(in crate::spec) delay: Delay,
    pub(in crate::spec) boot: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Plug {
    pub(in crate::spec) name: Option<String>,
    pub(in crate::spec) power: Option<Power>,
    /// Then it stands for so many plugs.
    pub(in crate::spec) count: Option<u16>,
    pub(in crate::spec) from: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Delay {
    pub(in crate::spec) off: Option<Text>,
    pub(in crate::spec) on: Option<Text>,
    pub(in crate::spec) cycle: Option<Text>,
    pub(in crate::spec) soft_off: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct Face {
    pub(in crate::spec) ipmi: Option<ipmi::Ipmi>,
    pub(in crate::spec) snmp: Option<snmp::Snmp>,
    pub(in crate::spec) console: Option<console::Console>,
}
