//! Which runs are open, and who waits for them. The threads of the control socket write here, the runs listen.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::wire::Answer;

/// What happens to one run. The channel closes when the interpreter is gone.
#[derive(Debug)]
pub(super) enum Event {
    /// The script is running.
    Began,
    /// The script was not touched, and why.
    Failed(String),
    /// The wait status.
    Ended(i32),
}

/// All open runs of one interpreter.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    gone: bool,
    next: u64,
    open: HashMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    /// Its process group, once it began.
    group: Option<Pid>,
    events: UnboundedSender<Event>,
}

impl Ledger {
    /// A new run; `None` when the interpreter is gone.
    pub(super) fn enter(&self) -> Option<(u64, UnboundedReceiver<Event>)> {
        let mut state = self.state();
        if state.gone {
            return None;
        }
        state.next += 1;
        let number = state.next;
        let (events, listener) = unbounded_channel();
        state.open.insert(number, Open { group: None, events });
        Some((number, listener))
    }

    /// Passes an answer on to its run.
    pub(super) fn note(&self, answer: Answer) {
        let mut state = self.state();
        // Nobody may listen any more: that is the run's own affair.
        let _ = match answer {
            Answer::Began(number, group) => match state.open.get_mut(&number) {
                Some(open) => {
                    open.group = Some(Pid::from_raw(group));
                    open.events.send(Event::Began)
                }
                None => Ok(()),
            },
            Answer::Failed(number, why) => match state.open.remove(&number) {
                Some(open) => open.events.send(Event::Failed(why)),
                None => Ok(()),
            },
            Answer::Ended(number, status) => match state.open.remove(&number) {
                Some(open) => open.events.send(Event::Ended(status)),
                None => Ok(()),
            },
            Answer::Ready | Answer::Refused(_) => Ok(()),
        };
    }

    /// Nobody is left at the other end: what it left running is ended here, and whoever waits learns of it.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.gone = true;
        for (_, open) in state.open.drain() {
            if let Some(group) = open.group {
                let _ = killpg(group, Signal::SIGKILL);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is whole, also where a thread ended early.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
