//! The BMCs of a run as fence devices.

use std::{collections::BTreeMap, time::Duration};

use fencelab_link::Target;
use fencelab_wire::ipmi::{Completion, NetFn, Request, Response};

use super::{exchange::Session, refusal::is_busy, settings::Settings};
use crate::{
    context::Context,
    failure::{Failure, Step},
    fence::{Fence, Outlet, PowerState, Wanted},
};

/// How long to wait before asking a BMC again that is busy, or has no session free.
const BACK_OFF: Duration = Duration::from_millis(500);

/// One BMC, or several under `port_as_ip`.
pub(crate) struct Device {
    settings: Settings,
    /// The open sessions by host.
    sessions: BTreeMap<String, Session>,
}

impl Device {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, sessions: BTreeMap::new() }
    }

    /// The BMC of a plug: the plug is its address, or the device has one.
    fn target(&self, plug: &str) -> Target {
        let mut target = self.settings.target.clone();
        if !plug.is_empty() {
            plug.clone_into(&mut target.host);
        }
        target
    }

    /// Asks until there is an answer. A session that is lost or was not to be had is opened anew while time remains.
    fn ask(&mut self, context: &mut Context<'_>, plug: &str, request: &Request) -> Result<Response, Failure> {
        let target = self.target(plug);
        let until = context.until(context.timing.login().saturating_add(context.timing.shell()));
        // Only a session that was lost on the way earns another login beyond the login timeout.
        let mut login_until = until.min(context.until(context.timing.login()));
        loop {
            let failure = match self.ask_once(context, &target, request, login_until, until) {
                Ok(response) if !is_busy(response.completion) => return Ok(response),
                Ok(response) => {
                    if context.now() >= until {
                        return Ok(response);
                    }
                    Failure::passing(Step::Command, format!("{}: {}", request.name(), response.completion))
                }
                Err(failure) => {
                    if let Some(session) = self.sessions.remove(&target.host) {
                        session.close(context);
                        login_until = until;
                    }
                    failure
                }
            };
            let wake = context.now().saturating_add(BACK_OFF);
            let end = if self.sessions.contains_key(&target.host) { until } else { login_until };
            if !failure.is_passing() || wake >= end || context.cancelled() {
                return Err(failure);
            }
            context.info(&format!("{failure}; trying again"));
            context.sleep_until(wake);
        }
    }

    fn ask_once(
        &mut self,
        context: &mut Context<'_>,
        target: &Target,
        request: &Request,
        login_until: Duration,
        until: Duration,
    ) -> Result<Response, Failure> {
        let mut session = match self.sessions.remove(&target.host) {
            Some(session) => session,
            None => Session::open(context, target, &self.settings.login, login_until)?,
        };
        context.debug(&format!("{target}: {}", request.name()));
        let until = until.min(context.until(context.timing.shell()));
        let answer = session.ask(context, request, until);
        self.sessions.insert(target.host.clone(), session);
        answer
    }

    /// Chassis Control (IPMI 2.0 §28.3).
    fn control(&mut self, context: &mut Context<'_>, plug: &str, control: Control) -> Result<(), Failure> {
        let request = Request::new(NetFn::CHASSIS, CHASSIS_CONTROL, [control as u8]);
        let response = self.ask(context, plug, &request)?;
        let completion = response.completion;
        if completion.is_ok() {
            return Ok(());
        }
        let what = control.name();
        let seen = match completion {
            Completion::NOT_IN_PRESENT_STATE => {
                format!("the bmc refuses {what} in the present state of the server: {completion}")
            }
            Completion::INSUFFICIENT_PRIVILEGE => {
                format!(
                    "the user may not do {what} at privilege level {}: {completion}",
                    self.settings.login.privilege
                )
            }
            _ => format!("the bmc refuses {what}: {completion}"),
        };
        Err(if is_busy(completion) {
            Failure::passing(Step::Command, seen)
        } else {
            Failure::lasting(Step::Command, seen)
        })
    }
}

impl Fence for Device {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        let request = Request::new(NetFn::CHASSIS, GET_CHASSIS_STATUS, []);
        let response = self.ask(context, plug, &request)?;
        let (state, note) = read_status(&response);
        if let Some(note) = note {
            context.warn(&note);
        }
        Ok(state)
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        let control = match wanted {
            Wanted::On => Control::PowerUp,
            Wanted::Off => Control::PowerDown,
        };
        self.control(context, plug, control)
    }

    fn cycle(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure> {
        self.control(context, plug, Control::PowerCycle)
    }

    fn diag(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure> {
        self.control(context, plug, Control::Diagnostic)
    }

    fn list(&mut self, _: &mut Context<'_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        Ok(None)
    }

    fn close(&mut self, context: &mut Context<'_>) {
        context.deadline = None;
        for (_, session) in std::mem::take(&mut self.sessions) {
            session.close(context);
        }
    }
}

/// Chassis commands (IPMI 2.0 appendix G).
const GET_CHASSIS_STATUS: u8 = 0x01;
const CHASSIS_CONTROL: u8 = 0x02;

/// What Chassis Control can be asked for (IPMI 2.0 §28.3).
#[derive(Clone, Copy)]
enum Control {
    PowerDown = 0,
    PowerUp = 1,
    PowerCycle = 2,
    Diagnostic = 4,
}

impl Control {
    fn name(self) -> &'static str {
        match self {
            Self::PowerDown => "power down",
            Self::PowerUp => "power up",
            Self::PowerCycle => "a power cycle",
            Self::Diagnostic => "a diagnostic interrupt",
        }
    }
}

/// Bits of the current power state (IPMI 2.0 §28.2, byte 2 of the answer).
const POWER_ON: u8 = 0x01;
const POWER_OVERLOAD: u8 = 0x02;
const POWER_INTERLOCK: u8 = 0x04;
const POWER_FAULT: u8 = 0x08;
const POWER_CONTROL_FAULT: u8 = 0x10;

/// The answer to Get Chassis Status has at least so many bytes after the completion code.
const STATUS_LENGTH_MIN: usize = 3;

/// What an answer to Get Chassis Status says of the power, and what is worth a note beside.
fn read_status(response: &Response) -> (PowerState, Option<String>) {
    let unknown = |why: String| (PowerState::Unknown(why), None);
    if !response.completion.is_ok() {
        return unknown(format!("the bmc does not tell the power state: {}", response.completion));
    }
    let (Some(&power), true) = (response.data.first(), response.data.len() >= STATUS_LENGTH_MIN) else {
        return unknown(format!(
            "the bmc's answer has {} bytes, and {STATUS_LENGTH_MIN} are needed",
            response.data.len()
        ));
    };
    let names = [
        (POWER_OVERLOAD, "power overload"),
        (POWER_INTERLOCK, "interlock active"),
        (POWER_FAULT, "power fault"),
        (POWER_CONTROL_FAULT, "power control fault"),
    ];
    let faults: Vec<&str> =
        names.into_iter().filter(|(bit, _)| power & bit != 0).map(|(_, name)| name).collect();
    let note = (!faults.is_empty()).then(|| format!("the bmc reports {}", faults.join(", ")));
    if power & POWER_ON != 0 {
        return (PowerState::On, note);
    }
    // A BMC that reports a fault of the power, or of its own control over it, does not vouch for "off".
    if power & (POWER_FAULT | POWER_CONTROL_FAULT) != 0 {
        return unknown(format!(
            "the bmc says off, but with {}, so its word is not enough",
            faults.join(" and ")
        ));
    }
    (PowerState::Off, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(completion: u8, data: &[u8]) -> (PowerState, Option<String>) {
        let request = Request::new(NetFn::CHASSIS, GET_CHASSIS_STATUS, []);
        read_status(&request.answer(Completion(completion), data))
    }

    #[test]
    fn only_the_documented_value_is_off() {
        assert_eq!(read(0, &[0x21, 0x10, 0x40]), (PowerState::On, None));
        assert_eq!(read(0, &[0x60, 0, 0, 0]), (PowerState::Off, None));
        for data in [&[][..], &[0x00], &[0x00, 0x00]] {
            assert!(matches!(read(0, data).0, PowerState::Unknown(_)), "{data:?}");
        }
        for completion in 1..=255 {
            assert!(matches!(read(completion, &[0x00, 0, 0]).0, PowerState::Unknown(_)), "{completion:#x}");
        }
    }

    #[test]
    fn a_fault_is_noted_and_takes_the_word_off_its_weight() {
        assert_eq!(read(0, &[0x09, 0, 0]), (PowerState::On, Some("the bmc reports power fault".to_owned())));
        assert!(matches!(read(0, &[0x08, 0, 0]).0, PowerState::Unknown(_)));
        assert!(matches!(read(0, &[0x10, 0, 0]).0, PowerState::Unknown(_)));
        assert_eq!(
            read(0, &[0x06, 0, 0]),
            (PowerState::Off, Some("the bmc reports power overload, interlock active".to_owned()))
        );
    }
}
