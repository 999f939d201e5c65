//! Any bytes typed at consoles: see `console.rs` one folder up, which `cargo test` replays.
#![no_main]

#[path = "../console.rs"]
mod console;

libfuzzer_sys::fuzz_target!(|input: &[u8]| console::take(input));
