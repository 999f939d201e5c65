//! Why a BMC would not let us in.

use crate::ipmi::{Completion, Privilege};

/// What the BMC said instead of yes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// An RMCP+ status code other than 0 (IPMI 2.0 table 13-15).
    #[error("{step} refused: {} (status 0x{status:02x})", crate::ipmi::rmcpplus::status_name(*.status))]
    Status {
        /// `"open session"`, `"rakp 2"` or `"rakp 4"`.
        step: &'static str,
        /// The code.
        status: u8,
    },
    /// A completion code other than 0 while the session was being set up.
    #[error("{step} refused: {meaning} (completion code 0x{:02x})", .completion.0)]
    Completion {
        /// The command.
        step: &'static str,
        /// The code.
        completion: Completion,
        /// What it means for this command (IPMI 2.0 §22).
        meaning: &'static str,
    },
    /// The BMC's authentication code is not made with our password (or K_g): it does not know them, or it is
    /// another BMC.
    #[error("authentication failed at {step}: the bmc does not use the same password (or bmc key)")]
    Authentication {
        /// `"rakp 2"` or `"rakp 4"`.
        step: &'static str,
    },
    /// The BMC offers no authentication type that was asked for or that we can speak.
    #[error("the bmc offers no usable authentication type (it offers {offered:#04x}; asked for {asked})")]
    AuthType {
        /// Bits as Get Channel Authentication Capabilities has them (IPMI 2.0 §22.13).
        offered: u8,
        /// What was asked for.
        asked: String,
    },
    /// The BMC does not speak this version of IPMI.
    #[error("the bmc does not offer {0} sessions")]
    Version(&'static str),
    /// The cipher suite is none that we can speak, or the BMC offers none that we can speak.
    #[error("no usable cipher suite: {0}")]
    CipherSuite(String),
    /// The BMC chose algorithms that were not asked for.
    #[error("the bmc answered open session with other algorithms than asked for")]
    OtherAlgorithms,
    /// The level that the BMC grants is lower than the one asked for.
    #[error("the bmc grants privilege level {granted} only, not {asked}")]
    Privilege {
        /// Asked for.
        asked: Privilege,
        /// Granted.
        granted: Privilege,
    },
    /// An answer that lacks what it must hold.
    #[error("{step}: the bmc's answer is malformed ({what})")]
    Malformed {
        /// The command or payload.
        step: &'static str,
        /// What is wrong.
        what: &'static str,
    },
}

/// What a completion code means for a command that sets a session up (IPMI 2.0 §22.16 to §22.18).
pub(crate) fn meaning(command: u8, completion: Completion) -> &'static str {
    match (command, completion.0) {
        (0x39, 0x81) => "invalid user name",
        (0x39, 0x82) => "null user name not enabled",
        (0x3a, 0x81) => "no session slot available",
        (0x3a, 0x82) => "no slot available for this user",
        (0x3a, 0x83) => "no slot available at this privilege level",
        (0x3a, 0x84) => "session sequence number out of range",
        (0x3a, 0x85) => "invalid session id in request",
        (0x3a, 0x86) => "requested privilege level exceeds the user's or the channel's limit",
        (0x3b, 0x80) => "privilege level not available for this user",
        (0x3b, 0x81) => "privilege level exceeds the user's or the channel's limit",
        (0x3b, 0x82) => "cannot disable user level authentication",
        _ => completion.meaning(),
    }
}
