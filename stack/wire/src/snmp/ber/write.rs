//! The canonical encoding: the shortest lengths and numbers. Sizes are known before anything is written, so
//! each byte is written once, in its place.

use crate::snmp::value::tag;
use crate::snmp::{Oid, Value};

/// Bytes of a whole tag, length and contents.
#[must_use]
pub fn size(contents: usize) -> usize {
    1 + length_size(contents) + contents
}

fn length_size(length: usize) -> usize {
    if length < 0x80 { 1 } else { 1 + significant(length as u64) }
}

/// Bytes without leading zeros.
fn significant(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()).div_ceil(8) as usize
}

/// Writes a tag and the length of what follows.
pub fn head(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let bytes = (length as u64).to_be_bytes();
            let count = significant(length as u64);
            out.push(0x80 | count as u8);
            out.extend_from_slice(&bytes[bytes.len() - count..]);
        }
    }
}

/// Bytes of an integer's contents.
#[must_use]
pub fn integer_size(number: i64) -> usize {
    let magnitude = if number < 0 { !number } else { number };
    (u64::BITS - magnitude.leading_zeros()) as usize / 8 + 1
}

/// Bytes of an unsigned number's contents: with a leading zero where it would look negative.
#[must_use]
pub fn unsigned_size(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize / 8 + 1
}

/// Writes an `INTEGER`.
pub fn integer(out: &mut Vec<u8>, number: i64) {
    let (bytes, count) = (number.to_be_bytes(), integer_size(number));
    head(out, tag::INTEGER, count);
    out.extend_from_slice(&bytes[bytes.len() - count..]);
}

/// Writes an unsigned number of this tag.
pub fn unsigned(out: &mut Vec<u8>, tag: u8, number: u64) {
    let (bytes, count) = (number.to_be_bytes(), unsigned_size(number));
    head(out, tag, count);
    if count > bytes.len() {
        out.push(0);
    }
    out.extend_from_slice(&bytes[bytes.len().saturating_sub(count)..]);
}

/// Writes bytes of this tag.
pub fn bytes(out: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    head(out, tag, contents.len());
    out.extend_from_slice(contents);
}

/// The numbers on the wire: the first two arcs share one.
fn numbers(oid: &Oid) -> impl Iterator<Item = u64> {
    let (first, rest) = match *oid.as_arcs() {
        [] => (None, &[][..]),
        [first] => (Some(u64::from(first.min(2)) * 40), &[][..]),
        [first, second, ref rest @ ..] => (Some(u64::from(first.min(2)) * 40 + u64::from(second)), rest),
    };
    first.into_iter().chain(rest.iter().map(|arc| u64::from(*arc)))
}

/// Groups of seven bits.
fn groups(number: u64) -> usize {
    ((u64::BITS - number.leading_zeros()).div_ceil(7) as usize).max(1)
}

/// Bytes of an object identifier's contents.
#[must_use]
pub fn object_id_size(oid: &Oid) -> usize {
    numbers(oid).map(groups).sum()
}

/// Writes an `OBJECT IDENTIFIER`.
pub fn object_id(out: &mut Vec<u8>, oid: &Oid) {
    head(out, tag::OBJECT_ID, object_id_size(oid));
    for number in numbers(oid) {
        for group in (1..groups(number)).rev() {
            out.push((number >> (7 * group)) as u8 | 0x80);
        }
        out.push(number as u8 & 0x7f);
    }
}

/// Bytes of a value's contents.
#[must_use]
pub fn value_size(value: &Value) -> usize {
    match value {
        Value::Integer(number) => integer_size(*number),
        Value::OctetString(bytes) | Value::Opaque(bytes) | Value::Unknown(_, bytes) => bytes.len(),
        Value::ObjectId(oid) => object_id_size(oid),
        Value::IpAddress(address) => address.len(),
        Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number) => {
            unsigned_size(u64::from(*number))
        }
        Value::Counter64(number) => unsigned_size(*number),
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => 0,
    }
}

/// Writes a value.
pub fn value(out: &mut Vec<u8>, value: &Value) {
    let tag = value.tag();
    match value {
        Value::Integer(number) => integer(out, *number),
        Value::OctetString(contents) | Value::Opaque(contents) | Value::Unknown(_, contents) => {
            bytes(out, tag, contents);
        }
        Value::ObjectId(oid) => object_id(out, oid),
        Value::IpAddress(address) => bytes(out, tag, address),
        Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number) => {
            unsigned(out, tag, u64::from(*number));
        }
        Value::Counter64(number) => unsigned(out, tag, *number),
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => head(out, tag, 0),
    }
}
