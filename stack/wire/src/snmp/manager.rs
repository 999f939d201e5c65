//! The asking side of SNMP, as far as a manager needs it: communities, engine discovery, time synchronisation, and which
//! datagrams are answers (RFC 1157, RFC 1901, RFC 3412 §7, RFC 3414 §3 and §4). One request at a time.
//!
//! An answer is believed only if it is of the version, the community or user, the level and the request that was made. What
//! an engine says of its time is believed only if it is authentic; that it refuses, also if it is not, since an engine that
//! does not know a user has no key for saying so.

mod exchange;
mod refused;
mod sending;

pub use refused::{ConfigError, Refused};

use super::usm::{Level, LocalKeys, User};
use super::{Binding, Pdu, PduKind, Version};
use crate::Secret;
use std::sync::Arc;
use std::time::Duration;

/// With which version, and as whom, is asked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The version.
    pub version: Version,
    /// For v1 and v2c.
    pub community: Option<Secret>,
    /// For v3.
    pub user: Option<User>,
    /// For v3.
    pub level: Level,
    /// For v3: the context's name, mostly empty.
    pub context: String,
}

impl Config {
    /// Whether it has what its version and level need.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self) -> Result<(), ConfigError> {
        match (self.version, &self.community, &self.user) {
            (Version::V1 | Version::V2c, None, _) => Err(ConfigError::Community(self.version)),
            (Version::V3, _, None) => Err(ConfigError::User),
            (Version::V3, _, Some(user)) if self.level > user.level() => {
                Err(ConfigError::Level { asked: self.level, able: user.level() })
            }
            _ => Ok(()),
        }
    }
}

/// What a datagram has led to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// This is to be sent now.
    Send(Vec<u8>),
    /// The engine is known: [`Manager::start`] has come to its end.
    Ready,
    /// The answer. It may say an error.
    Answer(Pdu),
    /// It is nothing that was waited for, and why.
    Ignored(&'static str),
}

/// What is waited for.
#[derive(Clone, Debug)]
struct Pending {
    /// `None`: the engine's id alone.
    pdu: Option<Pdu>,
    /// Of v3: every msgID it was sent under, the newest last.
    message_ids: Vec<i32>,
    /// Of v1 and v2c: the datagram.
    sent: Vec<u8>,
    /// It was sent again since the engine has another id; or another time.
    is_rediscovered: bool,
    is_resynchronised: bool,
}

/// What is known of the engine that answers.
#[derive(Clone, Debug)]
struct Engine {
    id: Vec<u8>,
    keys: Option<Arc<LocalKeys>>,
    boots: u32,
    /// The highest time it has said with these boots, and when that was.
    time: u32,
    at: Duration,
    /// It has said so in an authentic message.
    is_synchronised: bool,
}

/// One who asks one agent.
#[derive(Clone, Debug)]
pub struct Manager {
    config: Config,
    engine: Option<Engine>,
    pending: Option<Pending>,
    request_id: Option<i32>,
    message_id: Option<i32>,
    salt: Option<u64>,
}

/// Sendings of one request whose answers are still taken.
const SENDINGS_MAX: usize = 64;
/// The longest datagram that is taken: what fits into UDP.
const SIZE_MAX: i32 = 65507;
/// Seconds that an answer may be behind the engine's time (RFC 3414 §2.2.3).
const WINDOW: u32 = 150;

impl Manager {
    /// Has not spoken yet.
    ///
    /// # Errors
    /// The configuration lacks what its version and level need.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let (engine, pending, request_id, message_id, salt) = (None, None, None, None, None);
        Ok(Self { config, engine, pending, request_id, message_id, salt })
    }

    /// With which version, and as whom, is asked.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// snmpEngineID of the other side, once it is known. v1 and v2c have none.
    #[must_use]
    pub fn engine_id(&self) -> Option<&[u8]> {
        self.engine.as_ref().map(|engine| engine.id.as_slice())
    }

    /// The datagram that asks for the engine's id; [`Progress::Ready`] ends it. `None`: there is nothing to ask, because of
    /// the version or because it is known. Without it the first [`Manager::request`] does the same by itself.
    pub fn start(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        if self.config.version != Version::V3 || self.engine.is_some() {
            return None;
        }
        self.pending = Some(Pending::new(None));
        Some(self.send(Duration::ZERO, random))
    }

    /// The datagram that asks this; [`Progress::Answer`] ends it. What was asked before is forgotten. If the engine's id is
    /// not known yet, it is asked for first, and the request comes as [`Progress::Send`].
    pub fn request(
        &mut self,
        now: Duration,
        kind: PduKind,
        bindings: Vec<Binding>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        let request_id = next(&mut self.request_id, random);
        self.ask(now, Pdu::new(kind, request_id, bindings), random)
    }

    /// The same for a GetBulk, which v1 does not have.
    pub fn bulk(
        &mut self,
        now: Duration,
        non_repeaters: u16,
        repetitions: u16,
        bindings: Vec<Binding>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        let request_id = next(&mut self.request_id, random);
        self.ask(now, Pdu::get_bulk(request_id, non_repeaters, repetitions, bindings), random)
    }

    fn ask(&mut self, now: Duration, pdu: Pdu, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        self.pending = Some(Pending::new(Some(pdu)));
        self.send(now, random)
    }

    /// What was not answered yet, once more: the same request. Empty if nothing is waited for.
    pub fn retransmit(&mut self, now: Duration, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        if self.pending.is_none() { Vec::new() } else { self.send(now, random) }
    }

    /// What is waited for, in words.
    #[must_use]
    pub fn waits_for(&self) -> &'static str {
        match (&self.pending, &self.engine, self.config.version) {
            (None, ..) => "nothing",
            (Some(_), None, Version::V3) => "the engine's id",
            (Some(_), ..) => "an answer",
        }
    }
}

impl Pending {
    fn new(pdu: Option<Pdu>) -> Self {
        let (message_ids, sent) = (Vec::new(), Vec::new());
        Self { pdu, message_ids, sent, is_rediscovered: false, is_resynchronised: false }
    }
}

/// The next of a row of positive numbers that begins anywhere.
fn next(last: &mut Option<i32>, random: &mut dyn FnMut(&mut [u8])) -> i32 {
    let number = match *last {
        Some(last) => last.checked_add(1).unwrap_or(1),
        None => {
            let mut bytes = [0; 4];
            random(&mut bytes);
            (i32::from_be_bytes(bytes) & i32::MAX).max(1)
        }
    };
    *last = Some(number);
    number
}
