//! The blades of an Intel Modular Server (INTELCORPORATION-MULTI-FLEX-SERVER-BLADES-MIB).

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Column, Notation},
};

const POWER_LED: Column =
    column("bladePowerLed", &[1, 3, 6, 1, 4, 1, 343, 2, 19, 1, 2, 10, 202, 1, 1, 6], OUTLET);

/// What `fence_intelmodular` speaks to. The light that shows the power is also what is written to; off is shown as 0, and
/// ordered as 3.
pub(crate) const MODULAR_SERVER: Dialects = Dialects::One(&Dialect {
    name: "Intel Modular Server",
    identities: &[],
    status: Codes { column: POWER_LED, on: 2, off: 0 },
    control: Codes { column: POWER_LED, on: 2, off: 3 },
    names: None,
    notation: Notation::Number,
    listing: Listing::Named,
});
