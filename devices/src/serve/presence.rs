//! Whether anybody has a terminal open. The device's own end cannot tell while it keeps the terminal open itself, as it must:
//! otherwise reading fails from the moment when the last one goes until the next one comes.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::unix::AsyncFd;

/// Counts those who open a file and close it.
#[derive(Debug)]
pub(super) struct Presence {
    events: AsyncFd<OwnedFd>,
    count: usize,
}

/// What happened since the last look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// The first one came.
    Came,
    /// The last one went.
    Went,
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
        Ok(Self { events: super::watched(events)?, count: 0 })
    }

    /// Waits until something may have happened.
    pub(super) async fn changed(&self) {
        match self.events.readable().await {
            Ok(mut ready) => ready.clear_ready(),
            // The runtime is ending.
            Err(_) => std::future::pending().await,
        }
    }

    /// All that happened, in order.
    pub(super) fn steps(&mut self) -> Vec<Step> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(self.events.get_ref(), &mut buffer);
        let mut steps = Vec::new();
        while let Ok(event) = events.next() {
            let flags = event.events();
            if flags.contains(ReadFlags::OPEN) {
                self.count += 1;
                steps.extend((self.count == 1).then_some(Step::Came));
            } else if flags.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::CLOSE_NOWRITE) && self.count > 0 {
                self.count -= 1;
                steps.extend((self.count == 0).then_some(Step::Went));
            }
        }
        steps
    }
}
