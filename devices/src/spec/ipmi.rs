//! The IPMI face of a device, as described: sessions, states, rules.

use std::sync::Arc;
use std::time::Duration;

use super::commands::CommandId;
use super::rule::Look;
use crate::face::recorded::Recorded;

use fencelab_wire::ipmi::Completion;
pub use fencelab_wire::ipmi::Privilege;
use fencelab_wire::ipmi::sdr::Repository;

/// How a BMC is spoken to.
#[derive(Clone, Debug)]
pub struct IpmiFace {
    /// Whether IPMI 1.5 sessions can be opened.
    pub v15: bool,
    /// Whether RMCP+ sessions can be opened.
    pub v20: bool,
    /// Authentication types of 1.5 sessions, by number (IPMI 2.0 table 13-4: 0 none, 1 MD2, 2 MD5, 4 password, 5 OEM).
    pub auth_types: Vec<u8>,
    /// RMCP+ cipher suites, by number.
    pub cipher_suites: Vec<u8>,
    /// Whether Get Channel Cipher Suites is answered (OpenIPMI's simulator stays silent, which costs ipmitool 14 s).
    pub answers_cipher_suites: bool,
    /// Whether the RMCP presence ping is answered.
    pub answers_ping: bool,
    /// Whether each message of a 1.5 session carries an authentication code.
    pub per_message_auth: bool,
    /// Whether the answer to an Open Session that asks for privilege 0 says 0, too (FreeIPMI: `opensesspriv`).
    pub echoes_open_session_privilege: bool,
    /// Users; the one called `lab` is the lab's, whatever its name in the run.
    pub users: Vec<User>,
    /// The most that any session on the channel gets.
    pub privilege_limit: Privilege,
    /// Sessions at a time.
    pub session_limit: usize,
    /// A session that is idle so long is closed.
    pub idle: Duration,
    /// System GUID in wire order; `None`: drawn from the seed.
    pub guid: Option<[u8; 16]>,
    /// The answer to Get Device ID where none is recorded.
    pub device_id: DeviceId,
    /// OEM id (20 bits) and auxiliary byte of Get Channel Authentication Capabilities.
    pub oem: (u32, u8),
    /// The answer to Get Chassis Status but for the power bit.
    pub chassis_status: Vec<u8>,
    /// Documented states.
    pub states: Vec<State>,
    /// Behaviour; the first rule that holds wins.
    pub rules: Vec<Rule>,
    /// The FRU image where none is recorded.
    pub fru: Vec<u8>,
    /// The SDRs where none are recorded.
    pub sdr: Repository,
    /// Recorded answers.
    pub recorded: Arc<Recorded>,
}

/// A user without a password: that is the lab's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// The name; `lab` stands for the lab's own user.
    pub name: String,
    /// The most this user gets.
    pub privilege: Privilege,
    /// Whether the user may log in.
    pub enabled: bool,
}

/// What Get Device ID says (IPMI 2.0 §20.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceId {
    /// Device ID.
    pub id: u8,
    /// Device revision, 4 bits.
    pub revision: u8,
    /// Major and minor firmware revision; the minor one is written in BCD.
    pub firmware: (u8, u8),
    /// IPMI version, for example (2, 0).
    pub ipmi: (u8, u8),
    /// Additional device support.
    pub additional: u8,
    /// IANA enterprise number, 20 bits.
    pub manufacturer: u32,
    /// Product id.
    pub product: u16,
    /// Auxiliary firmware revision, 4 bytes or none.
    pub aux: Vec<u8>,
}

/// What a state looks like in the answer to one command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appearance {
    /// The command.
    pub command: CommandId,
    /// This completion code and no data.
    pub completion: Option<u8>,
    /// The bits of the answer that `data` decides; `None`: `data` is the whole answer.
    pub mask: Option<Vec<u8>>,
    /// The bytes.
    pub data: Vec<u8>,
}

impl Appearance {
    /// Makes an answer (completion code, data) look like this state.
    pub fn apply(&self, completion: &mut u8, data: &mut Vec<u8>) {
        if let Some(code) = self.completion {
            *completion = code;
            data.clear();
            data.extend_from_slice(&self.data);
            return;
        }
        *completion = 0;
        let Some(mask) = &self.mask else {
            data.clone_from(&self.data);
            return;
        };
        if data.len() < mask.len() {
            data.resize(mask.len(), 0);
        }
        for ((byte, mask), value) in data.iter_mut().zip(mask).zip(&self.data) {
            *byte = (*byte & !mask) | (value & mask);
        }
    }

    /// Whether an answer's data look like this state.
    pub(super) fn shows(&self, data: &[u8]) -> bool {
        if self.completion.is_some_and(|completion| completion != 0) {
            return false;
        }
        match &self.mask {
            None => !self.data.is_empty() && data == self.data,
            Some(mask) => {
                mask.iter().any(|mask| *mask != 0)
                    && mask.iter().zip(&self.data).enumerate().all(|(at, (mask, wanted))| {
                        data.get(at).is_some_and(|seen| seen & mask == wanted & mask)
                    })
            }
        }
    }
}

/// A completion code that any command may be answered with, by the name that fault expressions use (IPMI 2.0, table 5-2).
#[must_use]
pub fn completion(name: &str) -> Option<Completion> {
    Some(match name {
        "node-busy" => Completion::NODE_BUSY,
        "invalid-command" => Completion::INVALID_COMMAND,
        "timeout" => Completion::TIMEOUT,
        "out-of-space" => Completion::OUT_OF_SPACE,
        "request-truncated" => Completion::TRUNCATED,
        "length-invalid" => Completion::LENGTH_INVALID,
        "out-of-range" => Completion::OUT_OF_RANGE,
        "not-present" => Completion::NOT_PRESENT,
        "invalid-field" => Completion::INVALID_FIELD,
        "no-response" => Completion::NO_RESPONSE,
        "duplicate-request" => Completion(0xcf),
        "firmware-update" => Completion::FIRMWARE_UPDATE,
        "initializing" => Completion(0xd2),
        "destination-unavailable" => Completion::DESTINATION_UNAVAILABLE,
        "insufficient-privilege" => Completion::INSUFFICIENT_PRIVILEGE,
        "not-supported-in-present-state" => Completion::NOT_IN_PRESENT_STATE,
        "disabled" => Completion::DISABLED,
        "unspecified" => Completion::UNSPECIFIED,
        _ => return None,
    })
}

/// A documented state of a BMC.
pub type State = Look<Appearance>;

/// A rule of a BMC's behaviour.
pub type Rule = super::rule::Rule<Asked, Fields>;

/// What a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// What is asked.
    pub what: Matched,
    /// First request data byte of Chassis Control, one of these (none: any).
    pub values: Vec<u8>,
    /// How the request data begins.
    pub data: Vec<u8>,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Matched {
    /// Every datagram, before it is decoded.
    Datagram,
    /// A session being opened.
    OpenSession,
    /// A command.
    Command(CommandId),
}

/// The parts of an answer that a rule changes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    /// This completion code; no data unless given.
    pub completion: Option<u8>,
    /// These bytes.
    pub data: Option<Vec<u8>>,
}
