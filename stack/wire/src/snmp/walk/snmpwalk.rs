//! What net-snmp's tools print: which lines belong together, and what they are about.

use std::borrow::Cow;

use super::object::{is_numeric, object};
use super::{Collected, Entry, Walk, quote, typed};

pub(super) fn read(bytes: &[u8]) -> Walk {
    let mut reader = Reader::default();
    for (number, line) in super::lines(bytes) {
        reader.line(number, line);
    }
    reader.finish()
}

/// One value in the making.
#[derive(Debug)]
struct Pending<'a> {
    line: usize,
    object: &'a [u8],
    text: Cow<'a, [u8]>,
    goes_on: GoesOn,
}

/// What the next line may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum GoesOn {
    /// The value is complete.
    No,
    /// In quotes that are not closed yet.
    Quoted,
    /// A text without quotes: anything may follow.
    Text,
    /// More hex digits.
    Hex,
    /// Hex digits, after a reading of them in brackets (`-OT`) that has a line end in it.
    Reading,
}

#[derive(Debug, Default)]
struct Reader<'a> {
    pending: Option<Pending<'a>>,
    collected: Collected,
}

/// Lines of the tools themselves, wherever they stand.
const REMARKS: [&[u8]; 5] = [
    b"Timeout: No Response",
    b"Error in packet",
    b"No more variables",
    b"End of MIB",
    b"Error: OID not increasing",
];

impl<'a> Reader<'a> {
    fn line(&mut self, number: usize, line: &'a [u8]) {
        let in_quotes = self.pending.as_ref().is_some_and(|pending| pending.goes_on == GoesOn::Quoted);
        if let Some((object, text)) =
            start(line).filter(|(object, text)| !in_quotes || is_surely(object) && typed::is_typed(text))
        {
            self.flush();
            let goes_on = goes_on(text);
            self.pending = Some(Pending { line: number, object, text: text.into(), goes_on });
            return;
        }
        let is_remark = !in_quotes && REMARKS.iter().any(|remark| line.starts_with(remark));
        match &mut self.pending {
            Some(pending) if !is_remark && pending.takes(line) => pending.add(line),
            _ if line.trim_ascii().is_empty() => {}
            _ => self.collected.skip(number, format!("{} is not OBJECT = TYPE: VALUE", quote(line))),
        }
    }

    fn flush(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let line = pending.line;
        if pending.goes_on == GoesOn::Quoted {
            return self.collected.skip(line, "the quotes are never closed".to_owned());
        }
        let read = object(pending.object).and_then(|object| {
            let typed::Read { value, guessed } = typed::read(&object, &pending.text)?;
            Ok((Entry { object, value }, guessed))
        });
        match read {
            Ok((entry, guessed)) => {
                if guessed {
                    self.collected.guessed.push(line);
                }
                self.collected.take(line, entry);
            }
            Err(what) => self.collected.skip(line, what),
        }
    }

    fn finish(mut self) -> Walk {
        self.flush();
        self.collected.walk()
    }
}

impl Pending<'_> {
    fn takes(&self, line: &[u8]) -> bool {
        match self.goes_on {
            GoesOn::No => false,
            GoesOn::Quoted | GoesOn::Text | GoesOn::Reading => true,
            GoesOn::Hex => {
                let first = line.split(|byte| *byte == b' ').find(|part| !part.is_empty());
                first.is_some_and(|part| part.len() == 2 && part.iter().all(u8::is_ascii_hexdigit))
            }
        }
    }

    fn add(&mut self, line: &[u8]) {
        if self.goes_on == GoesOn::Reading {
            if line.trim_ascii_end().ends_with(b"]") {
                self.goes_on = GoesOn::Hex;
            }
            return;
        }
        let text = self.text.to_mut();
        text.push(b'\n');
        text.extend_from_slice(line);
        match self.goes_on {
            GoesOn::Quoted if closes(line) => self.goes_on = GoesOn::No,
            GoesOn::Hex if opens_reading(line) => self.goes_on = GoesOn::Reading,
            _ => {}
        }
    }
}

/// The object and the text after it, if a value starts in this line: `OBJECT = …`, or `OBJECT …` without types.
fn start(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|byte| *byte == b' ')?;
    let (object, rest) = line.split_at_checked(end)?;
    let rest = rest.strip_prefix(b" ")?;
    if let Some(text) =
        rest.strip_prefix(b"= ").or_else(|| rest.strip_prefix(b"=").filter(|rest| rest.is_empty()))
    {
        return could_be(object).then_some((object, text));
    }
    is_surely(object).then_some((object, rest))
}

/// A name or number with an instance behind it.
fn could_be(object: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".:-_[]\"'/".contains(byte);
    object.iter().all(is_part) && (object.contains(&b'.') || object.contains(&b'[') || is_surely(object))
}

/// What looks so much like an object that it is one even in the middle of a text.
fn is_surely(object: &[u8]) -> bool {
    let begins = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| object.starts_with(prefix));
    let has_module = || {
        let at = object.windows(2).position(|pair| pair == b"::");
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        at.is_some_and(|at| at > 0 && is_letter(object.first()) && is_letter(object.get(at + 2)))
    };
    begins(&[b".1.", b"1.3.", b".0.", b".2.", b"0.", b"2."]) && is_numeric(object)
        || begins(&[b".iso.", b"iso."])
        || could_have_module(object) && has_module()
}

fn could_have_module(object: &[u8]) -> bool {
    object.iter().all(|byte| byte.is_ascii_graphic())
}

fn goes_on(text: &[u8]) -> GoesOn {
    let (kind, rest) = typed::kind(text);
    match kind {
        b"STRING" | b"" => match rest.strip_prefix(b"\"") {
            Some(inside) if closes(inside) => GoesOn::No,
            Some(_) => GoesOn::Quoted,
            None if kind.is_empty() => GoesOn::No,
            None => GoesOn::Text,
        },
        b"Hex-STRING" if opens_reading(rest) => GoesOn::Reading,
        b"Hex-STRING" | b"BITS" | b"Opaque" | b"OPAQUE" => GoesOn::Hex,
        _ => GoesOn::No,
    }
}

/// Whether a line, after the opening quote, ends with the closing one.
fn closes(line: &[u8]) -> bool {
    let Some(before) = line.trim_ascii_end().strip_suffix(b"\"") else { return false };
    // Escaped, it belongs to the text.
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes.is_multiple_of(2)
}

/// Whether a line of hex digits ends within a reading of them: `41 42   [A`.
fn opens_reading(line: &[u8]) -> bool {
    line.windows(3).any(|part| part == b"  [") && !line.trim_ascii_end().ends_with(b"]")
}
