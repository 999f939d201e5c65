//! What can go wrong with a transcript: what, where, how to mend.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where in a file: `file:line:column`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a transcript could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line is not what the format asks for.
    #[error("{place}: {}{what}; {mend}", field_prefix(.field))]
    Line {
        /// Where it is.
        place: Place,
        /// The field it is about, as a path of names with points between; none for a whole line.
        field: Option<String>,
        /// What is wrong.
        what: String,
        /// How to mend it.
        mend: String,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// `read`, `write` …
        doing: &'static str,
        /// The file, or what stands for it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An event cannot be written down so that it would be read back the same.
    #[error("cannot write this event: {what}")]
    Unwritable {
        /// Which field is at fault, and how.
        what: String,
    },
    /// The version of the transcript is newer than what this program may write.
    #[error(
        "the transcript has version {version}, and this program writes only up to {}; \
         use a newer fencelab, so that nothing unknown is lost",
        crate::Version::CURRENT
    )]
    NewerVersion {
        /// The transcript's version.
        version: crate::Version,
    },
    /// A known secret would be written. The secret itself is never part of this.
    #[error("the transcript still holds a secret: {} in {place}{}; redact it first", .secret, more(.others))]
    Secret {
        /// The secret's name, for example `password`.
        secret: String,
        /// Where: the line (0 = unknown) and field.
        place: String,
        /// How many other places hold one.
        others: usize,
    },
}

impl Error {
    /// Where in the file, if the error is about a line.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Line { place, .. } => Some(place),
            _ => None,
        }
    }

    /// The field it is about, if any.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Line { field, .. } => field.as_deref(),
            _ => None,
        }
    }
}

fn field_prefix(field: &Option<String>) -> String {
    field.as_ref().map(|field| format!("field `{field}` ")).unwrap_or_default()
}

fn more(others: &usize) -> String {
    if *others == 0 { String::new() } else { format!(" (and in {others} more places)") }
}
