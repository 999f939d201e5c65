//! What a cluster had to carry: every message to all, when, from whom, how long.

use std::collections::HashSet;

use fencelab_transcript::{Body, Kind, Transcript};
use serde_json::Value;

/// A message that a node told all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// When it was sent first, in seconds from the transcript's start.
    pub seconds: f64,
    /// The node that made it.
    pub node: u32,
    /// The length of its contents, without totem's header; of a message in fragments, all that was captured.
    pub bytes: usize,
}

/// The load of a transcript of corosync, in the order of time. A message counts once, however many nodes it was sent to, and
/// not again when it is sent again or recovered on a new ring. A transcript of anything else has none, nor has what is encrypted.
pub fn load(transcript: &Transcript) -> Vec<Message> {
    let mut known = HashSet::new();
    let mut messages = Vec::new();
    for event in &transcript.events {
        let Kind::Say { body: Body::Object { protocol, value }, .. } = &event.kind else { continue };
        let number = |field: &str| value.get(field).and_then(Value::as_u64);
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        if protocol != "totem" || text("type") != Some("mcast") || value.get("recovery").is_some() {
            continue;
        }
        let (Some(node), Some(bytes)) = (number("node"), number("bytes")) else { continue };
        let (Ok(node), Ok(bytes)) = (u32::try_from(node), usize::try_from(bytes)) else { continue };
        if known.insert((text("ring").map(str::to_owned), number("seq"))) {
            messages.push(Message { seconds: event.at.as_secs_f64(), node, bytes });
        }
    }
    messages
}
