//! A message of the load, by which its receiver sees when it was due and whether it is whole.

/// Before the payload stand, little-endian: number (8 bytes), when it was due by the first node's clock (8, nanoseconds), length of it
/// all (4), CRC-32 of all the rest (4).
pub(super) const HEADER: usize = 24;
const CRC: std::ops::Range<usize> = 20..24;

/// What a message says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    /// The first of a sender is 0.
    pub(super) number: u64,
    /// When it was due, in nanoseconds.
    pub(super) born: u64,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flaw {
    Length,
    Crc,
}

/// Writes a message of so many bytes; the header is the least.
pub(super) fn write(buffer: &mut Vec<u8>, header: Header, bytes: usize) {
    let bytes = bytes.max(HEADER);
    buffer.resize(bytes, 0x5A);
    let length = u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut told = header.number.to_le_bytes().to_vec();
    told.extend(header.born.to_le_bytes());
    told.extend(length.to_le_bytes());
    if let Some(place) = buffer.get_mut(..CRC.start) {
        place.copy_from_slice(&told);
    }
    let crc = crc(buffer).to_le_bytes();
    if let Some(place) = buffer.get_mut(CRC) {
        place.copy_from_slice(&crc);
    }
}

/// Reads a message.
///
/// # Errors
/// It is not as long as it says, or not what it was.
pub(super) fn read(message: &[u8]) -> Result<Header, Flaw> {
    let (number, rest) = message.split_first_chunk().ok_or(Flaw::Length)?;
    let (born, rest) = rest.split_first_chunk().ok_or(Flaw::Length)?;
    let (length, rest) = rest.split_first_chunk().ok_or(Flaw::Length)?;
    let (told, _) = rest.split_first_chunk().ok_or(Flaw::Length)?;
    if usize::try_from(u32::from_le_bytes(*length)) != Ok(message.len()) {
        return Err(Flaw::Length);
    }
    if u32::from_le_bytes(*told) != crc(message) {
        return Err(Flaw::Crc);
    }
    Ok(Header { number: u64::from_le_bytes(*number), born: u64::from_le_bytes(*born) })
}

/// Of all but itself.
fn crc(message: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(message.get(..CRC.start).unwrap_or_default());
    hasher.update(message.get(CRC.end..).unwrap_or_default());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Flaw, HEADER, Header, read, write};

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, born: u64, bytes in 0_usize..70_000) {
            let mut buffer = vec![7; 5];
            write(&mut buffer, Header { number, born }, bytes);
            prop_assert_eq!(buffer.len(), bytes.max(HEADER));
            prop_assert_eq!(read(&buffer), Ok(Header { number, born }));
        }

        #[test]
        fn a_flipped_bit_is_seen(bytes in HEADER..2000, at: prop::sample::Index, bit in 0_u8..8) {
            let mut buffer = Vec::new();
            write(&mut buffer, Header { number: 1, born: 2 }, bytes);
            let at = at.index(bytes);
            buffer[at] ^= 1 << bit;
            let expected = if (16..20).contains(&at) { Flaw::Length } else { Flaw::Crc };
            prop_assert_eq!(read(&buffer), Err(expected));
        }

        #[test]
        fn any_bytes_may_come(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    fn what_is_cut_short_is_seen() {
        let mut buffer = Vec::new();
        write(&mut buffer, Header { number: 1, born: 2 }, 64);
        for bytes in 0..64 {
            assert_eq!(read(&buffer[..bytes]), Err(Flaw::Length), "{bytes} bytes");
        }
    }
}
