//! What an ELF program asks of the dynamic linker (System V ABI, chapter 5; 64 bits, little-endian).

/// The part of a program or library that says what it needs to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// The dynamic linker's path; none in libraries and static programs.
    pub(crate) interpreter: Option<String>,
    /// The libraries by their names (`DT_NEEDED`).
    pub(crate) needed: Vec<String>,
    /// Folders of its own (`DT_RUNPATH`, or the older `DT_RPATH`), not expanded.
    pub(crate) folders: Vec<String>,
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

/// Reads any bytes; none if they are no such file, as scripts are not.
pub(crate) fn read(file: &[u8]) -> Option<Dynamic> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let segments = segments(file)?;
    let mut dynamic = Dynamic::default();
    if let Some(found) = segments.iter().find(|segment| segment.kind == PT_INTERP) {
        dynamic.interpreter = Some(text(file, found.offset)?);
    }
    let Some(table) = segments.iter().find(|segment| segment.kind == PT_DYNAMIC) else {
        return Some(dynamic);
    };
    let entries: Vec<(u64, u64)> = (0..table.size / 16)
        .map_while(|number| {
            let at = table.offset.checked_add(number * 16)?;
            Some((number_64(file, at)?, number_64(file, at.checked_add(8)?)?))
        })
        .take_while(|&(tag, _)| tag != 0)
        .collect();
    let strings = entries.iter().find(|&&(tag, _)| tag == DT_STRTAB)?.1;
    // The table's address is the one in memory: the segment that is loaded there says where it is in the file.
    let home = segments.iter().find(|segment| {
        segment.kind == PT_LOAD && strings.checked_sub(segment.address).is_some_and(|by| by < segment.size)
    })?;
    let strings = home.offset.checked_add(strings - home.address)?;
    for (tag, value) in entries {
        match tag {
            DT_NEEDED => dynamic.needed.push(text(file, strings.checked_add(value)?)?),
            DT_RPATH | DT_RUNPATH => {
                dynamic.folders.extend(text(file, strings.checked_add(value)?)?.split(':').map(str::to_owned))
            }
            _ => {}
        }
    }
    Some(dynamic)
}

fn segments(file: &[u8]) -> Option<Vec<Segment>> {
    let (table, size, count) = (number_64(file, 32)?, number_16(file, 54)?, number_16(file, 56)?);
    (0..count)
        .map(|number| {
            let at = table.checked_add(number * size)?;
            Some(Segment {
                kind: u32::from_le_bytes(bytes(file, at)?),
                offset: number_64(file, at.checked_add(8)?)?,
                address: number_64(file, at.checked_add(16)?)?,
                size: number_64(file, at.checked_add(32)?)?,
            })
        })
        .collect()
}

fn bytes<const N: usize>(file: &[u8], at: u64) -> Option<[u8; N]> {
    let at = usize::try_from(at).ok()?;
    file.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn number_16(file: &[u8], at: u64) -> Option<u64> {
    bytes(file, at).map(|bytes| u64::from(u16::from_le_bytes(bytes)))
}

fn number_64(file: &[u8], at: u64) -> Option<u64> {
    bytes(file, at).map(u64::from_le_bytes)
}

fn text(file: &[u8], at: u64) -> Option<String> {
    let rest = file.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_itself_needs_the_c_library_and_its_linker() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let dynamic = read(&file).unwrap();
        assert!(dynamic.interpreter.unwrap().contains("ld-linux"));
        assert!(dynamic.needed.contains(&"libc.so.6".to_owned()), "{:?}", dynamic.needed);
    }

    #[test]
    fn a_script_is_no_program_and_a_cut_file_is_no_panic() {
        assert_eq!(read(b"#!/bin/sh\n"), None);
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in [0, 6, 40, 64, 100, 400, 1000, 4000] {
            let _ = read(&file[..length]);
        }
        let mut garbled = file[..4096].to_vec();
        for at in 32..512 {
            garbled[at] = 0xff;
            let _ = read(&garbled);
        }
    }
}
