//! What becomes of a datagram on a hostile network.

use proptest::prelude::*;

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Passes,
    Lost,
    Doubled,
    Cut(usize),
    Garbled(usize, u8),
}

/// Mostly nothing.
pub(crate) fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Passes),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Doubled),
        1 => (0usize..80).prop_map(Fate::Cut),
        3 => ((0usize..80), 1u8..).prop_map(|(at, bits)| Fate::Garbled(at, bits)),
    ]
}

/// The datagrams that arrive.
pub(crate) fn suffer(fate: Fate, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    match fate {
        Fate::Passes => vec![bytes],
        Fate::Lost => Vec::new(),
        Fate::Doubled => vec![bytes.clone(), bytes],
        Fate::Cut(length) => {
            bytes.truncate(length);
            vec![bytes]
        }
        Fate::Garbled(at, bits) => {
            let length = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at % length) {
                *byte ^= bits;
            }
            vec![bytes]
        }
    }
}
