//! What commands are called (IPMI 2.0, appendix G).

use std::borrow::Cow;

use crate::ipmi::message::{Request, Response};

/// The name of a command, such as `Get Chassis Status`; one without a name is told by its numbers.
///
/// `netfn` may be that of the request or of the answer. Commands of groups and of makers (network
/// functions 2Ch and above) are numbered by their first data byte or bytes, and so have no names here.
pub fn name(netfn: u8, command: u8) -> Cow<'static, str> {
    let table = match netfn & !1 {
        0x00 => CHASSIS,
        0x02 => BRIDGE,
        0x04 => SENSOR,
        0x06 => APP,
        0x08 => FIRMWARE,
        0x0a => STORAGE,
        0x0c => TRANSPORT,
        _ => &[],
    };
    match table.iter().find(|(number, _)| *number == command) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("{} cmd 0x{command:02x}", group(netfn))),
    }
}

/// The name of a network function, such as `chassis`; `netfn 0x30` for one without a name (table 5-1).
pub fn group(netfn: u8) -> Cow<'static, str> {
    Cow::Borrowed(match netfn & !1 {
        0x00 => "chassis",
        0x02 => "bridge",
        0x04 => "sensor/event",
        0x06 => "app",
        0x08 => "firmware",
        0x0a => "storage",
        0x0c => "transport",
        0x2c => "group extension",
        0x2e => "OEM group",
        other => return Cow::Owned(format!("netfn 0x{other:02x}")),
    })
}

impl Request {
    /// What is asked, such as `Get Chassis Status`.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        name(self.netfn.0, self.command)
    }
}

impl Response {
    /// What is answered, such as `Get Chassis Status`.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        name(self.netfn.0, self.command)
    }
}

type Names = &'static [(u8, &'static str)];

/// Table G-1, chassis (§28).
const CHASSIS: Names = &[
    (0x00, "Get Chassis Capabilities"),
    (0x01, "Get Chassis Status"),
    (0x02, "Chassis Control"),
    (0x03, "Chassis Reset"),
    (0x04, "Chassis Identify"),
    (0x05, "Set Chassis Capabilities"),
    (0x06, "Set Power Restore Policy"),
    (0x07, "Get System Restart Cause"),
    (0x08, "Set System Boot Options"),
    (0x09, "Get System Boot Options"),
    (0x0a, "Set Front Panel Enables"),
    (0x0b, "Set Power Cycle Interval"),
    (0x0f, "Get POH Counter"),
];

/// Bridge management, ICMB.
const BRIDGE: Names = &[
    (0x00, "Get Bridge State"),
    (0x01, "Set Bridge State"),
    (0x02, "Get ICMB Address"),
    (0x03, "Set ICMB Address"),
    (0x04, "Set Bridge ProxyAddress"),
    (0x05, "Get Bridge Statistics"),
    (0x06, "Get ICMB Capabilities"),
    (0x08, "Clear Bridge Statistics"),
    (0x09, "Get Bridge Proxy Address"),
    (0x0a, "Get ICMB Connector Info"),
    (0x0b, "Get ICMB Connection ID"),
    (0x0c, "Send ICMB Connection ID"),
    (0x10, "PrepareForDiscovery"),
    (0x11, "GetAddresses"),
    (0x12, "SetDiscovered"),
    (0x13, "GetChassisDeviceId"),
    (0x14, "SetChassisDeviceId"),
    (0x20, "BridgeRequest"),
    (0x21, "BridgeMessage"),
    (0x30, "GetEventCount"),
    (0x31, "SetEventDestination"),
    (0x32, "SetEventReceptionState"),
    (0x33, "SendICMBEventMessage"),
    (0x34, "GetEventDestination"),
    (0x35, "GetEventReceptionState"),
    (0xff, "Error Report"),
];

/// Sensors and events (§29, §30, §35).
const SENSOR: Names = &[
    (0x00, "Set Event Receiver"),
    (0x01, "Get Event Receiver"),
    (0x02, "Platform Event"),
    (0x10, "Get PEF Capabilities"),
    (0x11, "Arm PEF Postpone Timer"),
    (0x12, "Set PEF Configuration Parameters"),
    (0x13, "Get PEF Configuration Parameters"),
    (0x14, "Set Last Processed Event ID"),
    (0x15, "Get Last Processed Event ID"),
    (0x16, "Alert Immediate"),
    (0x17, "PET Acknowledge"),
    (0x20, "Get Device SDR Info"),
    (0x21, "Get Device SDR"),
    (0x22, "Reserve Device SDR Repository"),
    (0x23, "Get Sensor Reading Factors"),
    (0x24, "Set Sensor Hysteresis"),
    (0x25, "Get Sensor Hysteresis"),
    (0x26, "Set Sensor Threshold"),
    (0x27, "Get Sensor Threshold"),
    (0x28, "Set Sensor Event Enable"),
    (0x29, "Get Sensor Event Enable"),
    (0x2a, "Re-arm Sensor Events"),
    (0x2b, "Get Sensor Event Status"),
    (0x2d, "Get Sensor Reading"),
    (0x2e, "Set Sensor Type"),
    (0x2f, "Get Sensor Type"),
    (0x30, "Set Sensor Reading And Event Status"),
];

/// The controller, its messaging, sessions, users and channels (§20, §22, §24, §27).
const APP: Names = &[
    (0x01, "Get Device ID"),
    (0x02, "Cold Reset"),
    (0x03, "Warm Reset"),
    (0x04, "Get Self Test Results"),
    (0x05, "Manufacturing Test On"),
    (0x06, "Set ACPI Power State"),
    (0x07, "Get ACPI Power State"),
    (0x08, "Get Device GUID"),
    (0x09, "Get NetFn Support"),
    (0x0a, "Get Command Support"),
    (0x0b, "Get Command Sub-function Support"),
    (0x0c, "Get Configurable Commands"),
    (0x0d, "Get Configurable Command Sub-functions"),
    (0x22, "Reset Watchdog Timer"),
    (0x24, "Set Watchdog Timer"),
    (0x25, "Get Watchdog Timer"),
    (0x2e, "Set BMC Global Enables"),
    (0x2f, "Get BMC Global Enables"),
    (0x30, "Clear Message Flags"),
    (0x31, "Get Message Flags"),
    (0x32, "Enable Message Channel Receive"),
    (0x33, "Get Message"),
    (0x34, "Send Message"),
    (0x35, "Read Event Message Buffer"),
    (0x36, "Get BT Interface Capabilities"),
    (0x37, "Get System GUID"),
    (0x38, "Get Channel Authentication Capabilities"),
    (0x39, "Get Session Challenge"),
    (0x3a, "Activate Session"),
    (0x3b, "Set Session Privilege Level"),
    (0x3c, "Close Session"),
    (0x3d, "Get Session Info"),
    (0x3f, "Get AuthCode"),
    (0x40, "Set Channel Access"),
    (0x41, "Get Channel Access"),
    (0x42, "Get Channel Info"),
    (0x43, "Set User Access"),
    (0x44, "Get User Access"),
    (0x45, "Set User Name"),
    (0x46, "Get User Name"),
    (0x47, "Set User Password"),
    (0x48, "Activate Payload"),
    (0x49, "Deactivate Payload"),
    (0x4a, "Get Payload Activation Status"),
    (0x4b, "Get Payload Instance Info"),
    (0x4c, "Set User Payload Access"),
    (0x4d, "Get User Payload Access"),
    (0x4e, "Get Channel Payload Support"),
    (0x4f, "Get Channel Payload Version"),
    (0x50, "Get Channel OEM Payload Info"),
    (0x52, "Master Write-Read"),
    (0x54, "Get Channel Cipher Suites"),
    (0x55, "Suspend/Resume Payload Encryption"),
    (0x56, "Set Channel Security Keys"),
    (0x57, "Get System Interface Capabilities"),
    (0x58, "Set System Info Parameters"),
    (0x59, "Get System Info Parameters"),
    (0x60, "Set Command Enables"),
    (0x61, "Get Command Enables"),
    (0x62, "Set Command Sub-function Enables"),
    (0x63, "Get Command Sub-function Enables"),
    (0x64, "Get OEM NetFn IANA Support"),
];

/// Firmware firewall has no numbers here; this network function is each maker's own.
const FIRMWARE: Names = &[];

/// FRU inventory, SDR repository and SEL (§31, §33, §34).
const STORAGE: Names = &[
    (0x10, "Get FRU Inventory Area Info"),
    (0x11, "Read FRU Data"),
    (0x12, "Write FRU Data"),
    (0x20, "Get SDR Repository Info"),
    (0x21, "Get SDR Repository Allocation Info"),
    (0x22, "Reserve SDR Repository"),
    (0x23, "Get SDR"),
    (0x24, "Add SDR"),
    (0x25, "Partial Add SDR"),
    (0x26, "Delete SDR"),
    (0x27, "Clear SDR Repository"),
    (0x28, "Get SDR Repository Time"),
    (0x29, "Set SDR Repository Time"),
    (0x2a, "Enter SDR Repository Update Mode"),
    (0x2b, "Exit SDR Repository Update Mode"),
    (0x2c, "Run Initialization Agent"),
    (0x40, "Get SEL Info"),
    (0x41, "Get SEL Allocation Info"),
    (0x42, "Reserve SEL"),
    (0x43, "Get SEL Entry"),
    (0x44, "Add SEL Entry"),
    (0x45, "Partial Add SEL Entry"),
    (0x46, "Delete SEL Entry"),
    (0x47, "Clear SEL"),
    (0x48, "Get SEL Time"),
    (0x49, "Set SEL Time"),
    (0x5a, "Get Auxiliary Log Status"),
    (0x5b, "Set Auxiliary Log Status"),
    (0x5c, "Get SEL Time UTC Offset"),
    (0x5d, "Set SEL Time UTC Offset"),
];

/// LAN, serial and serial over LAN (§23, §25, §26).
const TRANSPORT: Names = &[
    (0x01, "Set LAN Configuration Parameters"),
    (0x02, "Get LAN Configuration Parameters"),
    (0x03, "Suspend BMC ARPs"),
    (0x04, "Get IP/UDP/RMCP Statistics"),
    (0x10, "Set Serial/Modem Configuration"),
    (0x11, "Get Serial/Modem Configuration"),
    (0x12, "Set Serial/Modem Mux"),
    (0x13, "Get TAP Response Codes"),
    (0x14, "Set PPP UDP Proxy Transmit Data"),
    (0x15, "Get PPP UDP Proxy Transmit Data"),
    (0x16, "Send PPP UDP Proxy Packet"),
    (0x17, "Get PPP UDP Proxy Receive Data"),
    (0x18, "Serial/Modem Connection Active"),
    (0x19, "Callback"),
    (0x1a, "Set User Callback Options"),
    (0x1b, "Get User Callback Options"),
    (0x1c, "Set Serial Routing Mux"),
    (0x20, "SOL Activating"),
    (0x21, "Set SOL Configuration Parameters"),
    (0x22, "Get SOL Configuration Parameters"),
    (0x30, "Forwarded Command"),
    (0x31, "Set Forwarded Commands"),
    (0x32, "Get Forwarded Commands"),
    (0x33, "Enable Forwarded Commands"),
];

#[cfg(test)]
mod tests {
    use super::{APP, BRIDGE, CHASSIS, SENSOR, STORAGE, TRANSPORT, name};

    #[test]
    fn names_go_by_request_or_answer_and_unknown_ones_tell_their_numbers() {
        assert_eq!(name(0x00, 0x01), "Get Chassis Status");
        assert_eq!(name(0x01, 0x01), "Get Chassis Status");
        assert_eq!(name(0x06, 0xee), "app cmd 0xee");
        assert_eq!(name(0x2e, 0x01), "OEM group cmd 0x01");
        assert_eq!(name(0x31, 0x01), "netfn 0x30 cmd 0x01");
    }

    #[test]
    fn tables_ascend_so_that_no_number_stands_twice() {
        for table in [CHASSIS, BRIDGE, SENSOR, APP, STORAGE, TRANSPORT] {
            assert!(table.is_sorted_by(|(one, _), (next, _)| one < next));
        }
    }

    #[test]
    fn every_typed_command_has_a_name() {
        for (netfn, command) in crate::ipmi::command::TABLE {
            assert!(!name(*netfn, *command).contains("cmd 0x"), "{netfn:02x} {command:02x}");
        }
    }
}
