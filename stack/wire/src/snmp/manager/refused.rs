//! Why there is no answer.

use crate::snmp::usm::{Counter, Level};
use crate::snmp::{Oid, Version};

/// A configuration that cannot ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// No community.
    #[error("version {0} needs a community")]
    Community(Version),
    /// No user.
    #[error("version 3 needs a user")]
    User,
    /// The user lacks a protocol.
    #[error("level {asked} needs {}, but the user can only do {able}", if *.asked == Level::AuthPriv { "an authentication and a privacy passphrase" } else { "an authentication passphrase" })]
    Level {
        /// The level that is wanted.
        asked: Level,
        /// The highest the user can do.
        able: Level,
    },
}

/// The agent has reported that it will not answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// usmStatsUnknownUserNames.
    #[error("the agent does not know this user (usmStatsUnknownUserNames); check the user's name")]
    UnknownUser,
    /// usmStatsWrongDigests.
    #[error(
        "the agent finds the authentication code wrong (usmStatsWrongDigests); check the authentication protocol and passphrase"
    )]
    WrongDigest,
    /// usmStatsUnsupportedSecLevels.
    #[error("the agent does not let this user in at this security level (usmStatsUnsupportedSecLevels)")]
    UnsupportedLevel,
    /// usmStatsDecryptionErrors.
    #[error(
        "the agent cannot decrypt what it gets (usmStatsDecryptionErrors); check the privacy protocol and passphrase"
    )]
    Decryption,
    /// usmStatsNotInTimeWindows, though its time was used.
    #[error("the agent finds its own time wrong (usmStatsNotInTimeWindows); it may restart all the time")]
    NotInTimeWindow,
    /// usmStatsUnknownEngineIDs, though its id was used.
    #[error("the agent does not know the engine id that it has told (usmStatsUnknownEngineIDs)")]
    UnknownEngine,
    /// snmpUnknownContexts.
    #[error("the agent does not know this context (snmpUnknownContexts); check the context's name")]
    UnknownContext,
    /// Another report.
    #[error("the agent reports {0} instead of an answer")]
    Report(Oid),
}

impl Refused {
    /// What a report of this object says.
    pub(super) fn from_oid(oid: &Oid) -> Self {
        match Counter::from_oid(oid) {
            Some(Counter::UnknownUsers) => Self::UnknownUser,
            Some(Counter::WrongDigests) => Self::WrongDigest,
            Some(Counter::UnsupportedLevels) => Self::UnsupportedLevel,
            Some(Counter::DecryptionErrors) => Self::Decryption,
            Some(Counter::NotInTimeWindows) => Self::NotInTimeWindow,
            Some(Counter::UnknownEngines) => Self::UnknownEngine,
            Some(Counter::UnknownContexts) => Self::UnknownContext,
            _ => Self::Report(oid.clone()),
        }
    }
}
