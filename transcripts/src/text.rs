//! Lines of a source that may be anything: bounded, and UTF-8 or an error.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use crate::error::{Error, Place};

/// A line longer than this is refused: no event of a fencing device comes near.
pub(crate) const LINE_BYTES_MAX: u64 = 16 << 20;

/// Reads the lines of a source one by one, with their numbers.
pub(crate) struct Lines<R> {
    source: R,
    file: String,
    number: usize,
    over: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(file: impl Into<String>, source: R) -> Self {
        Self { source, file: file.into(), number: 0, over: false }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The next line and its number from 1, without its line end; blank lines are passed over.
    pub(crate) fn next(&mut self) -> Option<Result<(usize, String), Error>> {
        while !self.over {
            let mut line = Vec::new();
            let read = (&mut self.source).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
            self.number += 1;
            match read {
                Err(source) => {
                    self.over = true;
                    return Some(Err(Error::Io { doing: "read", path: PathBuf::from(&self.file), source }));
                }
                Ok(0) => return None,
                Ok(_) => {}
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
            } else if line.len() as u64 > LINE_BYTES_MAX {
                self.over = true;
                return Some(Err(self.error(
                    1,
                    "the line is longer than 16 MiB",
                    "this is not a transcript",
                )));
            }
            match String::from_utf8(line) {
                Ok(line) if line.trim_ascii().is_empty() => {}
                Ok(line) => return Some(Ok((self.number, line))),
                Err(error) => {
                    let good = error.utf8_error().valid_up_to();
                    let column = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default())
                        .chars()
                        .count()
                        + 1;
                    return Some(Err(self.error(column, "the line is not UTF-8", "write bytes as `hex`")));
                }
            }
        }
        None
    }

    /// An error about the whole of the current line.
    pub(crate) fn error(&self, column: usize, what: &str, mend: &str) -> Error {
        let place = Place { file: self.file.clone(), line: self.number.max(1), column };
        Error::Line { place, field: None, what: what.into(), mend: mend.into() }
    }
}
