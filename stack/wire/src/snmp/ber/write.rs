//! The canonical encoding: the shortest lengths and numbers.
//!
//! It is written from its end: when a length is to be written, what it is the length of is there already, so nothing
//! is measured before and nothing is moved afterwards.

use crate::snmp::value::tag;
use crate::snmp::{Oid, Value};

/// Writes from the end; whatever is to come last is written first.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// The bytes, the last one first.
    reversed: Vec<u8>,
}

impl Writer {
    /// Makes room for about that many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { reversed: Vec::with_capacity(bytes) }
    }

    /// Bytes written so far: those that will stand at the end.
    #[must_use]
    pub fn written(&self) -> usize {
        self.reversed.len()
    }

    /// What was written, in its order.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.reversed.reverse();
        self.reversed
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.reversed.extend(bytes.iter().rev());
    }

    /// Writes a tag and the length of all that was written since there were `end` bytes.
    pub fn head(&mut self, tag: u8, end: usize) {
        let length = self.reversed.len() - end;
        match u8::try_from(length) {
            Ok(short @ 0..0x80) => self.reversed.extend([short, tag]),
            _ => {
                let mut left = length;
                let mut count = 0;
                while left > 0 {
                    self.reversed.push(left as u8);
                    left >>= 8;
                    count += 1;
                }
                self.reversed.extend([0x80 | count, tag]);
            }
        }
    }

    /// Writes bytes under this tag.
    pub fn bytes(&mut self, tag: u8, contents: &[u8]) {
        let end = self.written();
        self.raw(contents);
        self.head(tag, end);
    }

    /// Writes an `INTEGER`.
    pub fn integer(&mut self, number: i64) {
        let end = self.written();
        let mut left = number;
        loop {
            self.reversed.push(left as u8);
            // The rest is the sign alone, and the byte written last has the same.
            let sign = left << 56 >> 63;
            left >>= 8;
            if left == sign {
                break;
            }
        }
        self.head(tag::INTEGER, end);
    }

    /// Writes an unsigned number under this tag, with a leading zero where it would look negative.
    pub fn unsigned(&mut self, tag: u8, number: u64) {
        let end = self.written();
        let mut left = number;
        loop {
            let byte = left as u8;
            self.reversed.push(byte);
            left >>= 8;
            if left == 0 {
                if byte & 0x80 != 0 {
                    self.reversed.push(0);
                }
                break;
            }
        }
        self.head(tag, end);
    }

    fn arc(&mut self, number: u64) {
        self.reversed.push(number as u8 & 0x7f);
        let mut left = number >> 7;
        while left > 0 {
            self.reversed.push(left as u8 | 0x80);
            left >>= 7;
        }
    }

    /// Writes an `OBJECT IDENTIFIER`: its first two arcs share a number.
    pub fn object_id(&mut self, oid: &Oid) {
        let end = self.written();
        let arcs = oid.as_arcs();
        for arc in arcs.iter().skip(2).rev() {
            self.arc(u64::from(*arc));
        }
        if let Some(first) = arcs.first() {
            let second = arcs.get(1).copied().unwrap_or(0);
            self.arc(u64::from((*first).min(2)) * 40 + u64::from(second));
        }
        self.head(tag::OBJECT_ID, end);
    }

    /// Writes a value.
    pub fn value(&mut self, value: &Value) {
        let tag = value.tag();
        match value {
            Value::Integer(number) => self.integer(*number),
            Value::OctetString(contents) | Value::Opaque(contents) | Value::Unknown(_, contents) => {
                self.bytes(tag, contents);
            }
            Value::ObjectId(oid) => self.object_id(oid),
            Value::IpAddress(address) => self.bytes(tag, address),
            Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number) => {
                self.unsigned(tag, u64::from(*number));
            }
            Value::Counter64(number) => self.unsigned(tag, *number),
            Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
                self.bytes(tag, &[]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    #[test]
    fn numbers_have_the_fewest_bytes() {
        let one = |write: &dyn Fn(&mut Writer)| {
            let mut writer = Writer::default();
            write(&mut writer);
            writer.finish()
        };
        for (number, bytes) in [
            (0, &[2, 1, 0][..]),
            (127, &[2, 1, 0x7f]),
            (128, &[2, 2, 0, 0x80]),
            (-1, &[2, 1, 0xff]),
            (-128, &[2, 1, 0x80]),
            (-129, &[2, 2, 0xff, 0x7f]),
            (i64::MIN, &[2, 8, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(one(&|writer| writer.integer(number)), bytes, "{number}");
        }
        for (number, bytes) in [
            (0, &[0x41, 1, 0][..]),
            (128, &[0x41, 2, 0, 0x80]),
            (u64::MAX, &[0x41, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(one(&|writer| writer.unsigned(0x41, number)), bytes, "{number}");
        }
        for (length, head) in [(127, &[4, 127][..]), (128, &[4, 0x81, 128]), (256, &[4, 0x82, 1, 0])] {
            assert_eq!(one(&|writer| writer.bytes(4, &vec![7; length]))[..head.len()], *head);
        }
    }
}
