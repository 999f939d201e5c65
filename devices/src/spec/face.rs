//! One way to speak to a device: what every protocol has, asked in one place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::{Event, Kind, Transcript};
use fencelab_wire::serial::Line;

use super::claims::{self, Claim};
use super::console::Console;
use super::rule::{State, longest_window};
use super::{IpmiFace, PlantSpec, SnmpFace};
use crate::face::Carrier;

/// One way to speak to a device.
#[derive(Clone, Debug)]
pub enum FaceSpec {
    /// IPMI over LAN.
    Ipmi(Arc<IpmiFace>),
    /// SNMP.
    Snmp(Arc<SnmpFace>),
    /// A console.
    Console(ConsoleFace),
    /// Strict replay of one transcript.
    Replay(Arc<Transcript>),
}

/// One way to reach a console.
#[derive(Clone, Debug)]
pub struct ConsoleFace {
    /// What it is.
    pub console: Arc<Console>,
    /// What carries the bytes.
    pub carrier: Carrier,
    /// The port that agents use when told nothing.
    pub port: u16,
}

impl FaceSpec {
    /// The protocol's name: `ipmi`, `snmp`.
    #[must_use]
    pub fn protocol(&self) -> &str {
        match self {
            Self::Ipmi(_) => "ipmi",
            Self::Snmp(_) => "snmp",
            Self::Console(face) => face.carrier.name(),
            Self::Replay(transcript) => &transcript.header.link.protocol,
        }
    }

    /// The port that agents use when told nothing: 623, 161.
    #[must_use]
    pub fn default_port(&self) -> u16 {
        match self {
            Self::Ipmi(_) => 623,
            Self::Snmp(_) => 161,
            Self::Console(face) => face.port,
            Self::Replay(transcript) => {
                let usual = match (self.carrier(), self.protocol()) {
                    (Some(carrier), _) => carrier.port(),
                    (None, "snmp") => 161,
                    (None, _) => 623,
                };
                transcript.header.link.port.unwrap_or(usual)
            }
        }
    }

    /// What carries it, if it is a console.
    #[must_use]
    pub fn carrier(&self) -> Option<Carrier> {
        match self {
            Self::Console(face) => Some(face.carrier),
            Self::Replay(transcript) => Carrier::of_protocol(&transcript.header.link.protocol),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        }
    }

    /// How its serial line is set, if it is at one.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        match self {
            Self::Console(face) => face.carrier.is_line().then_some(face.console.line),
            Self::Replay(transcript) => self.carrier().filter(|carrier| carrier.is_line()).map(|_| {
                let opens = transcript.events.iter().filter_map(|event| match &event.kind {
                    Kind::Open(details) => details.get("line")?.as_str()?.parse().ok(),
                    _ => None,
                });
                opens.into_iter().next().unwrap_or_default()
            }),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        }
    }

    /// What carries it: `udp`.
    #[must_use]
    pub fn transport(&self) -> &str {
        match self {
            Self::Ipmi(_) | Self::Snmp(_) => "udp",
            Self::Console(face) if face.carrier == Carrier::Serial => "serial",
            Self::Console(_) => "tcp",
            Self::Replay(transcript) => &transcript.header.link.transport,
        }
    }

    /// The states that it documents.
    pub fn states(&self) -> impl Iterator<Item = &State> {
        let ipmi = match self {
            Self::Ipmi(face) => face.states.as_slice(),
            _ => &[],
        };
        let snmp = match self {
            Self::Snmp(face) => face.states.as_slice(),
            _ => &[],
        };
        let console = match self {
            Self::Console(face) => face.console.states.as_slice(),
            _ => &[],
        };
        let ipmi = ipmi.iter().map(|look| &look.state);
        ipmi.chain(snmp.iter().map(|look| &look.state)).chain(console.iter().map(|look| &look.state))
    }

    /// What the device, whose plugs these are, told the agent about the power of which plug, in order.
    #[must_use]
    pub fn claims(&self, plant: &PlantSpec, dialogue: &[Event]) -> Vec<Claim> {
        match self {
            Self::Ipmi(face) => {
                plant.plugs.first().map_or_else(Vec::new, |(plug, _)| claims::of_ipmi(face, plug, dialogue))
            }
            Self::Snmp(face) => claims::of_snmp(face, &plant.plugs, dialogue),
            Self::Console(_) => claims::of_console(dialogue),
            Self::Replay(_) => Vec::new(),
        }
    }

    /// The names that people gave these plugs, see [`DeviceSpec::called`](crate::DeviceSpec::called).
    pub(super) fn called(&self, plant: &PlantSpec) -> BTreeMap<String, String> {
        match self {
            Self::Snmp(face) => face.called(&plant.plugs),
            Self::Console(face) => face.console.called(&plant.plugs),
            Self::Ipmi(_) | Self::Replay(_) => BTreeMap::new(),
        }
    }

    /// The longest time for which the rules of the face hold after something has happened.
    #[must_use]
    pub fn longest_rule(&self) -> Duration {
        match self {
            Self::Ipmi(face) => longest_window(&face.rules),
            Self::Snmp(face) => longest_window(&face.rules),
            Self::Console(face) => longest_window(&face.console.rules),
            Self::Replay(_) => Duration::ZERO,
        }
    }

    /// How long the face may behave unusually by itself after trouble has ended: sessions that are left open, times for
    /// which its rules hold.
    #[must_use]
    pub fn convalescence(&self) -> Duration {
        match self {
            Self::Ipmi(face) => face.idle.max(longest_window(&face.rules)),
            Self::Snmp(face) => face.convalescence(),
            Self::Console(face) => face.console.convalescence(),
            Self::Replay(_) => Duration::ZERO,
        }
    }
}
