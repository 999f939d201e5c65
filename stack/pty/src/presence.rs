//! Whether anybody has a terminal open. The device's own end cannot tell while it keeps the terminal open itself, as it must:
//! otherwise reading fails from the moment when the last one goes until the next one comes.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::unix::AsyncFd;

use crate::{Event, watched};

/// Counts those who open a file and close it.
#[derive(Debug)]
pub(super) struct Presence {
    events: AsyncFd<OwnedFd>,
    count: AtomicUsize,
}

impl Presence {
    /// Whoever has it open already is not counted.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(
            &events,
            path,
            WatchFlags::OPEN | WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE,
        )?;
        Ok(Self { events: watched(events)?, count: AtomicUsize::new(0) })
    }

    /// Waits until something may have happened.
    pub(super) async fn changed(&self) {
        match self.events.readable().await {
            Ok(mut ready) => ready.clear_ready(),
            // The runtime is ending.
            Err(_) => std::future::pending().await,
        }
    }

    /// All comings and goings since the last look, in order.
    pub(super) fn steps(&self) -> Vec<Event> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(self.events.get_ref(), &mut buffer);
        let mut count = self.count.load(Ordering::Relaxed);
        let mut steps = Vec::new();
        while let Ok(event) = events.next() {
            let flags = event.events();
            if flags.contains(ReadFlags::OPEN) {
                count += 1;
                steps.extend((count == 1).then_some(Event::Came));
            } else if flags.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::CLOSE_NOWRITE) && count > 0 {
                count -= 1;
                steps.extend((count == 0).then_some(Event::Went));
            }
        }
        self.count.store(count, Ordering::Relaxed);
        steps
    }
}
