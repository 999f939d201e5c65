//! What a process has used.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

/// Processor time and context switches (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Usage {
    /// Seconds in user mode.
    pub user: f64,
    /// Seconds in the kernel for this process. What the kernel does for a network beside it is not in it.
    pub system: f64,
    /// Context switches because it waited.
    pub waits: i64,
    /// Context switches because others had to run.
    pub preemptions: i64,
}

impl Usage {
    /// Of this process so far.
    #[must_use]
    pub fn now() -> Self {
        getrusage(UsageWho::RUSAGE_SELF).map_or_else(
            |_| Self::default(),
            |usage| Self {
                user: seconds(usage.user_time()),
                system: seconds(usage.system_time()),
                waits: usage.voluntary_context_switches(),
                preemptions: usage.involuntary_context_switches(),
            },
        )
    }

    /// Since then.
    #[must_use]
    pub fn since(self, start: Self) -> Self {
        Self {
            user: self.user - start.user,
            system: self.system - start.system,
            waits: self.waits - start.waits,
            preemptions: self.preemptions - start.preemptions,
        }
    }

    /// Together with another process.
    #[cfg(feature = "corosync")]
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            system: self.system + other.system,
            waits: self.waits + other.waits,
            preemptions: self.preemptions + other.preemptions,
        }
    }

    /// Seconds of a processor.
    #[must_use]
    pub fn cpu(self) -> f64 {
        self.user + self.system
    }
}

fn seconds(time: TimeVal) -> f64 {
    let micros = u32::try_from(time.tv_usec()).unwrap_or_default();
    let whole = u64::try_from(time.tv_sec()).unwrap_or_default();
    (Duration::from_secs(whole) + Duration::from_micros(micros.into())).as_secs_f64()
}
