//! Logins: the lab's own, and those of real devices. They come by environment or file, never by argument.

use std::path::Path;

use fencelab_devices::Credentials;
use fencelab_wire::Secret;
use fencelab_wire::ipmi::tap::Credential;

use crate::exit::{Exit, Failure};
use crate::output;

/// The variable of the lab's password.
pub(crate) const LAB_PASSWORD: &str = "FENCELAB_PASSWORD";

/// The lab's login: user `lab`, password `fencelab`, or what FENCELAB_USER and FENCELAB_PASSWORD say; with the BMC key of
/// FENCELAB_KG, if there is one.
pub(crate) fn lab() -> Credentials {
    let default = Credentials::default();
    Credentials {
        user: variable("FENCELAB_USER").unwrap_or(default.user),
        password: variable(LAB_PASSWORD).unwrap_or(default.password),
        kg: variable("FENCELAB_KG"),
    }
}

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The logins of a real device: from a file, else from FENCELAB_BMC_USER, FENCELAB_BMC_PASSWORD and FENCELAB_BMC_KG.
/// Without a password there is none.
pub(crate) fn of_device(file: Option<&Path>) -> Result<Vec<Credential>, Failure> {
    match file {
        Some(path) => from_file(path),
        None => Ok(credential(
            variable("FENCELAB_BMC_USER"),
            variable("FENCELAB_BMC_PASSWORD"),
            variable("FENCELAB_BMC_KG"),
        )
        .into_iter()
        .collect()),
    }
}

fn credential(username: Option<String>, password: Option<String>, kg: Option<String>) -> Option<Credential> {
    Some(Credential { username, password: Secret::from(password?), kg: kg.map(Secret::from) })
}

/// `key=value` lines: user, password, kg. A user begins the next login.
fn from_file(path: &Path) -> Result<Vec<Credential>, Failure> {
    let name = path.display();
    let wrong = |line: usize, what: &str| {
        let mend = "write lines user=…, password=… and, if there is one, kg=…";
        Failure::new(Exit::Input, format!("{name}:{line}:1: {what}; {mend}"))
    };
    let text = String::from_utf8(output::read(path)?).map_err(|_| wrong(1, "the file is not UTF-8"))?;
    let mut logins: Vec<(Option<String>, Option<String>, Option<String>)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| wrong(index + 1, "there is no `=`"))?;
        if key.trim_end() == "user" || logins.is_empty() {
            logins.push((None, None, None));
        }
        let Some(login) = logins.last_mut() else { continue };
        match key.trim_end() {
            "user" => login.0 = Some(value.to_owned()),
            "password" => login.1 = Some(value.to_owned()),
            "kg" => login.2 = Some(value.to_owned()),
            _ => return Err(wrong(index + 1, "this key is not known")),
        }
    }
    let credentials: Vec<Credential> =
        logins.into_iter().filter_map(|(u, p, k)| credential(u, p, k)).collect();
    if credentials.is_empty() {
        return Err(wrong(1, "there is no password in it"));
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User, password, and whether there is a key.
    type Login = (Option<String>, Vec<u8>, bool);

    fn read(text: &str) -> Result<Vec<Login>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let logins = from_file(file.path()).map_err(|failure| failure.error.to_string())?;
        Ok(logins
            .into_iter()
            .map(|it| (it.username, it.password.expose().to_vec(), it.kg.is_some()))
            .collect())
    }

    #[test]
    fn a_file_holds_logins() {
        let two = read("# ours\nuser=root\npassword=a=b \n\nuser=admin\npassword=x\nkg=k\n").unwrap();
        assert_eq!(
            two,
            [(Some("root".into()), b"a=b ".to_vec(), false), (Some("admin".into()), b"x".to_vec(), true)]
        );
        assert_eq!(read("password=x").unwrap(), [(None, b"x".to_vec(), false)]);
    }

    #[test]
    fn what_is_wrong_points_to_its_line_and_tells_no_secret() {
        let error = read("user=root\npasswort=geheim\n").unwrap_err();
        assert!(error.contains(":2:1: this key is not known") && !error.contains("geheim"), "{error}");
        assert!(read("user=root\n").unwrap_err().contains("no password"));
    }
}
