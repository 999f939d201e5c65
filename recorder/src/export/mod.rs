//! Transcripts into what the field's tools read.

pub mod pcapng;
pub mod snmprec;
