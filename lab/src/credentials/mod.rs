//! Logins: the lab's own, and those of real devices. They come by environment or file, never by argument.

pub(crate) mod console;
mod file;
pub(crate) mod ipmi;
pub(crate) mod snmp;

use fencelab_devices::Credentials;

/// The variable of the lab's password.
pub(crate) const LAB_PASSWORD: &str = "FENCELAB_PASSWORD";

/// The lab's login: user `lab`, password `fencelab`, or what FENCELAB_USER and FENCELAB_PASSWORD say; with the BMC key of
/// FENCELAB_KG, if there is one. To SNMP the password is the community of versions 1 and 2c, and both passphrases of
/// version 3.
pub(crate) fn lab() -> Credentials {
    let default = Credentials::default();
    Credentials {
        user: variable("FENCELAB_USER").unwrap_or(default.user),
        password: variable(LAB_PASSWORD).unwrap_or(default.password),
        kg: variable("FENCELAB_KG"),
    }
}

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
