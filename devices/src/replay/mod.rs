//! Strict replay: a device that says what was recorded, in the recorded order, to whoever asks the same.
//!
//! The recorded login is redacted and cannot be said again anyway: who asks logs in with the lab's credentials. What is
//! asked is compared with the record, request by request; a request that deviates is reported as a [`Divergence`] and
//! answered with an error.

pub(crate) mod console;
mod ipmi;
mod marks;
mod snmp;

use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::Transcript;
use serde::Serialize;

use crate::device::Credentials;
use crate::face::{Carrier, Context, Random, Reply};
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
    Console(console::Player),
}

/// How many lines the agent said at a console that a replay of the transcript must hear again. What may be lost on the way
/// when an agent hangs up is not counted: the last line of each session.
#[must_use]
pub fn console_lines(transcript: &Transcript) -> usize {
    match Carrier::of_protocol(&transcript.header.link.protocol) {
        Some(_) => console::script::Script::of(transcript).lines(),
        None => 0,
    }
}

impl Player {
    /// The protocols that can be replayed, as a transcript's header names them.
    pub(crate) const PROTOCOLS: [&'static str; 6] = ["ipmi", "snmp", "telnet", "ssh", "serial", "raw"];

    /// Whom a replay of SNMP answers, for a listener.
    pub(crate) fn snmp_config(&self) -> Option<&fencelab_wire::snmp::agent::Config> {
        match self {
            Self::Snmp(player) => Some(player.config()),
            Self::Ipmi(_) | Self::Console(_) => None,
        }
    }

    /// The player of a console, which is spoken to over a stream.
    pub(crate) fn console(&self) -> Option<&console::Player> {
        match self {
            Self::Console(player) => Some(player),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        }
    }

    /// The same, to act on it.
    pub(crate) fn console_mut(&mut self) -> Option<&mut console::Player> {
        match self {
            Self::Console(player) => Some(player),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        }
    }

    /// A player of a transcript of one of [`PROTOCOLS`](Self::PROTOCOLS).
    pub(crate) fn new(transcript: &Transcript, credentials: &Credentials, random: Random<'_>) -> Self {
        let protocol = transcript.header.link.protocol.as_str();
        match (Carrier::of_protocol(protocol), protocol) {
            (Some(carrier), _) => Self::Console(console::Player::new(transcript, carrier, credentials)),
            (None, "snmp") => Self::Snmp(snmp::Player::new(transcript, credentials, random)),
            (None, _) => Self::Ipmi(ipmi::Player::new(transcript, credentials, random)),
        }
    }

    /// The plugs with their power at the start of the record, as far as it tells.
    pub(crate) fn plugs_at_start(transcript: &Transcript) -> Vec<(String, Power)> {
        let protocol = transcript.header.link.protocol.as_str();
        match (Carrier::of_protocol(protocol), protocol) {
            (Some(_), _) => console::plugs_at_start(transcript),
            (None, "snmp") => snmp::plugs_at_start(transcript),
            (None, _) => vec![("system".to_owned(), ipmi::Player::power_at_start(transcript))],
        }
    }

    /// Whether each answer takes as long as was recorded.
    pub(crate) fn set_timed(&mut self, timed: bool) {
        match self {
            Self::Ipmi(player) => player.timed = timed,
            Self::Snmp(player) => player.timed = timed,
            Self::Console(player) => player.timed = timed,
        }
    }

    pub(crate) fn divergences(&self) -> &[Divergence] {
        match self {
            Self::Ipmi(player) => &player.divergences.0,
            Self::Snmp(player) => &player.divergences.0,
            Self::Console(player) => &player.divergences.0,
        }
    }

    pub(crate) fn sessions(&self) -> usize {
        match self {
            Self::Ipmi(player) => player.sessions(),
            Self::Snmp(_) => 0,
            Self::Console(player) => player.sessions(),
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
            Self::Console(player) => player.handle(now, peer, datagram, context),
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
            Self::Console(player) => player.classify(peer),
        }
    }
}
