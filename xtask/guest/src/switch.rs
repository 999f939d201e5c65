//! The switch between guests: a thread with one unix socket a guest, and QEMU's `-netdev stream` at the other end. Frames
//! go over it with their length before them (4 bytes, big-endian).

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::capture::Capture;
use crate::error::GuestError;
use crate::forwarding::{Cable, Counts, Forwarding};

/// How much may wait for a guest that fetches nothing; then frames are dropped, as by any switch.
const WAITING_MAX: usize = 1 << 20;

/// The longest frame that QEMU sends.
const FRAME_MAX: usize = 4096 + 65536;

/// A switch and what can be done to its cables. Nodes count from 1. It ends with this value.
pub struct Switch {
    shared: Arc<Mutex<Shared>>,
    nodes: usize,
    /// Closed to end the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    forwarding: Forwarding,
    capture: Option<Capture>,
}

struct Port {
    listener: UnixListener,
    stream: Option<UnixStream>,
    received: Vec<u8>,
    waiting: Vec<u8>,
}

impl Switch {
    /// Starts a switch that listens for guests on `1.port`, `2.port` and so on in `folder`.
    ///
    /// # Errors
    /// When the sockets can't be made.
    pub fn start(folder: &Path, nodes: usize, cable: Cable, seed: u64) -> Result<Self, GuestError> {
        let mut ports = Vec::new();
        for node in 1..=nodes {
            let path = Self::socket(folder, node);
            let listener = UnixListener::bind(&path).map_err(GuestError::file("listen on", &path))?;
            listener.set_nonblocking(true).map_err(GuestError::file("listen on", &path))?;
            ports.push(Port { listener, stream: None, received: Vec::new(), waiting: Vec::new() });
        }
        let (stop, stopped) = UnixStream::pair().map_err(GuestError::file("make a socket for", folder))?;
        let forwarding = Forwarding::new(nodes, cable, seed);
        let shared = Arc::new(Mutex::new(Shared { forwarding, capture: None }));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || serve(ports, &theirs, &stopped));
        Ok(Self { shared, nodes, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the switch listens for a node.
    #[must_use]
    pub fn socket(folder: &Path, node: usize) -> PathBuf {
        folder.join(format!("{node}.port"))
    }

    /// Cuts a node's cable: nothing goes in or out.
    ///
    /// # Panics
    /// Like everything here, when there is no such node.
    pub fn cut(&self, node: usize) {
        self.change(node, |cable| cable.cut = true);
    }

    /// Mends a node's cable.
    pub fn mend(&self, node: usize) {
        self.change(node, |cable| cable.cut = false);
    }

    /// From now on each frame on a node's cable is lost with this probability, 0.0 to 1.0.
    pub fn lose(&self, node: usize, probability: f64) {
        assert!((0.0..=1.0).contains(&probability), "a probability is between 0 and 1, not {probability}");
        self.change(node, |cable| cable.loss = probability);
    }

    /// From now on each frame takes this long on a node's cable. A frame from one node to another passes two cables.
    pub fn delay(&self, node: usize, delay: Duration) {
        self.change(node, |cable| cable.delay = delay);
    }

    /// What a node's cable is like now.
    #[must_use]
    pub fn cable(&self, node: usize) -> Cable {
        *self.lock().forwarding.cable(self.port(node))
    }

    /// What has happened on a node's cable.
    #[must_use]
    pub fn counts(&self, node: usize) -> Counts {
        *self.lock().forwarding.counts(self.port(node))
    }

    /// Writes every frame that reaches the switch to a pcap file from now on.
    ///
    /// # Errors
    /// When the file can't be made, or an earlier capture could not be completed.
    pub fn capture(&self, path: &Path) -> Result<(), GuestError> {
        self.end_capture()?;
        self.lock().capture = Some(Capture::start(path)?);
        Ok(())
    }

    /// Completes the file of a capture, if there is one.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn end_capture(&self) -> Result<(), GuestError> {
        let capture = self.lock().capture.take();
        capture.map_or(Ok(()), Capture::finish)
    }

    fn change(&self, node: usize, what: impl FnOnce(&mut Cable)) {
        what(self.lock().forwarding.cable(self.port(node)));
    }

    fn port(&self, node: usize) -> usize {
        assert!((1..=self.nodes).contains(&node), "nodes are 1 to {}, not {node}", self.nodes);
        node - 1
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell; a panic of it has been printed.
            let _ = thread.join();
        }
        // Whoever cares for the file has ended the capture.
        let _ = self.end_capture();
    }
}

fn serve(mut ports: Vec<Port>, shared: &Mutex<Shared>, stopped: &UnixStream) {
    loop {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lock().forwarding.next();
        if wait(&ports, stopped, next) {
            return;
        }
        let now = Instant::now();
        for (number, port) in ports.iter_mut().enumerate() {
            port.accept();
            port.receive(|frame| {
                let mut shared = lock();
                if shared.forwarding.arrive(now, number, frame)
                    && let Some(capture) = &mut shared.capture
                {
                    capture.frame(frame);
                }
            });
        }
        {
            let mut shared = lock();
            while let Some(due) = shared.forwarding.due(now) {
                let counts = shared.forwarding.counts(due.port);
                if ports[due.port].queue(&due.frame) {
                    counts.sent += 1;
                } else {
                    counts.overflowed += 1;
                }
            }
        }
        for port in &mut ports {
            port.send();
        }
    }
}

/// Waits until something can be done; tells whether that is to stop.
fn wait(ports: &[Port], stopped: &UnixStream, next: Option<Instant>) -> bool {
    let mut files = vec![PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
    for port in ports {
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, !port.waiting.is_empty());
        files.push(PollFd::new(port.stream.as_ref().map_or(port.listener.as_fd(), AsFd::as_fd), events));
    }
    let limit = next.map(|at| TimeSpec::from_duration(at.saturating_duration_since(Instant::now())));
    // An interrupted wait is a short one.
    let _ = ppoll(&mut files, limit, None);
    files[0].any().unwrap_or(false)
}

impl Port {
    fn accept(&mut self) {
        if self.stream.is_none()
            && let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            self.stream = Some(stream);
        }
    }

    /// Hands over the frames that have arrived in full.
    fn receive(&mut self, mut frame: impl FnMut(&[u8])) {
        let mut bytes = [0; 1 << 16];
        let Some(stream) = &mut self.stream else { return };
        match stream.read(&mut bytes) {
            Ok(0) => return self.close(),
            Ok(length) => self.received.extend_from_slice(&bytes[..length]),
            Err(error) if is_early(&error) => return,
            Err(_) => return self.close(),
        }
        let mut rest = self.received.as_slice();
        while let Some((head, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*head) as usize;
            if length > FRAME_MAX {
                // Whoever speaks thus is no QEMU.
                return self.close();
            }
            let Some((whole, behind)) = behind.split_at_checked(length) else { break };
            frame(whole);
            rest = behind;
        }
        self.received = rest.to_vec();
    }

    /// Puts a frame into the queue to the guest; tells whether it had room. An absent guest has none.
    fn queue(&mut self, frame: &[u8]) -> bool {
        if self.stream.is_none() || self.waiting.len() > WAITING_MAX {
            return false;
        }
        self.waiting.extend_from_slice(&u32::try_from(frame.len()).unwrap_or_default().to_be_bytes());
        self.waiting.extend_from_slice(frame);
        true
    }

    fn send(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        if self.waiting.is_empty() {
            return;
        }
        match stream.write(&self.waiting) {
            Ok(length) => {
                self.waiting.drain(..length);
            }
            Err(error) if is_early(&error) => {}
            Err(_) => self.close(),
        }
    }

    /// The guest has ended; another may come.
    fn close(&mut self) {
        self.stream = None;
        self.received.clear();
        self.waiting.clear();
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
