//! The console of a device, as described: how it is reached, who may log in, modes with their commands, and texts over the plugs.

pub(crate) mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fencelab_wire::serial::Line;
use regex::Regex;

use super::rule::longest_window;
use crate::plant::{Command as Order, Power};

pub use text::{Column, PlugView, Tells, Text, TextError, Texts, View};

/// A console. One for all the ways in which it is reached.
#[derive(Clone, Debug)]
pub struct Console {
    /// Whether the telnet options are negotiated; without, bytes are as they come.
    pub negotiates: bool,
    /// What the device ends its lines with.
    pub eol: String,
    /// What ends a line of the user.
    pub enter: Enter,
    /// Whether what is typed is said back.
    pub echo: bool,
    /// Lines are broken there.
    pub columns: Option<u16>,
    /// So many characters a second.
    pub pace: Option<u32>,
    /// How its serial line is set.
    pub line: Line,
    /// Said before anything else.
    pub greeting: Option<Text>,
    /// Said after the login.
    pub welcome: Option<Text>,
    /// How people log in; `None`: nobody is asked.
    pub login: Option<Login>,
    /// Sessions at a time.
    pub sessions: Sessions,
    /// How a plug's power is written.
    pub words: Words,
    /// What else may be written of each plug.
    pub columns_of: Vec<(String, Column)>,
    /// Errors, in the device's words.
    pub errors: Vec<(String, Text)>,
    /// Modes; the first one is where a login leads.
    pub modes: Vec<Mode>,
    /// Documented states.
    pub states: Vec<Look>,
    /// Behaviour; the first rule that holds wins.
    pub rules: Vec<Rule>,
    /// The compiled templates.
    pub texts: Texts,
}

/// What ends a line of the user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Enter {
    /// CR, LF, CR LF and CR NUL, each once.
    Any,
    /// CR; LF is ignored.
    Cr,
    /// LF; CR is ignored.
    Lf,
    /// CR and LF, each by itself: CR LF ends two lines.
    Each,
}

/// How people log in.
#[derive(Clone, Debug)]
pub struct Login {
    /// Asks for the user; `None`: only the password is asked for.
    pub user: Option<Text>,
    /// Asks for the password.
    pub password: Option<Text>,
    /// After a wrong one.
    pub refused: Text,
    /// After the last wrong one, and to everybody during the lock-out.
    pub locked: Text,
    /// So many wrong ones, and the session ends.
    pub tries: u32,
    /// So long nobody is let in then.
    pub lockout: Duration,
    /// Said for each character of the password.
    pub mask: String,
    /// From the password to the answer.
    pub delay: Duration,
    /// SSH lets anybody in, and the device asks.
    pub asks_over_ssh: bool,
    /// Who may; `lab` stands for the lab's own user.
    pub users: Vec<String>,
}

/// Sessions at a time.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// The limit.
    pub limit: usize,
    /// Whether who has not logged in yet counts, too.
    pub counts_half_open: bool,
    /// Said to one too many.
    pub busy: Option<Text>,
    /// A session in which nothing is typed ends after so long.
    pub idle: Option<Duration>,
    /// Said then.
    pub idle_text: Option<Text>,
}

/// Long texts are shown in pages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pager {
    /// So many lines, then the prompt.
    pub lines: usize,
    /// Asks to go on.
    pub prompt: String,
    /// This key ends the text; any other goes on.
    pub quit: Option<u8>,
    /// Said after the key: what wipes the prompt.
    pub erase: String,
}

/// How a plug's power is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Words {
    /// It is on.
    pub on: String,
    /// It is off.
    pub off: String,
    /// It is off and was told to be on.
    pub turning_on: Option<String>,
    /// It is on and was told to be off.
    pub turning_off: Option<String>,
}

impl Words {
    /// The word for a plug.
    #[must_use]
    pub fn of(&self, power: Power, is_turning: bool) -> &str {
        let turning = match power {
            Power::On => &self.turning_off,
            Power::Off => &self.turning_on,
        };
        match (turning, power) {
            (Some(word), _) if is_turning => word,
            (_, Power::On) => &self.on,
            (_, Power::Off) => &self.off,
        }
    }

    /// What a word means.
    #[must_use]
    pub fn meaning(&self, word: &str) -> Option<Power> {
        if word == self.on {
            Some(Power::On)
        } else if word == self.off {
            Some(Power::Off)
        } else {
            None
        }
    }
}

/// A mode: a prompt, and what may be typed there.
#[derive(Clone, Debug)]
pub struct Mode {
    /// Unique.
    pub name: String,
    /// Said whenever something may be typed.
    pub prompt: Text,
    /// Said on the way in.
    pub text: Option<Text>,
    /// What is typed.
    pub input: Input,
    /// What an empty line does.
    pub empty: Empty,
    /// Said to what is no command.
    pub unknown: Text,
    /// How long texts are shown.
    pub pager: Option<Pager>,
    /// The first that matches wins.
    pub commands: Vec<Command>,
}

/// What is typed in a mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Input {
    /// Lines.
    Line,
    /// Single keys.
    Key,
}

/// What an empty line does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Empty {
    /// The prompt is said again.
    Prompt,
    /// The text of the mode, too.
    Text,
    /// It is a command like any other.
    Command,
}

/// What may be typed.
#[derive(Clone, Debug)]
pub struct Command {
    /// What rules call it.
    pub name: String,
    /// What is typed.
    pub on: Trigger,
    /// What is said.
    pub say: Option<Text>,
    /// What the plug is told.
    pub orders: Option<Order>,
    /// Every plug is told.
    pub all: bool,
    /// Where it leads.
    pub go: Option<usize>,
    /// Said when there is no such plug.
    pub absent: Text,
    /// Whether it is a login, with the captures `user` and `password`.
    pub login: bool,
    /// Said when the login is wrong.
    pub refused: Option<Text>,
    /// Whether the session ends after it.
    pub ends: bool,
    /// From the line to the answer.
    pub delay: Duration,
    /// Document and section, or transcript.
    pub source: Option<String>,
}

/// What is typed for a command.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A whole line, or in a mode of keys one key.
    Line(Regex),
    /// This control character, wherever the line is.
    Key(u8),
}

/// What a state looks like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appearance {
    /// The word for the plug.
    pub shows: String,
}

/// A documented state of a console.
pub type Look = super::rule::Look<Appearance>;

/// A rule of a console's behaviour.
pub type Rule = super::rule::Rule<Asked, Fields>;

/// What a rule is about. Absent parts do not restrict.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// This command.
    pub command: Option<String>,
    /// One of these plugs, by index (none: any).
    pub plugs: Vec<usize>,
}

/// The parts of an answer that a rule changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// This is said.
    pub text: Option<Text>,
    /// This error, and nothing is done.
    pub error: Option<String>,
}

impl Console {
    /// The mode at this index; there is always one.
    #[must_use]
    pub fn mode(&self, index: usize) -> Option<&Mode> {
        self.modes.get(index).or_else(|| self.modes.first())
    }

    /// An error in the device's words.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<&Text> {
        self.errors.iter().find(|(known, _)| known == name).map(|(_, text)| text)
    }

    /// The texts by which people call the plugs: of the first column that has one for each, no two of them the same, and none of
    /// them another plug's own name.
    pub(crate) fn called(&self, plugs: &[(String, Power)]) -> BTreeMap<String, String> {
        let of = |column: &Column| -> BTreeMap<String, String> {
            let texts = plugs.iter().enumerate();
            texts.map(|(index, (plug, _))| (plug.clone(), column.of(index, plug, plugs.len()))).collect()
        };
        let tells_apart = |names: &BTreeMap<String, String>| {
            let texts: BTreeSet<&String> = names.values().collect();
            let is_own = |text: &&String| plugs.iter().any(|(plug, _)| plug == *text);
            texts.len() == names.len() && !texts.iter().any(|text| text.is_empty() || is_own(text))
        };
        self.columns_of.iter().map(|(_, column)| of(column)).find(tells_apart).unwrap_or_default()
    }

    /// How long it may behave unusually by itself after trouble has ended.
    pub(crate) fn convalescence(&self) -> Duration {
        let lockout = self.login.as_ref().map_or(Duration::ZERO, |login| login.lockout);
        lockout.max(longest_window(&self.rules))
    }
}
