//! Emerson (Liebert) MPX and MPH2 rack PDUs.

use super::column;
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Arc, Notation},
};

const RECEPTACLE: &[Arc] = &[Arc::Part(0, 0), Arc::Part(1, 0), Arc::Part(2, 0)];

/// What `fence_emerson` speaks to: PDU, bank and receptacle make a plug.
pub(crate) const EMERSON: Dialects = Dialects::One(&Dialect {
    name: "Emerson rack PDU",
    identities: &[],
    status: Codes {
        column: column(
            "lgpPduRcpEntryPwrState",
            &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 95],
            RECEPTACLE,
        ),
        on: 2,
        off: 1,
    },
    control: Codes {
        column: column(
            "lgpPduRcpEntryControl",
            &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 100],
            RECEPTACLE,
        ),
        on: 1,
        off: 0,
    },
    names: Some(column(
        "lgpPduRcpEntryUsrLabel",
        &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 10],
        RECEPTACLE,
    )),
    notation: Notation::Dotted(3),
    listing: Listing::Named,
});
