//! Emulated fencing devices: a plant (what is true), faces (how it is spoken to), faults (what goes wrong).
//!
//! Nothing here but [`serve`] reads a clock or owns a socket: `now` is always a [`Duration`](std::time::Duration)
//! since the start of the run, virtual or real, and random bytes come from the seed that a [`Device`] is given.
//! A device is described by a folder with a `device.toml` (see `DEVICE.md` in this crate's folder) and transcripts.

pub mod corpus;
mod device;
pub mod duration;
mod error;
mod face;
pub mod fault;
mod plant;
pub mod replay;
pub mod serve;
pub mod spec;

pub use device::{Credentials, Device, NeighbourCommand, Output, RequestLog};
pub use error::Error;
pub use fault::Fault;
pub use plant::{Cause, Change, Command, Plant, Plug, Power, Pulse, Timing};
pub use spec::DeviceSpec;
