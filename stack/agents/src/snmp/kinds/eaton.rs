//! Eaton ePDUs, managed and switched (once Powerware and Pulizzi).

use super::column;
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Arc, Column},
};

const MANAGED: &[u32] = &[1, 3, 6, 1, 4, 1, 534, 6, 6, 6];

/// A switched one says that it is the one, and keeps its outlets under the other.
const SWITCHED: [&[u32]; 2] = [&[1, 3, 6, 1, 4, 1, 20_677, 1], &[1, 3, 6, 1, 4, 1, 20_677, 2]];

/// The managed ones count their outlets from 0; people count from 1.
const MANAGED_STATE: Column =
    column("outletOperationalState", &[1, 3, 6, 1, 4, 1, 534, 6, 6, 6, 1, 2, 2, 1, 3], &[Arc::Part(0, -1)]);

const SWITCHED_STATUS: Column =
    column("outletStatus", &[1, 3, 6, 1, 4, 1, 20_677, 2, 6, 3], &[Arc::Part(0, 0), Arc::Fixed(0)]);

/// Number 1 orders all outlets at once, so that of an outlet comes one later.
const SWITCHED_COMMAND: Column =
    column("outletCommand", &[1, 3, 6, 1, 4, 1, 20_677, 2, 6, 2], &[Arc::Part(0, 1), Arc::Fixed(0)]);

const KNOWN: &[Dialect] = &[
    Dialect {
        identities: &[MANAGED],
        listing: Listing::Numbered,
        // 2 is "cycling", which is neither.
        ..Dialect::new("Eaton managed ePDU", Codes::new(MANAGED_STATE, 1, 0), Codes::new(MANAGED_STATE, 1, 0))
    },
    Dialect {
        identities: &SWITCHED,
        absent: Some(0),
        listing: Listing::Numbered,
        ..Dialect::new(
            "Eaton switched ePDU",
            Codes::new(SWITCHED_STATUS, 1, 2),
            Codes::new(SWITCHED_COMMAND, 1, 2),
        )
    },
];

/// What `fence_eaton_snmp` speaks to.
pub(crate) const EATON: Dialects = Dialects::Identified { known: KNOWN, otherwise: &[] };
