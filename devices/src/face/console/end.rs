//! The device's end of a stream: what is said, and what goes over the wire for it.

use fencelab_wire::telnet::{Config, Telnet};

/// With telnet's own bytes among them, or without.
#[derive(Clone, Debug)]
pub(crate) struct StreamEnd(Option<Telnet>);

impl StreamEnd {
    /// `negotiates`: it speaks telnet.
    pub(crate) fn new(negotiates: bool) -> Self {
        Self(negotiates.then(|| Telnet::new(Config::device())))
    }

    /// What is said first on the wire.
    pub(crate) fn open(&mut self) -> Vec<u8> {
        self.0.as_mut().map(Telnet::open).unwrap_or_default()
    }

    /// What is typed, and what is answered to it by itself.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        match &mut self.0 {
            None => (bytes.to_vec(), Vec::new()),
            Some(telnet) => {
                let received = telnet.receive(bytes);
                (received.data, received.reply)
            }
        }
    }

    /// As it goes over the wire.
    pub(crate) fn encode(&self, text: &[u8]) -> Vec<u8> {
        self.0.as_ref().map_or_else(|| text.to_vec(), |telnet| telnet.send(text))
    }
}
