//! A packet of the fabric (IBA 5.2): local and global route headers, what follows them, VCRC.

use super::{Malformed, Transport, U24};
use crate::octets::{Field, Order, Reader, Writer, row};

/// Bytes of the global route header.
pub const GRH: usize = 40;

row! {
    /// Local route header, 8 bytes (IBA 7.7).
    pub struct Lrh {
        /// Virtual lane (bits 7:4), version (bits 3:0).
        pub lane: u8,
        /// Service level (bits 7:4), what follows (bits 1:0).
        pub level: u8,
        /// The port that it is for.
        pub dlid: u16,
        /// Words of four bytes from here to the ICRC (bits 10:0).
        pub length: u16,
        /// The port that sent it.
        pub slid: u16,
    }
}

impl Lrh {
    /// The length from the header's first byte to the ICRC's last, as it says.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::from(self.length & 0x7ff) * 4
    }

    /// What follows: 0 raw, 1 IPv6, 2 BTH, 3 GRH and BTH.
    #[must_use]
    pub fn next(&self) -> u8 {
        self.level & 3
    }
}

row! {
    /// Global route header, 40 bytes (IBA 8.3).
    pub struct Grh {
        /// Version (bits 31:28, 6), traffic class, flow label.
        pub first: u32,
        /// Bytes that follow it, up to the ICRC.
        pub length: u16,
        /// What follows; 0x1b is BTH.
        pub next: u8,
        /// How many routers it may pass.
        pub hops: u8,
        /// Who sent it.
        pub sgid: [u8; 16],
        /// Who it is for.
        pub dgid: [u8; 16],
    }
}

impl Grh {
    /// Reads the 40 bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Reader::new("GRH", Order::Big, bytes).read()
    }

    /// The 40 bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(self);
        writer.out
    }
}

/// What follows the local route header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// InfiniBand's own transport.
    Transport(Option<Grh>, Box<Transport>),
    /// A raw packet, of an EtherType or IPv6; it is not read.
    Raw(Vec<u8>),
}

/// A packet as it stands on the link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    /// From which port to which.
    pub lrh: Lrh,
    /// What it carries.
    pub body: Body,
    /// The VCRC, and whatever a capture has behind it.
    pub trailer: Vec<u8>,
}

impl Packet {
    /// Reads what was captured of a packet.
    ///
    /// # Errors
    /// It ends within its headers.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("LRH", Order::Big, bytes);
        let lrh: Lrh = reader.read()?;
        let whole = lrh.bytes() <= bytes.len();
        let (inside, trailer) = bytes.split_at_checked(lrh.bytes()).unwrap_or((bytes, &[]));
        // A length that is shorter than the header itself would leave bytes out of both.
        let Some(inside) = inside.get(8..) else {
            return Err(Malformed::Not { what: "LRH", why: "its length is less than its own" });
        };
        let body = match lrh.next() {
            2 => Body::Transport(None, Box::new(Transport::parse(inside, whole)?)),
            3 => {
                let grh = Grh::parse(inside)?;
                let transport = Transport::parse(inside.get(GRH..).unwrap_or_default(), whole)?;
                Body::Transport(Some(grh), Box::new(transport))
            }
            _ => Body::Raw(inside.to_vec()),
        };
        Ok(Self { lrh, body, trailer: trailer.to_vec() })
    }

    /// How many bytes were not captured, up to the ICRC.
    #[must_use]
    pub fn missing(&self, captured: usize) -> usize {
        self.lrh.bytes().saturating_sub(captured)
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(&self.lrh);
        match &self.body {
            Body::Transport(grh, transport) => {
                if let Some(grh) = grh {
                    grh.write(&mut writer);
                }
                writer.out.extend(transport.emit());
            }
            Body::Raw(bytes) => writer.out.extend(bytes),
        }
        writer.out.extend(&self.trailer);
        writer.out
    }

    /// The queue pair that it is for.
    #[must_use]
    pub fn destination(&self) -> Option<U24> {
        match &self.body {
            Body::Transport(_, transport) => Some(transport.bth.destination),
            Body::Raw(_) => None,
        }
    }
}
