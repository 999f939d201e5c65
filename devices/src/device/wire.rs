//! The serial line between a console and whoever is at its other end: nobody, a program at a terminal, the client of a port
//! server. The console knows nothing of them, and goes on when they go.

use std::net::SocketAddr;

use fencelab_wire::serial::Line;
use fencelab_wire::telnet::PortServer;

use super::Output;
use crate::face::Carrier;
use crate::spec::FaceSpec;

/// What a port server says that it is.
const SIGNATURE: &str = "fencelab";

/// A serial line.
#[derive(Debug)]
pub(super) struct Wire {
    carrier: Carrier,
    /// How the device has set its end.
    line: Line,
    /// How the client has set the other, where it said so.
    pub(super) client: Option<Line>,
    /// Who is there.
    attached: Option<SocketAddr>,
    /// The server's end of that connection.
    server: Option<PortServer>,
}

/// What came of bytes from the client.
#[derive(Debug, Default)]
pub(super) struct Inward {
    /// What reaches the device.
    pub(super) data: Vec<u8>,
    /// What a port server says itself.
    pub(super) reply: Vec<u8>,
    /// The client has gone.
    pub(super) has_gone: bool,
}

impl Wire {
    /// The line of a face, if it has one.
    pub(super) fn of(face: &FaceSpec) -> Option<Self> {
        let FaceSpec::Console(face) = face else { return None };
        let (carrier, line) = (face.carrier, face.console.line);
        carrier.is_line().then_some(Self { carrier, line, client: None, attached: None, server: None })
    }

    /// Somebody comes; what is said to them. `None`: somebody is there already.
    pub(super) fn attach(&mut self, peer: SocketAddr) -> Option<Vec<u8>> {
        if self.attached.is_some_and(|attached| attached != peer) {
            return None;
        }
        self.attached = Some(peer);
        self.server = (self.carrier == Carrier::PortServer).then(|| PortServer::new(self.line, SIGNATURE));
        Some(self.server.as_mut().map(PortServer::open).unwrap_or_default())
    }

    /// Bytes come; none: the client goes.
    pub(super) fn inward(&mut self, peer: SocketAddr, bytes: &[u8]) -> Inward {
        let is_here = self.attached == Some(peer);
        if bytes.is_empty() {
            if is_here {
                (self.attached, self.server, self.client) = (None, None, None);
            }
            return Inward { has_gone: is_here, ..Inward::default() };
        }
        let mut inward = match (&mut self.server, self.carrier) {
            (Some(server), _) if is_here => {
                let from = server.receive(bytes);
                self.client = Some(*server.line());
                Inward { data: from.data, reply: from.reply, has_gone: false }
            }
            (_, Carrier::PortServer) => Inward::default(),
            // Who wrote and went at once has still written.
            _ => Inward { data: bytes.to_vec(), ..Inward::default() },
        };
        if !self.is_understood() {
            inward.data.iter_mut().for_each(garble);
        }
        inward
    }

    /// Bytes at another speed than they were sent at are others, and tell nothing.
    pub(super) fn distort(&self, output: &mut Output) {
        if !self.is_understood() {
            output.bytes.iter_mut().for_each(garble);
            output.tells.clear();
        }
    }

    /// What the device says goes to whoever is there; where nobody is, it is lost.
    pub(super) fn outward(&mut self, mut output: Output) -> Option<Output> {
        output.to = self.attached?;
        if let Some(server) = &mut self.server {
            output.bytes = server.send(&output.bytes);
        }
        // A port server that holds everything back has not hung up.
        (!output.bytes.is_empty()).then_some(output)
    }

    fn is_understood(&self) -> bool {
        self.client.is_none_or(|client| client.understands(&self.line))
    }
}

/// What a receiver at the wrong speed makes of a byte is never ASCII here, so no noise can be a command.
fn garble(byte: &mut u8) {
    *byte = !*byte | 0x80;
}
