//! Programs that are started on one processor of the host.

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// This thread.
const SELF: Pid = Pid::from_raw(0);

/// Has what this thread starts meanwhile run on one processor, with all that it starts in turn. The thread itself does, too, until
/// this is dropped.
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    /// To the processor of this number, of those that this thread may use, counted round and round.
    pub(crate) fn to(number: usize) -> Result<Self, Errno> {
        let before = sched_getaffinity(SELF)?;
        let allowed: Vec<usize> =
            (0..CpuSet::count()).filter(|processor| before.is_set(*processor).unwrap_or(false)).collect();
        let mut one = CpuSet::new();
        one.set(allowed.get(number % allowed.len().max(1)).copied().unwrap_or(0))?;
        sched_setaffinity(SELF, &one)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was so before.
        let _ = sched_setaffinity(SELF, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a program says that is started now.
    fn processors() -> String {
        let ran = Command::new("nproc").output().unwrap();
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn what_is_started_has_one_processor_and_later_all_again() {
        let before = processors();
        let pinned = Pinned::to(1).unwrap();
        assert_eq!(processors(), "1");
        drop(pinned);
        assert_eq!(processors(), before);
    }
}
