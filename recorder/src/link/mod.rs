//! A link: how a device is spoken to, and with which credentials. All that the recorder knows of a protocol stands in
//! this module, one file a protocol; everything else is the same for all of them.

mod arcs;
pub mod console;
pub mod datagrams;
pub mod ipmi;
pub mod snmp;

use std::fmt;

use fencelab_transcript::LinkInfo;
use fencelab_transcript::scan::Scan;
use serde_json::Value;

pub use console::Streams;
pub use datagrams::{DatagramProtocol, Datagrams, Session, Taps};

/// What a protocol tells of itself, whatever carries it.
pub trait Protocol: fmt::Debug + Send + Sync {
    /// The header's `link.protocol`.
    fn name(&self) -> &'static str;

    /// As people write it.
    fn spelling(&self) -> &'static str;

    /// The header's `link.transport`.
    fn transport(&self) -> &'static str {
        "udp"
    }

    /// The device's well-known ports, the usual one first.
    fn ports(&self) -> &'static [u16];

    /// What is masked wherever it occurs, by the names that stand in a header's `redacted`. The header stands in the file
    /// before the first word, so it names what *would* be masked, and nothing has to be rewritten: what is written
    /// stays, even if the program is killed.
    fn redacted(&self) -> &'static [&'static str];
}

/// A protocol and the credentials that may be seen in it: all that a recording needs.
#[derive(Clone)]
pub struct Link {
    protocol: &'static dyn Protocol,
    carries: Carries,
    secrets: Scan,
    knows_credentials: bool,
}

/// What goes over a link.
#[derive(Clone)]
pub enum Carries {
    /// Datagrams, which a listener understands.
    Datagrams(Datagrams),
    /// A stream, which people understand.
    Streams(Streams),
}

impl Link {
    /// A link of datagrams, and the secrets that must not be written.
    fn of_datagrams(datagrams: Datagrams, secrets: Scan) -> Self {
        Self::new(datagrams.protocol(), Carries::Datagrams(datagrams), secrets)
    }

    fn new(protocol: &'static dyn Protocol, carries: Carries, secrets: Scan) -> Self {
        let knows_credentials = !secrets.is_empty();
        Self { protocol, carries, secrets, knows_credentials }
    }

    /// The protocol.
    pub fn protocol(&self) -> &'static dyn Protocol {
        self.protocol
    }

    /// What goes over it.
    pub fn carries(&self) -> &Carries {
        &self.carries
    }

    /// The secrets of the credentials, to be scanned for.
    pub fn secrets(&self) -> &Scan {
        &self.secrets
    }

    /// The same link with more secrets to be scanned for.
    #[must_use]
    pub fn with_secret(mut self, name: &str, secret: impl AsRef<[u8]>) -> Self {
        self.secrets = self.secrets.with(name, secret);
        self
    }

    /// Masks the secrets of the credentials in a form that only this protocol has, and answers their names as they stand in a
    /// header's `redacted`.
    pub(crate) fn clean(&self, body: &mut Value) -> Vec<&'static str> {
        match &self.carries {
            Carries::Datagrams(datagrams) => datagrams.clean(body),
            Carries::Streams(_) => Vec::new(),
        }
    }

    /// Whether any credentials were given.
    pub fn knows_credentials(&self) -> bool {
        self.knows_credentials
    }

    /// As it stands in a header; without a port the usual one.
    pub fn info(&self, port: Option<u16>) -> LinkInfo {
        let port = port.or_else(|| self.protocol.ports().first().copied());
        LinkInfo::new(self.protocol.name(), self.protocol.transport(), port)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("protocol", &self.protocol.name())
            .field("secrets", &self.secrets)
            .finish()
    }
}

/// The protocols that are known, in the order of their names.
pub fn protocols() -> &'static [&'static dyn Protocol] {
    &[&ipmi::Ipmi, &console::Raw, &console::Serial, &snmp::Snmp, &console::Ssh, &console::Telnet]
}

/// The protocol of this name, as a header has it.
pub fn protocol(name: &str) -> Option<&'static dyn Protocol> {
    protocols().iter().copied().find(|protocol| protocol.name() == name)
}
