//! IPMI over LAN: sessions of 1.5 and 2.0, cipher suites, privilege levels.

use fencelab_devices::spec::IpmiFace;
use fencelab_transcript::{Body, Kind, Map, Transcript};

use super::{Options, Variant};
use crate::case::Login;
use crate::metadata::Advert;

/// How long ipmitool waits for an answer.
pub(super) const BRISK: &[(&str, &str)] = &[("ipmitool_timeout", "1")];

/// The kind of session.
pub(super) const ALWAYS_SAID: &[&str] = &["lanplus"];

/// Codes that prove a password can be attacked offline.
pub(super) const REDACTED: &[&str] = &["rmcp+.data"];

/// The right account, asking for less than power control needs.
pub(super) fn low_privilege() -> (&'static [&'static str], String) {
    (&["privlvl"], "user".to_owned())
}

/// What an operator must tell any agent to reach this BMC at all.
pub(super) fn options(face: &IpmiFace) -> Options {
    let mut options = Options::new();
    options.insert("lanplus".to_owned(), if face.v20 { "1" } else { "0" }.to_owned());
    // A BMC that keeps silent about its suites costs 14 s a question with ipmitool; its operators name one.
    if face.v20 && !face.answers_cipher_suites {
        let best = [17, 3, 2, 1].into_iter().find(|suite| face.cipher_suites.contains(suite));
        options.extend(best.map(|suite| ("cipher".to_owned(), suite.to_string())));
    }
    options
}

/// The other kind of session, and each suite worth a try.
pub(super) fn variants(face: &IpmiFace) -> Vec<Variant> {
    let mut variants = Vec::new();
    if face.v15 && face.v20 {
        variants.push(vec![("lanplus", Some("0".to_owned()))]);
    }
    if face.v20 {
        let suites = face.cipher_suites.iter().filter(|suite| [2, 3, 8, 12, 17].contains(*suite));
        variants.extend(suites.map(|suite| vec![("cipher", Some(suite.to_string()))]));
    }
    variants
}

/// Wrong passwords, wrong names, and a level too low where the agent can ask for one.
pub(super) fn wrong_logins(advert: &Advert) -> Vec<Login> {
    let mut logins = vec![Login::WrongPassword, Login::UnknownUser];
    logins.extend(advert.parameters.contains_key("privlvl").then_some(Login::LowPrivilege));
    logins
}

/// IPMI 1.5 or 2.0, and the cipher suite.
pub(super) fn shown(opened: &Map) -> Vec<(String, String)> {
    let mut options = Vec::new();
    if let Some(version) = opened.get("version").and_then(serde_json::Value::as_str) {
        options.push(("lanplus".to_owned(), if version.starts_with('2') { "1" } else { "0" }.to_owned()));
    }
    if let Some(cipher) = opened.get("cipher").and_then(serde_json::Value::as_u64) {
        options.push(("cipher".to_owned(), cipher.to_string()));
    }
    options
}

/// The questions for the state and the commands, with their answers, as one session: ipmitool asks many things beside, and
/// opens a session for each.
pub(super) fn essence(transcript: &Transcript) -> Transcript {
    let about_power = |value: &serde_json::Value| {
        let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
        // Get Chassis Status and Chassis Control (IPMI 2.0, 28.2 and 28.3).
        matches!(number("netfn"), Some(0 | 1)) && matches!(number("cmd"), Some(1 | 2))
    };
    let sessions = || transcript.events.iter().filter(|event| matches!(event.kind, Kind::Open(_)));
    let Some(session) = sessions().map(|event| event.session).next() else { return transcript.clone() };
    let closes = || transcript.events.iter().filter(|event| matches!(event.kind, Kind::Close(_))).count();
    let (mut opened, mut closed, all) = (false, 0, closes());
    let mut events = transcript.events.clone();
    events.retain_mut(|event| {
        let keep = match &event.kind {
            Kind::Mark(_) => return true,
            Kind::Open(_) => !std::mem::replace(&mut opened, true),
            Kind::Close(_) => {
                closed += 1;
                closed == all
            }
            Kind::Say { body: Body::Object { protocol, value }, .. } => {
                protocol == "ipmi" && about_power(value)
            }
            Kind::Say { .. } | Kind::Other => false,
        };
        event.session = session;
        keep
    });
    Transcript { header: transcript.header.clone(), events }
}
