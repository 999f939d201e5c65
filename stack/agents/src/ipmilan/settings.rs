//! The options of the agent as what they mean.

use fencelab_link::Target;
use fencelab_wire::Secret;
use fencelab_wire::ipmi::{
    AuthType, Privilege,
    cipher_suite::Suite,
    client::{Config, Interface},
};

use crate::{
    failure::{Failure, Step},
    options::Values,
    target::target,
};

/// The longest user name that a session can carry (IPMI 2.0 §22.16, §13.20).
const USERNAME_MAX: usize = 16;

/// The length of a BMC key in bytes (IPMI 2.0 §13.33).
const KEY_MAX: usize = 20;

/// The BMC's own address on its bus.
const BMC_ADDRESS: u8 = 0x20;

/// Whom to speak to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) login: Config,
}

impl Settings {
    /// What is wrong with the options, and what is worth a note.
    pub(crate) fn check(values: &Values) -> (Vec<String>, Vec<String>) {
        let mut wrong = Vec::new();
        let mut notes = Vec::new();
        if let Err(failure) = Self::new(values) {
            wrong.push(failure.seen);
        }
        if let Some(target) = values.filled("target")
            && number(target) != Some(BMC_ADDRESS)
        {
            wrong.push("--target: bridging to another controller is not supported; leave it out, or ask ClusterLabs' agent".to_owned());
        }
        if values.flag("lanplus") && values.filled("auth").is_some() {
            notes.push("auth is for IPMI 1.5 sessions; with lanplus the cipher suite rules".to_owned());
        }
        if !values.flag("lanplus")
            && (values.filled("cipher").is_some() || values.filled("hexadecimal_kg").is_some())
        {
            notes.push(
                "cipher and hexadecimal_kg are for IPMI 2.0 sessions; they mean nothing without lanplus"
                    .to_owned(),
            );
        }
        let foreign = [
            ("ipmitool_path", "/usr/bin/ipmitool"),
            ("ipmitool_timeout", "2"),
            ("sudo_path", "/usr/bin/sudo"),
        ];
        for (name, _) in foreign.iter().filter(|(name, default)| values.text(name) != Some(default)) {
            notes.push(format!("{name} is ignored: no other program is called"));
        }
        if values.flag("use_sudo") {
            notes.push("use_sudo is ignored: no other program is called".to_owned());
        }
        (wrong, notes)
    }

    /// The settings that the options make.
    pub(crate) fn new(values: &Values) -> Result<Self, Failure> {
        let target = target(values);

        let username = values.text("username").unwrap_or_default();
        if username.len() > USERNAME_MAX {
            return Err(wrong("--username: IPMI knows at most 16 bytes"));
        }
        let password = values.secret("password").unwrap_or_default();
        let interface = if values.flag("lanplus") {
            Interface::LanPlus { cipher: cipher(values)? }
        } else {
            Interface::Lan { auth: auth(values) }
        };
        let mut login = Config::new(username, password, interface);
        login.kg = key(values)?;
        login.privilege = match values.text("privlvl") {
            Some("callback") => Privilege::Callback,
            Some("user") => Privilege::User,
            Some("operator") => Privilege::Operator,
            _ => Privilege::Administrator,
        };
        Ok(Self { target, login })
    }
}

fn wrong(seen: &str) -> Failure {
    Failure::lasting(Step::Options, seen)
}

fn auth(values: &Values) -> Option<AuthType> {
    match values.text("auth")? {
        "md5" => Some(AuthType::Md5),
        "password" => Some(AuthType::Password),
        "none" => Some(AuthType::None),
        _ => None,
    }
}

fn cipher(values: &Values) -> Result<Option<u8>, Failure> {
    let Some(text) = values.filled("cipher") else { return Ok(None) };
    let id = text
        .trim()
        .parse()
        .map_err(|_| wrong("--cipher must be the number of a cipher suite, such as 3 or 17"))?;
    match Suite::from_id(id) {
        Some(suite) if suite.is_supported() => Ok(Some(id)),
        Some(_) => Err(wrong(&format!("--cipher: suite {id} encrypts with xRC4, which is not supported"))),
        None => Err(wrong(&format!("--cipher: there is no suite {id}"))),
    }
}

/// A BMC key in hexadecimal digits, as ipmitool's `-y` takes it.
fn key(values: &Values) -> Result<Option<Secret>, Failure> {
    let Some(text) = values.filled("hexadecimal_kg") else { return Ok(None) };
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    let bytes = bytes.filter(|bytes| !bytes.is_empty() && bytes.len() <= KEY_MAX);
    let bytes = bytes.ok_or_else(|| {
        wrong("--hexadecimal-kg must be two hexadecimal digits for each of at most 20 bytes")
    })?;
    Ok(Some(Secret::new(bytes)))
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A number as ipmitool reads one: decimal, or hexadecimal after `0x`.
fn number(text: &str) -> Option<u8> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencelab_link::Family;

    use crate::{agent::Agent, options::parse_argv};

    fn values(args: &[&str]) -> Values {
        let agent = Agent::named("fence_ipmilan").unwrap();
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (mut values, _) = parse_argv(&agent.options, &args).unwrap();
        values.fill(&agent.options);
        values
    }

    fn wrong(args: &[&str]) -> Vec<String> {
        Settings::check(&values(args)).0
    }

    #[test]
    fn bridging_is_refused_and_the_bmc_itself_is_not() {
        assert!(wrong(&["--target=0x42"])[0].contains("bridging to another controller is not supported"));
        assert!(!wrong(&["--target=bogus"]).is_empty());
        for own in ["0x20", "32", ""] {
            assert!(wrong(&["--target", own]).is_empty(), "{own}");
        }
    }

    #[test]
    fn cipher_suites_that_cannot_be_spoken_are_refused_before_any_contact() {
        assert_eq!(
            wrong(&["-P", "-C", "4"]),
            ["--cipher: suite 4 encrypts with xRC4, which is not supported"]
        );
        assert_eq!(wrong(&["-P", "-C", "200"]), ["--cipher: there is no suite 200"]);
        assert!(wrong(&["-P", "-C", "three"])[0].contains("must be the number"));
        assert!(wrong(&["-P", "-C", "17"]).is_empty());
    }

    #[test]
    fn a_bmc_key_is_hexadecimal() {
        for key in ["0", "0g", "abc", &"00".repeat(21)] {
            assert_eq!(wrong(&["-P", "--hexadecimal-kg", key]).len(), 1, "{key}");
        }
        let settings = Settings::new(&values(&["-P", "--hexadecimal-kg=0x00fF"])).unwrap();
        assert_eq!(settings.login.kg, Some(Secret::new([0x00, 0xff])));
    }

    #[test]
    fn what_is_ignored_is_noted() {
        let notes = Settings::check(&values(&["--ipmitool-path=/opt/x", "--use-sudo", "-P", "-A", "md5"])).1;
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(Settings::check(&values(&[])).1.is_empty());
    }

    #[test]
    fn addresses_and_families() {
        let target = |args: &[&str]| Settings::new(&values(args)).unwrap().target.to_string();
        assert_eq!(target(&["-a", "[::1]", "-u", "6230"]), "[::1]:6230");
        assert_eq!(target(&["-a", "fe80::1"]), "[fe80::1]:623");
        assert_eq!(Settings::new(&values(&["-a", "h", "-6"])).unwrap().target.family, Family::V6);
    }

    #[test]
    fn debug_shows_no_secret() {
        let settings = Settings::new(&values(&["-P", "-p", "calvin", "--hexadecimal-kg=c0ffee"])).unwrap();
        let text = format!("{settings:?}");
        assert!(!text.contains("calvin") && !text.contains("192") && text.contains("***"), "{text}");
    }
}
