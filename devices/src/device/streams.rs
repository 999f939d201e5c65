//! What a device does about streams: who connects, who may come in, and what lies between a console and them at a serial line.

use std::net::SocketAddr;
use std::time::Duration;

use fencelab_wire::serial;

use super::{Device, Output};
use crate::face::Face;
use crate::face::console::LINE;

impl Device {
    /// Somebody connects to a face that is a stream; over SSH as this user, whom [`admits`](Self::admits) let in. To a serial
    /// line one can connect at a time, and another is hung up; the device knows nothing of it, and whoever goes leaves all as
    /// it is.
    pub fn connect(&mut self, now: Duration, face: usize, peer: SocketAddr, user: Option<&str>) {
        self.advance(now);
        self.faults.begin_exchange();
        if let Some(wire) = self.wires.get_mut(face).and_then(Option::as_mut) {
            let Some(opening) = wire.attach(peer) else { return self.network.hang_up(now, face, peer) };
            self.network.pass(now, face, peer, opening);
            if let Some(recording) = &mut self.recording {
                recording.open(now, face, LINE, None);
            }
            return;
        }
        let stream = self.with_face(face, |face, context| face.connect(now, peer, user, context));
        if let Some(recording) = &mut self.recording {
            recording.open(now, face, peer, user);
        }
        self.depart(now, face, stream.unwrap_or_default());
    }

    /// Whether a user with this password may open a session; `None`: with no password yet. A device that asks who it is inside
    /// the session lets everybody in.
    pub fn admits(&mut self, now: Duration, face: usize, user: &str, password: Option<&str>) -> bool {
        self.advance(now);
        self.with_face(face, |face, context| face.admits(now, user, password, context)).unwrap_or(false)
    }

    /// Whether a face that is a stream asks by itself who it is, so that the carrier need not.
    #[must_use]
    pub fn asks_itself(&self, face: usize) -> bool {
        self.faces.get(face).is_some_and(Face::asks_itself)
    }

    /// How the client at a serial line has set its end; `None`: as the device has.
    pub fn set_client_line(&mut self, face: usize, line: Option<serial::Line>) {
        if let Some(wire) = self.wires.get_mut(face).and_then(Option::as_mut) {
            wire.client = line;
        }
    }

    /// Bytes come at a serial line, from whoever is there or was; none: they go.
    pub(super) fn handle_line(&mut self, now: Duration, face: usize, peer: SocketAddr, bytes: &[u8]) {
        let Some(wire) = self.wires.get_mut(face).and_then(Option::as_mut) else { return };
        let inward = wire.inward(peer, bytes);
        self.network.pass(now, face, peer, inward.reply);
        if let (true, Some(recording)) = (inward.has_gone, &mut self.recording) {
            recording.say(now, face, LINE, &[], false);
        }
        if !inward.data.is_empty() {
            self.arrive(now, face, LINE, &inward.data);
        }
    }

    /// What is due, as it goes to whom it goes.
    pub(super) fn told(&mut self, due: Vec<(Duration, Output)>) -> Vec<Output> {
        let mut told = Vec::with_capacity(due.len());
        for (at, mut output) in due {
            let wire = self.wires.get_mut(output.face).and_then(Option::as_mut).filter(|_| output.to == LINE);
            if let Some(wire) = &wire {
                wire.distort(&mut output);
            }
            if let Some(recording) = &mut self.recording {
                recording.hear(at, &output);
            }
            match wire {
                Some(wire) => told.extend(wire.outward(output)),
                None => told.push(output),
            }
        }
        told
    }
}
