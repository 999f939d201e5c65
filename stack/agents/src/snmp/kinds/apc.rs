//! APC rack PDUs and master switches (PowerNet-MIB), and Tripp Lite PDUs, which the same agent serves.

use super::{FIRST_OUTLET, OUTLET, column};
use crate::snmp::{
    dialect::{Codes, Dialect, Dialects, Listing},
    index::{Arc, Column, Notation},
};

const SWITCH_AND_OUTLET: &[Arc] = &[Arc::Part(0, 0), Arc::Fixed(1), Arc::Part(1, 0)];

const RACK_PDU_COMMAND: Column =
    column("rPDUOutletControlOutletCommand", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 3, 1, 1, 4], OUTLET);
const MASTER_SWITCH_CONTROL: Column =
    column("sPDUOutletCtl", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 4, 4, 2, 1, 3], OUTLET);
const MASTER_SWITCH_NAMES: Column =
    column("sPDUOutletCtlName", &[1, 3, 6, 1, 4, 1, 318, 1, 1, 4, 4, 2, 1, 4], OUTLET);

/// Every APC PDU answers to the objects of the oldest, so a device that is not known is tried as that.
const MASTER_SWITCH: Dialect = Dialect {
    name: "APC MasterSwitch",
    identities: &[],
    status: Codes { column: MASTER_SWITCH_CONTROL, on: 1, off: 2 },
    control: Codes { column: MASTER_SWITCH_CONTROL, on: 1, off: 2 },
    names: Some(MASTER_SWITCH_NAMES),
    notation: Notation::OneSwitch,
    listing: Listing::Named,
};

const KNOWN: &[Dialect] = &[
    Dialect {
        name: "APC rack PDU",
        identities: &[&[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 5]],
        status: Codes {
            column: column(
                "rPDUOutletStatusOutletState",
                &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 4],
                OUTLET,
            ),
            on: 1,
            off: 2,
        },
        control: Codes { column: RACK_PDU_COMMAND, on: 1, off: 2 },
        names: Some(column(
            "rPDUOutletStatusOutletName",
            &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 2],
            OUTLET,
        )),
        notation: Notation::OneSwitch,
        listing: Listing::Named,
    },
    Dialect {
        name: "APC MasterSwitch plus",
        identities: &[&[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 4]],
        status: Codes {
            column: column(
                "sPDUOutletStatusMSPOutletState",
                &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 7, 1, 1, 5],
                SWITCH_AND_OUTLET,
            ),
            on: 1,
            off: 2,
        },
        control: Codes {
            column: column(
                "sPDUOutletControlMSPOutletCommand",
                &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 5, 1, 1, 5],
                SWITCH_AND_OUTLET,
            ),
            on: 1,
            off: 3,
        },
        names: Some(column(
            "sPDUOutletStatusMSPOutletName",
            &[1, 3, 6, 1, 4, 1, 318, 1, 1, 6, 7, 1, 1, 4],
            SWITCH_AND_OUTLET,
        )),
        notation: Notation::Switched,
        listing: Listing::Named,
    },
    Dialect {
        name: "APC MasterSwitch with firmware 6",
        identities: &[&[1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 6]],
        control: Codes { column: RACK_PDU_COMMAND, on: 1, off: 2 },
        ..MASTER_SWITCH
    },
    Dialect {
        name: "Tripp Lite PDU",
        identities: &[&[1, 3, 6, 1, 4, 1, 850, 1]],
        status: Codes {
            column: column("outlet state", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 2], FIRST_OUTLET),
            on: 2,
            off: 1,
        },
        control: Codes {
            column: column("outlet command", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 4], FIRST_OUTLET),
            on: 2,
            off: 1,
        },
        names: Some(column("outlet name", &[1, 3, 6, 1, 4, 1, 850, 10, 2, 3, 5, 1, 5], FIRST_OUTLET)),
        notation: Notation::OneSwitch,
        listing: Listing::Named,
    },
    Dialect {
        name: "Tripp Lite PDU with WEBCARDLX",
        identities: &[&[1, 3, 6, 1, 4, 1, 850, 1, 1, 1]],
        status: Codes {
            column: column(
                "tlpPduOutletState",
                &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 4],
                FIRST_OUTLET,
            ),
            on: 2,
            off: 1,
        },
        control: Codes {
            column: column(
                "tlpPduOutletCommand",
                &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 6],
                FIRST_OUTLET,
            ),
            on: 2,
            off: 1,
        },
        names: Some(column(
            "tlpPduOutletName",
            &[1, 3, 6, 1, 4, 1, 850, 1, 1, 3, 2, 3, 3, 1, 1, 2],
            FIRST_OUTLET,
        )),
        notation: Notation::OneSwitch,
        listing: Listing::Named,
    },
];

/// What `fence_apc_snmp` and `fence_tripplite_snmp` speak to.
pub(crate) const APC: Dialects = Dialects::Identified { known: KNOWN, otherwise: Some(&MASTER_SWITCH) };
