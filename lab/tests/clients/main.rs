//! The clients of the field against the emulated BMC: what they can do, and what they say when it refuses.

mod bmc;
mod fence_agents;
mod freeipmi;
mod ipmitool;
mod refusals;
