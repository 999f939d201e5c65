//! The words of the program that stood between a person and the device: telnet(1) and ssh(1) speak for themselves before they
//! carry anything. They are no part of the dialogue, and they hold addresses.

use fencelab_transcript::Side;
use fencelab_transcript::turns::Prompts;

use super::session::{Session, What};
use super::source::find;

/// Telnet's last words before it carries what is said.
const ESCAPE: &[u8] = b"Escape character is ";
/// And its last ones.
const CLOSED: &[u8] = b"Connection closed by foreign host.";
/// It speaks no longer than this before.
const FIRST_BYTES: usize = 4096;
/// How ssh asks about a key that it does not know.
const UNKNOWN_KEY: &[u8] = b"continue connecting (yes/no";

/// Takes the words of the client out of a session; says in words what was taken out.
pub(super) fn take_out(session: &mut Session, prompts: &Prompts) -> Option<&'static str> {
    let command = session.command.clone().unwrap_or_default();
    session.port = session.port.or_else(|| port(&command));
    if telnet(session, program(&command) == Some("telnet")) {
        Some("what the telnet client itself said is left out")
    } else if program(&command) == Some("ssh") && ssh(session, prompts) {
        Some("what ssh asked for its login, and the answers, are left out")
    } else {
        None
    }
}

/// The program that speaks to the device, of a command.
pub(super) fn program(command: &str) -> Option<&str> {
    // It need not be the first word: `sudo -u x ssh …`, `sshpass -e ssh …`.
    let names = command.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    let known = ["telnet", "ssh", "plink", "screen", "minicom", "picocom", "cu", "tio", "nc", "socat"];
    names.into_iter().find(|name| known.contains(name))
}

/// The device's port, as it stands in a command.
fn port(command: &str) -> Option<u16> {
    let mut words = command.split_whitespace();
    match program(command)? {
        "ssh" => words
            .find_map(|word| match word.strip_prefix("-p")? {
                "" => Some(None),
                port => Some(port.parse().ok()),
            })?
            .or_else(|| words.next()?.parse().ok()),
        "telnet" => words.last()?.parse().ok(),
        _ => None,
    }
}

fn telnet(session: &mut Session, is_telnet: bool) -> bool {
    let said = session.events.iter().filter_map(|event| match &event.what {
        What::Said(Side::Device, bytes) => Some(bytes),
        _ => None,
    });
    let mut first = Vec::new();
    for bytes in said {
        first.extend_from_slice(bytes);
        if first.len() > FIRST_BYTES {
            break;
        }
    }
    // A recording may be cut off within them.
    let begins = |words: &[u8]| first.starts_with(words) || !first.is_empty() && words.starts_with(&first);
    let speaks = begins(b"telnet> ") || begins(b"Trying ");
    let end = find(&first, ESCAPE).filter(|_| speaks).and_then(|at| {
        let line = first.get(at..)?.iter().position(|byte| *byte == b'\n')?;
        Some(at + line + 1)
    });
    match end {
        Some(end) => drop_device(session, end),
        // It says so, or the recording ends before it could.
        None if speaks && is_telnet => {
            let words = String::from_utf8_lossy(&first);
            let why = words.lines().find_map(|line| line.trim().strip_prefix("telnet: "));
            let why = why.unwrap_or("the telnet client did not connect");
            session.error.get_or_insert_with(|| why.to_owned());
            session.events.retain(|event| !matches!(event.what, What::Said(..)));
        }
        None => return false,
    }
    let last = session.events.iter_mut().rev().find_map(|event| match &mut event.what {
        What::Said(Side::Device, bytes) => Some((event.at, bytes)),
        _ => None,
    });
    if let Some((at, bytes)) = last
        && let Some(before) = bytes.trim_ascii_end().strip_suffix(CLOSED)
    {
        let length = before.len();
        bytes.truncate(length);
        session.push(at, What::Closed(Side::Device));
    }
    true
}

/// Drops so many bytes of what the device said first, and what the agent said before its last.
fn drop_device(session: &mut Session, count: usize) {
    let mut left = count;
    session.events.retain_mut(|event| match &mut event.what {
        _ if left == 0 => true,
        What::Said(Side::Device, bytes) => {
            let gone = left.min(bytes.len());
            bytes.drain(..gone);
            left -= gone;
            !bytes.is_empty()
        }
        What::Said(Side::Agent, _) => false,
        _ => true,
    });
}

/// ssh asks for a password, or about a key, as often as it likes; the device speaks only afterwards.
fn ssh(session: &mut Session, prompts: &Prompts) -> bool {
    let (mut line, mut answering, mut typed): (Vec<u8>, _, Vec<u8>) = (Vec::new(), false, Vec::new());
    // Behind which event, and how many bytes of it, the login is over.
    let mut over: Option<(usize, usize)> = None;
    let mut secrets = Vec::new();
    for (index, event) in session.events.iter().enumerate() {
        match &event.what {
            What::Said(Side::Device, bytes) => {
                line.extend_from_slice(bytes);
                if let Some(end) = line.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
                    line.drain(..=end);
                }
            }
            What::Said(Side::Agent, bytes) => {
                let is_key = find(&line, UNKNOWN_KEY).is_some();
                if !answering && !is_key && !prompts.asks(&line) {
                    break;
                }
                answering = true;
                let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                typed.extend(bytes.iter().take(end.unwrap_or(bytes.len())));
                if let Some(end) = end {
                    let more = usize::from(bytes.get(end..end + 2) == Some(b"\r\n"));
                    over = Some((index, end + 1 + more));
                    if !is_key {
                        secrets.push(std::mem::take(&mut typed));
                    }
                    typed.clear();
                    answering = false;
                    line.clear();
                }
            }
            _ => {}
        }
    }
    let Some((index, count)) = over else { return false };
    let mut rest = session.events.split_off(index);
    if let Some(What::Said(_, bytes)) = rest.first_mut().map(|event| &mut event.what) {
        bytes.drain(..count.min(bytes.len()));
    }
    rest.retain(|event| !matches!(&event.what, What::Said(_, bytes) if bytes.is_empty()));
    session.events = rest;
    session.secrets.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
    // ssh ends the line of its prompt.
    let next = session.events.iter_mut().find_map(|event| match &mut event.what {
        What::Said(Side::Device, bytes) => Some(bytes),
        _ => None,
    });
    if let Some(bytes) = next {
        let blanks = bytes.iter().take_while(|byte| **byte == b' ').count();
        if bytes.get(blanks..).unwrap_or_default().starts_with(b"\r\n") {
            bytes.drain(..blanks + 2);
        }
    }
    session.events.retain(|event| !matches!(&event.what, What::Said(_, bytes) if bytes.is_empty()));
    true
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::session::tests::told;
    use super::*;

    fn session(command: &str, turns: &[(Side, &str)]) -> Session {
        let mut session = Session { command: Some(command.into()), hears_agent: true, ..Session::default() };
        for (side, text) in turns {
            session.say(Duration::ZERO, *side, text.as_bytes());
        }
        session
    }

    fn left(mut session: Session) -> (Vec<String>, Vec<Vec<u8>>) {
        take_out(&mut session, &Prompts::new());
        (told(&session).into_iter().map(|(_, words)| words).collect(), session.secrets)
    }

    use Side::{Agent, Device};

    #[test]
    fn telnet_speaks_until_it_names_the_escape_character() {
        let (words, _) = left(session(
            "telnet 10.0.0.5",
            &[
                (Device, "Trying 10.0.0.5...\r\nConn"),
                (Device, "ected to 10.0.0.5.\r\nEscape character is '^]'.\r\nlogin: "),
                (Agent, "lab\r"),
                (Device, "lab\r\nBye\r\nConnection closed by foreign host.\r\n"),
            ],
        ));
        assert_eq!(words, ["d:login: ", "a:lab\\r", "d:lab\\r\\nBye\\r\\n", "c:device"]);
        let mut refused = session(
            "telnet x",
            &[(
                Device,
                "Trying 10.0.0.5...\r\ntelnet: Unable to connect to remote host: Connection refused\r\n",
            )],
        );
        take_out(&mut refused, &Prompts::new());
        assert!(refused.is_silent());
        assert_eq!(refused.error.as_deref(), Some("Unable to connect to remote host: Connection refused"));
        let (words, _) = left(session("telnet x", &[(Device, "Connected to peace\r\n")]));
        assert_eq!(words, ["d:Connected to peace\\r\\n"]);
    }

    #[test]
    fn ssh_speaks_until_its_login_is_over() {
        let (words, secrets) = left(session(
            "/usr/bin/ssh lab@pdu",
            &[
                (Device, "Are you sure you want to continue connecting (yes/no/[fingerprint])? "),
                (Agent, "yes\r"),
                (Device, "yes\r\nlab@pdu's password: "),
                (Agent, "wr"),
                (Agent, "ong\r"),
                (Device, "\r\nPermission denied, please try again.\r\r\nlab@pdu's password: "),
                (Agent, "geheim\rst"),
                (Device, "\r\napc> "),
                (Agent, "at\r"),
            ],
        ));
        assert_eq!(words, ["a:st", "d:apc> ", "a:at\\r"]);
        assert_eq!(secrets, [b"wrong".to_vec(), b"geheim".to_vec()]);
        let (words, _) = left(session("ssh pdu", &[(Device, "login: "), (Agent, "lab\r")]));
        assert_eq!(words, ["d:login: ", "a:lab\\r"]);
    }

    #[test]
    fn the_program_is_found_in_a_command() {
        assert_eq!(program("sshpass -e /usr/bin/ssh -p 22 x"), Some("ssh"));
        assert_eq!(program("/bin/bash"), None);
        assert_eq!(
            (port("ssh -p 2222 x"), port("ssh -p2222 x"), port("ssh x")),
            (Some(2222), Some(2222), None)
        );
        assert_eq!((port("telnet x 2323"), port("telnet x")), (Some(2323), None));
    }
}
