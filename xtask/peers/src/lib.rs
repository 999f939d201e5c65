//! Real programs as peers of tests and benches. Nothing of the product uses this crate.
//!
//! A missing program is never a skipped test: everything here panics with the name of the Debian package that has it,
//! or, for our own programs, with the command that builds it.

mod emulator;
mod fakenos;
mod ipmi_sim;
mod ran;
mod ser2net;
mod snmpd;
mod snmpsim;
mod sshd;
pub mod terminal;

pub use emulator::{Emulator, Ready};
pub use fakenos::FakeNos;
pub use ipmi_sim::{IpmiSim, Power, Setup};
pub use ran::{Ran, run};
pub use ser2net::Ser2net;
pub use snmpd::{SnmpUser, Snmpd, SnmpdSetup};
pub use snmpsim::Snmpsim;
pub use sshd::Sshd;
