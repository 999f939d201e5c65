//! IBM: the iPDU (IBM-PDU-MIB), which Lenovo has too, and the blades of a BladeCenter.

use super::{OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Range, Sign},
    index::Column,
};

const IDENTITY: &[u32] = &[1, 3, 6, 1, 4, 1, 2, 6, 223];

const NAME: Column = column("ibmPduOutletName", &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 2], OUTLET);

/// Most firmware has the state in column 11.
const STATE_11: Column = column("ibmPduOutletState", &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 11], OUTLET);

/// Lenovo's has it in column 13, and so has IBM's 1.3_3. Column 11 is the threshold of a warning there: it takes any number
/// and tells it back, so that whoever writes 0 into it finds the outlet off, which is on.
const STATE_13: Column = column("ibmPduOutletState", &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 13], OUTLET);

/// ibmPduSoftwareVersion.
const VERSION: &[u32] = &[1, 3, 6, 1, 4, 1, 2, 6, 223, 7, 3, 0];

/// The last column of the longer table, ibmPduOutletLastPowerReading.
const LAST_COLUMN: &[u32] = &[1, 3, 6, 1, 4, 1, 2, 6, 223, 8, 2, 2, 1, 15];

const fn ipdu(name: &'static str, state: Column, sign: Sign) -> Dialect {
    Dialect {
        identities: &[IDENTITY],
        sign,
        // error (-1), off, on, cycling, and three kinds of delayed switching; a threshold is a number of milliamperes.
        range: Some(Range(-1, 5)),
        names: Some(NAME),
        ..Dialect::new(name, Codes::new(state, 1, 0), Codes::new(state, 1, 0))
    }
}

/// The longer table first: it has a sign.
const IPDUS: &[Dialect] = &[
    ipdu(
        "iPDU with 15 columns",
        STATE_13,
        Sign::Firmware { version: VERSION, words: &["sLEN", "sIBM_v01.3_3"], column: LAST_COLUMN },
    ),
    ipdu("iPDU", STATE_11, Sign::Identity),
];

/// What `fence_ipdu` speaks to; what is sold under other identities has the same objects.
pub(crate) const IPDU: Dialects = Dialects::Identified { known: IPDUS, otherwise: IPDUS };

const BLADE_STATE: Column =
    column("bladePowerState", &[1, 3, 6, 1, 4, 1, 2, 3, 51, 2, 22, 1, 5, 1, 1, 4], OUTLET);
const BLADE_ORDER: Column =
    column("powerOnOffBlade", &[1, 3, 6, 1, 4, 1, 2, 3, 51, 2, 22, 1, 6, 1, 1, 7], OUTLET);

/// What `fence_ibmblade` speaks to. States of 3 (standby), 4 (hibernate) and 255 (unknown) are neither.
pub(crate) const BLADE_CENTER: Dialects = Dialects::One(&Dialect::new(
    "IBM BladeCenter",
    Codes::new(BLADE_STATE, 1, 0),
    Codes::new(BLADE_ORDER, 1, 0),
));
