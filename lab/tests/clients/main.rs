//! The clients of the field against emulated devices: what they can do, and what they say when the device refuses.

mod bmc;
mod control;
mod fence_agents;
mod freeipmi;
mod ipmitool;
mod pdu;
mod refusals;
mod snmp_agents;
