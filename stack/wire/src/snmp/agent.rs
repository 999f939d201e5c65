//! The security half of an SNMP agent: communities (RFC 1157, RFC 1901), message processing and the user-based security
//! model (RFC 3412 §7, RFC 3414 §3.2 and §4). It knows no objects: whoever has them answers.

mod reply;
mod request;

use super::usm::{Counter, Level, LocalKeys, User};
use super::{Oid, Pdu, PduKind, Version};
use crate::Secret;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What an agent takes; shared by all that are configured alike.
#[derive(Clone, Debug)]
pub struct Config {
    /// The versions it speaks.
    pub versions: Vec<Version>,
    /// Its communities; the position is the principal.
    pub communities: Vec<Secret>,
    /// Its users; the position is the principal.
    pub users: Vec<User>,
    /// snmpEngineID: 5 to 32 bytes (RFC 3411 §5).
    pub engine_id: Vec<u8>,
    /// The longest datagram it takes and sends, at least 484 bytes (RFC 3411 §5, snmpEngineMaxMessageSize).
    pub max_size: usize,
}

/// Seconds that a message's time may be away from the engine's (RFC 3414 §2.2.3).
const WINDOW: u32 = 150;
/// snmpEngineBoots that has reached its limit stays there, and no message is in the time window any more.
const BOOTS_MAX: u32 = i32::MAX.cast_unsigned();
/// Every engine must take messages of this many bytes.
const SIZE_MIN: usize = 484;

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Principal {
    /// The community at this position of [`Config::communities`].
    Community(usize),
    /// The user at this position of [`Config::users`], at this level, which may be lower than what the user could.
    User(usize, Level),
}

/// What a datagram leads to.
#[derive(Debug)]
pub enum Received {
    /// No answer, and why.
    Nothing(&'static str),
    /// A report: of the engine's id, of the time, or of what is wrong.
    Reply(Vec<u8>),
    /// A request that may be answered.
    Request(Box<Request>),
}

/// A request and who makes it.
#[derive(Clone, Debug)]
pub struct Request {
    /// To be given back with the answer.
    pub ticket: Ticket,
    /// What is asked.
    pub pdu: Pdu,
    /// Who asks.
    pub principal: Principal,
    /// In which version.
    pub version: Version,
    /// The context's name; empty in v1 and v2c.
    pub context: Vec<u8>,
    /// Bytes of the answer, at most.
    pub max_size: usize,
}

/// Where an answer goes.
#[derive(Clone, Debug)]
pub struct Ticket {
    kind: PduKind,
    request_id: i32,
    max_size: usize,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    /// The community's position.
    Community(Version, usize),
    User(Box<Asked>),
}

/// What of a message of v3 its answer repeats.
#[derive(Clone, Debug)]
struct Asked {
    id: i32,
    level: Level,
    /// The user's name, and the position if there is such a user.
    user: Vec<u8>,
    position: Option<usize>,
    context_engine: Vec<u8>,
    context: Vec<u8>,
}

/// An agent's engine in its present state. A clone costs little and shares the keys.
#[derive(Clone, Debug)]
pub struct Agent {
    config: Arc<Config>,
    /// One place a user, made when the first message of v3 comes; a user's keys are made when they are first needed.
    keys: OnceLock<Arc<[OnceLock<LocalKeys>]>>,
    boots: u32,
    started: Duration,
    /// The next message's salt, drawn once and then counted.
    salt: Option<u64>,
    counts: [u32; Counter::ALL.len()],
}

impl Agent {
    /// An engine that has booted once, at time zero.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let counts = [0; Counter::ALL.len()];
        Self { config, keys: OnceLock::new(), boots: 1, started: Duration::ZERO, salt: None, counts }
    }

    /// What it takes.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// snmpEngineBoots.
    #[must_use]
    pub fn boots(&self) -> u32 {
        self.boots
    }

    /// Sets snmpEngineBoots, at most 2147483647.
    pub fn set_boots(&mut self, boots: u32) {
        self.boots = boots.min(BOOTS_MAX);
    }

    /// snmpEngineTime: whole seconds since the engine started.
    #[must_use]
    pub fn time(&self, now: Duration) -> u32 {
        let seconds = now.saturating_sub(self.started).as_secs();
        u32::try_from(seconds).unwrap_or(BOOTS_MAX).min(BOOTS_MAX)
    }

    /// The engine starts anew: boots + 1, time 0, counters 0. Whoever speaks v3 has to learn the time again.
    pub fn reboot(&mut self, now: Duration) {
        self.set_boots(self.boots.saturating_add(1));
        self.started = now;
        self.counts.fill(0);
    }

    /// What it has counted since it started.
    #[must_use]
    pub fn count(&self, counter: Counter) -> u32 {
        self.counts.get(counter as usize).copied().unwrap_or_default()
    }

    /// The counters as objects.
    pub fn counters(&self) -> impl Iterator<Item = (Oid, u32)> + '_ {
        Counter::ALL.into_iter().map(|counter| (counter.oid(), self.count(counter)))
    }

    fn increment(&mut self, counter: Counter) -> u32 {
        match self.counts.get_mut(counter as usize) {
            Some(count) => {
                *count = count.wrapping_add(1);
                *count
            }
            None => 0,
        }
    }

    /// A user's keys for this engine.
    fn keys(&self, position: usize) -> Option<&LocalKeys> {
        let user = self.config.users.get(position)?;
        let places = self.keys.get_or_init(|| self.config.users.iter().map(|_| OnceLock::new()).collect());
        Some(places.get(position)?.get_or_init(|| user.localize(&self.config.engine_id)))
    }
}
