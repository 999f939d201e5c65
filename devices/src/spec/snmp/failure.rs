//! Errors and exceptions by the names that `device.toml` and fault expressions use.

use std::borrow::Cow;

use fencelab_wire::snmp::{ErrorStatus, Value};

/// What stands in place of a value: an error of the whole request, or an exception of one binding (RFC 3416 §3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The request fails.
    Error(ErrorStatus),
    /// There is no such object type; in v1 noSuchName.
    NoSuchObject,
    /// There is no such instance; in v1 noSuchName.
    NoSuchInstance,
    /// The end of a walk; in v1 noSuchName.
    EndOfMibView,
}

const EXCEPTIONS: [(&str, Failure); 3] = [
    ("no-such-object", Failure::NoSuchObject),
    ("no-such-instance", Failure::NoSuchInstance),
    ("end-of-mib-view", Failure::EndOfMibView),
];

impl Failure {
    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let exception = EXCEPTIONS.iter().find(|(known, _)| *known == name).map(|(_, failure)| *failure);
        exception.or_else(|| ErrorStatus::from_name(name).filter(|status| !status.is_ok()).map(Self::Error))
    }

    /// Its name; a number where there is none.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        let exception = EXCEPTIONS.iter().find(|(_, known)| *known == self).map(|(name, _)| *name);
        match (exception, self) {
            (Some(name), _) => name.into(),
            (None, Self::Error(status)) => {
                status.name().map_or_else(|| status.0.to_string().into(), Cow::Borrowed)
            }
            (None, _) => "".into(),
        }
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        let errors = ErrorStatus::ALL.into_iter().filter(|status| !status.is_ok());
        errors.filter_map(ErrorStatus::name).chain(EXCEPTIONS.iter().map(|(name, _)| *name))
    }

    /// The value of an exception in a binding of v2c and v3.
    pub(crate) fn exception(self) -> Option<Value> {
        match self {
            Self::Error(_) => None,
            Self::NoSuchObject => Some(Value::NoSuchObject),
            Self::NoSuchInstance => Some(Value::NoSuchInstance),
            Self::EndOfMibView => Some(Value::EndOfMibView),
        }
    }
}
