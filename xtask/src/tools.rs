//! Cargo's helpers that CI needs beyond the toolchain. A machine that has them uses its own;
//! elsewhere they are built once into `target/tools`.

use std::path::PathBuf;
use std::process::Command;

use crate::step;

/// A cargo subcommand and the version that is built where it is missing.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Runs tests side by side, each in its own process.
pub(crate) const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "0.9.143" };

/// Checks licences, sources and duplicate versions of the dependencies.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Where what is built for CI stays.
pub(crate) fn own_root() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| step::workspace_root().join("target"), PathBuf::from);
    target.join("tools")
}

/// The tool's program: the machine's own, or ours, built now if need be.
///
/// # Errors
/// When it has to be built and can't be.
pub(crate) fn command(tool: &Tool) -> anyhow::Result<Command> {
    let works = |program: &std::path::Path| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    let machines = PathBuf::from(tool.name);
    if works(&machines) {
        return Ok(at_root(machines));
    }
    let ours = own_root().join("bin").join(tool.name);
    if !works(&ours) {
        // A debug build: it compiles in a third of the time, and the tool waits for others anyway.
        step::run(
            &format!("tools: {}", tool.name),
            step::cargo()
                .args(["install", "--locked", "--debug", "--version", tool.version, tool.name, "--root"])
                .arg(own_root()),
        )?;
    }
    Ok(at_root(ours))
}

fn at_root(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir(step::workspace_root());
    command
}
