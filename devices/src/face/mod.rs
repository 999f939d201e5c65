//! Faces: how a plant is spoken to, one sans-I/O state machine per protocol.

pub(crate) mod console;
mod control;
pub(crate) mod ipmi;
pub(crate) mod recorded;
mod rules;
pub(crate) mod snmp;
mod tap;
pub(crate) use tap::Listener;

use std::net::SocketAddr;
use std::time::Duration;

use crate::device::{Credentials, Log, NeighbourCommand};
use crate::fault::{Engine, Op};
use crate::plant::{Plant, Power};
use crate::replay::Player;
use crate::spec::{DeviceSpec, FaceSpec};
pub use console::Carrier;
pub(crate) use console::{HALF_OPEN_LIMIT, HALF_OPEN_TIME};

/// Fills a buffer with the device's random bytes.
pub(crate) type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// What a face acts on.
pub(crate) struct Context<'a> {
    pub(crate) face: usize,
    pub(crate) plant: &'a mut Plant,
    pub(crate) faults: &'a mut Engine,
    pub(crate) log: &'a mut Log,
    pub(crate) neighbours: &'a mut Vec<NeighbourCommand>,
    /// What was said and must not be written down.
    pub(crate) secrets: &'a mut Vec<String>,
    pub(crate) random: Random<'a>,
}

/// A datagram that goes back to where the request came from; on a stream, some bytes of it, or none for its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// So much later than now.
    pub(crate) delay: Duration,
    /// What was asked.
    pub(crate) op: Op,
    /// What it tells of plugs, where only the device can say so.
    pub(crate) tells: Vec<Told>,
}

/// What a plug was said to be; `None`: nothing that means on or off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// Which plug.
    pub plug: String,
    /// The power that was said.
    pub power: Option<Power>,
}

impl Reply {
    /// An answer in one datagram.
    pub(crate) fn new(bytes: Vec<u8>, delay: Duration, op: Op) -> Self {
        Self { bytes, delay, op, tells: Vec::new() }
    }

    /// The end of a stream.
    pub(crate) fn end(op: Op) -> Self {
        Self::new(Vec::new(), Duration::ZERO, op)
    }
}

/// One face in its present state.
#[derive(Debug)]
pub(crate) enum Face {
    Ipmi(Box<ipmi::Bmc>),
    Snmp(Box<snmp::SnmpAgent>),
    Console(Box<console::Console>),
    Replay(Box<Player>),
}

impl Face {
    pub(crate) fn new(
        spec: &FaceSpec,
        device: &DeviceSpec,
        credentials: &Credentials,
        random: Random<'_>,
    ) -> Self {
        match spec {
            FaceSpec::Console(face) => {
                let firmware = device.firmware.clone().unwrap_or_default();
                let device = [
                    ("vendor", device.vendor.clone()),
                    ("model", device.model.clone()),
                    ("firmware", firmware),
                ];
                let device = device.into_iter().collect();
                Self::Console(Box::new(console::Console::new(
                    &face.console,
                    face.carrier,
                    credentials,
                    device,
                )))
            }
            FaceSpec::Ipmi(spec) => Self::Ipmi(Box::new(ipmi::Bmc::new(spec, credentials, random))),
            FaceSpec::Snmp(spec) => Self::Snmp(Box::new(snmp::SnmpAgent::new(spec, credentials, random))),
            FaceSpec::Replay(transcript) => {
                Self::Replay(Box::new(Player::new(transcript, credentials, random)))
            }
        }
    }

    pub(crate) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        datagram: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let replies = match self {
            Self::Ipmi(bmc) => bmc.handle(now, peer, datagram, context),
            Self::Snmp(agent) => agent.handle(now, datagram, context),
            Self::Console(console) => return console.handle(now, peer, datagram, context),
            Self::Replay(player) => player.handle(now, peer, datagram, context),
        };
        replies.into_iter().map(|reply| (peer, reply)).collect()
    }

    /// Whether its bytes are a stream.
    pub(crate) fn is_stream(&self) -> bool {
        match self {
            Self::Console(_) => true,
            Self::Replay(player) => player.console().is_some(),
            Self::Ipmi(_) | Self::Snmp(_) => false,
        }
    }

    /// Somebody connects to a stream; over SSH as this user.
    pub(crate) fn connect(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        user: Option<&str>,
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let replies = match self {
            Self::Console(console) => return console.connect(now, peer, user, context),
            Self::Replay(player) => player.console_mut().map(|player| player.connect(now, peer)),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        };
        replies.unwrap_or_default().into_iter().map(|reply| (peer, reply)).collect()
    }

    /// Whether the carrier may let this user in.
    pub(crate) fn admits(
        &mut self,
        now: Duration,
        user: &str,
        password: Option<&str>,
        context: &mut Context<'_>,
    ) -> bool {
        match self {
            Self::Console(console) => console.admits(now, user, password, context),
            Self::Replay(player) => player.console().is_some_and(|player| player.admits(user, password)),
            Self::Ipmi(_) | Self::Snmp(_) => false,
        }
    }

    /// Whether the device asks by itself who it is.
    pub(crate) fn asks_itself(&self) -> bool {
        match self {
            Self::Console(console) => console.asks_itself(),
            Self::Replay(player) => player.console().is_some_and(|player| player.asks_itself()),
            Self::Ipmi(_) | Self::Snmp(_) => false,
        }
    }

    /// Whether what comes next on this stream is a password.
    pub(crate) fn awaits_secret(&self, peer: SocketAddr) -> bool {
        match self {
            Self::Console(console) => console.awaits_secret(peer),
            Self::Replay(player) => player.console().is_some_and(|player| player.awaits_secret(peer)),
            Self::Ipmi(_) | Self::Snmp(_) => false,
        }
    }

    /// Whether these bytes are a request, or the end of one.
    pub(crate) fn is_request(&self, peer: SocketAddr, bytes: &[u8]) -> bool {
        match self {
            Self::Console(console) => console.is_request(peer, bytes),
            Self::Replay(player) => player.console().is_none_or(|player| player.is_request(peer, bytes)),
            Self::Ipmi(_) | Self::Snmp(_) => true,
        }
    }

    /// When it does something by itself.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        match self {
            Self::Console(console) => console.next_wake(),
            Self::Replay(player) => player.console().and_then(|player| player.next_wake()),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        }
    }

    /// Does what is due by itself.
    pub(crate) fn wake(&mut self, now: Duration, context: &mut Context<'_>) -> Vec<(SocketAddr, Reply)> {
        match self {
            Self::Console(console) => console.wake(now, context),
            Self::Replay(player) => player.console_mut().map(|player| player.wake(now)).unwrap_or_default(),
            Self::Ipmi(_) | Self::Snmp(_) => Vec::new(),
        }
    }

    /// What a datagram would be about, without any effect: a copy of the sessions reads it.
    pub(crate) fn classify(
        &self,
        now: Duration,
        peer: SocketAddr,
        plant: &Plant,
        random: Random<'_>,
        datagram: &[u8],
    ) -> Op {
        let server = match self {
            Self::Ipmi(bmc) => bmc.server(),
            Self::Snmp(agent) => return agent.classify(now, plant, datagram),
            Self::Console(console) => return console.classify(peer, datagram),
            Self::Replay(player) => return player.classify(now, peer, random, datagram),
        };
        ipmi::op::of_received(&server.clone().receive(now, peer, random, datagram))
    }

    pub(crate) fn sessions(&self) -> usize {
        match self {
            Self::Ipmi(bmc) => bmc.sessions(),
            Self::Snmp(_) => 0,
            Self::Console(console) => console.sessions(),
            Self::Replay(player) => player.sessions(),
        }
    }
}
