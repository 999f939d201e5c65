//! Where nodes hear each other's [`Call`]s: a socket of datagrams beside the device.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use quanta::Instant;

use super::relink::Call;
use crate::transport::{Error, NodeId};

/// How often it is looked whether somebody has called.
const LOOK: Duration = Duration::from_millis(10);
/// Longer than a call.
const LONGEST: usize = 1024;

/// The socket, and where the others have theirs.
pub(super) struct Calls {
    socket: UdpSocket,
    nodes: Vec<SocketAddr>,
    looked: Instant,
}

/// A socket at a port of the system's choice.
pub(super) fn open(ip: IpAddr) -> Result<(UdpSocket, SocketAddr), Error> {
    let open = || {
        let socket = UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    open().map_err(Error::system::<std::io::Error>(format!("UDP at {ip}")))
}

impl Calls {
    pub(super) fn new(socket: UdpSocket, nodes: Vec<SocketAddr>) -> Self {
        Self { socket, nodes, looked: Instant::now() }
    }

    /// Whether it is time to look; the next time is counted from now on, then.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.looked.elapsed() >= LOOK;
        if is_due {
            self.looked = Instant::now();
        }
        is_due
    }

    /// The next call of another node. What is none is passed over.
    pub(super) fn hear(&self) -> Option<(NodeId, Call)> {
        let mut buffer = [0; LONGEST];
        loop {
            match self.socket.recv_from(&mut buffer) {
                Ok((bytes, from)) => {
                    let node = self.nodes.iter().position(|node| *node == from);
                    let call = buffer.get(..bytes).and_then(|text| serde_json::from_slice(text).ok());
                    if let (Some(node), Some(call)) = (node, call) {
                        return Some((node, call));
                    }
                    tracing::debug!(%from, "this is no call of a node");
                }
                // A call of ours reached a port where nobody is.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Err(_) => return None,
            }
        }
    }

    /// Says it to a node. It may be lost: what matters is said again.
    pub(super) fn say(&self, node: NodeId, call: &Call) {
        if let (Some(address), Ok(text)) = (self.nodes.get(node), serde_json::to_vec(call)) {
            let _ = self.socket.send_to(&text, address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use quanta::Instant;

    use super::super::relink::{Half, Relink};
    use super::*;

    #[test]
    fn what_is_no_call_is_passed_over() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (first, first_at) = open(ip).unwrap();
        let (second, second_at) = open(ip).unwrap();
        let (stranger, _) = open(ip).unwrap();
        let half = |queue| Half { queue, packet: 9, made: 0 };
        let mut end = Relink::connected(half(1), half(2));
        end.lost();
        end.renew(3, 4, Instant::now());
        let call = end.say(Instant::now()).unwrap();
        let text = serde_json::to_vec(&call).unwrap();
        stranger.send_to(&text, second_at).unwrap();
        first.send_to(b"hello", second_at).unwrap();
        first.send_to(&[], second_at).unwrap();
        let nodes = vec![first_at, second_at];
        Calls::new(first, nodes.clone()).say(1, &call);
        let calls = Calls::new(second, nodes);
        assert_eq!(calls.hear(), Some((0, call)));
        assert_eq!(calls.hear(), None);
    }
}
