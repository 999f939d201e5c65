//! Strict replay: a device that says what was recorded, in the recorded order, to whoever asks the same.
//!
//! The recorded login is redacted and cannot be said again anyway: who asks logs in with the lab's credentials. What is
//! asked is compared with the record, request by request; a request that deviates is reported as a [`Divergence`] and
//! answered with an error.

mod ipmi;
mod snmp;

use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::Transcript;
use serde::Serialize;

use crate::device::Credentials;
use crate::face::{Context, Random, Reply};
use crate::fault::Op;
use crate::plant::Power;

/// Where the partner did not say what was recorded.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Divergence {
    /// When it came.
    pub at: Duration,
    /// The line of the transcript that was expected; `None`: the record was at its end.
    pub line: Option<usize>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: expected {}, came {}", self.expected, self.came),
            None => write!(f, "expected {}, came {}", self.expected, self.came),
        }
    }
}

/// Divergences that are kept; what comes after the first few explains nothing.
const DIVERGENCE_LIMIT: usize = 256;

/// The divergences of a player.
#[derive(Debug, Default)]
struct Divergences(Vec<Divergence>);

impl Divergences {
    /// Notes one: what was expected with its line, if anything was.
    fn note(&mut self, at: Duration, expected: Option<(usize, String)>, came: impl FnOnce() -> String) {
        if self.0.len() < DIVERGENCE_LIMIT {
            let line = expected.as_ref().map(|(line, _)| *line);
            let expected = expected.map_or_else(|| "the end of the session".to_owned(), |(_, text)| text);
            self.0.push(Divergence { at, line, expected, came: came() });
        }
    }
}

/// A transcript being replayed.
#[derive(Debug)]
pub(crate) enum Player {
    Ipmi(ipmi::Player),
    Snmp(snmp::Player),
}

impl Player {
    /// The protocols that can be replayed, as a transcript's header names them.
    pub(crate) const PROTOCOLS: [&'static str; 2] = ["ipmi", "snmp"];

    /// Whom a replay of SNMP answers, for a listener.
    pub(crate) fn snmp_config(&self) -> Option<&fencelab_wire::snmp::agent::Config> {
        match self {
            Self::Snmp(player) => Some(player.config()),
            Self::Ipmi(_) => None,
        }
    }

    /// A player of a transcript of one of [`PROTOCOLS`](Self::PROTOCOLS).
    pub(crate) fn new(transcript: &Transcript, credentials: &Credentials, random: Random<'_>) -> Self {
        match transcript.header.link.protocol.as_str() {
            "snmp" => Self::Snmp(snmp::Player::new(transcript, credentials, random)),
            _ => Self::Ipmi(ipmi::Player::new(transcript, credentials, random)),
        }
    }

    /// The plugs with their power at the start of the record, as far as it tells.
    pub(crate) fn plugs_at_start(transcript: &Transcript) -> Vec<(String, Power)> {
        match transcript.header.link.protocol.as_str() {
            "snmp" => snmp::plugs_at_start(transcript),
            _ => vec![("system".to_owned(), ipmi::Player::power_at_start(transcript))],
        }
    }

    /// Whether each answer takes as long as was recorded.
    pub(crate) fn set_timed(&mut self, timed: bool) {
        match self {
            Self::Ipmi(player) => player.timed = timed,
            Self::Snmp(player) => player.timed = timed,
        }
    }

    pub(crate) fn divergences(&self) -> &[Divergence] {
        match self {
            Self::Ipmi(player) => &player.divergences.0,
            Self::Snmp(player) => &player.divergences.0,
        }
    }

    pub(crate) fn sessions(&self) -> usize {
        match self {
            Self::Ipmi(player) => player.sessions(),
            Self::Snmp(_) => 0,
        }
    }

    pub(crate) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        datagram: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        match self {
            Self::Ipmi(player) => player.handle(now, peer, datagram, context),
            Self::Snmp(player) => player.handle(now, datagram, context),
        }
    }

    /// What a datagram would be about, without any effect.
    pub(crate) fn classify(
        &self,
        now: Duration,
        peer: SocketAddr,
        random: Random<'_>,
        datagram: &[u8],
    ) -> Op {
        match self {
            Self::Ipmi(player) => player.classify(now, peer, random, datagram),
            Self::Snmp(player) => player.classify(now, datagram),
        }
    }
}
