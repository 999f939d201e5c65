//! A live relay between clients and one device, that listens.
//!
//! Every datagram is passed on byte for byte, so errors, timing and refusals are the device's own;
//! there is no second session table to get out of step. One thread relays and does nothing else: the
//! round trip must stay short. A second one follows the sessions, decrypts, redacts and writes.

mod relay;
mod scribe;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fencelab_transcript::Mark;
use fencelab_wire::tap::Direction;

use crate::{Link, Tape};
use relay::Relay;
use scribe::Scribe;

/// Datagrams that wait to be written. When as many wait, the relay waits too: nothing is lost in it,
/// and what comes meanwhile waits with the kernel.
const QUEUE_MAX: usize = 65_536;

/// How much the proxy keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Client addresses at a time; for one more, the one silent for longest is forgotten.
    pub clients_max: usize,
    /// A client silent for longer than this is forgotten.
    pub idle: Duration,
}

impl Default for Limits {
    /// 256 clients, 5 minutes.
    fn default() -> Self {
        Self { clients_max: 256, idle: Duration::from_secs(300) }
    }
}

/// What a recording amounted to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Datagrams from clients to the device.
    pub to_device: u64,
    /// Datagrams from the device to clients.
    pub from_device: u64,
    /// Events written.
    pub events: u64,
    /// Events of which everything said had to be masked, since a secret was left in them.
    pub masked: u64,
}

/// A running proxy. Dropped without [`finish`](Self::finish), it stops, and what was relayed before
/// is still written.
pub struct Proxy {
    address: SocketAddr,
    started: Instant,
    notes: SyncSender<Note>,
    /// The relay ends when this end is closed.
    stop: Option<UnixStream>,
    relay: Option<JoinHandle<()>>,
    scribe: Option<JoinHandle<Result<Summary, fencelab_transcript::Error>>>,
}

/// What the relay tells the scribe.
enum Note {
    Datagram {
        at: Instant,
        client: u64,
        direction: Direction,
        bytes: Vec<u8>,
    },
    /// A client was forgotten.
    Gone {
        client: u64,
    },
    Mark {
        at: Instant,
        mark: Box<Mark>,
    },
    Finish,
}

impl Proxy {
    /// Starts relaying what comes to `listen` (port 0: the kernel chooses) to `device`, and
    /// recording it to `tape`. With the link's credentials encrypted sessions are recorded in the clear.
    ///
    /// # Errors
    /// The address cannot be bound, or the threads cannot be started.
    pub fn start(listen: SocketAddr, device: SocketAddr, link: Link, tape: Tape) -> io::Result<Self> {
        Self::start_limited(listen, device, link, tape, Limits::default())
    }

    /// The same with limits other than the default.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub fn start_limited(
        listen: SocketAddr,
        device: SocketAddr,
        link: Link,
        tape: Tape,
        limits: Limits,
    ) -> io::Result<Self> {
        let started = Instant::now();
        let socket = UdpSocket::bind(listen)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
        let address = socket.local_addr()?;
        let (notes, heard) = sync_channel(QUEUE_MAX);
        let (stop, stopped) = UnixStream::pair()?;
        let relay = Relay::new(socket, device, limits, notes.clone(), stopped)?;
        let scribe = std::thread::Builder::new()
            .name("fencelab-scribe".into())
            .spawn(move || Scribe::new(tape, link, started).write(&heard))?;
        let relay = std::thread::Builder::new().name("fencelab-relay".into()).spawn(move || {
            if let Err(error) = relay.run() {
                tracing::error!("the proxy on {address} ends: {error}");
            }
        })?;
        Ok(Self { address, started, notes, stop: Some(stop), relay: Some(relay), scribe: Some(scribe) })
    }

    /// Where clients reach the proxy. An unspecified listening address is given as loopback.
    pub fn address(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }

    /// The time since the start, as it stands in the transcript.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Puts a mark into the transcript, in its order with what was relayed before.
    pub fn mark(&self, mark: Mark) {
        // The scribe lives until `finish`; if it has failed, `finish` says so.
        let _ = self.notes.send(Note::Mark { at: Instant::now(), mark: Box::new(mark) });
    }

    /// Stops relaying, writes what is left, and tells what it amounted to.
    ///
    /// # Errors
    /// The first event that could not be written, if any.
    pub fn finish(mut self) -> Result<Summary, fencelab_transcript::Error> {
        self.end().unwrap_or(Ok(Summary::default()))
    }

    fn end(&mut self) -> Option<Result<Summary, fencelab_transcript::Error>> {
        drop(self.stop.take());
        if let Some(relay) = self.relay.take() {
            // A panic of the relay has been printed by its thread; what it relayed is still written.
            let _ = relay.join();
        }
        let _ = self.notes.send(Note::Finish);
        self.scribe.take()?.join().ok()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.end() {
            tracing::error!("the recording is not complete: {error}");
        }
    }
}
