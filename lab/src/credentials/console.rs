//! Logins of a real console.

use std::path::{Path, PathBuf};

use fencelab_recorder::link::console::Login;
use fencelab_wire::Secret;

use super::file::{self, Shape};
use super::variable;
use crate::exit::Failure;

const SHAPE: Shape = Shape {
    begin: &["user"],
    keys: &["user", "password", "identity", "prompt"],
    mend: "write lines user=… and password=…; for SSH by key identity=FILE, with its passphrase as password; prompt=WORDS if \
           the device asks for a secret in words of its own",
};

/// The logins of a console: from a file, else from FENCELAB_CONSOLE_USER, FENCELAB_CONSOLE_PASSWORD,
/// FENCELAB_CONSOLE_IDENTITY and FENCELAB_CONSOLE_PROMPT. Of a user alone nothing can be made.
pub(crate) fn of_device(file: Option<&Path>) -> Result<Vec<Login>, Failure> {
    let Some(path) = file else {
        let get = |name: &str| variable(&format!("FENCELAB_CONSOLE_{name}"));
        return Ok(login(get("USER"), get("PASSWORD"), get("IDENTITY"), get("PROMPT")).into_iter().collect());
    };
    file::read(path, &SHAPE)?
        .iter()
        .map(|lines| {
            login(lines.get("user"), lines.get("password"), lines.get("identity"), lines.get("prompt"))
                .ok_or_else(|| lines.wrong("there is neither a password nor an identity in it"))
        })
        .collect()
}

fn login(
    user: Option<String>,
    password: Option<String>,
    identity: Option<String>,
    prompt: Option<String>,
) -> Option<Login> {
    let (password, identity) = (password.map(Secret::from), identity.map(PathBuf::from));
    let is_some = password.is_some() || identity.is_some() || prompt.is_some();
    is_some.then_some(Login { user, password, identity, prompt })
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
    fn a_file_holds_logins() {
        let logins =
            read("user=apc\npassword=geheim\nprompt=Magic word:\nuser=root\nidentity=keys/id\n").unwrap();
        let [first, second] = logins.as_slice() else { panic!("{logins:?}") };
        assert_eq!(first.password.as_ref().map(|it| it.expose().to_vec()), Some(b"geheim".to_vec()));
        assert_eq!(first.prompt.as_deref(), Some("Magic word:"));
        assert_eq!(
            (second.user.as_deref(), second.identity.as_deref()),
            (Some("root"), Some(Path::new("keys/id")))
        );
        assert!(read("user=root\n").unwrap_err().contains("neither a password nor an identity"));
        assert!(!format!("{logins:?}").contains("geheim"));
    }
}
