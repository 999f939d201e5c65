//! Passwords inside the agents.

use std::fmt;

/// A password or key; `Debug` shows `***`.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Keeps the text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Never print it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
