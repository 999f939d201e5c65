//! A live relay between IPMI clients and one BMC, that listens.
//!
//! Every datagram is passed on byte for byte, so errors, timing and refusals are the BMC's own;
//! there is no second session table to get out of step. One thread relays and does nothing else: the
//! round trip must stay short. A second one follows the sessions, decrypts, redacts and writes.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fencelab_transcript::{Event, Mark};
use fencelab_wire::ipmi::tap::{Credential, Direction};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::Tape;
use crate::listen::{Listener, Sessions};

/// No datagram is longer.
const DATAGRAM_BYTES_MAX: usize = 65_536;

/// Datagrams that wait to be written. When as many wait, the relay waits too: nothing is lost in it,
/// and what comes meanwhile waits with the kernel.
const QUEUE_MAX: usize = 65_536;

/// How long the scribe lets datagrams gather in a busy dialogue before it writes them. While it does, the
/// relay need not wake it, which would cost more than relaying. It is all that a killed program can lose.
const GATHER: Duration = Duration::from_millis(2);

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
    /// Datagrams from clients to the BMC.
    pub to_device: u64,
    /// Datagrams from the BMC to clients.
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
    stop: Option<oneshot::Sender<()>>,
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
    /// recording it to `tape`. With the credentials encrypted sessions are recorded in the clear.
    ///
    /// # Errors
    /// The address cannot be bound, or the threads cannot be started.
    pub fn start(
        listen: SocketAddr,
        device: SocketAddr,
        credentials: Vec<Credential>,
        tape: Tape,
    ) -> io::Result<Self> {
        Self::start_limited(listen, device, credentials, tape, Limits::default())
    }

    /// The same with limits other than the default.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub fn start_limited(
        listen: SocketAddr,
        device: SocketAddr,
        credentials: Vec<Credential>,
        tape: Tape,
        limits: Limits,
    ) -> io::Result<Self> {
        let started = Instant::now();
        let socket = std::net::UdpSocket::bind(listen)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (notes, heard) = sync_channel(QUEUE_MAX);
        let (stop, stopped) = oneshot::channel();
        let scribe = std::thread::Builder::new()
            .name("fencelab-scribe".into())
            .spawn(move || Scribe::new(tape, credentials, started).write(&heard))?;
        let relay_notes = notes.clone();
        let relay = std::thread::Builder::new().name("fencelab-relay".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    result = relay(socket, device, limits, relay_notes) => if let Err(error) = result {
                        tracing::error!("the proxy on {address} ends: {error}");
                    },
                    _ = stopped => {}
                }
            });
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
        if let Some(stop) = self.stop.take() {
            // An error means that the relay has ended by itself.
            let _ = stop.send(());
        }
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

/// One client address: its own socket to the BMC, so that the BMC tells clients apart.
struct Client {
    number: u64,
    upstream: Arc<UdpSocket>,
    heard: Arc<Mutex<Instant>>,
    answers: AbortHandle,
}

impl Client {
    fn silent_since(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.answers.abort();
    }
}

/// Relays until the listening socket is beyond use.
async fn relay(
    socket: std::net::UdpSocket,
    device: SocketAddr,
    limits: Limits,
    notes: SyncSender<Note>,
) -> io::Result<()> {
    let socket = Arc::new(UdpSocket::from_std(socket)?);
    let mut clients: HashMap<SocketAddr, Client> = HashMap::new();
    let mut numbers = 0;
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut sweep = tokio::time::interval(limits.idle.max(Duration::from_millis(10)) / 2);
    loop {
        let received = tokio::select! {
            biased;
            received = socket.recv_from(&mut buffer) => received,
            _ = sweep.tick() => {
                let now = Instant::now();
                clients.retain(|_, client| {
                    let keep = now.duration_since(client.silent_since()) < limits.idle;
                    if !keep {
                        let _ = notes.send(Note::Gone { client: client.number });
                    }
                    keep
                });
                continue;
            }
        };
        let at = Instant::now();
        // An error here is one of an earlier send to a client that is gone; the socket is still good.
        let Ok((length, from)) = received else { continue };
        let Some(datagram) = buffer.get(..length) else { continue };
        if !clients.contains_key(&from) {
            make_room(&mut clients, limits.clients_max, &notes);
            numbers += 1;
            match client(from, numbers, device, &socket, &notes).await {
                Ok(client) => {
                    clients.insert(from, client);
                }
                Err(error) => {
                    tracing::warn!("cannot reach {device} for {from}: {error}");
                    continue;
                }
            }
        }
        let Some(client) = clients.get(&from) else { continue };
        // The BMC may be down and come back: the client finds out by silence, as it would directly.
        if let Err(error) = client.upstream.send(datagram).await {
            tracing::debug!("to {device}: {error}");
        }
        *client.heard.lock().unwrap_or_else(PoisonError::into_inner) = at;
        let (client, direction) = (client.number, Direction::ToDevice);
        let _ = notes.send(Note::Datagram { at, client, direction, bytes: datagram.to_vec() });
    }
}

/// Forgets the client silent for longest while there is no room for one more.
fn make_room(clients: &mut HashMap<SocketAddr, Client>, clients_max: usize, notes: &SyncSender<Note>) {
    while clients.len() >= clients_max.max(1) {
        let Some(oldest) =
            clients.iter().min_by_key(|(_, client)| client.silent_since()).map(|(address, _)| *address)
        else {
            return;
        };
        if let Some(client) = clients.remove(&oldest) {
            let _ = notes.send(Note::Gone { client: client.number });
        }
    }
}

/// A new client, with a task that passes the BMC's answers on to it.
async fn client(
    address: SocketAddr,
    number: u64,
    device: SocketAddr,
    socket: &Arc<UdpSocket>,
    notes: &SyncSender<Note>,
) -> io::Result<Client> {
    let any: IpAddr =
        if device.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let upstream = Arc::new(UdpSocket::bind((any, 0)).await?);
    upstream.connect(device).await?;
    let heard = Arc::new(Mutex::new(Instant::now()));
    let (from_device, to_client, notes, last) =
        (upstream.clone(), socket.clone(), notes.clone(), heard.clone());
    let answers = tokio::spawn(async move {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            // An error is the echo of an earlier send (port unreachable): wait for the next answer.
            let Ok(length) = from_device.recv(&mut buffer).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let at = Instant::now();
            let Some(datagram) = buffer.get(..length) else { continue };
            if let Err(error) = to_client.send_to(datagram, address).await {
                tracing::debug!("to {address}: {error}");
            }
            *last.lock().unwrap_or_else(PoisonError::into_inner) = at;
            let direction = Direction::FromDevice;
            let _ = notes.send(Note::Datagram { at, client: number, direction, bytes: datagram.to_vec() });
        }
    });
    Ok(Client { number, upstream, heard, answers: answers.abort_handle() })
}

/// Follows the sessions and writes.
struct Scribe {
    tape: Tape,
    credentials: Vec<Credential>,
    started: Instant,
    listeners: HashMap<u64, Listener>,
    sessions: Sessions,
    summary: Summary,
    failed: Option<fencelab_transcript::Error>,
}

impl Scribe {
    fn new(tape: Tape, credentials: Vec<Credential>, started: Instant) -> Self {
        let (listeners, sessions) = (HashMap::new(), Sessions::default());
        Self { tape, credentials, started, listeners, sessions, summary: Summary::default(), failed: None }
    }

    /// Writes until it is told to finish. After an error it goes on: the next event may fit.
    fn write(mut self, heard: &Receiver<Note>) -> Result<Summary, fencelab_transcript::Error> {
        // The first note of a burst wakes the scribe; those that follow find it awake.
        'dialogue: while let Ok(first) = heard.recv() {
            let mut next = Some(first);
            while let Some(note) = next.take() {
                if !self.note(note) {
                    break 'dialogue;
                }
                next = heard.try_recv().ok().or_else(|| {
                    std::thread::sleep(GATHER);
                    heard.try_recv().ok()
                });
            }
        }
        let summary = Summary { events: self.tape.events(), masked: self.tape.masked(), ..self.summary };
        self.failed.map_or(Ok(summary), Err)
    }

    /// Writes one note; answers whether more may come.
    fn note(&mut self, note: Note) -> bool {
        match note {
            Note::Datagram { at, client, direction, bytes } => self.datagram(at, client, direction, &bytes),
            Note::Gone { client } => {
                self.listeners.remove(&client);
            }
            Note::Mark { at, mark } => self.record(Event::mark(at.duration_since(self.started), 0, *mark)),
            Note::Finish => return false,
        }
        true
    }

    fn datagram(&mut self, at: Instant, client: u64, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::ToDevice => self.summary.to_device += 1,
            Direction::FromDevice => self.summary.from_device += 1,
        }
        let at = at.duration_since(self.started);
        let listener =
            self.listeners.entry(client).or_insert_with(|| Listener::new(self.credentials.clone()));
        for event in listener.observe(at, direction, bytes, &mut self.sessions) {
            self.record(event);
        }
    }

    fn record(&mut self, event: Event) {
        if let Err(error) = self.tape.record(event)
            && self.failed.is_none()
        {
            tracing::error!("an event could not be recorded: {error}");
            self.failed = Some(error);
        }
    }
}
