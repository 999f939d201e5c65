//! The encoding rules of SNMP: BER (X.690) with definite lengths (RFC 3417, §8).
//!
//! [`Reader`] takes what the standard allows and what agents of the field send beside it: lengths in a longer
//! form than needed, integers with needless leading bytes, unsigned numbers that look negative. [`mod@write`]
//! holds the one canonical form, [`Distortion`] the malformed ones, for faults.

mod distortion;
pub mod write;

pub use distortion::Distortion;

use super::value::tag;
use super::{Oid, Value};

/// Bytes that are no SNMP message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("byte {at}: {what}: {problem}")]
pub struct ParseError {
    /// Where in the bytes, from 0.
    pub at: usize,
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with bytes that were to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The bytes end too soon.
    #[error("cut short: {have} of {need} bytes are there")]
    CutShort {
        /// Bytes there are.
        have: usize,
        /// Bytes there should be.
        need: usize,
    },
    /// Another tag.
    #[error("tag 0x{found:02x} in the place of 0x{wanted:02x}")]
    Tag {
        /// The tag there is.
        found: u8,
        /// The tag there should be.
        wanted: u8,
    },
    /// A tag of this kind is not used here.
    #[error("tag 0x{0:02x} does not belong here")]
    Unexpected(u8),
    /// A tag of several bytes.
    #[error("tags of several bytes are not used in SNMP")]
    LongTag,
    /// A length of the indefinite form.
    #[error("an indefinite length, which SNMP forbids")]
    Indefinite,
    /// A length that is beyond all bounds.
    #[error("a length of {0} bytes cannot be meant")]
    LongLength(u8),
    /// Contents that the type cannot have.
    #[error("contents of {0} bytes that this type cannot have")]
    Contents(usize),
    /// More arcs than [`Oid::ARCS_MAX`], or an arc beyond 32 bits.
    #[error("an object identifier with more than 128 arcs, or an arc beyond 4294967295")]
    ObjectId,
    /// A number that cannot stand there.
    #[error("{0} cannot stand there")]
    Number(i64),
    /// Bytes that belong to nothing.
    #[error("{0} bytes too many")]
    TooMany(usize),
}

/// Reads tags, lengths and contents from the front of a slice; it never panics.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
    at: usize,
}

/// Bytes of a length, at most; more than any datagram needs.
const LENGTH_BYTES_MAX: u8 = 8;

impl<'a> Reader<'a> {
    /// Begins at byte 0.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, at: 0 }
    }

    /// The next byte's place, counted from the beginning of the outermost bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    #[must_use]
    pub fn left(&self) -> &'a [u8] {
        self.left
    }

    /// The next tag, if there is one.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.left.first().copied()
    }

    /// An error about the next byte.
    #[must_use]
    pub fn error(&self, what: &'static str, problem: Problem) -> ParseError {
        ParseError { at: self.at, what, problem }
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, ParseError> {
        match self.left.split_first() {
            Some((byte, left)) => {
                (self.left, self.at) = (left, self.at + 1);
                Ok(*byte)
            }
            None => Err(self.error(what, Problem::CutShort { have: 0, need: 1 })),
        }
    }

    fn length(&mut self, what: &'static str) -> Result<usize, ParseError> {
        let first = self.byte(what)?;
        let count = match first {
            0..=0x7f => return Ok(usize::from(first)),
            0x80 => return Err(ParseError { at: self.at - 1, what, problem: Problem::Indefinite }),
            _ => first & 0x7f,
        };
        if count > LENGTH_BYTES_MAX {
            return Err(ParseError { at: self.at - 1, what, problem: Problem::LongLength(count) });
        }
        let mut length = 0_u64;
        for _ in 0..count {
            length = length << 8 | u64::from(self.byte(what)?);
        }
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The next tag and what stands in it.
    ///
    /// # Errors
    ///
    /// Bytes cut short, lengths of the indefinite form, tags of several bytes.
    pub fn any(&mut self, what: &'static str) -> Result<(u8, Reader<'a>), ParseError> {
        let tag = self.byte(what)?;
        if tag & 0x1f == 0x1f {
            return Err(ParseError { at: self.at - 1, what, problem: Problem::LongTag });
        }
        let length = self.length(what)?;
        match self.left.split_at_checked(length) {
            Some((contents, left)) => {
                let inner = Reader { left: contents, at: self.at };
                (self.left, self.at) = (left, self.at + length);
                Ok((tag, inner))
            }
            None => Err(self.error(what, Problem::CutShort { have: self.left.len(), need: length })),
        }
    }

    /// What stands in the next tag, which must be this one.
    ///
    /// # Errors
    ///
    /// As [`Reader::any`], and another tag.
    pub fn tagged(&mut self, what: &'static str, wanted: u8) -> Result<Reader<'a>, ParseError> {
        let at = self.at;
        match self.any(what)? {
            (tag, inner) if tag == wanted => Ok(inner),
            (found, _) => Err(ParseError { at, what, problem: Problem::Tag { found, wanted } }),
        }
    }

    /// A `SEQUENCE`.
    ///
    /// # Errors
    ///
    /// As [`Reader::tagged`].
    pub fn sequence(&mut self, what: &'static str) -> Result<Reader<'a>, ParseError> {
        self.tagged(what, tag::SEQUENCE)
    }

    /// An `OCTET STRING`.
    ///
    /// # Errors
    ///
    /// As [`Reader::tagged`].
    pub fn octets(&mut self, what: &'static str) -> Result<&'a [u8], ParseError> {
        self.tagged(what, tag::OCTET_STRING).map(|inner| inner.left)
    }

    /// An `INTEGER` of at most 64 bits, however many bytes it takes up to eight.
    ///
    /// # Errors
    ///
    /// As [`Reader::tagged`], and other lengths.
    pub fn integer(&mut self, what: &'static str) -> Result<i64, ParseError> {
        let inner = self.tagged(what, tag::INTEGER)?;
        integer(inner.left).ok_or_else(|| inner.error(what, Problem::Contents(inner.left.len())))
    }

    /// An `INTEGER` of 32 bits.
    ///
    /// # Errors
    ///
    /// As [`Reader::integer`], and numbers that need more.
    pub fn integer32(&mut self, what: &'static str) -> Result<i32, ParseError> {
        let at = self.at;
        let number = self.integer(what)?;
        i32::try_from(number).map_err(|_| ParseError { at, what, problem: Problem::Number(number) })
    }

    /// An `OBJECT IDENTIFIER`.
    ///
    /// # Errors
    ///
    /// As [`Reader::tagged`], and what [`Oid`] cannot hold.
    pub fn object_id(&mut self, what: &'static str) -> Result<Oid, ParseError> {
        let inner = self.tagged(what, tag::OBJECT_ID)?;
        object_id(inner.left).ok_or_else(|| inner.error(what, Problem::ObjectId))
    }

    /// A value of any type.
    ///
    /// # Errors
    ///
    /// As [`Reader::any`]; contents that a type cannot have make a [`Value::Unknown`].
    pub fn value(&mut self, what: &'static str) -> Result<Value, ParseError> {
        let (tag, inner) = self.any(what)?;
        Ok(value(tag, inner.left))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    ///
    /// [`Problem::TooMany`].
    pub fn end(&self, what: &'static str) -> Result<(), ParseError> {
        match self.left.len() {
            0 => Ok(()),
            count => Err(self.error(what, Problem::TooMany(count))),
        }
    }
}

/// The value of this tag and these contents; [`Value::Unknown`] if the contents cannot be that.
#[must_use]
pub fn value(tag: u8, contents: &[u8]) -> Value {
    let known = match tag {
        tag::INTEGER => integer(contents).map(Value::Integer),
        tag::OCTET_STRING => Some(Value::OctetString(contents.to_vec())),
        tag::NULL if contents.is_empty() => Some(Value::Null),
        tag::OBJECT_ID => object_id(contents).map(Value::ObjectId),
        tag::IP_ADDRESS => contents.try_into().ok().map(Value::IpAddress),
        tag::COUNTER32 => unsigned32(contents).map(Value::Counter32),
        tag::GAUGE32 => unsigned32(contents).map(Value::Gauge32),
        tag::TIME_TICKS => unsigned32(contents).map(Value::TimeTicks),
        tag::OPAQUE => Some(Value::Opaque(contents.to_vec())),
        tag::COUNTER64 => unsigned64(contents).map(Value::Counter64),
        tag::NO_SUCH_OBJECT if contents.is_empty() => Some(Value::NoSuchObject),
        tag::NO_SUCH_INSTANCE if contents.is_empty() => Some(Value::NoSuchInstance),
        tag::END_OF_MIB_VIEW if contents.is_empty() => Some(Value::EndOfMibView),
        _ => None,
    };
    known.unwrap_or_else(|| Value::Unknown(tag, contents.to_vec()))
}

fn integer(contents: &[u8]) -> Option<i64> {
    let first = *contents.first()?;
    if contents.len() > 8 {
        return None;
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Some(contents.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
}

/// At most nine bytes, a leading zero included, as a signed number.
fn unsigned(contents: &[u8]) -> Option<i128> {
    let first = *contents.first()?;
    if contents.len() > 9 {
        return None;
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Some(contents.iter().fold(sign, |number, byte| number << 8 | i128::from(*byte)))
}

/// Old agents leave the leading zero out, and a large number looks negative: it is not meant so.
fn unsigned32(contents: &[u8]) -> Option<u32> {
    let number = unsigned(contents)?;
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))
}

fn unsigned64(contents: &[u8]) -> Option<u64> {
    let number = unsigned(contents)?;
    u64::try_from(number).ok().or_else(|| i64::try_from(number).ok().map(i64::cast_unsigned))
}

fn object_id(contents: &[u8]) -> Option<Oid> {
    let Some(last) = contents.last() else { return Some(Oid::default()) };
    let numbers = contents.iter().filter(|byte| **byte & 0x80 == 0).count();
    if last & 0x80 != 0 || numbers >= Oid::ARCS_MAX {
        return None;
    }
    let mut bytes = contents.iter();
    let mut next = || {
        let mut number = 0_u64;
        for byte in bytes.by_ref() {
            // Two arcs of 32 bits in one number have far fewer bits than this.
            if number > u64::MAX >> 8 {
                return None;
            }
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    };
    let mut arcs = Vec::with_capacity(numbers + 1);
    // The first two arcs share a number.
    let shared = next()?;
    let first = (shared / 40).min(2);
    arcs.push(first as u32);
    arcs.push(u32::try_from(shared - first * 40).ok()?);
    for _ in 1..numbers {
        arcs.push(u32::try_from(next()?).ok()?);
    }
    Some(Oid::new(arcs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_agents_send_them() {
        let one = |tag, contents: &[u8]| value(tag, contents);
        assert_eq!(one(tag::INTEGER, &[0xff]), Value::Integer(-1));
        assert_eq!(one(tag::INTEGER, &[0, 0, 0, 5]), Value::Integer(5));
        assert_eq!(one(tag::INTEGER, &[0x80, 0, 0, 0, 0, 0, 0, 0]), Value::Integer(i64::MIN));
        assert_eq!(one(tag::INTEGER, &[0; 9]), Value::Unknown(tag::INTEGER, vec![0; 9]));
        assert_eq!(one(tag::INTEGER, &[]), Value::Unknown(tag::INTEGER, Vec::new()));
        assert_eq!(one(tag::GAUGE32, &[0xff, 0xff, 0xff, 0xfe]), Value::Gauge32(0xffff_fffe));
        assert_eq!(one(tag::GAUGE32, &[0, 0xff, 0xff, 0xff, 0xfe]), Value::Gauge32(0xffff_fffe));
        assert_eq!(one(tag::COUNTER32, &[1, 0, 0, 0, 0]), Value::Unknown(0x41, vec![1, 0, 0, 0, 0]));
        let all = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(one(tag::COUNTER64, &all), Value::Counter64(u64::MAX));
        assert_eq!(one(tag::COUNTER64, &all[1..]), Value::Counter64(u64::MAX));
        assert_eq!(one(tag::IP_ADDRESS, &[1; 5]), Value::Unknown(tag::IP_ADDRESS, vec![1; 5]));
        assert_eq!(one(tag::NULL, &[0]), Value::Unknown(tag::NULL, vec![0]));
    }

    #[test]
    fn object_ids_at_their_limits() {
        assert_eq!(object_id(&[0x2b, 6, 1]), Some([1, 3, 6, 1].into()));
        assert_eq!(object_id(&[0x88, 0x37]), Some([2, 999].into()));
        assert_eq!(object_id(&[]), Some(Oid::default()));
        assert_eq!(object_id(&[0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]), Some([1, 3, u32::MAX].into()));
        assert_eq!(object_id(&[0x2b, 0x90, 0x80, 0x80, 0x80, 0x00]), None, "an arc of 33 bits");
        assert_eq!(object_id(&[0x2b, 0x86]), None, "cut in the middle of an arc");
        assert_eq!(object_id(&[1; 127]).map(|oid| oid.as_arcs().len()), Some(128));
        assert_eq!(object_id(&[1; 128]), None);
    }

    #[test]
    fn lengths_have_bounds() {
        let problem = |bytes: &[u8]| Reader::new(bytes).octets("x").unwrap_err().problem;
        assert_eq!(Reader::new(&[4, 0x84, 0, 0, 0, 1, 7]).octets("x").unwrap(), [7]);
        assert_eq!(problem(&[4, 0x80, 7, 0, 0]), Problem::Indefinite);
        assert_eq!(problem(&[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]), Problem::LongLength(9));
        let huge = [4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(problem(&huge), Problem::CutShort { have: 0, need: usize::MAX });
        assert_eq!(problem(&[0x1f, 1, 0]), Problem::LongTag);
    }
}
