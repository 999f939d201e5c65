//! TCP.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::event::PollFlags;

use super::{addresses, from_io, is_patience, is_ready};
use crate::{Heard, LinkError, Stream, Target};

/// How long a device may take no bytes at all.
const SEND_LIMIT: Duration = Duration::from_secs(20);

/// So much is read at once.
const PIECE: usize = 4_096;

/// A TCP connection.
pub(super) struct TcpLink {
    socket: TcpStream,
    target: Target,
    origin: Instant,
    buffer: Vec<u8>,
}

impl TcpLink {
    /// Connects to the first address that answers. What remains of the time is shared out among the addresses that are left.
    pub(super) fn open(target: &Target, origin: Instant, until: Duration) -> Result<Self, LinkError> {
        let addresses = addresses(target)?;
        let mut last = None;
        for (index, address) in addresses.iter().enumerate() {
            let left = until.saturating_sub(origin.elapsed());
            let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            let opened =
                TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))).and_then(|socket| {
                    // Commands are short, and each waits for its answer.
                    socket.set_nodelay(true)?;
                    socket.set_write_timeout(Some(SEND_LIMIT))?;
                    Ok(socket)
                });
            match opened {
                Ok(socket) => {
                    return Ok(Self { socket, target: target.clone(), origin, buffer: vec![0; PIECE] });
                }
                Err(error) if is_patience(error.kind()) => {
                    let why = "nobody answers there".to_owned();
                    last = Some(LinkError::Unreachable { target: target.clone(), why });
                }
                Err(error) => last = Some(from_io(target, &error)),
            }
        }
        Err(last.unwrap_or_else(|| LinkError::Name { target: target.clone(), why: "no address".to_owned() }))
    }

    /// The socket itself, for a protocol that has its own way with it.
    #[cfg(feature = "ssh")]
    pub(super) fn into_socket(self) -> TcpStream {
        self.socket
    }
}

impl Stream for TcpLink {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match self.socket.write_all(bytes) {
            Ok(()) => Ok(()),
            Err(error) if is_end(error.kind()) => Ok(()),
            Err(error) => Err(from_io(&self.target, &error)),
        }
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        let until = self.origin.checked_add(until).unwrap_or_else(|| Instant::now() + SEND_LIMIT);
        loop {
            let ready = is_ready(&self.socket, PollFlags::IN, until);
            if !ready.map_err(|errno| from_io(&self.target, &errno.into()))? {
                return Ok(Heard::Silence);
            }
            match self.socket.read(&mut self.buffer) {
                Ok(0) => return Ok(Heard::End),
                Ok(length) => {
                    return Ok(Heard::Bytes(self.buffer.get(..length).unwrap_or_default().to_vec()));
                }
                Err(error) if is_patience(error.kind()) => {}
                Err(error) if is_end(error.kind()) => return Ok(Heard::End),
                Err(error) => return Err(from_io(&self.target, &error)),
            }
        }
    }
}

/// Whether an error only says that the other side has hung up.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::{Way, World, live::LiveWorld};

    fn open(world: &mut LiveWorld, port: u16) -> Result<Box<dyn Stream>, LinkError> {
        let until = world.now() + Duration::from_secs(10);
        world.stream(&Target::new("127.0.0.1", port), &Way::Tcp, until)
    }

    #[test]
    fn bytes_go_and_come_until_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut world = LiveWorld::quiet();
        let mut link = open(&mut world, listener.local_addr().unwrap().port()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        link.send(b"ping").unwrap();
        let mut buffer = [0; 4];
        other.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
        assert_eq!(link.receive(world.now()), Ok(Heard::Silence));
        other.write_all(b"pong").unwrap();
        let until = world.now() + Duration::from_secs(10);
        assert_eq!(link.receive(until), Ok(Heard::Bytes(b"pong".to_vec())));
        drop(other);
        assert_eq!(link.receive(until), Ok(Heard::End));
        assert_eq!(link.receive(until), Ok(Heard::End), "it stays the end");
        assert_eq!(link.send(b"?"), Ok(()), "the end shows at the next receive");
    }

    #[test]
    fn silence_ends_at_the_given_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut world = LiveWorld::quiet();
        let mut link = open(&mut world, listener.local_addr().unwrap().port()).unwrap();
        let until = world.now() + Duration::from_millis(20);
        assert_eq!(link.receive(until), Ok(Heard::Silence));
        assert!(world.now() >= until);
    }

    #[test]
    fn a_closed_port_is_refused() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = open(&mut LiveWorld::quiet(), port).err().unwrap();
        assert!(matches!(error, LinkError::Refused { .. }), "{error}");
    }
}
