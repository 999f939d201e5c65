//! Telnet, one end of a connection: RFC 854 and 855, options by the Q method of RFC 1143.
//!
//! Understood are BINARY (RFC 856), ECHO (RFC 857), SGA (RFC 858), TTYPE (RFC 1091), NAWS (RFC 1073) and, where the [`Config`]
//! names it, COM-PORT (RFC 2217); every other option is known by its number and refused unless the [`Config`] names it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`command`] | the bytes behind IAC |
//! | [`opt`] | the options |
//! | [`config`] | what one end offers, asks for and agrees to |
//! | [`codec`] | one end of a connection: bytes to data, replies and signals, and back |
//! | [`com_port`] | what is said about a serial port behind a server |
//! | [`port_server`] | such a server, one client's connection |
//! | [`signal`] | commands without an option: break, are you there |
//! | [`listener`] | a third party that hears both ends, and tells what they say from what they negotiate |
//! | [`describe`] | a stream cut into pieces, each a line for a person, without the loss of a byte |
//!
//! ```
//! use fencelab_wire::telnet::{Config, Opt, Side, Telnet};
//!
//! let (mut device, mut client) = (Telnet::new(Config::device()), Telnet::new(Config::client()));
//! let mut to_client = device.open();
//! while !to_client.is_empty() {
//!     let to_device = client.receive(&to_client).reply;
//!     to_client = device.receive(&to_device).reply;
//! }
//! assert!(client.is_on(Opt::ECHO, Side::Theirs) && device.is_on(Opt::ECHO, Side::Ours));
//! assert_eq!(device.window(), Some((80, 24)));
//! assert_eq!(device.receive(&client.send(b"status\r")).data, b"status\r");
//! ```

pub mod codec;
pub mod com_port;
pub mod command;
pub mod config;
pub mod describe;
pub mod listener;
mod negotiation;
pub mod opt;
pub mod port_server;
mod scan;
pub mod signal;
mod subnegotiation;

pub use codec::{Received, Telnet};
pub use com_port::ComPort;
pub use command::Verb;
pub use config::Config;
pub use listener::Listener;
pub use opt::{Opt, Side};
pub use port_server::PortServer;
pub use signal::Signal;
