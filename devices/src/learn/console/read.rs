//! Transcripts of consoles as visits: the login, then what was typed, step by step, and what came back.

use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::redact::PLACEHOLDER;

use crate::face::Carrier;
use crate::learn::story::{self, Act, Place};
use crate::learn::{LearnError, Named};
use crate::replay::console::script::{Key, Script, Session};

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// What carried the console, in order of appearance.
    pub(super) carriers: Vec<Carrier>,
    pub(super) visits: Vec<Visit>,
    /// The marked actions of each transcript.
    pub(super) acts: Vec<Vec<Act>>,
    pub(super) manner: Manner,
}

/// How the device speaks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// What ends its lines.
    pub(super) eol: &'static str,
    /// What is typed is said back.
    pub(super) echo: bool,
}

/// A session.
#[derive(Debug)]
pub(super) struct Visit {
    /// The transcript, by its index.
    pub(super) file: usize,
    pub(super) carrier: Carrier,
    pub(super) opened: Place,
    /// What the device said before anything was typed.
    pub(super) greeting: String,
    /// The steps of the login; without them nobody was asked.
    pub(super) login: Vec<Step>,
    pub(super) steps: Vec<Step>,
}

/// Something typed, and what came of it. Ends of lines are LF.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) place: Place,
    pub(super) at: Duration,
    pub(super) act: Option<usize>,
    /// The line, or the control character.
    pub(super) typed: String,
    /// Without the echo.
    pub(super) said: String,
    /// What stood in the place of each character of a password.
    pub(super) mask: Option<char>,
    /// The device hung up.
    pub(super) ends: bool,
}

impl Step {
    /// What was said, but for the last line, on which something may be typed.
    pub(super) fn text(&self) -> &str {
        split(&self.said).0
    }

    /// The line on which something may be typed.
    pub(super) fn prompt(&self) -> &str {
        split(&self.said).1
    }
}

/// A text and the line that is not ended.
pub(super) fn split(said: &str) -> (&str, &str) {
    said.rfind('\n').and_then(|end| said.split_at_checked(end + 1)).unwrap_or(("", said))
}

/// Reads all transcripts.
pub(super) fn read(transcripts: &[Named]) -> Result<Read, LearnError> {
    let mut read = Read::default();
    for (file, named) in transcripts.iter().enumerate() {
        let name: Arc<str> = Arc::from(named.name.as_str());
        let Some(carrier) = Carrier::of_protocol(&named.transcript.header.link.protocol) else { continue };
        if !read.carriers.contains(&carrier) {
            read.carriers.push(carrier);
        }
        let acts = story::acts(&name, &named.transcript);
        for session in Script::of(&named.transcript).sessions {
            let visit = visit(file, carrier, &name, &acts, &session);
            if !visit.steps.is_empty() || !visit.login.is_empty() {
                read.visits.push(visit);
            }
        }
        read.acts.push(acts);
    }
    read.manner = manner(&read.visits);
    let Manner { eol, echo } = read.manner;
    for visit in &mut read.visits {
        visit.greeting = visit.greeting.replace(eol, "\n");
        for step in visit.login.iter_mut().chain(&mut visit.steps) {
            step.said = step.said.replace(eol, "\n");
            if echo {
                unecho(step);
            }
        }
    }
    if read.visits.is_empty() {
        return Err(LearnError::NoMarks);
    }
    Ok(read)
}

/// What is said back is no answer; of a password masks are.
fn unecho(step: &mut Step) {
    let echo = format!("{}\n", step.typed);
    if step.typed == PLACEHOLDER
        && let Some((masks, rest)) = step.said.split_once('\n')
        && let Some(mask) = masks.chars().next()
        && masks.chars().all(|c| c == mask)
    {
        step.mask = Some(mask);
        step.said = rest.to_owned();
    } else if let Some(rest) = step.said.strip_prefix(&echo) {
        step.said = rest.to_owned();
    } else if step.typed == PLACEHOLDER
        && let Some(rest) = step.said.strip_prefix('\n')
    {
        step.said = rest.to_owned();
    }
}

/// What may end a line; the longer ones are looked for first.
const ENDS: [&str; 4] = ["\r\r\n", "\r\n", "\n\r", "\n"];

fn manner(visits: &[Visit]) -> Manner {
    let all = || visits.iter().flat_map(|visit| &visit.steps);
    let count = |end: &str| all().map(|step| step.said.matches(end).count()).sum::<usize>();
    // Nearly all lines end with it.
    let eol = ENDS.into_iter().find(|end| 10 * count(end) >= 9 * count("\n")).unwrap_or("\n");
    let lines = || all().filter(|step| !step.typed.is_empty() && !step.said.is_empty());
    let echoed = lines().filter(|step| step.said.starts_with(&format!("{}{eol}", step.typed)));
    Manner { eol, echo: 2 * echoed.count() > lines().count() }
}

fn visit(file: usize, carrier: Carrier, name: &Arc<str>, acts: &[Act], session: &Session) -> Visit {
    let place = |line: usize| Place { file: Arc::clone(name), line };
    let said = |from: usize, to: usize| -> String {
        let here = session.said.iter().filter(|said| (from..to).contains(&said.after));
        here.map(|said| String::from_utf8_lossy(&said.bytes)).collect()
    };
    let mut steps = Vec::new();
    let mut from = 0;
    for (at, stroke) in session.strokes.iter().enumerate() {
        let control = match stroke.key {
            Key::Byte(byte) if byte.is_ascii_control() && byte != b'\t' => Some(char::from(byte).to_string()),
            Key::Enter => None,
            Key::Byte(_) | Key::Masked | Key::Secret => continue,
        };
        let next = at + 1;
        let typed = control.unwrap_or_else(|| session.text(from..at));
        let ends = session.hung_up == Some(next);
        steps.push(Step {
            place: place(stroke.line),
            at: stroke.at,
            act: story::act_at(acts, stroke.line),
            typed,
            said: said(from + 1, next + 1),
            mask: None,
            ends,
        });
        from = next;
    }
    // What is said after the last stroke of a line that was never ended belongs to nothing.
    let accepted = session.accepted().filter(|_| session.asked_itself());
    let login = accepted.map_or(0, |at| {
        let enters = session.strokes.iter().take(at).filter(|stroke| stroke.key == Key::Enter).count();
        (enters + 1).min(steps.len())
    });
    let rest = steps.split_off(login);
    let opened = session.strokes.first().map_or(1, |stroke| stroke.line);
    Visit { file, carrier, opened: place(opened), greeting: said(0, 1), login: steps, steps: rest }
}
