//! Switches whose ports are cut off: anything with IF-MIB (RFC 2863), and Cisco MDS (FIBRE-CHANNEL-FE-MIB, RFC 2837).

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Arc, Column, Notation},
};

/// What an interface is called.
pub(crate) const IF_DESCR: Column = column("ifDescr", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 2], OUTLET);

/// What somebody has called it.
pub(crate) const IF_ALIAS: Column = column("ifAlias", &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18], OUTLET);

const IF_ADMIN_STATUS: Column = column("ifAdminStatus", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 7], OUTLET);

/// What `fence_ifmib` speaks to: an interface by its index or its description. 3 is "testing", which is neither.
pub(crate) const IF_MIB: Dialects = Dialects::One(&Dialect {
    name: "switch with IF-MIB",
    identities: &[],
    status: Codes { column: IF_ADMIN_STATUS, on: 1, off: 2 },
    control: Codes { column: IF_ADMIN_STATUS, on: 1, off: 2 },
    names: Some(IF_DESCR),
    notation: Notation::Number,
    listing: Listing::Interfaces,
});

/// The index of port fcSLOT/PORT is slot + 21 and port - 1.
const PORT_ADMIN_STATUS: Column = column(
    "fcFxPortPhysAdminStatus",
    &[1, 3, 6, 1, 2, 1, 75, 1, 2, 2, 1, 1],
    &[Arc::Part(0, 21), Arc::Part(1, -1)],
);

/// What `fence_cisco_mds` speaks to.
pub(crate) const CISCO_MDS: Dialects = Dialects::One(&Dialect {
    name: "Cisco MDS",
    identities: &[],
    status: Codes { column: PORT_ADMIN_STATUS, on: 1, off: 2 },
    control: Codes { column: PORT_ADMIN_STATUS, on: 1, off: 2 },
    names: None,
    notation: Notation::Port,
    listing: Listing::Ports,
});
