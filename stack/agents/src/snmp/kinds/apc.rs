//! APC rack PDUs and master switches (PowerNet-MIB), and Tripp Lite PDUs, which the same agent serves.

use super::{FIRST_OUTLET, OUTLET, SWITCH_AND_OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Sign},
    index::{Arc, Column, Notation},
};

/// PowerNet-MIB has two numbers in the index of a MasterSwitch plus; hardware was seen with a 1 between them.
const SWITCH_1_OUTLET: &[Arc] = &[Arc::Part(0, 0), Arc::Fixed(1), Arc::Part(1, 0)];

/// masterswitchV1 to V3.
const MASTER_SWITCHES: [&[u32]; 3] = [
    &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 1],
    &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 2],
    &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 3],
];
const RACK_PDU: &[u32] = &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 5];
const MASTER_SWITCH_PLUS: &[u32] = &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 4];
const RACK_PDU_2: &[u32] = &[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 6];
const TRIPP_LITE: &[u32] = &[1, 3, 6, 1, 4, 1, 850, 1];
const TRIPP_LITE_LX: &[u32] = &[1, 3, 6, 1, 4, 1, 850, 1, 1, 1];

const RACK_PDU_STATE: Column =
    column("rPDUOutletStatusOutletState", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 4], OUTLET);
const RACK_PDU_COMMAND: Column =
    column("rPDUOutletControlOutletCommand", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 3, 1, 1, 4], OUTLET);
const RACK_PDU_NAME: Column =
    column("rPDUOutletStatusOutletName", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 2], OUTLET);

const MASTER_SWITCH_CONTROL: Column =
    column("sPDUOutletCtl", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 4, 4, 2, 1, 3], OUTLET);
const MASTER_SWITCH_NAME: Column =
    column("sPDUOutletCtlName", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 4, 4, 2, 1, 4], OUTLET);

const TRIPP_LITE_STATE: Column =
    column("outlet state", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 2], FIRST_OUTLET);
const TRIPP_LITE_COMMAND: Column =
    column("outlet command", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 4], FIRST_OUTLET);
const TRIPP_LITE_NAME: Column =
    column("outlet name", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 5], FIRST_OUTLET);

const LX_STATE: Column =
    column("tlpPduOutletState", &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 4], FIRST_OUTLET);
const LX_COMMAND: Column =
    column("tlpPduOutletCommand", &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 6], FIRST_OUTLET);
const LX_NAME: Column =
    column("tlpPduOutletName", &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 2], FIRST_OUTLET);

/// Every APC PDU answers to the objects of the oldest, so a device that is not known is tried as that.
const MASTER_SWITCH: Dialect = Dialect {
    names: Some(MASTER_SWITCH_NAME),
    notation: Notation::OneSwitch,
    ..Dialect::new(
        "APC MasterSwitch",
        Codes::new(MASTER_SWITCH_CONTROL, 1, 2),
        Codes::new(MASTER_SWITCH_CONTROL, 1, 2),
    )
};

/// A MasterSwitch plus: off is ordered as 3 and shown as 2.
const fn master_switch_plus(index: &'static [Arc]) -> Dialect {
    let state =
        column("sPDUOutletStatusMSPOutletState", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 7, 1, 1, 5], index);
    let command =
        column("sPDUOutletControlMSPOutletCommand", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 5, 1, 1, 5], index);
    let name = column("sPDUOutletStatusMSPOutletName", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 7, 1, 1, 4], index);
    Dialect {
        identities: &[MASTER_SWITCH_PLUS],
        sign: Sign::Index,
        names: Some(name),
        notation: Notation::Switched,
        ..Dialect::new("APC MasterSwitch plus", Codes::new(state, 1, 2), Codes::new(command, 1, 3))
    }
}

const KNOWN: &[Dialect] = &[
    Dialect {
        identities: &[RACK_PDU],
        names: Some(RACK_PDU_NAME),
        notation: Notation::OneSwitch,
        ..Dialect::new("APC rack PDU", Codes::new(RACK_PDU_STATE, 1, 2), Codes::new(RACK_PDU_COMMAND, 1, 2))
    },
    Dialect { identities: &MASTER_SWITCHES, ..MASTER_SWITCH },
    master_switch_plus(SWITCH_1_OUTLET),
    master_switch_plus(SWITCH_AND_OUTLET),
    Dialect {
        name: "APC rack PDU with firmware 6",
        identities: &[RACK_PDU_2],
        control: Codes::new(RACK_PDU_COMMAND, 1, 2),
        ..MASTER_SWITCH
    },
    Dialect {
        identities: &[TRIPP_LITE],
        names: Some(TRIPP_LITE_NAME),
        notation: Notation::OneSwitch,
        ..Dialect::new(
            "Tripp Lite PDU",
            Codes::new(TRIPP_LITE_STATE, 2, 1),
            Codes::new(TRIPP_LITE_COMMAND, 2, 1),
        )
    },
    Dialect {
        identities: &[TRIPP_LITE_LX],
        names: Some(LX_NAME),
        notation: Notation::OneSwitch,
        ..Dialect::new(
            "Tripp Lite PDU with WEBCARDLX",
            Codes::new(LX_STATE, 2, 1),
            Codes::new(LX_COMMAND, 2, 1),
        )
    },
];

/// What `fence_apc_snmp` and `fence_tripplite_snmp` speak to.
pub(crate) const APC: Dialects = Dialects::Identified { known: KNOWN, otherwise: &[MASTER_SWITCH] };
