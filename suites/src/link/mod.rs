//! What the suites must know of a protocol: how an agent is told to reach a device, in which other ways it may ask, what a
//! recorded session shows of its options, and which accounts are too low. One file a protocol; nothing else here knows any.

mod console;
mod ipmi;
mod snmp;

use std::collections::BTreeMap;
use std::sync::Arc;

use fencelab_devices::spec::{ConsoleFace, FaceSpec, IpmiFace, SnmpFace};
use fencelab_devices::{Carrier, DeviceSpec};
use fencelab_transcript::{Map, Transcript};

use crate::case::{Case, Login, Mode};
use crate::metadata::Advert;
use crate::options::Account;
use crate::promise::Effort;

/// Options of an agent, by the contract's names with `_`.
pub(crate) type Options = BTreeMap<String, String>;

/// One change of the usual options: keys with their new values, or to be left out.
pub(crate) type Variant = Vec<(&'static str, Option<String>)>;

/// The protocol of a device, as the suites see it.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// IPMI over LAN.
    Ipmi(Option<Arc<IpmiFace>>),
    /// SNMP.
    Snmp(Option<Arc<SnmpFace>>),
    /// A console: by each of its ways in, the first of its faces, and what an operator tells any agent for it.
    Console(Vec<Carrier>, Option<ConsoleFace>, Options),
    /// A protocol that the suites know nothing of.
    Other,
}

/// How an agent proves who it is, in the contract's names: each of several names for one thing, with the value.
pub(crate) type Credentials = Vec<(&'static [&'static str], String)>;

const USER: &[&str] = &["username", "login"];
const PASSWORD: &[&str] = &["password", "passwd"];
const PASSWORD_SCRIPT: &[&str] = &["password_script", "passwd_script"];

impl Link {
    /// How this device is reached: by its first face; a console by all of its ways in.
    pub(crate) fn of(spec: &DeviceSpec) -> Self {
        match spec.faces.first() {
            Some(FaceSpec::Ipmi(face)) => Link::Ipmi(Some(Arc::clone(face))),
            Some(FaceSpec::Snmp(face)) => Link::Snmp(Some(Arc::clone(face))),
            Some(FaceSpec::Console(face)) => {
                let carriers = spec.faces.iter().filter_map(FaceSpec::carrier).collect();
                Link::Console(carriers, Some(face.clone()), spec.options.clone())
            }
            // A replayed transcript takes whatever options its session shows.
            Some(face @ FaceSpec::Replay(_)) => match (face.carrier(), face.protocol()) {
                (Some(carrier), _) => Link::Console(vec![carrier], None, Options::new()),
                (None, "ipmi") => Link::Ipmi(None),
                (None, "snmp") => Link::Snmp(None),
                (None, _) => Link::Other,
            },
            None => Link::Other,
        }
    }

    /// The host of a device at an address in memory, by this face of it, and how our agents are told it.
    pub(crate) fn host(face: Option<&FaceSpec>, address: &str) -> (String, String) {
        match face {
            Some(FaceSpec::Console(face)) => console::host(face, address),
            _ => (address.to_owned(), address.to_owned()),
        }
    }

    /// What an operator must tell this agent to reach the device at all.
    pub(crate) fn options(&self, advert: &Advert) -> Options {
        let mut options = match self {
            Link::Ipmi(Some(face)) => ipmi::options(face),
            Link::Snmp(Some(face)) => snmp::ways(face, advert).into_iter().next().unwrap_or_default(),
            Link::Console(..) => self.ways(advert).into_iter().next().unwrap_or_default(),
            Link::Ipmi(None) | Link::Snmp(None) | Link::Other => Options::new(),
        };
        options.retain(|key, _| advert.parameters.contains_key(key));
        options
    }

    /// All the ways in which this agent can open a session with the device that are as different as two protocols: each a set
    /// of options, the usual one first.
    pub(crate) fn ways(&self, advert: &Advert) -> Vec<Options> {
        match self {
            Link::Snmp(Some(face)) => snmp::ways(face, advert),
            Link::Console(carriers, _, told) => {
                let mut ways = console::ways(carriers, advert);
                for way in &mut ways {
                    way.extend(told.clone());
                    way.retain(|key, _| advert.parameters.contains_key(key));
                }
                ways
            }
            Link::Ipmi(_) | Link::Snmp(None) | Link::Other => vec![self.options(advert)],
        }
    }

    /// Which of the device's faces an agent with these options comes to.
    pub(crate) fn face(spec: &DeviceSpec, options: &Options) -> usize {
        let carrier = console::carrier(options);
        spec.faces.iter().position(|face| face.carrier() == Some(carrier)).unwrap_or(0)
    }

    /// Limits that keep an agent in real time brisk, beside those of the contract.
    pub(crate) fn brisk(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Link::Ipmi(_) => ipmi::BRISK,
            Link::Snmp(_) | Link::Console(..) | Link::Other => &[],
        }
    }

    /// Other ways to ask for the same, one change each; only such as the agent can say.
    pub(crate) fn variants(&self, advert: &Advert) -> Vec<Variant> {
        let mut variants = match self {
            Link::Ipmi(Some(face)) => ipmi::variants(face),
            Link::Snmp(Some(face)) => snmp::variants(face, advert),
            Link::Console(carriers, ..) => console::variants(carriers, advert),
            Link::Ipmi(None) | Link::Snmp(None) | Link::Other => Vec::new(),
        };
        variants.retain(|change| {
            change.iter().all(|(key, value)| value.is_none() || advert.parameters.contains_key(*key))
        });
        variants
    }

    /// Options that the lab always says itself, so that two names of one program may differ in their defaults.
    pub(crate) fn always_said(&self) -> &'static [&'static str] {
        match self {
            Link::Ipmi(_) => ipmi::ALWAYS_SAID,
            Link::Snmp(_) => snmp::ALWAYS_SAID,
            Link::Console(..) => console::ALWAYS_SAID,
            Link::Other => &[],
        }
    }

    /// Wrong ways to log in that mean something with this agent, each with the options for it.
    pub(crate) fn wrong_logins(&self, advert: &Advert) -> Vec<(Login, Options)> {
        match self {
            Link::Snmp(Some(face)) => snmp::wrong_logins(face, advert),
            Link::Snmp(None) => Vec::new(),
            Link::Console(_, face, _) => {
                let logins = face.iter().flat_map(console::wrong_logins);
                logins.map(|login| (login, self.options(advert))).collect()
            }
            Link::Ipmi(_) | Link::Other => {
                ipmi::wrong_logins(advert).into_iter().map(|login| (login, self.options(advert))).collect()
            }
        }
    }

    /// How the agent of a case proves who it is. `script` prints the password.
    pub(crate) fn credentials(&self, case: &Case, account: &Account, script: &str) -> Credentials {
        match self {
            Link::Snmp(face) => snmp::credentials(face.as_deref(), case, account, script),
            Link::Console(..) => {
                let told = account.as_told(case.login);
                vec![(USER, told.user), password(case.mode, told.password, script)]
            }
            Link::Ipmi(_) | Link::Other => {
                let told = account.as_told(case.login);
                let mut credentials = vec![(USER, told.user), password(case.mode, told.password, script)];
                if case.login == Login::LowPrivilege {
                    credentials.push(ipmi::low_privilege());
                }
                credentials
            }
        }
    }

    /// Options for the session that a recorded agent opened.
    pub(crate) fn shown(&self, opened: &Map) -> Vec<(String, String)> {
        match self {
            Link::Ipmi(_) => ipmi::shown(opened),
            Link::Snmp(_) => snmp::shown(opened),
            Link::Console(..) | Link::Other => Vec::new(),
        }
    }

    /// What a transcript says of power, as an agent of ours asks; `None` where ours words its questions otherwise than the
    /// agents of the field, so that no transcript of theirs can be repeated to the letter.
    pub(crate) fn essence(&self, transcript: &Transcript) -> Option<Transcript> {
        match self {
            Link::Ipmi(_) => Some(ipmi::essence(transcript)),
            Link::Console(..) => console::is_ours(transcript).then(|| transcript.clone()),
            Link::Snmp(_) | Link::Other => None,
        }
    }

    /// Parts of messages that are never written down.
    pub(crate) fn redacted(&self) -> &'static [&'static str] {
        match self {
            Link::Ipmi(_) => ipmi::REDACTED,
            Link::Snmp(_) | Link::Console(..) | Link::Other => &[],
        }
    }

    /// What actions cost on this link, where the device has these plugs, and the agent is told them by the names that people gave
    /// them, or not.
    pub(crate) fn effort(&self, spec: &DeviceSpec, by_name: bool) -> Effort {
        match self {
            Link::Snmp(_) => snmp::effort(spec.plant.plugs.iter().map(|(plug, _)| plug), by_name),
            Link::Console(..) => console::effort(spec.plant.plugs.len()),
            Link::Ipmi(_) | Link::Other => Effort::default(),
        }
    }
}

/// The password, as the mode allows: everybody can read arguments.
fn password(mode: Mode, password: String, script: &str) -> (&'static [&'static str], String) {
    match mode {
        Mode::Stdin => (PASSWORD, password),
        Mode::Argv => (PASSWORD_SCRIPT, script.to_owned()),
    }
}
