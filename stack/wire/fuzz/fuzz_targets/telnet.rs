//! Any bytes at both ends of a telnet connection: see `telnet.rs` one folder up, which `cargo test` replays.
#![no_main]

#[path = "../telnet.rs"]
mod telnet;

libfuzzer_sys::fuzz_target!(|input: &[u8]| telnet::take(input));
