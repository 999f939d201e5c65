//! Values of objects.

use super::Oid;

/// A value, or one of the exceptions in the place of one (RFC 3416, §3; the types are those of RFC 2578, §7.1).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Value {
    /// `INTEGER`. By the standard it has 32 bits; agents that send up to 64 are taken as they come.
    Integer(i64),
    /// `OCTET STRING`; also `BITS`.
    OctetString(Vec<u8>),
    /// No value: what stands in a request.
    Null,
    /// `OBJECT IDENTIFIER`.
    ObjectId(Oid),
    /// `IpAddress`.
    IpAddress([u8; 4]),
    /// `Counter32`.
    Counter32(u32),
    /// `Gauge32`, also `Unsigned32`.
    Gauge32(u32),
    /// `TimeTicks`: hundredths of a second.
    TimeTicks(u32),
    /// `Opaque`: bytes that hold an encoding of their own.
    Opaque(Vec<u8>),
    /// `Counter64`, not in v1.
    Counter64(u64),
    /// There is no such object.
    NoSuchObject,
    /// The object is there, this instance is not.
    NoSuchInstance,
    /// The walk is over.
    EndOfMibView,
    /// Any other tag, or a known one whose contents cannot be that (an `INTEGER` of nine bytes, an
    /// `IpAddress` of sixteen): the tag and the contents as they came.
    Unknown(u8, Vec<u8>),
}

impl Value {
    /// Text as an octet string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::OctetString(text.as_bytes().to_vec())
    }

    /// Its tag on the wire.
    #[must_use]
    pub fn tag(&self) -> u8 {
        match self {
            Self::Integer(_) => tag::INTEGER,
            Self::OctetString(_) => tag::OCTET_STRING,
            Self::Null => tag::NULL,
            Self::ObjectId(_) => tag::OBJECT_ID,
            Self::IpAddress(_) => tag::IP_ADDRESS,
            Self::Counter32(_) => tag::COUNTER32,
            Self::Gauge32(_) => tag::GAUGE32,
            Self::TimeTicks(_) => tag::TIME_TICKS,
            Self::Opaque(_) => tag::OPAQUE,
            Self::Counter64(_) => tag::COUNTER64,
            Self::NoSuchObject => tag::NO_SUCH_OBJECT,
            Self::NoSuchInstance => tag::NO_SUCH_INSTANCE,
            Self::EndOfMibView => tag::END_OF_MIB_VIEW,
            Self::Unknown(tag, _) => *tag,
        }
    }

    /// Its number, whatever numeric type it has.
    #[must_use]
    pub fn as_number(&self) -> Option<i128> {
        match *self {
            Self::Integer(number) => Some(number.into()),
            Self::Counter32(number) | Self::Gauge32(number) | Self::TimeTicks(number) => Some(number.into()),
            Self::Counter64(number) => Some(number.into()),
            _ => None,
        }
    }

    /// Whether it says that there is nothing (v2c, v3): no object, no instance, the end of the walk.
    #[must_use]
    pub fn is_exception(&self) -> bool {
        matches!(self, Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView)
    }
}

/// Tags on the wire (X.690, §8.1.2; RFC 2578, §2; RFC 3416, §3).
pub mod tag {
    /// `INTEGER`.
    pub const INTEGER: u8 = 0x02;
    /// `OCTET STRING`.
    pub const OCTET_STRING: u8 = 0x04;
    /// `NULL`.
    pub const NULL: u8 = 0x05;
    /// `OBJECT IDENTIFIER`.
    pub const OBJECT_ID: u8 = 0x06;
    /// `SEQUENCE`.
    pub const SEQUENCE: u8 = 0x30;
    /// `IpAddress`.
    pub const IP_ADDRESS: u8 = 0x40;
    /// `Counter32`.
    pub const COUNTER32: u8 = 0x41;
    /// `Gauge32`.
    pub const GAUGE32: u8 = 0x42;
    /// `TimeTicks`.
    pub const TIME_TICKS: u8 = 0x43;
    /// `Opaque`.
    pub const OPAQUE: u8 = 0x44;
    /// `Counter64`.
    pub const COUNTER64: u8 = 0x46;
    /// `noSuchObject`.
    pub const NO_SUCH_OBJECT: u8 = 0x80;
    /// `noSuchInstance`.
    pub const NO_SUCH_INSTANCE: u8 = 0x81;
    /// `endOfMibView`.
    pub const END_OF_MIB_VIEW: u8 = 0x82;
}
