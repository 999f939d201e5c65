//! The RDMA devices of a machine, as sysfs tells of them: no library and no permission is needed.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a port's link is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkLayer {
    /// InfiniBand.
    Infiniband,
    /// Ethernet: RoCE or iWARP.
    Ethernet,
    /// What else the kernel says.
    #[serde(untagged)]
    Unknown(String),
}

/// A port of a device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Port {
    /// Its number; the first is 1.
    pub number: u32,
    /// What its link is.
    pub link_layer: LinkLayer,
    /// As the kernel says it, like `ACTIVE`.
    pub state: String,
    /// As the kernel says it, like `100 Gb/sec (4X EDR)`. For software devices it is made up.
    pub rate: String,
    /// The longest packet in bytes that goes out by its network interface; `None`: it has none here, and libibverbs knows.
    pub mtu: Option<u32>,
}

/// An RDMA device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Device {
    /// Its name, like `mlx5_0`.
    pub name: String,
    /// The kernel's driver; of software devices `None`, for they have none by name.
    pub driver: Option<String>,
    /// Its firmware's version, where it has firmware.
    pub firmware: Option<String>,
    /// The network interface that a software device stands on.
    pub parent: Option<String>,
    /// Whether it is software: soft-RoCE or soft-iWARP. What is measured with it says nothing of hardware.
    pub is_emulated: bool,
    /// Its ports.
    pub ports: Vec<Port>,
}

impl Device {
    /// The devices under a root folder, which is `/` for this machine's own, by their names.
    #[must_use]
    pub fn all(root: &Path) -> Vec<Self> {
        names(&root.join("sys/class/infiniband")).iter().map(|name| Self::read(root, name)).collect()
    }

    fn read(root: &Path, name: &str) -> Self {
        let folder = root.join("sys/class/infiniband").join(name);
        let hardware = folder.join("device");
        let parent = text(&folder.join("parent"));
        let driver = std::fs::read_link(hardware.join("driver"))
            .ok()
            .and_then(|link| link.file_name().map(|name| name.to_string_lossy().into_owned()));
        let mut ports: Vec<_> = names(&folder.join("ports"))
            .iter()
            .filter_map(|port| port.parse().ok())
            .map(|number| Port::read(root, &folder, number))
            .collect();
        ports.sort_by_key(|port| port.number);
        Self {
            name: name.to_owned(),
            driver,
            firmware: text(&folder.join("fw_ver")).filter(|version| version != "0.0.0"),
            // Hardware hangs on a bus; rxe and siw only name the interface that they stand on (Documentation/ABI of the kernel,
            // stable/sysfs-class-infiniband).
            is_emulated: !hardware.exists(),
            parent,
            ports,
        }
    }
}

impl Port {
    fn read(root: &Path, device: &Path, number: u32) -> Self {
        let folder = device.join("ports").join(number.to_string());
        let value = |name: &str| text(&folder.join(name)).unwrap_or_default();
        let link_layer = match value("link_layer").as_str() {
            "InfiniBand" => LinkLayer::Infiniband,
            "Ethernet" => LinkLayer::Ethernet,
            other => LinkLayer::Unknown(other.to_owned()),
        };
        // "4: ACTIVE".
        let state = value("state");
        let state = state.split_once(": ").map_or(state.as_str(), |(_, name)| name).to_owned();
        let interface = text(&folder.join("gid_attrs/ndevs/0"));
        let mtu =
            interface.and_then(|name| text(&root.join("sys/class/net").join(name).join("mtu"))?.parse().ok());
        Self { number, link_layer, state, rate: value("rate"), mtu }
    }
}

/// The names in a folder, sorted. None where there is no such folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// What a file of sysfs says, without the end of its line. `None`: nothing, or it cannot be read.
pub(crate) fn text(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(root: &Path, file: &str, value: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{value}\n")).unwrap();
    }

    #[test]
    fn without_devices_there_are_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Device::all(root.path()), []);
    }

    #[test]
    fn software_is_told_from_hardware() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let port = |device: &str, name: &str, value: &str| {
            write(root, &format!("sys/class/infiniband/{device}/ports/1/{name}"), value);
        };
        for device in ["mlx5_0", "rxe0"] {
            port(device, "state", "4: ACTIVE");
        }
        port("mlx5_0", "link_layer", "InfiniBand");
        port("mlx5_0", "rate", "100 Gb/sec (4X EDR)");
        write(root, "sys/class/infiniband/mlx5_0/fw_ver", "16.35.4030");
        fs::create_dir_all(root.join("sys/class/infiniband/mlx5_0/device")).unwrap();
        std::os::unix::fs::symlink(
            "../../../bus/pci/drivers/mlx5_core",
            root.join("sys/class/infiniband/mlx5_0/device/driver"),
        )
        .unwrap();
        port("rxe0", "link_layer", "Ethernet");
        port("rxe0", "gid_attrs/ndevs/0", "eth0");
        write(root, "sys/class/infiniband/rxe0/parent", "eth0");
        write(root, "sys/class/infiniband/rxe0/fw_ver", "0.0.0");
        write(root, "sys/class/net/eth0/mtu", "4200");

        let devices = Device::all(root);
        let [mlx, rxe] = &devices[..] else { panic!("{devices:?}") };
        assert!(!mlx.is_emulated && rxe.is_emulated);
        assert_eq!(mlx.driver.as_deref(), Some("mlx5_core"));
        assert_eq!(mlx.firmware.as_deref(), Some("16.35.4030"));
        assert_eq!(mlx.ports[0].link_layer, LinkLayer::Infiniband);
        assert_eq!(mlx.ports[0].state, "ACTIVE");
        assert_eq!((rxe.parent.as_deref(), rxe.firmware.as_deref()), (Some("eth0"), None));
        assert_eq!(rxe.ports[0].mtu, Some(4200));
        assert_eq!(rxe.ports[0].link_layer, LinkLayer::Ethernet);
        let json = serde_json::to_string(&devices).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Device>>(&json).unwrap(), devices);
    }
}
