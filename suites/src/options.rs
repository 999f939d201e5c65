//! How a case is put into the words of one agent: its own option names, by argv or by stdin.

use std::collections::BTreeMap;

use crate::case::{Action, Case, Login, Mode};
use crate::link::Link;
use crate::metadata::Advert;

/// The account that the emulated devices of a run know, and the password that must not leak.
#[derive(Clone, Eq, PartialEq)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).field("password", &"***").finish()
    }
}

impl Account {
    /// The account of a run. The password is made of the seed: a text that no agent prints by chance, at most 16 bytes long as
    /// IPMI 1.5 asks, and at least 8 as SNMPv3 does. There are only a few, because devices keep the keys that they make of a
    /// password, and making one takes SNMPv3 milliseconds (RFC 3414, A.2).
    pub fn of_seed(seed: u64) -> Self {
        const PASSWORDS: u64 = 16;
        let number = (seed % PASSWORDS).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
        Account { user: "lab".to_owned(), password: format!("Zq{number:010x}") }
    }

    /// What the agent is told, which is wrong on purpose in some cases.
    pub fn as_told(&self, login: Login) -> Account {
        let mut told = self.clone();
        match login {
            Login::Right | Login::LowPrivilege => {}
            Login::WrongPassword => told.password = told.password.chars().rev().collect(),
            Login::UnknownUser => told.user = "nobody-here".to_owned(),
        }
        told
    }
}

/// Where the agent finds the device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// An address, as the agent is told it.
    pub host: String,
    /// A port; 0: there is none.
    pub port: u16,
}

/// A call, in an agent's own words.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Call {
    /// Arguments; empty in stdin mode.
    pub args: Vec<String>,
    /// Standard input; empty in argv mode.
    pub stdin: String,
}

/// How to name each thing, newest name first.
const ACTION: &[&str] = &["action", "option"];
const IP: &[&str] = &["ip", "ipaddr"];
const PORT: &[&str] = &["ipport"];
const PLUG: &[&str] = &["plug", "port"];
const PLUG_SEPARATOR: &str = "plug_separator";

impl Call {
    /// The words for `case` over `link`. `script` is a program that prints the password: an agent that is called by argv is
    /// given that in place of the password, for everybody can read arguments.
    pub(crate) fn new(
        case: &Case,
        advert: &Advert,
        link: &Link,
        place: &Place,
        account: &Account,
        script: &str,
    ) -> Self {
        let mut pairs: Vec<(String, String)> = Vec::new();
        // An agent whose metadata lacks a name may still take it (the contract's names always work), so the first is the fallback.
        let mut put = |names: &[&str], value: &str| {
            let name = advert.first_of(names).or(names.first().copied()).unwrap_or_default();
            pairs.push((name.to_owned(), value.to_owned()));
        };
        if !case.unsaid {
            put(ACTION, case.action.name());
        }
        let mut options = case.options.clone();
        if case.action != Action::Metadata && case.action != Action::Manpage {
            put(IP, &place.host);
            // A serial line has none.
            if place.port != 0 {
                put(PORT, &place.port.to_string());
            }
            for (names, value) in link.credentials(case, account, script) {
                // What proves the caller's right wins over an option of the same name, and is said once.
                for name in names {
                    options.remove(*name);
                }
                put(names, &value);
            }
            // With `port_as_ip` a plug is another word for the address; such an agent has no plugs of its own. Who asks
            // about all plugs names none, as cluster managers do.
            let of_all = matches!(case.action, Action::List | Action::ListStatus | Action::Monitor);
            if advert.first_of(PLUG).is_some() && !advert.parameters.contains_key("port_as_ip") && !of_all {
                let default = advert.parameters.get(PLUG_SEPARATOR).and_then(|it| it.default.as_deref());
                let separator = options.get(PLUG_SEPARATOR).map(String::as_str).or(default).unwrap_or(",");
                put(PLUG, &case.plugs().map(|plug| case.as_told(plug)).collect::<Vec<_>>().join(separator));
            }
        }
        // Options that an agent does not have are left out: a warning about them is not what is tested.
        pairs.extend(options.into_iter().filter(|(key, _)| advert.parameters.contains_key(key)));
        match case.mode {
            Mode::Stdin => {
                let lines = pairs.iter().map(|(key, value)| format!("{key}={}\n", quoted(value)));
                Call { args: Vec::new(), stdin: lines.collect() }
            }
            Mode::Argv => Call {
                args: pairs.iter().flat_map(|(key, value)| argument(advert, key, value)).collect(),
                stdin: String::new(),
            },
        }
    }

    /// Whether a case can be said by arguments at all: there a flag is given or not, so that one which is true by default cannot
    /// be made false.
    pub(crate) fn can_be_argued(case: &Case, advert: &Advert) -> bool {
        let is_true = |value: &str| matches!(value, "1" | "yes" | "on" | "true");
        case.options.iter().all(|(key, value)| {
            let flag = advert.parameters.get(key).filter(|parameter| parameter.kind == "boolean");
            let default = flag.and_then(|flag| flag.default.as_deref());
            is_true(value) || !default.is_some_and(is_true)
        })
    }

    /// The environment of a case, beyond what every agent needs.
    pub fn environment(case: &Case) -> BTreeMap<String, String> {
        let service = ("PCMK_service".to_owned(), "pacemaker-fenced".to_owned());
        if case.as_service { BTreeMap::from([service]) } else { BTreeMap::new() }
    }
}

/// Values with blanks at an end survive only in quotes.
fn quoted(value: &str) -> String {
    if value.trim() == value { value.to_owned() } else { format!("\"{value}\"") }
}

fn argument(advert: &Advert, key: &str, value: &str) -> Option<String> {
    let parameter = advert.parameters.get(key);
    let long =
        parameter.and_then(|parameter| parameter.long.clone()).unwrap_or_else(|| key.replace('_', "-"));
    if parameter.is_some_and(|parameter| parameter.kind == "boolean") {
        // On a command line a boolean has no value: it is there or it is not.
        return matches!(value, "1" | "yes" | "on" | "true").then(|| format!("--{long}"));
    }
    Some(format!("--{long}={value}"))
}

#[cfg(test)]
mod tests {
    use fencelab_devices::Power;

    use super::*;
    use crate::metadata::Parameter;

    fn advert() -> Advert {
        let parameter = |kind: &str, long: &str| Parameter {
            kind: kind.to_owned(),
            long: Some(long.to_owned()),
            ..Parameter::default()
        };
        let parameters = [
            ("action", parameter("string", "action")),
            ("ipaddr", parameter("string", "ip")),
            ("lanplus", parameter("boolean", "lanplus")),
            ("privlvl", parameter("select", "privlvl")),
        ];
        Advert {
            parameters: parameters.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            ..Advert::default()
        }
    }

    fn call(mode: Mode, login: Login) -> Call {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        (case.mode, case.login) = (mode, login);
        case.options = BTreeMap::from(
            [("lanplus", "1"), ("power_wait", "0")].map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let account = Account { user: "lab".to_owned(), password: "abc".to_owned() };
        let place = Place { host: "127.0.0.1".to_owned(), port: 6230 };
        Call::new(&case, &advert(), &Link::Ipmi(None), &place, &account, "/tmp/pw")
    }

    #[test]
    fn by_stdin() {
        let lines = call(Mode::Stdin, Login::Right).stdin;
        assert_eq!(
            lines,
            "action=off\nipaddr=127.0.0.1\nipport=6230\nusername=lab\npassword=abc\nlanplus=1\n"
        );
    }

    #[test]
    fn by_argv_without_the_password() {
        let args = call(Mode::Argv, Login::Right).args;
        assert_eq!(
            args,
            [
                "--action=off",
                "--ip=127.0.0.1",
                "--ipport=6230",
                "--username=lab",
                "--password-script=/tmp/pw",
                "--lanplus"
            ]
        );
        assert!(!args.concat().contains("abc"));
    }

    #[test]
    fn wrong_on_purpose() {
        assert!(call(Mode::Stdin, Login::WrongPassword).stdin.contains("password=cba\n"));
        assert!(call(Mode::Stdin, Login::UnknownUser).stdin.contains("username=nobody-here\n"));
        assert!(call(Mode::Stdin, Login::LowPrivilege).stdin.contains("privlvl=user\n"));
    }

    #[test]
    fn passwords_differ_by_seed_and_fit_ipmi_15() {
        let (one, two) = (Account::of_seed(1), Account::of_seed(2));
        assert_ne!(one.password, two.password);
        assert!(
            (8..=16).contains(&one.password.len())
                && one.password != one.as_told(Login::WrongPassword).password
        );
        assert!(!format!("{one:?}").contains(&one.password));
    }
}
