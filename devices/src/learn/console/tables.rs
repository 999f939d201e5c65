//! Lists of plugs: a row for each, of which some are known and the others look like them.

use super::shape::{self, Instance, Piece};
use crate::plant::Power;

/// Where the power stands in the row of a known plug.
#[derive(Debug)]
struct Anchor {
    line: usize,
    /// The word that names the plug, counted from the left; what stands before the name in it, and what ends it.
    name: (usize, String, Option<char>),
    /// So many words are behind the power.
    behind: usize,
    on: String,
    off: String,
}

/// Rows that follow each other in a text.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// The line of the first.
    pub(super) first: usize,
    pub(super) rows: Vec<Row>,
    /// The power itself, filled up.
    pub(super) on: String,
    pub(super) off: String,
}

/// The row of a plug.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) power: Power,
    pub(super) before: String,
    pub(super) behind: String,
}

/// Finds the rows in texts that were said of all plugs. `words`: what is known to mean on and off.
pub(super) fn find(
    instances: &[Instance<'_>],
    plugs: &[String],
    words: Option<&(String, String)>,
) -> Vec<Rows> {
    let known = instances.iter().find(|instance| !instance.powers.is_empty()).or(instances.first());
    let lines: Vec<&str> = known.map_or_else(Vec::new, |known| known.text.split_inclusive('\n').collect());
    let mut found: Vec<Rows> = Vec::new();
    for plug in plugs {
        if found.iter().flat_map(|rows| &rows.rows).any(|row| row.name == *plug) {
            continue;
        }
        let anchor = by_contrast(instances, plug).or_else(|| by_words(instances, plug, words?));
        found.extend(anchor.and_then(|anchor| anchor.rows(&lines)));
    }
    let mut names: Vec<&String> = found.iter().flat_map(|rows| &rows.rows).map(|row| &row.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() < all { Vec::new() } else { found }
}

/// The words of a line with where they begin.
fn words_of(line: &str) -> Vec<(usize, &str)> {
    let mut from = 0;
    let words = line.split_whitespace().map(|word| {
        let start = from + line.get(from..).and_then(|rest| rest.find(word)).unwrap_or_default();
        from = start + word.len();
        (start, word)
    });
    words.collect()
}

impl Anchor {
    fn new(line: usize, text: &str, plug: &str, at: usize, on: &str, off: &str) -> Option<Self> {
        let words = words_of(text);
        let (name, (_, word)) = words.iter().enumerate().find(|(_, (_, word))| shape::has(word, plug))?;
        let inside = word.find(plug)?;
        let before = word.get(..inside).unwrap_or_default().to_owned();
        let end = word.get(inside + plug.len()..).and_then(|rest| rest.chars().next());
        let shows = [on, off].into_iter().find(|shows| text.get(at..at + shows.len()) == Some(*shows))?;
        let behind = words_of(text.get(at + shows.len()..)?).len();
        let (on, off) = (on.to_owned(), off.to_owned());
        Some(Self { line, name: (name, before, end), behind, on, off })
    }

    /// The rows around the anchor; one alone is no list.
    fn rows(&self, lines: &[&str]) -> Option<Rows> {
        let parsed = |index: usize| lines.get(index).and_then(|line| self.parse(line));
        parsed(self.line)?;
        let before = (0..self.line).rev().take_while(|index| parsed(*index).is_some()).count();
        let first = self.line - before;
        let rows: Vec<Row> = (first..).map_while(parsed).collect();
        (rows.len() > 1).then(|| Rows { first, rows, on: self.on.clone(), off: self.off.clone() })
    }

    fn parse(&self, line: &str) -> Option<Row> {
        let (index, before, end) = &self.name;
        let words = words_of(line);
        let name = words.get(*index)?.1.strip_prefix(before.as_str())?;
        let name = end.map_or(Some(name), |end| name.split_once(end).map(|(name, _)| name))?;
        let found =
            [(&self.on, Power::On), (&self.off, Power::Off)].into_iter().find_map(|(shows, power)| {
                let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
                let bytes = line.as_bytes();
                let fits = |at: &usize| {
                    let (from, to) = (*at, *at + shows.len());
                    is_edge(bytes.get(to))
                        && is_edge(from.checked_sub(1).and_then(|at| bytes.get(at)))
                        && words_of(line.get(to..).unwrap_or_default()).len() == self.behind
                };
                let at = line.match_indices(shows.as_str()).map(|(at, _)| at).find(fits)?;
                Some((at, shows.len(), power))
            });
        let (at, length, power) = found?;
        if name.is_empty() {
            return None;
        }
        Some(Row {
            name: name.to_owned(),
            power,
            before: line.get(..at)?.to_owned(),
            behind: line.get(at + length..)?.to_owned(),
        })
    }
}

/// The line that differs as this plug is on or off.
fn by_contrast(instances: &[Instance<'_>], plug: &str) -> Option<Anchor> {
    let of = |power: Power| {
        let known = instances.iter().filter(move |instance| instance.powers.get(plug) == Some(&power));
        known.map(|instance| instance.text.split_inclusive('\n').collect::<Vec<_>>())
    };
    for on in of(Power::On) {
        for off in of(Power::Off).filter(|off| off.len() == on.len()) {
            for (line, (a, b)) in on.iter().zip(&off).enumerate().filter(|(_, (a, b))| a != b) {
                let pieces = shape::contrast(a, b);
                let mut at = 0;
                for piece in &pieces {
                    match piece {
                        Piece::Power { on, off } if !on.trim().is_empty() && !off.trim().is_empty() => {
                            if let Some(anchor) = Anchor::new(line, a, plug, at, on, off) {
                                return Some(anchor);
                            }
                        }
                        Piece::Text(text) => at += text.len(),
                        _ => {}
                    }
                }
            }
        }
    }
    None
}

/// The line that names this plug and tells its power in known words.
fn by_words(instances: &[Instance<'_>], plug: &str, words: &(String, String)) -> Option<Anchor> {
    let (on, off) = words;
    let instance = instances.iter().find(|instance| instance.powers.contains_key(plug))?;
    let shows = if instance.powers.get(plug) == Some(&Power::On) { on } else { off };
    instance.text.split_inclusive('\n').enumerate().find_map(|(line, text)| {
        let is_word = |(_, word): &&(usize, &str)| word.trim_matches(|c: char| !c.is_alphanumeric()) == shows;
        let all = words_of(text);
        let (start, word) = all.iter().rev().find(is_word)?;
        let at = start + word.find(shows.as_str())?;
        Anchor::new(line, text, plug, at, on, off)
    })
}
