//! One session with one device: connect, be let in, find out what it speaks.

use std::time::Duration;

use fencelab_link::Target;

use super::{
    dialect::Dialect,
    kind::{Choice, Kind},
    login::log_in,
    settings::Settings,
    talk::Talk,
    terminal::Terminal,
};
use crate::{context::Context, failure::Failure};

/// How long to wait before a device is tried again that is not to be reached, or has no session free.
const BACK_OFF: Duration = Duration::from_millis(500);

/// An open session; the device is at its prompt.
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) dialect: &'static dyn Dialect,
    opening: String,
}

impl Session {
    /// Opens a session. A device that cannot be reached, or hangs up at once, is tried again while time remains.
    pub(crate) fn open(
        context: &mut Context<'_>,
        kind: &'static Kind,
        settings: &Settings,
        target: &Target,
    ) -> Result<Self, Failure> {
        let until = context.until(context.timing.login());
        loop {
            let failure = match Self::try_open(context, kind, settings, target, until) {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            let wake = context.now().saturating_add(BACK_OFF);
            if !failure.is_passing() || wake >= until || context.cancelled() {
                return Err(failure);
            }
            context.info(&format!("{failure}; trying again"));
            context.sleep_until(wake);
        }
    }

    fn try_open(
        context: &mut Context<'_>,
        kind: &'static Kind,
        settings: &Settings,
        target: &Target,
        until: Duration,
    ) -> Result<Self, Failure> {
        let mut terminal =
            Terminal::open(context, target, &settings.way, kind, settings.prompts.clone(), until)?;
        if settings.way.is_line() {
            terminal.rouse(until)?;
        }
        let opening = log_in(&mut terminal, context, kind, settings, until)?;
        let mut talk = Talk { terminal: &mut terminal, context, settings, opening: &opening };
        let dialect = match kind.dialect {
            Choice::Always(dialect) => dialect,
            Choice::By(choose) => choose(&mut talk)?,
        };
        dialect.start(&mut talk)?;
        Ok(Self { terminal, dialect, opening })
    }

    /// The conversation.
    pub(crate) fn talk<'t, 'c>(
        &'t mut self,
        context: &'t mut Context<'c>,
        settings: &'t Settings,
    ) -> Talk<'t, 'c> {
        Talk { terminal: &mut self.terminal, context, settings, opening: &self.opening }
    }
}
