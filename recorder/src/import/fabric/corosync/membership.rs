//! Rings that come and go, told in remarks.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_transcript::Map;
use fencelab_wire::corosync::totem::{CommitToken, Join, RingId, Token};
use serde_json::json;

/// What is known of the rings.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// The members of rings that were made while somebody listened.
    committed: BTreeMap<RingId, Vec<u32>>,
    /// Rings whose token was seen.
    seen: BTreeSet<RingId>,
    /// The members of the last ring.
    members: Vec<u32>,
    /// Nodes that have asked for a new ring since the last one was made.
    asking: BTreeSet<u32>,
}

/// A remark: its words, and the same for programs.
pub(super) type Remark = (String, Map);

impl Membership {
    pub(super) fn commit(&mut self, commit: &CommitToken) {
        self.committed.insert(commit.ring, commit.members.clone());
    }

    /// Each node's first join after a ring was made is worth a word.
    pub(super) fn join(&mut self, join: &Join) -> Option<Remark> {
        if !self.asking.insert(join.from) {
            return None;
        }
        let leaves = join.failed.contains(&join.from);
        let text = if leaves {
            format!("node {} leaves", join.from)
        } else {
            let failed = if join.failed.is_empty() {
                String::new()
            } else {
                format!(", has given up {}", list(&join.failed))
            };
            format!("node {} asks for a new membership: hears {}{failed}", join.from, list(&join.members))
        };
        Some((text, map(&json!({"membership": if leaves { "leave" } else { "join" }, "node": join.from}))))
    }

    /// The first token of a ring: it is made.
    pub(super) fn token(&mut self, token: &Token) -> Option<Remark> {
        if !self.seen.insert(token.ring) {
            return None;
        }
        let ring = token.ring.to_string();
        let Some(members) = self.committed.get(&token.ring) else {
            let text = format!("ring {ring} is there already when the capture begins");
            return Some((text, map(&json!({"membership": "met", "ring": ring}))));
        };
        let left: Vec<u32> = self.members.iter().filter(|node| !members.contains(node)).copied().collect();
        let joined: Vec<u32> = members.iter().filter(|node| !self.members.contains(node)).copied().collect();
        let mut text = format!("ring {ring} is formed of {}", list(members));
        if !joined.is_empty() && !self.members.is_empty() {
            text += &format!(", joined: {}", list(&joined));
        }
        if !left.is_empty() {
            text += &format!(", left: {}", list(&left));
        }
        let more = map(&json!({"membership": "formed", "ring": ring, "members": members}));
        self.members.clone_from(members);
        self.asking.clear();
        Some((text, more))
    }
}

fn list(nodes: &[u32]) -> String {
    let names: Vec<String> = nodes.iter().map(u32::to_string).collect();
    format!("node{} {}", if nodes.len() == 1 { "" } else { "s" }, names.join(", "))
}

fn map(value: &serde_json::Value) -> Map {
    value.as_object().cloned().unwrap_or_default()
}
