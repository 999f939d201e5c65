//! On a terminal: long work shows how far it is.

use crate::process::fencelab;

#[test]
fn a_test_shows_its_progress_and_then_the_verdict() {
    let mut command = fencelab();
    command.args([
        "test",
        "generic/ipmi-2.0",
        "--agent",
        "builtin",
        "--suite",
        "properties",
        "--budget",
        "2s",
    ]);
    let mut terminal = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
    terminal.exp_regex(r"properties +\[[^\]]*\] +\d+%").unwrap();
    terminal.exp_string("all holds").unwrap();
    terminal.exp_eof().unwrap();
}
