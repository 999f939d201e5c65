//! The words and numbers that the catalogue's arguments are drawn from.

/// Numbers that a device may show in place of a documented code: small codes, the limits of 8, 16 and 32 bits, and, for
/// SNMP, negative ones and one of more than 32 bits, which some agents send.
pub(super) const NUMBERS: [i64; 19] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    100,
    255,
    65_535,
    2_147_483_647,
    -1,
    -2,
    -2_147_483_648,
    4_294_967_297,
];

/// SNMP's errors that a device may answer a request with (RFC 3416 §3; in v1 those of RFC 1157), then the exceptions, which
/// stand in place of a value.
pub(super) const SNMP_ERRORS: [&str; 16] = [
    "gen-err",
    "no-such-name",
    "too-big",
    "bad-value",
    "read-only",
    "no-access",
    "wrong-type",
    "wrong-value",
    "not-writable",
    "inconsistent-value",
    "resource-unavailable",
    "commit-failed",
    "authorization-error",
    "no-such-object",
    "no-such-instance",
    "end-of-mib-view",
];

/// Errors of the whole answer: beside an exception there is no room for a value.
pub(super) const SNMP_STATUSES: &[&str] = SNMP_ERRORS.split_at(13).0;

/// Completion codes of IPMI that any command may be answered with (IPMI 2.0, table 5-2).
pub(super) const IPMI_ERRORS: [&str; 18] = [
    "node-busy",
    "invalid-command",
    "timeout",
    "out-of-space",
    "request-truncated",
    "length-invalid",
    "out-of-range",
    "not-present",
    "invalid-field",
    "no-response",
    "duplicate-request",
    "firmware-update",
    "initializing",
    "destination-unavailable",
    "insufficient-privilege",
    "not-supported-in-present-state",
    "disabled",
    "unspecified",
];

/// Errors of a console, which each device says in its own words.
pub(crate) const CONSOLE_ERRORS: [&str; 4] = ["denied", "busy", "syntax", "no-such-plug"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ipmi;
    use crate::spec::snmp::Failure;

    #[test]
    fn what_is_named_the_protocol_has() {
        assert!(SNMP_ERRORS.iter().all(|name| Failure::by_name(name).is_some()));
        assert!(SNMP_STATUSES.iter().all(|name| matches!(Failure::by_name(name), Some(Failure::Error(_)))));
        let exceptions = SNMP_ERRORS.iter().skip(SNMP_STATUSES.len());
        assert!(exceptions.clone().all(|name| !matches!(Failure::by_name(name), Some(Failure::Error(_)))));
        assert!(IPMI_ERRORS.iter().all(|name| ipmi::completion(name).is_some()));
    }
}
