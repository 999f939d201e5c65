//! Storage and sensor commands (IPMI 2.0 §31, §33, §34, §35) over a minimal generated set, for devices that recorded none.
//! The SEL is the plant's timeline: one event of the power unit for each change.

use fencelab_wire::ipmi::Completion;
use fencelab_wire::ipmi::sdr::Repository;

use super::builtin::{Answer, Asked, Memory};
use super::inventory;
use crate::plant::{Plant, Power};

/// The newest changes that the SEL shows.
const SEL_LIMIT: usize = 512;

/// `None`: not a command that is known here.
pub(super) fn answer(asked: &Asked<'_>, memory: &mut Memory, plant: &Plant) -> Option<Answer> {
    if asked.id.netfn == 0x04 {
        return sensor(asked);
    }
    let data = asked.data;
    Some(match asked.id.cmd {
        0x10 => match data.first() {
            Some(0) => {
                let [low, high] = length(asked.face.fru.len());
                // Accessed by bytes.
                Ok(vec![low, high, 0x00])
            }
            Some(_) => Err(Completion::NOT_PRESENT),
            None => Err(Completion::LENGTH_INVALID),
        },
        0x11 => read_fru(data, &asked.face.fru),
        // SDR repository: version 51h, no free space, non-modal (§33.9).
        0x20 => {
            let [low, high] = length(asked.face.sdr.records().len());
            Ok([&[0x51, low, high, 0, 0][..], &[0; 8], &[0x02]].concat())
        }
        0x22 | 0x42 => {
            memory.reservation = memory.reservation.checked_add(1).unwrap_or(1);
            Ok(memory.reservation.to_le_bytes().to_vec())
        }
        0x23 => read_record(data, &asked.face.sdr, memory),
        // SEL info (§31.2): version 51h, entries, free space, times, reserve and no overflow.
        0x40 => {
            let entries = sel(memory, plant).records().len();
            let [low, high] = length(entries);
            let free = length((SEL_LIMIT - entries.min(SEL_LIMIT)) * 16);
            let added = sel_time(memory, plant.timeline().last().map_or(0, |change| change.at.as_secs()));
            Ok([&[0x51, low, high, free[0], free[1]][..], &added.to_le_bytes(), &[0xff; 4], &[0x02]].concat())
        }
        0x43 => read_record(data, &sel(memory, plant), memory),
        0x47 => {
            // §31.9: reservation, "CLR", AAh initiates; the answer is "erasure completed".
            if data.get(2..5) != Some(b"CLR") {
                return Some(Err(Completion::INVALID_FIELD));
            }
            if data.get(5) == Some(&0xaa) {
                memory.sel_cleared = Some(asked.now);
            }
            Ok(vec![0x01])
        }
        0x48 => Ok(sel_time(memory, asked.now.as_secs()).to_le_bytes().to_vec()),
        0x49 => match data.first_chunk::<4>() {
            Some(time) => {
                let now = u32::try_from(asked.now.as_secs()).unwrap_or(u32::MAX);
                memory.sel_clock = u32::from_le_bytes(*time).wrapping_sub(now);
                Ok(Vec::new())
            }
            None => Err(Completion::LENGTH_INVALID),
        },
        _ => return None,
    })
}

fn length(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

fn sel_time(memory: &Memory, seconds: u64) -> u32 {
    memory.sel_clock.wrapping_add(u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// Read FRU Data (§34.2): FRU id, offset, count; the answer is the count and the bytes.
fn read_fru(data: &[u8], image: &[u8]) -> Answer {
    let Some(&[fru, low, high, count]) = data.first_chunk() else { return Err(Completion::LENGTH_INVALID) };
    if fru != 0 {
        return Err(Completion::NOT_PRESENT);
    }
    let rest = image.get(usize::from(u16::from_le_bytes([low, high]))..).ok_or(Completion::OUT_OF_RANGE)?;
    let part = rest.get(..usize::from(count)).unwrap_or(rest);
    // 64 bytes fit every client's buffer; more is cut, as §34.2 allows.
    let part = part.get(..64).unwrap_or(part);
    let mut answer = vec![u8::try_from(part.len()).unwrap_or(64)];
    answer.extend_from_slice(part);
    Ok(answer)
}

/// Get SDR and Get SEL Entry: reservation, record, offset, count; the answer is the next record and the bytes.
fn read_record(data: &[u8], records: &Repository, memory: &Memory) -> Answer {
    let Some(&[r0, r1, id0, id1, offset, count]) = data.first_chunk() else {
        return Err(Completion::LENGTH_INVALID);
    };
    if offset != 0 && u16::from_le_bytes([r0, r1]) != memory.reservation {
        return Err(Completion::RESERVATION_CANCELLED);
    }
    let part = records.read(0, u16::from_le_bytes([id0, id1]), 0, 0xff)?;
    let rest = part.data.get(usize::from(offset)..).ok_or(Completion::OUT_OF_RANGE)?;
    let wanted = rest.get(..usize::from(count)).unwrap_or(rest);
    Ok([&part.next.to_le_bytes()[..], wanted].concat())
}

/// The plant's timeline as SEL entries (§32.1): power unit, sensor-specific offset 0 "power off", gone again with power.
fn sel(memory: &Memory, plant: &Plant) -> Repository {
    let kept =
        plant.timeline().iter().filter(|change| memory.sel_cleared.is_none_or(|cleared| change.at > cleared));
    let newest: Vec<_> = kept.rev().take(SEL_LIMIT).collect();
    let entries = newest.into_iter().rev().zip(1u16..).map(|(change, id)| {
        let [i0, i1] = id.to_le_bytes();
        let [t0, t1, t2, t3] = sel_time(memory, change.at.as_secs()).to_le_bytes();
        let direction = if change.power == Power::Off { 0x6f } else { 0xef };
        vec![i0, i1, 0x02, t0, t1, t2, t3, 0x20, 0x00, 0x04, 0x09, 0x02, direction, 0x00, 0xff, 0xff]
    });
    Repository::new(entries.collect())
}

/// Sensor commands (§35) about the one generated sensor.
fn sensor(asked: &Asked<'_>) -> Option<Answer> {
    let known = |answer: Vec<u8>| match asked.data.first() {
        None => Err(Completion::LENGTH_INVALID),
        Some(&inventory::SENSOR) => Ok(answer),
        Some(_) => Err(Completion::NOT_PRESENT),
    };
    let [noncritical, critical, nonrecoverable] = inventory::UPPER;
    Some(match asked.id.cmd {
        0x23 => known(vec![0, 1, 0, 0, 0, 0, 0]),
        0x25 => known(vec![2, 2]),
        // Upper thresholds readable (table 35-9).
        0x27 => known(vec![0x38, 0, 0, 0, noncritical, critical, nonrecoverable]),
        0x29 => known(vec![0xc0, 0, 0, 0, 0]),
        // Scanning and events on, no threshold passed.
        0x2d => known(vec![inventory::READING, 0xc0, 0xc0]),
        0x2f => known(vec![0x01, 0x01]),
        _ => return None,
    })
}
