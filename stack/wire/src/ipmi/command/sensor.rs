//! Sensor and event commands (IPMI 2.0, §35; network function 04h).

use std::fmt;

use crate::hex::hex;
use crate::ipmi::layout::{bits, layout};

layout! {
    /// Get Device SDR Info, request (§35.2).
    pub struct GetDeviceSdrInfo {
        /// Bit 0: count SDRs instead of sensors.
        pub operation: Option<u8>,
    }
}

layout! {
    /// Get Device SDR Info, answer (§35.2).
    pub struct DeviceSdrInfo {
        /// Sensors of this LUN (or SDRs of the device).
        pub count: u8,
        /// Bit 7: dynamic population; bits 3:0: LUNs that have sensors.
        pub flags: u8,
        /// When the population last changed, if it is dynamic.
        pub changed: Option<u32>,
    }
}

layout! {
    /// Get Device SDR, request (§35.3).
    pub struct GetDeviceSdr {
        /// Needed if the offset is not 0; otherwise 0 will do.
        pub reservation: u16,
        /// Which record; 0000h is the first one.
        pub record: u16,
        /// From which byte of the record.
        pub offset: u8,
        /// How many bytes; FFh: all of the record.
        pub count: u8,
    }
}

layout! {
    /// Reserve Device SDR Repository, request (§35.4).
    pub struct ReserveDeviceSdr {}
}

layout! {
    /// Get Sensor Reading Factors, request (§35.5).
    pub struct GetReadingFactors {
        /// Which sensor.
        pub sensor: u8,
        /// For which raw reading.
        pub reading: u8,
    }
}

layout! {
    /// Get Sensor Reading Factors, answer (§35.5): the next reading and M, B, exponents as in a full SDR.
    pub struct ReadingFactors {
        /// The next reading for which the factors differ.
        pub next: u8,
        /// M and tolerance, B and accuracy, exponents: bytes 25–30 of a full record.
        pub factors: [u8; 6],
    }
}

layout! {
    /// Get Sensor Hysteresis, request (§35.7).
    pub struct GetHysteresis {
        /// Which sensor.
        pub sensor: u8,
        /// Reserved: FFh.
        pub mask: u8,
    }
}

layout! {
    /// Get Sensor Hysteresis, answer (§35.7).
    pub struct Hysteresis {
        /// Raw, for thresholds that are crossed upwards.
        pub positive: u8,
        /// Raw, for thresholds that are crossed downwards.
        pub negative: u8,
    }
}

bits! {
    /// Names of the six thresholds, in the order of their bytes.
    pub struct Thresholds {
        LOWER_NON_CRITICAL = 0x01 "lower non-critical",
        LOWER_CRITICAL = 0x02 "lower critical",
        LOWER_NON_RECOVERABLE = 0x04 "lower non-recoverable",
        UPPER_NON_CRITICAL = 0x08 "upper non-critical",
        UPPER_CRITICAL = 0x10 "upper critical",
        UPPER_NON_RECOVERABLE = 0x20 "upper non-recoverable",
    }
}

layout! {
    /// Set Sensor Thresholds, request (§35.8).
    pub struct SetThresholds {
        /// Which sensor.
        pub sensor: u8,
        /// Which of the values below count.
        pub mask: Thresholds,
        /// Raw values in the order of [`Thresholds`].
        pub values: [u8; 6],
    }
}

layout! {
    /// Get Sensor Thresholds, request (§35.9).
    pub struct GetThresholds {
        /// Which sensor.
        pub sensor: u8,
    }
}

layout! {
    /// Get Sensor Thresholds, answer (§35.9).
    pub struct SensorThresholds {
        /// Which of the values below count.
        pub readable: Thresholds,
        /// Raw values in the order of [`Thresholds`].
        pub values: [u8; 6],
    }
}

layout! {
    /// Get Sensor Event Enable, request (§35.11).
    pub struct GetEventEnable {
        /// Which sensor.
        pub sensor: u8,
    }
}

layout! {
    /// Get Sensor Event Enable, answer (§35.11).
    pub struct EventEnable {
        /// Which messages the sensor sends, and whether it scans.
        pub flags: ReadingFlags,
        /// Which events are enabled, if told: assertions, then deassertions.
        pub events: Vec<u8>,
    }
}

layout! {
    /// Get Sensor Reading, request (§35.14).
    pub struct GetReading {
        /// Which sensor.
        pub sensor: u8,
    }
}

bits! {
    /// Whether a reading may be believed (§35.14, byte 3).
    pub struct ReadingFlags {
        UNAVAILABLE = 0x20 "reading unavailable",
        SCANNING = 0x40 "scanning",
        EVENTS = 0x80 "event messages",
    }
}

layout! {
    /// Get Sensor Reading, answer (§35.14).
    pub struct Reading {
        /// Raw; the sensor's SDR turns it into a value. Nothing for a discrete sensor.
        pub raw: u8,
        /// Whether it may be believed.
        pub flags: ReadingFlags,
        /// Thresholds passed (as in [`Thresholds`]), or states 0–7 of a discrete sensor.
        pub states: Option<u8>,
        /// States 8–14 of a discrete sensor; bit 7 reads 1.
        pub more_states: Option<u8>,
    }
}

impl Reading {
    /// The raw reading, unless the sensor does not scan or says that it has none.
    pub fn believable(&self) -> Option<u8> {
        (self.flags.has(ReadingFlags::SCANNING) && !self.flags.has(ReadingFlags::UNAVAILABLE))
            .then_some(self.raw)
    }
}

layout! {
    /// Get Sensor Type, request (§35.16).
    pub struct GetSensorType {
        /// Which sensor.
        pub sensor: u8,
    }
}

layout! {
    /// Get Sensor Type, answer (§35.16).
    pub struct SensorType {
        /// What is measured (table 42-3).
        pub kind: u8,
        /// Bits 6:0: event and reading type (table 42-1).
        pub reading_type: u8,
    }
}

fn thresholds(f: &mut fmt::Formatter<'_>, mask: Thresholds, values: &[u8; 6]) -> fmt::Result {
    let mut separator = "";
    for (bit, value) in values.iter().enumerate() {
        for name in Thresholds(mask.0 & 1 << bit).names() {
            write!(f, "{separator}{name} 0x{value:02x}")?;
            separator = ", ";
        }
    }
    f.write_str(if separator.is_empty() { "none" } else { "" })
}

impl fmt::Display for GetDeviceSdrInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.operation.is_some_and(|operation| operation & 1 == 1) {
            "SDRs"
        } else {
            "sensors"
        })
    }
}

impl fmt::Display for DeviceSdrInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of LUNs 0x{:x}", self.count, self.flags & 0x0f)
    }
}

impl fmt::Display for GetReadingFactors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sensor 0x{:02x}, reading 0x{:02x}", self.sensor, self.reading)
    }
}

impl fmt::Display for ReadingFactors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, next reading 0x{:02x}", hex(&self.factors), self.next)
    }
}

impl fmt::Display for Hysteresis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "positive 0x{:02x}, negative 0x{:02x}", self.positive, self.negative)
    }
}

impl fmt::Display for SetThresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sensor 0x{:02x}: ", self.sensor)?;
        thresholds(f, self.mask, &self.values)
    }
}

impl fmt::Display for SensorThresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        thresholds(f, self.readable, &self.values)
    }
}

impl fmt::Display for EventEnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.flags.names().join(", "), hex(&self.events))
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.believable() {
            Some(raw) => write!(f, "0x{raw:02x}")?,
            None => f.write_str("no reading")?,
        }
        match (self.states, self.more_states) {
            (Some(low), Some(high)) => write!(f, ", states 0x{high:02x}{low:02x}"),
            (Some(low), None) => write!(f, ", states 0x{low:02x}"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for SensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type 0x{:02x}, reading type 0x{:02x}", self.kind, self.reading_type)
    }
}

impl fmt::Display for GetDeviceSdr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::storage::part(f, self.record, self.offset, self.count)
    }
}

macro_rules! of_sensor {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "sensor 0x{:02x}", self.sensor)
            }
        })*
    };
}

of_sensor!(GetHysteresis, GetThresholds, GetEventEnable, GetReading, GetSensorType);

super::silent!(ReserveDeviceSdr);
