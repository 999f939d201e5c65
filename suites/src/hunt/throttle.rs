//! How many agents start: as many as the machine bears. Agents mostly sleep, so hundreds may run side by side; but each that starts
//! needs a processor at once, and one that is kept waiting for it is late for no fault of its own.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lanes::lock;
use crate::stop::Cut;

/// A look at the machine holds for so long.
const LOOK: Duration = Duration::from_millis(2);
/// When a start is not put off any longer: others on the machine may keep it busy for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lets agents start one by one, as processors become free.
pub(crate) struct Throttle {
    cores: usize,
    last: Mutex<Instant>,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Throttle { cores, last: Mutex::new(Instant::now()) }
    }

    /// Waits until somebody may start.
    pub(crate) fn wait(&self, cut: &Cut) {
        let begun = Instant::now();
        // One at a time: whoever has just started must show in the next look.
        let mut last = lock(&self.last);
        loop {
            let now = Instant::now();
            let since = now.saturating_duration_since(*last);
            if since >= LOOK
                && (runnable().is_none_or(|count| count <= self.cores + 1) || now >= begun + PATIENCE)
                || cut.is_over()
            {
                *last = now;
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// How many threads of the machine want a processor now (proc(5), /proc/stat, procs_running); `None` where nobody tells.
fn runnable() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("procs_running "))?.trim().parse().ok()
}
