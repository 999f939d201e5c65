//! What a packet of the transport is: the first byte of BTH (IBA 9.2.1, table 35).

use crate::octets::{Field, Malformed, Reader, Writer};

/// The kind of connection: bits 7:5.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// `0`: reliable connection.
    Rc,
    /// `1`: unreliable connection.
    Uc,
    /// `2`: reliable datagram.
    Rd,
    /// `3`: unreliable datagram.
    Ud,
    /// `4`: of which RoCE v2 uses one, the congestion notification (annex A17).
    Cnp,
    /// `5`: extended reliable connection (annex A14).
    Xrc,
    /// Any other one.
    Unknown(u8),
}

/// What is done: bits 4:0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Operation {
    SendFirst,
    SendMiddle,
    SendLast,
    SendLastImmediate,
    SendOnly,
    SendOnlyImmediate,
    WriteFirst,
    WriteMiddle,
    WriteLast,
    WriteLastImmediate,
    WriteOnly,
    WriteOnlyImmediate,
    ReadRequest,
    ReadResponseFirst,
    ReadResponseMiddle,
    ReadResponseLast,
    ReadResponseOnly,
    Acknowledge,
    AtomicAcknowledge,
    CompareSwap,
    FetchAdd,
    Resync,
    SendLastInvalidate,
    SendOnlyInvalidate,
    /// Any other one.
    Unknown(u8),
}

/// In the order of their numbers.
const OPERATIONS: [(Operation, &str); 24] = [
    (Operation::SendFirst, "Send First"),
    (Operation::SendMiddle, "Send Middle"),
    (Operation::SendLast, "Send Last"),
    (Operation::SendLastImmediate, "Send Last with Immediate"),
    (Operation::SendOnly, "Send Only"),
    (Operation::SendOnlyImmediate, "Send Only with Immediate"),
    (Operation::WriteFirst, "RDMA Write First"),
    (Operation::WriteMiddle, "RDMA Write Middle"),
    (Operation::WriteLast, "RDMA Write Last"),
    (Operation::WriteLastImmediate, "RDMA Write Last with Immediate"),
    (Operation::WriteOnly, "RDMA Write Only"),
    (Operation::WriteOnlyImmediate, "RDMA Write Only with Immediate"),
    (Operation::ReadRequest, "RDMA Read Request"),
    (Operation::ReadResponseFirst, "RDMA Read Response First"),
    (Operation::ReadResponseMiddle, "RDMA Read Response Middle"),
    (Operation::ReadResponseLast, "RDMA Read Response Last"),
    (Operation::ReadResponseOnly, "RDMA Read Response Only"),
    (Operation::Acknowledge, "Acknowledge"),
    (Operation::AtomicAcknowledge, "Atomic Acknowledge"),
    (Operation::CompareSwap, "Compare Swap"),
    (Operation::FetchAdd, "Fetch Add"),
    (Operation::Resync, "Resync"),
    (Operation::SendLastInvalidate, "Send Last with Invalidate"),
    (Operation::SendOnlyInvalidate, "Send Only with Invalidate"),
];

/// In the order of their numbers.
const SERVICES: [(Service, &str); 6] = [
    (Service::Rc, "RC"),
    (Service::Uc, "UC"),
    (Service::Rd, "RD"),
    (Service::Ud, "UD"),
    (Service::Cnp, "CNP"),
    (Service::Xrc, "XRC"),
];

/// The byte as a value.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Opcode {
    /// The kind of connection.
    pub service: Service,
    /// What is done.
    pub operation: Operation,
}

impl Opcode {
    /// Congestion notification of RoCE v2 (annex A17, 17.9.3).
    pub const CNP: u8 = 0x81;

    /// Whether the responder says it: acknowledges and what was read.
    #[must_use]
    pub fn is_response(self) -> bool {
        self.is_read_response()
            || matches!(self.operation, Operation::Acknowledge | Operation::AtomicAcknowledge)
    }

    /// Whether it carries what was read.
    #[must_use]
    pub fn is_read_response(self) -> bool {
        matches!(
            self.operation,
            Operation::ReadResponseFirst
                | Operation::ReadResponseMiddle
                | Operation::ReadResponseLast
                | Operation::ReadResponseOnly
        )
    }
}

impl From<u8> for Opcode {
    fn from(byte: u8) -> Self {
        let (service, operation) = (byte >> 5, byte & 0x1f);
        Self {
            service: SERVICES.get(usize::from(service)).map_or(Service::Unknown(service), |(it, _)| *it),
            operation: OPERATIONS
                .get(usize::from(operation))
                .map_or(Operation::Unknown(operation), |(it, _)| *it),
        }
    }
}

/// Values beyond the bits that they have are cut.
impl From<Opcode> for u8 {
    fn from(opcode: Opcode) -> Self {
        let known =
            |place: Option<usize>| place.and_then(|place| Self::try_from(place).ok()).unwrap_or_default();
        let service = match opcode.service {
            Service::Unknown(service) => service & 7,
            known_one => known(SERVICES.iter().position(|(it, _)| *it == known_one)),
        };
        let operation = match opcode.operation {
            Operation::Unknown(operation) => operation & 0x1f,
            known_one => known(OPERATIONS.iter().position(|(it, _)| *it == known_one)),
        };
        service << 5 | operation
    }
}

/// As `RC Send Only`.
impl std::fmt::Display for Opcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if u8::from(*self) == Self::CNP {
            return f.write_str("CNP");
        }
        match SERVICES.iter().find(|(it, _)| *it == self.service) {
            Some((_, name)) => write!(f, "{name} ")?,
            None => write!(f, "service {} ", u8::from(*self) >> 5)?,
        }
        match OPERATIONS.iter().find(|(it, _)| *it == self.operation) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "operation {:#04x}", u8::from(*self) & 0x1f),
        }
    }
}

impl Field for Opcode {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.read::<u8>().map(Self::from)
    }
    fn write(&self, writer: &mut Writer) {
        writer.put(&u8::from(*self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        for byte in 0..=u8::MAX {
            assert_eq!(u8::from(Opcode::from(byte)), byte);
        }
    }

    #[test]
    fn names_are_those_of_the_field() {
        for (byte, name) in [
            (4, "RC Send Only"),
            (17, "RC Acknowledge"),
            (100, "UD Send Only"),
            (0x81, "CNP"),
            (0x1f, "RC operation 0x1f"),
            (0xe4, "service 7 Send Only"),
        ] {
            assert_eq!(Opcode::from(byte).to_string(), name);
        }
    }
}
