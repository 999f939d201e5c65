//! The one way in which all consoles are read: say a line, and listen until the device says that it is done.
//!
//! A device is done when the text ends with a prompt. Only then is anything understood of it: what came before the prompt
//! is complete, and what did not come before a prompt is no answer. Three things keep a prompt-like text within an answer
//! from being taken for the end of it, however the bytes are cut:
//!
//! - The *echo*. Nearly every device repeats what it is told. Once one was heard to do so, its answer begins behind the
//!   echo of the very line that was sent, so nothing that belongs to an earlier question is taken for it.
//! - The *known prompt*. The line on which the device stood after the login is the prompt, letter by letter; only if it has
//!   another one at times is the pattern used that the dialect or the user gives.
//! - The *repetition*. A prompt that is short, or known by its pattern only, is asked for once more with an empty line: a
//!   device that stands at it shows it again and nothing else. Where it might take an empty line for an answer (in a menu,
//!   during an order), or says nothing to it, the prompt must stay the last thing that was said for a moment.
//!
//! What goes wrong here ends the conversation: the next question is asked in a new session, where nothing old can be heard.

use std::time::Duration;

use fencelab_link::{Heard, LinkError, Stream, Target, Way};

use super::{
    kind::Kind,
    pattern::{Ending, Proof},
    text::{Text, one_line},
};
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// So much text may come without a prompt. A device that babbles on is none.
const ANSWER_MAX: usize = 1 << 20;

/// So much of the end of the text is looked at for a prompt.
const TAIL: usize = 512;

/// A prompt of so many characters or more hardly stands alone on a line of an answer.
const TELLING: usize = 3;

/// How long a prompt must be the last thing said that is the known one, but short.
const SHORT_SETTLING: Duration = Duration::from_millis(100);

/// How long a prompt must be the last thing said that is known by its pattern only, or comes without an echo; if the device
/// does not repeat it.
const LONG_SETTLING: Duration = Duration::from_millis(500);

/// How an end of an answer is known.
pub(crate) struct Expected<'e> {
    /// What the text ends with.
    pub(crate) endings: &'e [Ending],
    /// What the device asks on its way to the end, and what it is then told.
    pub(crate) pagers: &'e [Pager],
    pub(crate) repeats: Repeats,
}

/// Which prompt a device would show once more behind an empty line, and do no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Repeats {
    /// None: the line could be an answer.
    Never,
    /// The known one.
    Known,
    /// Also one that is known by its pattern only.
    Any,
}

/// A question on the way, such as whether to go on to the next page.
pub(crate) struct Pager {
    pub(crate) ending: Ending,
    /// What is sent, as it is.
    pub(crate) say: &'static str,
}

/// How often a pager is answered before a device counts as one that asks without end.
const PAGES_MAX: u32 = 200;

/// What a device said.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Answer {
    /// The text between the echo and the ending.
    pub(crate) text: String,
    /// What ended it, the line on which that stands, and the number of the ending.
    pub(crate) end: String,
    pub(crate) line: String,
    pub(crate) ending: usize,
}

/// A conversation with a device.
pub(crate) struct Terminal {
    stream: Box<dyn Stream>,
    pub(crate) target: Target,
    /// What ends a line that is said.
    pub(crate) eol: &'static str,
    text: Text,
    /// Whether the device echoes, once that is known.
    echoes: Option<bool>,
    /// The prompt, letter by letter, once it is known.
    prompt: Option<String>,
    /// Whether the prompt was asked for once more and has not come: it may still come.
    owed: bool,
    /// What prompts look like.
    pub(crate) prompts: Vec<Ending>,
    /// Whether the device repeats its prompt behind an empty line. In a menu that may choose something.
    repeats: bool,
}

impl Terminal {
    /// Opens the link. Nothing is said yet.
    pub(crate) fn open(
        context: &mut Context<'_>,
        target: &Target,
        way: &Way,
        kind: &Kind,
        prompts: Vec<Ending>,
        until: Duration,
    ) -> Result<Self, Failure> {
        let stream = context.stream(target, way, until).map_err(|error| unreachable(&error))?;
        Ok(Self {
            stream,
            target: target.clone(),
            eol: kind.eol,
            text: Text::default(),
            echoes: None,
            prompt: None,
            owed: false,
            prompts,
            repeats: !kind.menu,
        })
    }

    /// What came and is no answer yet.
    pub(crate) fn unanswered(&self) -> String {
        self.text.tail(TAIL)
    }

    /// Whether what is heard is known to be an answer to what was said.
    pub(crate) fn is_sure(&self) -> bool {
        self.echoes == Some(true)
    }

    /// Keeps the line at the end as the prompt, letter by letter.
    pub(crate) fn know_prompt(&mut self, answer: &Answer) {
        let prompt = answer.line.trim();
        self.prompt = Some(prompt.to_owned()).filter(|prompt| !prompt.is_empty());
    }

    /// Says bytes that are no line, and of which no echo is expected. What came before is forgotten.
    pub(crate) fn say_raw(&mut self, bytes: &str) -> Result<(), Failure> {
        self.hear_the_rest()?;
        self.send(bytes)
    }

    /// Rouses a device at a serial line, which waits for whoever comes: what stands there half typed is given up, so that Enter
    /// carries out nothing, and all that it says then is heard.
    pub(crate) fn rouse(&mut self, until: Duration) -> Result<(), Failure> {
        // The key is CR; the end of a line of telnet would be two.
        self.eol = "\r";
        self.send("\x15\r")?;
        loop {
            let quiet = self.stream.now().saturating_add(LONG_SETTLING).min(until);
            match self.hear(quiet)? {
                Heard::Bytes(bytes) => self.text.push(&bytes),
                Heard::Silence => return Ok(()),
                Heard::End => return Err(self.failure(None, "has hung up")),
            }
            if self.text.len() > ANSWER_MAX {
                return Err(self.failure(None, "talks on and on"));
            }
        }
    }

    /// Says a line, and listens for the answer to it. A secret line has no echo that could be expected.
    pub(crate) fn ask(
        &mut self,
        context: &mut Context<'_>,
        line: &str,
        expected: &Expected<'_>,
        until: Duration,
    ) -> Result<Answer, Failure> {
        self.hear_the_rest()?;
        let eol = self.eol;
        self.send(&format!("{line}{eol}"))?;
        self.listen(context, Some(line), expected, until)
    }

    /// Listens until the text ends as expected.
    pub(crate) fn listen(
        &mut self,
        context: &mut Context<'_>,
        said: Option<&str>,
        expected: &Expected<'_>,
        until: Duration,
    ) -> Result<Answer, Failure> {
        // An empty line has no echo.
        let said = said.filter(|line| !line.trim().is_empty());
        let mut echo = Echo { line: said, found: false };
        let mut pages = 0;
        // Where the prompt stood that was asked for once more.
        let mut asked_at: Option<(usize, String)> = None;
        loop {
            self.cut_echo(&mut echo);
            if let Some(pager) = self.pager(expected, &echo) {
                pages += 1;
                if pages > PAGES_MAX {
                    return Err(self.failure(said, "asks without end whether to go on"));
                }
                self.text.drop_last_line();
                self.send(pager.say)?;
            }
            if context.now() > until.saturating_add(LONG_SETTLING) {
                return Err(self.failure(said, "has not come to a prompt in time"));
            }
            let mut found = self.ending(expected, &echo);
            if let Some(found) = found.as_mut().filter(|found| found.repeats && self.repeats) {
                match &asked_at {
                    Some((at, line)) if self.text.behind(*at).trim() == line => {
                        found.repeated = Some(*at);
                        found.line.clone_from(line);
                        found.settling = Duration::ZERO;
                    }
                    asked => {
                        if asked.is_none() {
                            self.owed = true;
                            self.send(self.eol)?;
                        }
                        // Behind what looked so and was none, or behind a whole new screen.
                        asked_at = Some((self.text.len(), found.line.trim().to_owned()));
                    }
                }
            }
            let wait = found.as_ref().map_or(until, |found| context.now().saturating_add(found.settling));
            match self.hear(wait)? {
                Heard::Bytes(bytes) => self.text.push(&bytes),
                Heard::Silence => {
                    if let Some(found) = found {
                        if echo.is_awaited() && asked_at.is_none() && self.is_late_repetition() {
                            self.owed = false;
                            self.text.clear();
                            continue;
                        }
                        return Ok(self.take(found, &echo));
                    }
                    return Err(self.failure(said, "has not come to a prompt in time"));
                }
                Heard::End => return Err(self.failure(said, "has hung up")),
            }
            if self.text.len() > ANSWER_MAX {
                return Err(self.failure(said, "talks on and on without a prompt"));
            }
        }
    }

    /// Everything before the echo belongs to something older, and the echo itself is no part of the answer.
    fn cut_echo(&mut self, echo: &mut Echo<'_>) {
        if let Some(line) = echo.line.filter(|_| !echo.found)
            && let Some(end) = self.text.end_of_echo(line, self.prompt.as_deref())
        {
            // The end of its line stays: prompts are known by standing at the beginning of one.
            self.text.drop_front(end - 1);
            echo.found = true;
            self.echoes = Some(true);
            self.owed = false;
        }
    }

    /// Whether an ending could be the one of the answer to what was said.
    fn may_end(&self, echo: &Echo<'_>) -> bool {
        !echo.is_awaited() || self.echoes != Some(true)
    }

    fn pager<'e>(&self, expected: &Expected<'e>, echo: &Echo<'_>) -> Option<&'e Pager> {
        if expected.pagers.is_empty() || !self.may_end(echo) {
            return None;
        }
        let tail = self.text.tail(TAIL);
        expected.pagers.iter().find(|pager| pager.ending.start(&tail).is_some())
    }

    /// How the text ends, if it ends as expected.
    fn ending(&self, expected: &Expected<'_>, echo: &Echo<'_>) -> Option<Found> {
        if !self.may_end(echo) {
            return None;
        }
        let tail = self.text.tail(TAIL);
        let line = tail.rfind('\n').map_or(0, |at| at + 1);
        let (index, ending, start) = expected
            .endings
            .iter()
            .enumerate()
            .find_map(|(index, ending)| Some((index, ending, ending.start(&tail)?)))?;
        let last = tail.get(line..).unwrap_or_default();
        let known = self.prompt.as_deref().is_some_and(|prompt| prompt == last.trim());
        // An answer may end without the end of a line; but not where the whole line is the prompt.
        let end = if known { last } else { tail.get(start.max(line)..).unwrap_or_default() };
        let telling = ending.proof == Proof::Telling;
        let settling = if echo.is_awaited() {
            if telling && self.echoes == Some(false) { SHORT_SETTLING } else { LONG_SETTLING }
        } else if telling || (known && last.trim().chars().count() >= TELLING) {
            Duration::ZERO
        } else if known {
            SHORT_SETTLING
        } else {
            LONG_SETTLING
        };
        let repeats = ending.proof == Proof::Repetition
            && !settling.is_zero()
            && !echo.is_awaited()
            && match expected.repeats {
                Repeats::Never => false,
                Repeats::Known => known,
                Repeats::Any => true,
            };
        Some(Found { index, end: end.to_owned(), line: last.to_owned(), settling, repeats, repeated: None })
    }

    /// Whether all that came is the prompt that was asked for once more, and came too late for that.
    fn is_late_repetition(&self) -> bool {
        self.owed && self.prompt.as_deref() == Some(self.text.all().trim())
    }

    /// What was said, once nothing more came behind the ending.
    fn take(&mut self, found: Found, echo: &Echo<'_>) -> Answer {
        if let Some(end) = found.repeated {
            self.owed = false;
            self.text.truncate(end);
        }
        if echo.is_awaited() {
            self.echoes.get_or_insert(false);
        }
        let all = self.text.all();
        self.text.clear();
        let last_line = || all.rfind('\n').map_or("", |at| all.get(..=at).unwrap_or_default());
        // A line that was repeated is a prompt as a whole, whatever the pattern matches of it.
        let end = all.strip_suffix(&found.end).filter(|_| found.repeated.is_none());
        let text = end.unwrap_or_else(last_line).to_owned();
        Answer { text, end: found.end, line: found.line, ending: found.index }
    }

    /// What is on its way still belongs to something older.
    fn hear_the_rest(&mut self) -> Result<(), Failure> {
        let now = self.stream.now();
        let mut length = 0;
        while let Heard::Bytes(bytes) = self.hear(now)? {
            length += bytes.len();
            // The escape sequence at its end may go on, so the text hears it too.
            self.text.push(&bytes);
            if length > ANSWER_MAX {
                return Err(self.failure(None, "talks on and on"));
            }
        }
        self.text.clear();
        Ok(())
    }

    fn hear(&mut self, until: Duration) -> Result<Heard, Failure> {
        self.stream.receive(until).map_err(|error| unreachable(&error))
    }

    fn send(&mut self, bytes: &str) -> Result<(), Failure> {
        self.stream.send(bytes.as_bytes()).map_err(|error| unreachable(&error))
    }

    /// Says goodbye, and does not wait for an answer.
    pub(crate) fn farewell(&mut self, lines: &[&str]) {
        for line in lines {
            let eol = self.eol;
            // Nothing can be done about a device that does not want to hear it.
            let _ = self.send(&format!("{line}{eol}"));
        }
    }

    /// What went wrong, with the last line that was seen.
    pub(crate) fn failure(&self, said: Option<&str>, what: &str) -> Failure {
        let target = &self.target;
        let after = said.map(|line| format!(" after {:?}", one_line(line))).unwrap_or_default();
        let tail = self.text.tail(TAIL);
        let seen = match tail.lines().rev().map(one_line).find(|line| !line.is_empty()) {
            Some(line) => format!("{target} {what}{after}; the last line was {line:?}"),
            None => format!("{target} {what}{after}; it said nothing"),
        };
        Failure::passing(if said.is_some() { Step::Command } else { Step::Login }, seen)
    }
}

/// The line that was said, and whether the device has repeated it.
struct Echo<'l> {
    line: Option<&'l str>,
    found: bool,
}

impl Echo<'_> {
    /// Whether there should be one, and none came so far.
    fn is_awaited(&self) -> bool {
        self.line.is_some() && !self.found
    }
}

/// An ending that was found.
struct Found {
    index: usize,
    /// The text of it, from the beginning of its line if it began earlier.
    end: String,
    /// All of its line.
    line: String,
    /// How long nothing may come behind it.
    settling: Duration,
    /// Whether a device that stands there shows it once more behind an empty line.
    repeats: bool,
    /// Where it ends, if it has been shown once more since.
    repeated: Option<usize>,
}

/// A failure of the link as a failure of the agent.
pub(crate) fn unreachable(error: &LinkError) -> Failure {
    match error {
        LinkError::Name { .. } | LinkError::Unsupported { .. } => {
            Failure::lasting(Step::Reach, error.to_string())
        }
        LinkError::Denied { .. } => Failure::lasting(Step::Login, error.to_string()),
        _ => Failure::passing(Step::Reach, error.to_string()),
    }
}
