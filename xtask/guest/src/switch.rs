//! The switch between guests: a thread with one unix socket a guest.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::capture::Capture;
use crate::error::GuestError;
use crate::forwarding::{Cable, Counts, Forwarding};
use crate::port::{Framing, Port};

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

impl Switch {
    /// Starts a switch that listens for guests on `1.port`, `2.port` and so on in `folder`.
    ///
    /// # Errors
    /// When the sockets can't be made.
    pub fn start(
        folder: &Path,
        nodes: usize,
        framing: Framing,
        cable: Cable,
        seed: u64,
    ) -> Result<Self, GuestError> {
        let ports = (1..=nodes)
            .map(|node| {
                let path = Self::socket(folder, node);
                Port::listen(&path, framing).map_err(GuestError::file("listen on", &path))
            })
            .collect::<Result<Vec<_>, _>>()?;
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
        events.set(PollFlags::POLLOUT, port.has_waiting());
        files.push(PollFd::new(port.as_fd(), events));
    }
    let limit = next.map(|at| TimeSpec::from_duration(at.saturating_duration_since(Instant::now())));
    // An interrupted wait is a short one.
    let _ = ppoll(&mut files, limit, None);
    files[0].any().unwrap_or(false)
}
