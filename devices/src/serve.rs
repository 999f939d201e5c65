//! Devices behind real UDP sockets, as many in one process as there are file descriptors.
//!
//! One task a face: it waits for its socket or for the device's next wake-up, whichever is first. The device is locked only
//! while a datagram is handled.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::device::{Device, Output};

/// The longest datagram that is read: RMCP+ needs less than a kilobyte.
const DATAGRAM_LIMIT: usize = 4096;

/// A device that others can reach too: the control interface, the test.
#[derive(Clone, Debug)]
pub struct Shared {
    device: Arc<Mutex<Device>>,
    start: Instant,
    changed: Arc<Notify>,
}

impl Shared {
    /// The device; its time starts now.
    #[must_use]
    pub fn new(device: Device) -> Self {
        Self { device: Arc::new(Mutex::new(device)), start: Instant::now(), changed: Arc::new(Notify::new()) }
    }

    /// Since the device was started.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Looks at or changes the device, advanced to the present.
    pub fn with<T>(&self, act: impl FnOnce(&mut Device, Duration) -> T) -> T {
        let mut device = self.lock();
        let now = self.now();
        device.advance(now);
        let result = act(&mut device, now);
        drop(device);
        // Faults that were lifted may have made output due.
        self.changed.notify_one();
        result
    }

    fn lock(&self) -> MutexGuard<'_, Device> {
        // A panic elsewhere leaves a device that is still whole: all its changes are single steps.
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One face of a device on a socket. Dropping it closes the socket.
#[derive(Debug)]
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// The device.
    pub device: Shared,
    /// The face's index.
    pub face: usize,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves face number `face` of `device` on `bind` (port 0: the kernel chooses). Needs a tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be bound.
    pub fn start(device: Device, face: usize, bind: SocketAddr) -> io::Result<Self> {
        Self::share(&Shared::new(device), face, bind)
    }

    /// The same for a device that has other faces or users already.
    ///
    /// # Errors
    /// The socket cannot be bound.
    pub fn share(device: &Shared, face: usize, bind: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(bind)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        let device = device.clone();
        let task = tokio::spawn(run(socket, device.clone(), face));
        Ok(Self { address, device, face, task })
    }

    /// Since the device was started.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.device.now()
    }

    /// Looks at or changes the device, advanced to the present.
    pub fn with<T>(&self, act: impl FnOnce(&mut Device, Duration) -> T) -> T {
        self.device.with(act)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(socket: UdpSocket, shared: Shared, face: usize) {
    loop {
        let wake = shared.lock().next_wake();
        let readable = match wake {
            None => tokio::select! {
                readable = socket.readable() => readable.is_ok(),
                () = shared.changed.notified() => false,
            },
            Some(at) => {
                let until = tokio::time::Instant::from_std(shared.start + at.min(crate::duration::MAX));
                tokio::select! {
                    readable = socket.readable() => readable.is_ok(),
                    () = shared.changed.notified() => false,
                    () = tokio::time::sleep_until(until) => false,
                }
            }
        };
        let outputs = if readable {
            read(&socket, &shared, face)
        } else {
            let now = shared.now();
            shared.lock().take_output(now)
        };
        send(&socket, face, outputs).await;
    }
}

/// Hands what the socket has to the device. The buffer lives here, not in the task: ten thousand tasks have to fit.
fn read(socket: &UdpSocket, shared: &Shared, face: usize) -> Vec<Output> {
    let mut buffer = [0; DATAGRAM_LIMIT];
    let mut outputs = Vec::new();
    // A bound, so that a storm at one device does not starve the others.
    for _ in 0..32 {
        // Errors of a datagram socket are about earlier output (port unreachable): the next read may succeed.
        let (length, peer) = match socket.try_recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(_) => continue,
        };
        let now = shared.now();
        let mut device = shared.lock();
        device.handle(now, face, peer, buffer.get(..length).unwrap_or_default());
        outputs.extend(device.take_output(now));
    }
    outputs
}

/// Sends what is this face's. A datagram that the kernel does not take is lost, as on any network.
async fn send(socket: &UdpSocket, face: usize, outputs: Vec<Output>) {
    for output in outputs {
        if output.face == face
            && let Err(error) = socket.send_to(&output.bytes, output.to).await
        {
            tracing::debug!(%error, to = %output.to, "an answer was not sent");
        }
    }
}
