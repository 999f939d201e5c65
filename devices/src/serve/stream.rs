//! Faces that are streams: a listening socket, a task for each connection, and one that says what is due by itself.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use super::Shared;
use crate::device::Output;

/// What is read at once.
const PIECE: usize = 4096;
/// How long the listener rests where it cannot accept.
const BREATH: Duration = Duration::from_millis(10);

/// Where the output of one face goes.
#[derive(Debug)]
pub(super) struct Pump {
    device: Shared,
    face: usize,
    open: Mutex<HashMap<SocketAddr, mpsc::UnboundedSender<Vec<u8>>>>,
    /// The next wake-up may have moved.
    moved: Notify,
}

impl Pump {
    pub(super) fn new(device: &Shared, face: usize) -> Arc<Self> {
        Arc::new(Self { device: device.clone(), face, open: Mutex::default(), moved: Notify::new() })
    }

    /// Whether the device asks by itself who it is.
    pub(super) fn asks_itself(&self) -> bool {
        self.device.lock().asks_itself(self.face)
    }

    /// Whether a user with this password may open a session.
    pub(super) fn admits(&self, user: &str, password: &str) -> bool {
        self.device.with(|device, now| device.admits(now, self.face, user, Some(password)))
    }

    /// Whether neither side has hung up.
    pub(super) fn is_open(&self, peer: SocketAddr) -> bool {
        self.senders().contains_key(&peer)
    }

    /// A connection begins. Its output comes in pieces; an empty one is the end.
    pub(super) fn connect(&self, peer: SocketAddr, user: Option<&str>) -> mpsc::UnboundedReceiver<Vec<u8>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.senders().insert(peer, sender);
        let now = self.device.now();
        let mut device = self.device.lock();
        device.connect(now, self.face, peer, user);
        let due = device.take_output_of(now, self.face);
        drop(device);
        self.route(due);
        receiver
    }

    /// Bytes come; none: the other side has hung up.
    pub(super) fn feed(&self, peer: SocketAddr, bytes: &[u8]) {
        let now = self.device.now();
        let mut device = self.device.lock();
        device.handle(now, self.face, peer, bytes);
        let due = device.take_output_of(now, self.face);
        drop(device);
        self.route(due);
        if bytes.is_empty() {
            self.senders().remove(&peer);
        }
    }

    /// How the client at a serial line has set its end.
    pub(super) fn set_client_line(&self, line: Option<fencelab_wire::serial::Line>) {
        self.device.lock().set_client_line(self.face, line);
    }

    fn senders(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, mpsc::UnboundedSender<Vec<u8>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, due: Vec<Output>) {
        let mut senders = self.senders();
        for output in due {
            let is_end = output.bytes.is_empty();
            if let Some(sender) = senders.get(&output.to) {
                // Whoever has gone needs no answer.
                let _ = sender.send(output.bytes);
            }
            if is_end {
                senders.remove(&output.to);
            }
        }
        drop(senders);
        self.moved.notify_one();
    }

    /// Says what is due by itself, for ever.
    pub(super) async fn run(&self) {
        loop {
            // Made before the look, so that no change between it and the wait is missed.
            let moved = self.moved.notified();
            let changed = self.device.changed.notified();
            let wake = self.device.lock().next_wake_of(self.face);
            match wake {
                None => tokio::select! { () = moved => {} () = changed => {} },
                Some(at) => {
                    let until =
                        tokio::time::Instant::from_std(self.device.start + at.min(crate::duration::MAX));
                    tokio::select! {
                        () = moved => {}
                        () = changed => {}
                        () = tokio::time::sleep_until(until) => {}
                    }
                }
            }
            let now = self.device.now();
            let due = self.device.lock().take_output_of(now, self.face);
            if !due.is_empty() {
                self.route(due);
            }
        }
    }
}

/// Listens for connections to a face.
pub(super) fn listen(
    device: &Shared,
    face: usize,
    bind: SocketAddr,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let (address, listener) = open(bind)?;
    let pump = Pump::new(device, face);
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        let greet = |stream, peer| {
            connections.spawn(converse(stream, peer, Arc::clone(&pump)));
            while connections.try_join_next().is_some() {}
        };
        tokio::select! { () = accept(&listener, greet) => {} () = pump.run() => {} }
    });
    Ok((address, task))
}

/// A listening socket.
pub(super) fn open(bind: SocketAddr) -> io::Result<(SocketAddr, tokio::net::TcpListener)> {
    let listener = TcpListener::bind(bind)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((address, tokio::net::TcpListener::from_std(listener)?))
}

/// Accepts connections, for ever.
pub(super) async fn accept(listener: &tokio::net::TcpListener, mut greet: impl FnMut(TcpStream, SocketAddr)) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => greet(stream, peer),
            // Out of file descriptors, or the client has gone already: the next one may succeed.
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// One connection.
async fn converse(mut stream: TcpStream, peer: SocketAddr, pump: Arc<Pump>) {
    // A key must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let mut output = pump.connect(peer, None);
    let (mut reader, mut writer) = stream.split();
    let mut buffer = vec![0; PIECE];
    loop {
        tokio::select! {
            biased;
            piece = output.recv() => match piece {
                Some(piece) if !piece.is_empty() => {
                    if writer.write_all(&piece).await.is_err() {
                        pump.feed(peer, &[]);
                        return;
                    }
                }
                _ => {
                    let _ = writer.shutdown().await;
                    return;
                }
            },
            read = reader.read(&mut buffer) => match read {
                Ok(length) if length > 0 => pump.feed(peer, buffer.get(..length).unwrap_or_default()),
                _ => {
                    pump.feed(peer, &[]);
                    return;
                }
            },
        }
    }
}
