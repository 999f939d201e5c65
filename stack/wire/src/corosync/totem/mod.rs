//! One message of totem, the ring of corosync 3 (`exec/totemsrp.c`, version 3 of `struct totem_message_header`).
//!
//! | module | holds |
//! | --- | --- |
//! | [`token`] | the token that goes around, and the commit token that makes a ring |
//! | [`membership`] | join and merge detect |
//! | [`mcast`] | what is told to all |

pub mod mcast;
pub mod membership;
pub mod token;

use super::{Malformed, Order};
use crate::octets::{Reader, Writer, named, row};
pub use mcast::Mcast;
pub use membership::{Join, MergeDetect};
pub use token::{CommitToken, HoldCancel, Token};

/// The first two bytes of each message, in the sender's order of bytes: it tells that order (`TOTEM_MH_MAGIC`).
pub const MAGIC: u16 = 0xc070;
/// The only version there is (`TOTEM_MH_VERSION`).
pub const VERSION: u8 = 3;
/// Bytes of the header.
pub const HEADER: usize = 13;

named! {
    /// What a message is (`enum message_type`).
    pub enum Kind: u8 {
        Token = 0 "token",
        Mcast = 1 "mcast",
        MergeDetect = 2 "merge detect",
        Join = 3 "join",
        CommitToken = 4 "commit token",
        HoldCancel = 5 "hold cancel",
    }
}

row! {
    /// A ring: the membership that its representative formed (`struct memb_ring_id`).
    pub struct RingId {
        /// The node that formed it.
        pub rep: u32,
        /// Grows with each ring.
        pub seq: u64,
    }
}

/// As corosync writes it: both numbers in hexadecimal.
impl std::fmt::Display for RingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{:x}", self.rep, self.seq)
    }
}

/// What a message says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// The token.
    Token(Token),
    /// A message to all.
    Mcast(Mcast),
    /// A ring makes itself known to others.
    MergeDetect(MergeDetect),
    /// A node asks for a new membership.
    Join(Join),
    /// The token that makes a new ring.
    CommitToken(CommitToken),
    /// Who holds the token shall pass it on.
    HoldCancel(HoldCancel),
    /// Another kind, or another version, of which the layout is not known.
    Unknown(u8, Vec<u8>),
}

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Totem {
    /// The sender's order of bytes.
    pub order: Order,
    /// [`VERSION`].
    pub version: u8,
    /// For an mcast: 1 if it wraps one of an older ring, 2 if not.
    pub encapsulated: u8,
    /// The node that made it. An mcast that another node sends again keeps it.
    pub node: u32,
    /// The node that it is for; 0 where it is for all. With the transports `udp` and `udpu` it is not set: anything may stand
    /// in a token.
    pub target: u32,
    /// What it says.
    pub body: Body,
}

/// The order of bytes, if they begin with the magic number.
#[must_use]
pub fn order(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0x70, 0xc0, ..] => Some(Order::Little),
        [0xc0, 0x70, ..] => Some(Order::Big),
        _ => None,
    }
}

impl Totem {
    /// Reads a message.
    ///
    /// # Errors
    /// It does not begin with the magic number, or is cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "totem header";
        let why = "it does not begin with the magic number 0xc070";
        let order = order(bytes).ok_or(Malformed::Not { what: WHAT, why })?;
        let mut reader = Reader::new(WHAT, order, bytes);
        let _: u16 = reader.read()?;
        let (version, kind): (u8, u8) = (reader.read()?, reader.read()?);
        let (encapsulated, node, target) = (reader.read()?, reader.read()?, reader.read()?);
        let body = if version == VERSION {
            Body::read(Kind::from(kind), &mut reader)?
        } else {
            Body::Unknown(kind, reader.rest().to_vec())
        };
        Ok(Self { order, version, encapsulated, node, target, body })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Token(_) => Kind::Token,
            Body::Mcast(_) => Kind::Mcast,
            Body::MergeDetect(_) => Kind::MergeDetect,
            Body::Join(_) => Kind::Join,
            Body::CommitToken(_) => Kind::CommitToken,
            Body::HoldCancel(_) => Kind::HoldCancel,
            Body::Unknown(kind, _) => Kind::Unknown(*kind),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(self.order);
        writer.put(&MAGIC);
        writer.put(&self.version);
        writer.put(&self.kind());
        writer.put(&self.encapsulated);
        writer.put(&self.node);
        writer.put(&self.target);
        match &self.body {
            Body::Token(token) => token.write(&mut writer),
            Body::Mcast(mcast) => mcast.write(&mut writer),
            Body::MergeDetect(merge) => merge.write(&mut writer),
            Body::Join(join) => join.write(&mut writer),
            Body::CommitToken(commit) => commit.write(&mut writer),
            Body::HoldCancel(cancel) => cancel.write(&mut writer),
            Body::Unknown(_, rest) => writer.out.extend(rest),
        }
        writer.out
    }
}

impl Body {
    fn read(kind: Kind, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            Kind::Token => Self::Token(Token::read(reader)?),
            Kind::Mcast => Self::Mcast(Mcast::read(reader)?),
            Kind::MergeDetect => Self::MergeDetect(MergeDetect::read(reader)?),
            Kind::Join => Self::Join(Join::read(reader)?),
            Kind::CommitToken => Self::CommitToken(CommitToken::read(reader)?),
            Kind::HoldCancel => Self::HoldCancel(HoldCancel::read(reader)?),
            Kind::Unknown(kind) => Self::Unknown(kind, reader.rest().to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::unhex;

    const JOIN: &str = "70c0030300010000000000000001000000020000000000000005000000000000000100000002000000";

    #[test]
    fn a_join_of_corosync_is_read_and_written() {
        let bytes = unhex(JOIN).unwrap();
        let totem = Totem::parse(&bytes).unwrap();
        assert_eq!((totem.order, totem.node, totem.kind()), (Order::Little, 1, Kind::Join));
        let Body::Join(join) = &totem.body else { panic!("{totem:?}") };
        assert_eq!((&join.members[..], &join.failed[..], join.ring_seq), (&[1, 2][..], &[][..], 5));
        assert_eq!(totem.emit(), bytes);
    }

    #[test]
    fn the_magic_number_tells_the_order_of_bytes() {
        let little = Totem::parse(&unhex(JOIN).unwrap()).unwrap();
        let big = Totem { order: Order::Big, ..little.clone() }.emit();
        assert_eq!(big[..2], [0xc0, 0x70]);
        assert_eq!(Totem::parse(&big).unwrap().body, little.body);
    }

    #[test]
    fn a_list_longer_than_the_message_is_told() {
        let mut bytes = unhex(JOIN).unwrap();
        bytes[17] = 200;
        let error = Totem::parse(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "totem join: 833 bytes are needed, 41 are there");
    }

    #[test]
    fn another_version_is_kept_whole() {
        let mut bytes = unhex(JOIN).unwrap();
        bytes[2] = 4;
        let totem = Totem::parse(&bytes).unwrap();
        assert!(matches!(totem.body, Body::Unknown(3, _)));
        assert_eq!(totem.emit(), bytes);
    }
}
