//! The two kinds of links to a peer.

use std::time::Duration;

use super::Line;
use crate::{Datagrams, Heard, LinkError, Stream, Way};

/// A link that carries datagrams.
pub(super) struct MemoryDatagrams(pub(super) Line);

impl Datagrams for MemoryDatagrams {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let Line { peer, address, target, .. } = &self.0;
        let now = self.0.now();
        if peer.borrow().refuses(now) {
            return Err(LinkError::Refused { target: target.clone() });
        }
        peer.borrow_mut().deliver(now, *address, bytes);
        Ok(())
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError> {
        Ok(self.0.next(until))
    }
}

/// A link that carries a stream.
pub(super) struct MemoryStream {
    line: Line,
    /// Whether the peer has hung up.
    ended: bool,
}

impl MemoryStream {
    /// Connects. Whoever refuses an SSH login where something listens does not like the user.
    pub(super) fn open(line: Line, way: &Way) -> Result<Self, LinkError> {
        let (now, target) = (line.now(), line.target.clone());
        if line.peer.borrow().refuses(now) {
            return Err(LinkError::Refused { target });
        }
        let taken = line.peer.borrow_mut().connect(now, line.address, way);
        match (taken, way) {
            (true, _) => Ok(Self { line, ended: false }),
            (false, Way::Ssh(_)) => Err(LinkError::Denied { target, why: "the login is refused".to_owned() }),
            (false, _) => Err(LinkError::Refused { target }),
        }
    }
}

impl Stream for MemoryStream {
    fn now(&self) -> Duration {
        self.line.now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if !self.ended && !bytes.is_empty() {
            self.line.peer.borrow_mut().deliver(self.line.now(), self.line.address, bytes);
        }
        Ok(())
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        if self.ended {
            return Ok(Heard::End);
        }
        Ok(match self.line.next(until) {
            None => Heard::Silence,
            Some(bytes) if bytes.is_empty() => {
                self.ended = true;
                Heard::End
            }
            Some(bytes) => Heard::Bytes(bytes),
        })
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        // Both sides have hung up then, and there is nobody left to be told.
        if !self.ended {
            self.line.peer.borrow_mut().deliver(self.line.now(), self.line.address, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, net::SocketAddr, rc::Rc};

    use super::*;
    use crate::{
        SshLogin, Target, World,
        memory::{MemoryWorld, Peer},
    };

    /// Says everything back a tenth of a second later, and hangs up after `bye`.
    #[derive(Default)]
    struct Parrot {
        heard: Vec<Vec<u8>>,
        out: Vec<(Duration, SocketAddr, Vec<u8>)>,
    }

    impl Peer for Parrot {
        fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
            self.heard.push(bytes.to_vec());
            let bytes = if bytes == b"bye" { Vec::new() } else { bytes.to_vec() };
            self.out.push((now + Duration::from_millis(100), from, bytes));
        }

        fn next(&self) -> Option<Duration> {
            self.out.first().map(|(at, ..)| *at)
        }

        fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
            let (due, later) = self.out.drain(..).partition(|(at, ..)| *at <= now);
            self.out = later;
            due.into_iter().map(|(_, to, bytes)| (to, bytes)).collect()
        }

        fn connect(&mut self, _: Duration, _: SocketAddr, way: &Way) -> bool {
            match way {
                Way::Ssh(login) => login.user == "u" && login.password == Some("p".into()),
                way => *way == Way::Tcp,
            }
        }
    }

    const SOON: Duration = Duration::from_secs(1);

    #[test]
    fn bytes_go_and_come_until_the_peer_hangs_up() {
        let mut world = MemoryWorld::new(1);
        let parrot = Rc::new(RefCell::new(Parrot::default()));
        world.route("pdu", 23, parrot.clone());
        let mut link = world.stream(&Target::new("pdu", 23), &Way::Tcp, SOON).unwrap();
        link.send(b"hello").unwrap();
        assert_eq!(link.receive(Duration::ZERO), Ok(Heard::Silence));
        assert_eq!(link.receive(SOON), Ok(Heard::Bytes(b"hello".to_vec())));
        assert_eq!(world.now(), Duration::from_millis(100));
        link.send(b"bye").unwrap();
        assert_eq!(link.receive(SOON), Ok(Heard::End));
        assert_eq!(link.receive(SOON), Ok(Heard::End), "it stays the end");
        link.send(b"lost").unwrap();
        drop(link);
        assert_eq!(parrot.borrow().heard, [b"hello".to_vec(), b"bye".to_vec()]);
    }

    #[test]
    fn dropping_a_stream_hangs_up() {
        let mut world = MemoryWorld::new(1);
        let parrot = Rc::new(RefCell::new(Parrot::default()));
        world.route("pdu", 23, parrot.clone());
        drop(world.stream(&Target::new("pdu", 23), &Way::Tcp, SOON).unwrap());
        assert_eq!(parrot.borrow().heard, [Vec::<u8>::new()]);
    }

    #[test]
    fn a_login_is_the_peers_to_refuse() {
        let mut world = MemoryWorld::new(1);
        world.route("pdu", 22, Rc::new(RefCell::new(Parrot::default())));
        let mut open = |password: &str| {
            let login = SshLogin { user: "u".into(), password: Some(password.into()), ..SshLogin::default() };
            world.stream(&Target::new("pdu", 22), &Way::Ssh(login), SOON).err()
        };
        assert_eq!(open("p"), None);
        assert!(matches!(open("x"), Some(LinkError::Denied { .. })));
        let refused = world.stream(&Target::new("pdu", 22), &Way::Telnet, SOON).err();
        assert!(matches!(refused, Some(LinkError::Refused { .. })));
    }
}
