//! A link: how a device is spoken to, and with which credentials. All that the recorder knows of a protocol stands in
//! this module, one file a protocol; everything else is the same for all of them.

mod arcs;
pub mod ipmi;
pub mod snmp;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use fencelab_transcript::scan::Scan;
use fencelab_transcript::{LinkInfo, Map};
use fencelab_wire::tap::{Direction, Tap};
use serde_json::Value;

/// What the recorder has to know of a protocol, whatever the device.
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

    /// The client's well-known ports, at which devices call it unasked.
    fn client_ports(&self) -> &'static [u16] {
        &[]
    }

    /// What is masked wherever it occurs, by the names that stand in a header's `redacted`. The header stands in the file
    /// before the first datagram, so it names what *would* be masked, and nothing has to be rewritten: what is written
    /// stays, even if the program is killed.
    fn redacted(&self) -> &'static [&'static str];

    /// Whether a datagram is of this protocol, by its bytes.
    fn is_spoken(&self, datagram: &[u8]) -> bool;

    /// Which way a datagram must go, by what it says; nothing if it does not tell.
    fn direction(&self, datagram: &[u8]) -> Option<Direction>;

    /// What must not be kept of a datagram that is not understood as a whole: where it stands, and its name among
    /// [`redacted`](Self::redacted).
    fn secrets(&self, datagram: &[u8]) -> Vec<(Range<usize>, &'static str)> {
        let _ = datagram;
        Vec::new()
    }

    /// The datagram that says a message of a transcript in the clear; what was masked is zero.
    ///
    /// # Errors
    /// It is no such message: why.
    fn datagram(&self, session: &Session<'_>, body: &str, value: &Value) -> Result<Vec<u8>, String>;

    /// Whether a message goes to one of [`client_ports`](Self::client_ports).
    fn is_unasked(&self, body: &str, value: &Value) -> bool {
        let _ = (body, value);
        false
    }
}

/// A session of a transcript, as far as its messages need it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session<'a> {
    /// Its number; 0 = outside any.
    pub number: u32,
    /// The details of its `open`, if there was one.
    pub details: Option<&'a Map>,
}

/// A protocol and the credentials that may be seen in it: all that a listener needs.
#[derive(Clone)]
pub struct Link {
    protocol: &'static dyn Protocol,
    taps: Arc<dyn Fn() -> Taps + Send + Sync>,
    secrets: Scan,
    knows_credentials: bool,
    clean: Option<Arc<Clean>>,
}

/// Makes the listeners of one recording, one for each client.
pub type Taps = Box<dyn FnMut() -> Box<dyn Tap> + Send>;

/// Masks what the scan cannot find in a body, and answers the names of what was there.
type Clean = dyn Fn(&mut Value) -> Vec<&'static str> + Send + Sync;

impl Link {
    /// A protocol, what listens to it, and the secrets that must not be written.
    fn new(
        protocol: &'static dyn Protocol,
        taps: impl Fn() -> Taps + Send + Sync + 'static,
        secrets: Scan,
    ) -> Self {
        let knows_credentials = !secrets.is_empty();
        Self { protocol, taps: Arc::new(taps), secrets, knows_credentials, clean: None }
    }

    /// The protocol.
    pub fn protocol(&self) -> &'static dyn Protocol {
        self.protocol
    }

    /// The listeners of one recording: they may share what they have heard.
    pub fn taps(&self) -> Taps {
        (self.taps)()
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
        self.clean.as_ref().map(|clean| clean(body)).unwrap_or_default()
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
    &[&ipmi::Ipmi, &snmp::Snmp]
}

/// The protocol of this name, as a header has it.
pub fn protocol(name: &str) -> Option<&'static dyn Protocol> {
    protocols().iter().copied().find(|protocol| protocol.name() == name)
}
