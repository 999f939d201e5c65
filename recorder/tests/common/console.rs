//! A console that is a shell script, what is said at it, and the person who says it.

use std::process::Command;

use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::{Body, Kind, Side, Transcript};
use rexpect::session::spawn_command;

/// A console: it asks for a name and a password, takes two commands, and hangs up.
pub(crate) const CONSOLE: &str =
    "printf 'login: '; read user; stty -echo; printf 'Password: '; read password; stty echo
printf '\\nWelcome %s\\n> ' \"$user\"; read line; printf 'outlet 1 on\\n> '; read line
";
pub(crate) const PASSWORD: &str = "s3cr3t-Zebra";

/// What the console says and what is typed, as a transcript has it.
const DIALOGUE: [(Side, &str); 9] = [
    (Side::Device, "login: "),
    (Side::Agent, "lab\r"),
    (Side::Device, "lab\r\nPassword: "),
    (Side::Agent, "********\r"),
    (Side::Device, "\r\nWelcome lab\r\n> "),
    (Side::Agent, "st\r"),
    (Side::Device, "st\r\noutlet 1 on\r\n> "),
    (Side::Agent, "quit\r"),
    (Side::Device, "quit\r\n"),
];

/// What was said, turn by turn, with the turns of one side that nothing stands between as one.
pub(crate) fn said(transcript: &Transcript) -> Vec<(Side, String)> {
    let mut said: Vec<(Side, String)> = Vec::new();
    for event in &transcript.events {
        let Kind::Say { from, body: Body::Text(text) } = &event.kind else { continue };
        match said.last_mut() {
            Some((side, words)) if side == from => words.push_str(text),
            _ => said.push((*from, text.clone())),
        }
    }
    said
}

pub(crate) fn dialogue() -> Vec<(Side, String)> {
    DIALOGUE.iter().map(|(side, text)| (*side, (*text).to_owned())).collect()
}

/// A person at a terminal, at which this command runs.
pub(crate) fn person(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut with_terminal = Command::new(command.get_program());
    with_terminal.args(command.get_args()).env("SHELL", "/bin/sh").env("TERM", "xterm");
    if let Some(folder) = command.get_current_dir() {
        with_terminal.current_dir(folder);
    }
    let mut person = spawn_command(with_terminal, Some(30_000)).unwrap_or_else(|error| {
        panic!("can't run {program}: {error}; `cargo xtask ci --only peers` installs what tests talk to")
    });
    for (prompt, typed) in
        [("login: ", "lab\r"), ("Password: ", "s3cr3t-Zebra\r"), ("> ", "st\r"), ("on\r\n> ", "quit\r")]
    {
        person.exp_string(prompt).unwrap();
        person.send(typed).unwrap();
        person.flush().unwrap();
    }
    person.exp_eof().unwrap();
}

/// Asserts that a transcript has no error, and reads back as it was written.
pub(crate) fn assert_canonical(transcript: &Transcript) {
    let text = transcript.canonical();
    let rules = Rules { scratch: true, ..Rules::default() };
    let errors: Vec<_> = lint::lint("t", &text, &rules)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{text}");
    assert_eq!(Transcript::parse("t", &text).unwrap(), *transcript);
}
