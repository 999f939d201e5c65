//! What a guest is made of, whatever runs it.

use std::path::Path;

use crate::options::{Kernel, Rdma};

/// What a guest is made of. All of its files are in one folder, but for the kernel.
pub(crate) struct Parts<'a> {
    pub(crate) kind: Kernel,
    /// Whether the host's hardware runs it.
    pub(crate) kvm: bool,
    pub(crate) rdma: Rdma,
    /// Its number and how many there are.
    pub(crate) node: (usize, usize),
    pub(crate) kernel: &'a Path,
    pub(crate) initrd: &'a Path,
    /// MiB.
    pub(crate) memory: usize,
    pub(crate) mtu: u16,
    /// Whether it keeps to one processor of the host.
    pub(crate) pinned: bool,
    /// The unix socket where the lab waits for its agent's line.
    pub(crate) agent: &'a Path,
    /// The unix socket of its port of the switch.
    pub(crate) port: &'a Path,
}

impl Parts<'_> {
    /// What `/init` is told on the kernel's command line: what the kernel does not know and has no full stop in its name becomes
    /// the environment.
    pub(crate) fn environment(&self) -> String {
        let (number, count) = self.node;
        let kernel = match self.kind {
            Kernel::Debian => "debian",
            Kernel::UserMode => "user-mode",
        };
        format!("KERNEL={kernel} NODE={number} NODES={count} MTU={} RDMA={}", self.mtu, self.rdma.name())
    }

    /// Its address in the Ethernet of the lab.
    pub(crate) fn hardware_address(&self) -> String {
        format!("52:54:00:77:00:{:02x}", self.node.0)
    }
}
