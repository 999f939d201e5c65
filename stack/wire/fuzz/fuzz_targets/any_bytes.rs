//! Any bytes at all that reads IPMI: see `any_bytes.rs` one folder up, which `cargo test` replays.
#![no_main]

#[path = "../any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_bytes::take(input));
