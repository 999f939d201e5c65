//! The blades of an Intel Modular Server (INTELCORPORATION-MULTI-FLEX-SERVER-BLADES-MIB).

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects},
    index::Column,
};

const POWER_LED: Column =
    column("bladePowerLed", &[1, 3, 6, 1, 4, 1, 343, 2, 19, 1, 2, 10, 202, 1, 1, 6], OUTLET);

/// What `fence_intelmodular` speaks to. The light that shows the power is also what is written to; off is shown as 0, and
/// ordered as 3. Standby (1) is neither.
pub(crate) const MODULAR_SERVER: Dialects = Dialects::One(&Dialect::new(
    "Intel Modular Server",
    Codes::new(POWER_LED, 2, 0),
    Codes::new(POWER_LED, 2, 3),
));
