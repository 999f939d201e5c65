//! Captures that people have, into transcripts.

pub mod pcap;
