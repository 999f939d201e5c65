//! Captures that people have, into transcripts.

mod dialogue;
mod frames;
pub mod pcap;
mod udp;
pub mod walk;
