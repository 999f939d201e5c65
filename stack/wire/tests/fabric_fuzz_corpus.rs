//! The fuzzer's corpus of cluster fabrics, replayed; and where it comes from: messages of our own making, one of each kind.
//!
//! `FENCELAB_MAKE_CORPUS=1 cargo test -p fencelab-wire --test fabric_fuzz_corpus` writes the synthesised files anew.
//! Files whose names begin with `found-` are what the fuzzer found; they stay as they are.

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/fabric.rs"]
mod fabric;
#[path = "../fuzz/fabric.rs"]
mod target;

use corpus::Input;
use proptest::prelude::*;
use target::take;

/// Everything synthesised, by file name.
fn synthesised() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, bytes) in fabric::all() {
        let mut input = Input::default();
        input.record_request(&bytes);
        // Cut in the middle, and with something behind it.
        input.record_answer(&bytes[..bytes.len() / 2]);
        input.record_answer(&[&bytes[..], &[0xa5; 3]].concat());
        files.push((name.to_owned(), input.0));
    }
    files
}

corpus::corpus_tests!("fabric", synthesised, take);
