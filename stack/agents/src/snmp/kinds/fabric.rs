//! Switches whose ports are cut off: anything with IF-MIB (RFC 2863), and Cisco MDS (FIBRE-CHANNEL-FE-MIB, RFC 2837). The
//! administrative state is what was ordered; a port is off only if it does not work any more either.

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Confirmation, Dialect, Dialects, Listing},
    index::{Arc, Column, Notation},
};

/// What an interface is called.
pub(crate) const IF_DESCR: Column = column("ifDescr", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 2], OUTLET);

/// What somebody has called it.
pub(crate) const IF_ALIAS: Column = column("ifAlias", &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18], OUTLET);

const IF_ADMIN_STATUS: Column = column("ifAdminStatus", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 7], OUTLET);
const IF_OPER_STATUS: Column = column("ifOperStatus", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 8], OUTLET);

/// What `fence_ifmib` speaks to: an interface by its index or its description. 3 is "testing", which is neither.
pub(crate) const IF_MIB: Dialects = Dialects::One(&Dialect {
    confirmation: Some(Confirmation { column: IF_OPER_STATUS, on: 1 }),
    names: Some(IF_DESCR),
    listing: Listing::Interfaces,
    ..Dialect::new("switch with IF-MIB", Codes::new(IF_ADMIN_STATUS, 1, 2), Codes::new(IF_ADMIN_STATUS, 1, 2))
});

/// The index of port fcSLOT/PORT is slot + 21 and port - 1.
const PORT: &[Arc] = &[Arc::Part(0, 21), Arc::Part(1, -1)];

const PORT_ADMIN_STATUS: Column =
    column("fcFxPortPhysAdminStatus", &[1, 3, 6, 1, 2, 1, 75, 1, 2, 2, 1, 1], PORT);
const PORT_OPER_STATUS: Column =
    column("fcFxPortPhysOperStatus", &[1, 3, 6, 1, 2, 1, 75, 1, 2, 2, 1, 2], PORT);

/// What `fence_cisco_mds` speaks to.
pub(crate) const CISCO_MDS: Dialects = Dialects::One(&Dialect {
    confirmation: Some(Confirmation { column: PORT_OPER_STATUS, on: 1 }),
    notation: Notation::Port,
    listing: Listing::Ports,
    ..Dialect::new("Cisco MDS", Codes::new(PORT_ADMIN_STATUS, 1, 2), Codes::new(PORT_ADMIN_STATUS, 1, 2))
});
