//! Being let in: name and password, when and as often as the device asks for them.
//!
//! The same few steps serve telnet, devices without users, and those that show a login of their own over SSH; where SSH has
//! let the user in already, the prompt comes at once.

use std::time::Duration;

use fencelab_link::Way;

use super::{
    kind::{Kind, Login},
    pattern::{Ending, has},
    settings::Settings,
    terminal::{Expected, Repeats, Terminal},
    text::one_line,
};
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// A line that asks for the user's name.
const USER: &str = r"(?i)\b(?:login(?: name)?|user ?name|user(?: id)?)\s*[:>]";

/// A line that looks so, and only tells of an earlier login.
const LAST_LOGIN: &str = r"(?i)\blast\s+(?:\w+\s+)?log";

/// A line that asks for the password.
const PASSWORD: &str = r"(?i)\b(?:password|pass ?phrase|passcode)\b[^\n]*:";

/// What devices say to those whom they do not let in.
const REFUSED: &str = r"(?i)(?:login|password|authentication|logon|access|user|permission|invalid|incorrect)[^\n]*\b(?:incorrect|denied|fail\w*|invalid|rejected|refused|not authorized)\b|(?i)(?:invalid|incorrect|bad|wrong|unknown) (?:login|logon|password|user|credentials)";

/// The same as the last thing that is said.
const REFUSED_AT_END: &str = r"(?i)(?:^|\n)(?:login incorrect|access denied|permission denied|authentication failed|login failed|invalid login|invalid password|incorrect password)[^\n]*\n+";

/// So often a name or a password is given: once, and once more with another end of the line.
const TRIES: u32 = 2;

/// NETIO's replies.
const NETIO_GREETING: &str = r"(?:^|\n)100 [^\n]*\n+";
const NETIO_REPLY: &str = r"(?:^|\n)\d{3} [^\n]*\n+";

/// Lets the user in. What comes back is all that the device showed on the way.
pub(crate) fn log_in(
    terminal: &mut Terminal,
    context: &mut Context<'_>,
    kind: &Kind,
    settings: &Settings,
    until: Duration,
) -> Result<String, Failure> {
    match kind.login {
        Login::Asked => {
            let left_over = settings.way.is_line() && settings.user.is_some();
            Asked { terminal, settings, names: 0, passwords: 0, left_over, shown: String::new() }
                .run(context, until)
        }
        Login::Netio => netio(terminal, context, settings, until),
    }
}

/// A login in which the device asks.
struct Asked<'l> {
    terminal: &'l mut Terminal,
    settings: &'l Settings,
    names: u32,
    passwords: u32,
    /// A question for a password may be that of a login which somebody else left at the line.
    left_over: bool,
    shown: String,
}

impl Asked<'_> {
    fn run(mut self, context: &mut Context<'_>, until: Duration) -> Result<String, Failure> {
        loop {
            let mut endings = self.questions().to_vec();
            endings.push(Ending::settled(REFUSED_AT_END));
            endings.extend(self.settings.prompts.iter().cloned());
            // To a question for the user's name, an empty line is an answer.
            let repeats = match self.may_be_in() || self.settings.user.is_none() {
                true => Repeats::Any,
                false => Repeats::Never,
            };
            let expected = Expected { endings: &endings, pagers: &[], repeats };
            let heard = self.terminal.listen(context, None, &expected, until);
            let answer = match heard {
                // Some devices say so and hang up, others say so and no more.
                Err(_) if self.passwords > 0 && has(REFUSED, &self.terminal.unanswered()) => {
                    return Err(self.refused(&self.terminal.unanswered(), ""));
                }
                heard => heard?,
            };
            context.debug(&format!("it shows {:?}, and {:?}", one_line(&answer.text), answer.end));
            self.shown.push_str(&answer.text);
            self.shown.push_str(&answer.end);
            let last_line = self.shown.lines().last().unwrap_or_default();
            match answer.ending {
                0 if has(LAST_LOGIN, last_line) => {}
                0 => self.name(context, &answer.text)?,
                1 => self.password(context, &answer.text)?,
                2 if self.passwords > 0 => return Err(self.refused(&answer.text, &answer.end)),
                2 => {}
                _ => {
                    self.terminal.know_prompt(&answer);
                    return Ok(self.shown);
                }
            }
        }
    }

    /// What the device asks. A greeting may say `User : lab` as well: to whom may have been let in already, a question must be
    /// the last thing that is said for a moment, or the answer would be typed as a command.
    fn questions(&self) -> [Ending; 2] {
        [USER, PASSWORD].map(if self.may_be_in() { Ending::settled } else { Ending::telling })
    }

    fn may_be_in(&self) -> bool {
        self.passwords > 0 || matches!(self.settings.way, Way::Ssh(_))
    }

    fn name(&mut self, context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
        let Some(user) = &self.settings.user else {
            return Err(lasting("the device asks for a user name, and none is given (username, -l)"));
        };
        if self.passwords > 0 && has(REFUSED, text) || self.passwords >= TRIES || self.names > TRIES {
            return Err(self.refused(text, ""));
        }
        // A device that asks again without a word may want its lines to end otherwise.
        if self.passwords > 0 {
            self.terminal.eol = "\r";
        } else if self.names > 0 {
            self.terminal.eol = "\n";
        }
        self.names += 1;
        context.debug(&format!("{} is told the user name", self.terminal.target));
        self.terminal.say_raw(&format!("{user}{}", self.terminal.eol))
    }

    fn password(&mut self, context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
        let Some(password) = &self.settings.password else {
            return Err(lasting("the device asks for a password, and none is given (password, -p)"));
        };
        if self.passwords > 0 && has(REFUSED, text) || self.passwords >= TRIES {
            return Err(self.refused(text, ""));
        }
        if self.names == 0 && std::mem::take(&mut self.left_over) {
            return self.terminal.say_raw(self.terminal.eol);
        }
        self.passwords += 1;
        context.debug(&format!("{} is told the password", self.terminal.target));
        let password = String::from_utf8_lossy(password.expose()).into_owned();
        self.terminal.say_raw(&format!("{password}{}", self.terminal.eol))
    }

    fn refused(&self, text: &str, end: &str) -> Failure {
        let target = &self.terminal.target;
        let said = format!("{text}{end}");
        let said = said.lines().rfind(|line| has(REFUSED, line)).map(one_line);
        let said = said.map(|line| format!(": it says {line:?}")).unwrap_or_default();
        lasting(format!("{target} does not let the user in{said}"))
    }
}

/// The login of NETIO-230: one line with both (Koukaam's manual, "KSHELL").
fn netio(
    terminal: &mut Terminal,
    context: &mut Context<'_>,
    settings: &Settings,
    until: Duration,
) -> Result<String, Failure> {
    let user = settings.user.clone().unwrap_or_default();
    let password =
        settings.password.as_ref().map(|password| String::from_utf8_lossy(password.expose()).into_owned());
    let password = password.unwrap_or_default();
    if [&user, &password].into_iter().any(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        return Err(lasting(
            "user name and password are words of one line here: they may not be empty nor hold blanks",
        ));
    }
    let mut listen = |terminal: &mut Terminal, pattern: &str| {
        let endings = [Ending::telling(pattern)];
        terminal.listen(
            context,
            None,
            &Expected { endings: &endings, pagers: &[], repeats: Repeats::Never },
            until,
        )
    };
    let greeting = listen(terminal, NETIO_GREETING)?;
    terminal.say_raw(&format!("login {user} {password}{}", terminal.eol))?;
    let reply = listen(terminal, NETIO_REPLY)?.text;
    if !has(r"(?:^|\n)250 ", &reply) {
        let reply = reply.lines().map(one_line).rfind(|line| !line.is_empty() && !line.contains(&password));
        return Err(lasting(format!(
            "{} does not let the user in: it says {:?}",
            terminal.target,
            reply.unwrap_or_default()
        )));
    }
    Ok(greeting.text)
}

fn lasting(seen: impl Into<String>) -> Failure {
    Failure::lasting(Step::Login, seen)
}
