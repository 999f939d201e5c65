//! What can be wrong with a device folder: what, where, how to mend.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error in a device folder. Shown as `file:line:column: what; mend`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file the error is in.
    pub file: PathBuf,
    /// Line and column, both from 1, where known.
    pub position: Option<(usize, usize)>,
    /// What is wrong, in lower case.
    pub what: String,
    /// How to mend it, where we know.
    pub mend: Option<String>,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)?;
        match &self.mend {
            Some(mend) => write!(f, "; {mend}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An error of a whole file.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>, mend: Option<String>) -> Self {
        Self { file: file.to_owned(), position: None, what: what.into(), mend }
    }

    /// An error at a byte of `text`.
    pub(crate) fn at(
        file: &Path,
        text: &str,
        byte: usize,
        what: impl Into<String>,
        mend: Option<String>,
    ) -> Self {
        Self { file: file.to_owned(), position: Some(position(text, byte)), what: what.into(), mend }
    }
}

/// Line and column (in characters), both from 1, of a byte.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The candidate nearest to `word`, if it is near enough to be a slip of the pen.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        // Of two equally near ones, the one that the word began with was meant.
        .min_by_key(|(distance, candidate)| (*distance, !candidate.starts_with(word)))
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` or the list of what there is.
pub(crate) fn suggest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() { None } else { Some(format!("there is: {}", all.join(", "))) }
}

/// Levenshtein distance in characters; words are cut at 64 so that a hostile file costs nothing.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().take(64).enumerate() {
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (pair, b) in row.windows(2).zip(&b) {
            let [diagonal, above] = pair else { continue };
            left = (left + 1).min(above + 1).min(diagonal + usize::from(a != *b));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, d) in [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("off", "of", 1)] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
        assert_eq!(
            nearest("chassis-controll", ["chassis-control", "chassis-status"]),
            Some("chassis-control")
        );
        assert_eq!(nearest("zzz", ["chassis-control"]), None);
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(position("äb\ncd", 0), (1, 1));
        assert_eq!(position("äb\ncd", 2), (1, 2));
        assert_eq!(position("äb\ncd", 4), (2, 1));
        assert_eq!(position("äb\ncd", 99), (2, 3));
    }
}
