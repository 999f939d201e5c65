//! Why an agent did not succeed: always with the step that failed, and what was seen.

use std::fmt;

/// The step of the work with a device that failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Step {
    /// Understanding the options, before any contact.
    Options,
    /// Getting any answer at all.
    Reach,
    /// Being let in.
    Login,
    /// Having a command done.
    Command,
    /// Understanding an answer.
    Parse,
    /// Seeing the plug in the state that was asked for.
    Verify,
}

impl Step {
    /// The word that the error text uses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Options => "options",
            Self::Reach => "reach",
            Self::Login => "login",
            Self::Command => "command",
            Self::Parse => "parse",
            Self::Verify => "verify",
        }
    }
}

/// A failure. Its text never holds a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) struct Failure {
    /// Which step failed.
    pub(crate) step: Step,
    /// What was seen.
    pub(crate) seen: String,
    /// Whether asking again may help.
    pub(crate) kind: FailureKind,
}

/// Whether asking again may help.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum FailureKind {
    /// The same may well succeed a moment later: silence, a full session table.
    Passing,
    /// Asking again gives the same: a refusal.
    Lasting,
    /// The device does not know the plug; `missing_as_off` takes that for off.
    Absent,
}

impl Failure {
    /// A failure that stays: asking again gives the same.
    pub(crate) fn lasting(step: Step, seen: impl Into<String>) -> Self {
        Self { step, seen: seen.into(), kind: FailureKind::Lasting }
    }

    /// A failure that may pass.
    pub(crate) fn passing(step: Step, seen: impl Into<String>) -> Self {
        Self { step, seen: seen.into(), kind: FailureKind::Passing }
    }

    /// Whether the same may well succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        self.kind == FailureKind::Passing
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failed: {}: {}", self.step.name(), self.seen)
    }
}
