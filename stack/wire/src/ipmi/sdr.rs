//! Sensor data records (IPMI 2.0, §43): what sensors a device has, and what their readings mean.

mod reading;
mod repository;

use std::fmt;

use super::layout::{Field, Malformed, Payload, Reader, layout};
use super::typed_text::TypedText;

pub use reading::{Analog, unit_name};
pub use repository::Repository;

layout! {
    /// The part that all records share (§43, bytes 1–5).
    pub struct Header {
        /// Given by the repository; it may change when the repository does.
        pub id: u16,
        /// 51h: BCD with the minor digit in bits 7:4.
        pub version: u8,
        /// Which kind of record.
        pub kind: u8,
        /// Bytes that follow.
        pub length: u8,
    }
}

layout! {
    /// Full sensor record, type 01h (§43.1), from byte 6 on.
    pub struct Full {
        /// Who owns the sensor: bits 7:1 slave address (bit 0 clear) or software id (bit 0 set).
        pub owner: u8,
        /// Bits 7:4: channel; bits 1:0: LUN.
        pub owner_lun: u8,
        /// The sensor's number, unique with its owner.
        pub sensor: u8,
        /// What the sensor watches (table 43-13).
        pub entity: u8,
        /// Which one of those.
        pub entity_instance: u8,
        /// What is initialised at start.
        pub initialization: u8,
        /// Thresholds, hysteresis, re-arming.
        pub capabilities: u8,
        /// What is measured (table 42-3).
        pub sensor_type: u8,
        /// How it reads: 01h threshold, other values discrete (table 42-1).
        pub reading_type: u8,
        /// Assertion events, lower thresholds.
        pub assertion_mask: u16,
        /// Deassertion events, upper thresholds.
        pub deassertion_mask: u16,
        /// Which thresholds can be read and set, or which states there are.
        pub reading_mask: u16,
        /// Bits 7:6: numeric format of the raw reading; the rest: rate, modifier, percentage.
        pub units: u8,
        /// Base unit (table 43-15).
        pub base_unit: u8,
        /// Unit that modifies it.
        pub modifier_unit: u8,
        /// Bits 6:0: linearization.
        pub linearization: u8,
        /// M (low), M (high) and tolerance, B (low), B (high) and accuracy, accuracy and direction, exponents.
        pub factors: [u8; 6],
        /// Which of the three readings below are given.
        pub analog_flags: u8,
        /// Raw nominal reading.
        pub nominal: u8,
        /// Raw normal maximum.
        pub normal_maximum: u8,
        /// Raw normal minimum.
        pub normal_minimum: u8,
        /// Raw maximum of the sensor.
        pub maximum: u8,
        /// Raw minimum of the sensor.
        pub minimum: u8,
        /// Raw upper thresholds: non-recoverable, critical, non-critical.
        pub upper: [u8; 3],
        /// Raw lower thresholds: non-recoverable, critical, non-critical.
        pub lower: [u8; 3],
        /// Raw positive and negative hysteresis.
        pub hysteresis: [u8; 2],
        /// Reserved bytes.
        pub reserved: [u8; 2],
        /// The maker's.
        pub oem: u8,
        /// The sensor's name.
        pub name: TypedText,
    }
}

impl Full {
    /// How a raw reading becomes a value.
    pub fn analog(&self) -> Analog {
        Analog::new(self.units, self.linearization, self.factors)
    }
}

layout! {
    /// Compact sensor record, type 02h (§43.2), from byte 6 on: sensors without values of their own.
    pub struct Compact {
        /// Who owns the sensor.
        pub owner: u8,
        /// Bits 7:4: channel; bits 1:0: LUN.
        pub owner_lun: u8,
        /// The (first) sensor's number.
        pub sensor: u8,
        /// What the sensor watches (table 43-13).
        pub entity: u8,
        /// Which one of those.
        pub entity_instance: u8,
        /// What is initialised at start.
        pub initialization: u8,
        /// Thresholds, hysteresis, re-arming.
        pub capabilities: u8,
        /// What is measured (table 42-3).
        pub sensor_type: u8,
        /// How it reads (table 42-1).
        pub reading_type: u8,
        /// Assertion events.
        pub assertion_mask: u16,
        /// Deassertion events.
        pub deassertion_mask: u16,
        /// Which states there are.
        pub reading_mask: u16,
        /// As in a full record.
        pub units: u8,
        /// Base unit (table 43-15).
        pub base_unit: u8,
        /// Unit that modifies it.
        pub modifier_unit: u8,
        /// Direction, and how many sensors share this record.
        pub sharing: u16,
        /// Raw positive and negative hysteresis.
        pub hysteresis: [u8; 2],
        /// Reserved bytes.
        pub reserved: [u8; 3],
        /// The maker's.
        pub oem: u8,
        /// The sensor's name.
        pub name: TypedText,
    }
}

layout! {
    /// FRU device locator, type 11h (§43.8), from byte 6 on.
    pub struct FruLocator {
        /// Bits 7:1: address of the controller through which it is reached.
        pub access_address: u8,
        /// FRU device id if logical, else slave address.
        pub device: u8,
        /// Bit 7: logical; bits 4:3: LUN; bits 2:0: bus.
        pub access: u8,
        /// Bits 7:4: channel.
        pub channel: u8,
        /// Reserved.
        pub reserved: u8,
        /// Kind of device (table 43-12).
        pub device_type: u8,
        /// Its modifier.
        pub modifier: u8,
        /// What it belongs to (table 43-13).
        pub entity: u8,
        /// Which one of those.
        pub entity_instance: u8,
        /// The maker's.
        pub oem: u8,
        /// The device's name.
        pub name: TypedText,
    }
}

layout! {
    /// Management controller device locator, type 12h (§43.9), from byte 6 on.
    pub struct ControllerLocator {
        /// Bits 7:1: the controller's address.
        pub address: u8,
        /// Bits 3:0: channel.
        pub channel: u8,
        /// Power state notification, and what is initialised at start.
        pub initialization: u8,
        /// Bits as in [`crate::ipmi::command::app::DeviceSupport`].
        pub support: u8,
        /// Reserved bytes.
        pub reserved: [u8; 3],
        /// What it belongs to (table 43-13).
        pub entity: u8,
        /// Which one of those.
        pub entity_instance: u8,
        /// The maker's.
        pub oem: u8,
        /// The controller's name.
        pub name: TypedText,
    }
}

/// The body of a record by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Type 01h.
    Full(Full),
    /// Type 02h.
    Compact(Compact),
    /// Type 11h.
    FruLocator(FruLocator),
    /// Type 12h.
    ControllerLocator(ControllerLocator),
    /// Any other type, or a body too short for its type; as it stands.
    Other(Vec<u8>),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number, kind and length.
    pub header: Header,
    /// What it says. The header's kind and length are not derived from it: see [`Record::new`].
    pub body: Body,
}

impl Record {
    /// A record whose header fits its body; `kind` counts only for [`Body::Other`].
    pub fn new(id: u16, kind: u8, body: Body) -> Self {
        let kind = match body {
            Body::Full(_) => 0x01,
            Body::Compact(_) => 0x02,
            Body::FruLocator(_) => 0x11,
            Body::ControllerLocator(_) => 0x12,
            Body::Other(_) => kind,
        };
        let length = body.emit().len().min(255) as u8;
        Self { header: Header { id, version: 0x51, kind, length, rest: Vec::new() }, body }
    }

    /// The name in the record, if its kind has one.
    pub fn name(&self) -> Option<String> {
        match &self.body {
            Body::Full(full) => Some(full.name.text()),
            Body::Compact(compact) => Some(compact.name.text()),
            Body::FruLocator(locator) => Some(locator.name.text()),
            Body::ControllerLocator(locator) => Some(locator.name.text()),
            Body::Other(_) => None,
        }
    }
}

impl Body {
    fn emit(&self) -> Vec<u8> {
        match self {
            Self::Full(full) => full.emit(),
            Self::Compact(compact) => compact.emit(),
            Self::FruLocator(locator) => locator.emit(),
            Self::ControllerLocator(locator) => locator.emit(),
            Self::Other(bytes) => bytes.clone(),
        }
    }

    fn parse(kind: u8, data: &[u8]) -> Self {
        let body = match kind {
            0x01 => Full::parse(data).map(Self::Full),
            0x02 => Compact::parse(data).map(Self::Compact),
            0x11 => FruLocator::parse(data).map(Self::FruLocator),
            0x12 => ControllerLocator::parse(data).map(Self::ControllerLocator),
            _ => return Self::Other(data.to_vec()),
        };
        body.unwrap_or_else(|_| Self::Other(data.to_vec()))
    }
}

impl Payload for Record {
    fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("SDR", data);
        let header = Header {
            id: Field::read(&mut reader)?,
            version: Field::read(&mut reader)?,
            kind: Field::read(&mut reader)?,
            length: Field::read(&mut reader)?,
            rest: Vec::new(),
        };
        let body = Body::parse(header.kind, reader.rest());
        Ok(Self { header, body })
    }

    fn emit(&self) -> Vec<u8> {
        let mut bytes = self.header.emit();
        bytes.extend(self.body.emit());
        bytes
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record 0x{:04x} of type 0x{:02x}, {} bytes", self.id, self.kind, self.length)
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sensor 0x{:02x} \"{}\" in {}", self.sensor, self.name.text(), unit_name(self.base_unit))
    }
}

impl fmt::Display for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sensor 0x{:02x} \"{}\"", self.sensor, self.name.text())
    }
}

impl fmt::Display for FruLocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FRU {} \"{}\"", self.device, self.name.text())
    }
}

impl fmt::Display for ControllerLocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "controller 0x{:02x} \"{}\"", self.address, self.name.text())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record 0x{:04x}: ", self.header.id)?;
        match &self.body {
            Body::Full(full) => full.fmt(f),
            Body::Compact(compact) => compact.fmt(f),
            Body::FruLocator(locator) => locator.fmt(f),
            Body::ControllerLocator(locator) => locator.fmt(f),
            Body::Other(bytes) => write!(f, "type 0x{:02x}, {}", self.header.kind, crate::hex::hex(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Full, Payload, Record, TypedText};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_record_is_written_again_as_it_was(
            kind in prop::sample::select(vec![0x01, 0x02, 0x11, 0x12, 0x13, 0xc0]),
            body in prop::collection::vec(any::<u8>(), 1..80),
        ) {
            let mut bytes = vec![1, 0, 0x51, kind];
            bytes.extend(body);
            prop_assert_eq!(Record::parse(&bytes).map(|record| record.emit()), Ok(bytes));
        }
    }

    #[test]
    fn a_full_record_has_its_name_at_byte_49() {
        let full =
            Full { sensor: 0x30, base_unit: 1, name: TypedText::latin1("CPU Temp"), ..Full::default() };
        let record = Record::new(2, 0, Body::Full(full));
        let bytes = record.emit();
        assert_eq!(bytes.get(47..), Some([&[0xc8], b"CPU Temp".as_slice()].concat().as_slice()));
        assert_eq!(usize::from(record.header.length) + 5, bytes.len());
        assert_eq!(record.to_string(), "record 0x0002: sensor 0x30 \"CPU Temp\" in degrees C");
        assert_eq!(Record::parse(&bytes), Ok(record));
    }
}
