//! Any bytes at all that reads SNMP, and walks as text: see `snmp.rs` one folder up, which `cargo test` replays.
#![no_main]

#[path = "../snmp.rs"]
mod snmp;

libfuzzer_sys::fuzz_target!(|input: &[u8]| snmp::take(input));
