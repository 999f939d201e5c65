//! Object identifiers.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// An object identifier: at most [`Oid::ARCS_MAX`] arcs (RFC 2578, §3.5). Ordered lexicographically, as a
/// walk is.
///
/// On the wire the first two arcs share a number (X.690, §8.19.4), so what is to be sent begins with 0 or 1
/// and an arc below 40, or with 2; fewer than two arcs are only good as a prefix, `1` is sent as `1.0`.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid(Box<[u32]>);

/// Text that is no object identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not an object identifier such as 1.3.6.1.2.1.1.1.0: {why}")]
pub struct OidError {
    /// The text, its first bytes.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Oid {
    /// Arcs in an object identifier, at most.
    pub const ARCS_MAX: usize = 128;

    /// From its arcs.
    pub fn new(arcs: impl Into<Box<[u32]>>) -> Self {
        Self(arcs.into())
    }

    /// Its arcs.
    #[must_use]
    pub fn as_arcs(&self) -> &[u32] {
        &self.0
    }

    /// Whether it is `prefix` or stands below it.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// The arcs after `prefix`, if it stands there.
    #[must_use]
    pub fn below(&self, prefix: &Self) -> Option<&[u32]> {
        self.0.strip_prefix(&*prefix.0)
    }

    /// This one with `arcs` behind it.
    #[must_use]
    pub fn child(&self, arcs: &[u32]) -> Self {
        Self([&self.0, arcs].concat().into_boxed_slice())
    }

    /// Reads what stands in a text, such as `1.3.6.1` or `.1.3.6.1`.
    ///
    /// # Errors
    ///
    /// Anything else, too many arcs, and what cannot be sent.
    pub fn from_ascii(text: &[u8]) -> Result<Self, OidError> {
        read(text).map(Self).map_err(|why| {
            let text = String::from_utf8_lossy(text.get(..64).unwrap_or(text)).into_owned();
            OidError { text, why }
        })
    }
}

fn read(text: &[u8]) -> Result<Box<[u32]>, &'static str> {
    let digits = text.strip_prefix(b".").unwrap_or(text);
    let mut arcs = Vec::with_capacity(16);
    let (mut arc, mut has_digit) = (0_u32, false);
    for byte in digits.iter().chain(b".") {
        match byte {
            b'0'..=b'9' => {
                let next = arc.checked_mul(10).and_then(|arc| arc.checked_add(u32::from(byte - b'0')));
                arc = next.ok_or("an arc is at most 4294967295")?;
                has_digit = true;
            }
            b'.' if !has_digit => return Err("a number is missing"),
            b'.' if arcs.len() >= Oid::ARCS_MAX => return Err("it has more than 128 arcs"),
            b'.' => {
                arcs.push(arc);
                (arc, has_digit) = (0, false);
            }
            _ => return Err("only digits and dots make one"),
        }
    }
    match *arcs.as_slice() {
        [first, ..] if first > 2 => Err("the first arc is 0, 1 or 2"),
        [0 | 1, second, ..] if second >= 40 => Err("after 0 or 1 the second arc is below 40"),
        _ => Ok(arcs.into_boxed_slice()),
    }
}

impl FromStr for Oid {
    type Err = OidError;

    fn from_str(text: &str) -> Result<Self, OidError> {
        Self::from_ascii(text.as_bytes())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, arc) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            arc.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[u32; N]> for Oid {
    fn from(arcs: [u32; N]) -> Self {
        Self(arcs.into())
    }
}

impl From<&[u32]> for Oid {
    fn from(arcs: &[u32]) -> Self {
        Self(arcs.into())
    }
}

impl From<Vec<u32>> for Oid {
    fn from(arcs: Vec<u32>) -> Self {
        Self(arcs.into_boxed_slice())
    }
}

/// So that tables can be searched by arcs alone.
impl Borrow<[u32]> for Oid {
    fn borrow(&self) -> &[u32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Oid;

    #[test]
    fn text_and_back() {
        for text in ["1.3.6.1.2.1.1.1.0", "0.0", "2.999.4294967295", "1"] {
            assert_eq!(text.parse::<Oid>().unwrap().to_string(), text);
            assert_eq!(format!(".{text}").parse::<Oid>().unwrap().to_string(), text);
        }
        for text in ["", ".", "1.", "1..3", "1.3.x", "1.3.4294967296", "3.1", "1.40", "iso.3", "1.3 "] {
            let error = text.parse::<Oid>().unwrap_err();
            assert!(error.to_string().contains("object identifier"), "{text}: {error}");
        }
    }

    #[test]
    fn as_many_arcs_as_allowed_and_not_one_more() {
        let most = format!("1{}", ".3".repeat(Oid::ARCS_MAX - 1));
        assert_eq!(most.parse::<Oid>().unwrap().as_arcs().len(), Oid::ARCS_MAX);
        assert!(format!("{most}.3").parse::<Oid>().is_err());
    }

    #[test]
    fn order_is_that_of_a_walk() {
        let mut walk: Vec<Oid> =
            ["1.3.6.10", "1.3.6.2", "1.3.6", "1.3.6.2.1"].map(|t| t.parse().unwrap()).into();
        walk.sort();
        assert_eq!(format!("{walk:?}"), "[1.3.6, 1.3.6.2, 1.3.6.2.1, 1.3.6.10]");
        assert!(walk[2].starts_with(&walk[1]) && !walk[1].starts_with(&walk[2]));
        assert_eq!(walk[2].below(&walk[0]), Some(&[2, 1][..]));
        assert_eq!(walk[0].child(&[2, 1]), walk[2]);
    }
}
