//! One case: what is asked of whom, in which state and trouble. A case and its seed say everything a replay needs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use fencelab_devices::Power;
use fencelab_devices::fault::Fault;
use serde::{Deserialize, Serialize};

/// An action of the fence agent contract.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the contract's own word")]
pub enum Action {
    Off,
    On,
    Reboot,
    Status,
    Monitor,
    List,
    ListStatus,
    Metadata,
    Manpage,
    ValidateAll,
    Diag,
    Enable,
    Disable,
}

impl Action {
    /// Every action of the contract.
    pub const ALL: [Action; 13] = [
        Action::Off,
        Action::On,
        Action::Reboot,
        Action::Status,
        Action::Monitor,
        Action::List,
        Action::ListStatus,
        Action::Metadata,
        Action::Manpage,
        Action::ValidateAll,
        Action::Diag,
        Action::Enable,
        Action::Disable,
    ];

    /// The contract's word.
    pub fn name(self) -> &'static str {
        match self {
            Action::Off => "off",
            Action::On => "on",
            Action::Reboot => "reboot",
            Action::Status => "status",
            Action::Monitor => "monitor",
            Action::List => "list",
            Action::ListStatus => "list-status",
            Action::Metadata => "metadata",
            Action::Manpage => "manpage",
            Action::ValidateAll => "validate-all",
            Action::Diag => "diag",
            Action::Enable => "enable",
            Action::Disable => "disable",
        }
    }

    /// Whether success of the action means that the plug was off.
    pub fn promises_off(self) -> bool {
        matches!(self, Action::Off | Action::Reboot | Action::Disable)
    }

    /// The state in which a successful action leaves the plug, if it names one. Reboot names none: its "on" is best effort.
    pub fn leaves(self) -> Option<Power> {
        match self {
            Action::Off | Action::Disable => Some(Power::Off),
            Action::On | Action::Enable => Some(Power::On),
            _ => None,
        }
    }

    /// Whether the action needs no device at all.
    pub fn is_offline(self) -> bool {
        matches!(self, Action::Metadata | Action::Manpage | Action::ValidateAll)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is no action of the contract.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no action is called `{0}`; use one of {known}", known = Action::ALL.map(Action::name).join(", "))]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Older agents advertise `meta-data`; both are one action.
        let text = if text == "meta-data" { "metadata" } else { text };
        Action::ALL
            .into_iter()
            .find(|action| action.name() == text)
            .ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// How the agent is given its options.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `key=value` lines on standard input, as Pacemaker does. The password goes the same way.
    #[default]
    Stdin,
    /// Long options on the command line. Passwords come from a `password_script`, never from an argument.
    Argv,
}

/// With which of the device's accounts the agent logs in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// The lab's account, which may do everything.
    #[default]
    Right,
    /// The right name, a wrong password.
    WrongPassword,
    /// A name the device does not know.
    UnknownUser,
    /// The right account, asking for a privilege level below the one that power control needs.
    LowPrivilege,
}

impl Login {
    /// Every login but the right one, with the word for it in replays.
    pub const WRONG: [(Login, &'static str); 3] = [
        (Login::WrongPassword, "wrong-password"),
        (Login::UnknownUser, "unknown-user"),
        (Login::LowPrivilege, "low-privilege"),
    ];

    /// The word for it in replays; `None` for the right one, which nobody needs to say.
    pub fn word(self) -> Option<&'static str> {
        Login::WRONG.into_iter().find(|(login, _)| *login == self).map(|(_, word)| word)
    }
}

impl FromStr for Login {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = Login::WRONG.map(|(_, word)| word).join(", ");
        let known = Login::WRONG.into_iter().find(|(_, word)| *word == text);
        known
            .map(|(login, _)| login)
            .ok_or_else(|| format!("no login is called `{text}`; use one of {words}"))
    }
}

/// The contract's option for the switch on which a plug is.
pub(crate) const SWITCH: &str = "switch";

/// Everything a run depends on, besides the device description and the agent's program.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// `vendor/model` of the device.
    pub device: String,
    /// Label of the agent under test.
    pub agent: String,
    /// What is asked.
    pub action: Action,
    /// The plug it is asked for.
    pub plug: String,
    /// Further plugs in the same call, joined to the first by the agent's `plug_separator`.
    pub also: Vec<String>,
    /// The state of that plug when the agent starts.
    pub power: Power,
    /// The trouble, installed before the agent starts.
    pub faults: Vec<Fault>,
    /// Seed of the device's and the agent's randomness.
    pub seed: u64,
    /// How options are handed over.
    pub mode: Mode,
    /// With which account.
    pub login: Login,
    /// Options beyond address, account and action: timing, method, `lanplus`, … Keys are the contract's names with `_`.
    pub options: BTreeMap<String, String>,
    /// Whether the action is left to the agent's own default, which must be [`action`](Self::action).
    pub unsaid: bool,
    /// How the device differs from its description, in the words of the devices' shapes; empty: not at all.
    pub shape: String,
    /// Another device of the same protocol (`vendor/model`) that stands at the address in place of the one that is meant.
    pub impostor: Option<String>,
    /// Whether the agent is told the names that people gave the plugs, in place of the plugs' own.
    pub by_name: bool,
    /// Those names, by plug; the stage fills them in, for they depend on the device that stands there.
    pub names: BTreeMap<String, String>,
    /// Whether the agent is told that the fencing daemon runs it (`PCMK_service=pacemaker-fenced`), which lifts its timeouts.
    pub as_service: bool,
}

impl Case {
    /// A case on a healthy device: options on stdin, the right account, no trouble.
    pub fn healthy(device: &str, agent: &str, action: Action, plug: &str, power: Power) -> Self {
        Case {
            device: device.to_owned(),
            agent: agent.to_owned(),
            action,
            plug: plug.to_owned(),
            also: Vec::new(),
            power,
            faults: Vec::new(),
            seed: 1,
            mode: Mode::default(),
            login: Login::default(),
            options: BTreeMap::new(),
            unsaid: false,
            shape: String::new(),
            impostor: None,
            by_name: false,
            names: BTreeMap::new(),
            as_service: false,
        }
    }

    /// Says on which switch the plugs are, to an agent that has the option for it: `2:7` is plug 7 of switch 2. Plugs of other
    /// switches are left out, for one call is about one switch.
    pub fn name_the_switch(&mut self) {
        let Some((switch, _)) = self.plug.split_once(':') else { return };
        let start = format!("{switch}:");
        self.also.retain(|plug| plug.starts_with(&start));
        self.options.insert(SWITCH.to_owned(), switch.to_owned());
    }

    /// Whether a plug is on the switch that the case names, or no switch is named.
    pub fn is_on_switch(&self, plug: &str) -> bool {
        self.options.get(SWITCH).is_none_or(|switch| plug.split_once(':').is_none_or(|(of, _)| of == switch))
    }

    /// A plug as the agent is told it: by the name that people gave it, or, beside a named switch, the rest of its own.
    pub fn as_told<'a>(&'a self, plug: &'a str) -> &'a str {
        if let Some(name) = self.names.get(plug) {
            return name;
        }
        let rest =
            |switch: &String| plug.split_once(':').filter(|(of, _)| of == switch).map(|(_, rest)| rest);
        self.options.get(SWITCH).and_then(rest).unwrap_or(plug)
    }

    /// Every plug that the agent is asked for.
    pub fn plugs(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.plug).chain(&self.also)
    }

    /// Whether a boolean option is given and true.
    pub fn flag(&self, key: &str) -> bool {
        self.options.get(key).is_some_and(|value| matches!(value.as_str(), "1" | "yes" | "on" | "true"))
    }

    /// The plugs in the words of reports: `plug 3`, or `plugs 3 and 5`.
    pub fn plugs_in_words(&self) -> String {
        if self.also.is_empty() {
            return format!("plug {}", self.plug);
        }
        format!("plugs {}", self.plugs().map(String::as_str).collect::<Vec<_>>().join(" and "))
    }

    /// The fault expression, or an empty text where there is none.
    pub fn fault_expression(&self) -> String {
        Fault::display_all(&self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_named_beside_its_plugs() {
        let mut case = Case::healthy("v/m", "a", Action::Off, "2:7", Power::On);
        case.also = vec!["2:8".to_owned(), "1:7".to_owned()];
        case.name_the_switch();
        assert_eq!(case.plugs().map(|plug| case.as_told(plug)).collect::<Vec<_>>(), ["7", "8"]);
        assert!(case.is_on_switch("2:1") && !case.is_on_switch("1:1"));
        let plain = Case::healthy("v/m", "a", Action::Off, "2:7", Power::On);
        assert!(plain.as_told("2:7") == "2:7" && plain.is_on_switch("1:1"));
    }

    #[test]
    fn every_action_reads_back() {
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(action));
        }
        assert_eq!("meta-data".parse(), Ok(Action::Metadata));
        assert!("of".parse::<Action>().is_err());
    }
}
