//! Captures that people have, into transcripts.

pub mod console;
mod dialogue;
mod frames;
mod ip;
mod passed;
pub mod pcap;
mod recognise;
mod tcp;
pub mod telnet;
mod udp;
pub mod walk;

pub use recognise::{Kind, recognise};
