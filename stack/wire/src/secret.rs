//! Passwords and keys, kept out of every log.

use std::fmt;

/// A password or key: arbitrary bytes that `Debug` shows as `***`.
///
/// IPMI v1.5 uses the first 16 bytes of a password, RMCP+ the first 20; both pad with zero bytes (IPMI 2.0
/// §22.30). A K_g is 20 bytes (§13.33).
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Keeps these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into_boxed_slice())
    }

    /// The bytes themselves. Never print them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The first `N` bytes, padded with zero bytes.
    #[must_use]
    pub fn padded<const N: usize>(&self) -> [u8; N] {
        let mut padded = [0; N];
        for (to, from) in padded.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        padded
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::Secret;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::from("calvin")), "***");
    }

    #[test]
    fn padding_cuts_and_fills() {
        assert_eq!(Secret::from("abc").padded::<2>(), *b"ab");
        assert_eq!(Secret::from("abc").padded::<5>(), *b"abc\0\0");
    }
}
