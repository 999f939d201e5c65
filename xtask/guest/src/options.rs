//! How a lab is to be.

use std::path::PathBuf;
use std::time::Duration;

use crate::forwarding::Cable;

/// What runs the guests' processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accel {
    /// QEMU's software emulation: everywhere, and slow.
    #[default]
    Tcg,
    /// The host's hardware. That `/dev/kvm` can be opened does not say that a guest boots with it.
    Kvm,
    /// Hardware if a guest boots with it in a few seconds, else emulation.
    Probe,
}

/// A file of the host for the inside of the guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Where it is on the host.
    pub host: PathBuf,
    /// Where it is to be in the guests, such as `/etc/corosync.conf`.
    pub guest: String,
}

/// How a lab is to be; `Options::default()` suits most tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// What runs the guests' processors.
    pub accel: Accel,
    /// How long a boot may take.
    pub boot_limit: Duration,
    /// What every cable is like in the beginning.
    pub cable: Cable,
    /// Files for the guests. Programs bring their libraries, and are in the guests' search path if they are in `/bin`.
    pub inside: Vec<Inside>,
    /// The memory of a guest beyond what its first file system takes. MiB.
    pub memory: usize,
    /// The largest IP packet. RoCE takes the power of two below: 1500 gives it 1024 bytes, 4200 gives it 4096.
    pub mtu: u16,
    /// How long a command may take for which nothing else is said.
    pub patience: Duration,
    /// What the cables draw their losses from.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accel: Accel::default(),
            boot_limit: Duration::from_secs(120),
            cable: Cable::default(),
            inside: Vec::new(),
            memory: 256,
            mtu: 1500,
            patience: Duration::from_secs(60),
            seed: 1,
        }
    }
}

impl Options {
    /// Adds a program of the host, with its libraries, as `/bin/<its name>`.
    #[must_use]
    pub fn program(mut self, host: impl Into<PathBuf>) -> Self {
        let host = host.into();
        let name = host.file_name().unwrap_or_default().to_string_lossy();
        self.inside.push(Inside { guest: format!("/bin/{name}"), host });
        self
    }

    /// Adds a file of the host at another place.
    #[must_use]
    pub fn file(mut self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Self {
        self.inside.push(Inside { host: host.into(), guest: guest.into() });
        self
    }
}
