//! What a device-specific agent must be able to do. Everything else is shared.

use crate::{context::Context, failure::Failure};

/// The power state of a plug, as far as it is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PowerState {
    /// The device says, in a way its documents define, that the plug has power.
    On,
    /// The device says, in a way its documents define, that the plug has no power.
    Off,
    /// Anything else, with what was seen. It never counts as off.
    Unknown(String),
}

impl PowerState {
    /// The word that agents print.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
            Self::Unknown(_) => "UNKNOWN",
        }
    }
}

/// A state to ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// With power.
    On,
    /// Without power.
    Off,
}

impl Wanted {
    /// Whether a state is this one.
    pub(crate) fn is(self, state: &PowerState) -> bool {
        matches!((self, state), (Self::On, PowerState::On) | (Self::Off, PowerState::Off))
    }

    /// The word that agents print.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
        }
    }
}

/// A plug of a device, for `list`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Outlet {
    /// What `plug=` takes.
    pub(crate) plug: String,
    /// The name that somebody gave it; may be empty.
    pub(crate) alias: String,
    /// Its state.
    pub(crate) state: PowerState,
}

/// A device-specific agent.
///
/// Each call is one question or one command; time limits of a single exchange are kept inside (see
/// [`Timing`](crate::timing::Timing)), polling and retries of the whole action are the caller's.
/// `plug` is empty for a device with a single plug, and the address of the device under `port_as_ip`.
pub(crate) trait Fence {
    /// Asks for the power state. An answer that cannot be understood is `Ok(Unknown)`; no answer is a failure.
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure>;

    /// Orders the plug on or off; `Ok` means that the device accepted the order, not that it is done.
    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure>;

    /// Orders a power cycle as one command; `Ok` means that the device accepted it.
    fn cycle(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure>;

    /// Sends a diagnostic interrupt.
    fn diag(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure>;

    /// The plugs of the device; `None` for a device with a single plug, which has no name. Without `states` they need not
    /// be true: a device that tells them one by one is spared the questions.
    fn list(&mut self, context: &mut Context<'_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure>;

    /// Says goodbye. It is called once, whatever happened before; nothing can be done about a failure.
    fn close(&mut self, context: &mut Context<'_>);
}
