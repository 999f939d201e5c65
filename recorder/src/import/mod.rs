//! Captures that people have, into transcripts.

pub mod console;
mod dialogue;
pub mod fabric;
mod frames;
mod ip;
mod link_layer;
mod passed;
pub mod pcap;
mod recognise;
mod tcp;
pub mod telnet;
mod udp;
pub mod walk;

pub use recognise::{Kind, recognise};
