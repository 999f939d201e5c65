//! Files with logins: `key=value` lines.

use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::output;

/// How such a file is written.
pub(super) struct Shape {
    /// The keys that begin the next login.
    pub(super) begin: &'static [&'static str],
    /// All keys.
    pub(super) keys: &'static [&'static str],
    /// What a person should write.
    pub(super) mend: &'static str,
}

/// One login of a file, with the place of its first line for errors.
pub(super) struct Lines {
    place: String,
    mend: &'static str,
    values: Vec<(String, String)>,
}

impl Lines {
    /// The value of a key, if the login has it.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    /// What is wrong with this login.
    pub(super) fn wrong(&self, what: &str) -> Failure {
        Failure::new(Exit::Input, format!("{}: {what}; {}", self.place, self.mend))
    }
}

/// Reads the logins of a file. The error texts never hold a value.
pub(super) fn read(path: &Path, shape: &Shape) -> Result<Vec<Lines>, Failure> {
    let name = path.display();
    let mend = shape.mend;
    let wrong =
        |line: usize, what: &str| Failure::new(Exit::Input, format!("{name}:{line}:1: {what}; {mend}"));
    let text = String::from_utf8(output::read(path)?).map_err(|_| wrong(1, "the file is not UTF-8"))?;
    let mut logins: Vec<Lines> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| wrong(index + 1, "there is no `=`"))?;
        let key = key.trim_end();
        if !shape.keys.contains(&key) {
            return Err(wrong(index + 1, "this key is not known"));
        }
        if shape.begin.contains(&key) || logins.is_empty() {
            logins.push(Lines { place: format!("{name}:{}:1", index + 1), mend, values: Vec::new() });
        }
        if let Some(login) = logins.last_mut() {
            login.values.push((key.to_owned(), value.to_owned()));
        }
    }
    if logins.is_empty() {
        return Err(wrong(1, "there is no login in it"));
    }
    Ok(logins)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape =
        Shape { begin: &["user"], keys: &["user", "password"], mend: "write user=… and password=…" };

    fn of(text: &str) -> Result<Vec<Lines>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path(), &SHAPE).map_err(|failure| failure.error.to_string())
    }

    #[test]
    fn a_user_begins_the_next_login() {
        let logins = of("# ours\nuser=root\npassword=a=b \n\nuser=admin\npassword=x\n").ok().unwrap();
        let values: Vec<_> = logins.iter().map(|login| (login.get("user"), login.get("password"))).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values, [(some("root"), some("a=b ")), (some("admin"), some("x"))]);
        assert!(logins[1].wrong("odd").error.to_string().contains(":5:1: odd; write user=…"));
    }

    #[test]
    fn what_is_wrong_points_to_its_line_and_tells_no_secret() {
        let error = of("user=root\npasswort=geheim\n").err().unwrap();
        assert!(error.contains(":2:1: this key is not known") && !error.contains("geheim"), "{error}");
        assert!(of("user=root\ngeheim\n").err().unwrap().contains(":2:1: there is no `=`"));
        assert!(of("# nothing\n").err().unwrap().contains("there is no login"));
    }
}
