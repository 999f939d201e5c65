//! Where something was measured.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::device::Device;

/// A machine, as far as it decides what is measured on it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Environment {
    /// Its name.
    pub host: String,
    /// The kernel's release.
    pub kernel: String,
    /// The processor's name.
    pub processor: String,
    /// How many processors this process may use.
    pub processors: usize,
    /// Which they are, where it was pinned to fewer than there are.
    pub pinned: Option<String>,
    /// How the processors' clocks are governed, where the machine tells.
    pub governor: Option<String>,
    /// Whether the machine is a virtual one.
    pub is_virtual: bool,
    /// The network interface with the address used.
    pub interface: Option<Interface>,
    /// The machine's RDMA devices.
    pub devices: Vec<Device>,
}

/// A network interface.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its ARP hardware type (linux/if_arp.h): 1 Ethernet, 32 InfiniBand, 772 loopback.
    pub kind: u32,
    /// Its MTU, in bytes.
    pub mtu: u32,
    /// Its driver, where it has one.
    pub driver: Option<String>,
    /// `datagram` or `connected`, of IPoIB.
    pub mode: Option<String>,
}

impl Environment {
    /// Why what is measured here is no fabric of hardware; `None`: it is.
    #[must_use]
    pub fn emulated(&self) -> Option<String> {
        match &self.interface {
            None => Some("the address is at no interface of the machine".to_owned()),
            Some(interface) if interface.kind == LOOPBACK => Some("loopback: there is no wire".to_owned()),
            Some(interface) if self.is_virtual_card(interface) => {
                Some(format!("the interface {} is a virtual one", interface.name))
            }
            Some(_) => None,
        }
    }

    /// Whether there is no card behind an interface that this machine has to itself.
    fn is_virtual_card(&self, interface: &Interface) -> bool {
        let Some(driver) = &interface.driver else { return true };
        let is_of = |drivers: &[&str]| drivers.iter().any(|begin| driver.starts_with(begin));
        is_of(&PARAVIRTUAL) || self.is_virtual && is_of(&OFTEN_EMULATED)
    }
}

/// How the names of drivers begin (drivers/net of Linux) that speak to a hypervisor: of KVM, User-Mode Linux, VMware, Hyper-V and Xen.
const PARAVIRTUAL: [&str; 5] = ["virtio", "uml", "vmxnet", "hv_netvsc", "vif"];
/// Those of old cards that hypervisors emulate.
const OFTEN_EMULATED: [&str; 4] = ["e1000", "8139", "pcnet32", "ne2k"];

/// The ARP hardware type of loopback (linux/if_arp.h).
const LOOPBACK: u32 = 772;

/// This machine, with the interface that has `ip`.
#[must_use]
pub fn environment(ip: IpAddr) -> Environment {
    let status = read("/proc/self/status");
    let info = read("/proc/cpuinfo");
    let of = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let online = read("/sys/devices/system/cpu/online");
    Environment {
        host: read("/proc/sys/kernel/hostname"),
        kernel: read("/proc/sys/kernel/osrelease"),
        processor: of(&info, "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        pinned: of(&status, "Cpus_allowed_list").filter(|allowed| *allowed != online),
        governor: some(read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        is_virtual: of(&info, "flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
        interface: interface(ip),
        devices: Device::all(Path::new("/")),
    }
}

fn interface(ip: IpAddr) -> Option<Interface> {
    let addresses = nix::ifaddrs::getifaddrs().ok()?;
    let has = |address: &nix::ifaddrs::InterfaceAddress| {
        let storage = address.address?;
        let v4 = storage.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        v4.or_else(|| storage.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    };
    let name =
        addresses.filter(|address| has(address) == Some(ip)).map(|address| address.interface_name).next()?;
    let folder = Path::new("/sys/class/net").join(&name);
    let of = |file: &str| read(folder.join(file));
    let driver = fs::read_link(folder.join("device/driver")).ok();
    Some(Interface {
        kind: of("type").parse().unwrap_or_default(),
        mtu: of("mtu").parse().unwrap_or_default(),
        driver: driver.and_then(|link| Some(link.file_name()?.to_string_lossy().into_owned())),
        mode: some(of("mode")),
        name,
    })
}

/// What a file says, without the end of its line; nothing where it cannot be read.
fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).map(|text| text.trim_end().to_owned()).unwrap_or_default()
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of an interface of Ethernet with this driver.
    fn emulated(driver: Option<&str>, is_virtual: bool) -> bool {
        let driver = driver.map(str::to_owned);
        let interface = Interface { name: String::from("eth0"), kind: 1, mtu: 1500, driver, mode: None };
        Environment { is_virtual, interface: Some(interface), ..Environment::default() }.emulated().is_some()
    }

    #[test]
    fn an_interface_without_a_card_of_its_own_is_emulated() {
        for driver in ["virtio_net", "uml-vector", "uml-netdev", "vmxnet3", "hv_netvsc", "vif"] {
            assert!(emulated(Some(driver), true), "{driver}");
            // Not every hypervisor shows itself among the processor's flags.
            assert!(emulated(Some(driver), false), "{driver}");
        }
        // veth, bridges, TUN.
        assert!(emulated(None, false));
        // A card that hypervisors emulate may be a real one elsewhere.
        assert!(emulated(Some("e1000"), true) && !emulated(Some("e1000"), false));
        for driver in ["mlx5_core", "ixgbe", "ice"] {
            assert!(!emulated(Some(driver), false), "{driver}");
            // Passed through.
            assert!(!emulated(Some(driver), true), "{driver}");
        }
    }
}
