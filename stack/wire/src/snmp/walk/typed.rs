//! `TYPE: VALUE` as net-snmp prints it, and values without their type.

use super::object::object;
use super::snmprec::address;
use super::{number, quote, unhex};
use crate::snmp::name::{self, Kind};
use crate::snmp::{Oid, Value};

/// A value, and whether its type had to be guessed.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) guessed: bool,
}

const TYPES: [&[u8]; 15] = [
    b"STRING",
    b"Hex-STRING",
    b"INTEGER",
    b"Gauge32",
    b"Unsigned32",
    b"Counter32",
    b"Counter64",
    b"Timeticks",
    b"OID",
    b"IpAddress",
    b"Network Address",
    b"BITS",
    b"Opaque",
    b"OPAQUE",
    b"UInteger32",
];

/// The type in front, or nothing, and what follows it.
pub(super) fn kind(text: &[u8]) -> (&[u8], &[u8]) {
    let text = right_type(text);
    for kind in TYPES {
        if let Some(rest) = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(b":")) {
            return (kind, rest.strip_prefix(b" ").unwrap_or(rest));
        }
    }
    (b"", text)
}

/// `Wrong Type (should be Gauge32 or Unsigned32): INTEGER: 5` without the remark.
fn right_type(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"Wrong Type (should be ") else { return text };
    match rest.windows(3).position(|part| part == b"): ") {
        Some(at) => rest.get(at + 3..).unwrap_or(text),
        None => text,
    }
}

const NO_VALUE: [&[u8]; 4] = [b"No Such Object", b"No Such Instance", b"No more variables", b"NULL"];

/// Whether this is what stands behind `OBJECT = `, where a type is told.
pub(super) fn is_typed(text: &[u8]) -> bool {
    text == b"\"\"" || !kind(text).0.is_empty() || NO_VALUE.iter().any(|remark| text.starts_with(remark))
}

pub(super) fn read(object: &Oid, text: &[u8]) -> Result<Read, String> {
    if NO_VALUE.iter().any(|remark| text.starts_with(remark)) {
        return Err(format!("{} is no value", quote(text)));
    }
    let (kind, rest) = kind(text);
    let wrong = || format!("{} is no {}", quote(rest), String::from_utf8_lossy(kind));
    let value = match kind {
        b"" => return untyped(object, rest),
        b"STRING" => string(object, rest),
        b"Hex-STRING" | b"BITS" => Some(Value::OctetString(hex_words(rest).ok_or_else(wrong)?)),
        b"INTEGER" => integer(rest).map(Value::Integer),
        b"Gauge32" | b"Unsigned32" => {
            integer(rest).and_then(|number| number.try_into().ok()).map(Value::Gauge32)
        }
        b"Counter32" => first_word(rest).map(Value::Counter32),
        b"Counter64" => first_word(rest).map(Value::Counter64),
        b"Timeticks" => ticks(rest).map(Value::TimeTicks),
        b"OID" => {
            return Ok(Read {
                value: Value::ObjectId(super::object::object(rest.trim_ascii())?),
                guessed: false,
            });
        }
        b"IpAddress" => address(rest).map(Value::IpAddress),
        b"Network Address" => {
            let digits: Vec<u8> = rest.trim_ascii().iter().copied().filter(|byte| *byte != b':').collect();
            unhex(&digits).and_then(|octets| octets.try_into().ok()).map(Value::IpAddress)
        }
        b"Opaque" | b"OPAQUE" => opaque(rest),
        _ => return Err(format!("values of type {} are not taken", String::from_utf8_lossy(kind))),
    };
    value.map(|value| Read { value, guessed: false }).ok_or_else(wrong)
}

/// In quotes `\` stands before `"` and `\`; without them (text with a display hint) nothing is changed.
fn string(object: &Oid, text: &[u8]) -> Option<Value> {
    if let Some(inside) = quoted(text) {
        return Some(Value::OctetString(inside));
    }
    if known(object) == Some(Kind::Address)
        && let Some(octets) = physical(text.trim_ascii())
    {
        return Some(Value::OctetString(octets));
    }
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    text.get(..end).map(|text| Value::OctetString(text.to_vec()))
}

fn known(object: &Oid) -> Option<Kind> {
    name::nearest(object).map(|(named, _)| named.kind).filter(|kind| *kind != Kind::Node)
}

fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let inside = text.trim_ascii_end().strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut octets = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'\\' => *bytes.next().unwrap_or(byte),
            plain => *plain,
        });
    }
    Some(octets)
}

/// `0:1b:21:a:b:c`: one or two hex digits each.
fn physical(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let octet = |part: &[u8]| match part {
        [digit] => unhex(&[b'0', *digit]).and_then(|octets| octets.first().copied()),
        [_, _] => unhex(part).and_then(|octets| octets.first().copied()),
        _ => None,
    };
    text.split(|byte| *byte == b':').map(octet).collect()
}

/// `00 1B 21`, over several lines; what follows is a reading of it: `[...]` or names of bits.
fn hex_words(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 3 + 1);
    for line in text.split(|byte| *byte == b'\n') {
        for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            match (word, unhex(word)) {
                ([_, _], Some(octet)) => octets.extend(octet),
                ([b'[', ..], _) => break,
                _ if word.contains(&b'(') => break,
                _ => return None,
            }
        }
    }
    Some(octets)
}

/// `5`, `up(1)`, `5 seconds`, `1.5` (a display hint puts a point into it).
fn integer(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    if let Some(number) = number(text) {
        return Some(number);
    }
    if let Some(open) = text.iter().rposition(|byte| *byte == b'(')
        && text.first().is_some_and(|first| !first.is_ascii_digit() && *first != b'-')
    {
        return number(text.get(open + 1..)?.strip_suffix(b")")?);
    }
    let word = text.split(|byte| *byte == b' ').next()?;
    let digits: Vec<u8> = word.iter().copied().filter(|byte| *byte != b'.').collect();
    if word.len() - digits.len() > 1 {
        return None;
    }
    number(&digits)
}

fn first_word<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    text.trim_ascii().split(|byte| *byte == b' ').next().and_then(number)
}

/// `(1234) 0:00:12.34`.
fn ticks(text: &[u8]) -> Option<u32> {
    let inside = text.trim_ascii().strip_prefix(b"(")?;
    number(inside.split(|byte| *byte == b')').next()?)
}

/// `days:hours:minutes:seconds.hundredths`, or without the days.
fn clock(text: &[u8]) -> Option<u32> {
    let (time, hundredths) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let hundredths: u32 = number(hundredths.strip_prefix(b".")?)?;
    let parts = time
        .split(|byte| *byte == b':')
        .map(|part| number::<u32>(part).filter(|_| part.first() != Some(&b'+')));
    let seconds = match *parts.collect::<Option<Vec<u32>>>()? {
        [days, hours, minutes, seconds] => {
            let minutes = days.checked_mul(24)?.checked_add(hours)?.checked_mul(60)?.checked_add(minutes)?;
            minutes.checked_mul(60)?.checked_add(seconds)?
        }
        _ => return None,
    };
    seconds.checked_mul(100)?.checked_add(hundredths)
}

/// What net-snmp knows of opaque values: a float in eleven bytes, tag 0x9f 0x78 (double: 0x9f 0x79).
fn opaque(text: &[u8]) -> Option<Value> {
    let octets = if let Some(text) = text.strip_prefix(b"Float: ") {
        let float: f32 = first_word(text)?;
        [&[0x9f, 0x78, 4], &float.to_be_bytes()[..]].concat()
    } else if let Some(text) = text.strip_prefix(b"Double: ") {
        let double: f64 = first_word(text)?;
        [&[0x9f, 0x79, 8], &double.to_be_bytes()[..]].concat()
    } else {
        hex_words(text)?
    };
    Some(Value::Opaque(octets))
}

/// `-Oq` and `-OQ` leave the type out: it is that of the object if that is known, else it is guessed.
fn untyped(object: &Oid, text: &[u8]) -> Result<Read, String> {
    let sure = |value| Ok(Read { value, guessed: false });
    if let Some(inside) = quoted(text) {
        let is_hex = inside.len() > 2 && inside.ends_with(b" ") && known(object) != Some(Kind::Text);
        let octets = if is_hex { hex_words(&inside) } else { None };
        return sure(Value::OctetString(octets.unwrap_or(inside)));
    }
    let word = text.trim_ascii();
    let of_kind = match known(object) {
        None => return Ok(Read { value: guess(word), guessed: true }),
        Some(Kind::Integer) => integer(word).map(Value::Integer),
        Some(Kind::Counter) => first_word(word).map(Value::Counter32),
        Some(Kind::Gauge) => first_word(word).map(Value::Gauge32),
        Some(Kind::Counter64) => first_word(word).map(Value::Counter64),
        Some(Kind::Ticks) => clock(word).or_else(|| number(word)).map(Value::TimeTicks),
        Some(Kind::ObjectId) => self::object(word).ok().map(Value::ObjectId),
        Some(Kind::Address) => physical(word).map(Value::OctetString),
        Some(Kind::Octets) => hex_words(word).map(Value::OctetString),
        Some(Kind::Text | Kind::Node) => Some(Value::OctetString(text.to_vec())),
    };
    match of_kind {
        Some(value) => sure(value),
        None => Err(format!(
            "{} is not what {} holds; walk with -On, without -Oq",
            quote(word),
            name::display(object)
        )),
    }
}

fn guess(word: &[u8]) -> Value {
    if let Some(number) = number::<i128>(word) {
        if let Ok(number) = i32::try_from(number) {
            return Value::Integer(number.into());
        }
        if let Ok(number) = u32::try_from(number) {
            return Value::Gauge32(number);
        }
        if let Ok(number) = u64::try_from(number) {
            return Value::Counter64(number);
        }
    }
    let is_object =
        word.starts_with(b".") || word.starts_with(b"iso.") || word.windows(2).any(|two| two == b"::");
    if let (true, Ok(oid)) = (is_object, object(word)) {
        return Value::ObjectId(oid);
    }
    if let Some(address) = address(word) {
        return Value::IpAddress(address);
    }
    match clock(word) {
        Some(ticks) => Value::TimeTicks(ticks),
        None => Value::OctetString(word.to_vec()),
    }
}
