//! InfiniBand and RoCE in packets.

mod ends;
mod frame;
mod management;
mod psn;
mod said;

use std::time::Duration;

use fencelab_transcript::LinkInfo;
use fencelab_wire::infiniband::{Malformed, Transport, roce};

use super::super::frames::Packet;
use super::super::link_layer;
use super::{Heard, LeftOut};
use ends::Ends;
use frame::Carrier;
use said::Speaking;

/// A packet of InfiniBand's transport, wherever it was.
struct OnePacket<'a> {
    time: Duration,
    number: u64,
    ends: Ends,
    carrier: Carrier,
    said: Result<&'a Transport, Malformed>,
    /// Its length from BTH to ICRC, as far as it was captured.
    captured: usize,
    /// How many bytes at its end were not captured.
    missing: usize,
}

/// Hears all packets of a capture.
pub(super) struct Listener {
    port: u16,
    packets: u64,
    carrier: Option<Carrier>,
    speaking: Speaking,
    left_out: LeftOut,
    warnings: Vec<String>,
}

impl Listener {
    pub(super) fn new(port: Option<u16>) -> Self {
        Self {
            port: port.unwrap_or(roce::PORT),
            packets: 0,
            carrier: None,
            speaking: Speaking::default(),
            left_out: LeftOut::default(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        let found = link_layer::unpacked(packet.link, packet.data)
            .map_err(|other| frame::reason(other, packet))
            .and_then(|(link, bytes)| frame::find(link, bytes, packet, self.port));
        let frame = match found {
            Ok(frame) => frame,
            Err(reason) => return self.left_out.count(reason, packet.number),
        };
        self.carrier.get_or_insert(frame.carrier);
        if frame.missing > 0 {
            self.warnings.push(format!(
                "packet {} was captured without its last {} bytes; the rest is kept",
                packet.number, frame.missing
            ));
        }
        let heard = OnePacket {
            time: packet.time,
            number: packet.number,
            ends: frame.ends,
            carrier: frame.carrier,
            said: frame.said.as_ref().map_err(|error| *error),
            captured: frame.captured,
            missing: frame.missing,
        };
        self.speaking.hear(&heard, &mut self.warnings);
    }

    pub(super) fn heard(self) -> Heard {
        let link = self.carrier.map(|carrier| {
            let port = (carrier == Carrier::RoceV2).then_some(self.port);
            LinkInfo::new("infiniband", carrier.name(), port)
        });
        let (start, events) = self.speaking.end();
        Heard { start, packets: self.packets, link, events, left_out: self.left_out, warnings: self.warnings }
    }
}
