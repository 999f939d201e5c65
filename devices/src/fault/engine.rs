//! The faults that a device has now, each with what it has met so far.

use std::time::Duration;

use super::{Direction, Fault, FaultKind, Group, Op};

/// The faults of a device.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    active: Vec<Active>,
    /// Requests that came since the faults are there.
    requests: u32,
    /// The one that everything belongs to now.
    exchange: u32,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    met: u32,
    since: Option<Duration>,
}

impl Active {
    /// Whether the fault acts on this; counts it if the rest of the scope holds.
    fn acts(&mut self, now: Duration, direction: Option<Direction>, op: Op, exchange: u32) -> bool {
        let scope = &self.fault.scope;
        // Faults of power commands mean any of them when told nothing else.
        let control = self.fault.kind.entry().group == Group::Control && scope.on.is_none();
        if control && !Op::Control.covers(op) {
            return false;
        }
        if scope.direction.is_some_and(|wanted| Some(wanted) != direction)
            || scope.on.is_some_and(|wanted| !wanted.covers(op))
            || scope.exchange.is_some_and(|wanted| wanted != exchange)
        {
            return false;
        }
        self.met = self.met.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        scope.nth.is_none_or(|nth| self.met == nth)
            && scope.first.is_none_or(|first| self.met <= first)
            && scope.window.is_none_or(|window| now < since.saturating_add(window))
    }
}

impl Engine {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let active = faults.into_iter().map(|fault| Active { fault, met: 0, since: None }).collect();
        Self { active, requests: 0, exchange: 0 }
    }

    /// A request came: all that is asked about from now on belongs to it.
    pub(crate) fn begin_exchange(&mut self) {
        self.requests = self.requests.saturating_add(1);
        self.exchange = self.requests;
    }

    /// The number of the request that everything belongs to now, from 1; 0: it came before the faults.
    pub(crate) fn exchange(&self) -> u32 {
        self.exchange
    }

    /// All that is asked about from now on belongs to this request.
    pub(crate) fn resume_exchange(&mut self, exchange: u32) {
        self.exchange = exchange;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    pub(crate) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.active.iter().map(|active| &active.fault)
    }

    /// Whether some fault of the network asks what a datagram is about.
    pub(crate) fn needs_op(&self) -> bool {
        self.active.iter().any(|active| {
            active.fault.kind.entry().group == Group::Network && active.fault.scope.on.is_some()
        })
    }

    /// The faults that `choose` takes an interest in and that act on this, in the order they were given.
    pub(crate) fn acting<T>(
        &mut self,
        now: Duration,
        direction: Option<Direction>,
        op: Op,
        mut choose: impl FnMut(&FaultKind) -> Option<T>,
    ) -> Vec<(T, String)> {
        let mut acting = Vec::new();
        for active in &mut self.active {
            let Some(chosen) = choose(&active.fault.kind) else { continue };
            if active.acts(now, direction, op, self.exchange) {
                acting.push((chosen, active.fault.to_string()));
            }
        }
        acting
    }
}
