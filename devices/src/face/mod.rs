//! Faces: how a plant is spoken to, one sans-I/O state machine per protocol.

mod control;
pub(crate) mod ipmi;
pub(crate) mod recorded;
mod rules;
pub(crate) mod snmp;
mod tap;

use std::net::SocketAddr;
use std::time::Duration;

use crate::device::{Credentials, Log, NeighbourCommand};
use crate::fault::{Engine, Op};
use crate::plant::Plant;
use crate::replay::Player;
use crate::spec::FaceSpec;

/// Fills a buffer with the device's random bytes.
pub(crate) type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// What a face acts on.
pub(crate) struct Context<'a> {
    pub(crate) face: usize,
    pub(crate) plant: &'a mut Plant,
    pub(crate) faults: &'a mut Engine,
    pub(crate) log: &'a mut Log,
    pub(crate) neighbours: &'a mut Vec<NeighbourCommand>,
    pub(crate) random: Random<'a>,
}

/// A datagram that goes back to where the request came from.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// So much later than now.
    pub(crate) delay: Duration,
    /// What was asked.
    pub(crate) op: Op,
}

/// One face in its present state.
#[derive(Debug)]
pub(crate) enum Face {
    Ipmi(Box<ipmi::Bmc>),
    Snmp(Box<snmp::SnmpAgent>),
    Replay(Box<Player>),
}

impl Face {
    pub(crate) fn new(spec: &FaceSpec, credentials: &Credentials, random: Random<'_>) -> Self {
        match spec {
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
    ) -> Vec<Reply> {
        match self {
            Self::Ipmi(bmc) => bmc.handle(now, peer, datagram, context),
            Self::Snmp(agent) => agent.handle(now, datagram, context),
            Self::Replay(player) => player.handle(now, peer, datagram, context),
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
            Self::Replay(player) => return player.classify(now, peer, random, datagram),
        };
        ipmi::op::of_received(&server.clone().receive(now, peer, random, datagram))
    }

    pub(crate) fn sessions(&self) -> usize {
        match self {
            Self::Ipmi(bmc) => bmc.sessions(),
            Self::Snmp(_) => 0,
            Self::Replay(player) => player.sessions(),
        }
    }
}
