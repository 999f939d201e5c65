//! What was found of a console.

use std::collections::BTreeMap;

use super::shape::{Line, Part};
use crate::learn::follow::Delay;
use crate::learn::note::Note;
use crate::learn::story::Place;
use crate::plant::Power;

/// A console.
#[derive(Debug)]
pub(super) struct Found {
    /// Names with the power at the start.
    pub(super) plugs: Vec<(String, Power)>,
    /// What is known of the powers when each recording began.
    pub(super) starts: Vec<Powers>,
    /// The words for on and off.
    pub(super) words: (String, String),
    /// The words on the way to off, and to on.
    pub(super) turning: [Option<String>; 2],
    pub(super) login: Option<Login>,
    pub(super) welcome: Vec<Part>,
    pub(super) tables: Vec<Table>,
    pub(super) modes: Vec<Mode>,
    pub(super) off: Delay,
    pub(super) on: Delay,
    pub(super) notes: Vec<Note>,
}

/// The questions of a login.
#[derive(Clone, Debug)]
pub(super) struct Login {
    /// Said before the first question.
    pub(super) greeting: String,
    pub(super) user: Option<String>,
    pub(super) password: String,
    pub(super) mask: String,
    pub(super) names: Vec<String>,
}

/// The rows of a list: what stands before and behind the power, for each plug of the device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Table {
    /// The plugs that have a row in it.
    pub(super) plugs: std::ops::Range<usize>,
    pub(super) before: Vec<String>,
    pub(super) behind: Vec<String>,
    /// The power itself, filled up.
    pub(super) on: String,
    pub(super) off: String,
}

impl Table {
    /// What stands between the fixed texts of a row, without the blanks that fill it up: a third word may be longer than both.
    pub(super) fn shown<'a>(&self, index: usize, line: &'a str) -> Option<&'a str> {
        let rest = line.strip_prefix(self.before.get(index)?.trim_end())?;
        Some(rest.trim_end().strip_suffix(self.behind.get(index)?.trim())?.trim())
    }

    /// The row of the plug at this index.
    pub(super) fn row(&self, index: usize, power: Power) -> String {
        let of = |texts: &[String]| texts.get(index).cloned().unwrap_or_default();
        let shows = if power == Power::On { &self.on } else { &self.off };
        format!("{}{shows}{}", of(&self.before), of(&self.behind))
    }
}

/// A prompt and what was typed at it.
#[derive(Debug)]
pub(super) struct Mode {
    pub(super) prompt: Line,
    pub(super) commands: Vec<Command>,
}

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// What was typed, with [`PLUG`] in the place of the plug.
    pub(super) pattern: String,
    pub(super) say: Vec<Part>,
    pub(super) orders: Option<Does>,
    /// The mode after it, if it is another one.
    pub(super) go: Option<usize>,
    pub(super) ends: bool,
    pub(super) place: Place,
}

/// Stands for the plug in what was typed.
pub(super) const PLUG: char = '\u{0}';

pub(super) use crate::learn::follow::Does;

/// The power of plugs while something was said.
pub(super) type Powers = BTreeMap<String, Power>;
