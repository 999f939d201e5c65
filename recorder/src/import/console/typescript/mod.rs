//! Typescripts of script(1) of util-linux, with or without a timing file (script(1) and scriptreplay(1) of util-linux 2.38).
//!
//! A typescript is a line `Script started on …`, what was written to the terminal (and, of `--log-io`, what was typed), and a
//! line `Script done on …`. The timing file says how many bytes came when: in the classic format `DELAY BYTES`, in the
//! advanced one `O DELAY BYTES` for output, `I DELAY BYTES` for input, `S DELAY SIGNAL` and `H DELAY NAME VALUE`.

mod entry;
mod script;

use std::time::Duration;

use fencelab_transcript::Side;

use super::session::{Session, What};
use super::source::{Source, later, lines};
use entry::Entry;
use script::{STARTED, Script};

/// The files of one recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'a> {
    /// What was written to the terminal (`--log-out`), or that and what was typed (`--log-io`).
    pub(super) log: Source<'a>,
    /// What was typed (`--log-in`).
    pub(super) typed: Option<Source<'a>>,
    /// What came when (`--log-timing`).
    pub(super) timing: Option<Source<'a>>,
}

/// Whether this is a typescript.
pub(super) fn is_typescript(bytes: &[u8]) -> bool {
    bytes.starts_with(STARTED)
}

/// Whether this is a timing file of the advanced format, which is easily mistaken for the typescript.
pub(in super::super) fn is_timing(bytes: &[u8]) -> bool {
    bytes.starts_with(b"H 0.000000 ")
}

/// Reads a typescript. What is wrong goes to `warnings`, with its place.
pub(super) fn read(files: &Files<'_>, warnings: &mut Vec<String>) -> Session {
    let log = Script::of(files.log, warnings);
    let mut session = Session { began: log.began(), command: log.command(), ..Session::default() };
    let typed = files.typed.map(|source| Script::of(source, warnings));
    match files.timing {
        Some(timing) => timed(timing, log, typed, &mut session, warnings),
        None => {
            session.say(Duration::ZERO, Side::Device, log.rest);
            if let Some(typed) = typed.filter(|typed| !typed.rest.is_empty()) {
                warnings.push(format!(
                    "{}: without the timing file nobody knows when this was typed; it is left out. Name the file by --timing",
                    typed.name()
                ));
            }
        }
    }
    if !session.hears_agent {
        let what = "a typescript of the terminal's output: what was typed shows only where it was echoed";
        session.unheard = Some(what.into());
    }
    session
}

/// Follows the timing file.
fn timed(
    timing: Source<'_>,
    mut log: Script<'_>,
    mut typed: Option<Script<'_>>,
    session: &mut Session,
    warnings: &mut Vec<String>,
) {
    let mut now = Duration::ZERO;
    let mut names = Names::default();
    let mut unread = false;
    for (at, line) in lines(timing.bytes) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Some((entry, time)) = Entry::parse(line).and_then(|(entry, by)| Some((entry, later(now, by)?)))
        else {
            warnings.push(format!(
                "{}: this is no line of a timing file; what comes behind it is kept, but has no times",
                timing.place(at)
            ));
            break;
        };
        now = time;
        let short = match entry {
            Entry::Output(count) => {
                let (bytes, short) = log.take(count);
                session.say(now, Side::Device, bytes);
                short
            }
            Entry::Input(count) => {
                let (bytes, short) = match &mut typed {
                    Some(typed) => typed.take(count),
                    None if names.one_file() => log.take(count),
                    None => {
                        unread |= count > 0;
                        continue;
                    }
                };
                session.hears_agent = true;
                session.say(now, Side::Agent, bytes);
                short
            }
            Entry::Signal(words) => {
                session.push(now, What::Note(format!("signal {words}")));
                0
            }
            Entry::Header(words) => {
                names.learn(words, session);
                0
            }
        };
        if short > 0 {
            warnings.push(format!(
                "{}: {short} bytes are said to have come that are not in the recording; it was cut off, or is another one",
                timing.place(at)
            ));
            break;
        }
    }
    if unread {
        let file = names.input.as_deref().unwrap_or("another file");
        warnings
            .push(format!("what was typed is in {file}; name it by --input to have it in the transcript"));
    }
    for (side, script) in [(Side::Agent, typed.as_ref()), (Side::Device, Some(&log))] {
        if let Some(script) = script.filter(|script| !script.rest.is_empty()) {
            warnings.push(format!(
                "{}: {} bytes from here on have no time; they stand at the end",
                script.place(),
                script.rest.len()
            ));
            session.hears_agent |= side == Side::Agent;
            session.say(now, side, script.rest);
        }
    }
}

/// What the headers of an advanced timing file say about the files.
#[derive(Default)]
struct Names {
    input: Option<String>,
    output: Option<String>,
}

impl Names {
    fn learn(&mut self, words: &str, session: &mut Session) {
        let (name, value) = words.split_once(' ').unwrap_or((words, ""));
        match name {
            "INPUT_LOG" => self.input = Some(base_name(value)),
            "OUTPUT_LOG" => self.output = Some(base_name(value)),
            "START_TIME" => session.began = value.parse().ok().or(session.began),
            "COMMAND" => session.command = Some(value.into()),
            "EXIT_CODE" => {
                let last = session.events.last().map_or(Duration::ZERO, |last| last.at);
                session.push(last, What::Note(format!("the recorded command ended with status {value}")));
            }
            _ => {}
        }
    }

    /// Whether both directions are in one file (`--log-io`).
    fn one_file(&self) -> bool {
        self.input.is_some() && self.input == self.output
    }
}

/// The name of a file without the folders of somebody else's machine.
fn base_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::{said, told};
    use super::*;

    const OUT: &str = "Script started on 2026-11-27 18:58:43+00:00 [COMMAND=\"telnet 10.0.0.5\" TERM=\"xterm\" COLUMNS=\"80\"]\nlogin: admin\r\n> \nScript done on 2026-11-27 18:58:44+00:00 [COMMAND_EXIT_CODE=\"3\"]\n";
    const IN: &str = "Script started on 2026-11-27 18:58:43+00:00 [COMMAND=\"telnet 10.0.0.5\"]\nadmin\r\nScript done on 2026-11-27 18:58:44+00:00 [COMMAND_EXIT_CODE=\"3\"]\n";
    const ADVANCED: &str = "H 0.000000 START_TIME 2026-11-27 18:58:43+00:00\nH 0.000000 COMMAND telnet 10.0.0.5\nH 0.000000 OUTPUT_LOG /a/out\nH 0.000000 INPUT_LOG /a/in\nO 0.25 7\nI 1.000000 6\nO 0.000062 7\nS 0.5 SIGWINCH ROWS=30 COLS=90\nO 0.25 2\nH 0.000000 DURATION 2.0\nH 0.000000 EXIT_CODE 3\n";

    fn source<'a>(name: &'a str, text: &'a str) -> Source<'a> {
        Source { name, bytes: text.as_bytes() }
    }

    fn of(out: &str, typed: Option<&str>, timing: Option<&str>) -> (Session, Vec<String>) {
        let mut warnings = Vec::new();
        let files = Files {
            log: source("out", out),
            typed: typed.map(|text| source("in", text)),
            timing: timing.map(|text| source("timing", text)),
        };
        (read(&files, &mut warnings), warnings)
    }

    #[test]
    fn both_directions_with_their_times() {
        let (session, warnings) = of(OUT, Some(IN), Some(ADVANCED));
        assert_eq!(warnings, [""; 0]);
        let words = [
            (250, "d:login: "),
            (1250, "a:admin\\r"),
            (1250, "d:admin\\r\\n"),
            (1750, "n:signal SIGWINCH ROWS=30 COLS=90"),
            (2000, "d:> "),
            (2000, "n:the recorded command ended with status 3"),
        ];
        assert_eq!(told(&session), words.map(|(at, words)| (at, words.to_owned())));
        assert_eq!(session.began.unwrap().to_string(), "2026-11-27T18:58:43Z");
        assert_eq!((session.command.as_deref(), session.unheard), (Some("telnet 10.0.0.5"), None));
    }

    #[test]
    fn both_directions_in_one_file() {
        let both = OUT.replace("login: admin", "login: admin\radmin");
        let timing = ADVANCED.replace("/a/in", "/a/out");
        let (session, warnings) = of(&both, None, Some(&timing));
        assert_eq!(warnings, [""; 0]);
        assert_eq!(
            (said(&session, Side::Agent), said(&session, Side::Device)),
            ("admin\r".into(), "login: admin\r\n> ".into())
        );
    }

    #[test]
    fn the_classic_format_and_no_timing_at_all_hold_what_the_device_said() {
        let (session, warnings) = of(OUT, None, Some("0.5 7\n1.5 9\n"));
        assert_eq!(warnings, [""; 0]);
        assert_eq!(told(&session), [(500, "d:login: ".into()), (2000, "d:admin\\r\\n> ".into())]);
        assert!(session.unheard.unwrap().contains("only where it was echoed"));
        let (session, _) = of(OUT, None, None);
        assert_eq!(told(&session), [(0, "d:login: admin\\r\\n> ".into())]);
        assert_eq!(session.command.as_deref(), Some("telnet 10.0.0.5"));
    }

    #[test]
    fn what_was_typed_but_not_named_is_told() {
        let (session, warnings) = of(OUT, None, Some(ADVANCED));
        assert!(session.unheard.is_some() && !session.hears_agent);
        assert_eq!(warnings, ["what was typed is in in; name it by --input to have it in the transcript"]);
        let (_, warnings) = of(OUT, Some(IN), None);
        assert!(warnings[0].contains("without the timing file"), "{warnings:?}");
    }

    #[test]
    fn damage_is_told_with_its_place_and_the_rest_is_kept() {
        let bad = "0.5 7\n0.5 x\n1.0 2\n";
        let (session, warnings) = of(OUT, None, Some(bad));
        assert!(warnings[0].starts_with("timing:2:1: this is no line"), "{warnings:?}");
        assert!(warnings[1].starts_with("out:2:8: 9 bytes from here"), "{warnings:?}");
        assert_eq!(said(&session, Side::Device), "login: admin\r\n> ");
        let (session, warnings) = of(&OUT[..OUT.find("\r\n> ").unwrap()], None, Some("0.5 7\n0.5 9\n"));
        assert!(warnings[0].starts_with("out:2:13: the line `Script done"), "{warnings:?}");
        assert!(warnings[1].starts_with("timing:2:1: 4 bytes are said"), "{warnings:?}");
        assert_eq!(said(&session, Side::Device), "login: admin");
        let (_, warnings) = of(&format!("{OUT}{OUT}"), None, None);
        assert!(warnings[0].contains("script --append"), "{warnings:?}");
    }
}
