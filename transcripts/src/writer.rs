//! Writing a transcript event by event.

use std::io::Write;
use std::path::PathBuf;

use crate::scan::Scan;
use crate::{Error, Event, Header, encode};

/// Writes a transcript as it happens: the header first, then one event a line, each flushed, so
/// that a killed program leaves all but the event it was at.
///
/// It refuses what would not be read back the same, and what still holds a secret of its
/// [`Scan`].
pub struct Writer<W> {
    to: W,
    scan: Scan,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// The header's version is newer than [`Version::CURRENT`](crate::Version::CURRENT), or the
    /// header cannot be written.
    pub fn new(to: W, header: &Header) -> Result<Self, Error> {
        Self::guarded(to, header, Scan::default())
    }

    /// Writes the header; what still holds one of the secrets will be refused.
    ///
    /// # Errors
    /// As [`Writer::new`], or the header holds a secret.
    pub fn guarded(to: W, header: &Header, scan: Scan) -> Result<Self, Error> {
        if !header.version.is_writable() {
            return Err(Error::NewerVersion { version: header.version });
        }
        if let Some(error) = Scan::error(scan.header(header)) {
            return Err(error);
        }
        let mut writer = Self { to, scan };
        writer.line(encode::header(header))?;
        Ok(writer)
    }

    /// Writes one event and flushes.
    ///
    /// # Errors
    /// The event could not be read back the same, holds a secret, or cannot be written.
    pub fn write(&mut self, event: &Event) -> Result<(), Error> {
        if let Some(what) = encode::problem(event) {
            return Err(Error::Unwritable { what });
        }
        if let Some(error) = Scan::error(self.scan.event(event)) {
            return Err(error);
        }
        self.line(encode::event(event))
    }

    /// Gives the destination back.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn line(&mut self, mut line: String) -> Result<(), Error> {
        line.push('\n');
        let written = self.to.write_all(line.as_bytes()).and_then(|()| self.to.flush());
        written.map_err(|source| Error::Io { doing: "write", path: PathBuf::from("the transcript"), source })
    }
}
