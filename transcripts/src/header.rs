//! The first line of a transcript.

use crate::{Map, Version};

/// The first line: what was recorded, how, by whom, and what was redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// `transcript`: the version of the format.
    pub version: Version,
    /// `device`: the device that was spoken to.
    pub device: DeviceIdentity,
    /// `link`: how it was spoken to.
    pub link: LinkInfo,
    /// `speaker`: the agent or tool that spoke, if known.
    pub speaker: Option<Speaker>,
    /// `captured`: the wall clock at time 0 of the events, RFC 3339.
    pub captured: Option<String>,
    /// `by`: the program that wrote the transcript, with its version.
    pub by: Option<String>,
    /// `licence`: an SPDX expression.
    pub licence: Option<String>,
    /// `provenance`: where the recording comes from, in words.
    pub provenance: Option<String>,
    /// `redacted`: the fields that are masked wherever they occur (not: did occur).
    pub redacted: Vec<String>,
    /// Fields this version does not know, in their order.
    pub extra: Map,
}

impl Header {
    /// A header of the [current](Version::CURRENT) version with nothing optional in it.
    pub fn new(device: DeviceIdentity, link: LinkInfo) -> Self {
        Self {
            version: Version::CURRENT,
            device,
            link,
            speaker: None,
            captured: None,
            by: None,
            licence: None,
            provenance: None,
            redacted: Vec::new(),
            extra: Map::new(),
        }
    }
}

/// Which device was spoken to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceIdentity {
    /// The maker, as it writes itself.
    pub vendor: String,
    /// The model, as the maker writes it.
    pub model: String,
    /// The firmware's version, if known.
    pub firmware: Option<String>,
    /// Fields this version does not know, in their order.
    pub extra: Map,
}

impl DeviceIdentity {
    /// A device of unknown firmware.
    pub fn new(vendor: impl Into<String>, model: impl Into<String>) -> Self {
        Self { vendor: vendor.into(), model: model.into(), ..Self::default() }
    }
}

/// How the device was spoken to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkInfo {
    /// `ipmi`, `snmp`, `telnet`, `ssh`, `http` …
    pub protocol: String,
    /// `udp`, `tcp`, `tls`, `serial` …
    pub transport: String,
    /// The device's port, where the transport has ports.
    pub port: Option<u16>,
    /// Fields this version does not know, in their order.
    pub extra: Map,
}

impl LinkInfo {
    /// A link, for example `("ipmi", "udp", Some(623))`.
    pub fn new(
        protocol: impl Into<String>,
        transport: impl Into<String>,
        port: impl Into<Option<u16>>,
    ) -> Self {
        Self { protocol: protocol.into(), transport: transport.into(), port: port.into(), ..Self::default() }
    }
}

/// The agent or tool on the other end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speaker {
    /// Its program's name, for example `fence_ipmilan`.
    pub name: String,
    /// Its version, if known.
    pub version: Option<String>,
    /// Fields this version does not know, in their order.
    pub extra: Map,
}

impl Speaker {
    /// A speaker of unknown version.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}
