//! The host's IPoIB interfaces, as sysfs tells of them.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::device::{names, text};

/// The type of an interface of InfiniBand (`ARPHRD_INFINIBAND`, linux/if_arp.h).
const INFINIBAND: &str = "32";
/// The driver of the adapters whose IPoIB may be enhanced.
const MLX5: &str = "mlx5_core";

/// How packets travel.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By datagrams: the MTU is that of InfiniBand, less four bytes.
    Datagram,
    /// By a connection to each other node: the MTU may be 65,520. Multicast goes by datagrams all the same.
    Connected,
    /// What else the kernel says, or nothing.
    #[serde(untagged)]
    Unknown(String),
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Datagram => "datagram",
            Self::Connected => "connected",
            Self::Unknown(mode) => mode,
        })
    }
}

/// An IPoIB interface.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Interface {
    /// Its name, like `ib0`.
    pub name: String,
    /// How its packets travel.
    pub mode: Mode,
    /// Its MTU in bytes.
    pub mtu: Option<u32>,
    /// As the kernel says it, like `up`.
    pub state: String,
    /// The RDMA devices that it stands on.
    pub devices: Vec<String>,
    /// Whether the adapter does part of IP's work, as Enhanced IPoIB of mlx5 does. It has no connected mode.
    pub is_enhanced: bool,
}

impl Interface {
    /// The interfaces under a root folder, which is `/` for this machine's own, by their names.
    #[must_use]
    pub fn all(root: &Path) -> Vec<Self> {
        let folder = root.join("sys/class/net");
        let is_infiniband =
            |name: &String| text(&folder.join(name).join("type")).as_deref() == Some(INFINIBAND);
        names(&folder).into_iter().filter(is_infiniband).map(|name| Self::read(&folder, name)).collect()
    }

    fn read(folder: &Path, name: String) -> Self {
        let folder = folder.join(&name);
        let mode = match text(&folder.join("mode")).unwrap_or_default().as_str() {
            "datagram" => Mode::Datagram,
            "connected" => Mode::Connected,
            other => Mode::Unknown(other.to_owned()),
        };
        let driver = std::fs::read_link(folder.join("device/driver")).ok();
        let is_mlx5 = driver.is_some_and(|driver| driver.ends_with(MLX5));
        // Enhanced IPoIB has a queue for each processor; the plain one has one (mlx5 of the kernel, ipoib/ipoib.c; drivers/infiniband/ulp/ipoib).
        let queues = names(&folder.join("queues")).iter().filter(|queue| queue.starts_with("rx-")).count();
        Self {
            mtu: text(&folder.join("mtu")).and_then(|mtu| mtu.parse().ok()),
            state: text(&folder.join("operstate")).unwrap_or_default(),
            devices: names(&folder.join("device/infiniband")),
            is_enhanced: is_mlx5 && queues > 1 && mode != Mode::Connected,
            mode,
            name,
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, mode, mtu, state, devices, is_enhanced } = self;
        let enhanced = if *is_enhanced { ", enhanced" } else { "" };
        let mtu = mtu.map_or_else(|| "unknown".to_owned(), |mtu| mtu.to_string());
        write!(f, "{name}: {mode}{enhanced}, MTU {mtu}, {state}, on {}", devices.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn interface(root: &Path, name: &str, values: &[(&str, &str)]) {
        let folder = root.join("sys/class/net").join(name);
        fs::create_dir_all(&folder).unwrap();
        for (file, value) in values {
            fs::write(folder.join(file), format!("{value}\n")).unwrap();
        }
    }

    #[test]
    fn interfaces_of_infiniband_are_told_from_others() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        interface(root, "eth0", &[("type", "1"), ("mtu", "1500")]);
        interface(
            root,
            "ib0",
            &[("type", "32"), ("mtu", "65520"), ("mode", "connected"), ("operstate", "up")],
        );
        interface(root, "ib1", &[("type", "32"), ("mtu", "2044"), ("mode", "datagram"), ("operstate", "up")]);
        let ib1 = root.join("sys/class/net/ib1");
        for part in ["queues/rx-0", "queues/rx-1", "device/infiniband/mlx5_1"] {
            fs::create_dir_all(ib1.join(part)).unwrap();
        }
        symlink("../../../bus/pci/drivers/mlx5_core", ib1.join("device/driver")).unwrap();
        interface(root, "ib2", &[("type", "32")]);

        let told: Vec<_> = Interface::all(root).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "ib0: connected, MTU 65520, up, on ",
                "ib1: datagram, enhanced, MTU 2044, up, on mlx5_1",
                "ib2: , MTU unknown, , on ",
            ]
        );
    }

    #[test]
    fn without_interfaces_there_are_none() {
        assert_eq!(Interface::all(Path::new("/no/such/root")), []);
    }
}
