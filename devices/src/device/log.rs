//! The requests that reached a device: the ground truth for anybody's own test.

use std::time::Duration;

use serde::Serialize;

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct RequestLog {
    /// Counted from 1; plant changes name it as their cause.
    pub number: u64,
    /// Which exchange it was, as faults count them (`exchange=N`).
    pub exchange: u32,
    /// When it reached the face.
    pub at: Duration,
    /// The face's index.
    pub face: usize,
    /// The session's id; 0 = outside any.
    pub session: u32,
    /// What was asked, by its name.
    pub request: String,
    /// What was answered: completion code and data, or `nothing`.
    pub answer: String,
    /// What it moves, and which rule or fault had a hand in it.
    pub effect: Option<String>,
}

impl RequestLog {
    /// The answer after which a console hangs up.
    pub const GOODBYE: &str = "goodbye";
    /// The answer to what is no command.
    pub const UNKNOWN: &str = "no such command";
}

/// The newest requests.
#[derive(Debug)]
pub(crate) struct Log {
    entries: Vec<RequestLog>,
    limit: usize,
    next: u64,
}

impl Default for Log {
    /// 256 requests: ten thousand devices in one process have to fit.
    fn default() -> Self {
        Self { entries: Vec::new(), limit: 256, next: 1 }
    }
}

impl Log {
    pub(crate) fn entries(&self) -> &[RequestLog] {
        let surplus = self.entries.len().saturating_sub(self.limit);
        self.entries.get(surplus..).unwrap_or_default()
    }

    pub(crate) fn keep(&mut self, limit: usize) {
        self.limit = limit.max(1);
    }

    /// The number that the next entry gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.next
    }

    pub(crate) fn push(&mut self, mut entry: RequestLog) {
        entry.number = self.next;
        self.next += 1;
        // Half as much again is kept before the surplus goes, so that dropping it is rare.
        if self.entries.len() >= self.limit.saturating_add(self.limit / 2).saturating_add(1) {
            let surplus = self.entries.len().saturating_sub(self.limit.saturating_sub(1));
            self.entries.drain(..surplus.min(self.entries.len()));
        }
        self.entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut log = Log::default();
        log.keep(10);
        for number in 1..=1000 {
            let entry = RequestLog {
                exchange: 0,
                number: 0,
                at: Duration::ZERO,
                face: 0,
                session: 0,
                request: String::new(),
                answer: String::new(),
                effect: None,
            };
            log.push(entry);
            assert_eq!(log.entries().len(), (number as usize).min(10));
            assert_eq!(log.entries().last().map(|entry| entry.number), Some(number));
            assert!(log.entries.len() <= 16);
        }
    }
}
