//! TCP out of a packet capture: what each side of a connection said, in its order, whatever the network and the capture did
//! to the packets.

mod connection;
mod half;
mod segment;

pub(super) use connection::{Connection, Connections};
pub(super) use half::{At, Half, Piece};
pub(super) use segment::{Segment, segment};
