//! Communities and users of a real SNMP agent.

use std::path::Path;
use std::str::FromStr;

use fencelab_wire::Secret;
use fencelab_wire::snmp::usm::{AuthProtocol, PrivProtocol, User};

use super::file::{self, Shape};
use super::variable;
use crate::exit::{Exit, Failure};

const SHAPE: Shape = Shape {
    begin: &["user", "community"],
    keys: &["community", "user", "password", "auth", "privacy-password", "privacy"],
    mend: "write a line community=…, or lines user=…, auth=SHA, password=…, privacy=AES, privacy-password=…",
};

/// Who may ask.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// A community of SNMPv1 and v2c.
    Community(Secret),
    /// A user of SNMPv3.
    User(User),
}

/// The logins of an agent: from a file, else from FENCELAB_SNMP_COMMUNITY, and FENCELAB_SNMP_USER with
/// FENCELAB_SNMP_PASSWORD, FENCELAB_SNMP_AUTH (SHA if not given), FENCELAB_SNMP_PRIVACY_PASSWORD (the password if not given)
/// and FENCELAB_SNMP_PRIVACY (AES if not given and there is a password for it).
pub(crate) fn of_device(file: Option<&Path>) -> Result<Vec<Login>, Failure> {
    if let Some(path) = file {
        let login = |lines: &file::Lines| login(&|key| lines.get(key)).map_err(|what| lines.wrong(&what));
        return file::read(path, &SHAPE)?.iter().map(login).collect();
    }
    let get = |key: &str| variable(&format!("FENCELAB_SNMP_{}", key.to_uppercase().replace('-', "_")));
    let community = get("community").map(|name| Ok(Login::Community(Secret::from(name))));
    let wrong = |what| Failure::new(Exit::Usage, format!("FENCELAB_SNMP_…: {what}"));
    let only_user = |key: &str| get(key).filter(|_| key != "community");
    let user = get("user").map(|_| login(&only_user).map_err(wrong));
    community.into_iter().chain(user).collect()
}

/// One login from its values. The error text never holds one but the name of a protocol.
fn login(get: &dyn Fn(&str) -> Option<String>) -> Result<Login, String> {
    if let Some(community) = get("community") {
        return Ok(Login::Community(Secret::from(community)));
    }
    let name = get("user").ok_or("there is neither a community nor a user")?;
    let auth = match get("password") {
        Some(password) => Some((protocol::<AuthProtocol>(get("auth"), "SHA")?, Secret::from(password))),
        None => None,
    };
    let asked = get("privacy").or_else(|| get("privacy-password").map(|_| String::from("AES")));
    let privacy = match (asked, get("privacy-password").or_else(|| get("password"))) {
        (Some(asked), Some(password)) => {
            Some((protocol::<PrivProtocol>(Some(asked), "AES")?, Secret::from(password)))
        }
        _ => None,
    };
    if privacy.is_some() && auth.is_none() {
        return Err(String::from(
            "there is no privacy without a password for authentication (RFC 3411 §3.4.3)",
        ));
    }
    Ok(Login::User(User::new(name, auth, privacy)))
}

fn protocol<P: FromStr>(name: Option<String>, default: &str) -> Result<P, String>
where
    P::Err: std::fmt::Display,
{
    name.as_deref().unwrap_or(default).parse().map_err(|error: P::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Login>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        of_device(Some(file.path())).map_err(|failure| failure.error.to_string())
    }

    #[test]
    fn communities_and_users_stand_in_one_file() {
        let logins = read(
            "community=private\nuser=lab\nauth=MD5\npassword=first one\nprivacy=DES\nprivacy-password=second\nuser=look\n",
        );
        let logins = logins.unwrap();
        let [Login::Community(community), Login::User(lab), Login::User(look)] = logins.as_slice() else {
            panic!("{logins:?}")
        };
        assert_eq!(community.expose(), b"private");
        assert_eq!(
            (lab.name(), lab.auth(), lab.privacy()),
            ("lab", Some(AuthProtocol::Md5), Some(PrivProtocol::Des))
        );
        assert_eq!(
            lab.passphrases().map(|secret| secret.expose().to_vec()).collect::<Vec<_>>(),
            [b"first one".to_vec(), b"second".to_vec()]
        );
        assert_eq!((look.name(), look.auth()), ("look", None));
    }

    #[test]
    fn what_is_left_out_is_what_most_devices_have() {
        let logins = read("user=lab\npassword=passphrase\nprivacy-password=other phrase\n").unwrap();
        let [Login::User(user)] = logins.as_slice() else { panic!("{logins:?}") };
        assert_eq!((user.auth(), user.privacy()), (Some(AuthProtocol::Sha1), Some(PrivProtocol::Aes128)));
    }

    #[test]
    fn what_is_wrong_tells_no_secret() {
        let error = read("user=lab\npassword=geheimnis\nauth=ROT13\n").unwrap_err();
        assert!(
            error.contains(":1:1:") && error.contains("ROT13") && !error.contains("geheimnis"),
            "{error}"
        );
        assert!(read("user=lab\nprivacy-password=geheimnis\n").unwrap_err().contains("no privacy without"));
    }
}
