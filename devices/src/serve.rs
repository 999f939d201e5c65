//! Devices behind real sockets, as many in one process as there are file descriptors.
//!
//! One task a face: it waits for its socket or for the device's next wake-up, whichever is first. The device is locked only
//! while a datagram is handled. In a dialogue with one client the task stays awake between datagrams, see `LOOK`. Faces that
//! are streams have a listening socket and a task for each connection, see `stream`; over SSH see `ssh`, on a pseudo-terminal `pty`.

mod pty;
mod rack;
mod ssh;
mod stream;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use fencelab_pty::watched;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::device::{Device, Output};
use crate::face::Carrier;
use crate::spec::FaceSpec;

pub use pty::Pty;
use rack::Router;
pub use rack::{By, Rack};

/// The longest datagram that is read: RMCP+ needs less than a kilobyte, a Set of SNMP with a hundred objects a few.
const DATAGRAM_LIMIT: usize = 16_384;

/// How long a face keeps looking for the next datagram of a dialogue before it lets itself be woken. A client on the same
/// machine answers within this time, and being woken takes longer than all the rest together. Only the face that was spoken
/// to twice in a row does so: where several are busy, none waits for another.
const LOOK: Duration = Duration::from_micros(200);

/// The face of this process that was spoken to last.
static SPOKEN_TO: AtomicUsize = AtomicUsize::new(0);

/// The number of the next face; 0 is none.
static NEXT_FACE: AtomicUsize = AtomicUsize::new(1);

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
        self.wake();
        result
    }

    /// Lets every face look again.
    fn wake(&self) {
        self.changed.notify_waiters();
        self.changed.notify_one();
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
    /// The socket cannot be bound; or the face is a serial line, which no socket carries but a [`Pty`].
    pub fn share(device: &Shared, face: usize, bind: SocketAddr) -> io::Result<Self> {
        let device = device.clone();
        let carrier = device.lock().spec().faces.get(face).and_then(FaceSpec::carrier);
        let (address, task) = match carrier {
            Some(Carrier::Ssh) => ssh::listen(&device, face, bind)?,
            Some(Carrier::Telnet | Carrier::PortServer) => stream::listen(&device, face, bind)?,
            Some(Carrier::Serial) => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "a serial line has no socket; see Pty",
                ));
            }
            None => {
                let socket = UdpSocket::bind(bind)?;
                socket.set_nonblocking(true)?;
                let address = socket.local_addr()?;
                (address, tokio::spawn(run(watched(socket)?, Router::Single(device.clone()), face)))
            }
        };
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

async fn run(socket: AsyncFd<UdpSocket>, router: Router, face: usize) {
    let number = NEXT_FACE.fetch_add(1, Ordering::Relaxed);
    let look = look();
    loop {
        let first = router.first();
        // Made before the look, so that no change between it and the wait is missed.
        let changed = first.changed.notified();
        let readable = match router.next_wake(face) {
            None => tokio::select! {
                readable = socket.readable() => readable.ok(),
                () = changed => None,
            },
            Some(at) => {
                let until = tokio::time::Instant::from_std(first.start + at.min(crate::duration::MAX));
                tokio::select! {
                    readable = socket.readable() => readable.ok(),
                    () = changed => None,
                    () = tokio::time::sleep_until(until) => None,
                }
            }
        };
        match readable {
            Some(mut ready) => {
                let in_dialogue = SPOKEN_TO.swap(number, Ordering::Relaxed) == number;
                if answer(socket.get_ref(), &router, face, if in_dialogue { look } else { Duration::ZERO }) {
                    ready.clear_ready();
                }
            }
            None => {
                for device in router.devices() {
                    let now = device.now();
                    let due = device.lock().take_output_of(now, face);
                    send(socket.get_ref(), due);
                }
            }
        }
    }
}

/// [`LOOK`], or nothing where there is a single processor, which the client needs more.
fn look() -> Duration {
    static ALLOWED: OnceLock<Duration> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let single = std::thread::available_parallelism().map_or(1, usize::from) < 2;
        if single { Duration::ZERO } else { LOOK }
    })
}

/// Hands what the socket has to the device, and sends each answer before the next datagram is looked for, for as long as
/// `look` after the last. Answers whether the socket was found empty. The buffer lives here, not in the task: ten thousand
/// tasks have to fit.
fn answer(socket: &UdpSocket, router: &Router, face: usize, look: Duration) -> bool {
    let mut buffer = [0; DATAGRAM_LIMIT];
    let mut last = Instant::now();
    // A bound, so that a storm at one device does not starve the others.
    let mut left = 32;
    while left > 0 {
        let (length, peer) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if last.elapsed() >= look {
                    return true;
                }
                std::hint::spin_loop();
                continue;
            }
            // Errors of a datagram socket are about earlier output (port unreachable): the next read may succeed.
            Err(_) => {
                left -= 1;
                continue;
            }
        };
        left -= 1;
        let datagram = buffer.get(..length).unwrap_or_default();
        let shared = router.device(face, datagram);
        let now = shared.now();
        let mut device = shared.lock();
        device.handle(now, face, peer, datagram);
        let due = device.take_output_of(now, face);
        drop(device);
        send(socket, due);
        last = Instant::now();
    }
    false
}

/// A datagram that the kernel does not take is lost, as on any network.
fn send(socket: &UdpSocket, outputs: Vec<Output>) {
    for output in outputs {
        if let Err(error) = socket.send_to(&output.bytes, output.to) {
            tracing::debug!(%error, to = %output.to, "an answer was not sent");
        }
    }
}
