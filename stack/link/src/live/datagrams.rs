//! UDP.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::{addresses, from_io, is_patience};
use crate::{Datagrams, LinkError, Target};

/// The largest UDP payload.
const DATAGRAM_MAX: usize = 65_535;

/// A connected UDP socket.
pub(super) struct LiveDatagrams {
    socket: UdpSocket,
    target: Target,
    origin: Instant,
    buffer: Vec<u8>,
}

impl LiveDatagrams {
    /// Opens a socket to the first address that takes one. Nothing is sent.
    pub(super) fn open(target: &Target, origin: Instant) -> Result<Self, LinkError> {
        let mut last = None;
        for address in addresses(target)? {
            match connect(address) {
                Ok(socket) => {
                    return Ok(Self {
                        socket,
                        target: target.clone(),
                        origin,
                        buffer: vec![0; DATAGRAM_MAX],
                    });
                }
                Err(error) => last = Some(from_io(target, &error)),
            }
        }
        Err(last.unwrap_or_else(|| LinkError::Name { target: target.clone(), why: "no address".to_owned() }))
    }
}

impl Datagrams for LiveDatagrams {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match self.socket.send(bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(from_io(&self.target, &error)),
        }
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError> {
        loop {
            let Some(wait) = until.checked_sub(self.now()).filter(|wait| !wait.is_zero()) else {
                return Ok(None);
            };
            // A timeout is rounded up by the system, never down to nothing.
            let wait = wait.max(Duration::from_micros(1));
            self.socket.set_read_timeout(Some(wait)).map_err(|error| from_io(&self.target, &error))?;
            match self.socket.recv(&mut self.buffer) {
                Ok(length) => return Ok(Some(self.buffer.get(..length).unwrap_or_default().to_vec())),
                Err(error) if is_patience(error.kind()) => {}
                Err(error) => return Err(from_io(&self.target, &error)),
            }
        }
    }
}

fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.connect(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Family, World, live::LiveWorld};

    #[test]
    fn a_datagram_goes_and_comes() {
        let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = Target::new("127.0.0.1", echo.local_addr().unwrap().port());
        let mut world = LiveWorld::quiet();
        let mut link = world.datagrams(&target).unwrap();
        link.send(b"ping").unwrap();
        let mut buffer = [0; 16];
        let (length, from) = echo.recv_from(&mut buffer).unwrap();
        echo.send_to(&buffer[..length], from).unwrap();
        let until = world.now() + Duration::from_secs(10);
        assert_eq!(link.receive(until).unwrap().as_deref(), Some(&b"ping"[..]));
    }

    #[test]
    fn silence_ends_at_the_given_time() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut world = LiveWorld::quiet();
        let mut link =
            world.datagrams(&Target::new("127.0.0.1", silent.local_addr().unwrap().port())).unwrap();
        let until = world.now() + Duration::from_millis(20);
        assert_eq!(link.receive(until), Ok(None));
        assert!(world.now() >= until);
    }

    #[test]
    fn a_closed_port_is_refused() {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut world = LiveWorld::quiet();
        let target = Target::new("127.0.0.1", port);
        let mut link = world.datagrams(&target).unwrap();
        link.send(b"?").unwrap();
        let until = world.now() + Duration::from_secs(10);
        assert_eq!(link.receive(until), Err(LinkError::Refused { target }));
    }

    #[test]
    fn family_is_kept() {
        let target = Target { family: Family::V6, ..Target::new("127.0.0.1", 623) };
        let error = LiveWorld::quiet().datagrams(&target).err().unwrap();
        assert_eq!(error.to_string(), "cannot resolve 127.0.0.1:623: no IPv6 address");
    }
}
