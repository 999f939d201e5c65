//! Commands by the names that `device.toml` uses, with the privilege that each needs (IPMI 2.0, appendix G).

use std::borrow::Cow;

use super::ipmi::Privilege;

/// A command: network function (even) and number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CommandId {
    /// Network function of the request.
    pub netfn: u8,
    /// Command number.
    pub cmd: u8,
}

impl CommandId {
    pub(crate) const fn new(netfn: u8, cmd: u8) -> Self {
        Self { netfn, cmd }
    }

    /// Whether the wire's session layer answers it before any rule is asked.
    pub(crate) fn is_session_layer(self) -> bool {
        self.netfn == 0x06 && matches!(self.cmd, 0x38..=0x3d | 0x54)
    }

    /// Get Chassis Status (§28.2).
    pub const CHASSIS_STATUS: Self = Self::new(0x00, 0x01);
    /// Chassis Control (§28.3).
    pub const CHASSIS_CONTROL: Self = Self::new(0x00, 0x02);
    /// Get ACPI Power State (§20.7).
    pub const ACPI_POWER_STATE: Self = Self::new(0x06, 0x07);
}

/// Commands that need less than a session's privilege: [`NO_SESSION`] outside any.
const NO_SESSION: u8 = 0;
const USER: u8 = 2;
const OPERATOR: u8 = 3;
const ADMINISTRATOR: u8 = 4;

/// Name, network function, command, privilege.
const TABLE: &[(&str, u8, u8, u8)] = &[
    ("get-chassis-capabilities", 0x00, 0x00, USER),
    ("get-chassis-status", 0x00, 0x01, USER),
    ("chassis-control", 0x00, 0x02, OPERATOR),
    ("chassis-reset", 0x00, 0x03, OPERATOR),
    ("chassis-identify", 0x00, 0x04, OPERATOR),
    ("set-chassis-capabilities", 0x00, 0x05, ADMINISTRATOR),
    ("set-power-restore-policy", 0x00, 0x06, OPERATOR),
    ("get-system-restart-cause", 0x00, 0x07, USER),
    ("set-system-boot-options", 0x00, 0x08, OPERATOR),
    ("get-system-boot-options", 0x00, 0x09, OPERATOR),
    ("set-power-cycle-interval", 0x00, 0x0b, ADMINISTRATOR),
    ("get-poh-counter", 0x00, 0x0f, USER),
    ("get-device-sdr-info", 0x04, 0x20, USER),
    ("get-device-sdr", 0x04, 0x21, USER),
    ("reserve-device-sdr-repository", 0x04, 0x22, USER),
    ("get-sensor-reading-factors", 0x04, 0x23, USER),
    ("get-sensor-hysteresis", 0x04, 0x25, USER),
    ("get-sensor-threshold", 0x04, 0x27, USER),
    ("get-sensor-event-enable", 0x04, 0x29, USER),
    ("get-sensor-reading", 0x04, 0x2d, USER),
    ("get-sensor-type", 0x04, 0x2f, USER),
    ("get-device-id", 0x06, 0x01, USER),
    ("cold-reset", 0x06, 0x02, ADMINISTRATOR),
    ("warm-reset", 0x06, 0x03, ADMINISTRATOR),
    ("get-self-test-results", 0x06, 0x04, USER),
    ("set-acpi-power-state", 0x06, 0x06, ADMINISTRATOR),
    ("get-acpi-power-state", 0x06, 0x07, USER),
    ("get-device-guid", 0x06, 0x08, USER),
    ("reset-watchdog-timer", 0x06, 0x22, OPERATOR),
    ("set-watchdog-timer", 0x06, 0x24, OPERATOR),
    ("get-watchdog-timer", 0x06, 0x25, USER),
    ("get-bmc-global-enables", 0x06, 0x2f, USER),
    ("get-system-guid", 0x06, 0x37, NO_SESSION),
    ("get-channel-authentication-capabilities", 0x06, 0x38, NO_SESSION),
    ("get-session-challenge", 0x06, 0x39, NO_SESSION),
    ("activate-session", 0x06, 0x3a, NO_SESSION),
    ("set-session-privilege-level", 0x06, 0x3b, USER),
    ("close-session", 0x06, 0x3c, 1),
    ("get-session-info", 0x06, 0x3d, USER),
    ("get-channel-access", 0x06, 0x41, USER),
    ("get-channel-info", 0x06, 0x42, USER),
    ("set-user-access", 0x06, 0x43, ADMINISTRATOR),
    ("get-user-access", 0x06, 0x44, OPERATOR),
    ("set-user-name", 0x06, 0x45, ADMINISTRATOR),
    ("get-user-name", 0x06, 0x46, OPERATOR),
    ("set-user-password", 0x06, 0x47, ADMINISTRATOR),
    ("get-channel-cipher-suites", 0x06, 0x54, NO_SESSION),
    ("get-fru-inventory-area-info", 0x0a, 0x10, USER),
    ("read-fru-data", 0x0a, 0x11, USER),
    ("write-fru-data", 0x0a, 0x12, OPERATOR),
    ("get-sdr-repository-info", 0x0a, 0x20, USER),
    ("get-sdr-repository-allocation-info", 0x0a, 0x21, USER),
    ("reserve-sdr-repository", 0x0a, 0x22, USER),
    ("get-sdr", 0x0a, 0x23, USER),
    ("get-sel-info", 0x0a, 0x40, USER),
    ("get-sel-allocation-info", 0x0a, 0x41, USER),
    ("reserve-sel", 0x0a, 0x42, USER),
    ("get-sel-entry", 0x0a, 0x43, USER),
    ("clear-sel", 0x0a, 0x47, OPERATOR),
    ("get-sel-time", 0x0a, 0x48, USER),
    ("set-sel-time", 0x0a, 0x49, OPERATOR),
    ("set-lan-configuration-parameters", 0x0c, 0x01, ADMINISTRATOR),
    ("get-lan-configuration-parameters", 0x0c, 0x02, OPERATOR),
];

/// The command of that name.
pub(crate) fn command_by_name(name: &str) -> Option<CommandId> {
    TABLE.iter().find(|row| row.0 == name).map(|row| CommandId::new(row.1, row.2))
}

/// Every name that `device.toml` knows.
pub fn command_names() -> impl Iterator<Item = &'static str> + Clone {
    TABLE.iter().map(|row| row.0)
}

/// The name of a command, or its numbers.
#[must_use]
pub fn command_name(id: CommandId) -> Cow<'static, str> {
    match TABLE.iter().find(|row| (row.1, row.2) == (id.netfn, id.cmd)) {
        Some(row) => Cow::Borrowed(row.0),
        None => Cow::Owned(format!("netfn {:#04x} cmd {:#04x}", id.netfn, id.cmd)),
    }
}

/// The privilege a session needs for the command; OEM and unknown commands need a user.
pub(crate) fn needed_privilege(id: CommandId) -> Privilege {
    let row = TABLE.iter().find(|row| (row.1, row.2) == (id.netfn, id.cmd));
    Privilege::from(row.map_or(USER, |row| row.3))
}
