//! Application commands (IPMI 2.0, §20 and §22; network function 06h) other than those of sessions.

use std::fmt;

use crate::hex::hex;
use crate::ipmi::layout::{bits, byte_enum, layout};

layout! {
    /// Get Device ID, request (§20.1).
    pub struct GetDeviceId {}
}

bits! {
    /// What the controller also is (§20.1, byte 7).
    pub struct DeviceSupport {
        SENSORS = 0x01 "sensors",
        SDR_REPOSITORY = 0x02 "SDR repository",
        SEL = 0x04 "SEL",
        FRU = 0x08 "FRU inventory",
        EVENT_RECEIVER = 0x10 "event receiver",
        EVENT_GENERATOR = 0x20 "event generator",
        BRIDGE = 0x40 "bridge",
        CHASSIS = 0x80 "chassis",
    }
}

layout! {
    /// Get Device ID, answer (§20.1).
    pub struct DeviceId {
        /// Given by the maker; 0 if unspecified.
        pub device_id: u8,
        /// Bit 7: provides device SDRs; bits 3:0: revision of the device.
        pub revision: u8,
        /// Bit 7: firmware or SDR update in progress; bits 6:0: major firmware revision, binary.
        pub firmware_major: u8,
        /// Minor firmware revision, two BCD digits.
        pub firmware_minor: u8,
        /// IPMI version, BCD with the minor digit in bits 7:4: 51h is 1.5, 02h is 2.0.
        pub ipmi_version: u8,
        /// What else the controller is.
        pub support: DeviceSupport,
        /// The maker's IANA enterprise number, 20 bits, least significant byte first.
        pub manufacturer: [u8; 3],
        /// Given by the maker.
        pub product: u16,
        /// Auxiliary firmware revision, if given; its meaning is the maker's.
        pub auxiliary: Option<[u8; 4]>,
    }
}

impl DeviceId {
    /// The maker's IANA enterprise number.
    pub fn manufacturer_id(&self) -> u32 {
        let [low, middle, high] = self.manufacturer;
        u32::from_le_bytes([low, middle, high, 0]) & 0x000f_ffff
    }
}

layout! {
    /// Cold Reset, request (§20.2): the controller starts anew; the system's power does not change.
    pub struct ColdReset {}
}

layout! {
    /// Warm Reset, request (§20.3): like a cold one, but settings stay.
    pub struct WarmReset {}
}

layout! {
    /// Get Self Test Results, request (§20.4).
    pub struct GetSelfTest {}
}

byte_enum! {
    /// How the self test went (§20.4, byte 2). Other values are the device's own.
    pub enum SelfTestResult {
        Passed = 0x55 "passed",
        NotImplemented = 0x56 "not implemented",
        Corrupted = 0x57 "corrupted or inaccessible data",
        Fatal = 0x58 "fatal hardware error",
    }
}

layout! {
    /// Get Self Test Results, answer (§20.4).
    pub struct SelfTest {
        /// The result.
        pub result: SelfTestResult,
        /// Which data are corrupted, if that is the result (bit 7 SEL … bit 0 operational firmware).
        pub detail: u8,
    }
}

byte_enum! {
    /// ACPI system power state (§20.6), without bit 7.
    pub enum SystemState {
        S0 = 0x00 "S0/G0 working",
        S1 = 0x01 "S1",
        S2 = 0x02 "S2",
        S3 = 0x03 "S3",
        S4 = 0x04 "S4",
        S5 = 0x05 "S5/G2 soft off",
        S4S5 = 0x06 "S4/S5 soft off",
        MechanicalOff = 0x07 "G3 mechanical off",
        Sleeping = 0x08 "sleeping",
        G1 = 0x09 "G1 sleeping",
        Override = 0x0a "S5 by override",
        LegacyOn = 0x20 "legacy on",
        LegacyOff = 0x21 "legacy off",
        NotKnown = 0x2a "unknown",
        NoChange = 0x7f "no change",
    }
}

byte_enum! {
    /// ACPI device power state (§20.6), without bit 7.
    pub enum DeviceState {
        D0 = 0x00 "D0",
        D1 = 0x01 "D1",
        D2 = 0x02 "D2",
        D3 = 0x03 "D3",
        NotKnown = 0x2a "unknown",
        NoChange = 0x7f "no change",
    }
}

layout! {
    /// Set ACPI Power State, request (§20.6). It tells the controller; it moves no power.
    pub struct SetAcpi {
        /// Bit 7: set it; bits 6:0: [`SystemState`].
        pub system: u8,
        /// Bit 7: set it; bits 6:0: [`DeviceState`].
        pub device: u8,
    }
}

layout! {
    /// Get ACPI Power State, request (§20.7).
    pub struct GetAcpi {}
}

layout! {
    /// Get ACPI Power State, answer (§20.7).
    pub struct Acpi {
        /// The system's.
        pub system: SystemState,
        /// The device's.
        pub device: DeviceState,
    }
}

layout! {
    /// Get Device GUID, request (§20.8).
    pub struct GetDeviceGuid {}
}

layout! {
    /// Get System GUID, request (§22.14).
    pub struct GetSystemGuid {}
}

layout! {
    /// Get System GUID and Get Device GUID, answer (§22.14, §20.8): least significant byte first.
    pub struct Guid {
        /// As on the wire; many makers send it in another order.
        pub bytes: [u8; 16],
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "device 0x{:02x}, firmware {}.{:02x}, IPMI {}.{}, manufacturer {}, product 0x{:04x}",
            self.device_id,
            self.firmware_major & 0x7f,
            self.firmware_minor,
            self.ipmi_version & 0x0f,
            self.ipmi_version >> 4,
            self.manufacturer_id(),
            self.product,
        )?;
        f.write_str(if self.firmware_major & 0x80 == 0 { "" } else { ", update in progress" })
    }
}

impl fmt::Display for SelfTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.result, self.detail) {
            (SelfTestResult::Passed, 0) => self.result.fmt(f),
            (result, detail) => write!(f, "{result}, detail 0x{detail:02x}"),
        }
    }
}

impl fmt::Display for SetAcpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |byte: u8, name: String| if byte & 0x80 == 0 { "untouched".to_owned() } else { name };
        write!(
            f,
            "system {}, device {}",
            told(self.system, SystemState::from(self.system & 0x7f).to_string()),
            told(self.device, DeviceState::from(self.device & 0x7f).to_string()),
        )
    }
}

impl fmt::Display for Acpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "system {}, device {}", self.system, self.device)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.bytes))
    }
}

super::silent!(GetDeviceId, ColdReset, WarmReset, GetSelfTest, GetAcpi, GetDeviceGuid, GetSystemGuid);
