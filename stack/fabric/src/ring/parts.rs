//! Messages of their parts. The order of the ring keeps the parts of one sender in order, with others' between them.

use std::collections::BTreeMap;

use super::wire::Data;
use super::{Message, NodeId};

#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    begun: BTreeMap<NodeId, (u32, Vec<u8>)>,
}

impl Parts {
    /// The message, if this is its last part. What lacks a part is dropped: a part is lost only where no member of a new ring had it.
    pub(super) fn add(&mut self, data: &Data) -> Option<Message> {
        let begun = self.begun.remove(&data.from).filter(|(next, _)| *next == data.part);
        let mut payload = match begun {
            Some((_, payload)) => payload,
            None if data.part == 0 => Vec::new(),
            None => return None,
        };
        payload.extend_from_slice(&data.payload);
        if data.is_last {
            return Some(Message { from: data.from, born: data.born, payload });
        }
        self.begun.insert(data.from, (data.part + 1, payload));
        None
    }

    /// Only these nodes go on.
    pub(super) fn keep(&mut self, stays: impl Fn(NodeId) -> bool) {
        self.begun.retain(|node, _| stays(*node));
    }
}
