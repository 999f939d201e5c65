//! Logins of a real BMC.

use std::path::Path;

use fencelab_wire::Secret;
use fencelab_wire::ipmi::tap::Credential;

use super::file::{self, Shape};
use super::variable;
use crate::exit::Failure;

const SHAPE: Shape = Shape {
    begin: &["user"],
    keys: &["user", "password", "kg"],
    mend: "write lines user=…, password=… and, if there is one, kg=…",
};

/// The logins of a BMC: from a file, else from FENCELAB_BMC_USER, FENCELAB_BMC_PASSWORD and FENCELAB_BMC_KG. Without a
/// password there is none.
pub(crate) fn of_device(file: Option<&Path>) -> Result<Vec<Credential>, Failure> {
    let Some(path) = file else {
        let get = |name: &str| variable(&format!("FENCELAB_BMC_{name}"));
        return Ok(credential(get("USER"), get("PASSWORD"), get("KG")).into_iter().collect());
    };
    file::read(path, &SHAPE)?
        .iter()
        .map(|login| {
            credential(login.get("user"), login.get("password"), login.get("kg"))
                .ok_or_else(|| login.wrong("there is no password in it"))
        })
        .collect()
}

fn credential(username: Option<String>, password: Option<String>, kg: Option<String>) -> Option<Credential> {
    Some(Credential { username, password: Secret::from(password?), kg: kg.map(Secret::from) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User, password, and whether there is a key.
    type Login = (Option<String>, Vec<u8>, bool);

    fn read(text: &str) -> Result<Vec<Login>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let logins = of_device(Some(file.path())).map_err(|failure| failure.error.to_string())?;
        Ok(logins
            .into_iter()
            .map(|it| (it.username, it.password.expose().to_vec(), it.kg.is_some()))
            .collect())
    }

    #[test]
    fn a_file_holds_logins() {
        let two = read("user=root\npassword=a\nuser=admin\npassword=x\nkg=k\n").unwrap();
        assert_eq!(
            two,
            [(Some("root".into()), b"a".to_vec(), false), (Some("admin".into()), b"x".to_vec(), true)]
        );
        assert_eq!(read("password=x").unwrap(), [(None, b"x".to_vec(), false)]);
        assert!(read("user=root\n").unwrap_err().contains("no password"));
    }
}
