//! Modes and what may be typed in them.

use std::time::Duration;

use regex::{Regex, RegexBuilder};
use toml::Spanned;

use super::{Reader, key, mode};
use crate::error::{Error, suggest};
use crate::plant::Command as Order;
use crate::spec::console::{Command, Mode, Trigger};
use crate::spec::load::Place;
use crate::spec::lower::{time_or, word};
use crate::spec::raw::console as raw;

/// A pattern larger than this is refused: a device knows a few words.
const PATTERN_LIMIT: usize = 1 << 18;

/// The patterns of all commands, by mode.
pub(super) type Patterns = Vec<Vec<Option<Regex>>>;

/// Reads all patterns, before the texts that may use what they catch.
pub(super) fn patterns(raw: &raw::Console, place: &Place<'_>) -> Result<Patterns, Error> {
    let of_mode = |mode: &raw::Mode| mode.command.iter().map(|at| pattern(at.get_ref(), place)).collect();
    raw.mode.get_ref().iter().map(of_mode).collect()
}

fn pattern(raw: &raw::Command, place: &Place<'_>) -> Result<Option<Regex>, Error> {
    let Some(text) = &raw.pattern else { return Ok(None) };
    // A line is matched as a whole, without the blanks around it.
    let whole = format!(r"^\s*(?:{})\s*$", text.get_ref());
    RegexBuilder::new(&whole).size_limit(PATTERN_LIMIT).dot_matches_new_line(true).build().map(Some).map_err(
        |error| {
            let what = match error {
                regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
                error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            };
            place.error(text, what, Some("see the syntax of the crate regex".to_owned()))
        },
    )
}

pub(super) fn modes(
    raw: &raw::Console,
    patterns: Patterns,
    reader: &mut Reader<'_, '_>,
) -> Result<Vec<Mode>, Error> {
    let place = reader.place;
    let written = raw.mode.get_ref();
    if written.is_empty() {
        return Err(place.error(&raw.mode, "a console without a mode", None));
    }
    let mut modes: Vec<Mode> = Vec::new();
    for (raw_mode, patterns) in written.iter().zip(patterns) {
        if modes.iter().any(|other| other.name == *raw_mode.name.get_ref()) {
            let what = format!("the mode `{}` is there twice", raw_mode.name.get_ref());
            return Err(place.error(&raw_mode.name, what, None));
        }
        let commands = raw_mode.command.iter().zip(patterns);
        let commands =
            commands.map(|(at, pattern)| command(at, pattern, raw, reader)).collect::<Result<_, _>>()?;
        modes.push(mode(raw_mode, raw, commands, reader)?);
    }
    Ok(modes)
}

fn command(
    at: &Spanned<raw::Command>,
    pattern: Option<Regex>,
    whole: &raw::Console,
    reader: &mut Reader<'_, '_>,
) -> Result<Command, Error> {
    let place = reader.place;
    let raw = at.get_ref();
    let on = match (pattern, &raw.key) {
        (Some(pattern), None) => Trigger::Line(pattern),
        (None, Some(text)) => Trigger::Key(key(text, place)?),
        _ => {
            let mend = "a command has one of `match` and `key`".to_owned();
            return Err(place.error(at, "what is typed for this command?", Some(mend)));
        }
    };
    let name = match (&raw.name, &raw.pattern, &raw.key) {
        (Some(name), ..) => name.get_ref().clone(),
        (None, Some(text), _) | (None, None, Some(text)) => text.get_ref().clone(),
        (None, None, None) => String::new(),
    };
    let modes = || whole.mode.get_ref().iter().map(|mode| mode.name.get_ref().as_str());
    let go = match &raw.go {
        None => None,
        Some(text) => match modes().position(|name| name == text.get_ref()) {
            Some(index) => Some(index),
            None => {
                let mend = suggest(text.get_ref(), modes().collect::<Vec<_>>());
                return Err(place.error(text, format!("there is no mode `{}`", text.get_ref()), mend));
            }
        },
    };
    let orders = Order::ALL.map(|order| (order.name(), order));
    let absent = raw.absent.as_ref().or(whole.absent.as_ref());
    Ok(Command {
        name,
        on,
        say: reader.maybe(raw.say.as_ref())?,
        orders: raw.orders.as_ref().map(|text| word(text, &orders, place)).transpose()?,
        all: raw.all.unwrap_or(false),
        go,
        absent: reader.or(absent, "No such outlet\n")?,
        login: raw.login.unwrap_or(false),
        refused: reader.maybe(raw.refused.as_ref())?,
        ends: raw.ends.unwrap_or(false),
        delay: time_or(raw.delay.as_ref(), Duration::ZERO, place)?,
        source: raw.source.clone(),
    })
}
