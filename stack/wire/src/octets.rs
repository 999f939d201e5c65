//! Rows of fields of fixed width, in either order of bytes.
//!
//! Each [`Field`] writes exactly the bytes it read, so that what is built of fields is emitted as it was parsed.

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// They end too early.
    #[error("{what}: {need} bytes are needed, {have} are there")]
    Short {
        /// What was being read.
        what: &'static str,
        /// Bytes there were.
        have: usize,
        /// Bytes needed up to the end of the first field that is missing.
        need: usize,
    },
    /// They do not begin as it does.
    #[error("{what}: {why}")]
    Not {
        /// What was being read.
        what: &'static str,
        /// What is the matter.
        why: &'static str,
    },
}

/// The order of the bytes in a number.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Order {
    /// Most significant byte first, as networks have it.
    #[default]
    Big,
    /// Least significant byte first.
    Little,
}

/// Reads fields from the front of a slice; it never panics.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    order: Order,
    all: usize,
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, order: Order, bytes: &'a [u8]) -> Self {
        Self { what, order, all: bytes.len(), left: bytes }
    }

    /// From here on it is something else that is read, in the same bytes.
    pub(crate) fn now(&mut self, what: &'static str) {
        self.what = what;
    }

    /// In case that so many bytes more are not there: why.
    pub(crate) fn expect(&self, count: usize) -> Result<(), Malformed> {
        if count <= self.left.len() {
            return Ok(());
        }
        let need = (self.all - self.left.len()).saturating_add(count);
        Err(Malformed::Short { what: self.what, have: self.all, need })
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        self.expect(count)?;
        let (taken, left) = self.left.split_at_checked(count).unwrap_or((self.left, &[]));
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn read<T: Field>(&mut self) -> Result<T, Malformed> {
        T::read(self)
    }

    /// A list of so many fields of so many bytes each.
    pub(crate) fn list<T: Field>(&mut self, count: u32, width: usize) -> Result<Vec<T>, Malformed> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.expect(count.saturating_mul(width))?;
        (0..count).map(|_| self.read()).collect()
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }
}

/// Writes fields one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    order: Order,
    pub(crate) out: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(order: Order) -> Self {
        Self { order, out: Vec::new() }
    }

    pub(crate) fn put(&mut self, field: &impl Field) {
        field.write(self);
    }
}

/// Something that writes exactly what it read.
pub(crate) trait Field: Sized {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
    fn write(&self, writer: &mut Writer);
}

macro_rules! number {
    ($($int:ty)*) => {$(
        impl Field for $int {
            fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                let order = reader.order;
                reader.array().map(|bytes| match order {
                    Order::Big => Self::from_be_bytes(bytes),
                    Order::Little => Self::from_le_bytes(bytes),
                })
            }
            fn write(&self, writer: &mut Writer) {
                match writer.order {
                    Order::Big => writer.out.extend(self.to_be_bytes()),
                    Order::Little => writer.out.extend(self.to_le_bytes()),
                }
            }
        }
    )*};
}
number!(u8 u16 u32 u64);

impl<const N: usize> Field for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array()
    }
    fn write(&self, writer: &mut Writer) {
        writer.out.extend(self);
    }
}

/// A number of 24 bits, most significant byte first: InfiniBand's queue pairs and sequence numbers.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct U24(
    /// Below 2^24; what is beyond is not emitted.
    pub u32,
);

impl Field for U24 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array().map(|[a, b, c]| Self(u32::from_be_bytes([0, a, b, c])))
    }
    fn write(&self, writer: &mut Writer) {
        let [_, bytes @ ..] = self.0.to_be_bytes();
        writer.out.extend(bytes);
    }
}

/// A number of which some values have names; every other one is `Unknown`.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident: $int:ty { $($variant:ident = $value:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $(#[doc = concat!("`", stringify!($value), "`: ", $text, ".")] $variant,)*
            /// Any other value, kept whole.
            Unknown($int),
        }

        impl From<$int> for $name {
            fn from(value: $int) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for $int {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => $value,)*
                    $name::Unknown(other) => other,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)*
                    Self::Unknown(other) => write!(f, "unknown {other:#04x}"),
                }
            }
        }

        impl $crate::octets::Field for $name {
            fn read(
                reader: &mut $crate::octets::Reader<'_>,
            ) -> Result<Self, $crate::octets::Malformed> {
                reader.read::<$int>().map(Self::from)
            }
            fn write(&self, writer: &mut $crate::octets::Writer) {
                writer.put(&<$int>::from(*self));
            }
        }
    };
}

/// A struct whose fields stand one after the other on the wire.
macro_rules! row {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl $crate::octets::Field for $name {
            fn read(
                reader: &mut $crate::octets::Reader<'_>,
            ) -> Result<Self, $crate::octets::Malformed> {
                Ok(Self { $($field: reader.read()?,)* })
            }
            fn write(&self, writer: &mut $crate::octets::Writer) {
                $(writer.put(&self.$field);)*
            }
        }
    };
}

pub(crate) use {named, row};
