//! What is the same in several answers, and what follows the plug.

use super::found::{PLUG, Powers};
use crate::plant::Power;

/// A part of an answer: a line, or a table's rows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Line(Line),
    /// All rows of the table at this index.
    Rows(usize),
    /// The row of the plug that is spoken of.
    Row(usize),
}

/// A line, with its end.
pub(super) type Line = Vec<Piece>;

/// A piece of a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// The plug's name, filled up.
    Plug(Fill),
    /// One text while the plug is on, another while it is off.
    Power {
        on: String,
        off: String,
    },
}

/// How a text is filled up with blanks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fill {
    No,
    Left(usize),
    Right(usize),
}

impl Fill {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::No => text.to_owned(),
            Self::Left(width) => format!("{text:<width$}"),
            Self::Right(width) => format!("{text:>width$}"),
        }
    }
}

/// One time that something was said.
#[derive(Clone, Debug)]
pub(super) struct Instance<'a> {
    /// The plug that it is about, if it is about one.
    pub(super) plug: Option<&'a str>,
    pub(super) powers: &'a Powers,
    pub(super) text: &'a str,
    /// Nobody names the plug.
    pub(super) unnamed: bool,
}

impl<'a> Instance<'a> {
    pub(super) fn new(plug: Option<&'a str>, powers: &'a Powers, text: &'a str) -> Self {
        Self { plug, powers, text, unnamed: false }
    }

    /// What may stand for the plug in a text.
    fn name(&self) -> Option<&'a str> {
        self.plug.filter(|_| !self.unnamed)
    }

    fn power(&self) -> Option<Power> {
        self.plug.and_then(|plug| self.powers.get(plug)).copied()
    }
}

/// A line as it is said of a plug.
pub(super) fn render(line: &Line, plug: &str, power: Option<Power>) -> String {
    line.iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Plug(fill) => fill.apply(plug),
            Piece::Power { on, off } => if power == Some(Power::Off) { off } else { on }.clone(),
        })
        .collect()
}

/// What stands in the place of the power: on, off, or something else. `None`: no power stands in this line.
pub(super) fn shown(line: &Line, plug: &str, said: &str) -> Option<String> {
    let place = line.iter().position(|piece| matches!(piece, Piece::Power { .. }))?;
    let (before, rest) = line.split_at(place);
    let Some((Piece::Power { on, off }, behind)) = rest.split_first() else { return None };
    let before = render(&before.to_vec(), plug, None);
    let behind = render(&behind.to_vec(), plug, None);
    let shown = said.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
    Some(super::answers::told(shown, on, off))
}

/// The line that all of these are, or the first as it stands; and whether it explains all.
pub(super) fn line(lines: &[(Instance<'_>, &str)]) -> (Line, bool) {
    let Some((first, text)) = lines.first() else { return (Vec::new(), true) };
    let literal = vec![Piece::Text((*text).to_owned())];
    let explains = |line: &Line| {
        let tells = line.iter().any(|piece| matches!(piece, Piece::Power { .. }));
        lines.iter().all(|(instance, text)| {
            // While a plug is on its way anything may be said of it.
            (tells && instance.power().is_none())
                || render(line, instance.plug.unwrap_or_default(), instance.power()) == *text
        })
    };
    if explains(&literal) && !first.name().is_some_and(|plug| several(lines) == 1 && has(text, plug)) {
        return (literal, true);
    }
    let named = first.name().map_or_else(Vec::new, |plug| with_plug(text, plug));
    if let Some(line) = named.iter().find(|line| explains(line)) {
        return (line.clone(), true);
    }
    // The power makes the difference.
    let of = |power: Power| lines.iter().find(|(instance, _)| instance.power() == Some(power));
    if let (Some((a, on)), Some((_, off))) = (
        of(Power::On),
        lines.iter().find(|(b, _)| {
            b.power() == Some(Power::Off) && of(Power::On).is_some_and(|(a, _)| a.plug == b.plug)
        }),
    ) {
        let power = contrast(on, off);
        let mut all = vec![power.clone()];
        all.extend(a.name().map_or_else(Vec::new, |plug| named_around(&power, plug)));
        if let Some(line) = all.into_iter().rev().find(|line| explains(line)) {
            return (line, true);
        }
    }
    (literal, false)
}

/// How many plugs these are about.
fn several(lines: &[(Instance<'_>, &str)]) -> usize {
    let mut plugs: Vec<_> = lines.iter().map(|(instance, _)| instance.plug).collect();
    plugs.sort_unstable();
    plugs.dedup();
    plugs.len()
}

/// Two texts: what is the same before, what differs to the ends of its words, what is the same behind.
pub(super) fn contrast(on: &str, off: &str) -> Line {
    let before = on.bytes().zip(off.bytes()).take_while(|(a, b)| a == b).count();
    let most = on.len().min(off.len()) - before;
    let behind = on.bytes().rev().zip(off.bytes().rev()).take_while(|(a, b)| a == b).count().min(most);
    let is_word = |text: &str, at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut start = before;
    while start > 0 && is_word(on, start - 1) || !on.is_char_boundary(start) || !off.is_char_boundary(start) {
        start = start.saturating_sub(1);
    }
    let mut end = behind;
    let at = |text: &str, end: usize| text.len() - end;
    while end > 0
        && (is_word(on, at(on, end))
            || !on.is_char_boundary(at(on, end))
            || !off.is_char_boundary(at(off, end)))
    {
        end -= 1;
    }
    let part = |text: &str| text.get(start..at(text, end)).unwrap_or_default().to_owned();
    let mut line = vec![
        Piece::Text(on.get(..start).unwrap_or_default().to_owned()),
        Piece::Power { on: part(on), off: part(off) },
        Piece::Text(on.get(at(on, end)..).unwrap_or_default().to_owned()),
    ];
    line.retain(|piece| *piece != Piece::Text(String::new()));
    line
}

/// The ways to put the plug into the texts around its power.
fn named_around(line: &Line, plug: &str) -> Vec<Line> {
    let mut ways: Vec<Line> = vec![Vec::new()];
    for piece in line {
        let options = match piece {
            Piece::Text(text) => {
                let mut options = vec![vec![piece.clone()]];
                options.extend(with_plug(text, plug).into_iter().rev());
                options
            }
            _ => vec![vec![piece.clone()]],
        };
        ways = ways
            .iter()
            .flat_map(|way| options.iter().map(move |option| [way.as_slice(), option.as_slice()].concat()))
            .take(WAYS_MAX)
            .collect();
    }
    ways
}

/// More ways than these are not tried.
const WAYS_MAX: usize = 256;

/// Whether a plug is named in a text.
pub(super) fn has(text: &str, plug: &str) -> bool {
    places(text, plug).next().is_some()
}

/// What was typed, with [`PLUG`] in the place of the plug.
pub(super) fn pattern(text: &str, plug: &str) -> String {
    let mut pattern = text.to_owned();
    let found: Vec<usize> = places(text, plug).collect();
    for at in found.into_iter().rev() {
        pattern.replace_range(at..at + plug.len(), &PLUG.to_string());
    }
    pattern
}

/// Where a plug is named: a number between other characters than digits, a word between other characters than those of words.
fn places<'a>(text: &'a str, plug: &'a str) -> impl Iterator<Item = usize> + 'a {
    let number = plug.bytes().all(|byte| byte.is_ascii_digit());
    let joins = move |byte: Option<u8>| {
        byte.is_some_and(|byte| if number { byte.is_ascii_digit() } else { byte.is_ascii_alphanumeric() })
    };
    let bytes = text.as_bytes();
    let free = move |at: &usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        !joins(before) && !joins(bytes.get(at + plug.len()).copied())
    };
    text.match_indices(plug).map(|(at, _)| at).filter(free).filter(move |_| !plug.is_empty())
}

/// The ways to put the plug into a text, the likelier first.
fn with_plug(text: &str, plug: &str) -> Vec<Line> {
    let found: Vec<usize> = places(text, plug).take(4).collect();
    let mut ways: Vec<(usize, Line)> = vec![(0, Vec::new())];
    for at in found {
        let end = at + plug.len();
        let blanks_before = text.get(..at).map_or(0, |text| text.len() - text.trim_end_matches(' ').len());
        let behind = text.get(end..).unwrap_or_default();
        let blanks_behind = behind.len() - behind.trim_start_matches(' ').len();
        let no = (at, end, Fill::No);
        let right = (at - blanks_before, end, Fill::Right(plug.len() + blanks_before));
        let left = (at, end + blanks_behind, Fill::Left(plug.len() + blanks_behind));
        let fills = match (blanks_before, blanks_behind) {
            (0, 0) => vec![no],
            (_, 0) if at == blanks_before => vec![right, no],
            (_, 0) => vec![no, right],
            (0, 1) => vec![no, left],
            (0, _) => vec![left, no],
            _ => vec![no, right, left],
        };
        let mut next = Vec::new();
        for (from, to, fill) in fills {
            for (done, way) in ways.iter().filter(|(done, _)| *done <= from) {
                let mut way = way.clone();
                way.push(Piece::Text(text.get(*done..from).unwrap_or_default().to_owned()));
                way.push(Piece::Plug(fill));
                next.push((to, way));
            }
        }
        next.truncate(WAYS_MAX);
        ways = next;
    }
    let named = ways.into_iter().map(|(done, mut way)| {
        way.push(Piece::Text(text.get(done..).unwrap_or_default().to_owned()));
        way.retain(|piece| *piece != Piece::Text(String::new()));
        way
    });
    named.filter(|way| way.iter().any(|piece| matches!(piece, Piece::Plug(_)))).collect()
}
