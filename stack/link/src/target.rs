//! Who is spoken to.

use std::fmt;

/// Which addresses of a host may be used.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Family {
    /// Whatever the resolver gives first.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// A host and a port.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Target {
    /// A name or an address, without brackets; of a serial line its path, which begins with a slash.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Which addresses of the host may be used.
    pub family: Family,
}

impl Target {
    /// A target of any address family.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, family: Family::Any }
    }

    /// Whether it is a serial line of this machine, by its path.
    #[must_use]
    pub fn is_path(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_path() {
            f.write_str(&self.host)
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
