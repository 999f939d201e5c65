//! SNMP: versions, communities, users with their levels and protocols.
//!
//! The lab's password is the community of v1 and v2c, and both passphrases of v3. An agent of the field has no way to take a
//! community but as an option, so by argv it is an argument that *we* gave; what the agent then gives to its children is its own.

use fencelab_devices::spec::SnmpFace;
use fencelab_devices::spec::snmp::User;
use fencelab_transcript::Map;

use super::{Credentials, Options, USER, Variant, password};
use crate::case::{Case, Login, Mode};
use crate::metadata::Advert;
use crate::options::Account;
use crate::promise::Effort;

const VERSION: &str = "snmp_version";
const LEVEL: &str = "snmp_sec_level";
const AUTH: &str = "snmp_auth_prot";
const PRIVACY: &str = "snmp_priv_prot";
const USERNAME: &str = "username";

const COMMUNITY: &[&str] = &["community"];
const PRIV_PASSWORD: &[&str] = &["snmp_priv_passwd"];
const PRIV_PASSWORD_SCRIPT: &[&str] = &["snmp_priv_passwd_script"];

/// The account whose name in a description stands for the lab's own.
const LAB: &str = "lab";

/// What decides how the device is reached.
pub(super) const ALWAYS_SAID: &[&str] = &[VERSION, "community"];

/// Names that options for another way must not leave behind.
const KEYS: [&str; 5] = [VERSION, LEVEL, AUTH, PRIVACY, USERNAME];

/// Every way to reach this agent: with the version that is the default of the fence agent's own first, or else v2c; then the
/// other versions, each at its best.
pub(super) fn ways(face: &SnmpFace, advert: &Advert) -> Vec<Options> {
    let usual = advert.parameters.get(VERSION).and_then(|parameter| parameter.default.as_deref());
    let mut versions = vec!["2c", "3", "1"];
    // Stable: the usual one comes first, the others keep their order.
    versions.sort_by_key(|version| usual != Some(*version));
    let mut ways: Vec<Options> = Vec::new();
    for version in versions {
        let sessions = sessions(face, version);
        ways.extend(sessions.into_iter().find(|way| can_say(advert, way)));
    }
    ways
}

/// Every kind of session that a version allows with the lab's own rights, the best one first.
fn sessions(face: &SnmpFace, version: &str) -> Vec<Options> {
    if !face.versions.iter().any(|known| known.to_string() == version) {
        return Vec::new();
    }
    if version == "3" {
        return face.users.iter().filter(|user| user.access.write).flat_map(levels).collect();
    }
    let may = face.communities.iter().any(|community| community.name == LAB && community.access.write);
    let way = Options::from([(VERSION.to_owned(), version.to_owned())]);
    if may { vec![way] } else { Vec::new() }
}

/// The levels that a user may ask at, the highest first.
fn levels(user: &User) -> Vec<Options> {
    let mut levels = Vec::new();
    let least = user.level.to_string();
    let base = || {
        let mut options = Options::from([(VERSION.to_owned(), "3".to_owned())]);
        if user.name != LAB {
            options.insert(USERNAME.to_owned(), user.name.clone());
        }
        options
    };
    let mut put = |level: &str, parts: &[(&str, String)]| {
        let mut options = base();
        options.insert(LEVEL.to_owned(), level.to_owned());
        options.extend(parts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        levels.push(options);
        // Below the least that the device takes there is nothing.
        level == least
    };
    if let Some(auth) = user.auth {
        if let Some(privacy) = user.privacy
            && put("authPriv", &[(AUTH, auth.to_string()), (PRIVACY, privacy.to_string())])
        {
            return levels;
        }
        if put("authNoPriv", &[(AUTH, auth.to_string())]) {
            return levels;
        }
    }
    put("noAuthNoPriv", &[]);
    levels
}

/// Whether an agent has these options, and each value among its choices.
fn can_say(advert: &Advert, options: &Options) -> bool {
    options.iter().all(|(key, value)| {
        let parameter = advert.parameters.get(key).or_else(|| {
            // An older name for the same.
            advert.parameters.get("login").filter(|_| key == USERNAME)
        });
        parameter.is_some_and(|parameter| {
            let choices = &parameter.choices;
            choices.is_empty() || choices.iter().any(|choice| choice.eq_ignore_ascii_case(value))
        })
    })
}

/// Every other version, user and level, each as a change of the usual way; and a caller who takes what is missing for off.
pub(super) fn variants(face: &SnmpFace, advert: &Advert) -> Vec<Variant> {
    let all = ["2c", "3", "1"].into_iter().flat_map(|version| sessions(face, version));
    let all = all.filter(|way| can_say(advert, way));
    let mut variants: Vec<Variant> =
        all.map(|way| KEYS.into_iter().map(|key| (key, way.get(key).cloned())).collect()).collect();
    // A device of many plugs can say that it does not have one.
    variants.push(vec![("missing_as_off", Some("1".to_owned()))]);
    variants
}

/// Wrong ways to log in, each with the options for it: a community and a passphrase that are not right, a name that is not
/// known, and accounts that may only read.
pub(super) fn wrong_logins(face: &SnmpFace, advert: &Advert) -> Vec<(Login, Options)> {
    let mut logins = Vec::new();
    for way in ways(face, advert) {
        let is_v3 = way.get(VERSION).is_some_and(|version| version == "3");
        logins.push((Login::WrongPassword, way.clone()));
        if is_v3 {
            logins.push((Login::UnknownUser, way.clone()));
        }
        if is_v3 {
            if let Some(way) = face.users.iter().filter(|user| !user.access.write).flat_map(levels).next() {
                logins.extend(can_say(advert, &way).then_some((Login::LowPrivilege, way)));
            }
        } else if read_only(face).is_some() {
            logins.push((Login::LowPrivilege, way));
        }
    }
    // v1 and v2c differ in nothing here.
    let mut seen = std::collections::BTreeSet::new();
    logins.retain(|(login, way)| {
        let is_v3 = way.get(VERSION).is_some_and(|version| version == "3");
        seen.insert((format!("{login:?}"), is_v3))
    });
    logins
}

/// A community that may only read.
fn read_only(face: &SnmpFace) -> Option<&str> {
    let mut communities = face.communities.iter().filter(|community| !community.access.write);
    communities.find(|community| community.name != LAB).map(|community| community.name.as_str())
}

/// How the agent of a case proves who it is, in the version that its options name.
pub(super) fn credentials(
    face: Option<&SnmpFace>,
    case: &Case,
    account: &Account,
    script: &str,
) -> Credentials {
    let told = account.as_told(case.login);
    let option = |key: &str| case.options.get(key).map(String::as_str);
    if option(VERSION) != Some("3") {
        let low = face.and_then(read_only).filter(|_| case.login == Login::LowPrivilege);
        return vec![(COMMUNITY, low.map_or(told.password, str::to_owned))];
    }
    // Another user of the device than the lab's own may be named; one that is unknown on purpose wins.
    let user = option(USERNAME).filter(|_| case.login != Login::UnknownUser);
    let mut credentials = vec![(USER, user.map_or(told.user, str::to_owned))];
    let level = option(LEVEL).unwrap_or_default();
    if level.eq_ignore_ascii_case("authNoPriv") || level.eq_ignore_ascii_case("authPriv") {
        credentials.push(password(case.mode, told.password.clone(), script));
    }
    if level.eq_ignore_ascii_case("authPriv") {
        credentials.push(match case.mode {
            Mode::Stdin => (PRIV_PASSWORD, told.password),
            Mode::Argv => (PRIV_PASSWORD_SCRIPT, script.to_owned()),
        });
    }
    credentials
}

/// The version, and of v3 the user, the level and the protocols.
pub(super) fn shown(opened: &Map) -> Vec<(String, String)> {
    let text = |key: &str| opened.get(key).and_then(serde_json::Value::as_str);
    let parts = [(VERSION, "version"), (LEVEL, "level"), (AUTH, "auth"), (PRIVACY, "privacy")];
    let mut options: Vec<(String, String)> = parts
        .into_iter()
        .filter_map(|(option, key)| Some((option.to_owned(), text(key)?.to_owned())))
        .collect();
    let user = text("user").filter(|user| *user != LAB);
    options.extend(user.map(|user| (USERNAME.to_owned(), user.to_owned())));
    options
}

/// A question is small, but an agent asks many: which engine this is, what kind of device, perhaps which plug has that name,
/// and then how the plug is. Each is bounded by the timeouts of login and shell. A list is up to three walks over all plugs.
pub(super) fn effort<'a>(plugs: impl Iterator<Item = &'a String> + Clone, by_name: bool) -> Effort {
    let count = u32::try_from(plugs.clone().count()).unwrap_or(u32::MAX);
    // `2:8` is a number to some agents, and a name to look for to others.
    let is_number = |plug: &String| plug.chars().all(|c| c.is_ascii_digit() || c == '.');
    let look_up = if !by_name && plugs.clone().all(is_number) { 0 } else { count };
    Effort {
        ask: look_up.saturating_add(4),
        list: count.saturating_add(2).saturating_mul(3),
        by_power_timeout: false,
    }
}

#[cfg(test)]
mod tests {
    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;

    fn credentials_of(options: &[(&str, &str)], mode: Mode, login: Login) -> Vec<(&'static str, String)> {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        case.options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        (case.mode, case.login) = (mode, login);
        let account = Account { user: "lab".to_owned(), password: "abc".to_owned() };
        let credentials = credentials(None, &case, &account, "/tmp/pw");
        credentials.into_iter().map(|(names, value)| (names[0], value)).collect()
    }

    #[test]
    fn the_password_is_the_community_and_both_passphrases() {
        let v2c = credentials_of(&[("snmp_version", "2c")], Mode::Stdin, Login::Right);
        assert_eq!(v2c, [("community", "abc".to_owned())]);
        let v3 = [("snmp_version", "3"), ("snmp_sec_level", "authPriv")];
        let by_stdin = credentials_of(&v3, Mode::Stdin, Login::Right);
        let wanted = [("username", "lab"), ("password", "abc"), ("snmp_priv_passwd", "abc")];
        assert_eq!(by_stdin, wanted.map(|(key, value)| (key, value.to_owned())));
        let by_argv = credentials_of(&v3, Mode::Argv, Login::Right);
        let wanted =
            [("username", "lab"), ("password_script", "/tmp/pw"), ("snmp_priv_passwd_script", "/tmp/pw")];
        assert_eq!(by_argv, wanted.map(|(key, value)| (key, value.to_owned())));
        let open = credentials_of(
            &[("snmp_version", "3"), ("snmp_sec_level", "noAuthNoPriv")],
            Mode::Stdin,
            Login::Right,
        );
        assert_eq!(open, [("username", "lab".to_owned())]);
    }

    #[test]
    fn wrong_on_purpose() {
        let wrong = credentials_of(&[("snmp_version", "1")], Mode::Stdin, Login::WrongPassword);
        assert_eq!(wrong, [("community", "cba".to_owned())]);
        let v3 = [("snmp_version", "3"), ("snmp_sec_level", "authNoPriv"), ("username", "reader")];
        let unknown = credentials_of(&v3, Mode::Stdin, Login::UnknownUser);
        assert_eq!(unknown[0], ("username", "nobody-here".to_owned()));
        let low = credentials_of(&v3, Mode::Stdin, Login::LowPrivilege);
        assert_eq!(low[0], ("username", "reader".to_owned()));
    }

    #[test]
    fn a_recorded_session_shows_its_options() {
        let opened = serde_json::json!({"version": "3", "user": "lab", "level": "authPriv", "auth": "SHA", "privacy": "AES"});
        let shown = shown(opened.as_object().unwrap());
        let wanted = [
            ("snmp_version", "3"),
            ("snmp_sec_level", "authPriv"),
            ("snmp_auth_prot", "SHA"),
            ("snmp_priv_prot", "AES"),
        ];
        assert_eq!(shown, wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let community = serde_json::json!({"version": "2c", "access": 1});
        assert_eq!(
            super::shown(community.as_object().unwrap()),
            [("snmp_version".to_owned(), "2c".to_owned())]
        );
    }

    #[test]
    fn names_must_be_looked_up_and_numbers_not() {
        let plugs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(effort(plugs(&["1", "2"]).iter(), false).ask, 4);
        assert_eq!(effort(plugs(&["1", "2"]).iter(), true).ask, 6);
        assert_eq!(effort(plugs(&["1", "1.2.3"]).iter(), false).ask, 4);
        assert_eq!(effort(plugs(&["1:1", "1:2"]).iter(), false).ask, 6);
        assert_eq!(effort(plugs(&["Gi0/1", "Gi0/2", "Gi0/3"]).iter(), false).ask, 7);
    }
}
