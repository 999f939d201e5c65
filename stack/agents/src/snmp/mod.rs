//! The agents for devices that speak SNMP: PDUs, chassis, and the switches of fabrics. The protocol is spoken natively; what
//! the devices call their outlets is data, in `kinds`.

mod description;
mod device;
mod dialect;
mod identify;
mod index;
mod interfaces;
mod kinds;
mod lindy;
mod listing;
mod names;
mod refusal;
mod session;
mod settings;
mod walk;

pub(crate) use description::{NAMES, agent};
