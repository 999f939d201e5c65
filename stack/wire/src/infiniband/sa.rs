//! Subnet administration, as far as multicast groups need it (IBA 15.2.1.1, 15.2.5.17).

use super::Malformed;
use crate::octets::{Order, Reader, Writer, row};

/// The attribute of a member of a multicast group.
pub const MC_MEMBER_RECORD: u16 = 0x0038;

row! {
    /// What stands between a MAD's header and the record.
    pub struct Header {
        /// RMPP: version, type, flags and status, two words.
        pub rmpp: [u8; 12],
        /// The key that a subnet manager asks for; a secret.
        pub sm_key: u64,
        /// The distance between records, in units of eight bytes.
        pub offset: u16,
        /// 0.
        pub reserved: u16,
        /// Which fields of the record count.
        pub mask: u64,
    }
}

row! {
    /// A member of a multicast group.
    pub struct McMemberRecord {
        /// The group.
        pub mgid: [u8; 16],
        /// The port.
        pub port: [u8; 16],
        /// The key of the group's datagrams.
        pub q_key: u32,
        /// The group's local identifier.
        pub mlid: u16,
        /// Selector (bits 7:6) and code of the length of packets.
        pub mtu: u8,
        /// Traffic class.
        pub class: u8,
        /// The partition.
        pub p_key: u16,
        /// Selector and code of the rate.
        pub rate: u8,
        /// Selector and code of how long a packet lives.
        pub lifetime: u8,
        /// Service level, flow label, hop limit.
        pub level: u32,
        /// Scope (bits 7:4), and as what it joins: full (bit 0), non-member (1), send only (2).
        pub join: u8,
    }
}

/// The record of a MAD's data, with what stands before and behind it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership {
    /// Before.
    pub header: Header,
    /// The record.
    pub record: McMemberRecord,
    /// Behind.
    pub rest: Vec<u8>,
}

impl Membership {
    /// Reads the data of a MAD about [`MC_MEMBER_RECORD`].
    ///
    /// # Errors
    /// It is cut short.
    pub fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("SA header", Order::Big, data);
        let header = reader.read()?;
        reader.now("MCMemberRecord");
        Ok(Self { header, record: reader.read()?, rest: reader.rest().to_vec() })
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(&self.header);
        writer.put(&self.record);
        writer.out.extend(&self.rest);
        writer.out
    }
}
