//! The time that all processes of a machine share.

use rustix::time::{ClockId, clock_gettime};

/// Measures the processor's own clock, with which loads are timed, against the system's. That takes up to 200 ms, once in a process:
/// not in the middle of a load.
pub(crate) fn prepare() {
    quanta::Instant::now();
}

/// Nanoseconds of `CLOCK_MONOTONIC` (clock_gettime(2)): the same for every process of this machine.
#[must_use]
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default())
}
