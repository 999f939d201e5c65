//! How a membership comes about: join (`struct memb_join`) and merge detect (`struct memb_merge_detect`).

use super::RingId;
use crate::corosync::Malformed;
use crate::octets::{Field, Reader, Writer};

/// A node says whom it hears and whom it has given up; when all say the same, a ring is made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Join {
    /// Who says so.
    pub from: u32,
    /// Whom it hears.
    pub members: Vec<u32>,
    /// Whom it has given up.
    pub failed: Vec<u32>,
    /// The highest number of a ring that it knows.
    pub ring_seq: u64,
    /// What follows.
    pub rest: Vec<u8>,
}

impl Join {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem join");
        let from = reader.read()?;
        let (members, failed): (u32, u32) = (reader.read()?, reader.read()?);
        let ring_seq = reader.read()?;
        let (members, failed) = (reader.list(members, 4)?, reader.list(failed, 4)?);
        Ok(Self { from, members, failed, ring_seq, rest: reader.rest().to_vec() })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.put(&self.from);
        for list in [&self.members, &self.failed] {
            writer.put(&u32::try_from(list.len()).unwrap_or(u32::MAX));
        }
        writer.put(&self.ring_seq);
        self.members.iter().chain(&self.failed).for_each(|node| node.write(writer));
        writer.out.extend(&self.rest);
    }
}

/// A ring makes itself known, so that rings that hear each other merge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MergeDetect {
    /// Who says so.
    pub from: u32,
    /// Its ring.
    pub ring: RingId,
    /// What follows.
    pub rest: Vec<u8>,
}

impl MergeDetect {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem merge detect");
        Ok(Self { from: reader.read()?, ring: reader.read()?, rest: reader.rest().to_vec() })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.put(&self.from);
        writer.put(&self.ring);
        writer.out.extend(&self.rest);
    }
}
