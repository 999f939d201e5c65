//! Hexadecimal text as transcripts write it: lower case, no spaces, `xx` for a redacted byte.

use std::fmt::Write as _;
use std::ops::Range;

/// All bytes as hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    hex_redacted(bytes, 0..0)
}

/// All bytes as hex, those in `redacted` as `xx`.
pub(crate) fn hex_redacted(bytes: &[u8], redacted: Range<usize>) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for (i, byte) in bytes.iter().enumerate() {
        if redacted.contains(&i) {
            text.push_str("xx");
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// Reads hex; a redacted byte (`xx`) becomes 0. `Err` says which character is wrong.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let chars = text.as_bytes();
    if !chars.len().is_multiple_of(2) {
        return Err(format!("hex text of odd length {}", chars.len()));
    }
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    chars
        .chunks_exact(2)
        .enumerate()
        .map(|(i, pair)| match *pair {
            [b'x', b'x'] => Ok(0),
            [high, low] => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => Ok(high << 4 | low),
                _ => Err(format!("not a hex byte at character {}", i * 2 + 1)),
            },
            _ => Err("not a pair".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{hex_redacted, unhex};

    #[test]
    fn there_and_back() {
        assert_eq!(hex_redacted(&[0, 0xab, 0x1c], 1..2), "00xx1c");
        assert_eq!(unhex("00xx1c"), Ok(vec![0, 0, 0x1c]));
        assert_eq!(unhex("0"), Err("hex text of odd length 1".to_owned()));
        assert_eq!(unhex("00g1"), Err("not a hex byte at character 3".to_owned()));
    }
}
