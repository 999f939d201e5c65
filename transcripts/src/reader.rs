//! Reading a transcript line by line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::text::Lines;
use crate::{Error, Event, Header, decode};

/// Reads a transcript event by event, without holding the whole.
///
/// The header is read at once. After an error the iterator goes on with the next line, so that all
/// that is readable of a damaged file can be had; who wants all or nothing stops at the first.
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
}

impl Reader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be read, or its first line is not a header this program can read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|source| Error::Io { doing: "read", path: path.into(), source })?;
        Self::new(path.display().to_string(), BufReader::new(file))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header; `name` stands for the source in errors.
    ///
    /// # Errors
    /// The source cannot be read, or its first line is not a header this program can read.
    pub fn new(name: impl Into<String>, source: R) -> Result<Self, Error> {
        let mut lines = Lines::new(name, source);
        let Some(first) = lines.next() else {
            return Err(lines.error(
                1,
                "the file is empty",
                "the first line is the header: {\"transcript\":\"1.0\",…}",
            ));
        };
        let (number, line) = first?;
        let header = decode::header_line(lines.file(), number, &line)?;
        Ok(Self { lines, header })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next event together with the number of its line (from 1).
    pub fn next_line(&mut self) -> Option<(usize, Result<Event, Error>)> {
        match self.lines.next()? {
            Ok((number, line)) => {
                Some((number, decode::event_line(self.lines.file(), number, &line, self.header.version)))
            }
            Err(error) => Some((error.place().map_or(0, |place| place.line), Err(error))),
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().map(|(_, event)| event)
    }
}
