//! TCP, a connection between each two nodes. A message is its length (four bytes, little endian) and itself.

mod joining;
mod link;

use std::net::TcpListener;
use std::os::fd::AsFd;
use std::time::Duration;

use quanta::Instant;
use rustix::event::{PollFd, PollFlags};
use rustix::net::RecvFlags;

use super::{Counters, Error, Guarantees, Limits, NodeId, Place, Received, To, Transport, Unlinked, Waiting};
use super::{fits, wait};
use joining::Joining;
use link::Link;

/// The longest message. Any would go; a length beyond this is a connection out of step.
const LONGEST: usize = 16 << 20;
/// How long the other nodes are waited for.
const LINKING: Duration = Duration::from_secs(20);
/// While a connection is missing, it sleeps no longer.
const NAP: Duration = Duration::from_millis(50);

struct Open {
    listener: TcpListener,
    waiting: Waiting,
    address: String,
}

pub(super) fn open(place: &Place) -> Result<Box<dyn Unlinked>, Error> {
    let listener = TcpListener::bind((place.ip, 0)).map_err(Error::system(format!("TCP at {}", place.ip)))?;
    let address = listener.local_addr().map_err(Error::system("an address"))?.to_string();
    Ok(Box::new(Open { listener, waiting: place.waiting, address }))
}

impl Unlinked for Open {
    fn address(&self) -> &str {
        &self.address
    }

    fn link(self: Box<Self>, own: NodeId, addresses: &[String]) -> Result<Box<dyn Transport>, Error> {
        Ok(Box::new(Tcp::link(self.listener, self.waiting, own, addresses)?))
    }
}

struct Tcp {
    links: Vec<Option<Link>>,
    joining: Joining,
    reconnects: u64,
    waiting: Waiting,
    /// Who is looked at first: the one behind the last that spoke, so that none is forgotten.
    next: usize,
    refused: u64,
    /// As it was when it was linked.
    sent_again: u64,
}

/// Segments that were sent again: `RetransSegs` of RFC 4022, as /proc/net/snmp has it. It is the sum of all connections of the
/// machine, or of its network namespace.
fn sent_again() -> u64 {
    let table = std::fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let mut lines = table.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let place = names.split(' ').position(|name| name == "RetransSegs");
    let value = place.and_then(|place| values.split(' ').nth(place));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

impl Tcp {
    fn link(
        listener: TcpListener,
        waiting: Waiting,
        own: NodeId,
        addresses: &[String],
    ) -> Result<Self, Error> {
        let mut joining = Joining::new(listener, own, super::udp::parse(addresses)?)?;
        let links = joining.first(LINKING)?;
        let sent_again = sent_again();
        Ok(Self { links, joining, reconnects: 0, waiting, next: 0, refused: 0, sent_again })
    }

    /// Makes anew what was lost.
    fn tend(&mut self) -> Result<(), Error> {
        if self.joining.is_due() {
            self.reconnects += self.joining.step(&mut self.links)?;
        }
        Ok(())
    }

    fn send_by(
        &mut self,
        to: To,
        message: &[u8],
        send: fn(&mut Link, &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        fits(message, LONGEST)?;
        for (node, link) in self.links.iter_mut().enumerate() {
            let Some(link) = link.as_mut().filter(|_| to == To::Others || to == To::Node(node)) else {
                continue;
            };
            if !send(link, message)? {
                self.refused += 1;
            }
        }
        Ok(())
    }

    /// The next message of what was read already.
    fn read_before(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        let count = self.links.len();
        for from in (0..count).map(|step| (self.next + step) % count) {
            let Some(Some(link)) = self.links.get_mut(from) else { continue };
            if let Some(bytes) = link.message(buffer)? {
                self.next = from + 1;
                return Ok(Some(Received { from, bytes }));
            }
        }
        Ok(None)
    }

    /// Looks at every link, until one has a message. What waits to be sent is sent.
    fn look(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, Error> {
        let count = self.links.len();
        for from in (0..count).map(|step| (self.next + step) % count) {
            let Some(Some(link)) = self.links.get_mut(from) else { continue };
            if !link.is_open {
                continue;
            }
            link.flush()?;
            if let Some(bytes) = link.receive(buffer, RecvFlags::DONTWAIT)? {
                self.next = from + 1;
                return Ok(Some(Received { from, bytes }));
            }
        }
        Ok(None)
    }

    /// Sleeps until something can be read, sent, or done about a connection that is missing.
    fn sleep(&mut self, patience: Duration) -> Result<(), Error> {
        let lacks = self.joining.lacks(&self.links);
        let open = self.links.iter().flatten().filter(|link| link.is_open);
        let mut sockets: Vec<_> = open
            .map(|link| {
                let sends = if link.outbox.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
                PollFd::new(&link.stream, PollFlags::IN | sends)
            })
            .collect();
        if !lacks {
            return wait::for_any(&mut sockets, patience).map(|_| ());
        }
        sockets.extend(self.joining.awaited());
        wait::for_any(&mut sockets, patience.min(NAP))?;
        self.reconnects += self.joining.step(&mut self.links)?;
        Ok(())
    }
}

impl Transport for Tcp {
    fn send(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.send_by(to, message, Link::send)
    }

    /// Short messages are put together: a call of the system for each would cost more than all else.
    fn send_more(&mut self, to: To, message: &[u8]) -> Result<(), Error> {
        self.send_by(to, message, Link::send_more)
    }

    fn flush(&mut self, patience: Duration) -> Result<(), Error> {
        if self.links.iter().flatten().all(|link| link.outbox.is_empty()) {
            return Ok(());
        }
        let until = Instant::now() + patience;
        for link in self.links.iter_mut().flatten() {
            link.flush()?;
            while link.is_open && !link.outbox.is_empty() && Instant::now() < until {
                link.flush_within(until.saturating_duration_since(Instant::now()))?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], patience: Duration) -> Result<Option<Received>, Error> {
        if let Some(received) = self.read_before(buffer)? {
            return Ok(Some(received));
        }
        if self.waiting == Waiting::Polled {
            return wait::polled(patience, wait::LOOKS_AT_SOCKETS, wait::YIELDS, || {
                self.tend()?;
                self.look(buffer)
            });
        }
        let until = Instant::now() + patience;
        loop {
            self.tend()?;
            let left = until.saturating_duration_since(Instant::now());
            let mut links =
                self.links.iter_mut().enumerate().filter_map(|(node, link)| Some((node, link.as_mut()?)));
            let received = match (links.next(), links.next()) {
                // One other node: its socket waits by itself, which takes one call of the system for two.
                (Some((from, link)), None) if link.is_quiet() && left >= wait::SHORT => {
                    link.reading.set(link.stream.as_fd(), wait::rounded(left))?;
                    let bytes = link.receive(buffer, RecvFlags::empty())?;
                    bytes.map(|bytes| Received { from, bytes })
                }
                _ => {
                    self.sleep(left)?;
                    self.look(buffer)?
                }
            };
            if received.is_some() {
                return Ok(received);
            }
            if Instant::now() >= until {
                return Ok(None);
            }
        }
    }

    fn limits(&self) -> Limits {
        Limits { message: LONGEST, piece: None, inline: 0 }
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees { reliable: true, ordered: true, multicast: false }
    }

    fn counters(&self) -> Counters {
        let retransmits = sent_again().saturating_sub(self.sent_again);
        let (refused, reconnects) = (self.refused, self.reconnects);
        Counters { refused, retransmits, reconnects, ..Counters::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Two nodes in one thread: linking waits for the other, and has one of its own.
    fn two(waiting: Waiting) -> [Tcp; 2] {
        let listeners = [0, 1].map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let addresses = listeners.each_ref().map(|listener| listener.local_addr().unwrap().to_string());
        let [first, second] = listeners;
        let theirs = addresses.clone();
        let other = thread::spawn(move || Tcp::link(second, waiting, 1, &theirs).unwrap());
        [Tcp::link(first, waiting, 0, &addresses).unwrap(), other.join().unwrap()]
    }

    /// Sends from one to the other until something comes, and hands it over.
    fn first_to_come(nodes: &mut [Tcp; 2], from: NodeId) -> Vec<u8> {
        let [first, second] = nodes;
        let (sender, receiver) = if from == 0 { (first, second) } else { (second, first) };
        let until = Instant::now() + MINUTE;
        for number in 0u64.. {
            assert!(Instant::now() < until, "nothing has come");
            sender.send(To::Others, &number.to_le_bytes()).unwrap();
            // A node is at work only while it is asked for messages.
            assert_eq!(sender.receive(&mut [0; 64], Duration::from_millis(1)).unwrap(), None);
            let mut buffer = [0; 64];
            if let Some(received) = receiver.receive(&mut buffer, Duration::from_millis(1)).unwrap() {
                assert_eq!(received.from, from);
                return buffer[..received.bytes].to_vec();
            }
        }
        unreachable!()
    }

    #[test]
    fn a_connection_that_is_lost_is_made_anew_whoever_loses_it() {
        for waiting in [Waiting::Events, Waiting::Polled] {
            for loser in 0..2 {
                let mut nodes = two(waiting);
                assert_eq!(first_to_come(&mut nodes, 0), 0u64.to_le_bytes());
                nodes[loser].links[1 - loser].as_mut().unwrap().close();
                for from in 0..2 {
                    assert_eq!(first_to_come(&mut nodes, from).len(), 8);
                }
                let reconnects = nodes.each_ref().map(|node| node.counters().reconnects);
                assert_eq!(reconnects, [1, 1], "{waiting:?}, lost by {loser}");
            }
        }
    }

    #[test]
    fn half_a_message_does_not_put_the_next_connection_out_of_step() {
        let mut nodes = two(Waiting::Events);
        let link = nodes[0].links[1].as_mut().unwrap();
        rustix::net::send(&link.stream, &[200, 0, 0, 0, 1, 2, 3], rustix::net::SendFlags::empty()).unwrap();
        link.close();
        assert_eq!(first_to_come(&mut nodes, 0).len(), 8);
    }

    #[test]
    fn who_calls_as_another_is_not_taken() {
        let mut nodes = two(Waiting::Events);
        // Of a connection that was called for, it is where it was listened for.
        let address = nodes[0].links[1].as_ref().unwrap().stream.local_addr().unwrap();
        for number in [0u32, 7, u32::MAX] {
            let mut stranger = std::net::TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut stranger, &number.to_le_bytes()).unwrap();
            // It is hung up on.
            let until = Instant::now() + MINUTE;
            stranger.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            while !matches!(std::io::Read::read(&mut stranger, &mut [0; 1]), Ok(0)) {
                assert!(Instant::now() < until, "{number} was taken");
                nodes[0].receive(&mut [0; 64], Duration::from_millis(1)).unwrap();
            }
        }
        nodes[1].send(To::Others, b"here").unwrap();
        assert_eq!(first_to_come(&mut nodes, 1), b"here");
        assert_eq!(nodes[0].counters().reconnects, 0);
    }
}
