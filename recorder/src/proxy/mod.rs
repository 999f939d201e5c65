//! A live relay between clients and one device, that listens.
//!
//! Every datagram and every byte of a stream is passed on as it is, so errors, timing and refusals are the device's own;
//! there is no second session table to get out of step. (SSH alone can't be listened to: it is ended on both sides.) What
//! relays does nothing else: the round trip must stay short. Another thread follows the sessions, decrypts, redacts and writes.

mod datagrams;
mod scribe;
mod serial;
mod streams;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fencelab_transcript::Mark;
use fencelab_wire::tap::Direction;

use crate::dialogues::Said;
use crate::link::console::Carrier;
use crate::link::{Carries, Streams};
use crate::{Link, Place, Tape};
use datagrams::Relay;
use scribe::Scribe;
use streams::{Clients, Exchange};

/// How long the end of a command waits for its connections to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long what relays streams may take to stop.
const STOP: Duration = Duration::from_secs(2);

/// Datagrams, or pieces of streams, that wait to be written. When as many wait, the relay waits too: nothing is lost in it,
/// and what comes meanwhile waits with the kernel.
const QUEUE_MAX: usize = 65_536;

/// How much the proxy keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Addresses of clients of a link of datagrams at a time; for one more, the one silent for longest is forgotten.
    pub clients_max: usize,
    /// Such a client silent for longer than this is forgotten. Streams end by themselves.
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
    /// Datagrams from clients to the device; turns of streams.
    pub to_device: u64,
    /// Datagrams from the device to clients; turns of streams.
    pub from_device: u64,
    /// Events written.
    pub events: u64,
    /// Events of which everything said had to be masked, since a secret was left in them.
    pub masked: u64,
}

/// A running proxy. Dropped without [`finish`](Self::finish), it stops, and what was relayed before
/// is still written.
pub struct Proxy {
    place: Place,
    started: Instant,
    notes: SyncSender<Note>,
    relaying: Mutex<Option<Relaying>>,
    scribe: Mutex<Option<JoinHandle<Result<Summary, fencelab_transcript::Error>>>>,
}

/// What relays.
enum Relaying {
    /// The thread ends when the other end of this is closed.
    Datagrams(UnixStream, JoinHandle<()>),
    Streams(tokio::runtime::Runtime, Arc<Clients>),
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
    /// Something of a stream.
    Stream {
        at: Instant,
        stream: u64,
        said: Said,
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
    /// The address cannot be bound, the threads cannot be started, or the link is a serial line.
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
        Self::begin(link, tape, |carries, notes| match carries {
            Carries::Datagrams(_) => relay_datagrams(listen, device, limits, notes),
            Carries::Streams(streams) => {
                let exchange = Exchange::new(notes);
                let clients = Arc::clone(exchange.clients());
                let (address, runtime) = streams::start(listen, device, streams, exchange)?;
                Ok((Place::of(address), Relaying::Streams(runtime, clients)))
            }
        })
    }

    /// Starts relaying between a serial port and a pseudo-terminal, which is opened for whoever wants to speak to the device.
    ///
    /// # Errors
    /// The port cannot be opened or set, there are no more pseudo-terminals, or the link is no serial line.
    pub fn at_port(port: &Path, link: Link, tape: Tape) -> io::Result<Self> {
        Self::begin(link, tape, |carries, notes| match carries {
            Carries::Streams(Streams { carrier: Carrier::Serial(line), .. }) => {
                let exchange = Exchange::new(notes);
                let clients = Arc::clone(exchange.clients());
                let (path, runtime) = serial::start(port, *line, exchange)?;
                Ok((Place::Path(path), Relaying::Streams(runtime, clients)))
            }
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "that link has no port but an address")),
        })
    }

    fn begin(
        link: Link,
        tape: Tape,
        relay: impl FnOnce(&Carries, SyncSender<Note>) -> io::Result<(Place, Relaying)>,
    ) -> io::Result<Self> {
        let started = Instant::now();
        let (notes, heard) = sync_channel(QUEUE_MAX);
        let (place, relaying) = relay(link.carries(), notes.clone())?;
        let scribe = std::thread::Builder::new()
            .name("fencelab-scribe".into())
            .spawn(move || Scribe::new(tape, &link, started).write(&heard))?;
        Ok(Self {
            place,
            started,
            notes,
            relaying: Mutex::new(Some(relaying)),
            scribe: Mutex::new(Some(scribe)),
        })
    }

    /// Where clients reach the proxy.
    pub fn place(&self) -> &Place {
        &self.place
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

    /// Waits until the connections of clients that have ended are ended here, too: what they said last is then before the
    /// next mark. Others may stay; it does not wait for long. On datagrams there is nothing to wait for.
    pub fn settle(&self) {
        let clients = match &*taken(&self.relaying) {
            Some(Relaying::Streams(_, clients)) => Arc::clone(clients),
            _ => return,
        };
        clients.wait_until_gone(FAREWELL);
    }

    /// Stops relaying, writes what is left, and tells what it amounted to; a second time there is nothing to tell. A command
    /// may still run against it: it finds nobody.
    ///
    /// # Errors
    /// The first event that could not be written, if any.
    pub fn finish(&self) -> Result<Summary, fencelab_transcript::Error> {
        self.end().unwrap_or(Ok(Summary::default()))
    }

    fn end(&self) -> Option<Result<Summary, fencelab_transcript::Error>> {
        let relaying = taken(&self.relaying).take();
        match relaying {
            Some(Relaying::Datagrams(stop, relay)) => {
                drop(stop);
                // A panic of the relay has been printed by its thread; what it relayed is still written.
                let _ = relay.join();
            }
            Some(Relaying::Streams(runtime, _)) => runtime.shutdown_timeout(STOP),
            None => {}
        }
        let _ = self.notes.send(Note::Finish);
        let scribe = taken(&self.scribe).take();
        scribe?.join().ok()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.end() {
            tracing::error!("the recording is not complete: {error}");
        }
    }
}

/// Nobody panics while holding one of these; what is in it would be good all the same.
fn taken<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn relay_datagrams(
    listen: SocketAddr,
    device: SocketAddr,
    limits: Limits,
    notes: SyncSender<Note>,
) -> io::Result<(Place, Relaying)> {
    let socket = UdpSocket::bind(listen)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    let address = socket.local_addr()?;
    let (stop, stopped) = UnixStream::pair()?;
    let relay = Relay::new(socket, device, limits, notes, stopped)?;
    let relay = std::thread::Builder::new().name("fencelab-relay".into()).spawn(move || {
        if let Err(error) = relay.run() {
            tracing::error!("the proxy on {address} ends: {error}");
        }
    })?;
    Ok((Place::of(address), Relaying::Datagrams(stop, relay)))
}
