//! BTH and what follows it: the headers that its opcode asks for, the payload, the ICRC (IBA 9.2 to 9.3, table 35).

use super::aeth::Aeth;
use super::{Malformed, Opcode, Operation, Service, U24};
use crate::octets::{Field, Order, Reader, Writer, row};

/// Bytes of the ICRC.
const ICRC: usize = 4;

row! {
    /// Base transport header, 12 bytes.
    pub struct Bth {
        /// What it is.
        pub opcode: Opcode,
        /// Solicited event (bit 7), migration (bit 6), pad count (bits 5:4), version (bits 3:0).
        pub flags: u8,
        /// The partition.
        pub p_key: u16,
        /// Congestion: FECN (bit 7) and BECN (bit 6).
        pub congestion: u8,
        /// The queue pair that it is for.
        pub destination: U24,
        /// Whether an acknowledge is asked for (bit 7).
        pub acknowledge: u8,
        /// The packet's sequence number.
        pub psn: U24,
    }
}

impl Bth {
    /// Bytes that fill the payload up to a multiple of four.
    #[must_use]
    pub fn pad(&self) -> usize {
        usize::from(self.flags >> 4 & 3)
    }

    /// Whether an acknowledge is asked for.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.acknowledge & 0x80 != 0
    }

    /// Whether a switch on the way was congested.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.congestion & 0x80 != 0
    }
}

row! {
    /// Datagram extended transport header.
    pub struct Deth {
        /// What the receiver must know to be spoken to.
        pub q_key: u32,
        /// 0.
        pub reserved: u8,
        /// The queue pair that sent it.
        pub source: U24,
    }
}

row! {
    /// RDMA extended transport header.
    pub struct Reth {
        /// The address.
        pub address: u64,
        /// The key of the memory.
        pub r_key: u32,
        /// The length of the whole message in bytes.
        pub length: u32,
    }
}

row! {
    /// Atomic extended transport header.
    pub struct AtomicEth {
        /// The address.
        pub address: u64,
        /// The key of the memory.
        pub r_key: u32,
        /// To swap in, or to add.
        pub swap: u64,
        /// To compare with.
        pub compare: u64,
    }
}

/// The headers between BTH and payload, each of which is there or not by the opcode.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Extended {
    /// RDETH: reserved byte and end-to-end context.
    pub rdeth: Option<u32>,
    /// DETH.
    pub deth: Option<Deth>,
    /// XRCETH: reserved byte and shared receive queue.
    pub xrceth: Option<u32>,
    /// RETH.
    pub reth: Option<Reth>,
    /// AtomicETH.
    pub atomic: Option<AtomicEth>,
    /// AETH.
    pub aeth: Option<Aeth>,
    /// AtomicAckETH: what stood there before.
    pub atomic_ack: Option<u64>,
    /// ImmDt: four bytes that are delivered with the message.
    pub immediate: Option<u32>,
    /// IETH: the key that is taken back.
    pub invalidate: Option<u32>,
}

impl Extended {
    fn read(opcode: Opcode, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        use Operation as O;
        if u8::from(opcode) == Opcode::CNP || matches!(opcode.service, Service::Unknown(_) | Service::Cnp) {
            return Ok(Self::default());
        }
        let (operation, response) = (opcode.operation, opcode.is_response());
        let rd = opcode.service == Service::Rd;
        let datagram = opcode.service == Service::Ud || rd && !response;
        let write = [O::WriteFirst, O::WriteOnly, O::WriteOnlyImmediate, O::ReadRequest].contains(&operation);
        let acknowledge = response && operation != O::ReadResponseMiddle;
        let immediate =
            [O::SendLastImmediate, O::SendOnlyImmediate, O::WriteLastImmediate, O::WriteOnlyImmediate];
        let invalidate = [O::SendLastInvalidate, O::SendOnlyInvalidate].contains(&operation);
        Ok(Self {
            rdeth: optional(rd, reader, "RDETH")?,
            deth: optional(datagram, reader, "DETH")?,
            xrceth: optional(opcode.service == Service::Xrc && !response, reader, "XRCETH")?,
            reth: optional(write, reader, "RETH")?,
            atomic: optional([O::CompareSwap, O::FetchAdd].contains(&operation), reader, "AtomicETH")?,
            aeth: optional(acknowledge, reader, "AETH")?,
            atomic_ack: optional(operation == O::AtomicAcknowledge, reader, "AtomicAckETH")?,
            immediate: optional(immediate.contains(&operation), reader, "ImmDt")?,
            invalidate: optional(invalidate, reader, "IETH")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        put(writer, self.rdeth.as_ref());
        put(writer, self.deth.as_ref());
        put(writer, self.xrceth.as_ref());
        put(writer, self.reth.as_ref());
        put(writer, self.atomic.as_ref());
        put(writer, self.aeth.as_ref());
        put(writer, self.atomic_ack.as_ref());
        put(writer, self.immediate.as_ref());
        put(writer, self.invalidate.as_ref());
    }
}

fn optional<T: Field>(
    there: bool,
    reader: &mut Reader<'_>,
    what: &'static str,
) -> Result<Option<T>, Malformed> {
    if !there {
        return Ok(None);
    }
    reader.now(what);
    reader.read().map(Some)
}

fn put(writer: &mut Writer, field: Option<&impl Field>) {
    if let Some(field) = field {
        writer.put(field);
    }
}

/// From BTH to ICRC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transport {
    /// What it is, and for whom.
    pub bth: Bth,
    /// What the opcode asks for.
    pub extended: Extended,
    /// What is carried, with the bytes that fill it up.
    pub payload: Vec<u8>,
    /// The check over all that does not change on the way; `None` if the capture ends before it.
    pub icrc: Option<[u8; ICRC]>,
}

impl Transport {
    /// Reads what was captured; `whole`: that is all there was, with the ICRC at its end.
    ///
    /// # Errors
    /// It ends within the headers, or is whole and too short for its ICRC.
    pub fn parse(bytes: &[u8], whole: bool) -> Result<Self, Malformed> {
        let mut reader = Reader::new("BTH", Order::Big, bytes);
        let bth: Bth = reader.read()?;
        let extended = Extended::read(bth.opcode, &mut reader)?;
        let (payload, icrc) = if whole {
            reader.now("ICRC");
            reader.expect(ICRC)?;
            let rest = reader.rest();
            match rest.split_last_chunk::<ICRC>() {
                Some((payload, icrc)) => (payload.to_vec(), Some(*icrc)),
                None => (rest.to_vec(), None),
            }
        } else {
            (reader.rest().to_vec(), None)
        };
        Ok(Self { bth, extended, payload, icrc })
    }

    /// Bytes before the payload.
    #[must_use]
    pub fn header_length(&self) -> usize {
        let mut writer = Writer::new(Order::Big);
        writer.put(&self.bth);
        self.extended.write(&mut writer);
        writer.out.len()
    }

    /// What is carried, without what fills it up.
    #[must_use]
    pub fn carried(&self) -> &[u8] {
        let pad = if self.icrc.is_some() { self.bth.pad() } else { 0 };
        self.payload.get(..self.payload.len().saturating_sub(pad)).unwrap_or_default()
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut writer = Writer::new(Order::Big);
        writer.put(&self.bth);
        self.extended.write(&mut writer);
        writer.out.extend(&self.payload);
        writer.out.extend(self.icrc.iter().flatten());
        writer.out
    }
}
