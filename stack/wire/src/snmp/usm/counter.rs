//! The counters by which an agent says why it refused a message.

use crate::snmp::Oid;

/// What an agent counts, and what the reports of v3 name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Counter {
    /// snmpInPkts: every datagram.
    Packets,
    /// snmpInBadVersions: a version that is not spoken here.
    BadVersions,
    /// snmpInBadCommunityNames.
    BadCommunities,
    /// snmpInASNParseErrs: not a message.
    ParseErrors,
    /// snmpInvalidMsgs: encrypted but not authenticated.
    InvalidMessages,
    /// snmpUnknownPDUHandlers: the context's engine is not this one.
    UnknownHandlers,
    /// snmpUnknownContexts.
    UnknownContexts,
    /// usmStatsUnsupportedSecLevels: the user cannot speak at this level.
    UnsupportedLevels,
    /// usmStatsNotInTimeWindows.
    NotInTimeWindows,
    /// usmStatsUnknownUserNames.
    UnknownUsers,
    /// usmStatsUnknownEngineIDs; reported to whoever asks for the engine's id.
    UnknownEngines,
    /// usmStatsWrongDigests: a wrong passphrase, or a forged message.
    WrongDigests,
    /// usmStatsDecryptionErrors.
    DecryptionErrors,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Packets,
        Self::BadVersions,
        Self::BadCommunities,
        Self::ParseErrors,
        Self::InvalidMessages,
        Self::UnknownHandlers,
        Self::UnknownContexts,
        Self::UnsupportedLevels,
        Self::NotInTimeWindows,
        Self::UnknownUsers,
        Self::UnknownEngines,
        Self::WrongDigests,
        Self::DecryptionErrors,
    ];

    /// Its object in SNMPv2-MIB (RFC 3418), SNMP-MPD-MIB (RFC 3412 §5), SNMP-TARGET-MIB (RFC 3413 §4.1.2) and
    /// SNMP-USER-BASED-SM-MIB (RFC 3414 §5).
    #[must_use]
    pub const fn arcs(self) -> &'static [u32] {
        match self {
            Self::Packets => &[1, 3, 6, 1, 2, 1, 11, 1, 0],
            Self::BadVersions => &[1, 3, 6, 1, 2, 1, 11, 3, 0],
            Self::BadCommunities => &[1, 3, 6, 1, 2, 1, 11, 4, 0],
            Self::ParseErrors => &[1, 3, 6, 1, 2, 1, 11, 6, 0],
            Self::InvalidMessages => &[1, 3, 6, 1, 6, 3, 11, 2, 1, 2, 0],
            Self::UnknownHandlers => &[1, 3, 6, 1, 6, 3, 11, 2, 1, 3, 0],
            Self::UnknownContexts => &[1, 3, 6, 1, 6, 3, 12, 1, 5, 0],
            Self::UnsupportedLevels => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 1, 0],
            Self::NotInTimeWindows => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0],
            Self::UnknownUsers => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0],
            Self::UnknownEngines => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0],
            Self::WrongDigests => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 5, 0],
            Self::DecryptionErrors => &[1, 3, 6, 1, 6, 3, 15, 1, 1, 6, 0],
        }
    }

    /// The same as an [`Oid`].
    #[must_use]
    pub fn oid(self) -> Oid {
        Oid::from(self.arcs())
    }

    /// The counter that a report is about.
    #[must_use]
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        Self::ALL.into_iter().find(|counter| counter.arcs() == oid.as_arcs())
    }

    /// Its name in the MIB.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "snmpInPkts",
            Self::BadVersions => "snmpInBadVersions",
            Self::BadCommunities => "snmpInBadCommunityNames",
            Self::ParseErrors => "snmpInASNParseErrs",
            Self::InvalidMessages => "snmpInvalidMsgs",
            Self::UnknownHandlers => "snmpUnknownPDUHandlers",
            Self::UnknownContexts => "snmpUnknownContexts",
            Self::UnsupportedLevels => "usmStatsUnsupportedSecLevels",
            Self::NotInTimeWindows => "usmStatsNotInTimeWindows",
            Self::UnknownUsers => "usmStatsUnknownUserNames",
            Self::UnknownEngines => "usmStatsUnknownEngineIDs",
            Self::WrongDigests => "usmStatsWrongDigests",
            Self::DecryptionErrors => "usmStatsDecryptionErrors",
        }
    }

    /// The level at which it is reported to somebody who asked at `level` (RFC 3414 §3.2).
    pub(in crate::snmp) fn report_level(self, level: super::Level) -> super::Level {
        match self {
            Self::NotInTimeWindows => super::Level::AuthNoPriv,
            Self::UnknownHandlers | Self::UnknownContexts => level,
            _ => super::Level::NoAuthNoPriv,
        }
    }
}
