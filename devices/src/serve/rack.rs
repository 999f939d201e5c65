//! Several SNMP devices behind one socket: proxies and chassis that put an address into the community or the context.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fencelab_wire::snmp::{Message, Version};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Shared, run, watched};
use crate::device::{Address, Device};

/// What tells the devices of a [`Rack`] apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// v1 and v2c: each community is followed by `@` and the device's name, for example `secret@2`.
    Community,
    /// v3: the context is the device's name. All devices share the first one's engine.
    Context,
}

/// Several devices on one socket. Dropping it closes the socket.
#[derive(Debug)]
pub struct Rack {
    /// Where it listens.
    pub address: SocketAddr,
    /// The devices, as they were given.
    pub devices: Vec<Shared>,
    /// The face's index, the same in all.
    pub face: usize,
    task: JoinHandle<()>,
}

impl Rack {
    /// Serves face number `face` of each device on `bind` (port 0: the kernel chooses). Needs a tokio runtime. A name stands
    /// for the device in the community or context, mostly its number.
    ///
    /// # Errors
    /// No device, two of one name, or the socket cannot be bound.
    pub fn start(devices: Vec<(String, Device)>, by: By, face: usize, bind: SocketAddr) -> io::Result<Self> {
        let engine_id = devices.first().and_then(|(_, device)| device.engine_id(face)).unwrap_or_default();
        let (start, changed) = (Instant::now(), Arc::new(Notify::new()));
        let (mut all, mut names) = (Vec::new(), HashMap::new());
        for (name, mut device) in devices {
            device.answer_only_to(&match by {
                By::Community => Address::Community(name.clone()),
                By::Context => Address::Context { name: name.clone(), engine_id: engine_id.clone() },
            });
            if names.insert(name.clone().into_bytes(), all.len()).is_some() {
                let what = format!("two devices are called `{name}`; give each a name of its own");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            let changed = Arc::clone(&changed);
            all.push(Shared { device: Arc::new(std::sync::Mutex::new(device)), start, changed });
        }
        if all.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a rack needs a device"));
        }
        let socket = UdpSocket::bind(bind)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let router = Router::Rack { devices: all.clone(), by, names };
        let task = tokio::spawn(run(watched(socket)?, router, face));
        Ok(Self { address, devices: all, face, task })
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Which device a datagram is for.
#[derive(Debug)]
pub(super) enum Router {
    /// There is one.
    Single(Shared),
    /// One of several, at least one.
    Rack { devices: Vec<Shared>, by: By, names: HashMap<Vec<u8>, usize> },
}

impl Router {
    pub(super) fn devices(&self) -> &[Shared] {
        match self {
            Self::Single(device) => std::slice::from_ref(device),
            Self::Rack { devices, .. } => devices,
        }
    }

    /// The device that answers what is for none in particular: discovery, unknown contexts.
    pub(super) fn first(&self) -> &Shared {
        match self {
            Self::Single(device) => device,
            #[expect(clippy::indexing_slicing, reason = "a rack is only started with a device")]
            Self::Rack { devices, .. } => &devices[0],
        }
    }

    pub(super) fn next_wake(&self, face: usize) -> Option<Duration> {
        self.devices().iter().filter_map(|device| device.lock().next_wake_of(face)).min()
    }

    pub(super) fn device(&self, face: usize, datagram: &[u8]) -> &Shared {
        let Self::Rack { devices, by, names } = self else { return self.first() };
        let index = named(devices, *by, face, datagram).and_then(|name| names.get(&name).copied());
        index.and_then(|index| devices.get(index)).unwrap_or_else(|| self.first())
    }
}

/// The name in a datagram.
fn named(devices: &[Shared], by: By, face: usize, datagram: &[u8]) -> Option<Vec<u8>> {
    match (by, Message::parse(datagram).ok()?) {
        (By::Community, Message::Community { community, .. }) => {
            let community = community.expose();
            let at = community.iter().rposition(|byte| *byte == b'@')?;
            community.get(at + 1..).map(<[u8]>::to_vec)
        }
        // Any of them can read what is in the one engine's time; one that has restarted is in a time of its own.
        (By::Context, message) if message.version() == Version::V3 => devices.iter().find_map(|device| {
            let now = device.now();
            device.lock().context_of(now, face, datagram)
        }),
        _ => None,
    }
}
