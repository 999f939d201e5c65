//! A program on a terminal, as a person uses it.

use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

/// How long a program may be silent, in milliseconds.
const PATIENCE: u64 = 60_000;

/// Starts it.
///
/// # Panics
/// When it can't be started.
pub fn start(command: Command) -> PtySession {
    let program = command.get_program().to_string_lossy().into_owned();
    spawn_command(command, Some(PATIENCE)).unwrap_or_else(|error| {
        panic!("can't run {program}: {error}; `cargo xtask peers` installs what tests talk to")
    })
}

/// Reads up to and with this text; what stood before it.
///
/// # Panics
/// When it does not come.
#[track_caller]
pub fn wait_for(terminal: &mut PtySession, text: &str) -> String {
    terminal.exp_string(text).unwrap_or_else(|error| panic!("no `{text}`: {error}"))
}

/// Types a password where one is asked for.
///
/// # Panics
/// When nobody asks.
#[track_caller]
pub fn answer(terminal: &mut PtySession, password: &str) {
    wait_for(terminal, "assword:");
    terminal.send_line(password).unwrap_or_else(|error| panic!("it does not listen: {error}"));
}

/// Reads to its end; what it still said, and its exit code.
///
/// # Panics
/// When it does not end, or a signal ends it.
#[track_caller]
pub fn end(terminal: &mut PtySession) -> (String, i32) {
    let said = terminal.exp_eof().unwrap_or_else(|error| panic!("no end: {error}"));
    match terminal.process().wait() {
        Ok(WaitStatus::Exited(_, code)) => (said, code),
        other => panic!("{other:?} after {said}"),
    }
}
