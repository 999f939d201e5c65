//! How sockets are waited for.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use quanta::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use super::Error;

/// A socket's own patience, so that it is set only where it changes: waiting takes one call of the system then.
#[derive(Debug)]
pub(super) struct Patience {
    of: Timeout,
    set: Option<Duration>,
}

/// A socket's own patience is not for less: the kernel counts it in ticks of some milliseconds.
pub(super) const SHORT: Duration = Duration::from_millis(16);

/// The patience that is set for one of at least [`SHORT`]: a power of two, so that it seldom changes. It ends early, and the caller
/// comes again.
pub(super) fn rounded(patience: Duration) -> Duration {
    let millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(1 << millis.ilog2().min(10))
}

impl Patience {
    /// In `recv`.
    pub(super) fn receiving() -> Self {
        Self { of: Timeout::Recv, set: None }
    }

    /// In `send`.
    pub(super) fn sending() -> Self {
        Self { of: Timeout::Send, set: None }
    }

    /// Has the socket wait so long.
    pub(super) fn set(&mut self, socket: BorrowedFd<'_>, patience: Duration) -> Result<(), Error> {
        if self.set == Some(patience) {
            return Ok(());
        }
        set_socket_timeout(socket, self.of, Some(patience)).map_err(Error::system("a socket's patience"))?;
        self.set = Some(patience);
        Ok(())
    }
}

/// Waits until one of the sockets is ready, or `patience` is over. Answers whether one is.
pub(super) fn for_any(sockets: &mut [PollFd<'_>], patience: Duration) -> Result<bool, Error> {
    let patience = Timespec::try_from(patience).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    match poll(sockets, Some(&patience)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(Error::system("poll")(error)),
    }
}

/// What is waited for, with that in it.
pub(super) fn readable<'a, F: std::os::fd::AsFd>(socket: &'a F) -> PollFd<'a> {
    PollFd::new(socket, PollFlags::IN)
}

/// After so many looks at a socket the clock is looked at: some hundredths of a millisecond.
pub(super) const LOOKS_AT_SOCKETS: u32 = 64;

/// Who has looked in vain for so long yields: lets others have the processor between looks. What is to bring the message may be among
/// them, such as the kernel's own threads where there is one processor. It takes a call of the system, and is not for the first moment.
pub(super) const YIELDS: Duration = Duration::from_millis(2);

/// Looks again and again, until something is there or `patience` is over. The clock takes a call of the system on some machines, as a
/// look may not: it is looked at after every `looks` only. After `yields` others have the processor in between.
pub(super) fn polled<T>(
    patience: Duration,
    looks: u32,
    yields: Duration,
    mut look: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    let mut start = None;
    loop {
        for _ in 0..looks {
            if let Some(found) = look()? {
                return Ok(Some(found));
            }
        }
        let looked = start.get_or_insert_with(Instant::now).elapsed();
        if looked >= patience {
            return Ok(None);
        }
        if looked >= yields {
            std::thread::yield_now();
        }
    }
}
