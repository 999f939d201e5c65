//! What is told to all (`struct mcast`).

use super::RingId;
use crate::corosync::Malformed;
use crate::octets::{Reader, Writer};

/// [`Totem::encapsulated`](super::Totem::encapsulated) of a message that wraps one of an older ring
/// (`MESSAGE_ENCAPSULATED`).
pub const ENCAPSULATED: u8 = 1;
/// Bytes before the contents, with the header of all messages.
pub const HEADER: usize = super::HEADER + 32;

/// A message to all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mcast {
    /// The node that made it.
    pub from: u32,
    /// Its number on the ring: all deliver in this order.
    pub seq: u32,
    /// A number of the sender's own.
    pub own_seq: u32,
    /// The ring.
    pub ring: RingId,
    /// 0.
    pub node: u32,
    /// What was asked for: agreed or safe delivery.
    pub guarantee: u32,
    /// What is told: messages of the services, packed or cut.
    pub contents: Vec<u8>,
}

impl Mcast {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem mcast");
        let (from, seq, own_seq) = (reader.read()?, reader.read()?, reader.read()?);
        let (ring, node, guarantee) = (reader.read()?, reader.read()?, reader.read()?);
        Ok(Self { from, seq, own_seq, ring, node, guarantee, contents: reader.rest().to_vec() })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        for number in [self.from, self.seq, self.own_seq] {
            writer.put(&number);
        }
        writer.put(&self.ring);
        writer.put(&self.node);
        writer.put(&self.guarantee);
        writer.out.extend(&self.contents);
    }
}
