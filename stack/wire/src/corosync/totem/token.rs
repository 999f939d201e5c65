//! The token (`struct orf_token`), its hold cancel, and the commit token (`struct memb_commit_token`).

use super::RingId;
use crate::corosync::Malformed;
use crate::octets::{Field, Reader, Writer, row};

row! {
    /// A message that somebody misses (`struct rtr_item`).
    pub struct Missed {
        /// Its ring.
        pub ring: RingId,
        /// Its number.
        pub seq: u32,
    }
}

/// Who has it may send; then the next one has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// The highest number that a message of this ring has.
    pub seq: u32,
    /// Grows with each pass; one that is sent again keeps it.
    pub token_seq: u32,
    /// All received up to and including this number.
    pub aru: u32,
    /// The node that lowered `aru`; 0: none, 0xffffffff on a new ring.
    pub aru_addr: u32,
    /// The ring.
    pub ring: RingId,
    /// Messages that wait to be sent, of all nodes.
    pub backlog: u32,
    /// Flow control: messages sent in the last round.
    pub fcc: u32,
    /// Not 0 while messages of older rings are sent again (recovery).
    pub retrans_flag: u32,
    /// What has to be sent again.
    pub missed: Vec<Missed>,
    /// What follows.
    pub rest: Vec<u8>,
}

impl Token {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem token");
        let (seq, token_seq, aru, aru_addr) =
            (reader.read()?, reader.read()?, reader.read()?, reader.read()?);
        let ring = reader.read()?;
        let (backlog, fcc, retrans_flag) = (reader.read()?, reader.read()?, reader.read()?);
        let count = reader.read()?;
        let missed = reader.list(count, 16)?;
        let rest = reader.rest().to_vec();
        Ok(Self { seq, token_seq, aru, aru_addr, ring, backlog, fcc, retrans_flag, missed, rest })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        for number in [self.seq, self.token_seq, self.aru, self.aru_addr] {
            writer.put(&number);
        }
        writer.put(&self.ring);
        for number in [self.backlog, self.fcc, self.retrans_flag] {
            writer.put(&number);
        }
        writer.put(&u32::try_from(self.missed.len()).unwrap_or(u32::MAX));
        for missed in &self.missed {
            writer.put(missed);
        }
        writer.out.extend(&self.rest);
    }
}

/// Who holds the token of an idle ring shall pass it on (`struct token_hold_cancel`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HoldCancel {
    /// The ring.
    pub ring: RingId,
    /// What follows.
    pub rest: Vec<u8>,
}

impl HoldCancel {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem hold cancel");
        Ok(Self { ring: reader.read()?, rest: reader.rest().to_vec() })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.put(&self.ring);
        writer.out.extend(&self.rest);
    }
}

row! {
    /// What a member tells of itself while a ring is made (`struct memb_commit_token_memb_entry`).
    pub struct Entry {
        /// The ring that it comes from.
        pub ring: RingId,
        /// All received up to and including this number there.
        pub aru: u32,
        /// The highest number delivered there.
        pub high_delivered: u32,
        /// Not 0 if it has everything.
        pub received: u32,
    }
}

/// Goes around twice, and the ring is made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitToken {
    /// Grows with each pass.
    pub token_seq: u32,
    /// The new ring.
    pub ring: RingId,
    /// Not 0 if there is something to recover.
    pub retrans_flag: u32,
    /// Which of the members has it, from 0.
    pub index: u32,
    /// The members, in the order of the ring.
    pub members: Vec<u32>,
    /// What they tell of themselves, one for each.
    pub entries: Vec<Entry>,
    /// What follows.
    pub rest: Vec<u8>,
}

impl CommitToken {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.now("totem commit token");
        let (token_seq, ring) = (reader.read()?, reader.read()?);
        let (retrans_flag, index, count) = (reader.read()?, reader.read()?, reader.read()?);
        let (members, entries) = (reader.list(count, 4)?, reader.list(count, 24)?);
        Ok(Self { token_seq, ring, retrans_flag, index, members, entries, rest: reader.rest().to_vec() })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.token_seq.write(writer);
        self.ring.write(writer);
        self.retrans_flag.write(writer);
        self.index.write(writer);
        writer.put(&u32::try_from(self.members.len()).unwrap_or(u32::MAX));
        self.members.iter().for_each(|member| member.write(writer));
        self.entries.iter().for_each(|entry| entry.write(writer));
        writer.out.extend(&self.rest);
    }
}
