//! Work side by side, while one thread keeps telling how far it is.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often `tell` is called.
const BEAT: Duration = Duration::from_millis(200);

/// Runs every lane on a thread of its own and returns when all have ended; `tell` is called on this thread meanwhile, and
/// once at the end.
pub(crate) fn in_parallel(lanes: Vec<Box<dyn FnOnce() + Send + '_>>, tell: &mut dyn FnMut()) {
    std::thread::scope(|scope| {
        let (alive, ended) = channel::<()>();
        for lane in lanes {
            let alive = alive.clone();
            scope.spawn(move || {
                // Dropped when the lane ends, also by a panic.
                let _alive = alive;
                lane();
            });
        }
        drop(alive);
        while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            tell();
        }
    });
    tell();
}

/// Locks, also after a panic elsewhere: what is kept here is whole after every single step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lanes_end_before_it_returns() {
        let sum = Mutex::new(0);
        let sum = &sum;
        let lanes: Vec<Box<dyn FnOnce() + Send + '_>> =
            (1..=10).map(|n| Box::new(move || *lock(sum) += n) as Box<dyn FnOnce() + Send>).collect();
        let mut told = 0;
        in_parallel(lanes, &mut || told += 1);
        assert_eq!(*lock(sum), 55);
        assert!(told >= 1);
        in_parallel(Vec::new(), &mut || {});
    }
}
