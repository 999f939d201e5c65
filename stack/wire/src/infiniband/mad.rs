//! Management datagrams: the header that all have (IBA 13.4.2).

use super::Malformed;
use crate::octets::{Order, Reader, Writer, named, row};

/// Bytes of the header.
pub const HEADER: usize = 24;
/// Bytes of a whole datagram.
pub const LENGTH: usize = 256;
/// The queue pairs of management: subnet management, and all the rest.
pub const QUEUE_PAIRS: [u32; 2] = [0, 1];

named! {
    /// Whose it is (IBA table 114).
    pub enum Class: u8 {
        Subnet = 0x01 "Subn",
        SubnetAdministration = 0x03 "SubnAdm",
        Performance = 0x04 "Perf",
        Baseboard = 0x05 "BM",
        Device = 0x06 "DevMgt",
        Communication = 0x07 "CM",
        Snmp = 0x08 "SNMP",
        SubnetDirected = 0x81 "Subn directed",
    }
}

named! {
    /// What is asked or answered (IBA tables 115, 192).
    pub enum Method: u8 {
        Get = 0x01 "Get",
        Set = 0x02 "Set",
        Send = 0x03 "Send",
        Trap = 0x05 "Trap",
        Report = 0x06 "Report",
        TrapRepress = 0x07 "TrapRepress",
        GetTable = 0x12 "GetTable",
        GetTrace = 0x13 "GetTraceTable",
        GetMulti = 0x14 "GetMulti",
        Delete = 0x15 "Delete",
        GetResp = 0x81 "GetResp",
        ReportResp = 0x86 "ReportResp",
        GetTableResp = 0x92 "GetTableResp",
        GetMultiResp = 0x94 "GetMultiResp",
        DeleteResp = 0x95 "DeleteResp",
    }
}

row! {
    /// The header.
    pub struct Header {
        /// 1.
        pub base_version: u8,
        /// Whose it is.
        pub class: Class,
        /// The version of the class.
        pub class_version: u8,
        /// What is asked or answered.
        pub method: Method,
        /// 0, or what is the matter; in directed routes its first bit tells the direction.
        pub status: u16,
        /// For the class.
        pub specific: u16,
        /// Ties an answer to what asked for it.
        pub transaction: u64,
        /// What it is about.
        pub attribute: u16,
        /// 0.
        pub reserved: u16,
        /// More about what.
        pub modifier: u32,
    }
}

/// A datagram.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mad {
    /// The header.
    pub header: Header,
    /// What follows, 232 bytes if it is whole.
    pub data: Vec<u8>,
}

impl Mad {
    /// Reads one, which may be cut after its header.
    ///
    /// # Errors
    /// It ends within the header.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("MAD header", Order::Big, bytes);
        Ok(Self { header: reader.read()?, data: reader.rest().to_vec() })
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(&self.header);
        writer.out.extend(&self.data);
        writer.out
    }
}

/// The name of an attribute of subnet management and administration (IBA tables 126, 187).
#[must_use]
pub fn attribute(class: Class, attribute: u16) -> Option<&'static str> {
    let name = match (class, attribute) {
        (_, 0x0001) => "ClassPortInfo",
        (_, 0x0002) => "Notice",
        (_, 0x0003) => "InformInfo",
        (Class::Subnet | Class::SubnetDirected, _) => match attribute {
            0x0010 => "NodeDescription",
            0x0011 => "NodeInfo",
            0x0012 => "SwitchInfo",
            0x0014 => "GUIDInfo",
            0x0015 => "PortInfo",
            0x0016 => "P_KeyTable",
            0x0017 => "SLtoVLMappingTable",
            0x0018 => "VLArbitrationTable",
            0x0019 => "LinearForwardingTable",
            0x001a => "RandomForwardingTable",
            0x001b => "MulticastForwardingTable",
            0x0020 => "SMInfo",
            _ => return None,
        },
        (Class::SubnetAdministration, _) => match attribute {
            0x0011 => "NodeRecord",
            0x0012 => "PortInfoRecord",
            0x0031 => "ServiceRecord",
            0x0035 => "PathRecord",
            0x0038 => "MCMemberRecord",
            0x0039 => "TraceRecord",
            0x003a => "MultiPathRecord",
            _ => return None,
        },
        (Class::Performance, 0x0012) => "PortCounters",
        _ => return None,
    };
    Some(name)
}
