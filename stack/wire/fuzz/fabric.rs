//! What the fuzz target of cluster fabrics does with its input (a dialogue, see `input.rs`), shared with the test that replays
//! the corpus.

#[path = "input.rs"]
#[allow(dead_code, reason = "nothing here needs random bytes")]
pub(crate) mod input;

use fencelab_wire::corosync::{Knet, Totem, knet};
use fencelab_wire::infiniband::cm::{Kind, Message};
use fencelab_wire::infiniband::mad::{self, Mad};
use fencelab_wire::infiniband::packet::Body;
use fencelab_wire::infiniband::sa::Membership;
use fencelab_wire::infiniband::{Packet, Transport, roce};
use fencelab_wire::ipoib::Ipoib;
use input::dialogue;

/// Reads bytes as everything that they may be; whatever can be read is written again as it was.
fn read(bytes: &[u8]) {
    if let Ok(packet) = Knet::parse(bytes) {
        assert_eq!(packet.emit(), bytes);
        assert!(!packet.kind().to_string().is_empty());
        if let knet::Body::Data(_, contents) = &packet.body {
            totem(contents);
        }
    }
    assert!(!Knet::is_spoken(bytes) || Knet::parse(bytes).is_ok());
    totem(bytes);
    if let Ok(packet) = Packet::parse(bytes) {
        assert_eq!(packet.emit(), bytes);
        assert!(packet.missing(bytes.len()) <= packet.lrh.bytes());
        if let Body::Transport(_, transport) = &packet.body {
            carried(transport);
        }
    }
    for whole in [true, false] {
        if let Ok(transport) = Transport::parse(bytes, whole) {
            assert_eq!(transport.emit(), bytes);
            carried(&transport);
        }
        if let Ok((grh, transport)) = roce::parse_v1(bytes, whole) {
            assert!(bytes.starts_with(&roce::emit_v1(&grh, &transport)));
        }
    }
    management(bytes);
    if let Some((header, rest)) = Ipoib::parse(bytes) {
        assert_eq!([&header.emit(), rest].concat(), bytes);
    }
}

fn totem(bytes: &[u8]) {
    if let Ok(message) = Totem::parse(bytes) {
        assert_eq!(message.emit(), bytes);
        assert!(!message.kind().to_string().is_empty());
    }
}

fn carried(transport: &Transport) {
    assert!(transport.carried().len() <= transport.payload.len());
    assert!(!transport.bth.opcode.to_string().is_empty());
    if let Some(aeth) = &transport.extended.aeth {
        assert!(!aeth.says().to_string().is_empty());
    }
    management(transport.carried());
}

fn management(bytes: &[u8]) {
    let Ok(datagram) = Mad::parse(bytes) else { return };
    assert_eq!(datagram.emit(), bytes);
    let header = &datagram.header;
    assert!(mad::attribute(header.class, header.attribute).is_none_or(|name| !name.is_empty()));
    for attribute in [header.attribute, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a] {
        if let Ok(message) = Message::parse(attribute, &datagram.data) {
            assert_eq!(message.emit(), datagram.data);
            assert_eq!(message.kind(), Kind::from(attribute));
        }
    }
    if let Ok(membership) = Membership::parse(&datagram.data) {
        assert_eq!(membership.emit(), datagram.data);
    }
}

/// Hands the input to everything that reads bytes from outside; it must not panic, nor lose a byte.
pub(crate) fn take(input: &[u8]) {
    for (_, bytes) in dialogue(input) {
        read(bytes);
    }
}
