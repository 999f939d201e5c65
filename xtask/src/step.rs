//! One step of a chore: a named child process that must succeed.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, bail};

/// The root of the workspace: the folder above this crate.
pub(crate) fn workspace_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// The cargo that started us, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_root());
    command
}

/// Runs `command`, shows how long it took, and fails if it failed.
///
/// # Errors
/// When the program can't be started or exits with anything but 0.
pub(crate) fn run(name: &str, command: &mut Command) -> anyhow::Result<()> {
    eprintln!("=== {name}");
    let started = Instant::now();
    let status = command
        .env("PATH", path_with_sbin())
        .status()
        .with_context(|| format!("{name}: can't start {:?}", command.get_program()))?;
    report(name, status, started)
}

/// The search path with the folders where distributions put fence agents and SNMP daemons.
fn path_with_sbin() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    std::env::join_paths(folders).unwrap_or(path)
}

fn report(name: &str, status: ExitStatus, started: Instant) -> anyhow::Result<()> {
    let seconds = started.elapsed().as_secs();
    if status.success() {
        eprintln!("=== {name}: ok, {seconds} s");
        return Ok(());
    }
    bail!("{name} failed after {seconds} s with {status}; run it alone with `cargo xtask ci --only '{name}'`")
}
