//! The version of the format: what may be read, and what may be written.

use std::fmt;
use std::str::FromStr;

/// A version of the transcript format, written `major.minor`.
///
/// A new minor adds fields or kinds of events that an older reader may pass over; a new major
/// changes the meaning of what is there. So a reader keeps what it does not know of a newer minor
/// and refuses a foreign major, and a writer refuses to write a version newer than its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// Breaking changes.
    pub major: u16,
    /// Additions.
    pub minor: u16,
}

impl Version {
    /// The version that this crate writes.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    /// Whether this crate can read a file of this version: the major is its own.
    pub fn is_readable(self) -> bool {
        self.major == Self::CURRENT.major
    }

    /// Whether this crate may write a file of this version: readable and not newer than its own.
    pub fn is_writable(self) -> bool {
        self.is_readable() && self <= Self::CURRENT
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    /// Two decimal numbers with a point between, no signs, no leading zeros.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

fn number(text: &str) -> Result<u16, ()> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().map_err(|_| ()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_versions() {
        for (text, readable, writable) in [
            ("1.0", true, true),
            ("1.1", true, false),
            ("1.65535", true, false),
            ("0.9", false, false),
            ("2.0", false, false),
        ] {
            let version: Version = text.parse().unwrap();
            assert_eq!((version.is_readable(), version.is_writable()), (readable, writable), "{text}");
            assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_version() {
        for text in ["", "1", "1.", ".1", "1.0.0", "+1.0", "01.0", "1.00", "1.65536", "1.x", " 1.0"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
