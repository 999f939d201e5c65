//! FNV-1a, 64 bits (draft-eastlake-fnv): a hash that is the same in every build and run, for what outlives its program.

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The hash of these words; where one ends matters.
pub(crate) fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> u64 {
    words.into_iter().fold(BASIS, |hash, word| go_on(go_on(hash, word.as_bytes()), &[0]))
}

/// Goes on from a hash, or from any other number, with more bytes.
pub(crate) fn go_on(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors() {
        assert_eq!(go_on(BASIS, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(go_on(BASIS, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(go_on(BASIS, b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn where_a_word_ends_matters() {
        assert_ne!(of_words(["ab", "c"]), of_words(["a", "bc"]));
    }
}
