//! Emulated fencing devices: a plant (what is true), faces (how it is spoken to), faults (what goes wrong).
//!
//! Nothing here but [`serve`] reads a clock or owns a socket: `now` is always a [`Duration`](std::time::Duration)
//! since the start of the run, virtual or real, and random bytes come from the seed that a [`Device`] is given.
//! A device is described by a folder with a `device.toml` (see `DEVICE.md` in this crate's folder) and transcripts.
//!
//! ```
//! use std::{net::SocketAddr, path::Path, time::Duration};
//! use fencelab_devices::{Credentials, Device, DeviceSpec, Fault, Power};
//! let text = r#"
//! format = "1.0"
//! [device]
//! vendor = "ACME"
//! model = "BMC"
//! provenance = { kind = "described", from = ["this example"] }
//! [plant]
//! plugs = [{ name = "system" }]
//! [face.ipmi]
//! versions = ["2.0"]
//! "#;
//! let spec = DeviceSpec::parse(Path::new("device.toml"), text, Path::new("."))?;
//! let mut device = Device::new(spec, &Credentials::default(), 1);
//! device.set_faults(Fault::parse_all("delay(2s)@from-device")?);
//! // A presence ping at second 1 is answered at second 3.
//! let (peer, second) = (SocketAddr::from(([127, 0, 0, 1], 40_000)), Duration::from_secs(1));
//! device.handle(second, 0, peer, &[6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0]);
//! assert_eq!(device.next_wake(), Some(3 * second));
//! assert_eq!(device.take_output(3 * second).len(), 1);
//! assert_eq!(device.plant().power_at("system", 3 * second), Some(Power::On));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod corpus;
mod device;
pub mod duration;
mod error;
mod face;
pub mod fault;
pub mod learn;
mod plant;
pub mod replay;
pub mod serve;
pub mod shape;
pub mod spec;

pub use device::{Address, Credentials, Device, NeighbourCommand, Output, RequestLog};
pub use error::Error;
pub use face::{Carrier, Told};
pub use fault::Fault;
pub use plant::{Cause, Change, Command, Plant, Plug, Power, Pulse, Timing};
pub use shape::Shape;
pub use spec::{Description, DeviceSpec};
