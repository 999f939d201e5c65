//! The options of the agents as what they mean.

use fencelab_link::Target;
use fencelab_wire::{
    Secret,
    snmp::{
        Version,
        manager::Config,
        usm::{AuthProtocol, Level, PrivProtocol, User},
    },
};

use super::index::number;
use crate::{options::Values, target::target};

/// Programs that the agents of the field call.
const FOREIGN: [(&str, &str); 3] = [
    ("snmpget_path", "/usr/bin/snmpget"),
    ("snmpset_path", "/usr/bin/snmpset"),
    ("snmpwalk_path", "/usr/bin/snmpwalk"),
];

/// Whom to speak to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) login: Config,
    /// The switch on which a plug is that is only a number; `None` if the options name none.
    pub(crate) switch: Option<u32>,
}

impl Settings {
    /// What is wrong with the options, and what is worth a note. A secret may still have to come from a script.
    pub(crate) fn check(values: &Values) -> (Vec<String>, Vec<String>) {
        let mut wrong = Vec::new();
        let mut notes = Vec::new();
        let given = |name: &str, script: &str| values.filled(name).or(values.filled(script)).is_some();
        let password = given("password", "password_script");
        let privacy = given("snmp_priv_passwd", "snmp_priv_passwd_script");
        let version = version(values, password, privacy);
        if version == Version::V3 {
            if values.filled("username").is_none() {
                wrong.push("SNMP version 3 needs a user name (username, -l)".to_owned());
            }
            let level = level(values, password, privacy);
            if level != Level::NoAuthNoPriv && !password {
                wrong.push("this security level needs a password (password, -p)".to_owned());
            }
            if level == Level::AuthPriv && !privacy {
                wrong.push(
                    "security level authPriv needs a password for the encryption (snmp_priv_passwd, -P)"
                        .to_owned(),
                );
            }
            if level == Level::NoAuthNoPriv && password {
                notes.push(
                    "the password is not used: without snmp_sec_level nothing is authenticated; authNoPriv or authPriv is \
                     safer"
                        .to_owned(),
                );
            }
        } else if values.filled("community").is_none() {
            wrong.push("SNMP versions 1 and 2c need a community (community, -c)".to_owned());
        }
        for (name, _) in FOREIGN.iter().filter(|(name, default)| values.text(name) != Some(default)) {
            notes.push(format!("{name} is ignored: no other program is called"));
        }
        (wrong, notes)
    }

    /// The settings that the options make, once the scripts have given their secrets.
    pub(crate) fn new(values: &Values) -> Self {
        let given = |name: &str| values.filled(name).map(Secret::from);
        let (password, privacy) = (given("password"), given("snmp_priv_passwd"));
        let version = version(values, password.is_some(), privacy.is_some());
        let level = level(values, password.is_some(), privacy.is_some());
        let auth = password.filter(|_| level != Level::NoAuthNoPriv).map(|secret| (auth(values), secret));
        let privacy =
            privacy.filter(|_| level == Level::AuthPriv).map(|secret| (privacy_protocol(values), secret));
        let user = (version == Version::V3)
            .then(|| User::new(values.text("username").unwrap_or_default(), auth, privacy));
        let login = Config {
            version,
            community: given("community").filter(|_| version != Version::V3),
            user,
            level,
            context: String::new(),
        };
        let switch = values.text("switch").map_or(Some(1), number);
        Self { target: target(values), login, switch }
    }
}

/// The version: the one that the options name; without one, a community alone makes 2c, and everything else net-snmp's
/// own default.
fn version(values: &Values, password: bool, privacy: bool) -> Version {
    match values.filled("snmp_version") {
        Some("1") => Version::V1,
        Some("2c") => Version::V2c,
        Some(_) => Version::V3,
        None if values.filled("community").is_some()
            && values.filled("username").is_none()
            && !password
            && !privacy =>
        {
            Version::V2c
        }
        None => Version::V3,
    }
}

/// The security level: the one that the options name; without one, both passwords together make authPriv, and everything
/// else net-snmp's own default.
fn level(values: &Values, password: bool, privacy: bool) -> Level {
    let completed = if password && privacy { Level::AuthPriv } else { Level::NoAuthNoPriv };
    values.filled("snmp_sec_level").map_or(completed, |name| name.parse().unwrap_or(completed))
}

/// Authentication; MD5 if none is named, as with net-snmp.
fn auth(values: &Values) -> AuthProtocol {
    values.filled("snmp_auth_prot").and_then(|name| name.parse().ok()).unwrap_or(AuthProtocol::Md5)
}

/// Encryption; DES if none is named, as with net-snmp.
fn privacy_protocol(values: &Values) -> PrivProtocol {
    values.filled("snmp_priv_prot").and_then(|name| name.parse().ok()).unwrap_or(PrivProtocol::Des)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{agent::Agent, options::parse_argv};

    fn values(agent: &str, args: &[&str]) -> Values {
        let agent = Agent::named(agent).unwrap();
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (mut values, _) = parse_argv(&agent.options, &args).unwrap();
        values.fill(&agent.options);
        values
    }

    fn login(agent: &str, args: &[&str]) -> (Version, Level) {
        let login = Settings::new(&values(agent, args)).login;
        (login.version, login.level)
    }

    #[test]
    fn what_is_not_said_is_completed_as_in_the_field() {
        let none = Level::NoAuthNoPriv;
        assert_eq!(login("fence_apc_snmp", &[]), (Version::V1, none));
        assert_eq!(login("fence_ifmib", &["-c", "x"]), (Version::V2c, none));
        assert_eq!(login("fence_ipdu", &["-l", "u"]), (Version::V3, none));
        // No default version: a community alone makes 2c.
        assert_eq!(login("fence_emerson", &["-c", "x"]), (Version::V2c, none));
        assert_eq!(login("fence_emerson", &["-c", "x", "-l", "u"]), (Version::V3, none));
        assert_eq!(login("fence_emerson", &["-l", "u", "-p", "p"]), (Version::V3, none));
        assert_eq!(
            login("fence_emerson", &["-l", "u", "-p", "p", "-P", "q"]),
            (Version::V3, Level::AuthPriv)
        );
        let explicit = ["-l", "u", "-p", "p", "-P", "q", "-E", "authNoPriv"];
        assert_eq!(login("fence_emerson", &explicit), (Version::V3, Level::AuthNoPriv));
    }

    #[test]
    fn what_is_missing_is_said_before_any_contact() {
        let wrong = |agent: &str, args: &[&str]| Settings::check(&values(agent, args)).0;
        assert!(wrong("fence_apc_snmp", &[]).is_empty(), "its community has a default");
        assert!(wrong("fence_ibmblade", &[])[0].contains("need a community"));
        assert!(wrong("fence_emerson", &[])[0].contains("user name"));
        assert_eq!(wrong("fence_ipdu", &["-E", "authPriv"]).len(), 3);
        assert!(
            wrong("fence_ipdu", &["-l", "u", "-E", "authPriv", "-S", "a", "-R", "b"]).is_empty(),
            "by scripts"
        );
    }

    #[test]
    fn what_is_ignored_is_noted() {
        let notes = |args: &[&str]| Settings::check(&values("fence_ipdu", args)).1;
        assert!(notes(&["-l", "u"]).is_empty());
        assert_eq!(notes(&["-l", "u", "-p", "p", "--snmpget-path=/opt/x"]).len(), 2);
    }

    #[test]
    fn debug_shows_no_secret() {
        let args = ["-c", "cee-secret", "-l", "u", "-p", "auth-secret", "-P", "priv-secret"];
        for version in ["1", "3"] {
            let values = values("fence_apc_snmp", &[&args[..], &["-d", version]].concat());
            let text = format!("{:?}", Settings::new(&values));
            assert!(!text.contains("-secret") && text.contains("***"), "{text}");
        }
    }
}
