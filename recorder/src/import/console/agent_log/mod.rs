//! What ClusterLabs' fence agents write with `--verbose`, also into `--debug-file` (seen of fence-agents 4.12.1): records
//! `DATE TIME,MS LEVEL: WORDS`, of which `Running command: …` begins a session, and `Sent: …` and `Received: …` hold what was
//! said, over as many lines as it has.
//!
//! The log has gaps, and they are told. An agent reads the answer to the user's name without logging it, and what the device
//! said before the agent gave up is not there. The password stands in it in the clear.

mod records;

use std::time::Duration;

use fencelab_transcript::Side;
use fencelab_transcript::turns::Prompts;

use super::session::{Happened, Session, What};
use super::source::Source;
use records::{Says, records};

/// Whether this is such a log: there is a record in it of what was run, sent or received.
pub(super) fn is_agent_log(bytes: &[u8]) -> bool {
    let records = records(bytes);
    records
        .iter()
        .any(|record| matches!(record.says(bytes), Says::Run(_) | Says::Sent(_) | Says::Received(_)))
}

/// Reads a log: one session for each command that was run. What is wrong goes to `warnings`, with its place.
pub(super) fn read(source: Source<'_>, prompts: &Prompts, warnings: &mut Vec<String>) -> Vec<Session> {
    let records = records(source.bytes);
    if let Some(first) = records.first().filter(|first| first.at > 0) {
        warnings.push(format!(
            "{}: what stands before the first record ({} bytes) is no record of a fence agent; it is left out",
            source.place(0),
            first.at
        ));
    }
    if let Some(last) = records.last().filter(|_| !source.bytes.ends_with(b"\n")) {
        warnings
            .push(format!("{}: this record was cut off; what there is of it is kept", source.place(last.at)));
    }
    let start = records.first().map(|first| first.time);
    let (mut sessions, mut now) = (Vec::new(), Duration::ZERO);
    let mut reader: Option<Reader<'_>> = None;
    for record in &records {
        // The clock is the wall's, and local: it may be set, or go back in autumn.
        let since = start.map(|start| record.time.duration_since(start)).unwrap_or_default();
        now = now.max(Duration::try_from(since).unwrap_or_default());
        if let Says::Run(command) = record.says(source.bytes) {
            sessions.extend(reader.take().map(Reader::finish));
            reader = Some(Reader::new(now, command, prompts));
            continue;
        }
        match &mut reader {
            Some(reader) => reader.read(now, record.level, record.says(source.bytes)),
            None if matches!(record.says(source.bytes), Says::Sent(_) | Says::Received(_)) => {
                warnings
                    .push(format!("{}: the log begins in the middle of a session", source.place(record.at)));
                let mut late = Reader::new(now, b"", prompts);
                late.session.unheard = Some("the log begins in the middle of the session".into());
                late.read(now, record.level, record.says(source.bytes));
                reader = Some(late);
            }
            None => {}
        }
    }
    sessions.extend(reader.map(Reader::finish));
    sessions
}

/// Reads the records of one session.
struct Reader<'a> {
    session: Session,
    prompts: &'a Prompts,
    /// The client is telnet, and has not been heard yet: its commands are not for the device.
    before_telnet: bool,
    /// What the agent sent since the device's last words, each with its place among the events.
    sent: Vec<(usize, Vec<u8>)>,
    /// The device's last words ask for a name: the agent is logging in.
    login: bool,
    /// The last line of the first words that were received: by them the device asks for a name.
    first_prompt: Option<Vec<u8>>,
}

impl<'a> Reader<'a> {
    fn new(opened: Duration, command: &[u8], prompts: &'a Prompts) -> Self {
        let command = String::from_utf8_lossy(command).into_owned();
        let program = command.split_whitespace().next().unwrap_or_default();
        let before_telnet = program.rsplit('/').next() == Some("telnet");
        let session = Session { command: Some(command), hears_agent: true, opened, ..Session::default() };
        Self { session, prompts, before_telnet, sent: Vec::new(), login: false, first_prompt: None }
    }

    fn read(&mut self, at: Duration, level: &str, says: Says<'_>) {
        match says {
            Says::Sent(bytes) if self.before_telnet => self.session.port = port(bytes).or(self.session.port),
            Says::Sent(bytes) => self.sent(at, bytes),
            Says::Received(bytes) => self.received(at, bytes),
            Says::Else(words) if level == "ERROR" || level == "WARNING" => self.failed(at, words),
            Says::Else(words) if gave_up(words) => self.failed(at, words),
            Says::Run(_) | Says::Else(_) => {}
        }
    }

    fn sent(&mut self, at: Duration, bytes: &[u8]) {
        if !self.sent.is_empty() {
            let note = "the log does not hold what the device said here, if anything";
            self.session.push(at, What::Note(note.into()));
        }
        self.sent.push((self.session.events.len(), bytes.to_vec()));
        self.session.say(at, Side::Agent, bytes);
    }

    fn received(&mut self, at: Duration, bytes: &[u8]) {
        self.before_telnet = false;
        let line = last_line(bytes);
        if self.login {
            self.find_password(self.prompts.asks(line));
        }
        self.sent.clear();
        let asks_again =
            self.first_prompt.as_deref().is_some_and(|first| !first.is_empty() && line.ends_with(first));
        self.login = self.first_prompt.is_none() || asks_again;
        self.first_prompt.get_or_insert_with(|| line.trim_ascii().to_vec());
        self.session.say(at, Side::Device, bytes);
    }

    /// Of several lines that were sent with nothing received between them, the first is the user's name, and the last the
    /// password: the agent saw the prompt for it, and did not log it. Unless that prompt comes only now: then the last is the
    /// name once more, with another end of line.
    fn find_password(&mut self, prompt_comes: bool) {
        let lines = self.sent.iter().filter(|(_, line)| !line.trim_ascii().is_empty());
        if let (Some((at, _)), false) = (lines.skip(1).last(), prompt_comes) {
            let time = self.session.events.get(*at).map_or(Duration::ZERO, |event| event.at);
            self.session.events.insert(*at, Happened { at: time, what: What::SecretDue });
        }
    }

    /// The agent says why it gave up.
    fn failed(&mut self, at: Duration, words: &[u8]) {
        let words = String::from_utf8_lossy(words);
        let first = words.lines().next().unwrap_or_default().trim();
        if first.is_empty() {
            return;
        }
        if self.session.is_silent() {
            self.session.error.get_or_insert_with(|| first.to_owned());
        }
        self.session.push(at, What::Note(format!("the agent: {first}")));
    }

    fn finish(mut self) -> Session {
        if self.login {
            self.find_password(false);
        }
        self.session
    }
}

/// What pexpect raises; more follows that holds what was not logged, in a form that is no dialogue.
fn gave_up(words: &[u8]) -> bool {
    words.starts_with(b"Timeout exceeded") || words.starts_with(b"End Of File (EOF)")
}

/// The port of telnet's command `open HOST -PORT`.
fn port(command: &[u8]) -> Option<u16> {
    let words = std::str::from_utf8(command).ok()?.trim().strip_prefix("open ")?;
    words.split_whitespace().nth(1)?.trim_start_matches('-').parse().ok()
}

fn last_line(bytes: &[u8]) -> &[u8] {
    bytes.rsplit(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::told;
    use super::*;

    /// Records in the layout of the agents, one second after the other.
    fn log(records: &[&str]) -> String {
        let line = |(second, record): (usize, &&str)| {
            let level = if record.starts_with("Running") { "INFO" } else { "DEBUG" };
            match record.strip_prefix("!") {
                Some(error) => format!("2026-11-27 18:55:{second:02},500 ERROR: {error}\n"),
                None => format!("2026-11-27 18:55:{second:02},500 {level}: {record}\n"),
            }
        };
        records.iter().enumerate().map(line).collect()
    }

    fn of(text: &str) -> (Vec<Session>, Vec<String>) {
        let mut warnings = Vec::new();
        (read(Source { name: "log", bytes: text.as_bytes() }, &Prompts::new(), &mut warnings), warnings)
    }

    fn words(session: &Session) -> Vec<String> {
        told(session).into_iter().map(|(_, words)| words).collect()
    }

    const MISSING: &str = "n:the log does not hold what the device said here, if anything";

    #[test]
    fn the_lines_of_a_login_over_telnet() {
        let text = log(&[
            "Running command: /usr/bin/telnet",
            "Sent: set binary\n",
            "Sent: open 10.0.0.5 -2323\n",
            "Received: User Name :",
            "Sent: apc\r\n",
            "Sent: geheim\r\n",
            "Received:  ******\r\n\r\n>",
            "Sent: 1\r\n",
            "Received:  1\r\n2026-11-27 is no record\r\n>",
        ]);
        let (sessions, warnings) = of(&text);
        assert_eq!((sessions.len(), warnings), (1, Vec::new()));
        let expected = [
            "d:User Name :",
            "a:apc\\r\\n",
            MISSING,
            "s",
            "a:geheim\\r\\n",
            "d: ******\\r\\n\\r\\n>",
            "a:1\\r\\n",
            "d: 1\\r\\n2026-11-27 is no record\\r\\n>",
        ];
        assert_eq!(words(&sessions[0]), expected);
        assert_eq!((sessions[0].port, told(&sessions[0])[0].0), (Some(2323), 3000));
    }

    #[test]
    fn a_name_that_is_sent_twice_is_no_password_but_what_is_sent_again_after_a_failure_is_one() {
        let twice = log(&[
            "Running command: telnet",
            "Received: login:",
            "Sent: lab\r\n",
            "Sent: lab\n",
            "Received: Password",
            "Sent: geheim\n",
        ]);
        assert!(!words(&of(&twice).0[0]).contains(&"s".to_owned()), "the core sees the prompt itself");
        let again = log(&[
            "Running command: telnet",
            "Received: login:",
            "Sent: lab\r\n",
            "Sent: wrong\r\n",
            "Received: \r\nlogin:",
            "Sent: \r",
            "Sent: lab\r",
            "Sent: geheim\r",
            "Timeout exceeded.\nbuffer (last 100 chars): 'geheim'",
            "!Unable to connect/login to fencing device\n\n",
        ]);
        let words = words(&of(&again).0[0]);
        let due = words.iter().filter(|words| *words == "s").count();
        assert_eq!(due, 2, "{words:?}");
        let end = &words[words.len() - 2..];
        assert_eq!(
            end,
            ["n:the agent: Timeout exceeded.", "n:the agent: Unable to connect/login to fencing device"]
        );
    }

    #[test]
    fn several_runs_damage_and_a_connection_that_failed() {
        let one = log(&["Running command: ssh lab@x -p 22", "Received: password:", "Sent: geheim\n"]);
        let failed = log(&["Running command: telnet", "Sent: open x -23\n", "!Unable to connect/login\n"]);
        let (sessions, warnings) = of(&format!("{one}{failed}"));
        assert_eq!((sessions.len(), warnings), (2, Vec::new()));
        assert_eq!(sessions[1].error.as_deref(), Some("Unable to connect/login"));
        let (sessions, warnings) = of(&format!("Status: ON\n{}", &one[..one.len() - 3]));
        assert!(warnings[0].starts_with("log:1:1: what stands before"), "{warnings:?}");
        assert!(warnings[1].starts_with("log:4:1: this record was cut off"), "{warnings:?}");
        assert_eq!(words(&sessions[0]), ["d:password:", "a:gehei"]);
        let (sessions, warnings) = of(&one[one.find('\n').unwrap() + 1..]);
        assert!(warnings[0].starts_with("log:1:1: the log begins in the middle"), "{warnings:?}");
        assert!(sessions[0].unheard.is_some());
        assert!(
            !is_agent_log(b"2026-11-27 18:55:28,798 INFO: Executing: ipmitool\n")
                && is_agent_log(one.as_bytes())
        );
    }
}
