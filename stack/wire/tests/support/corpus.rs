//! A fuzzer's committed corpus: what it is made of, and its replay.

use std::fs;
use std::path::PathBuf;

fn folder(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", target].iter().collect()
}

/// An input under construction: datagrams with the two bytes before each.
#[derive(Default)]
pub(crate) struct Input(pub(crate) Vec<u8>);

impl Input {
    pub(crate) fn record_request(&mut self, datagram: &[u8]) {
        self.push(0, datagram);
    }

    pub(crate) fn record_answer(&mut self, datagram: &[u8]) {
        self.push(0x8000, datagram);
    }

    fn push(&mut self, direction: u16, datagram: &[u8]) {
        self.0.extend((direction | datagram.len() as u16).to_le_bytes());
        self.0.extend(datagram);
    }
}

/// The synthesised files are committed as they are; `FENCELAB_MAKE_CORPUS` in the environment writes them anew.
pub(crate) fn assert_committed(target: &str, synthesised: &[(String, Vec<u8>)]) {
    let make = std::env::var_os("FENCELAB_MAKE_CORPUS").is_some();
    for (name, bytes) in synthesised {
        let file = folder(target).join(name);
        if make {
            fs::write(&file, bytes).expect("the corpus can be written");
        }
        let committed = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(
            committed == *bytes,
            "{name}: the wire changed; if it was meant to, write the corpus anew with FENCELAB_MAKE_CORPUS=1"
        );
    }
}

/// The tests of a target's corpus: what `synthesised` makes is committed; everything committed, damaged dialogues and any bytes are
/// taken without a panic.
macro_rules! corpus_tests {
    ($target:literal, $synthesised:path, $take:path) => {
        #[test]
        fn the_corpus_is_what_our_two_ends_say() {
            corpus::assert_committed($target, &$synthesised());
        }

        #[test]
        fn the_corpus_is_taken_without_a_panic() {
            corpus::replay($target, $synthesised().len(), $take);
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(64))]

            /// Mutated dialogues: whole sessions with bytes overwritten anywhere.
            #[test]
            fn damaged_dialogues_are_taken_without_a_panic(
                which in any::<prop::sample::Index>(),
                damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            ) {
                let files = $synthesised();
                let (_, mut bytes) = which.get(&files).clone();
                for (place, byte) in damage {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
                $take(&bytes);
            }

            #[test]
            fn any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
                $take(&bytes);
            }
        }
    };
}
pub(crate) use corpus_tests;

/// Hands every file of the corpus to `take`; there are at least as many as `synthesised`.
pub(crate) fn replay(target: &str, synthesised: usize, take: impl Fn(&[u8])) {
    let files: Vec<_> = fs::read_dir(folder(target))
        .expect("the corpus is there")
        .map(|file| file.expect("a file").path())
        .collect();
    assert!(files.len() >= synthesised);
    for file in files {
        take(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
}
