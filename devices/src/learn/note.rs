//! How sure the learner is of what it says.

use std::fmt;

use super::story::Place;

/// How sure.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Certainty {
    /// The recordings say so, and nothing in them speaks against it.
    Certain,
    /// They suggest it; what was taken stands in the description with a comment.
    Likely,
    /// They do not tell; it is not in the description.
    Unknown,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Unknown => "unknown",
        })
    }
}

/// One thing that was learnt, or could not be. Shown as `likely: ABOUT: TEXT (FILE:LINE, …)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// How sure.
    pub certainty: Certainty,
    /// What it is about: `status`, `orders`, `plugs`, `delay` …
    pub about: &'static str,
    /// What was found, and why it is believed.
    pub text: String,
    /// Lines that say so; the first few.
    pub evidence: Vec<Place>,
}

/// More lines convince nobody.
const EVIDENCE_MAX: usize = 4;

impl Note {
    pub(super) fn new(certainty: Certainty, about: &'static str, text: impl Into<String>) -> Self {
        Self { certainty, about, text: text.into(), evidence: Vec::new() }
    }

    pub(super) fn seen<'a>(mut self, places: impl IntoIterator<Item = &'a Place>) -> Self {
        for place in places {
            if self.evidence.len() < EVIDENCE_MAX && !self.evidence.contains(place) {
                self.evidence.push(place.clone());
            }
        }
        self
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.certainty, self.about, self.text)?;
        let places: Vec<String> = self.evidence.iter().map(ToString::to_string).collect();
        if places.is_empty() { Ok(()) } else { write!(f, " ({})", places.join(", ")) }
    }
}
