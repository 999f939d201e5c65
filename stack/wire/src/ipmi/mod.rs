//! IPMI over LAN, as *IPMI v2.0, revision 1.1* (October 2013, called "IPMI 2.0" below) defines it, with the
//! older IPMI v1.5 sessions, and RMCP and ASF below them.
//!
//! | module | holds |
//! | --- | --- |
//! | [`rmcp`], [`asf`] | the datagram's first four bytes; presence ping and pong |
//! | [`message`] | the IPMI message proper: network function, command, completion code |
//! | [`session`] | the IPMI v1.5 session header and its authentication codes |
//! | [`rmcpplus`], [`open_session`], [`rakp`] | the RMCP+ header and the payloads that set a session up |
//! | [`cipher_suite`], [`crypto`] | what a cipher suite id means, and the algorithms |
//! | [`command`] | what is asked and answered, as values; names of commands, meanings of codes |
//! | [`describe`], [`dissect`] | what a message says, what a datagram holds, as text for a person |
//! | [`sdr`], [`sel`], [`fru`], [`typed_text`] | sensor data records, event log entries, FRU inventory |
//! | [`server`], [`client`], [`tap`] | the BMC's side, the agent's side, and a listener between the two |

pub mod asf;
pub mod auth;
pub mod cipher_suite;
pub mod client;
pub mod command;
pub mod crypto;
pub mod describe;
pub mod dissect;
pub mod fru;
mod layout;
pub mod message;
pub mod open_session;
pub mod privilege;
pub mod rakp;
pub mod rmcp;
pub mod rmcpplus;
pub mod sdr;
pub mod sel;
pub mod server;
pub mod session;
pub mod tap;
pub mod typed_text;
mod window;

pub use auth::AuthType;
pub use message::{Body, Completion, LanMessage, MessageError, NetFn, Request, Response};
pub use privilege::Privilege;
