//! The devices of a run as fence devices.

use std::collections::BTreeMap;

use fencelab_link::Target;

use super::{
    dialect::{Dialect, no_such_order},
    kind::Kind,
    plug::{Notation, Plug},
    session::Session,
    settings::Settings,
    talk::Talk,
};
use crate::{
    context::Context,
    failure::{Failure, Step},
    fence::{Fence, Outlet, PowerState, Wanted},
};

/// One device, or several under `port_as_ip`.
pub(crate) struct Device {
    kind: &'static Kind,
    settings: Settings,
    /// The open sessions by host.
    sessions: BTreeMap<String, Session>,
}

impl Device {
    pub(crate) fn new(kind: &'static Kind, settings: Settings) -> Self {
        Self { kind, settings, sessions: BTreeMap::new() }
    }

    /// The device of a plug: the plug is its address, or there is one.
    fn target(&self, plug: &str) -> Target {
        let mut target = self.settings.target.clone();
        if self.kind.notation == Notation::Single && !plug.is_empty() {
            plug.clone_into(&mut target.host);
        }
        target
    }

    /// Talks to a device in its open session, or in a new one. What was said in a session that was lost since is said once
    /// more if `again`.
    fn talk<R>(
        &mut self,
        context: &mut Context<'_>,
        plug: &str,
        again: bool,
        about: impl Fn(&dyn Dialect, &mut Talk<'_, '_>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let target = self.target(plug);
        let mut old = self.sessions.remove(&target.host);
        loop {
            let was_old = old.is_some();
            let mut session = match old.take() {
                Some(session) => session,
                None => Session::open(context, self.kind, &self.settings, &target)?,
            };
            let dialect = session.dialect;
            match about(dialect, &mut session.talk(context, &self.settings)) {
                Ok(result) => {
                    self.sessions.insert(target.host, session);
                    return Ok(result);
                }
                // What may still come in this session would be taken for an answer to something else.
                Err(failure) => {
                    drop(session);
                    if !(was_old && again && failure.is_passing()) {
                        return Err(failure);
                    }
                    context.info(&format!("{failure}; trying again in a new session"));
                }
            }
        }
    }

    /// A plug, with the switch of the options if it names none itself.
    fn plug(&self, plug: &str) -> Result<Plug, Failure> {
        let mut plug = self.kind.plug(plug)?;
        plug.switch = plug.switch.or_else(|| self.settings.switch.clone());
        Ok(plug)
    }
}

impl Fence for Device {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        let named = self.plug(plug)?;
        let state = self.talk(context, plug, true, |dialect, talk| dialect.power(talk, &named))?;
        if matches!(state, PowerState::Unknown(_)) {
            // An answer that was not understood may not have been one. Only a device that repeats what it is told shows that.
            let host = self.target(plug).host;
            if self.sessions.get(&host).is_some_and(|session| !session.terminal.is_sure()) {
                self.sessions.remove(&host);
            }
        }
        Ok(state)
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        let named = self.plug(plug)?;
        self.talk(context, plug, true, |dialect, talk| dialect.set(talk, &named, wanted))
    }

    fn cycle(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure> {
        let named = self.plug(plug)?;
        // Twice would be once too often.
        self.talk(context, plug, false, |dialect, talk| dialect.cycle(talk, &named))
    }

    fn diag(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn list(&mut self, context: &mut Context<'_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let outlets = self.talk(context, "", true, |dialect, talk| {
            let Some(mut outlets) = dialect.list(talk, states)? else { return Ok(None) };
            if outlets.is_empty() {
                return Err(Failure::lasting(Step::Parse, "the device lists no plugs at all"));
            }
            for outlet in &mut outlets {
                outlet.alias = super::text::one_line(&outlet.alias);
            }
            Ok(Some(outlets))
        })?;
        Ok(outlets)
    }

    fn close(&mut self, context: &mut Context<'_>) {
        context.deadline = None;
        for (_, mut session) in std::mem::take(&mut self.sessions) {
            let quit = session.dialect.quit();
            session.terminal.farewell(quit);
        }
    }
}
