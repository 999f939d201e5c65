//! Bytes of which some may be redacted.

use std::fmt;
use std::str::FromStr;

/// Bytes as they were on the wire. A redacted one is `None`, so the width of a field is kept.
///
/// Written as lower-case hex without blanks; a redacted byte is `xx`.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Bytes(pub Vec<Option<u8>>);

/// Why a text is not the hex of [`Bytes`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HexError {
    /// A byte is two digits.
    #[error("has an odd number of digits")]
    Odd,
    /// The pair at this place (in bytes, from 0) is neither two hex digits nor `xx`.
    #[error("byte {0} is neither two hex digits nor `xx`")]
    Digit(usize),
}

impl Bytes {
    /// The number of bytes, redacted ones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no byte at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any byte is redacted.
    pub fn is_redacted(&self) -> bool {
        self.0.iter().any(Option::is_none)
    }

    /// The bytes with zero in place of each redacted one.
    pub fn to_lossy(&self) -> Vec<u8> {
        self.0.iter().map(|b| b.unwrap_or(0)).collect()
    }

    /// The bytes, if none is redacted.
    pub fn to_exact(&self) -> Option<Vec<u8>> {
        self.0.iter().copied().collect()
    }

    /// Redacts the bytes of a range, as far as they exist. Answers whether any was not yet redacted.
    pub fn mask(&mut self, range: std::ops::Range<usize>) -> bool {
        let end = range.end.min(self.0.len());
        let Some(part) = self.0.get_mut(range.start.min(end)..end) else { return false };
        let fresh = part.iter().any(Option::is_some);
        part.fill(None);
        fresh
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().map(Some).collect())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| match byte {
            Some(byte) => write!(f, "{byte:02x}"),
            None => f.write_str("xx"),
        })
    }
}

impl FromStr for Bytes {
    type Err = HexError;

    /// Digits of either case are read.
    fn from_str(text: &str) -> Result<Self, HexError> {
        let pairs = text.as_bytes().chunks(2).enumerate().map(|(place, pair)| match pair {
            b"xx" => Ok(None),
            [high, low] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => Ok(Some(high << 4 | low)),
                _ => Err(HexError::Digit(place)),
            },
            _ => Err(HexError::Odd),
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }
}

fn digit(ascii: u8) -> Option<u8> {
    char::from(ascii).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_byte_keeps_its_width() {
        let mut bytes = Bytes::from(&[0x0a, 0x1b, 0xff]);
        assert!(bytes.mask(1..2));
        assert_eq!(bytes.to_string(), "0axxff");
        assert_eq!("0AxxFF".parse(), Ok(bytes.clone()));
        assert_eq!((bytes.to_lossy(), bytes.to_exact()), (vec![0x0a, 0, 0xff], None));
        assert!(!bytes.mask(1..2), "nothing fresh");
        assert!(!bytes.mask(7..9), "outside");
        assert!(bytes.mask(2..99), "cut at the end");
    }

    #[test]
    fn what_is_no_hex() {
        for (text, error) in [
            ("0", HexError::Odd),
            ("0a1", HexError::Odd),
            ("0g", HexError::Digit(0)),
            ("00x0", HexError::Digit(1)),
            ("00XX", HexError::Digit(1)),
            ("é", HexError::Digit(0)),
        ] {
            assert_eq!(text.parse::<Bytes>(), Err(error), "{text}");
        }
    }
}
