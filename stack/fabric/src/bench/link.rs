//! Linking what can be linked, and saying why the rest cannot.

use super::report::Report;
use super::{Plan, Steps};
use crate::crew::Crew;
use crate::transport::{Error, Kind, Waiting};

/// The transports of a plan.
pub(super) struct Links {
    device: Option<String>,
}

impl Links {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { device: plan.device.clone() }
    }

    /// Links a transport on all nodes. Answers whether there is one; where not, the report says why.
    pub(super) fn try_link(
        &mut self,
        crew: &mut Crew,
        kind: Kind,
        waiting: Waiting,
        message: usize,
        report: &mut Report,
    ) -> Result<bool, Error> {
        match crew.link(kind, waiting, message, self.device.as_deref()) {
            Ok(linked) => {
                let tested = report.tested(kind, waiting);
                tested.limits = Some(linked.limits);
                tested.guarantees = Some(linked.guarantees);
                Ok(true)
            }
            Err(Error::NoDevice(why)) => {
                report.tested(kind, waiting).unavailable = Some(why);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Steps<'_, '_> {
    /// The next step of a transport.
    pub(super) fn of(&mut self, kind: Kind, waiting: Waiting, doing: &str) {
        self.next(&format!("{kind} ({}): {doing}", waiting.name()));
    }
}
