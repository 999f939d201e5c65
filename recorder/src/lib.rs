//! Live proxies, importers and exporters: traffic into transcripts and back.
//!
//! * [`link`] says how a device is spoken to; all that is special about a protocol stands there.
//! * [`proxy`] stands between any client and any device, relays every datagram and every byte of a stream as it is, and
//!   listens; [`listen`] makes events of datagrams, [`dialogues`] of streams; [`run`] runs a command against it and marks what it did.
//! * [`import`] reads captures that people have.
//! * [`fabric`] counts and measures what a cluster said, and reads back its load.
//! * [`export`] writes captures that the field's tools read.
//! * [`tape`] is where a recording goes: redacted, checked for secrets, and written at once.

pub mod decode;
pub mod dialogues;
pub mod export;
pub mod fabric;
pub mod import;
mod in_line;
pub mod link;
pub mod listen;
mod place;
pub mod proxy;
pub mod run;
pub mod tape;
pub mod walk;

pub use link::Link;
pub use place::Place;
pub use proxy::Proxy;
pub use tape::Tape;
