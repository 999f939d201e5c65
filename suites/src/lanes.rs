//! Work side by side, while one thread keeps telling how far it is.

use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::stop::Stop;

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

/// Works off two queues, until it is asked to stop: ours on one thread, theirs (processes that mostly sleep) on `width` threads.
/// `tell` is given the share that has been begun, 0 to 1.
pub(crate) fn share_out<T: Send>(
    ours: Vec<T>,
    theirs: Vec<T>,
    width: usize,
    stop: &Stop,
    work: &(dyn Fn(T) + Sync),
    tell: &mut dyn FnMut(f64),
) {
    let all = (ours.len() + theirs.len()).max(1);
    let (ours, theirs) = (Mutex::new(VecDeque::from(ours)), Mutex::new(VecDeque::from(theirs)));
    let drain = |queue: &Mutex<VecDeque<T>>| {
        while !stop.is_asked() {
            let next = lock(queue).pop_front();
            match next {
                Some(task) => work(task),
                None => return,
            }
        }
    };
    let mut lanes: Vec<Box<dyn FnOnce() + Send + '_>> = vec![Box::new(|| drain(&ours))];
    for _ in 0..width.min(all) {
        lanes.push(Box::new(|| drain(&theirs)));
    }
    in_parallel(lanes, &mut || {
        let left = lock(&ours).len() + lock(&theirs).len();
        tell(1.0 - left as f64 / all as f64);
    });
}

/// Locks, also after a panic elsewhere: what is kept here is whole after every single step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_queues_are_worked_off() {
        let seen = Mutex::new(Vec::new());
        let mut share = 0.0;
        let work = |task| lock(&seen).push(task);
        share_out(vec![1, 2], vec![3, 4, 5], 2, &Stop::default(), &work, &mut |now| share = now);
        let mut seen = lock(&seen).clone();
        seen.sort_unstable();
        assert_eq!((seen, share), (vec![1, 2, 3, 4, 5], 1.0));
    }

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
