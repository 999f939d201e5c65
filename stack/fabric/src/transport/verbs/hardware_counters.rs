//! What the device counts of its port, by the names of its driver. Others' traffic is in it, too.

use std::path::PathBuf;

/// Receiver not ready, told by the other end: rxe; mlx5.
const NOT_READY: [&str; 2] = ["rcvd_rnr_err", "rnr_nak_retry_err"];
/// Sent again: rxe; mlx5, which tells by the cause.
const AGAIN: [&str; 4] =
    ["completer_retry_err", "local_ack_timeout_err", "packet_seq_err", "implied_nak_seq_err"];
/// Came and found no buffer: mlx5.
const NO_BUFFER: [&str; 1] = ["out_of_buffer"];

/// What was counted at one time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counted {
    pub(super) not_ready: u64,
    pub(super) again: u64,
    pub(super) no_buffer: u64,
}

/// The counters of a port, from when they were first looked at.
#[derive(Debug)]
pub(super) struct HardwareCounters {
    folder: PathBuf,
    before: Counted,
}

impl HardwareCounters {
    pub(super) fn of(device: &str, port: u8) -> Self {
        Self::in_folder(format!("/sys/class/infiniband/{device}/ports/{port}/hw_counters").into())
    }

    fn in_folder(folder: PathBuf) -> Self {
        let mut counters = Self { folder, before: Counted::default() };
        counters.before = counters.read();
        counters
    }

    /// What was counted since.
    pub(super) fn since(&self) -> Counted {
        let now = self.read();
        Counted {
            not_ready: now.not_ready.saturating_sub(self.before.not_ready),
            again: now.again.saturating_sub(self.before.again),
            no_buffer: now.no_buffer.saturating_sub(self.before.no_buffer),
        }
    }

    fn read(&self) -> Counted {
        Counted { not_ready: self.sum(&NOT_READY), again: self.sum(&AGAIN), no_buffer: self.sum(&NO_BUFFER) }
    }

    fn sum(&self, names: &[&str]) -> u64 {
        let read =
            |name: &&str| std::fs::read_to_string(self.folder.join(name)).ok()?.trim().parse::<u64>().ok();
        names.iter().filter_map(read).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_before_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, value: &str| std::fs::write(folder.path().join(name), value).unwrap();
        write("rcvd_rnr_err", "5\n");
        write("out_of_buffer", "no number\n");
        let counters = HardwareCounters::in_folder(folder.path().to_owned());
        assert_eq!(counters.since(), Counted::default());
        write("rcvd_rnr_err", "7\n");
        write("completer_retry_err", "1\n");
        assert_eq!(counters.since(), Counted { not_ready: 2, again: 1, no_buffer: 0 });
    }
}
