//! Chassis commands (IPMI 2.0, §28; network function 00h): the ones that move power.

use std::fmt;

use crate::hex::hex;
use crate::ipmi::layout::{bits, byte_enum, layout};

layout! {
    /// Get Chassis Capabilities, request (§28.1).
    pub struct GetCapabilities {}
}

bits! {
    /// What the chassis can do (§28.1, byte 2).
    pub struct CapabilityFlags {
        INTRUSION_SENSOR = 0x01 "intrusion sensor",
        FRONT_PANEL_LOCKOUT = 0x02 "front panel lockout",
        DIAGNOSTIC_INTERRUPT = 0x04 "diagnostic interrupt",
        POWER_INTERLOCK = 0x08 "power interlock",
    }
}

layout! {
    /// Get Chassis Capabilities, answer (§28.1). Addresses are those of IPMB slaves.
    pub struct Capabilities {
        /// Which features there are.
        pub flags: CapabilityFlags,
        /// Where the chassis' FRU inventory device is.
        pub fru_address: u8,
        /// Where the SDR repository is.
        pub sdr_address: u8,
        /// Where the SEL is.
        pub sel_address: u8,
        /// Where the system management device is.
        pub management_address: u8,
        /// Where the bridge is; 20h if not given.
        pub bridge_address: Option<u8>,
    }
}

layout! {
    /// Get Chassis Status, request (§28.2).
    pub struct GetStatus {}
}

bits! {
    /// Current power state (§28.2, byte 2). The restore policy stands in bits 6:5.
    pub struct PowerState {
        ON = 0x01 "power on",
        OVERLOAD = 0x02 "power overload",
        INTERLOCK = 0x04 "interlock active",
        FAULT = 0x08 "power fault",
        CONTROL_FAULT = 0x10 "power control fault",
    }
}

byte_enum! {
    /// What the system does when AC returns (§28.2 and §28.8).
    pub enum RestorePolicy {
        StayOff = 0 "stays off",
        Previous = 1 "restores the previous state",
        PowerUp = 2 "powers up",
        NoChange = 3 "no change",
    }
}

impl PowerState {
    /// The restore policy in bits 6:5; `NoChange` (3) means that it is unknown.
    pub fn restore_policy(self) -> RestorePolicy {
        RestorePolicy::from(self.0 >> 5 & 0b11)
    }

    /// The same with another restore policy; only its two low bits count.
    #[must_use]
    pub fn with_restore_policy(self, policy: RestorePolicy) -> Self {
        Self(self.0 & !0x60 | (u8::from(policy) & 0b11) << 5)
    }
}

bits! {
    /// What the last power event was (§28.2, byte 3).
    pub struct LastPowerEvent {
        AC_FAILED = 0x01 "AC failed",
        OVERLOAD = 0x02 "power overload",
        INTERLOCK = 0x04 "power interlock",
        FAULT = 0x08 "power fault",
        COMMAND = 0x10 "turned on by command",
    }
}

bits! {
    /// Miscellaneous chassis state (§28.2, byte 4). The identify state stands in bits 5:4.
    pub struct MiscState {
        INTRUSION = 0x01 "chassis intrusion",
        LOCKOUT = 0x02 "front panel locked",
        DRIVE_FAULT = 0x04 "drive fault",
        COOLING_FAULT = 0x08 "cooling fault",
        IDENTIFY_KNOWN = 0x40 "identify state known",
    }
}

byte_enum! {
    /// Whether the identify light shines (§28.2, byte 4, bits 5:4).
    pub enum IdentifyState {
        Off = 0 "off",
        Temporary = 1 "on for a while",
        Indefinite = 2 "on until further notice",
    }
}

impl MiscState {
    /// The identify state, if the device tells it at all.
    pub fn identify(self) -> Option<IdentifyState> {
        self.has(Self::IDENTIFY_KNOWN).then(|| IdentifyState::from(self.0 >> 4 & 0b11))
    }

    /// The same with this identify state told.
    #[must_use]
    pub fn with_identify(self, state: IdentifyState) -> Self {
        Self(self.0 & !0x30 | Self::IDENTIFY_KNOWN | (u8::from(state) & 0b11) << 4)
    }
}

bits! {
    /// Front panel buttons (§28.2, byte 5): which are disabled, and which may be.
    pub struct FrontPanel {
        POWER_OFF_DISABLED = 0x01 "power off button disabled",
        RESET_DISABLED = 0x02 "reset button disabled",
        DIAGNOSTIC_DISABLED = 0x04 "diagnostic button disabled",
        STANDBY_DISABLED = 0x08 "standby button disabled",
        POWER_OFF_MAY = 0x10 "power off button can be disabled",
        RESET_MAY = 0x20 "reset button can be disabled",
        DIAGNOSTIC_MAY = 0x40 "diagnostic button can be disabled",
        STANDBY_MAY = 0x80 "standby button can be disabled",
    }
}

layout! {
    /// Get Chassis Status, answer (§28.2).
    pub struct Status {
        /// Is the power on, and which faults are there.
        pub power: PowerState,
        /// Why the power last changed.
        pub last_event: LastPowerEvent,
        /// Intrusion, lockout, faults, identify light.
        pub misc: MiscState,
        /// Front panel buttons, if the device tells of them.
        pub front_panel: Option<FrontPanel>,
    }
}

impl Status {
    /// A healthy chassis that tells nothing but its power.
    pub fn of_power(on: bool) -> Self {
        Self { power: PowerState::default().with(PowerState::ON, on), ..Self::default() }
    }

    /// Whether the power is on, as the device claims: bit 0 of byte 2, and no other byte, tells it.
    pub fn is_on(&self) -> bool {
        self.power.has(PowerState::ON)
    }
}

byte_enum! {
    /// What Chassis Control asks for (§28.3). A byte with reserved bits set is `Unknown`.
    pub enum Control {
        PowerDown = 0 "power down",
        PowerUp = 1 "power up",
        PowerCycle = 2 "power cycle",
        HardReset = 3 "hard reset",
        Diagnostic = 4 "pulse diagnostic interrupt",
        SoftShutdown = 5 "soft shutdown",
    }
}

layout! {
    /// Chassis Control, request (§28.3).
    pub struct ChassisControl {
        /// What to do.
        pub control: Control,
    }
}

impl From<Control> for ChassisControl {
    fn from(control: Control) -> Self {
        Self { control, rest: Vec::new() }
    }
}

layout! {
    /// Chassis Reset, request (§28.4): IPMI 0.9, superseded by Chassis Control.
    pub struct ChassisReset {}
}

layout! {
    /// Chassis Identify, request (§28.5).
    pub struct Identify {
        /// Seconds to shine; 0 turns it off; 15 if not given.
        pub seconds: Option<u8>,
        /// Bit 0: shine until further notice, whatever `seconds` says.
        pub force: Option<u8>,
    }
}

impl Identify {
    /// The identify state that this request leads to.
    pub fn state(&self) -> IdentifyState {
        match (self.force.is_some_and(|force| force & 1 == 1), self.seconds.unwrap_or(15)) {
            (true, _) => IdentifyState::Indefinite,
            (false, 0) => IdentifyState::Off,
            (false, _) => IdentifyState::Temporary,
        }
    }
}

layout! {
    /// Set Front Panel Enables, request (§28.6).
    pub struct SetFrontPanelEnables {
        /// Bits 3:0 as in [`FrontPanel`].
        pub buttons: FrontPanel,
    }
}

layout! {
    /// Set Power Restore Policy, request (§28.8).
    pub struct SetRestorePolicy {
        /// The new policy; `NoChange` only asks which ones there are.
        pub policy: RestorePolicy,
    }
}

bits! {
    /// Policies that the chassis supports (§28.8, byte 2).
    pub struct PolicySupport {
        STAY_OFF = 0x01 "stay off",
        PREVIOUS = 0x02 "previous",
        POWER_UP = 0x04 "power up",
    }
}

layout! {
    /// Set Power Restore Policy, answer (§28.8).
    pub struct RestorePolicySupport {
        /// Which policies there are.
        pub support: PolicySupport,
    }
}

layout! {
    /// Set Power Cycle Interval, request (§28.9).
    pub struct SetPowerCycleInterval {
        /// Seconds that the power stays down in a power cycle.
        pub seconds: u8,
    }
}

layout! {
    /// Get System Restart Cause, request (§28.11).
    pub struct GetRestartCause {}
}

byte_enum! {
    /// Why the system last started (§28.11, byte 2).
    pub enum RestartCauseCode {
        Unspecified = 0 "unknown",
        ChassisControl = 1 "chassis control command",
        ResetButton = 2 "reset button",
        PowerButton = 3 "power button",
        Watchdog = 4 "watchdog",
        Oem = 5 "OEM",
        AlwaysRestore = 6 "AC returned, policy always on",
        RestorePrevious = 7 "AC returned, policy previous state",
        PefReset = 8 "reset by event filter",
        PefPowerCycle = 9 "power cycle by event filter",
        SoftReset = 10 "soft reset",
        RealTimeClock = 11 "real-time clock",
    }
}

layout! {
    /// Get System Restart Cause, answer (§28.11).
    pub struct RestartCause {
        /// Why.
        pub cause: RestartCauseCode,
        /// On which channel the command came that did it.
        pub channel: u8,
    }
}

layout! {
    /// Set System Boot Options, request (§28.12).
    pub struct SetBootOptions {
        /// Bit 7: mark the parameter invalid; bits 6:0: which one (table 28-14).
        pub selector: u8,
        /// The parameter as it stands; empty only marks it.
        pub parameter: Vec<u8>,
    }
}

layout! {
    /// Get System Boot Options, request (§28.13).
    pub struct GetBootOptions {
        /// Bits 6:0: which parameter (table 28-14).
        pub selector: u8,
        /// Which set of the parameter; 0 if it has none.
        pub set: u8,
        /// Which block of the set; 0 if it has none.
        pub block: u8,
    }
}

layout! {
    /// Get System Boot Options, answer (§28.13).
    pub struct BootOptions {
        /// Bits 3:0: version of the parameters, 1.
        pub version: u8,
        /// Bit 7: the parameter is invalid or locked; bits 6:0: which one.
        pub selector: u8,
        /// The parameter as it stands.
        pub parameter: Vec<u8>,
    }
}

layout! {
    /// Get POH Counter, request (§28.14).
    pub struct GetPohCounter {}
}

layout! {
    /// Get POH Counter, answer (§28.14): how long the power has been on in all.
    pub struct PohCounter {
        /// Minutes that one count stands for.
        pub minutes_per_count: u8,
        /// Counts.
        pub count: u32,
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The name of a boot option parameter (table 28-14).
fn boot_parameter(selector: u8) -> String {
    match selector & 0x7f {
        0 => "set in progress".to_owned(),
        1 => "service partition selector".to_owned(),
        2 => "service partition scan".to_owned(),
        3 => "boot flag valid bit clearing".to_owned(),
        4 => "boot info acknowledge".to_owned(),
        5 => "boot flags".to_owned(),
        6 => "boot initiator info".to_owned(),
        7 => "boot initiator mailbox".to_owned(),
        other => format!("parameter {other}"),
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "capabilities: {}; SDR at 0x{:02x}, SEL at 0x{:02x}",
            list(&self.flags.names()),
            self.sdr_address,
            self.sel_address
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.power.with(PowerState::ON, false).names();
        write!(f, "power {}", if self.is_on() { "on" } else { "off" })?;
        if !faults.is_empty() {
            write!(f, ", {}", faults.join(", "))?;
        }
        let last = self.last_event.names();
        if !last.is_empty() {
            write!(f, ", last event: {}", last.join(", "))?;
        }
        for misc in self.misc.with(MiscState::IDENTIFY_KNOWN, false).names() {
            write!(f, ", {misc}")?;
        }
        match self.misc.identify() {
            None | Some(IdentifyState::Off) => Ok(()),
            Some(state) => write!(f, ", identify light {state}"),
        }
    }
}

impl fmt::Display for ChassisControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.control.fmt(f)
    }
}

impl fmt::Display for Identify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.state(), self.seconds.unwrap_or(15)) {
            (IdentifyState::Temporary, seconds) => write!(f, "on for {seconds} s"),
            (state, _) => state.fmt(f),
        }
    }
}

impl fmt::Display for SetFrontPanelEnables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&list(&self.buttons.names()))
    }
}

impl fmt::Display for SetRestorePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.policy.fmt(f)
    }
}

impl fmt::Display for RestorePolicySupport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "supported: {}", list(&self.support.names()))
    }
}

impl fmt::Display for SetPowerCycleInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.seconds)
    }
}

impl fmt::Display for RestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (channel {})", self.cause, self.channel)
    }
}

impl fmt::Display for SetBootOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", boot_parameter(self.selector), hex(&self.parameter))?;
        f.write_str(if self.selector & 0x80 == 0 { "" } else { " (marked invalid)" })
    }
}

impl fmt::Display for GetBootOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&boot_parameter(self.selector))
    }
}

impl fmt::Display for BootOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", boot_parameter(self.selector), hex(&self.parameter))?;
        f.write_str(if self.selector & 0x80 == 0 { "" } else { " (invalid or locked)" })
    }
}

impl fmt::Display for PohCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} minutes powered", u64::from(self.minutes_per_count) * u64::from(self.count))
    }
}

super::silent!(GetCapabilities, GetStatus, ChassisReset, GetRestartCause, GetPohCounter);
