//! The actions.

/// What an agent can be asked to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    On,
    Off,
    Reboot,
    Status,
    Monitor,
    List,
    ListStatus,
    Metadata,
    Manpage,
    ValidateAll,
    Diag,
}

impl Action {
    /// The action of this name. `enable` and `disable` are what fabric agents call on and off.
    pub(crate) fn parse(name: &str, fabric: bool) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "on" => Self::On,
            "off" => Self::Off,
            "enable" if fabric => Self::On,
            "disable" if fabric => Self::Off,
            "reboot" if !fabric => Self::Reboot,
            "status" => Self::Status,
            "monitor" => Self::Monitor,
            "list" => Self::List,
            "list-status" => Self::ListStatus,
            "metadata" | "meta-data" => Self::Metadata,
            "manpage" => Self::Manpage,
            "validate-all" => Self::ValidateAll,
            "diag" => Self::Diag,
            _ => return None,
        })
    }

    /// Whether it is about one plug (or several named ones), not about the device.
    pub(crate) fn needs_plug(self) -> bool {
        !matches!(self, Self::List | Self::ListStatus | Self::Monitor)
    }

    /// Whether `delay` comes before it: it takes a node down.
    pub(crate) fn is_delayed(self) -> bool {
        matches!(self, Self::Off | Self::Reboot)
    }
}
