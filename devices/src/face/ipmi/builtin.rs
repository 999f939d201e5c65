//! What a BMC answers where no rule says otherwise.

use std::time::Duration;

use fencelab_wire::ipmi::{Completion, Request, Response};

use super::{Bmc, app, chassis, storage};
use crate::face::Context;
use crate::plant::Command;
use crate::spec::{CommandId, IpmiFace};

/// What commands set and other commands read back.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) guid: [u8; 16],
    /// Power restore policy, if it was set (IPMI 2.0 table 28-8).
    pub(super) policy: Option<u8>,
    /// System boot options by parameter (IPMI 2.0 §28.13), without the parameter's number.
    pub(super) boot_options: Vec<(u8, Vec<u8>)>,
    /// Set Watchdog Timer's six bytes.
    pub(super) watchdog: [u8; 6],
    /// Identify is on until then.
    pub(super) identify_until: Option<Duration>,
    /// The last acknowledged reason for a restart (IPMI 2.0 table 28-11).
    pub(super) restart_cause: u8,
    /// The newest reservation of SDR repository and SEL.
    pub(super) reservation: u16,
    /// When the SEL was last cleared.
    pub(super) sel_cleared: Option<Duration>,
    /// SEL time minus the run's time, in seconds.
    pub(super) sel_clock: u32,
}

impl Memory {
    pub(super) fn new(guid: [u8; 16]) -> Self {
        Self {
            guid,
            policy: None,
            boot_options: Vec::new(),
            watchdog: [0; 6],
            identify_until: None,
            restart_cause: 0,
            reservation: 0,
            sel_cleared: None,
            // 2026-01-01T00:00:00Z: any fixed instant will do, runs have no calendar.
            sel_clock: 1_767_225_600,
        }
    }
}

/// What one command is asked with.
pub(super) struct Asked<'a> {
    pub(super) now: Duration,
    pub(super) face: &'a IpmiFace,
    pub(super) id: CommandId,
    pub(super) data: &'a [u8],
}

/// Completion code and data.
pub(super) type Answer = Result<Vec<u8>, Completion>;

impl Bmc {
    /// The answer, and what the plant is to do if it stays.
    pub(super) fn builtin(
        &mut self,
        now: Duration,
        face: &IpmiFace,
        id: CommandId,
        request: &Request,
        context: &mut Context<'_>,
    ) -> (Response, Option<Command>) {
        let asked = Asked { now, face, id, data: &request.data };
        let recorded = face.recorded.answer(request);
        let mut command = None;
        // Handlers that carry state win over the record, and build on it where they can.
        let answer = match id.netfn {
            0x00 => match chassis::answer(&asked, &mut self.memory, context, &mut command, recorded.as_ref())
            {
                Some(answer) => answer,
                None => return (recorded.unwrap_or_else(|| invalid(request)), None),
            },
            0x06 if id == CommandId::ACPI_POWER_STATE => chassis::acpi(context.plant),
            _ => match recorded {
                Some(recorded) => return (recorded, None),
                None => {
                    let answer = match id.netfn {
                        0x06 => app::answer(&asked, &mut self.memory),
                        0x04 | 0x0a => storage::answer(&asked, &mut self.memory, context.plant),
                        0x0c => app::transport(&asked),
                        _ => None,
                    };
                    answer.unwrap_or(Err(Completion::INVALID_COMMAND))
                }
            },
        };
        let response = match answer {
            Ok(data) => request.answer(Completion::OK, data),
            Err(completion) => request.answer(completion, Vec::new()),
        };
        (response, command)
    }
}

fn invalid(request: &Request) -> Response {
    request.answer(Completion::INVALID_COMMAND, Vec::new())
}
