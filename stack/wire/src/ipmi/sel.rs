//! Entries of the system event log (IPMI 2.0, §32).

use std::fmt;

use super::layout::layout;

layout! {
    /// One entry of 16 bytes. Fields after `kind` mean what they say only in a system event, type 02h (§32.1);
    /// types C0h–DFh have their own bytes after the time, types E0h–FFh no time either.
    pub struct Entry {
        /// Given by the log.
        pub id: u16,
        /// 02h: system event.
        pub kind: u8,
        /// Seconds of the device's clock.
        pub time: u32,
        /// Slave address or software id, LUN, channel.
        pub generator: u16,
        /// 04h: event message format of IPMI 1.5 and 2.0.
        pub revision: u8,
        /// What is measured (table 42-3).
        pub sensor_type: u8,
        /// Which sensor.
        pub sensor: u8,
        /// Bit 7: deassertion; bits 6:0: event type (table 42-1).
        pub event: u8,
        /// What happened; FFh where nothing is said.
        pub data: [u8; 3],
    }
}

impl Entry {
    /// Type of a system event.
    pub const SYSTEM_EVENT: u8 = 0x02;
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry 0x{:04x} at {} s: ", self.id, self.time)?;
        if self.kind != Self::SYSTEM_EVENT {
            return write!(f, "type 0x{:02x}", self.kind);
        }
        let [first, ..] = self.data;
        write!(
            f,
            "{} sensor 0x{:02x}, event type 0x{:02x}, offset {}, {}",
            sensor_type_name(self.sensor_type),
            self.sensor,
            self.event & 0x7f,
            first & 0x0f,
            if self.event & 0x80 == 0 { "asserted" } else { "deasserted" },
        )
    }
}

/// The name of a sensor type (table 42-3).
pub fn sensor_type_name(kind: u8) -> String {
    const NAMES: [&str; 0x2d] = [
        "reserved",
        "temperature",
        "voltage",
        "current",
        "fan",
        "physical security",
        "platform security",
        "processor",
        "power supply",
        "power unit",
        "cooling device",
        "other units",
        "memory",
        "drive slot",
        "POST memory resize",
        "system firmware progress",
        "event logging",
        "watchdog 1",
        "system event",
        "critical interrupt",
        "button",
        "module or board",
        "microcontroller",
        "add-in card",
        "chassis",
        "chip set",
        "other FRU",
        "cable",
        "terminator",
        "system boot",
        "boot error",
        "base OS boot",
        "OS stop",
        "slot or connector",
        "ACPI power state",
        "watchdog 2",
        "platform alert",
        "entity presence",
        "monitor ASIC",
        "LAN",
        "management subsystem health",
        "battery",
        "session audit",
        "version change",
        "FRU state",
    ];
    NAMES.get(usize::from(kind)).map_or_else(|| format!("type 0x{kind:02x}"), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Entry, sensor_type_name};
    use crate::ipmi::layout::Payload;

    #[test]
    fn an_entry_reads_as_the_standard_lays_it_out() -> Result<(), crate::ipmi::layout::Malformed> {
        let bytes = [0x05, 0x00, 0x02, 0x10, 0, 0, 0, 0x20, 0x00, 0x04, 0x09, 0x01, 0x6f, 0x00, 0xff, 0xff];
        let entry = Entry::parse(&bytes)?;
        assert_eq!(
            entry.to_string(),
            "entry 0x0005 at 16 s: power unit sensor 0x01, event type 0x6f, offset 0, asserted"
        );
        assert_eq!(entry.emit(), bytes);
        Ok(())
    }

    #[test]
    fn sensor_types_count_as_in_the_table() {
        assert_eq!(sensor_type_name(0x22), "ACPI power state");
        assert_eq!(sensor_type_name(0x2c), "FRU state");
        assert_eq!(sensor_type_name(0x2d), "type 0x2d");
    }
}
