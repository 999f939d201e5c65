//! The nodes at work on a plan. A transport that fails is noted in the report, and the others go on.

use super::report::Report;
use super::{Plan, Steps};
use crate::crew::{Crew, Nodes};
use crate::transport::{Error, Kind, Waiting};

/// A transport that has failed so often is not tried again: each time may take a minute.
const ENOUGH: usize = 3;

/// The nodes, and what they have found so far.
pub(super) struct Team<'a, 'b, 'c> {
    pub(super) plan: &'a Plan,
    pub(super) crew: Crew,
    pub(super) report: &'a mut Report,
    pub(super) steps: &'a mut Steps<'b, 'c>,
    nodes: Nodes,
}

impl<'a, 'b, 'c> Team<'a, 'b, 'c> {
    /// Starts or reaches the nodes.
    ///
    /// # Errors
    /// One cannot be started or reached.
    pub(super) fn assemble(
        plan: &'a Plan,
        nodes: Nodes,
        report: &'a mut Report,
        steps: &'a mut Steps<'b, 'c>,
    ) -> Result<Self, Error> {
        Ok(Self { plan, crew: Crew::assemble(&nodes)?, report, steps, nodes })
    }

    /// Does something over a transport. `None`: it was not done, and the report says why; the nodes are new ones then.
    ///
    /// # Errors
    /// There are no new nodes.
    pub(super) fn attempt<T>(
        &mut self,
        kind: Kind,
        waiting: Waiting,
        doing: &str,
        attempt: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.report.tested(kind, waiting).troubles.len() >= ENOUGH {
            return Ok(None);
        }
        self.steps.of(kind, waiting, doing);
        let error = match attempt(self) {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        let tested = self.report.tested(kind, waiting);
        match error {
            // Once it was linked, there was a device.
            Error::NoDevice(why) if tested.limits.is_none() => {
                tested.unavailable = Some(why);
                return Ok(None);
            }
            error => tested.troubles.push(format!("{doing}: {error}")),
        }
        // Whoever did not answer may do so later, and a node serves one bench at a time.
        self.crew.disband();
        self.crew = Crew::assemble(&self.nodes)?;
        Ok(None)
    }

    /// Links a transport on all nodes. Answers whether messages of so many bytes fit.
    ///
    /// # Errors
    /// There is no device for it, or a node failed.
    pub(super) fn link(&mut self, kind: Kind, waiting: Waiting, message: usize) -> Result<bool, Error> {
        let linked = self.crew.link(kind, waiting, message, self.plan.device.as_deref())?;
        // At once: nodes that are new have not told of their machines, and what is emulated must be known to be.
        self.report.saw(&self.crew);
        let tested = self.report.tested(kind, waiting);
        tested.limits = Some(linked.limits);
        tested.guarantees = Some(linked.guarantees);
        Ok(message <= linked.limits.message)
    }
}

impl Steps<'_, '_> {
    /// The next step of a transport.
    pub(super) fn of(&mut self, kind: Kind, waiting: Waiting, doing: &str) {
        self.next(&format!("{kind} ({}): {doing}", waiting.name()));
    }
}
