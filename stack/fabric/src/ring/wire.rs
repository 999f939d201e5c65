//! The packets of the ring. Numbers are little endian; every packet begins with its kind.

use crate::transport::NodeId;

use super::RingId;

/// What a message's packet has beside its part of the message, in bytes.
pub const OVERHEAD: usize = 1 + RING + 8 + 2 + 8 + 8 + 4 + 1;
/// Bytes of a ring's number.
const RING: usize = 8 + 2;
/// Nobody's number.
const NOBODY: u16 = u16::MAX;

/// A packet that cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no packet of the ring: it ends or goes wrong at byte {at} of {of}")]
pub struct Malformed {
    /// Where.
    pub at: usize,
    /// Its length.
    pub of: usize,
}

/// A packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Packet {
    /// Part of a message.
    Data(Data),
    /// The right to send.
    Token(Token),
    /// Somebody looks for a ring.
    Join(Join),
    /// A new ring is being made.
    Commit(Commit),
    /// A ring makes itself known.
    Merge {
        /// Which.
        ring: RingId,
        /// Who says so.
        from: NodeId,
    },
}

/// Part of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Data {
    /// The ring that orders it.
    pub ring: RingId,
    /// Its place in the order, from 1.
    pub seq: u64,
    /// Who sent it.
    pub from: NodeId,
    /// The message's number by its sender's count, from 1.
    pub number: u64,
    /// When the message was to be sent, by the sender's clock.
    pub born: u64,
    /// Which part, from 0.
    pub part: u32,
    /// Whether it is the last.
    pub is_last: bool,
    /// What it says.
    pub payload: Vec<u8>,
}

/// The right to send.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Token {
    /// Of which ring.
    pub ring: RingId,
    /// How often it was handed on.
    pub hop: u64,
    /// The last place that was given away.
    pub seq: u64,
    /// All have received everything up to here.
    pub aru: u64,
    /// Who holds `aru` down.
    pub aru_by: Option<NodeId>,
    /// Packets sent in the last rotation.
    pub sent: u32,
    /// In recovery: how many nodes in a row had all they need. `None`: the ring is in operation.
    pub complete: Option<u32>,
    /// Places that somebody is missing; in recovery those of the ring before.
    pub wanted: Vec<Wanted>,
}

/// A packet that somebody is missing.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Wanted {
    /// Of which ring.
    pub ring: RingId,
    /// Which place.
    pub seq: u64,
}

/// Somebody looks for a ring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Join {
    /// Who.
    pub from: NodeId,
    /// The highest ring it has known.
    pub seq: u64,
    /// Whom it knows of.
    pub known: Vec<NodeId>,
    /// Who of them has failed.
    pub failed: Vec<NodeId>,
}

/// A new ring is being made: it goes round twice, first to be filled in, then to be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// Its number.
    pub ring: RingId,
    /// Which time it goes round: 1 or 2.
    pub pass: u8,
    /// The members, in the order of the ring.
    pub members: Vec<Entry>,
}

/// What a member brings along from the ring before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Who.
    pub node: NodeId,
    /// The ring in which it was.
    pub ring: RingId,
    /// It has everything up to here.
    pub aru: u64,
    /// Which of the places behind it has, the first in the lowest bit of the first word.
    pub held: [u64; HELD],
}

/// Words of [`Entry::held`].
pub(super) const HELD: usize = 8;
/// Places of [`Entry::held`]: no more are given away before all have what was given before.
pub(super) const SPAN: u64 = 64 * HELD as u64;

impl Packet {
    /// As it goes over the wire.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(128));
        match self {
            Self::Data(data) => {
                out.0.reserve(data.payload.len());
                out.byte(1).ring(data.ring).long(data.seq).node(data.from);
                out.long(data.number).long(data.born).word(data.part).byte(u8::from(data.is_last));
                out.0.extend_from_slice(&data.payload);
            }
            Self::Token(token) => {
                out.byte(2).ring(token.ring).long(token.hop).long(token.seq).long(token.aru);
                out.short(token.aru_by.map_or(NOBODY, short)).word(token.sent);
                out.byte(u8::from(token.complete.is_some())).word(token.complete.unwrap_or_default());
                out.count(token.wanted.len());
                for wanted in &token.wanted {
                    out.ring(wanted.ring).long(wanted.seq);
                }
            }
            Self::Join(join) => {
                out.byte(3).node(join.from).long(join.seq).nodes(&join.known).nodes(&join.failed);
            }
            Self::Commit(commit) => {
                out.byte(4).ring(commit.ring).byte(commit.pass).count(commit.members.len());
                for member in &commit.members {
                    out.node(member.node).ring(member.ring).long(member.aru);
                    member.held.iter().for_each(|word| {
                        out.long(*word);
                    });
                }
            }
            Self::Merge { ring, from } => {
                out.byte(5).ring(*ring).node(*from);
            }
        }
        out.0
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// It is none, or there is more or less of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { bytes, at: 0 };
        let packet = match reader.byte()? {
            1 => Self::Data(Data {
                ring: reader.ring()?,
                seq: reader.long()?,
                from: reader.node()?,
                number: reader.long()?,
                born: reader.long()?,
                part: reader.word()?,
                is_last: reader.flag()?,
                payload: reader.rest(),
            }),
            2 => {
                let (ring, hop, seq, aru) = (reader.ring()?, reader.long()?, reader.long()?, reader.long()?);
                let aru_by = Some(reader.short()?).filter(|node| *node != NOBODY).map(usize::from);
                let (sent, is_recovery, complete) = (reader.word()?, reader.flag()?, reader.word()?);
                let complete = is_recovery.then_some(complete);
                let wanted =
                    reader.list(|reader| Ok(Wanted { ring: reader.ring()?, seq: reader.long()? }))?;
                Self::Token(Token { ring, hop, seq, aru, aru_by, sent, complete, wanted })
            }
            3 => Self::Join(Join {
                from: reader.node()?,
                seq: reader.long()?,
                known: reader.list(Reader::node)?,
                failed: reader.list(Reader::node)?,
            }),
            4 => Self::Commit(Commit {
                ring: reader.ring()?,
                pass: reader.byte()?,
                members: reader.list(Reader::entry)?,
            }),
            5 => Self::Merge { ring: reader.ring()?, from: reader.node()? },
            _ => return Err(reader.malformed(0)),
        };
        if reader.at == bytes.len() { Ok(packet) } else { Err(reader.malformed(reader.at)) }
    }
}

/// Nodes are numbered by 16 bits on the wire; more do not fit into a ring by far.
fn short(node: NodeId) -> u16 {
    u16::try_from(node).unwrap_or(NOBODY)
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn short(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn word(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn long(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn node(&mut self, node: NodeId) -> &mut Self {
        self.short(short(node))
    }

    fn ring(&mut self, ring: RingId) -> &mut Self {
        self.long(ring.seq).node(ring.by)
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.short(u16::try_from(count).unwrap_or(u16::MAX))
    }

    fn nodes(&mut self, nodes: &[NodeId]) -> &mut Self {
        self.count(nodes.len());
        nodes.iter().for_each(|node| {
            self.node(*node);
        });
        self
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn malformed(&self, at: usize) -> Malformed {
        Malformed { at, of: self.bytes.len() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (taken, _) = rest.split_first_chunk::<N>().ok_or_else(|| self.malformed(self.bytes.len()))?;
        self.at += N;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed(self.at - 1)),
        }
    }

    fn short(&mut self) -> Result<u16, Malformed> {
        self.take().map(u16::from_le_bytes)
    }

    fn word(&mut self) -> Result<u32, Malformed> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, Malformed> {
        self.take().map(u64::from_le_bytes)
    }

    fn node(&mut self) -> Result<NodeId, Malformed> {
        self.short().map(NodeId::from)
    }

    fn ring(&mut self) -> Result<RingId, Malformed> {
        Ok(RingId { seq: self.long()?, by: self.node()? })
    }

    fn entry(&mut self) -> Result<Entry, Malformed> {
        let (node, ring, aru) = (self.node()?, self.ring()?, self.long()?);
        let mut held = [0; HELD];
        for word in &mut held {
            *word = self.long()?;
        }
        Ok(Entry { node, ring, aru, held })
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let count = self.short()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn rest(&mut self) -> Vec<u8> {
        let rest = self.bytes.get(self.at..).unwrap_or_default().to_vec();
        self.at = self.bytes.len();
        rest
    }
}
