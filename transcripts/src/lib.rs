//! The transcript: what an agent and a fencing device said to each other, as JSON Lines.
//!
//! The first line of a file is the [`Header`], each other line one [`Event`]. The format itself is
//! described for people (and for other implementations) in `FORMAT.md` beside this crate.
//!
//! * [`Transcript`] holds a whole file; [`Reader`] and [`Writer`] stream one.
//! * [`fmt`] is the canonical form, so that a review diff stays small.
//! * [`lint`] says what is wrong with a file, where, and how to mend it.
//! * [`redact`] replaces secrets by placeholders; [`scan`] refuses what still holds one.
//! * [`turns`] makes turns of the chunks of a stream, and hides the passwords that are typed in it.
//!
//! ```
//! use fencelab_transcript::{Kind, Transcript};
//! let text = concat!(
//!     r#"{"transcript":"1.0","device":{"vendor":"ACME","model":"PDU 8"},"link":{"protocol":"telnet","transport":"tcp","port":23}}"#, "\n",
//!     r#"{"t":0.0,"s":1,"open":{}}"#, "\n",
//!     r#"{"t":0.25,"s":1,"from":"device","text":"login: "}"#, "\n",
//! );
//! let transcript = Transcript::parse("pdu.jsonl", text)?;
//! assert!(matches!(transcript.events[1].kind, Kind::Say { .. }));
//! assert_eq!(transcript.canonical(), text);
//! # Ok::<(), fencelab_transcript::Error>(())
//! ```

mod bytes;
mod decode;
mod encode;
mod error;
pub mod fmt;
mod header;
mod json;
pub mod lint;
mod model;
mod reader;
pub mod redact;
pub mod scan;
mod text;
mod transcript;
pub mod turns;
mod version;
mod writer;

pub use bytes::{Bytes, HexError};
pub use error::{Error, Place};
pub use header::{DeviceIdentity, Header, LinkInfo, Speaker};
pub use model::{Body, Event, Kind, Mark, Side};
pub use reader::Reader;
pub use transcript::Transcript;
pub use version::Version;
pub use writer::Writer;

/// A JSON object that keeps the order of its fields.
pub type Map = serde_json::Map<String, serde_json::Value>;
