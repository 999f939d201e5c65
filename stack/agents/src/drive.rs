//! The actions on plugs, the same for every device: look, order, wait, look again.

use std::time::Duration;

use crate::{
    action::Action,
    context::Context,
    failure::{Failure, FailureKind, Step},
    fence::{Fence, Outlet, PowerState, Wanted},
};

/// The shortest time between two looks, where `stonith_status_sleep` is 0: a device is not to be hammered.
const SLEEP_MIN: Duration = Duration::from_millis(50);

/// How often the plug is looked at during a power cycle, whose off phase may be short.
const CYCLE_SLEEP: Duration = Duration::from_millis(50);

/// A look that is begun in time may last this long beyond the limit: an answer that is on its way still counts.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What to do.
pub(crate) struct Job {
    pub(crate) action: Action,
    /// The plugs; one empty name for a device with a single plug.
    pub(crate) plugs: Vec<String>,
    /// Whether a reboot is the device's own power cycle.
    pub(crate) cycle: bool,
    /// Whether a plug that the device does not know counts as off.
    pub(crate) missing_as_off: bool,
    /// Whether the device has many plugs: then `monitor` is the list.
    pub(crate) many_plugs: bool,
    /// What separates the columns of a list.
    pub(crate) separator: String,
}

/// What came of it.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
}

impl Done {
    fn say(text: &str) -> Self {
        Self { exit: 0, stdout: format!("{text}\n") }
    }
}

/// Does the job; the session with the device is closed by the caller.
pub(crate) fn drive(job: &Job, fence: &mut dyn Fence, context: &mut Context<'_>) -> Result<Done, Failure> {
    let mut driver = Driver { job, fence, context };
    match job.action {
        Action::Status => driver.status(),
        Action::Monitor => driver.monitor(),
        Action::List | Action::ListStatus => driver.list(),
        Action::On => driver.bring(Wanted::On),
        Action::Off => driver.bring(Wanted::Off),
        Action::Reboot if job.cycle => driver.cycle(),
        Action::Reboot => driver.reboot(),
        Action::Diag => driver.diag(),
        Action::Metadata | Action::Manpage | Action::ValidateAll => Ok(Done::default()),
    }
}

struct Driver<'d, 'c> {
    job: &'d Job,
    fence: &'d mut dyn Fence,
    context: &'d mut Context<'c>,
}

impl Driver<'_, '_> {
    fn status(&mut self) -> Result<Done, Failure> {
        let state = self.all()?;
        match state {
            PowerState::On => Ok(Done::say("Status: ON")),
            PowerState::Off => Ok(Done { exit: 2, ..Done::say("Status: OFF") }),
            PowerState::Unknown(why) => Err(Failure::lasting(Step::Parse, why)),
        }
    }

    fn monitor(&mut self) -> Result<Done, Failure> {
        if self.job.many_plugs {
            self.fence.list(self.context, false)?;
            return Ok(Done::default());
        }
        match self.all()? {
            PowerState::Unknown(why) => Err(Failure::lasting(Step::Parse, why)),
            PowerState::On | PowerState::Off => Ok(Done::default()),
        }
    }

    fn list(&mut self) -> Result<Done, Failure> {
        let states = self.job.action == Action::ListStatus;
        let Some(outlets) = self.fence.list(self.context, states)? else { return Ok(Done::say("N/A")) };
        let separator = &self.job.separator;
        let line = |Outlet { plug, alias, state }: &Outlet| match self.job.action {
            Action::ListStatus => format!("{plug}{separator}{alias}{separator}{}\n", state.word()),
            _ => format!("{plug}{separator}{alias}\n"),
        };
        Ok(Done { exit: 0, stdout: outlets.iter().map(line).collect() })
    }

    /// On or off as an action of its own.
    fn bring(&mut self, wanted: Wanted) -> Result<Done, Failure> {
        let mut others = Vec::new();
        for plug in &self.job.plugs {
            let state = self.look(plug)?;
            if !wanted.is(&state) {
                others.push(plug.clone());
            }
        }
        if others.is_empty() {
            return Ok(Done::say(&format!("Success: Already {}", wanted.word())));
        }
        let attempts = match wanted {
            Wanted::On => self.context.timing.retry_on.saturating_add(1),
            Wanted::Off => 1,
        };
        self.order_and_verify(&others, wanted, attempts, self.context.timing.power)?;
        Ok(Done::say(&format!("Success: Powered {}", wanted.word())))
    }

    /// Off, verified, then on as well as it goes.
    fn reboot(&mut self) -> Result<Done, Failure> {
        let mut others = Vec::new();
        for plug in &self.job.plugs {
            let mut state = self.look(plug)?;
            if state == PowerState::Off {
                // Nobody asked for it to be off: what is found so is looked at once more.
                state = self.look(plug)?;
            }
            if state != PowerState::Off {
                others.push(plug.clone());
            }
        }
        if !others.is_empty() {
            self.order_and_verify(&others, Wanted::Off, 1, self.context.timing.power)?;
        }
        let timing = self.context.timing;
        // The node is down, which is what was asked for. A plug that will not come on must not keep the
        // agent until its caller takes the whole reboot for failed, so the limit holds even where it is lifted.
        let plugs = &self.job.plugs;
        if let Err(failure) =
            self.order_and_verify(plugs, Wanted::On, timing.retry_on.max(1), Some(timing.power_given))
        {
            self.context
                .error(&format!("the plug is off as asked for, but does not come on again: {failure}"));
        }
        Ok(Done::say("Success: Rebooted"))
    }

    /// The device's own power cycle, verified by seeing it off on the way.
    fn cycle(&mut self) -> Result<Done, Failure> {
        for plug in &self.job.plugs {
            self.cycle_plug(plug)?;
        }
        Ok(Done::say("Success: Rebooted"))
    }

    fn cycle_plug(&mut self, plug: &str) -> Result<(), Failure> {
        let before = self.look(plug)?;
        let name = name(plug);
        let mut attempts = self.context.timing.retry_on.saturating_add(1);
        while let Err(failure) = self.fence.cycle(self.context, plug) {
            attempts -= 1;
            if !failure.is_passing() || attempts == 0 || self.context.cancelled() {
                return Err(if before == PowerState::Off {
                    let seen = format!(
                        "{}; {name} is off, which many devices do not cycle; method=onoff reboots it",
                        failure.seen
                    );
                    Failure { seen, ..failure }
                } else {
                    failure
                });
            }
            self.context.warn(&format!("power cycle: {failure}; trying again"));
        }
        let power_given = self.context.timing.power_given;
        let until = self.context.now().saturating_add(power_given);
        let mut was_off = before == PowerState::Off;
        let mut last = before;
        loop {
            last = self.look_until(plug, until).unwrap_or(last);
            was_off |= last == PowerState::Off;
            if was_off && last == PowerState::On {
                break;
            }
            if self.context.now() >= until || self.context.cancelled() {
                break;
            }
            // Once it was seen off only the return is awaited, and nobody waits for that eagerly.
            let sleep = if was_off { self.context.timing.status_sleep.max(SLEEP_MIN) } else { CYCLE_SLEEP };
            self.context.sleep_until(until.min(self.context.now().saturating_add(sleep)));
        }
        if !was_off {
            let seen = format!(
                "the device accepted a power cycle, but in {} s {name} was never seen off, so nothing proves it; \
                 if its off phase is too short to be seen, method=onoff is the way",
                power_given.as_secs()
            );
            return Err(Failure::lasting(Step::Verify, seen));
        }
        if last != PowerState::On {
            self.context.error(&format!("{name} was off as asked for, but does not come on again"));
        }
        self.context.sleep(self.context.timing.power_wait);
        Ok(())
    }

    fn diag(&mut self) -> Result<Done, Failure> {
        for plug in &self.job.plugs {
            self.fence.diag(self.context, plug)?;
        }
        self.context.info(
            "the diagnostic interrupt was accepted; what the node makes of it cannot be seen from here",
        );
        Ok(Done::say("Success: Diagnostic interrupt sent"))
    }

    /// Orders each plug, waits, and looks until all are there.
    fn order_and_verify(
        &mut self,
        plugs: &[String],
        wanted: Wanted,
        attempts: u32,
        limit: Option<Duration>,
    ) -> Result<(), Failure> {
        let mut plugs = plugs.to_vec();
        let mut attempts = attempts;
        loop {
            let result = self.attempt(&mut plugs, wanted, limit);
            attempts -= 1;
            match result {
                Err(failure) if attempts > 0 && failure.is_passing() && !self.context.cancelled() => {
                    self.context.warn(&format!("{failure}; trying again"));
                }
                other => return other,
            }
        }
    }

    /// One attempt. What is done is what one round of looks at all plugs of the job shows: an order to one plug may have moved
    /// another that was there before. At the end the list holds those that are not there.
    fn attempt(
        &mut self,
        plugs: &mut Vec<String>,
        wanted: Wanted,
        limit: Option<Duration>,
    ) -> Result<(), Failure> {
        let mut orders: Vec<(String, Option<Failure>)> = Vec::new();
        for plug in plugs.iter() {
            let failure = self.order(plug, wanted);
            orders.push((plug.clone(), failure));
            self.context.sleep(self.context.timing.power_wait);
        }
        let started = self.context.now();
        let until = limit.map(|limit| started.saturating_add(limit));
        loop {
            let (mut seen, mut missing) = (Vec::new(), Vec::new());
            for plug in &self.job.plugs {
                let state = self.look_until(plug, until.unwrap_or(Duration::MAX));
                let what = match state {
                    Ok(state) if wanted.is(&state) => continue,
                    Ok(PowerState::Unknown(why)) => format!("{} is UNKNOWN: {why}", name(plug)),
                    Ok(state) => format!("{} is {}", name(plug), state.word()),
                    Err(failure) => format!("{} could not be asked: {failure}", name(plug)),
                };
                self.context.debug(&what);
                seen.push(what);
                missing.push(plug.clone());
            }
            if missing.is_empty() {
                return Ok(());
            }
            plugs.clone_from(&missing);
            let now = self.context.now();
            let ended = until.is_some_and(|until| now >= until) || self.context.cancelled();
            // The device refused the order for good: no use to wait for what will not come.
            let refused = orders.iter().position(|(plug, failure)| {
                missing.contains(plug) && failure.as_ref().is_some_and(|failure| !failure.is_passing())
            });
            if let Some((_, Some(failure))) = refused.map(|at| orders.swap_remove(at)) {
                let seen = format!("{}; {}", failure.seen, seen.join(", "));
                return Err(Failure { seen, ..failure });
            }
            if ended {
                let waited = now.saturating_sub(started).as_secs();
                let seen =
                    format!("{} s after the order {} was given: {}", waited, wanted.word(), seen.join(", "));
                return Err(Failure::passing(Step::Verify, seen));
            }
            let sleep = self.context.timing.status_sleep.max(SLEEP_MIN);
            let wake = now.saturating_add(sleep);
            self.context.sleep_until(until.map_or(wake, |until| wake.min(until)));
            // An order that was not answered may never have arrived. It can be given twice without harm.
            self.bound(until.unwrap_or(Duration::MAX));
            for (plug, failure) in &mut orders {
                if failure.is_some() && missing.contains(plug) {
                    *failure = self.order(plug, wanted);
                }
            }
            self.context.deadline = None;
        }
    }

    fn order(&mut self, plug: &str, wanted: Wanted) -> Option<Failure> {
        self.context.info(&format!("ordering {} {}", name(plug), wanted.word()));
        let failure = self.fence.set(self.context, plug, wanted).err()?;
        self.context.warn(&format!("order {}: {failure}", wanted.word()));
        Some(failure)
    }

    /// All plugs together: off only if each is, unknown if any is.
    fn all(&mut self) -> Result<PowerState, Failure> {
        let mut all = PowerState::Off;
        for plug in &self.job.plugs {
            match self.look(plug)? {
                PowerState::Off => {}
                PowerState::On => all = PowerState::On,
                PowerState::Unknown(why) => return Ok(PowerState::Unknown(why)),
            }
        }
        Ok(all)
    }

    /// No exchange lasts beyond `until`, or a little longer.
    fn bound(&mut self, until: Duration) {
        self.context.deadline = Some(until.max(self.context.now().saturating_add(LAST_LOOK)));
    }

    /// Looks at a plug, at longest until `until` or a little longer.
    fn look_until(&mut self, plug: &str, until: Duration) -> Result<PowerState, Failure> {
        self.bound(until);
        let state = self.look(plug);
        self.context.deadline = None;
        state
    }

    fn look(&mut self, plug: &str) -> Result<PowerState, Failure> {
        let state = match self.fence.power(self.context, plug) {
            Err(Failure { kind: FailureKind::Absent, .. }) if self.job.missing_as_off => {
                self.context.warn(&format!(
                    "{} is not known to the device, and missing_as_off takes that for off",
                    name(plug)
                ));
                PowerState::Off
            }
            other => other?,
        };
        match &state {
            PowerState::Unknown(why) => self.context.warn(&format!("{} is UNKNOWN: {why}", name(plug))),
            known => self.context.info(&format!("{} is {}", name(plug), known.word())),
        }
        Ok(state)
    }
}

/// How a plug is called in a text.
fn name(plug: &str) -> String {
    if plug.is_empty() { "the plug".to_owned() } else { format!("plug {plug}") }
}

#[cfg(test)]
mod tests;
