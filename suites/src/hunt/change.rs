//! One thing that is unusual about a case, and what is usual.

use fencelab_devices::fault::Fault;

use crate::case::{Action, Case, Login, Mode};
use crate::link::Options;

/// A change of a case. What it does not name stays.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// This trouble.
    Faults(Vec<Fault>),
    /// These plugs, in one call; the first has the state of the case.
    Asked(Vec<String>),
    /// These options, all of them.
    Options(Options),
    /// The plugs by the names that people gave them.
    ByName,
    /// This way of handing options over, in the fencing daemon's name or not.
    Call(Mode, bool),
    /// This account, with the options for it.
    Login(Login, Options),
    /// The device in this shape.
    Shape(String),
    /// Another device at the address.
    Impostor(String),
}

impl Change {
    /// Changes a case.
    pub(crate) fn make(&self, case: &mut Case) {
        match self {
            Change::Faults(faults) => case.faults.clone_from(faults),
            Change::Asked(plugs) => {
                let mut plugs = plugs.iter().cloned();
                case.plug = plugs.next().unwrap_or_default();
                case.also = plugs.collect();
            }
            Change::ByName => case.by_name = true,
            Change::Options(options) => case.options.clone_from(options),
            Change::Call(mode, as_service) => (case.mode, case.as_service) = (*mode, *as_service),
            Change::Login(login, options) => {
                case.login = *login;
                case.options.clone_from(options);
            }
            Change::Shape(shape) => case.shape.clone_from(shape),
            Change::Impostor(device) => case.impostor = Some(device.clone()),
        }
    }

    /// Whether it means anything for an action.
    pub(crate) fn fits(&self, action: Action) -> bool {
        let of_all = matches!(action, Action::List | Action::ListStatus | Action::Monitor);
        let asks_only = of_all || matches!(action, Action::Status | Action::Diag);
        match self {
            Change::Asked(_) | Change::ByName => !of_all,
            Change::Faults(faults) => {
                // Nobody orders anything, so orders cannot go wrong.
                !(asks_only
                    && faults
                        .iter()
                        .any(|fault| fault.kind.entry().group == fencelab_devices::fault::Group::Control))
            }
            _ => true,
        }
    }
}
