//! What a node does about connections that are lost: [`Relink`] says when, and the device gets another queue pair.

use quanta::Instant;

use super::super::Service;
use super::super::address::{BITS_24, place_of};
use super::super::linking::random;
use super::super::queue_pair::QueuePair;
use super::super::relink::{Half, Relink};
use super::{End, Verbs};
use crate::transport::{Error, NodeId};

impl Verbs {
    /// Brings a connection's first queue pair to work.
    pub(super) fn start_connection(&mut self, place: usize) -> Result<(), Error> {
        // It was opened for more nodes than there are.
        let Some(End { relink: Some(relink), .. }) = self.parts.ends.get(place) else { return Ok(()) };
        let (own, to) = (relink.own(), relink.to());
        self.prepare(place)?;
        to.map_or(Ok(()), |to| self.connect(place, own, to))
    }

    /// Has buffers for what comes before anybody can send.
    fn prepare(&self, place: usize) -> Result<(), Error> {
        let Some(End { pair: Some(pair), .. }) = self.parts.ends.get(place) else { return Ok(()) };
        pair.initialise(&self.parts.port, self.parts.key)?;
        self.post_buffers(place)
    }

    fn connect(&self, place: usize, own: Half, to: Half) -> Result<(), Error> {
        let Some(End { pair: Some(pair), node, .. }) = self.parts.ends.get(place) else { return Ok(()) };
        pair.receive_from(&self.parts.port, self.parts.nodes.get(*node).map(|peer| (peer, to)))?;
        pair.send_from(own.packet)
    }

    /// A queue pair goes, and with it what was ordered of it. What has come before stays.
    pub(super) fn give_up(&mut self, place: usize) -> Result<(), Error> {
        let Some(pair) = self.parts.ends.get_mut(place).and_then(|end| end.pair.take()) else {
            return Ok(());
        };
        // It takes its own from the queue of completions when it goes.
        while self.collect()? > 0 {}
        drop(pair);
        self.abandon(place);
        Ok(())
    }

    /// Another queue pair for a connection.
    fn renew(&mut self, place: usize) -> Result<(), Error> {
        // What is told of the one before would be taken for this one's.
        while self.collect()? > 0 {}
        self.reap()?;
        let queues = [&self.parts.sent, &self.parts.received];
        let pair = QueuePair::new(&self.parts.domain, Service::Connected, queues, self.parts.depths)?;
        let number = pair.number();
        if let Some(end) = self.parts.ends.get_mut(place) {
            (end.pair, end.is_stalled) = (Some(pair), false);
        }
        self.prepare(place)?;
        if let Some(End { relink: Some(relink), .. }) = self.parts.ends.get_mut(place) {
            relink.renew(number, random() & BITS_24, Instant::now());
        }
        Ok(())
    }

    /// Makes connections anew, where it is time to look.
    pub(super) fn relink(&mut self) -> Result<(), Error> {
        if !self.parts.calls.as_mut().is_some_and(|calls| calls.is_due()) {
            return Ok(());
        }
        while let Some((node, call)) = self.parts.calls.as_ref().and_then(|calls| calls.hear()) {
            self.hear(node, |relink| relink.hear(call, Instant::now()))?;
        }
        for place in 0..self.parts.ends.len() {
            let Some(End { relink: Some(relink), .. }) = self.parts.ends.get(place) else { continue };
            if relink.wants_another()
                && let Err(error) = self.renew(place)
            {
                tracing::debug!(place, %error, "no other queue pair yet");
                self.give_up(place)?;
            }
            let Some(End { relink: Some(relink), node, .. }) = self.parts.ends.get_mut(place) else {
                continue;
            };
            if let (Some(call), Some(calls)) = (relink.say(Instant::now()), &self.parts.calls) {
                calls.say(*node, &call);
            }
        }
        Ok(())
    }

    /// Does what a call asks for.
    fn hear(&mut self, node: NodeId, hear: impl FnOnce(&mut Relink) -> Option<Half>) -> Result<(), Error> {
        let place = place_of(node, self.parts.own);
        let Some(End { relink: Some(relink), .. }) = self.parts.ends.get_mut(place) else { return Ok(()) };
        let was_up = relink.is_up();
        let to = hear(relink);
        let (own, is_up, is_broken) = (relink.own(), relink.is_up(), relink.wants_another());
        self.revived += u64::from(is_up && !was_up);
        if is_broken {
            self.give_up(place)?;
        }
        let Some(to) = to else { return Ok(()) };
        if let Err(error) = self.connect(place, own, to) {
            tracing::debug!(place, %error, "a queue pair cannot be connected");
            self.parts
                .ends
                .iter_mut()
                .skip(place)
                .take(1)
                .filter_map(|end| end.relink.as_mut())
                .for_each(Relink::lost);
            self.give_up(place)?;
        }
        Ok(())
    }
}
