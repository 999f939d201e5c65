//! The canonical form of a text.

use crate::{Error, Transcript};

/// The canonical form: fields in their fixed order, no blanks, times with at most six digits after
/// the point, one event a line. It is idempotent, and changes no meaning.
///
/// # Errors
/// The text is not a transcript, or is of a newer minor version: its own fields would be moved.
pub fn canonical(name: &str, text: &str) -> Result<String, Error> {
    let transcript = Transcript::parse(name, text)?;
    if !transcript.header.version.is_writable() {
        return Err(Error::NewerVersion { version: transcript.header.version });
    }
    Ok(transcript.canonical())
}
