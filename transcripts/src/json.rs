//! JSON as this format wants it: an object a line, no field twice, and where a field stands.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::Map;

/// A syntax error: the byte of the line it was met at (from 0), what, and how to mend.
pub(crate) struct Syntax {
    pub(crate) offset: usize,
    pub(crate) what: String,
    pub(crate) mend: String,
}

/// Reads one line as an object. A field that stands twice is an error at any depth: one of the two
/// would be lost.
pub(crate) fn object(line: &str) -> Result<Map, Syntax> {
    let mut parser = serde_json::Deserializer::from_str(line);
    let value = Strict.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    match value {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Syntax {
            offset: 0,
            what: "the line is not a JSON object".into(),
            mend: "write one object a line: {\"t\":0.0,\"s\":1,…}".into(),
        }),
        Err(error) => {
            let text = error.to_string();
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            Err(Syntax {
                offset: error.column().saturating_sub(1),
                what: format!("not JSON: {what}"),
                mend: if error.is_eof() {
                    "the line is cut off; complete or delete it".into()
                } else if what.starts_with("duplicate") {
                    "keep one of the two".into()
                } else {
                    "write one JSON object a line".into()
                },
            })
        }
    }
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(de::Error::custom(format_args!("duplicate field `{name}`")));
            }
            map.insert(name, fields.next_value_seed(Self)?);
        }
        Ok(Value::Object(map))
    }
}

/// The column (in characters, from 1) of a byte of the line.
pub(crate) fn column(line: &str, offset: usize) -> usize {
    line.char_indices().take_while(|(at, _)| *at < offset).count() + 1
}

/// The byte offset of the name of a field in a line that is valid JSON; of the deepest part of the
/// path that is there, else 0.
pub(crate) fn locate(line: &str, path: &[&str]) -> usize {
    let mut walk = Walk { line, at: 0 };
    let mut found = 0;
    let mut rest = path;
    while let Some((name, deeper)) = rest.split_first() {
        let Some(offset) = walk.enter(name) else { break };
        found = offset;
        rest = deeper;
    }
    found
}

struct Walk<'a> {
    line: &'a str,
    at: usize,
}

impl Walk<'_> {
    /// Steps into the object that starts here, to the value of the named field; answers where the
    /// name stands.
    fn enter(&mut self, wanted: &str) -> Option<usize> {
        self.blank();
        self.take(b'{')?;
        loop {
            self.blank();
            let start = self.at;
            self.string()?;
            let name: String = serde_json::from_str(self.line.get(start..self.at)?).ok()?;
            self.blank();
            self.take(b':')?;
            self.blank();
            if name == wanted {
                return Some(start);
            }
            self.value()?;
            self.blank();
            self.take(b',')?;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let byte = self.peek()?;
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return Some(());
            }
        }
    }

    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_located() {
        let line = r#" {"a\"":[1,{"c":2}], "é":{"x":"}{","c":3},"c":4}"#;
        assert_eq!(locate(line, &["c"]), line.rfind("\"c\"").unwrap());
        assert_eq!(locate(line, &["é", "c"]), line.find("\"c\":3").unwrap());
        assert_eq!(locate(line, &["é", "none"]), line.find("\"é\"").unwrap(), "the deepest that is there");
        assert_eq!(locate(line, &["none"]), 0);
        assert_eq!(column(line, line.rfind("\"c\"").unwrap()), line.chars().count() - 5);
    }

    #[test]
    fn a_field_twice_is_refused_at_any_depth() {
        for line in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"b":1}]}"#] {
            let error = object(line).err().unwrap();
            assert!(error.what.contains("duplicate field"), "{}", error.what);
        }
        assert!(object(r#"{"a":{"b":1},"b":{"b":1}}"#).is_ok());
    }
}
