//! A TUN interface: packets that the kernel routes to it are read here, and what is written here comes out of it.

#![allow(
    unsafe_code,
    reason = "interfaces are set up by ioctl, which no safe call wraps; each block says why it is sound"
)]

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};

use crate::transport::Error;

/// What the interface is called; the kernel puts a number in place of `%d`.
const NAME: &[u8] = b"ipoibtun%d";

/// A TUN interface, which is gone with it.
pub(super) struct Tun {
    device: OwnedFd,
    pub(super) name: String,
}

impl Tun {
    /// Makes an interface and brings it up.
    pub(super) fn open(ip: Ipv4Addr, mask: Ipv4Addr, mtu: usize) -> Result<Self, Error> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let device = rustix::fs::open("/dev/net/tun", flags, Mode::empty())
            .map_err(Error::system("/dev/net/tun, which the emulated IPoIB is made with"))?;
        // SAFETY: numbers of zeros are numbers.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(NAME) {
            *to = *from as libc::c_char;
        }
        let mut set = |descriptor: BorrowedFd<'_>, code, fill: &dyn Fn(&mut libc::ifreq), what: &str| {
            fill(&mut request);
            // SAFETY: the codes used here take an `ifreq`, which lives as long as the call.
            match unsafe { libc::ioctl(descriptor.as_raw_fd(), code, &raw mut request) } {
                0.. => Ok(()),
                _ => Err(Error::system(format!("a TUN interface: {what}"))(std::io::Error::last_os_error())),
            }
        };
        let without_header = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
        set(
            device.as_fd(),
            libc::TUNSETIFF,
            &|request| request.ifr_ifru.ifru_flags = without_header,
            "it takes CAP_NET_ADMIN",
        )?;
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)
            .map_err(Error::system("a socket"))?;
        let socket = socket.as_fd();
        let length = libc::c_int::try_from(mtu).unwrap_or(libc::c_int::MAX);
        let up = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        set(socket, libc::SIOCSIFMTU, &|request| request.ifr_ifru.ifru_mtu = length, "its MTU")?;
        set(socket, libc::SIOCSIFADDR, &|request| request.ifr_ifru.ifru_addr = address(ip), "its address")?;
        set(
            socket,
            libc::SIOCSIFNETMASK,
            &|request| request.ifr_ifru.ifru_netmask = address(mask),
            "its mask",
        )?;
        set(socket, libc::SIOCSIFFLAGS, &|request| request.ifr_ifru.ifru_flags = up, "up")?;
        let name =
            request.ifr_name.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8 as char).collect();
        Ok(Self { device, name })
    }

    /// The next packet, if there is one.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        match rustix::io::read(&self.device, buffer) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(Error::system("a TUN interface")(error)),
        }
    }

    /// Hands a packet to the kernel. Answers whether it took it: it does not take what is no packet.
    pub(super) fn write(&self, packet: &[u8]) -> bool {
        rustix::io::write(&self.device, packet).is_ok()
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

/// As the kernel takes it.
fn address(ip: Ipv4Addr) -> libc::sockaddr {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from(ip).to_be() },
        sin_zero: [0; 8],
    };
    // SAFETY: both are sixteen bytes of numbers, and begin with the family that says what the rest is.
    unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(address) }
}
