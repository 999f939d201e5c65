//! Storage commands (IPMI 2.0, §31, §33, §34; network function 0Ah): SDR repository, SEL and FRU inventory.
//!
//! The records themselves are in [`crate::ipmi::sdr`], [`crate::ipmi::sel`] and [`crate::ipmi::fru`].

use std::fmt;

use crate::hex::hex;
use crate::ipmi::layout::{byte_enum, layout};

layout! {
    /// Get FRU Inventory Area Info, request (§34.1).
    pub struct GetFruInfo {
        /// Which FRU device; 0 is the controller's own.
        pub device: u8,
    }
}

layout! {
    /// Get FRU Inventory Area Info, answer (§34.1).
    pub struct FruInfo {
        /// Size of the area in bytes.
        pub size: u16,
        /// Bit 0: offsets and counts are in words of 16 bits, not in bytes.
        pub access: u8,
    }
}

layout! {
    /// Read FRU Data, request (§34.2).
    pub struct ReadFru {
        /// Which FRU device.
        pub device: u8,
        /// From where, in units of [`FruInfo::access`].
        pub offset: u16,
        /// How many, in the same units.
        pub count: u8,
    }
}

layout! {
    /// Read FRU Data, answer (§34.2).
    pub struct FruData {
        /// How many were read, in units of [`FruInfo::access`].
        pub count: u8,
        /// What was read.
        pub data: Vec<u8>,
    }
}

layout! {
    /// Write FRU Data, request (§34.3).
    pub struct WriteFru {
        /// Which FRU device.
        pub device: u8,
        /// Where to, in units of [`FruInfo::access`].
        pub offset: u16,
        /// What to write.
        pub data: Vec<u8>,
    }
}

layout! {
    /// Write FRU Data, answer (§34.3).
    pub struct FruWritten {
        /// How many were written, in units of [`FruInfo::access`].
        pub count: u8,
    }
}

layout! {
    /// Get SDR Repository Info, request (§33.9).
    pub struct GetSdrInfo {}
}

layout! {
    /// Get SDR Repository Info (§33.9) and Get SEL Info (§31.2), answer: they have the same shape.
    pub struct RepositoryInfo {
        /// 51h: the version of the commands, BCD with the minor digit in bits 7:4.
        pub version: u8,
        /// How many records there are.
        pub records: u16,
        /// Bytes that are free; FFFFh: 64 KiB or more; in an SDR repository FFFEh: unspecified.
        pub free: u16,
        /// When a record was last added, in seconds of the device's clock.
        pub added: u32,
        /// When a record was last erased, in seconds of the device's clock.
        pub erased: u32,
        /// Bit 7: overflow; bits 3:0: delete, partial add, reserve, get allocation info.
        pub support: u8,
    }
}

layout! {
    /// Get SDR Repository Allocation Info (§33.10) and Get SEL Allocation Info (§31.3), answer.
    pub struct Allocation {
        /// Units that could be allocated.
        pub units: u16,
        /// Bytes of a unit.
        pub unit_size: u16,
        /// Units that are free.
        pub free: u16,
        /// Units of the largest free block.
        pub largest_free: u16,
        /// Units of the largest record.
        pub largest_record: u8,
    }
}

layout! {
    /// Get SDR Repository Allocation Info, request (§33.10).
    pub struct GetSdrAllocation {}
}

layout! {
    /// Reserve SDR Repository, request (§33.11; device SDRs: §35.4).
    pub struct ReserveSdr {}
}

layout! {
    /// Reserve SDR Repository and Reserve SEL, answer (§33.11, §31.4).
    pub struct Reservation {
        /// Given again with each partial read, until somebody else's change cancels it.
        pub id: u16,
    }
}

layout! {
    /// Get SDR, request (§33.12).
    pub struct GetSdr {
        /// Needed if the offset is not 0; otherwise 0 will do.
        pub reservation: u16,
        /// Which record; 0000h is the first one, FFFFh the last.
        pub record: u16,
        /// From which byte of the record.
        pub offset: u8,
        /// How many bytes; FFh: all of the record.
        pub count: u8,
    }
}

layout! {
    /// Get SEL Entry, request (§31.5).
    pub struct GetSelEntry {
        /// Needed if the offset is not 0; otherwise 0 will do.
        pub reservation: u16,
        /// Which record; 0000h is the first one, FFFFh the last.
        pub record: u16,
        /// From which byte of the record.
        pub offset: u8,
        /// How many bytes; FFh: all of the record.
        pub count: u8,
    }
}

layout! {
    /// Get SDR, Get Device SDR and Get SEL Entry, answer.
    pub struct RecordPart {
        /// The record to ask for next; FFFFh: there is none.
        pub next: u16,
        /// The bytes asked for.
        pub data: Vec<u8>,
    }
}

layout! {
    /// Get SDR Repository Time, request (§33.17).
    pub struct GetSdrTime {}
}

layout! {
    /// Set SEL Time, request (§31.11).
    pub struct SetSelTime {
        /// Seconds as in [`Time`].
        pub seconds: u32,
    }
}

layout! {
    /// Get SDR Repository Time and Get SEL Time, answer (§33.17, §31.10).
    pub struct Time {
        /// Seconds since 1970-01-01 in the device's idea of local time; up to 20000000h since it started.
        pub seconds: u32,
    }
}

layout! {
    /// Get SEL Info, request (§31.2).
    pub struct GetSelInfo {}
}

layout! {
    /// Get SEL Allocation Info, request (§31.3).
    pub struct GetSelAllocation {}
}

layout! {
    /// Reserve SEL, request (§31.4).
    pub struct ReserveSel {}
}

layout! {
    /// Add SEL Entry, request (§31.6).
    pub struct AddSelEntry {
        /// A record as in [`crate::ipmi::sel::Entry`]; the device sets its id and time.
        pub entry: [u8; 16],
    }
}

layout! {
    /// Add SEL Entry and Delete SEL Entry, answer (§31.6, §31.8).
    pub struct RecordId {
        /// Which record it was.
        pub id: u16,
    }
}

layout! {
    /// Delete SEL Entry, request (§31.8).
    pub struct DeleteSelEntry {
        /// From Reserve SEL; 0 if the device has none.
        pub reservation: u16,
        /// Which record; 0000h is the first one, FFFFh the last.
        pub record: u16,
    }
}

byte_enum! {
    /// What Clear SEL is to do (§31.9, byte 6).
    pub enum ClearStep {
        Status = 0x00 "ask for progress",
        Start = 0xaa "start",
    }
}

layout! {
    /// Clear SEL, request (§31.9).
    pub struct ClearSel {
        /// From Reserve SEL; 0 if the device has none.
        pub reservation: u16,
        /// `CLR`, so that no stray message erases the log.
        pub magic: [u8; 3],
        /// Start, or ask how far it is.
        pub step: ClearStep,
    }
}

impl ClearSel {
    /// The letters that must stand in `magic`.
    pub const MAGIC: [u8; 3] = *b"CLR";
}

layout! {
    /// Clear SEL, answer (§31.9).
    pub struct ClearProgress {
        /// Bits 3:0: 0 erasing, 1 done.
        pub progress: u8,
    }
}

layout! {
    /// Get SEL Time, request (§31.10).
    pub struct GetSelTime {}
}

layout! {
    /// An answer without data; its completion code says all.
    pub struct Done {}
}

impl fmt::Display for FruInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.size, if self.access & 1 == 0 { "bytes" } else { "bytes, read by words" })
    }
}

impl fmt::Display for GetFruInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FRU {}", self.device)
    }
}

impl fmt::Display for ReadFru {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FRU {}, {} from {}", self.device, self.count, self.offset)
    }
}

impl fmt::Display for FruData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.count, hex(&self.data))
    }
}

impl fmt::Display for WriteFru {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FRU {}, {} to {}", self.device, hex(&self.data), self.offset)
    }
}

impl fmt::Display for FruWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written", self.count)
    }
}

impl fmt::Display for RepositoryInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records, {} bytes free", self.records, self.free)?;
        f.write_str(if self.support & 0x80 == 0 { "" } else { ", overflowed" })
    }
}

impl fmt::Display for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} units of {} bytes free", self.free, self.units, self.unit_size)
    }
}

impl fmt::Display for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reservation 0x{:04x}", self.id)
    }
}

/// `record 0x0001, 5 bytes from 0`
pub(super) fn part(f: &mut fmt::Formatter<'_>, record: u16, offset: u8, count: u8) -> fmt::Result {
    match count {
        0xff => write!(f, "record 0x{record:04x}, all of it"),
        count => write!(f, "record 0x{record:04x}, {count} bytes from {offset}"),
    }
}

impl fmt::Display for GetSdr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        part(f, self.record, self.offset, self.count)
    }
}

impl fmt::Display for GetSelEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        part(f, self.record, self.offset, self.count)
    }
}

impl fmt::Display for SetSelTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.seconds)
    }
}

impl fmt::Display for RecordPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next {
            0xffff => write!(f, "{} (the last record)", hex(&self.data)),
            next => write!(f, "{} (next record 0x{next:04x})", hex(&self.data)),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.seconds)
    }
}

impl fmt::Display for AddSelEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.entry))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record 0x{:04x}", self.id)
    }
}

impl fmt::Display for DeleteSelEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record 0x{:04x}", self.record)
    }
}

impl fmt::Display for ClearSel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.step.fmt(f)
    }
}

impl fmt::Display for ClearProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.progress & 0x0f == 1 { "done" } else { "erasing" })
    }
}

super::silent!(
    GetSdrInfo,
    GetSdrAllocation,
    ReserveSdr,
    GetSdrTime,
    GetSelInfo,
    GetSelAllocation,
    ReserveSel,
    GetSelTime,
    Done
);
