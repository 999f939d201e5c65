//! Malformed on purpose: what broken firmware makes of an answer.

use super::Reader;
use super::write::Writer;
use crate::snmp::value::tag;

/// One way to break a message, or only to write it strangely.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Distortion {
    /// Every length in the form of four bytes: legal, and what some agents send.
    LongLengths,
    /// Integers with needless leading bytes: not legal, but widely understood.
    PaddedIntegers,
    /// The outermost length says more bytes than there are.
    OuterLengthLong,
    /// The outermost length says fewer bytes than there are.
    OuterLengthShort,
    /// The first value's length says more bytes than there are.
    InnerLengthLong,
    /// The PDU's length says fewer bytes than there are.
    InnerLengthShort,
    /// A length of 4294967295 bytes for the first value.
    HugeLength,
    /// The outermost length is of the indefinite form.
    Indefinite,
    /// The second half is missing.
    Truncated,
    /// Bytes that belong to nothing follow.
    Trailing,
    /// The first value has a type that nobody knows.
    UnknownType,
    /// The first value is an integer of nine bytes.
    LongInteger,
    /// The first value is an integer of no bytes.
    EmptyInteger,
    /// The first binding has no value.
    NoValue,
    /// The first binding's object has an arc that takes more than 32 bits.
    LongArc,
    /// The PDU has a tag that nobody knows.
    UnknownPdu,
}

impl Distortion {
    /// All of them; faults count them from 1.
    pub const ALL: [Self; 16] = [
        Self::LongLengths,
        Self::PaddedIntegers,
        Self::OuterLengthLong,
        Self::OuterLengthShort,
        Self::InnerLengthLong,
        Self::InnerLengthShort,
        Self::HugeLength,
        Self::Indefinite,
        Self::Truncated,
        Self::Trailing,
        Self::UnknownType,
        Self::LongInteger,
        Self::EmptyInteger,
        Self::NoValue,
        Self::LongArc,
        Self::UnknownPdu,
    ];

    /// Its name: `long-lengths`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LongLengths => "long-lengths",
            Self::PaddedIntegers => "padded-integers",
            Self::OuterLengthLong => "outer-length-long",
            Self::OuterLengthShort => "outer-length-short",
            Self::InnerLengthLong => "inner-length-long",
            Self::InnerLengthShort => "inner-length-short",
            Self::HugeLength => "huge-length",
            Self::Indefinite => "indefinite",
            Self::Truncated => "truncated",
            Self::Trailing => "trailing",
            Self::UnknownType => "unknown-type",
            Self::LongInteger => "long-integer",
            Self::EmptyInteger => "empty-integer",
            Self::NoValue => "no-value",
            Self::LongArc => "long-arc",
            Self::UnknownPdu => "unknown-pdu",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|distortion| distortion.name() == name)
    }

    /// Whether everything that was said can still be understood.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::LongLengths | Self::PaddedIntegers)
    }

    /// Breaks a message, or a scoped PDU before it is encrypted. What has no such part (no binding, no PDU)
    /// stays whole; bytes that are not BER at all are only cut or lengthened.
    #[must_use]
    pub fn apply(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Truncated => return bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec(),
            Self::Trailing => return [bytes, &[0x05, 0x00, 0xde, 0xad]].concat(),
            _ => {}
        }
        let Some(mut root) = Node::read(&mut Reader::new(bytes), DEPTH_MAX) else { return bytes.to_vec() };
        match self {
            Self::LongLengths => root.each(&mut |node| node.length = Length::Four),
            Self::PaddedIntegers => root.each(&mut Node::pad_integer),
            Self::OuterLengthLong => root.length = Length::Off(11),
            Self::OuterLengthShort => root.length = Length::Off(-3),
            Self::Indefinite => root.length = Length::Indefinite,
            Self::InnerLengthLong => edit(root.value(), |value| value.length = Length::Off(100)),
            Self::HugeLength => edit(root.value(), |value| value.length = Length::Huge),
            Self::InnerLengthShort => edit(root.pdu(), |pdu| pdu.length = Length::Off(-2)),
            Self::UnknownType => edit(root.value(), |value| value.tag = 0x4c),
            Self::LongInteger => {
                edit(root.value(), |value| *value = Node::bytes(tag::INTEGER, &[1, 0, 0, 0, 0, 0, 0, 0, 1]));
            }
            Self::EmptyInteger => edit(root.value(), |value| *value = Node::bytes(tag::INTEGER, &[])),
            Self::NoValue => edit(root.binding(), |binding| {
                if let Some(parts) = binding.children() {
                    parts.truncate(1);
                }
            }),
            Self::LongArc => edit(root.binding(), |binding| {
                let object = binding.children().and_then(|parts| parts.first_mut());
                if let Some(Node { contents: Contents::Bytes(arcs), .. }) = object {
                    arcs.extend([0x9f, 0xff, 0xff, 0xff, 0x7f]);
                }
            }),
            Self::UnknownPdu => edit(root.pdu(), |pdu| pdu.tag = 0xae),
            Self::Truncated | Self::Trailing => {}
        }
        let mut out = Writer::with_capacity(bytes.len() + 16);
        root.write(&mut out);
        out.finish()
    }
}

fn edit(node: Option<&mut Node>, change: impl FnOnce(&mut Node)) {
    if let Some(node) = node {
        change(node);
    }
}

/// Deeper than any message.
const DEPTH_MAX: usize = 8;

#[derive(Debug)]
struct Node {
    tag: u8,
    contents: Contents,
    length: Length,
}

#[derive(Debug)]
enum Contents {
    Bytes(Vec<u8>),
    Children(Vec<Node>),
}

/// How the length is written.
#[derive(Clone, Copy, Debug)]
enum Length {
    True,
    Four,
    Off(isize),
    Huge,
    Indefinite,
}

impl Node {
    fn bytes(tag: u8, contents: &[u8]) -> Self {
        Self { tag, contents: Contents::Bytes(contents.to_vec()), length: Length::True }
    }

    fn read(reader: &mut Reader<'_>, depth: usize) -> Option<Self> {
        let (tag, mut inner) = reader.any("node").ok()?;
        let bytes = inner.left();
        let is_constructed = tag & 0x20 != 0;
        let mut children = Vec::new();
        while is_constructed && depth > 0 && !inner.left().is_empty() {
            match Self::read(&mut inner, depth - 1) {
                Some(child) => children.push(child),
                None => return Some(Self::bytes(tag, bytes)),
            }
        }
        let contents = if is_constructed && depth > 0 {
            Contents::Children(children)
        } else {
            Contents::Bytes(bytes.to_vec())
        };
        Some(Self { tag, contents, length: Length::True })
    }

    fn children(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.contents {
            Contents::Children(children) => Some(children),
            Contents::Bytes(_) => None,
        }
    }

    fn each(&mut self, change: &mut dyn FnMut(&mut Self)) {
        change(self);
        if let Contents::Children(children) = &mut self.contents {
            children.iter_mut().for_each(|child| child.each(change));
        }
    }

    fn pad_integer(&mut self) {
        if let (tag::INTEGER, Contents::Bytes(bytes)) = (self.tag, &mut self.contents)
            && let (Some(first), 1..=4) = (bytes.first(), bytes.len())
        {
            let sign = if first & 0x80 == 0 { 0 } else { 0xff };
            *bytes = [vec![sign; 5 - bytes.len()], std::mem::take(bytes)].concat();
        }
    }

    /// The first PDU at or below it.
    fn pdu(&mut self) -> Option<&mut Self> {
        if self.tag & 0xe0 == 0xa0 {
            return Some(self);
        }
        self.children()?.iter_mut().find_map(Self::pdu)
    }

    fn binding(&mut self) -> Option<&mut Self> {
        self.pdu()?.children()?.last_mut()?.children()?.first_mut()
    }

    fn value(&mut self) -> Option<&mut Self> {
        self.binding()?.children()?.get_mut(1)
    }

    fn write(&self, out: &mut Writer) {
        if matches!(self.length, Length::Indefinite) {
            out.raw(&[0, 0]);
        }
        let end = out.written();
        match &self.contents {
            Contents::Bytes(bytes) => out.raw(bytes),
            Contents::Children(children) => children.iter().rev().for_each(|child| child.write(out)),
        }
        let length = out.written() - end;
        match self.length {
            Length::True => out.head(self.tag, end),
            Length::Off(by) => {
                let wrong = length.saturating_add_signed(by);
                match u8::try_from(wrong) {
                    Ok(short @ 0..0x80) => out.raw(&[self.tag, short]),
                    _ => out.raw(&[self.tag, 0x82, (wrong >> 8) as u8, wrong as u8]),
                }
            }
            Length::Four => {
                out.raw(&(length as u32).to_be_bytes());
                out.raw(&[self.tag, 0x84]);
            }
            Length::Huge => out.raw(&[self.tag, 0x84, 0xff, 0xff, 0xff, 0xff]),
            Length::Indefinite => out.raw(&[self.tag, 0x80]),
        }
    }
}
