//! The libraries that a program needs, found as the dynamic linker would find them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use crate::elf;
use crate::error::GuestError;

/// Where Debian keeps libraries, and where others do.
const FOLDERS: &[&str] = &[
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "usr/local/lib",
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
];

/// The files that must be beside a program: where they go in the guest → where they are on the host.
pub(crate) type Libraries = BTreeMap<String, PathBuf>;

/// In the guest all libraries are in one folder, which its dynamic linker searches by default.
pub(crate) const GUEST_FOLDER: &str = "usr/lib/x86_64-linux-gnu";

/// Adds to `found` what `program` needs, and what that needs in turn. `root` is the tree to search: `/`, or unpacked
/// packages.
///
/// # Errors
/// When a file can't be read or a library is nowhere.
pub(crate) fn add(root: &Path, program: &Path, found: &mut Libraries) -> Result<(), GuestError> {
    let mut queue = VecDeque::from([program.to_owned()]);
    while let Some(file) = queue.pop_front() {
        let bytes = fs::read(&file).map_err(GuestError::file("read", &file))?;
        let Some(dynamic) = elf::read(&bytes) else { continue };
        if let Some(interpreter) = &dynamic.interpreter {
            let relative = interpreter.trim_start_matches('/');
            let name = Path::new(relative).file_name().unwrap_or_default().to_string_lossy();
            found.insert(format!("usr/lib64/{name}"), resolve(root, &root.join(relative)));
        }
        for name in &dynamic.needed {
            let place = format!("{GUEST_FOLDER}/{name}");
            // The dynamic linker itself is also named as a library.
            if found.contains_key(&place) || found.contains_key(&format!("usr/lib64/{name}")) {
                continue;
            }
            let path = search(root, &file, name, &dynamic.folders).ok_or_else(|| GuestError::Malformed {
                path: file.clone(),
                problem: format!("its library {name} is in none of {FOLDERS:?} below {}", root.display()),
            })?;
            found.insert(place, path.clone());
            queue.push_back(path);
        }
    }
    Ok(())
}

fn search(root: &Path, file: &Path, name: &str, own: &[String]) -> Option<PathBuf> {
    let origin = file.parent().unwrap_or(root);
    let own = own.iter().map(|folder| match folder.strip_prefix("$ORIGIN") {
        Some(below) => origin.join(below.trim_start_matches('/')),
        None => root.join(folder.trim_start_matches('/')),
    });
    own.chain(FOLDERS.iter().map(|folder| root.join(folder)))
        .map(|folder| resolve(root, &folder.join(name)))
        .find(|path| path.is_file())
}

/// Follows a link that counts from `root`, as links in unpacked packages do.
pub(crate) fn resolve(root: &Path, path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // Links to links are short chains; a circle is no file.
    for _ in 0..8 {
        let Ok(target) = fs::read_link(&path) else { break };
        path = match target.strip_prefix("/") {
            Ok(absolute) => root.join(absolute),
            Err(_) => path.parent().unwrap_or(root).join(target),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_host_finds_its_linker_and_its_libraries() {
        let mut found = Libraries::new();
        add(Path::new("/"), &std::env::current_exe().unwrap(), &mut found).unwrap();
        assert!(found.contains_key("usr/lib/x86_64-linux-gnu/libc.so.6"), "{found:?}");
        assert!(found.keys().any(|place| place.starts_with("usr/lib64/ld-linux")), "{found:?}");
        assert!(found.values().all(|path| path.is_file()), "{found:?}");
    }

    #[test]
    fn a_script_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        let mut found = Libraries::new();
        add(Path::new("/"), &script, &mut found).unwrap();
        assert_eq!(found, Libraries::new());
    }
}
