//! What completion codes mean: 80h–BEh depend on the command (each command's table in IPMI 2.0).

use crate::ipmi::message::{Completion, NetFn};

/// The meaning of a completion code as the answer to this command, in lower case.
///
/// `netfn` may be that of the request or of the answer. Codes that do not depend on the command are
/// those of [`Completion::meaning`] (table 5-2).
pub fn meaning(netfn: NetFn, command: u8, completion: Completion) -> &'static str {
    match (netfn.request().0, command, completion.0) {
        // §28.12, §28.13, §23.1, §23.2, §25, §26, §30: configuration parameters.
        (0x00, 0x08 | 0x09, 0x80)
        | (0x0c, 0x01 | 0x02 | 0x10 | 0x11 | 0x21 | 0x22, 0x80)
        | (0x04, 0x12 | 0x13, 0x80) => "parameter not supported",
        (0x00, 0x08, 0x81) | (0x0c, 0x01 | 0x10 | 0x21, 0x81) | (0x04, 0x12, 0x81) => {
            "another set is in progress"
        }
        (0x00, 0x08, 0x82) | (0x0c, 0x01 | 0x10 | 0x21, 0x82) | (0x04, 0x12, 0x82) => {
            "parameter is read-only"
        }
        (0x0c, 0x01, 0x83) => "parameter is write-only",
        // §22.16, Get Session Challenge.
        (0x06, 0x39, 0x81) => "invalid user name",
        (0x06, 0x39, 0x82) => "null user name not enabled",
        // §22.17, Activate Session.
        (0x06, 0x3a, 0x81) => "no session slot available",
        (0x06, 0x3a, 0x82) => "no slot available for this user",
        (0x06, 0x3a, 0x83) => "no slot available for this privilege",
        (0x06, 0x3a, 0x84) => "session sequence number out of range",
        (0x06, 0x3a, 0x85) => "invalid session id in request",
        (0x06, 0x3a, 0x86) => "privilege exceeds the limit of user or channel",
        // §22.18, Set Session Privilege Level.
        (0x06, 0x3b, 0x80) => "level not available for this user",
        (0x06, 0x3b, 0x81) => "level exceeds the limit of user or channel",
        (0x06, 0x3b, 0x82) => "cannot disable user level authentication",
        // §22.19, Close Session.
        (0x06, 0x3c, 0x87) => "invalid session id in request",
        (0x06, 0x3c, 0x88) => "invalid session handle in request",
        // §22.22, §22.23, channel access.
        (0x06, 0x40 | 0x41, 0x82) => "not supported on a channel without sessions",
        (0x06, 0x40, 0x83) => "access mode not supported",
        // §22.30, Set User Password.
        (0x06, 0x47, 0x80) => "password test failed: password differs",
        (0x06, 0x47, 0x81) => "password test failed: size differs",
        // §24.1, Activate Payload.
        (0x06, 0x48, 0x80) => "payload already active on another session",
        (0x06, 0x48 | 0x49, 0x81) => "payload type is disabled",
        (0x06, 0x48, 0x82) => "payload activation limit reached",
        (0x06, 0x48, 0x83) => "cannot activate payload with encryption",
        (0x06, 0x48, 0x84) => "cannot activate payload without encryption",
        (0x06, 0x49, 0x80) => "payload already deactivated",
        // §27.5, Reset Watchdog Timer; §22.6–22.9, messages.
        (0x06, 0x22, 0x80) => "uninitialised watchdog",
        (0x06, 0x33 | 0x35, 0x80) => "queue is empty",
        (0x06, 0x34, 0x80) => "invalid session handle",
        (0x06, 0x34, 0x81) => "lost arbitration",
        (0x06, 0x34, 0x82) => "bus error",
        (0x06, 0x34, 0x83) => "no acknowledgement of the write",
        // §31.2, §31.6 and others: SEL; §34: FRU; §33: SDR.
        (0x0a, 0x40 | 0x42 | 0x43 | 0x44 | 0x45, 0x81) => "SEL is being erased",
        (0x0a, 0x43..=0x46, 0x80) => "operation not supported for this record type",
        (0x0a, 0x46 | 0x47, 0x81) => "SEL is being erased",
        (0x0a, 0x11 | 0x12, 0x81) => "FRU device busy",
        (0x0a, 0x12, 0x80) => "write-protected offset",
        (0x0a, 0x25, 0x80) | (0x04, 0x21, 0x80) => "record was changed since the read began",
        _ => completion.meaning(),
    }
}

#[cfg(test)]
mod tests {
    use super::meaning;
    use crate::ipmi::message::{Completion, NetFn};

    #[test]
    fn one_code_means_different_things_to_different_commands() {
        let code = Completion(0x81);
        assert_eq!(meaning(NetFn::APP, 0x3a, code), "no session slot available");
        assert_eq!(meaning(NetFn(7), 0x3b, code), "level exceeds the limit of user or channel");
        assert_eq!(meaning(NetFn::CHASSIS, 0x02, code), "command-specific code");
        assert_eq!(meaning(NetFn::CHASSIS, 0x02, Completion(0xd5)), "command not supported in present state");
    }
}
