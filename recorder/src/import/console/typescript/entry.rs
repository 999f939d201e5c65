//! Lines of a timing file.

use std::time::Duration;

use super::super::source::seconds;

/// A line of a timing file.
pub(super) enum Entry<'a> {
    Output(usize),
    Input(usize),
    Signal(&'a str),
    /// A name and its value.
    Header(&'a str),
}

impl<'a> Entry<'a> {
    /// The entry, and how long after the last one it was.
    pub(super) fn parse(line: &'a [u8]) -> Option<(Self, Duration)> {
        let line = std::str::from_utf8(line).ok()?.trim_end();
        let (first, rest) = line.split_once(' ')?;
        if let Ok(delay) = first.parse() {
            return Some((Self::Output(rest.trim().parse().ok()?), seconds(delay)?));
        }
        let (delay, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let entry = match first {
            "O" => Self::Output(rest.trim().parse().ok()?),
            "I" => Self::Input(rest.trim().parse().ok()?),
            "S" => Self::Signal(rest),
            "H" => Self::Header(rest),
            _ => return None,
        };
        Some((entry, seconds(delay.parse().ok()?)?))
    }
}
