//! Emerson (Liebert) MPX and MPH2 rack PDUs (LIEBERT-GP-PDU-MIB).

use super::column;
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects},
    index::{Arc, Column, Notation},
};

/// PDU, branch and receptacle.
const RECEPTACLE: &[Arc] = &[Arc::Part(0, 0), Arc::Part(1, 0), Arc::Part(2, 0)];

const STATE: Column =
    column("lgpPduRcpEntryPwrState", &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 95], RECEPTACLE);
const CONTROL: Column =
    column("lgpPduRcpEntryControl", &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 100], RECEPTACLE);
const LABEL: Column =
    column("lgpPduRcpEntryUsrLabel", &[1, 3, 6, 1, 4, 1, 476, 1, 42, 3, 8, 50, 20, 1, 10], RECEPTACLE);

/// What `fence_emerson` speaks to. A state of 3 is "off, and on again soon by itself", which is neither.
pub(crate) const EMERSON: Dialects = Dialects::One(&Dialect {
    names: Some(LABEL),
    notation: Notation::Dotted(3),
    ..Dialect::new("Emerson rack PDU", Codes::new(STATE, 2, 1), Codes::new(CONTROL, 1, 0))
});
