//! The SNMP agents in memory, in virtual time.

#[path = "../fate/mod.rs"]
mod fate;
mod faults;
mod hostile_network;
mod repertoire;
mod unit;
