//! Live proxies, importers and exporters: traffic into transcripts and back.
//!
//! * [`proxy`] stands between any IPMI client and any BMC, relays every datagram as it is, and
//!   listens; [`run`] runs a command against it and marks what it did.
//! * [`import`] reads captures that people have.
//! * [`export`] writes captures that the field's tools read.
//! * [`tape`] is where a recording goes: redacted, checked for secrets, and written at once.

pub mod export;
pub mod import;
pub mod listen;
pub mod proxy;
pub mod run;
pub mod tape;

pub use proxy::Proxy;
pub use tape::Tape;
