//! How fixed layouts of bytes become values and back.
//!
//! A command's data is a row of fields, least significant byte first (IPMI 2.0, §5.1). Each [`Field`]
//! writes exactly the bytes it read, so a record built of fields is the identity by construction:
//! reserved bits, unknown values and bytes beyond the last known field all survive.

use std::fmt;

/// Data too short for the fields that the specification makes mandatory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {have} bytes are too few, {need} are needed")]
pub struct Malformed {
    /// What was being read, such as `DeviceId`.
    pub what: &'static str,
    /// Bytes there were.
    pub have: usize,
    /// Bytes needed up to the first field that is missing.
    pub need: usize,
}

/// A command's or an answer's data as a value; `emit` gives back exactly the bytes that were parsed.
pub trait Payload: fmt::Debug + fmt::Display + Sized {
    /// Reads the data that follows the command byte (or, in an answer, the completion code).
    fn parse(data: &[u8]) -> Result<Self, Malformed>;

    /// The bytes of this value.
    fn emit(&self) -> Vec<u8>;
}

/// Reads bytes from the front of a slice; it never panics.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    all: usize,
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, data: &'a [u8]) -> Self {
        Self { what, all: data.len(), left: data }
    }

    pub(crate) fn left(&self) -> usize {
        self.left.len()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        match self.left.split_at_checked(count) {
            Some((taken, left)) => {
                self.left = left;
                Ok(taken)
            }
            None => {
                Err(Malformed { what: self.what, have: self.all, need: self.all - self.left.len() + count })
            }
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }
}

/// A part of a layout that writes exactly what it read.
pub(crate) trait Field: Sized {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
    fn write(&self, out: &mut Vec<u8>);
}

impl Field for u8 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u8()
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
}

impl Field for u16 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array().map(u16::from_le_bytes)
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

impl Field for u32 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array().map(u32::from_le_bytes)
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

impl<const N: usize> Field for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array()
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }
}

/// All that is left.
impl Field for Vec<u8> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(reader.rest().to_vec())
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }
}

/// There if its bytes are all there; otherwise they are left to the fields after it.
impl<T: Field> Field for Option<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut ahead = reader.clone();
        let value = T::read(&mut ahead).ok();
        if value.is_some() {
            *reader = ahead;
        }
        Ok(value)
    }
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(out);
        }
    }
}

/// A struct whose fields stand one after the other on the wire; its last field is `rest: Vec<u8>`.
macro_rules! layout {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
            /// Bytes beyond the fields that the specification knows.
            pub rest: Vec<u8>,
        }

        impl $crate::ipmi::layout::Payload for $name {
            fn parse(data: &[u8]) -> Result<Self, $crate::ipmi::layout::Malformed> {
                #[allow(unused_imports, reason = "a layout without fields reads only its rest")]
                use $crate::ipmi::layout::{Field, Reader};
                let mut reader = Reader::new(stringify!($name), data);
                Ok(Self {
                    $($field: <$ty as Field>::read(&mut reader)?,)*
                    rest: reader.rest().to_vec(),
                })
            }

            fn emit(&self) -> Vec<u8> {
                #[allow(unused_imports, reason = "a layout without fields writes only its rest")]
                use $crate::ipmi::layout::Field;
                let mut out = Vec::new();
                $(self.$field.write(&mut out);)*
                out.extend(&self.rest);
                out
            }
        }
    };
}

/// A byte of which the specification names some values; every other one is `Unknown`.
macro_rules! byte_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$value_meta:meta])* $variant:ident = $value:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_meta])* #[doc = concat!("`", stringify!($value), "`: ", $text, ".")] $variant,)*
            /// Any other value, kept whole.
            Unknown(u8),
        }

        impl From<u8> for $name {
            fn from(byte: u8) -> Self {
                match byte {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for u8 {
            fn from(value: $name) -> u8 {
                match value {
                    $($name::$variant => $value,)*
                    $name::Unknown(other) => other,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from(0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)*
                    Self::Unknown(other) => write!(f, "unknown 0x{other:02x}"),
                }
            }
        }

        impl $crate::ipmi::layout::Field for $name {
            fn read(reader: &mut $crate::ipmi::layout::Reader<'_>) -> Result<Self, $crate::ipmi::layout::Malformed> {
                reader.u8().map(Self::from)
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.push(u8::from(*self));
            }
        }
    };
}

/// A byte of single bits with names; the bits without a name are kept.
macro_rules! bits {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$bit_meta:meta])* $bit:ident = $mask:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub u8);

        #[allow(dead_code, reason = "a table of names; not each is asked for")]
        impl $name {
            $($(#[$bit_meta])* #[doc = concat!("`", stringify!($mask), "`: ", $text, ".")] pub const $bit: u8 = $mask;)*

            /// Whether every bit of `mask` is set.
            pub const fn has(self, mask: u8) -> bool {
                self.0 & mask == mask
            }

            /// The same with the bits of `mask` set or cleared.
            #[must_use]
            pub const fn with(self, mask: u8, set: bool) -> Self {
                Self(if set { self.0 | mask } else { self.0 & !mask })
            }

            /// The names of the bits that are set, highest last.
            pub fn names(self) -> Vec<&'static str> {
                [$(($mask, $text)),*].into_iter().filter(|(mask, _)| self.has(*mask)).map(|(_, text)| text).collect()
            }
        }

        impl $crate::ipmi::layout::Field for $name {
            fn read(reader: &mut $crate::ipmi::layout::Reader<'_>) -> Result<Self, $crate::ipmi::layout::Malformed> {
                reader.u8().map(Self)
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.push(self.0);
            }
        }
    };
}

pub(crate) use {bits, byte_enum, layout};
