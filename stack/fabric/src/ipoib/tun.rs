//! A TUN interface: packets that the kernel routes to it are read here, and what is written here comes out of it.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};

use tun_rs::{DeviceBuilder, SyncDevice};

use crate::transport::Error;

/// What the interface is called; the kernel puts a number in place of `%d`.
const NAME: &str = "ipoibtun%d";

/// A TUN interface, which is gone with it.
pub(super) struct Tun {
    device: SyncDevice,
    pub(super) name: String,
}

impl Tun {
    /// Makes an interface and brings it up.
    pub(super) fn open(ip: Ipv4Addr, mask: Ipv4Addr, mtu: usize) -> Result<Self, Error> {
        let made = |error: io::Error| {
            Error::system(
                "a TUN interface for the emulated IPoIB, which takes CAP_NET_ADMIN and /dev/net/tun",
            )(error)
        };
        let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
        let device =
            DeviceBuilder::new().name(NAME).ipv4(ip, mask, None).mtu(mtu).build_sync().map_err(made)?;
        device.set_nonblocking(true).map_err(made)?;
        let name = device.name().map_err(made)?;
        Ok(Self { device, name })
    }

    /// The next packet, if there is one.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        match self.device.recv(buffer) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(Error::system("a TUN interface")(error)),
        }
    }

    /// Hands a packet to the kernel. Answers whether it took it: it does not take what is no packet.
    pub(super) fn write(&self, packet: &[u8]) -> bool {
        self.device.send(packet).is_ok()
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}
