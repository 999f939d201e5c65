//! SNMP v1, v2c and v3: RFC 1157, 1901, 3412, 3414, 3416.
//!
//! | module | holds |
//! | --- | --- |
//! | [`oid`], [`value`], [`pdu`] | what is asked and answered, as values |
//! | [`message`] | the datagram around it: community (v1, v2c) or header, security parameters and scope (v3) |
//! | [`ber`] | the encoding rules, and how to break them on purpose |
//! | [`usm`] | user-based security: algorithms, keys, the counters of refusals |
//! | [`agent`], [`manager`], [`tap`] | the device's side, the side that asks, and a listener between the two |
//! | [`body`] | what is said as the `snmp` object of a transcript |
//! | [`describe`], [`dissect`] | what a PDU says, what a datagram holds, as text for a person |
//! | [`walk`], [`name`] | walks as text; names of objects |

pub mod agent;
pub mod ber;
pub mod body;
pub mod describe;
pub mod dissect;
pub mod manager;
pub mod message;
pub mod name;
pub mod oid;
pub mod pdu;
pub mod tap;
pub mod usm;
pub mod value;
pub mod walk;

pub use ber::{Distortion, ParseError, Problem};
pub use message::{Body, Message, Scoped, ScopedPdu, UsmParameters, V3Message, Version};
pub use oid::{Oid, OidError};
pub use pdu::{Binding, ErrorStatus, Pdu, PduKind, TrapV1};
pub use value::Value;
