//! What a node sends: orders are made of messages, gathered, and given to the device.

use std::time::{Duration, Instant};

use super::super::Service;
use super::super::queue_pair::{Datagram, Message};
use super::super::slots::ticket;
use super::{End, PACKET, Route, Verbs};
use crate::transport::{Error, NodeId, To, Waiting, fits};

/// How long a full queue is waited for when nothing in it gets done. Beyond it, messages to that node are lost until it takes some
/// again: a node that has stopped must not stop the others.
const STALL: Duration = Duration::from_millis(500);
/// Messages that others follow are given to the device together, so many at most.
pub(super) const TOGETHER: usize = 16;

/// An order that the device does not have yet.
pub(super) struct Gathered {
    pub(super) end: usize,
    node: NodeId,
    number: u64,
    reports: bool,
    slot: usize,
    bytes: usize,
}

impl Verbs {
    /// Sees to it that a queue pair takes another order. Answers whether it does.
    fn make_room(&mut self, place: usize) -> Result<bool, Error> {
        let state = |verbs: &Self| match verbs.parts.ends.get(place) {
            Some(end) => (end.is_up(), end.orders.has_room(), end.is_stalled),
            None => (false, false, false),
        };
        if self.parts.ends.get(place).is_some_and(|end| end.orders.is_half_full()) {
            self.reap()?;
        }
        let (is_alive, has_room, is_stalled) = state(self);
        if !is_alive || has_room || is_stalled {
            return Ok(is_alive && has_room);
        }
        // Only what the device has gets done.
        self.post();
        let until = Instant::now() + STALL;
        loop {
            // Armed first and looked at afterwards: what comes in between wakes.
            if self.parts.waiting == Waiting::Events {
                self.take_events();
                self.parts.sent.arm()?;
                self.parts.received.arm()?;
            }
            self.reap()?;
            self.collect()?;
            self.keep()?;
            let (is_alive, has_room, _) = state(self);
            if !is_alive || has_room {
                return Ok(is_alive && has_room);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                if let Some(end) = self.parts.ends.get_mut(place) {
                    end.is_stalled = true;
                }
                return Ok(false);
            }
            match self.parts.waiting {
                Waiting::Events => drop(self.sleep(&[], left)?),
                // What sends may be the kernel, on this very processor.
                Waiting::Polled => std::thread::yield_now(),
            }
        }
    }

    /// Makes an order of a message. It is posted by [`post`](Self::post), with others to the same queue pair.
    fn order(&mut self, node: NodeId, message: &[u8], slot: &mut Option<usize>) -> Result<(), Error> {
        let Some(Some(Route { end: place, .. })) = self.parts.routes.get(node) else {
            return Err(Error::Unfit(format!("there is no other node {node}")));
        };
        let place = *place;
        if self.gathered.first().is_some_and(|first| first.end != place) {
            self.post();
        }
        if !self.make_room(place)? {
            self.refused += 1;
            return Ok(());
        }
        if slot.is_none() {
            *slot = self.pool.take();
            slot.iter().for_each(|slot| self.parts.outgoing.write(*slot, message));
        }
        let (Some(slot), Some(end)) = (*slot, self.parts.ends.get_mut(place)) else {
            self.refused += 1;
            return Ok(());
        };
        let (number, reports) = end.orders.next();
        self.pool.hold(slot);
        end.orders.push(slot);
        self.gathered.push(Gathered { end: place, node, number, reports, slot, bytes: message.len() });
        Ok(())
    }

    /// Gives the device the orders that were gathered. One that it does not take is done, as far as its piece is concerned, when one
    /// after it is, or its queue pair is no more.
    pub(super) fn post(&mut self) {
        let Some(place) = self.gathered.first().map(|first| first.end) else { return };
        let parts = &self.parts;
        let Some(End { pair: Some(pair), .. }) = parts.ends.get(place) else {
            self.refused += self.gathered.drain(..).count() as u64;
            return;
        };
        let sender = u32::try_from(parts.own).unwrap_or(u32::MAX);
        let messages = self.gathered.iter().map(|gathered| {
            let Gathered { node, number, reports, slot, bytes, .. } = *gathered;
            let way = parts.routes.get(node).and_then(|route| route.as_ref()?.way.as_ref());
            Message {
                ticket: ticket(place, number),
                element: parts.outgoing.element(slot, bytes),
                inline: bytes <= pair.inline,
                reports,
                datagram: way.map(|way| Datagram { way, key: parts.key, sender }),
            }
        });
        let (taken, result) = pair.post_messages(messages);
        let untaken = self.gathered.drain(..).skip(taken).count();
        self.refused += untaken as u64;
        // It went into error since it was looked at, which a completion tells.
        if let Err(error) = result {
            tracing::warn!(untaken, %error, "messages were not taken");
            if let Some(end) = self.parts.ends.get_mut(place)
                && self.parts.service == Service::Datagram
            {
                end.failed.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Makes orders of a message to all it is for.
    pub(super) fn order_all(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        fits(message, self.parts.limit)?;
        self.yields_at_once = message.len() > PACKET;
        if self.parts.service == Service::Datagram {
            self.revive()?;
        }
        let mut slot = None;
        let nodes = match to {
            To::Node(node) => node..node.saturating_add(1),
            To::Others => 0..self.parts.routes.len(),
        };
        let own = self.parts.own;
        let is_meant = |node: &NodeId| to != To::Others || *node != own;
        let result = nodes.filter(is_meant).try_for_each(|node| self.order(node, message, &mut slot));
        slot.into_iter().for_each(|slot| self.pool.release(slot));
        result
    }
}
