//! How a lab is to be.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::GuestError;
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

/// What guests boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    /// Debian's own under QEMU: nothing is built, and a boot takes 4 to 6 seconds.
    #[default]
    Debian,
    /// A User-Mode Linux kernel, a program of the host: made of Debian's source by the first call, in minutes; then a boot
    /// takes less than a second.
    UserMode,
}

/// The RDMA device of each guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rdma {
    /// Soft-RoCE: InfiniBand's transport in UDP packets. The device is `rxe0`.
    #[default]
    Rxe,
    /// Soft-iWARP: RDMA over TCP, with the connection manager only. The device is `siw0`. Debian's kernel does not have it.
    Siw,
}

impl Rdma {
    /// The name of the driver, which the kernel goes by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rxe => "rxe",
            Self::Siw => "siw",
        }
    }
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
    /// What runs the guests' processors; for Debian's kernel only.
    pub accel: Accel,
    /// How long a boot may take.
    pub boot_limit: Duration,
    /// What every cable is like in the beginning.
    pub cable: Cable,
    /// Files for the guests. Programs bring their libraries, and are in the guests' search path if they are in `/bin`.
    pub inside: Vec<Inside>,
    /// What the guests boot.
    pub kernel: Kernel,
    /// The memory of a guest beyond what its first file system takes. MiB.
    pub memory: usize,
    /// The largest IP packet. RoCE takes the power of two below: 1500 gives it 1024 bytes, 4200 gives it 4096.
    pub mtu: u16,
    /// How long a command may take for which nothing else is said.
    pub patience: Duration,
    /// Whether each keeps to one processor of the host, in turn: what they measure does not depend on where the host puts them,
    /// then.
    pub pinned: bool,
    /// Their RDMA device.
    pub rdma: Rdma,
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
            kernel: Kernel::default(),
            memory: 256,
            mtu: 1500,
            patience: Duration::from_secs(60),
            pinned: false,
            rdma: Rdma::default(),
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

    /// # Errors
    /// When two of them exclude each other.
    pub(crate) fn check(&self) -> Result<(), GuestError> {
        let problem = match (self.kernel, self.rdma, self.accel) {
            (Kernel::Debian, Rdma::Siw, _) => {
                "Debian's kernel has no siw: take rxe, or the User-Mode Linux kernel"
            }
            (Kernel::UserMode, _, Accel::Kvm | Accel::Probe) => {
                "no QEMU runs a User-Mode Linux kernel, so that nothing can accelerate it: leave out the accelerator, or \
                take Debian's kernel"
            }
            _ => return Ok(()),
        };
        Err(GuestError::Options { problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_excludes_each_other_is_refused_with_what_mends_it() {
        let problem = |kernel, rdma, accel| {
            let options = Options { kernel, rdma, accel, ..Options::default() };
            options.check().err().map(|error| error.to_string()).unwrap_or_default()
        };
        for accel in [Accel::Tcg, Accel::Kvm, Accel::Probe] {
            assert_eq!(problem(Kernel::Debian, Rdma::Rxe, accel), "");
            assert!(problem(Kernel::Debian, Rdma::Siw, accel).contains("take rxe"));
        }
        for rdma in [Rdma::Rxe, Rdma::Siw] {
            assert_eq!(problem(Kernel::UserMode, rdma, Accel::Tcg), "");
            assert!(problem(Kernel::UserMode, rdma, Accel::Kvm).contains("leave out"));
        }
    }
}
