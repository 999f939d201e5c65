//! An input of a fuzz target is a dialogue: datagrams, each with two bytes before it, least significant first:
//! bits 14:0 its length, bit 15 set if the device sent it. What is left over at the end is a datagram too, so
//! that every input means something.

use fencelab_wire::tap::Direction;

/// Random bytes that are the same in each run, so that a recorded login is valid in a replay.
pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_add(0x35);
            *byte = next;
        }
    }
}

/// The datagrams of an input, each with its direction.
pub(crate) fn dialogue(mut input: &[u8]) -> Vec<(Direction, &[u8])> {
    let mut datagrams = Vec::new();
    while let Some((header, rest)) = input.split_first_chunk::<2>() {
        let header = u16::from_le_bytes(*header);
        let Some((datagram, rest)) = rest.split_at_checked(usize::from(header & 0x7fff)) else { break };
        let direction = if header & 0x8000 == 0 { Direction::ToDevice } else { Direction::FromDevice };
        datagrams.push((direction, datagram));
        input = rest;
    }
    datagrams.push((Direction::ToDevice, input));
    datagrams
}
