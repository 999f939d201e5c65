//! The fence agents, and the contract that they share.
//!
//! The contract is the one that Pacemaker, `pcs` and people expect of a fence agent: options on the command line or on
//! standard input, a handful of actions, an exit status, metadata in XML. It is written once, here; an agent adds
//! its names, its options, and the few questions and orders that its device understands.
//!
//! [`run`] is the whole agent as a function: arguments, input and environment in, exit status and output out, every
//! other contact with the outside through a [`World`](fencelab_link::World). The program `fence-agents` is that function
//! in the live world; a test runs it in a world in memory, thousands of times a second.

mod action;
mod agent;
mod console;
mod context;
mod drive;
mod failure;
mod fence;
mod invocation;
mod ipmilan;
mod line;
mod log;
mod metadata;
mod options;
mod run;
mod snmp;
mod target;
mod timing;
mod usage;

pub use agent::names;
pub use invocation::{AgentName, Invocation, Outcome};
pub use run::{run, run_streaming};
