//! Datagrams that are taken from the kernel together: a call of the system costs more than a short datagram does.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};

/// So many at most.
const DATAGRAMS: usize = 16;
/// The longest of which some are taken together, in bytes: longer ones cost more than the call.
const SHORT: usize = 2048;
/// Anything that is not said to be longer fits into a buffer of so many bytes.
const LEAST: usize = 1024;
/// Only after so many that came without one being sent between: a question is answered first.
const STREAK: u32 = 2;

/// Room for them.
pub(super) struct Together {
    slot: usize,
    bytes: Vec<u8>,
    headers: MultiHeaders<SockaddrStorage>,
    /// Those that were not read yet: which, how long, from whom.
    ready: VecDeque<(usize, usize, Option<SocketAddr>)>,
    /// Received since one was sent.
    streak: u32,
}

impl Together {
    /// For messages of so many bytes at most. `None`: they are better taken one by one.
    pub(super) fn of(longest: usize) -> Option<Self> {
        (longest <= SHORT).then(|| {
            let slot = longest.max(LEAST);
            Self {
                slot,
                bytes: vec![0; slot * DATAGRAMS],
                headers: MultiHeaders::preallocate(DATAGRAMS, None),
                ready: VecDeque::with_capacity(DATAGRAMS),
                streak: 0,
            }
        })
    }

    /// One was received, by itself or with others.
    pub(super) fn received(&mut self) {
        self.streak = self.streak.saturating_add(1);
    }

    /// One was sent.
    pub(super) fn sent(&mut self) {
        self.streak = 0;
    }

    /// Whether more are expected to have come with the next.
    pub(super) fn is_due(&self) -> bool {
        self.streak >= STREAK
    }

    /// Takes what has come, and waits for the first as long as `flags` and the socket say.
    ///
    /// # Errors
    /// As `recvmmsg` (recvmmsg(2)).
    pub(super) fn fetch(&mut self, socket: &UdpSocket, flags: MsgFlags) -> Result<(), Errno> {
        let mut slots: Vec<[IoSliceMut<'_>; 1]> =
            self.bytes.chunks_mut(self.slot).map(|slot| [IoSliceMut::new(slot)]).collect();
        let flags = flags | MsgFlags::MSG_WAITFORONE;
        let came = recvmmsg(socket.as_raw_fd(), &mut self.headers, slots.iter_mut(), flags, None)?;
        self.ready
            .extend(came.enumerate().map(|(slot, came)| (slot, came.bytes, came.address.and_then(address))));
        Ok(())
    }

    /// The next of those that were taken.
    pub(super) fn next(&mut self, buffer: &mut [u8]) -> Option<(usize, Option<SocketAddr>)> {
        let (slot, bytes, from) = self.ready.pop_front()?;
        let start = slot * self.slot;
        let message = self.bytes.get(start..start + bytes).unwrap_or_default();
        let bytes = message.len().min(buffer.len());
        if let (Some(into), Some(message)) = (buffer.get_mut(..bytes), message.get(..bytes)) {
            into.copy_from_slice(message);
        }
        Some((bytes, from))
    }
}

fn address(of: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = of.as_sockaddr_in().map(|v4| SocketAddrV4::from(*v4).into());
    v4.or_else(|| of.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6).into()))
}
