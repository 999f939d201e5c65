//! One packet of knet, in the clear (`struct knet_header` of libknet 1.x, on-wire version 1).

use super::{Malformed, Order};
use crate::octets::{Field, Reader, Writer, named, row};

/// The only on-wire version there is.
pub const VERSION: u8 = 1;
/// Bytes of the header that all packets have.
pub const HEADER: usize = 6;
/// Bytes of a ping and of a pong.
pub const PING: usize = 26;

named! {
    /// What a packet is.
    pub enum Kind: u8 {
        Data = 0x00 "data",
        HostInfo = 0x01 "host info",
        Ping = 0x81 "ping",
        Pong = 0x82 "pong",
        Pmtud = 0x83 "pmtud",
        PmtudReply = 0x84 "pmtud reply",
    }
}

row! {
    /// What stands before the message.
    pub struct DataHeader {
        /// Counts the messages of a sender; all fragments of one have the same.
        pub seq: u16,
        /// The method of compression; 0: none.
        pub compress: u8,
        /// 0.
        pub pad: u8,
        /// 1: for all nodes.
        pub bcast: u8,
        /// How many fragments the message has.
        pub fragments: u8,
        /// Which of them this is, from 1; 0 if there is just one.
        pub fragment: u8,
        /// The channel; corosync uses 0.
        pub channel: u8,
    }
}

row! {
    /// What a ping asks, and a pong gives back.
    pub struct Ping {
        /// The link, from 0.
        pub link: u8,
        /// The sender's clock, as its memory has it: only it can read it.
        pub time: [u8; 16],
        /// The sender's count of messages.
        pub seq: u16,
        /// 1: sent by the clock; 0: in between.
        pub timed: u8,
    }
}

row! {
    /// A probe of how long packets may be.
    pub struct Pmtud {
        /// The link, from 0.
        pub link: u8,
        /// The length of the probe with all headers, as the sender's memory has it.
        pub size: [u8; 2],
    }
}

impl Pmtud {
    /// The length that is tried; nearly all machines have the least significant byte first.
    #[must_use]
    pub fn bytes(&self) -> u16 {
        u16::from_le_bytes(self.size)
    }
}

/// What follows the header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// A message or a part of one.
    Data(DataHeader, Vec<u8>),
    /// Knet's own word about a link or host; of the same shape.
    HostInfo(DataHeader, Vec<u8>),
    /// With what follows it: an authentication code, if packets are signed and not encrypted.
    Ping(Ping, Vec<u8>),
    /// The answer; as for a ping.
    Pong(Ping, Vec<u8>),
    /// With what fills it up.
    Pmtud(Pmtud, Vec<u8>),
    /// The answer.
    PmtudReply(Pmtud, Vec<u8>),
    /// Another kind.
    Unknown(u8, Vec<u8>),
}

/// A packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Knet {
    /// Who sent it.
    pub node: u16,
    /// The newest version that it speaks; 0 in libknet before 1.22.
    pub max_version: u8,
    /// 0.
    pub pad: u8,
    /// What it says.
    pub body: Body,
}

impl Knet {
    /// Whether these bytes can hardly be anything else. What is encrypted looks like nothing.
    #[must_use]
    pub fn is_spoken(bytes: &[u8]) -> bool {
        let Ok(knet) = Self::parse(bytes) else { return false };
        let known = match &knet.body {
            Body::Data(data, _) => {
                let whole = data.fragments >= 1 && data.fragment <= data.fragments && data.pad == 0;
                let begins = || knet.message().is_none_or(|message| super::totem::order(message).is_some());
                whole && data.bcast <= 1 && begins()
            }
            Body::HostInfo(data, _) => data.pad == 0 && data.bcast <= 1,
            Body::Ping(ping, rest) | Body::Pong(ping, rest) => {
                ping.timed <= 1 && u16::from(ping.link) < super::LINKS_MAX && rest.len() <= 64
            }
            Body::Pmtud(pmtud, _) | Body::PmtudReply(pmtud, _) => u16::from(pmtud.link) < super::LINKS_MAX,
            Body::Unknown(..) => false,
        };
        known && knet.node != 0 && knet.max_version < 16 && knet.pad == 0
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// It is of another version, or cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("knet header", Order::Big, bytes);
        if reader.read::<u8>()? != VERSION {
            return Err(Malformed::Not { what: "knet header", why: "the version is not 1" });
        }
        let kind: Kind = reader.read()?;
        let (node, max_version, pad) = (reader.read()?, reader.read()?, reader.read()?);
        let body = match kind {
            Kind::Data => {
                reader.now("knet data");
                Body::Data(reader.read()?, reader.rest().to_vec())
            }
            Kind::HostInfo => {
                reader.now("knet host info");
                Body::HostInfo(reader.read()?, reader.rest().to_vec())
            }
            Kind::Ping => {
                reader.now("knet ping");
                Body::Ping(reader.read()?, reader.rest().to_vec())
            }
            Kind::Pong => {
                reader.now("knet pong");
                Body::Pong(reader.read()?, reader.rest().to_vec())
            }
            Kind::Pmtud => {
                reader.now("knet pmtud");
                Body::Pmtud(reader.read()?, reader.rest().to_vec())
            }
            Kind::PmtudReply => {
                reader.now("knet pmtud reply");
                Body::PmtudReply(reader.read()?, reader.rest().to_vec())
            }
            Kind::Unknown(kind) => Body::Unknown(kind, reader.rest().to_vec()),
        };
        Ok(Self { node, max_version, pad, body })
    }

    /// The message in it, if it is the first part of one that is not compressed. Some versions of libknet put a checksum
    /// before it.
    #[must_use]
    pub fn message(&self) -> Option<&[u8]> {
        const CHECKSUM: usize = 4;
        let Body::Data(header, contents) = &self.body else { return None };
        if header.fragment > 1 || header.compress != 0 {
            return None;
        }
        let behind = contents.get(CHECKSUM..).unwrap_or_default();
        let is_behind = super::totem::order(contents).is_none() && super::totem::order(behind).is_some();
        Some(if is_behind { behind } else { contents })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Data(..) => Kind::Data,
            Body::HostInfo(..) => Kind::HostInfo,
            Body::Ping(..) => Kind::Ping,
            Body::Pong(..) => Kind::Pong,
            Body::Pmtud(..) => Kind::Pmtud,
            Body::PmtudReply(..) => Kind::PmtudReply,
            Body::Unknown(kind, _) => Kind::Unknown(*kind),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(&VERSION);
        writer.put(&self.kind());
        writer.put(&self.node);
        writer.put(&self.max_version);
        writer.put(&self.pad);
        let rest = match &self.body {
            Body::Data(data, rest) | Body::HostInfo(data, rest) => write(&mut writer, data, rest),
            Body::Ping(ping, rest) | Body::Pong(ping, rest) => write(&mut writer, ping, rest),
            Body::Pmtud(pmtud, rest) | Body::PmtudReply(pmtud, rest) => write(&mut writer, pmtud, rest),
            Body::Unknown(_, rest) => rest,
        };
        writer.out.extend(rest);
        writer.out
    }
}

fn write<'a>(writer: &mut Writer, header: &impl Field, rest: &'a Vec<u8>) -> &'a Vec<u8> {
    writer.put(header);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::unhex;

    #[test]
    fn a_ping_of_libknet_is_read_and_written() {
        let bytes = unhex("01810002000000ac0f000000000000166bcf0d00000000000001").unwrap();
        let knet = Knet::parse(&bytes).unwrap();
        assert_eq!((knet.node, knet.kind()), (2, Kind::Ping));
        let Body::Ping(ping, rest) = &knet.body else { panic!("{knet:?}") };
        assert_eq!((ping.link, ping.seq, ping.timed, rest.len()), (0, 0, 1, 0));
        assert_eq!(knet.emit(), bytes);
        assert!(Knet::is_spoken(&bytes));
    }

    #[test]
    fn a_checksum_before_the_message_is_passed_over() {
        let plain = unhex("0100000100000007000000010000").unwrap();
        let message = unhex("70c0030900").unwrap();
        let with = [&plain[..], &[1, 2, 3, 4], &message].concat();
        for bytes in [[&plain[..], &message].concat(), with] {
            assert!(Knet::is_spoken(&bytes));
            assert_eq!(Knet::parse(&bytes).unwrap().message(), Some(&message[..]));
        }
        assert!(!Knet::is_spoken(&[&plain[..], b"something else"].concat()));
    }

    #[test]
    fn what_is_cut_says_what_is_missing() {
        let words = |bytes: &[u8]| Knet::parse(bytes).unwrap_err().to_string();
        assert_eq!(words(&[1, 0x81, 0]), "knet header: 4 bytes are needed, 3 are there");
        assert_eq!(words(&[1, 0, 0, 1, 0, 0, 0]), "knet data: 8 bytes are needed, 7 are there");
        assert_eq!(words(&[2, 0]), "knet header: the version is not 1");
    }
}
