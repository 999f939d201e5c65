//! Eaton ePDUs, managed and switched (once Powerware and Pulizzi).

use super::column;
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Arc, Column, Notation},
};

/// The managed ones count their outlets from 0; people count from 1.
const MANAGED: Column =
    column("outlet status", &[1, 3, 6, 1, 4, 1, 534, 6, 6, 6, 1, 2, 2, 1, 3], &[Arc::Part(0, -1)]);

const KNOWN: &[Dialect] = &[
    Dialect {
        name: "Eaton managed ePDU",
        identities: &[&[1, 3, 6, 1, 4, 1, 534, 6, 6, 6]],
        // 2 is "cycling", which is neither.
        status: Codes { column: MANAGED, on: 1, off: 0 },
        control: Codes { column: MANAGED, on: 1, off: 0 },
        names: None,
        notation: Notation::Number,
        listing: Listing::Numbered { absent: None },
    },
    Dialect {
        name: "Eaton switched ePDU",
        // It says that it is the one, and keeps its outlets under the other.
        identities: &[&[1, 3, 6, 1, 4, 1, 20_677, 1], &[1, 3, 6, 1, 4, 1, 20_677, 2]],
        status: Codes {
            column: column(
                "outlet status",
                &[1, 3, 6, 1, 4, 1, 20_677, 2, 6, 3],
                &[Arc::Part(0, 0), Arc::Fixed(0)],
            ),
            on: 1,
            off: 2,
        },
        // Control number 1 is for all outlets at once, so that of an outlet comes one later.
        control: Codes {
            column: column(
                "outlet control",
                &[1, 3, 6, 1, 4, 1, 20_677, 2, 6, 2],
                &[Arc::Part(0, 1), Arc::Fixed(0)],
            ),
            on: 1,
            off: 2,
        },
        names: None,
        notation: Notation::Number,
        listing: Listing::Numbered { absent: Some(0) },
    },
];

/// What `fence_eaton_snmp` speaks to.
pub(crate) const EATON: Dialects = Dialects::Identified { known: KNOWN, otherwise: None };
