//! `fence_ipmilan` and its other names: servers with a BMC that speaks IPMI over LAN. The protocol is spoken natively.

mod description;
mod device;
mod exchange;
mod refusal;
mod settings;

pub(crate) use description::{NAMES, agent};
