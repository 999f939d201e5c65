//! Whom to speak to, as the options say.

use fencelab_link::{Family, Target};

use crate::options::Values;

/// The address of the device: `ip`, `ipport`, and the families that may be used.
pub(crate) fn target(values: &Values) -> Target {
    let family = match (values.flag("inet4_only"), values.flag("inet6_only")) {
        (true, _) => Family::V4,
        (_, true) => Family::V6,
        _ => Family::Any,
    };
    let port = u16::try_from(values.number("ipport")).unwrap_or_default();
    // People write an IPv6 address with brackets where a port follows; here none does.
    let host = values.text("ip").unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Target { host: host.to_owned(), port, family }
}
