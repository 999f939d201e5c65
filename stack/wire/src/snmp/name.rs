//! Names of the objects that every device has, and of those that reports and traps are made of.
//!
//! From RFC 2578 (the tree), 3418 (SNMPv2-MIB), 2863 (IF-MIB), 3411, 3412, 3414 (engine, message processing,
//! user-based security), 2837 (Fibre Channel ports), and of the enterprises their roots.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Oid;

/// What a named object holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// No values: a branch of the tree, a table, an identity.
    Node,
    /// `INTEGER`.
    Integer,
    /// `OCTET STRING` that is text.
    Text,
    /// `PhysAddress`: octets that are written as hex digits with colons between.
    Address,
    /// `OBJECT IDENTIFIER`.
    ObjectId,
    /// `Counter32`.
    Counter,
    /// `Gauge32`.
    Gauge,
    /// `TimeTicks`.
    Ticks,
    /// `Counter64`.
    Counter64,
    /// Octets that are no text.
    Octets,
}

/// An object's name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// As the MIB has it: `sysDescr`.
    pub name: &'static str,
    /// Where it stands.
    pub oid: Oid,
    /// What it holds.
    pub kind: Kind,
}

#[derive(Debug)]
struct Table {
    /// In the order of their object identifiers.
    named: Vec<Named>,
    by_name: HashMap<&'static str, usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut named = Vec::new();
        for (prefix, kind, names) in GROUPS {
            for (name, rest) in *names {
                let arcs = prefix.split('.').chain(rest.split('.')).filter(|arc| !arc.is_empty());
                let arcs: Vec<u32> = arcs.filter_map(|arc| arc.parse().ok()).collect();
                named.push(Named { name, oid: Oid::from(arcs), kind: *kind });
            }
        }
        named.sort_by(|a, b| a.oid.cmp(&b.oid));
        let by_name = named.iter().enumerate().map(|(place, named)| (named.name, place)).collect();
        Table { named, by_name }
    })
}

/// The object of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Named> {
    let table = table();
    table.by_name.get(name).and_then(|place| table.named.get(*place))
}

/// The nearest named object at or above this one, and the arcs between.
#[must_use]
pub fn nearest(oid: &Oid) -> Option<(&'static Named, &[u32])> {
    let arcs = oid.as_arcs();
    let named = &table().named;
    (1..=arcs.len()).rev().find_map(|length| {
        let (prefix, rest) = arcs.split_at_checked(length)?;
        let place = named.binary_search_by(|named| named.oid.as_arcs().cmp(prefix)).ok()?;
        named.get(place).map(|named| (named, rest))
    })
}

/// `sysDescr.0`, `enterprises.318.1.1`, or plain numbers where no name helps.
#[must_use]
pub fn display(oid: &Oid) -> String {
    match nearest(oid) {
        Some((named, rest)) if named.oid.as_arcs().len() > ROOT_ARCS => {
            let mut text = named.name.to_owned();
            for arc in rest {
                text.push('.');
                text.push_str(&arc.to_string());
            }
            text
        }
        _ => oid.to_string(),
    }
}

/// Names of the first arcs say less than numbers.
const ROOT_ARCS: usize = 5;

type Group = (&'static str, Kind, &'static [(&'static str, &'static str)]);

const GROUPS: &[Group] = &[
    ("", Kind::Node, &[("ccitt", "0"), ("zeroDotZero", "0.0"), ("iso", "1"), ("joint-iso-ccitt", "2")]),
    ("1.3", Kind::Node, &[("org", ""), ("dod", "6"), ("internet", "6.1")]),
    (
        "1.3.6.1",
        Kind::Node,
        &[
            ("directory", "1"),
            ("mgmt", "2"),
            ("mib-2", "2.1"),
            ("transmission", "2.1.10"),
            ("experimental", "3"),
            ("private", "4"),
            ("enterprises", "4.1"),
            ("security", "5"),
            ("snmpV2", "6"),
            ("snmpDomains", "6.1"),
            ("snmpProxys", "6.2"),
            ("snmpModules", "6.3"),
        ],
    ),
    (
        "1.3.6.1.2.1",
        Kind::Node,
        &[
            ("system", "1"),
            ("sysORTable", "1.9"),
            ("sysOREntry", "1.9.1"),
            ("interfaces", "2"),
            ("ifTable", "2.2"),
            ("ifEntry", "2.2.1"),
            ("at", "3"),
            ("ip", "4"),
            ("icmp", "5"),
            ("tcp", "6"),
            ("udp", "7"),
            ("egp", "8"),
            ("snmp", "11"),
            ("host", "25"),
            ("ifMIB", "31"),
            ("ifMIBObjects", "31.1"),
            ("ifXTable", "31.1.1"),
            ("ifXEntry", "31.1.1.1"),
            ("entityMIB", "47"),
            ("fcFeMIB", "75"),
        ],
    ),
    (
        "1.3.6.1.2.1.1",
        Kind::Text,
        &[
            ("sysDescr", "1"),
            ("sysContact", "4"),
            ("sysName", "5"),
            ("sysLocation", "6"),
            ("sysORDescr", "9.1.3"),
        ],
    ),
    ("1.3.6.1.2.1.1", Kind::ObjectId, &[("sysObjectID", "2"), ("sysORID", "9.1.2")]),
    ("1.3.6.1.2.1.1", Kind::Ticks, &[("sysUpTime", "3"), ("sysORLastChange", "8"), ("sysORUpTime", "9.1.4")]),
    ("1.3.6.1.2.1.1", Kind::Integer, &[("sysServices", "7"), ("sysORIndex", "9.1.1")]),
    (
        "1.3.6.1.2.1.2",
        Kind::Integer,
        &[
            ("ifNumber", "1"),
            ("ifIndex", "2.1.1"),
            ("ifType", "2.1.3"),
            ("ifMtu", "2.1.4"),
            ("ifAdminStatus", "2.1.7"),
            ("ifOperStatus", "2.1.8"),
        ],
    ),
    ("1.3.6.1.2.1.2.2.1", Kind::Text, &[("ifDescr", "2")]),
    ("1.3.6.1.2.1.2.2.1", Kind::Gauge, &[("ifSpeed", "5"), ("ifOutQLen", "21")]),
    ("1.3.6.1.2.1.2.2.1", Kind::Address, &[("ifPhysAddress", "6")]),
    ("1.3.6.1.2.1", Kind::Address, &[("atPhysAddress", "3.1.1.2"), ("ipNetToMediaPhysAddress", "4.22.1.2")]),
    ("1.3.6.1.2.1.2.2.1", Kind::Ticks, &[("ifLastChange", "9")]),
    ("1.3.6.1.2.1.2.2.1", Kind::ObjectId, &[("ifSpecific", "22")]),
    (
        "1.3.6.1.2.1.2.2.1",
        Kind::Counter,
        &[
            ("ifInOctets", "10"),
            ("ifInUcastPkts", "11"),
            ("ifInNUcastPkts", "12"),
            ("ifInDiscards", "13"),
            ("ifInErrors", "14"),
            ("ifInUnknownProtos", "15"),
            ("ifOutOctets", "16"),
            ("ifOutUcastPkts", "17"),
            ("ifOutNUcastPkts", "18"),
            ("ifOutDiscards", "19"),
            ("ifOutErrors", "20"),
        ],
    ),
    ("1.3.6.1.2.1.31.1.1.1", Kind::Text, &[("ifName", "1"), ("ifAlias", "18")]),
    (
        "1.3.6.1.2.1.31.1.1.1",
        Kind::Counter,
        &[
            ("ifInMulticastPkts", "2"),
            ("ifInBroadcastPkts", "3"),
            ("ifOutMulticastPkts", "4"),
            ("ifOutBroadcastPkts", "5"),
        ],
    ),
    (
        "1.3.6.1.2.1.31.1.1.1",
        Kind::Counter64,
        &[
            ("ifHCInOctets", "6"),
            ("ifHCInUcastPkts", "7"),
            ("ifHCInMulticastPkts", "8"),
            ("ifHCInBroadcastPkts", "9"),
            ("ifHCOutOctets", "10"),
            ("ifHCOutUcastPkts", "11"),
            ("ifHCOutMulticastPkts", "12"),
            ("ifHCOutBroadcastPkts", "13"),
        ],
    ),
    (
        "1.3.6.1.2.1.31.1.1.1",
        Kind::Integer,
        &[("ifLinkUpDownTrapEnable", "14"), ("ifPromiscuousMode", "16"), ("ifConnectorPresent", "17")],
    ),
    ("1.3.6.1.2.1.31.1.1.1", Kind::Gauge, &[("ifHighSpeed", "15")]),
    ("1.3.6.1.2.1.31.1.1.1", Kind::Ticks, &[("ifCounterDiscontinuityTime", "19")]),
    ("1.3.6.1.2.1.31.1", Kind::Ticks, &[("ifTableLastChange", "5"), ("ifStackLastChange", "6")]),
    (
        "1.3.6.1.2.1.11",
        Kind::Counter,
        &[
            ("snmpInPkts", "1"),
            ("snmpOutPkts", "2"),
            ("snmpInBadVersions", "3"),
            ("snmpInBadCommunityNames", "4"),
            ("snmpInBadCommunityUses", "5"),
            ("snmpInASNParseErrs", "6"),
            ("snmpInTooBigs", "8"),
            ("snmpInNoSuchNames", "9"),
            ("snmpInBadValues", "10"),
            ("snmpInReadOnlys", "11"),
            ("snmpInGenErrs", "12"),
            ("snmpInTotalReqVars", "13"),
            ("snmpInTotalSetVars", "14"),
            ("snmpInGetRequests", "15"),
            ("snmpInGetNexts", "16"),
            ("snmpInSetRequests", "17"),
            ("snmpInGetResponses", "18"),
            ("snmpInTraps", "19"),
            ("snmpOutTooBigs", "20"),
            ("snmpOutNoSuchNames", "21"),
            ("snmpOutBadValues", "22"),
            ("snmpOutGenErrs", "24"),
            ("snmpOutGetRequests", "25"),
            ("snmpOutGetNexts", "26"),
            ("snmpOutSetRequests", "27"),
            ("snmpOutGetResponses", "28"),
            ("snmpOutTraps", "29"),
            ("snmpSilentDrops", "31"),
            ("snmpProxyDrops", "32"),
        ],
    ),
    ("1.3.6.1.2.1.11", Kind::Integer, &[("snmpEnableAuthenTraps", "30")]),
    (
        "1.3.6.1.2.1.75.1.2.2.1",
        Kind::Integer,
        &[("fcFxPortPhysAdminStatus", "1"), ("fcFxPortPhysOperStatus", "2")],
    ),
    ("1.3.6.1.6.3.1.1.4", Kind::ObjectId, &[("snmpTrapOID", "1"), ("snmpTrapEnterprise", "3")]),
    (
        "1.3.6.1.6.3.1.1.5",
        Kind::Node,
        &[
            ("coldStart", "1"),
            ("warmStart", "2"),
            ("linkDown", "3"),
            ("linkUp", "4"),
            ("authenticationFailure", "5"),
            ("egpNeighborLoss", "6"),
        ],
    ),
    ("1.3.6.1.6.3.1.1.6", Kind::Integer, &[("snmpSetSerialNo", "1")]),
    ("1.3.6.1.6.3.10.2.1", Kind::Octets, &[("snmpEngineID", "1")]),
    (
        "1.3.6.1.6.3.10.2.1",
        Kind::Integer,
        &[("snmpEngineBoots", "2"), ("snmpEngineTime", "3"), ("snmpEngineMaxMessageSize", "4")],
    ),
    (
        "1.3.6.1.6.3.11.2.1",
        Kind::Counter,
        &[("snmpUnknownSecurityModels", "1"), ("snmpInvalidMsgs", "2"), ("snmpUnknownPDUHandlers", "3")],
    ),
    ("1.3.6.1.6.3.12.1", Kind::Counter, &[("snmpUnavailableContexts", "4"), ("snmpUnknownContexts", "5")]),
    (
        "1.3.6.1.6.3.15.1.1",
        Kind::Counter,
        &[
            ("usmStatsUnsupportedSecLevels", "1"),
            ("usmStatsNotInTimeWindows", "2"),
            ("usmStatsUnknownUserNames", "3"),
            ("usmStatsUnknownEngineIDs", "4"),
            ("usmStatsWrongDigests", "5"),
            ("usmStatsDecryptionErrors", "6"),
        ],
    ),
    (
        "1.3.6.1.4.1.318.1.1.12.3",
        Kind::Integer,
        &[("rPDUOutletControlOutletCommand", "3.1.1.4"), ("rPDUOutletStatusOutletState", "5.1.1.4")],
    ),
    ("1.3.6.1.4.1.318.1.1.12.3", Kind::Text, &[("rPDUOutletStatusOutletName", "5.1.1.2")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(find("sysObjectID").unwrap().oid.to_string(), "1.3.6.1.2.1.1.2");
        assert_eq!(find("enterprises").unwrap().oid.to_string(), "1.3.6.1.4.1");
        assert_eq!(find("iso").unwrap().oid.to_string(), "1");
        for (oid, text) in [
            ("1.3.6.1.2.1.1.3.0", "sysUpTime.0"),
            ("1.3.6.1.4.1.318.1", "enterprises.318.1"),
            ("1.3.6.1.2.1.2.2.1.7.12", "ifAdminStatus.12"),
            ("1.3.6.1.6.3.15.1.1.4.0", "usmStatsUnknownEngineIDs.0"),
            ("1.3.6", "1.3.6"),
            ("2.5.4", "2.5.4"),
        ] {
            assert_eq!(display(&oid.parse().unwrap()), text);
        }
    }

    #[test]
    fn no_name_and_no_number_stands_twice() {
        let table = table();
        assert_eq!(table.by_name.len(), table.named.len());
        for pair in table.named.windows(2) {
            assert!(pair[0].oid < pair[1].oid, "{} and {}", pair[0].name, pair[1].name);
        }
    }
}
