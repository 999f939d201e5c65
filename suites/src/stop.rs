//! When work ends: at its time, or sooner if somebody asks.

use std::time::Instant;

use tokio::sync::watch;

/// Asks a run to end before its time. All clones ask the same run.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Stop(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks. What was found by then is reported.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    async fn asked(&self) {
        // The sender lives as long as `self`, so this only ends when it is asked.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}

/// The end of the time of one who plays cases: an agent that still runs then is ended, and says nothing.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// `None`: as long as it takes.
    pub(crate) deadline: Option<Instant>,
    pub(crate) stop: Stop,
}

impl Cut {
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_asked() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits for the end.
    pub(crate) async fn over(&self) {
        match self.deadline {
            Some(deadline) => tokio::select! {
                () = self.stop.asked() => {}
                () = tokio::time::sleep_until(deadline.into()) => {}
            },
            None => self.stop.asked().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn at_its_time_or_when_asked() {
        let stop = Stop::default();
        let open = Cut { deadline: None, stop: stop.clone() };
        let timed = Cut { deadline: Some(Instant::now() + Duration::from_millis(5)), stop: stop.clone() };
        assert!(!open.is_over() && !timed.is_over());
        timed.over().await;
        assert!(tokio::time::timeout(Duration::from_millis(20), open.over()).await.is_err());
        stop.ask();
        open.over().await;
        assert!(open.is_over() && timed.is_over());
    }
}
