//! Links of datagrams: what the recorder has to know of a protocol, and what listens to it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use fencelab_transcript::Map;
use fencelab_wire::tap::{Direction, Tap};
use serde_json::Value;

use super::{Protocol, ipmi, snmp};

/// What the recorder has to know of a protocol of datagrams, whatever the device.
pub trait DatagramProtocol: Protocol {
    /// The client's well-known ports, at which devices call it unasked.
    fn client_ports(&self) -> &'static [u16] {
        &[]
    }

    /// Whether a datagram is of this protocol, by its bytes.
    fn is_spoken(&self, datagram: &[u8]) -> bool;

    /// Which way a datagram must go, by what it says; nothing if it does not tell.
    fn direction(&self, datagram: &[u8]) -> Option<Direction>;

    /// What must not be kept of a datagram that is not understood as a whole: where it stands, and its name among
    /// [`redacted`](Protocol::redacted).
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

/// A protocol of datagrams and what listens to it.
#[derive(Clone)]
pub struct Datagrams {
    protocol: &'static dyn DatagramProtocol,
    taps: Arc<dyn Fn() -> Taps + Send + Sync>,
    clean: Option<Arc<Clean>>,
}

/// Makes the listeners of one recording, one for each client.
pub type Taps = Box<dyn FnMut() -> Box<dyn Tap> + Send>;

/// Masks what the scan cannot find in a body, and answers the names of what was there.
pub(super) type Clean = dyn Fn(&mut Value) -> Vec<&'static str> + Send + Sync;

impl Datagrams {
    pub(super) fn new(
        protocol: &'static dyn DatagramProtocol,
        taps: impl Fn() -> Taps + Send + Sync + 'static,
    ) -> Self {
        Self { protocol, taps: Arc::new(taps), clean: None }
    }

    /// The same with what masks secrets in a form that only this protocol has.
    pub(super) fn cleaned_by(self, clean: Option<Arc<Clean>>) -> Self {
        Self { clean, ..self }
    }

    /// The protocol.
    pub fn protocol(&self) -> &'static dyn DatagramProtocol {
        self.protocol
    }

    /// The listeners of one recording: they may share what they have heard.
    pub fn taps(&self) -> Taps {
        (self.taps)()
    }

    pub(crate) fn clean(&self, body: &mut Value) -> Vec<&'static str> {
        self.clean.as_ref().map(|clean| clean(body)).unwrap_or_default()
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Datagrams").field(&self.protocol.name()).finish()
    }
}

/// The protocols of datagrams that are known, in the order of their names.
pub fn protocols() -> &'static [&'static dyn DatagramProtocol] {
    &[&ipmi::Ipmi, &snmp::Snmp]
}

/// The one of this name, as a header has it.
pub fn protocol(name: &str) -> Option<&'static dyn DatagramProtocol> {
    protocols().iter().copied().find(|protocol| protocol.name() == name)
}
