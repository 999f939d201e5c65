//! What a device speaks, once the user is let in.

use super::{plug::Plug, talk::Talk};
use crate::{
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// A dialect. Each call is one question or one order; the device is at its prompt before and after it. After a failure the
/// session is given up, so nothing has to be put in order then.
pub(crate) trait Dialect: Sync {
    /// What is said once, after the login.
    fn start(&self, talk: &mut Talk<'_, '_>) -> Result<(), Failure> {
        let _ = talk;
        Ok(())
    }

    /// Asks for the state of a plug.
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure>;

    /// Orders it on or off.
    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure>;

    /// Orders a power cycle.
    fn cycle(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<(), Failure> {
        let _ = (talk, plug);
        Err(no_such_order())
    }

    /// The plugs; `None` for a device that does not list any. Without `states` they need not be true.
    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure>;

    /// What is said at the end.
    fn quit(&self) -> &'static [&'static str];
}

/// An order that a device does not have.
pub(crate) fn no_such_order() -> Failure {
    Failure::lasting(Step::Command, "there is no such order to this device")
}
