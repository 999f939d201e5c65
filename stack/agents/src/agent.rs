//! One agent, described as data: names, texts, options, abilities.

use std::sync::LazyLock;

use crate::{
    console,
    failure::Failure,
    fence::Fence,
    invocation::AgentName,
    ipmilan,
    options::{Needs, Opt, Values},
    snmp,
};

/// What an agent can do beside on, off, status and what every agent does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Abilities {
    /// It cuts a node off from a fabric instead of its power: no reboot; `enable` and `disable`; on at unfencing.
    pub(crate) fabric: bool,
    /// A node can do `on` to itself only.
    pub(crate) on_target: bool,
    /// It sends diagnostic interrupts.
    pub(crate) diag: bool,
    /// The device has many plugs, and lists them.
    pub(crate) many_plugs: bool,
}

/// An agent under one of its names.
pub(crate) struct Agent {
    pub(crate) name: &'static str,
    pub(crate) short_description: &'static str,
    pub(crate) long_description: &'static str,
    pub(crate) vendor_url: &'static str,
    /// The other names of the same program.
    pub(crate) other_names: Vec<AgentName>,
    pub(crate) options: Vec<Opt>,
    pub(crate) needs: Needs,
    pub(crate) abilities: Abilities,
    /// What is wrong with its own options, without values; the second part is only worth a note.
    pub(crate) check: Check,
    /// Makes the part that speaks to the device. No I/O yet.
    pub(crate) build: Build,
}

/// What checks the options of an agent: what is wrong with them, and what is worth a note.
pub(crate) type Check = Box<dyn Fn(&Values) -> (Vec<String>, Vec<String>)>;

/// What makes the part of an agent that speaks to the device.
pub(crate) type Build = Box<dyn Fn(&Values) -> Result<Box<dyn Fence>, Failure>>;

/// Agents that share a protocol: their names, and each by its name.
struct Family {
    names: &'static [AgentName],
    agent: fn(&str) -> Option<Agent>,
}

const FAMILIES: &[Family] = &[
    Family { names: ipmilan::NAMES, agent: ipmilan::agent },
    Family { names: snmp::NAMES, agent: snmp::agent },
    Family { names: console::NAMES, agent: console::agent },
];

impl Agent {
    /// The agent of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        FAMILIES.iter().find_map(|family| (family.agent)(name))
    }

    /// The actions as the metadata lists them, on first.
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        let Abilities { fabric, diag, many_plugs, .. } = self.abilities;
        let mut actions = vec!["on", "off"];
        actions.extend((!fabric).then_some("reboot"));
        actions.push("status");
        if many_plugs {
            actions.extend(["list", "list-status"]);
        }
        actions.extend(["monitor", "metadata", "manpage", "validate-all"]);
        actions.extend(diag.then_some("diag"));
        actions
    }
}

/// Every agent name.
pub fn names() -> &'static [AgentName] {
    static NAMES: LazyLock<Vec<AgentName>> =
        LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.names).copied().collect());
    &NAMES
}
