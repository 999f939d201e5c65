//! Consoles: telnet, SSH, serial lines.

use fencelab_devices::Carrier;
use fencelab_devices::spec::ConsoleFace;
use fencelab_transcript::Transcript;

use super::{Options, Variant};
use crate::agent::Agent;
use crate::case::Login;
use crate::metadata::Advert;
use crate::promise::Effort;

const SECURE: &[&str] = &["ssh", "secure"];
const SSH_OPTIONS: &str = "ssh_options";
/// An agent that has this option can speak telnet.
const TELNET_PATH: &str = "telnet_path";

/// What decides how the device is reached.
pub(super) const ALWAYS_SAID: &[&str] = &["ssh", "secure", SSH_OPTIONS];

/// What OpenSSH must be told to reach a device of a lab: that its key is not known, and must not be kept.
const LAB_HOST: &str = "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no";

/// The ways in that this agent can take, in the order of the device; the first of the device if it can take none.
pub(super) fn ways(carriers: &[Carrier], advert: &Advert) -> Vec<Options> {
    let has = |key: &str| advert.parameters.contains_key(key);
    let can = |carrier: &&Carrier| match carrier {
        Carrier::Telnet => has(TELNET_PATH),
        Carrier::Ssh => SECURE.iter().any(|key| has(key)),
        Carrier::Serial | Carrier::PortServer => false,
    };
    let mut ways: Vec<Options> =
        carriers.iter().filter(can).map(|carrier| options(*carrier, advert)).collect();
    if ways.is_empty() {
        ways.extend(carriers.first().map(|carrier| options(*carrier, advert)));
    }
    ways
}

/// The other ways in, each as a change of the usual one.
pub(super) fn variants(carriers: &[Carrier], advert: &Advert) -> Vec<Variant> {
    let others = ways(carriers, advert).into_iter().skip(1);
    let known = || ALWAYS_SAID.iter().filter(|key| advert.parameters.contains_key(**key));
    others.map(|way| known().map(|key| (*key, way.get(*key).cloned())).collect()).collect()
}

/// What carries the bytes of an agent with these options.
pub(super) fn carrier(options: &Options) -> Carrier {
    let is_secure = SECURE.iter().any(|key| options.get(*key).is_some_and(|value| value == "1"));
    if is_secure { Carrier::Ssh } else { Carrier::Telnet }
}

/// The carrier; over SSH the options that an agent gives to the client of OpenSSH by itself, without those that it has long
/// forgotten, and the lab's own.
fn options(carrier: Carrier, advert: &Advert) -> Options {
    let mut options = Options::new();
    if carrier != Carrier::Ssh {
        return options;
    }
    options.extend(SECURE.iter().map(|key| ((*key).to_owned(), "1".to_owned())));
    let own = advert.parameters.get(SSH_OPTIONS).and_then(|parameter| parameter.default.as_deref());
    // Version 1 of the protocol and blowfish are gone from OpenSSH since 7.6.
    let own = own.unwrap_or_default().replace("-1 -c blowfish", "");
    options.insert(SSH_OPTIONS.to_owned(), format!("{LAB_HOST} {own}").trim().to_owned());
    options
}

/// The host of a device in memory, and what our agents are told of it: they know a serial line by its path, and a port server by
/// the name of what it speaks.
pub(super) fn host(face: &ConsoleFace, address: &str) -> (String, String) {
    let line = face.console.line;
    match face.carrier {
        Carrier::Serial => {
            let path = format!("/dev/line/{address}");
            (path.clone(), format!("{path},{line}"))
        }
        Carrier::PortServer => (address.to_owned(), format!("rfc2217://{address},{line}")),
        Carrier::Telnet | Carrier::Ssh => (address.to_owned(), address.to_owned()),
    }
}

/// Wrong passwords and wrong names, where somebody asks.
pub(super) fn wrong_logins(face: &ConsoleFace) -> Vec<Login> {
    match &face.console.login {
        Some(login) if login.user.is_some() => vec![Login::WrongPassword, Login::UnknownUser],
        // Nobody asks who it is.
        Some(_) => vec![Login::WrongPassword],
        None if face.carrier == Carrier::Ssh || is_by_command(face) => {
            vec![Login::WrongPassword, Login::UnknownUser]
        }
        None => Vec::new(),
    }
}

/// Whether an agent of ours spoke: others say the same in other lines.
pub(super) fn is_ours(transcript: &Transcript) -> bool {
    let version = transcript.header.speaker.as_ref().and_then(|speaker| speaker.version.as_deref());
    version.is_some_and(|version| version.starts_with(Agent::OURS))
}

/// Whether one logs in by a command.
fn is_by_command(face: &ConsoleFace) -> bool {
    face.console.modes.iter().flat_map(|mode| &mode.commands).any(|command| command.login)
}

/// A question is a login and as many commands as a menu is deep; for a list some ask after each plug.
pub(super) fn effort(plugs: usize) -> Effort {
    let plugs = u32::try_from(plugs).unwrap_or(u32::MAX);
    Effort { ask: 8, list: plugs.saturating_add(8), by_power_timeout: false }
}
