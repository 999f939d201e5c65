//! IBM: the iPDU, and the blades of a BladeCenter.

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Column, Notation},
};

const OUTLET_STATE: Column =
    column("ibmPduOutletState", &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 11], OUTLET);

const IPDU_DIALECT: Dialect = Dialect {
    name: "IBM iPDU",
    identities: &[&[1, 3, 6, 1, 4, 1, 2, 6, 223]],
    status: Codes { column: OUTLET_STATE, on: 1, off: 0 },
    control: Codes { column: OUTLET_STATE, on: 1, off: 0 },
    names: Some(column("ibmPduOutletName", &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 2], OUTLET)),
    notation: Notation::Number,
    listing: Listing::Named,
};

/// What `fence_ipdu` speaks to; what is sold under other identities has the same objects.
pub(crate) const IPDU: Dialects =
    Dialects::Identified { known: &[IPDU_DIALECT], otherwise: Some(&IPDU_DIALECT) };

/// What `fence_ibmblade` speaks to. A state of 255 is "not available".
pub(crate) const BLADE_CENTER: Dialects = Dialects::One(&Dialect {
    name: "IBM BladeCenter",
    identities: &[],
    status: Codes {
        column: column(
            "remoteControlBladePowerState",
            &[1, 3, 6, 1, 4, 1, 2, 3, 51, 2, 22, 1, 5, 1, 1, 4],
            OUTLET,
        ),
        on: 1,
        off: 0,
    },
    control: Codes {
        column: column("powerOnOffBlade", &[1, 3, 6, 1, 4, 1, 2, 3, 51, 2, 22, 1, 6, 1, 1, 7], OUTLET),
        on: 1,
        off: 0,
    },
    names: None,
    notation: Notation::Number,
    listing: Listing::Named,
});
