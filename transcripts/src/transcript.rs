//! A whole transcript in memory.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::scan::Scan;
use crate::{Error, Event, Header, Reader, Writer, encode};

/// A header and its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The first line.
    pub header: Header,
    /// The other lines, in their order.
    pub events: Vec<Event>,
}

impl Transcript {
    /// Reads a text; `name` stands for it in errors.
    ///
    /// # Errors
    /// The first line that is not what the format asks for.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        Self::read(Reader::new(name, text.as_bytes())?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or the first line that is not what the format asks for.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::read(Reader::open(path)?)
    }

    fn read(mut reader: Reader<impl std::io::BufRead>) -> Result<Self, Error> {
        let events = reader.by_ref().collect::<Result<_, _>>()?;
        Ok(Self { header: reader.header().clone(), events })
    }

    /// The canonical text: one line each, fields in their fixed order.
    pub fn canonical(&self) -> String {
        let lines =
            std::iter::once(encode::header(&self.header)).chain(self.events.iter().map(encode::event));
        lines.map(|line| line + "\n").collect()
    }

    /// Writes the canonical text to a file: all of it or nothing.
    ///
    /// # Errors
    /// As [`Transcript::save_scanned`], but for secrets.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.save_scanned(path, &Scan::default())
    }

    /// The same, unless it still holds one of the secrets.
    ///
    /// # Errors
    /// The version is newer than this program's, an event could not be read back the same, a secret
    /// is left, or the file cannot be written.
    pub fn save_scanned(&self, path: &Path, scan: &Scan) -> Result<(), Error> {
        if let Some(error) = Scan::error(scan.transcript(self)) {
            return Err(error);
        }
        let mut writer = Writer::new(Vec::new(), &self.header)?;
        self.events.iter().try_for_each(|event| writer.write(event))?;
        let io = |source| Error::Io { doing: "write", path: path.into(), source };
        // Beside the target, so that the rename stays in one file system.
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let written = fs::File::create(&part)
            .and_then(|mut file| file.write_all(&writer.into_inner()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&part, path));
        written.map_err(|error| {
            // The rest of a failed write is of no use; the error that matters is the first.
            let _ = fs::remove_file(&part);
            io(error)
        })
    }
}

/// The canonical text.
impl std::fmt::Display for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.canonical())
    }
}
