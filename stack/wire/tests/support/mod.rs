//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod bmc;
pub mod dialogue;
pub mod peer;
pub mod snmp;
