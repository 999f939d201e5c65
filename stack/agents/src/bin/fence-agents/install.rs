//! `fence-agents install DIR`.

use std::{
    env, fs,
    io::{self, ErrorKind},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use fencelab_agents::names;

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("cannot tell where this program is: {0}")]
    Program(io::Error),
    #[error("{}: {source}", .path.display())]
    Path { path: PathBuf, source: io::Error },
    #[error("{} is not a link to this program; --force replaces it. Nothing was changed", .0.display())]
    Foreign(PathBuf),
    #[error("{} is a directory; nothing was changed", .0.display())]
    Directory(PathBuf),
}

/// Makes a link for each name; the text says what was done. Nothing is changed if one of the names is taken by
/// something else, unless `force`.
pub(crate) fn install(directory: &Path, force: bool) -> Result<String, InstallError> {
    let program = env::current_exe().and_then(fs::canonicalize).map_err(InstallError::Program)?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| InstallError::Path { path, source }
    };
    fs::create_dir_all(directory).map_err(at(directory))?;
    let links: Vec<PathBuf> = names().iter().map(|agent| directory.join(agent.name)).collect();
    let mut states = Vec::new();
    for link in &links {
        let state = look(link, &program).map_err(at(link))?;
        match state {
            State::Directory => return Err(InstallError::Directory(link.clone())),
            State::Foreign if !force => return Err(InstallError::Foreign(link.clone())),
            _ => states.push(state),
        }
    }
    let mut report = String::new();
    for (link, state) in links.iter().zip(states) {
        let did = match state {
            State::Ours => "there already",
            State::Free => "made",
            State::Foreign | State::Directory => {
                fs::remove_file(link).map_err(at(link))?;
                "replaced"
            }
        };
        if !matches!(state, State::Ours) {
            symlink(&program, link).map_err(at(link))?;
        }
        report.push_str(&format!("{} -> {} ({did})\n", link.display(), program.display()));
    }
    Ok(report)
}

#[derive(Clone, Copy)]
enum State {
    /// Nothing is there.
    Free,
    /// A link to this program.
    Ours,
    /// Something else.
    Foreign,
    /// A directory, which is never removed.
    Directory,
}

fn look(link: &Path, program: &Path) -> io::Result<State> {
    match fs::symlink_metadata(link) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(State::Free),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_dir() => Ok(State::Directory),
        Ok(_) => {
            let ours = fs::canonicalize(link).is_ok_and(|target| target == program);
            // This very program under an agent's name is never replaced by a link to itself.
            Ok(if ours { State::Ours } else { State::Foreign })
        }
    }
}
