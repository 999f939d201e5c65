//! snmpsim's format.

use std::fmt::Write as _;

use super::{Collected, Entry, Walk, is_plain, lines, number, quote, unhex};
use crate::hex::hex;
use crate::snmp::value::tag;
use crate::snmp::{Oid, Value, ber};

pub(super) fn read(bytes: &[u8]) -> Walk {
    let mut collected = Collected::default();
    for (number, line) in lines(bytes) {
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        match entry(line) {
            Ok(entry) => collected.take(number, entry),
            Err(what) => collected.skip(number, what),
        }
    }
    collected.walk()
}

fn entry(line: &[u8]) -> Result<Entry, String> {
    let mut fields = line.splitn(3, |byte| *byte == b'|');
    let (Some(object), Some(tag), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("{} is not OID|TAG|VALUE", quote(line)));
    };
    let object = Oid::from_ascii(object.trim_ascii()).map_err(|error| error.to_string())?;
    let mut parts = tag.splitn(2, |byte| *byte == b':');
    let tag = parts.next().unwrap_or_default();
    let value = match parts.next() {
        None => value(tag, text),
        Some(module) => varied(tag, module, text),
    };
    value.map(|value| Entry { object, value })
}

/// `4:writecache|value=Server 1`, `65:numeric|initial=5,rate=1`: the value that a variation starts from.
fn varied(tag: &[u8], module: &[u8], options: &[u8]) -> Result<Value, String> {
    let option = |name: &[u8]| {
        // A value may have commas of its own if it is the only option, as in a written string.
        let only = options.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="));
        let is_option = |part: &[u8]| part.strip_prefix(name)?.strip_prefix(b"=").map(<[u8]>::to_vec);
        match only {
            Some(all) if !all.split(|byte| *byte == b',').skip(1).any(|part| part.contains(&b'=')) => {
                Some(all.to_vec())
            }
            _ => options.split(|byte| *byte == b',').find_map(is_option),
        }
    };
    if let Some(digits) = option(b"hexvalue") {
        return value(&[tag, b"x"].concat(), &digits);
    }
    match option(b"value").or_else(|| option(b"initial")) {
        Some(text) => value(tag, &text),
        None => {
            Err(format!("the value is made by snmpsim's module {}, and none is written there", quote(module)))
        }
    }
}

fn value(written: &[u8], text: &[u8]) -> Result<Value, String> {
    let (digits, form) = match written {
        [digits @ .., form @ (b'x' | b'e')] => (digits, Some(*form)),
        digits => (digits, None),
    };
    let tag: u8 =
        number(digits).ok_or_else(|| format!("the tag {} is no number of a type", quote(written)))?;
    let value = match form {
        Some(b'x') => {
            let octets = unhex(text.trim_ascii());
            octets
                .ok_or_else(|| format!("{} is not an even number of hex digits", quote(text)))
                .map(|octets| ber::value(tag, &octets))
        }
        Some(_) => escaped(text).map(|octets| of_text(tag, &octets)).map_err(|what| what.to_owned())?,
        None => of_text(tag, text),
    }?;
    match value {
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            Err(format!("{} is no value", super::shown(&value)))
        }
        Value::Unknown(tag, octets) if is_known(tag) => {
            Err(format!("a value of type {tag} cannot be {}", quote(hex(&octets).as_bytes())))
        }
        value => Ok(value),
    }
}

fn is_known(tag: u8) -> bool {
    matches!(tag, tag::INTEGER | tag::NULL | tag::OBJECT_ID | tag::IP_ADDRESS..=tag::OPAQUE | tag::COUNTER64)
}

fn of_text(tag: u8, text: &[u8]) -> Result<Value, String> {
    let wrong = |wanted: &str| format!("{} is not {wanted}", quote(text));
    Ok(match tag {
        tag::INTEGER => Value::Integer(number(text).ok_or_else(|| wrong("an integer"))?),
        tag::OCTET_STRING => Value::OctetString(text.to_vec()),
        tag::NULL => Value::Null,
        tag::OBJECT_ID => {
            Value::ObjectId(Oid::from_ascii(text.trim_ascii()).map_err(|error| error.to_string())?)
        }
        tag::IP_ADDRESS => Value::IpAddress(address(text).ok_or_else(|| wrong("an IPv4 address"))?),
        tag::COUNTER32 => Value::Counter32(unsigned(text)?),
        tag::GAUGE32 => Value::Gauge32(unsigned(text)?),
        tag::TIME_TICKS => Value::TimeTicks(unsigned(text)?),
        tag::OPAQUE => Value::Opaque(text.to_vec()),
        tag::COUNTER64 => {
            Value::Counter64(number(text).ok_or_else(|| wrong("an unsigned integer of 64 bits"))?)
        }
        tag::NO_SUCH_OBJECT => Value::NoSuchObject,
        tag::NO_SUCH_INSTANCE => Value::NoSuchInstance,
        tag::END_OF_MIB_VIEW => Value::EndOfMibView,
        other => {
            return Err(format!(
                "the tag {other} is not known; written as {other}x, with hex digits, it is taken"
            ));
        }
    })
}

fn unsigned(text: &[u8]) -> Result<u32, String> {
    number(text).ok_or_else(|| format!("{} is not an unsigned integer of 32 bits", quote(text)))
}

pub(super) fn address(text: &[u8]) -> Option<[u8; 4]> {
    number::<std::net::Ipv4Addr>(text).map(|address| address.octets())
}

/// Python's escapes, as in `'a\x00\n'`.
fn escaped(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = "an escape that Python does not have";
    let mut octets = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'\\' => match bytes.next().ok_or(WRONG)? {
                same @ (b'\\' | b'\'' | b'"') => same,
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                b'x' => {
                    let digits = [bytes.next().ok_or(WRONG)?, bytes.next().ok_or(WRONG)?];
                    unhex(&digits).and_then(|octets| octets.first().copied()).ok_or(WRONG)?
                }
                _ => return Err(WRONG),
            },
            plain => plain,
        });
    }
    Ok(octets)
}

pub(super) fn write(entries: &[Entry]) -> String {
    let mut text = String::with_capacity(entries.len() * 48);
    for Entry { object, value } in entries {
        if *value == Value::Null || value.is_exception() {
            continue;
        }
        let tag = value.tag();
        // Writing to a String cannot fail.
        let _ = match value {
            Value::OctetString(bytes) | Value::Opaque(bytes) if is_plain(bytes) => {
                writeln!(text, "{object}|{tag}|{}", String::from_utf8_lossy(bytes))
            }
            Value::OctetString(bytes) | Value::Opaque(bytes) | Value::Unknown(_, bytes) => {
                writeln!(text, "{object}|{tag}x|{}", hex(bytes))
            }
            Value::ObjectId(oid) => writeln!(text, "{object}|{tag}|{oid}"),
            Value::IpAddress([a, b, c, d]) => writeln!(text, "{object}|{tag}|{a}.{b}.{c}.{d}"),
            number => writeln!(text, "{object}|{tag}|{}", number.as_number().unwrap_or_default()),
        };
    }
    text
}
