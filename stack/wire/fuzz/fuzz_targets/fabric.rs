//! Any bytes at the codecs of cluster fabrics: see `fabric.rs` one folder up, which `cargo test` replays.
#![no_main]

#[path = "../fabric.rs"]
mod fabric;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fabric::take(input));
