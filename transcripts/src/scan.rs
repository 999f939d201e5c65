//! The residual-secret scan: does anything still hold a known secret?
//!
//! A secret is looked for as characters (of either case), as hex (of either case, also with
//! separators), as base64 (both alphabets, at each of the three alignments), percent-encoded, and in
//! bytes; a secret longer than 20 or 16 bytes also cut to these, as IPMI does. A secret of fewer than
//! [`SHORTEST`] bytes is found only where it is a whole value: anything else would find it
//! everywhere.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::{Body, Bytes, Error, Event, Header, Kind, Map, Transcript};

/// The least length, in bytes, of a secret that is looked for inside longer values.
pub const SHORTEST: usize = 4;

/// The lengths to which IPMI cuts a password: RMCP+ and IPMI 1.5 (IPMI 2.0, 22.30, Set User Password).
const CUTS: [usize; 2] = [20, 16];

/// The secrets to look for. Its `Debug` shows only their names.
#[derive(Clone, Default)]
pub struct Scan {
    secrets: Vec<Secret>,
}

#[derive(Clone)]
struct Secret {
    name: String,
    /// The longest first.
    needles: Vec<Needle>,
}

/// One secret (or the start of one) in all its forms.
#[derive(Clone)]
struct Needle {
    raw: Vec<u8>,
    base64: Vec<String>,
}

/// A secret that was found. It never holds the secret itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leak {
    /// The secret's name, as given to [`Scan::with`].
    pub secret: String,
    /// The line of the canonical text (from 1), or 0 where a single event was looked at.
    pub line: usize,
    /// The field that holds it, as a path of names with points between.
    pub field: String,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.iter().map(|secret| &secret.name)).finish()
    }
}

impl Scan {
    /// Nothing to look for.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same scan with one more secret, under a name that may be shown. An empty one is nothing.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, secret: impl AsRef<[u8]>) -> Self {
        let (name, raw) = (name.into(), secret.as_ref());
        let is_known =
            |known: &Secret| known.name == name && known.needles.iter().any(|needle| needle.raw == raw);
        if !raw.is_empty() && !self.secrets.iter().any(is_known) {
            let mut needles = vec![Needle::new(raw)];
            let cuts = CUTS.into_iter().filter(|cut| *cut < raw.len());
            needles.extend(cuts.filter_map(|cut| raw.get(..cut)).map(Needle::new));
            self.secrets.push(Secret { name, needles });
        }
        self
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The secrets left in a header. Its `by`, `licence` and `redacted` are not looked at: they are
    /// words of programs and lawyers, and a password may well be one of them.
    pub fn header(&self, header: &Header) -> Vec<Leak> {
        let mut found = Found::new(self);
        for (field, text) in [
            ("device.vendor", Some(&header.device.vendor)),
            ("device.model", Some(&header.device.model)),
            ("device.firmware", header.device.firmware.as_ref()),
            ("link.protocol", Some(&header.link.protocol)),
            ("link.transport", Some(&header.link.transport)),
            ("speaker.name", header.speaker.as_ref().map(|s| &s.name)),
            ("speaker.version", header.speaker.as_ref().and_then(|s| s.version.as_ref())),
            ("captured", header.captured.as_ref()),
            ("provenance", header.provenance.as_ref()),
        ] {
            if let Some(text) = text {
                found.text(field, text);
            }
        }
        found.map("device", &header.device.extra);
        found.map("link", &header.link.extra);
        if let Some(speaker) = &header.speaker {
            found.map("speaker", &speaker.extra);
        }
        found.map("", &header.extra);
        found.leaks
    }

    /// The secrets left in an event.
    pub fn event(&self, event: &Event) -> Vec<Leak> {
        let mut found = Found::new(self);
        match &event.kind {
            Kind::Open(details) => found.map("open", details),
            Kind::Say { body: Body::Text(text), .. } => found.text("text", text),
            Kind::Say { body: Body::Hex(bytes), .. } => found.bytes("hex", bytes),
            Kind::Say { body: Body::Object { protocol, value }, .. } => found.value(protocol, value),
            Kind::Mark(mark) => {
                found.text("action", mark.action.as_deref().unwrap_or_default());
                found.text("plug", mark.plug.as_deref().unwrap_or_default());
                found.map("before", &mark.before);
                found.map("after", &mark.after);
            }
            Kind::Close(_) | Kind::Other => {}
        }
        found.map("", &event.extra);
        found.leaks
    }

    /// The secrets left in a transcript, with the line each would stand on.
    pub fn transcript(&self, transcript: &Transcript) -> Vec<Leak> {
        let header = self.header(&transcript.header);
        let events = transcript.events.iter().map(|event| self.event(event));
        std::iter::once(header)
            .chain(events)
            .enumerate()
            .flat_map(|(index, leaks)| leaks.into_iter().map(move |leak| Leak { line: index + 1, ..leak }))
            .collect()
    }

    /// The error for what was found, if anything was.
    pub(crate) fn error(leaks: Vec<Leak>) -> Option<Error> {
        let others = leaks.len().saturating_sub(1);
        let Leak { secret, line, field } = leaks.into_iter().next()?;
        let place = if line == 0 { format!("`{field}`") } else { format!("line {line}, `{field}`") };
        Some(Error::Secret { secret, place, others })
    }

    /// Where in some characters which secret stands, each in whatever form.
    pub(crate) fn in_text(&self, text: &str) -> Vec<(&str, Range<usize>)> {
        self.each(|needle| needle.in_text(text))
    }

    /// Where in some bytes which secret stands.
    pub(crate) fn in_bytes(&self, bytes: &Bytes) -> Vec<(&str, Range<usize>)> {
        self.each(|needle| needle.in_bytes(bytes))
    }

    fn each(&self, find: impl Fn(&Needle) -> Vec<Range<usize>>) -> Vec<(&str, Range<usize>)> {
        let of = |secret: &Secret| secret.needles.iter().flat_map(&find).collect::<Vec<_>>();
        self.secrets
            .iter()
            .flat_map(|secret| of(secret).into_iter().map(|range| (secret.name.as_str(), range)))
            .collect()
    }
}

impl Needle {
    fn new(raw: &[u8]) -> Self {
        Self { raw: raw.into(), base64: (0..3).map(|before| base64_inside(raw, before)).collect() }
    }

    fn in_text(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        if self.raw.len() < SHORTEST {
            return if bytes.eq_ignore_ascii_case(&self.raw) { whole(bytes.len()) } else { Vec::new() };
        }
        let mut ranges = plain(bytes, &self.raw);
        ranges.extend((0..bytes.len()).filter_map(|at| self.hex_at(bytes, at)));
        for form in &self.base64 {
            ranges.extend(text.match_indices(form.as_str()).map(|(at, form)| at..at + form.len()));
            if form.contains(['+', '/']) {
                let url = form.replace('+', "-").replace('/', "_");
                ranges.extend(text.match_indices(url.as_str()).map(|(at, form)| at..at + form.len()));
            }
        }
        if let Some((decoded, starts)) = percent_decoded(bytes) {
            let source = |range: Range<usize>| Some(*starts.get(range.start)?..*starts.get(range.end)?);
            ranges.extend(plain(&decoded, &self.raw).into_iter().filter_map(source));
        }
        ranges
    }

    /// The secret's hex from here on, with at most one separator between bytes.
    fn hex_at(&self, text: &[u8], start: usize) -> Option<Range<usize>> {
        let mut at = start;
        for (index, byte) in self.raw.iter().enumerate() {
            if index > 0 && matches!(text.get(at), Some(b' ' | b':' | b'-' | b',')) {
                at += 1;
            }
            let digits = std::str::from_utf8(text.get(at..at + 2)?).ok()?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) || u8::from_str_radix(digits, 16).ok()? != *byte
            {
                return None;
            }
            at += 2;
        }
        Some(start..at)
    }

    fn in_bytes(&self, bytes: &Bytes) -> Vec<Range<usize>> {
        let width = self.raw.len();
        let same = |window: &[Option<u8>]| {
            window
                .iter()
                .zip(&self.raw)
                .all(|(byte, raw)| byte.is_some_and(|byte| byte.eq_ignore_ascii_case(raw)))
        };
        if width < SHORTEST {
            let padding = bytes.0.iter().rev().take_while(|byte| **byte == Some(0)).count();
            let kept = bytes.0.get(..bytes.len() - padding).unwrap_or_default();
            return if kept.len() == width && same(kept) { whole(width) } else { Vec::new() };
        }
        let windows = bytes.0.windows(width).enumerate();
        windows.filter(|(_, window)| same(window)).map(|(at, _)| at..at + width).collect()
    }
}

/// The one range that is all of a value.
fn whole(width: usize) -> Vec<Range<usize>> {
    std::iter::once(0..width).collect()
}

/// Where the characters stand, in whatever case.
fn plain(text: &[u8], raw: &[u8]) -> Vec<Range<usize>> {
    let windows = text.windows(raw.len()).enumerate();
    windows.filter(|(_, window)| window.eq_ignore_ascii_case(raw)).map(|(at, _)| at..at + raw.len()).collect()
}

/// The characters of base64 that depend on nothing but the secret when `before` bytes of others
/// stand in front of it in its group of three.
fn base64_inside(raw: &[u8], before: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| raw.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let (first, last) = ((before * 8).div_ceil(6), (before + raw.len()) * 8 / 6);
    let digit = |place: usize| {
        (0..6).fold(0_usize, |digit, n| digit << 1 | usize::from(bit(place * 6 + n - before * 8)))
    };
    (first..last).filter_map(|place| ALPHABET.get(digit(place)).copied().map(char::from)).collect()
}

/// The text with `%41` made `A`, and where each byte of it started (with the end as the last);
/// nothing if no such thing is in it.
fn percent_decoded(text: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    text.contains(&b'%').then_some(())?;
    let (mut decoded, mut starts, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = text.get(at) {
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let value = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        starts.push(at);
        decoded.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    starts.push(at);
    Some((decoded, starts))
}

/// Collects leaks on a walk through values.
struct Found<'a> {
    scan: &'a Scan,
    leaks: Vec<Leak>,
}

impl<'a> Found<'a> {
    fn new(scan: &'a Scan) -> Self {
        Self { scan, leaks: Vec::new() }
    }

    fn add(&mut self, field: &str, hits: Vec<(&str, Range<usize>)>) {
        for (secret, _) in hits {
            let leak = Leak { secret: secret.into(), line: 0, field: field.into() };
            if !self.leaks.contains(&leak) {
                self.leaks.push(leak);
            }
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        if let Some(bytes) = as_bytes(field, text) {
            self.bytes(field, &bytes);
        } else {
            self.add(field, self.scan.in_text(text));
        }
    }

    fn bytes(&mut self, field: &str, bytes: &Bytes) {
        self.add(field, self.scan.in_bytes(bytes));
    }

    fn map(&mut self, field: &str, map: &Map) {
        for (name, value) in map {
            let field = join(field, name);
            self.add(&field, self.scan.in_text(name));
            self.value(&field, value);
        }
    }

    fn value(&mut self, field: &str, value: &Value) {
        match value {
            Value::String(text) => self.text(field, text),
            Value::Array(list) => {
                let (hex, longer) = (hex_element(list), join(field, HEX));
                for (place, item) in list.iter().enumerate() {
                    let is_hex = hex == Some(place);
                    self.value(if is_hex { &longer } else { field }, item);
                }
            }
            Value::Object(map) => self.map(field, map),
            _ => {}
        }
    }
}

/// A path one name longer.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

/// The name that an element of a list goes by if it holds bytes as hex.
pub(crate) const HEX: &str = "hex";

/// The bytes of a field that holds bytes as hex: one named `data`, or [`HEX`]. Digits in it are no characters.
pub(crate) fn as_bytes(field: &str, text: &str) -> Option<Bytes> {
    let name = field.rsplit('.').next().unwrap_or(field);
    if name == "data" || name == HEX { text.parse().ok() } else { None }
}

/// Which element of a list holds bytes as hex: the last of `[object, type, value]` and `["hex", value]`, if the
/// type says so (FORMAT.md, 6.5).
pub(crate) fn hex_element(list: &[Value]) -> Option<usize> {
    let [.., Value::String(kind), Value::String(_)] = list else { return None };
    let is_hex = kind == "hex" || kind == "opaque" || kind.starts_with("0x");
    (is_hex && list.len() <= 3).then(|| list.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(secret: &str, text: &str) -> Vec<String> {
        let scan = Scan::new().with("password", secret);
        scan.in_text(text).into_iter().map(|(_, range)| text[range].to_owned()).collect()
    }

    #[test]
    fn all_forms_of_a_secret_are_found() {
        let secret = "Tr0ub4dor&3";
        for (text, form) in [
            ("login Tr0ub4dor&3\r\n", "Tr0ub4dor&3"),
            ("TR0UB4DOR&3", "TR0UB4DOR&3"),
            ("key=547230756234646f722633;", "547230756234646f722633"),
            ("key=547230756234646F722633;", "547230756234646F722633"),
            ("54 72:30-75 62 34 64 6f 72 26 33", "54 72:30-75 62 34 64 6f 72 26 33"),
            ("p=Tr0ub4dor%263&", "Tr0ub4dor%263"),
            // base64 of the secret behind nothing, `u:` and `abc:`.
            ("Basic VHIwdWI0ZG9yJjM=", "VHIwdWI0ZG9yJj"),
            ("Basic dTpUcjB1YjRkb3ImMw==", "UcjB1YjRkb3ImM"),
            ("Basic YWJjOlRyMHViNGRvciYz", "RyMHViNGRvciYz"),
        ] {
            assert!(hits(secret, text).iter().any(|hit| hit == form), "{text}: {:?}", hits(secret, text));
        }
        for text in ["Tr0ub4dor", "547230756234646f7226", "VHIwdWI0ZG9", "Tr0ub4dor%2", "Tr0ub4dor%26%"] {
            assert_eq!(hits(secret, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_secret_too_short_is_found_only_whole() {
        assert_eq!(hits("abc", "abcd"), [""; 0]);
        assert_eq!(hits("abc", "ABC"), ["ABC"]);
        assert_eq!(hits("abcd", "xabcdx"), ["abcd"]);
        let scan = Scan::new().with("password", "abc");
        assert_eq!(scan.in_bytes(&Bytes::from(b"abc\0\0\0")).len(), 1);
        assert_eq!(scan.in_bytes(&Bytes::from(b"abcd")).len(), 0);
    }

    #[test]
    fn a_long_secret_is_found_cut_to_sixteen_bytes() {
        let scan = Scan::new().with("password", "correct horse battery");
        assert_eq!(scan.in_bytes(&Bytes::from(b"..correct horse ba")).len(), 1);
        assert_eq!(scan.in_bytes(&Bytes::from(b"..correct horse b")).len(), 0);
    }

    #[test]
    fn a_redacted_byte_matches_nothing() {
        let scan = Scan::new().with("password", "calvin");
        let mut bytes = Bytes::from(b"root calvin");
        assert_eq!(scan.in_bytes(&bytes).len(), 1);
        bytes.mask(6..7);
        assert_eq!(scan.in_bytes(&bytes).len(), 0);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Scan::new().with("password", "hunter2"));
        assert_eq!(shown, r#"{"password"}"#);
    }
}
