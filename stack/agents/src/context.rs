//! What a device-specific agent sees of the outside: the world, the time limits, the log.

use std::time::Duration;

use fencelab_link::{Datagrams, Level, LinkError, Stream, Target, Way, World};

use crate::{log::Log, timing::Timing};

/// The outside, as one run sees it.
pub(crate) struct Context<'a> {
    world: &'a mut dyn World,
    log: Log<'a>,
    /// How long everything may take.
    pub(crate) timing: Timing,
    /// Until when a single exchange may last at most, if the action around it has an end.
    pub(crate) deadline: Option<Duration>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(world: &'a mut dyn World, log: Log<'a>, timing: Timing) -> Self {
        Self { world, log, timing, deadline: None }
    }

    /// The log, at the end of the run.
    pub(crate) fn into_log(self) -> Log<'a> {
        self.log
    }

    pub(crate) fn now(&self) -> Duration {
        self.world.now()
    }

    pub(crate) fn sleep(&mut self, time: Duration) {
        if !time.is_zero() {
            self.world.sleep(time);
        }
    }

    /// Sleeps until `until`, if that is still to come.
    pub(crate) fn sleep_until(&mut self, until: Duration) {
        self.sleep(until.saturating_sub(self.now()));
    }

    pub(crate) fn random(&mut self, buf: &mut [u8]) {
        self.world.random(buf);
    }

    pub(crate) fn datagrams(&mut self, target: &Target) -> Result<Box<dyn Datagrams>, LinkError> {
        self.world.datagrams(target)
    }

    pub(crate) fn stream(
        &mut self,
        target: &Target,
        way: &Way,
        until: Duration,
    ) -> Result<Box<dyn Stream>, LinkError> {
        self.world.stream(target, way, until)
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.world.cancelled()
    }

    /// `limit` from now, or the deadline of the action if that comes first.
    pub(crate) fn until(&self, limit: Duration) -> Duration {
        let until = self.now().saturating_add(limit);
        self.deadline.map_or(until, |deadline| until.min(deadline))
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.log.write(self.world, Level::Error, text);
    }

    pub(crate) fn warn(&mut self, text: &str) {
        self.log.write(self.world, Level::Warning, text);
    }

    pub(crate) fn info(&mut self, text: &str) {
        self.log.write(self.world, Level::Info, text);
    }

    pub(crate) fn debug(&mut self, text: &str) {
        self.log.write(self.world, Level::Debug, text);
    }
}
