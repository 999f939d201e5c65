//! The thread that passes datagrams on, and does nothing else.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use fencelab_wire::tap::Direction;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Limits, Note};

/// No datagram is longer.
const DATAGRAM_BYTES_MAX: usize = 65_536;

/// How long the relay keeps looking after a datagram before it goes to sleep. In a dialogue with a quick device the next one
/// comes within this time, and being woken would take longer than passing it on.
const LOOK: Duration = Duration::from_micros(200);

/// How long it keeps looking at most before it asks the kernel for everything, the order to stop included.
const LOOK_MAX: Duration = Duration::from_millis(20);

/// Clients heard within this time are looked at while awake; the others are left to the kernel.
const LIVELY: Duration = Duration::from_millis(5);

/// One client address: its own socket to the device, so that the device tells clients apart.
struct Client {
    number: u64,
    address: SocketAddr,
    upstream: UdpSocket,
    /// When it or the device's answer to it was last heard.
    heard: Instant,
}

/// Whether a socket had something.
#[derive(PartialEq, Eq)]
enum Passed {
    Nothing,
    Something,
}

pub(super) struct Relay {
    socket: UdpSocket,
    device: SocketAddr,
    limits: Limits,
    notes: SyncSender<Note>,
    /// Its other end is closed when the relay has to stop.
    stopped: UnixStream,
    clients: Vec<Client>,
    clients_seen: u64,
    buffer: Vec<u8>,
    /// Zero where there is a single processor, which the client and the device need more.
    look: Duration,
}

impl Relay {
    pub(super) fn new(
        socket: UdpSocket,
        device: SocketAddr,
        limits: Limits,
        notes: SyncSender<Note>,
        stopped: UnixStream,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let alone = std::thread::available_parallelism().map_or(1, usize::from) < 2;
        let look = if alone { Duration::ZERO } else { LOOK };
        let (clients, buffer) = (Vec::new(), vec![0; DATAGRAM_BYTES_MAX]);
        Ok(Self { socket, device, limits, notes, stopped, clients, clients_seen: 0, buffer, look })
    }

    /// Relays until the other end of `stopped` is closed, or the kernel refuses to wait.
    pub(super) fn run(mut self) -> io::Result<()> {
        loop {
            let woken = Instant::now();
            let mut passed = woken;
            loop {
                let now = Instant::now();
                if self.pass(now) == Passed::Something {
                    passed = now;
                }
                if now.duration_since(passed) >= self.look || now.duration_since(woken) >= LOOK_MAX {
                    break;
                }
            }
            self.forget_the_silent();
            if self.wait()? {
                return Ok(());
            }
        }
    }

    /// Passes on one datagram of each side that has one.
    fn pass(&mut self, now: Instant) -> Passed {
        let mut passed = self.pass_to_device(now);
        for client in &mut self.clients {
            if now.saturating_duration_since(client.heard) < LIVELY
                && pass_to_client(client, &self.socket, &mut self.buffer, &self.notes, now)
                    == Passed::Something
            {
                passed = Passed::Something;
            }
        }
        passed
    }

    fn pass_to_device(&mut self, at: Instant) -> Passed {
        let (length, from) = match self.socket.recv_from(&mut self.buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Passed::Nothing,
            // That of an earlier send to a client that is gone; the socket is still good.
            Err(_) => return Passed::Something,
        };
        let Some(client) = self.client(from, at) else { return Passed::Something };
        let (Some(client), Some(datagram)) = (self.clients.get_mut(client), self.buffer.get(..length)) else {
            return Passed::Something;
        };
        // The device may be down and come back: the client finds out by silence, as it would directly.
        if let Err(error) = client.upstream.send(datagram) {
            tracing::debug!("to {}: {error}", self.device);
        }
        client.heard = at;
        let (client, direction) = (client.number, Direction::ToDevice);
        // The scribe lives as long as the proxy.
        let _ = self.notes.send(Note::Datagram { at, client, direction, bytes: datagram.to_vec() });
        Passed::Something
    }

    /// The place of the client at this address; a new one gets a socket of its own.
    fn client(&mut self, address: SocketAddr, now: Instant) -> Option<usize> {
        if let Some(known) = self.clients.iter().position(|client| client.address == address) {
            return Some(known);
        }
        self.make_room();
        let upstream = match upstream(self.device) {
            Ok(upstream) => upstream,
            Err(error) => {
                tracing::warn!("cannot reach {} for {address}: {error}", self.device);
                return None;
            }
        };
        self.clients_seen += 1;
        self.clients.push(Client { number: self.clients_seen, address, upstream, heard: now });
        Some(self.clients.len() - 1)
    }

    /// Forgets the client silent for longest while there is no room for one more.
    fn make_room(&mut self) {
        while self.clients.len() >= self.limits.clients_max.max(1) {
            let oldest = self.clients.iter().enumerate().min_by_key(|(_, client)| client.heard);
            let Some((place, _)) = oldest else { return };
            let client = self.clients.swap_remove(place);
            let _ = self.notes.send(Note::Gone { client: client.number });
        }
    }

    fn forget_the_silent(&mut self) {
        let now = Instant::now();
        let (idle, notes) = (self.limits.idle, &self.notes);
        self.clients.retain(|client| {
            let keep = now.saturating_duration_since(client.heard) < idle;
            if !keep {
                let _ = notes.send(Note::Gone { client: client.number });
            }
            keep
        });
    }

    /// Sleeps until a datagram is there, or until it is time to look who has been silent. Answers whether to stop.
    fn wait(&mut self) -> io::Result<bool> {
        let sweep = (self.limits.idle / 2).max(Duration::from_millis(10));
        let timeout = PollTimeout::try_from(sweep).unwrap_or(PollTimeout::MAX);
        let readable = |descriptor| PollFd::new(descriptor, PollFlags::POLLIN);
        let mut waited: Vec<PollFd<'_>> = [self.stopped.as_fd(), self.socket.as_fd()]
            .into_iter()
            .chain(self.clients.iter().map(|client| client.upstream.as_fd()))
            .map(readable)
            .collect();
        match poll(&mut waited, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = waited.iter().map(|one| one.any().unwrap_or(false)).collect();
        let now = Instant::now();
        for (client, _) in self.clients.iter_mut().zip(ready.iter().skip(2)).filter(|(_, ready)| **ready) {
            pass_to_client(client, &self.socket, &mut self.buffer, &self.notes, now);
        }
        Ok(ready.first().copied().unwrap_or(false))
    }
}

fn pass_to_client(
    client: &mut Client,
    socket: &UdpSocket,
    buffer: &mut [u8],
    notes: &SyncSender<Note>,
    at: Instant,
) -> Passed {
    let length = match client.upstream.recv(buffer) {
        Ok(length) => length,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Passed::Nothing,
        // The echo of an earlier send (port unreachable): the next answer may come.
        Err(_) => return Passed::Something,
    };
    let Some(datagram) = buffer.get(..length) else { return Passed::Something };
    if let Err(error) = socket.send_to(datagram, client.address) {
        tracing::debug!("to {}: {error}", client.address);
    }
    client.heard = at;
    let (client, direction) = (client.number, Direction::FromDevice);
    // The scribe lives as long as the proxy.
    let _ = notes.send(Note::Datagram { at, client, direction, bytes: datagram.to_vec() });
    Passed::Something
}

/// A socket of which the device hears, and nobody else.
fn upstream(device: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if device.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    socket.connect(device)?;
    Ok(socket)
}
