//! The rules of `device.toml` at work.

use std::time::Duration;

use fencelab_wire::ipmi::{Completion, Request, Response};

use crate::fault::Op;
use crate::plant::{Command, Plant, Power};
use crate::spec::{AnswerFields, CommandId, Event, IpmiFace, Matched, Rule};

/// How often each rule has held, and when what they wait for last happened.
#[derive(Debug)]
pub(super) struct Rules {
    counts: Vec<Count>,
    on_command: Option<Duration>,
    off_command: Option<Duration>,
    cycle_command: Option<Duration>,
    reset_command: Option<Duration>,
    bmc_reset: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    met: u32,
    /// The event that the count began with.
    since: Option<Duration>,
}

impl Rules {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            counts: vec![Count::default(); rules],
            on_command: None,
            off_command: None,
            cycle_command: None,
            reset_command: None,
            bmc_reset: None,
        }
    }

    /// The first rule that holds. It counts those that it asks.
    pub(super) fn find<'a>(
        &mut self,
        now: Duration,
        face: &'a IpmiFace,
        what: Matched,
        request: Option<&Request>,
        plant: &Plant,
    ) -> Option<&'a Rule> {
        for (index, rule) in face.rules.iter().enumerate() {
            if rule.on.what == what && self.holds(index, now, rule, request, plant) {
                return Some(rule);
            }
        }
        None
    }

    fn holds(
        &mut self,
        index: usize,
        now: Duration,
        rule: &Rule,
        request: Option<&Request>,
        plant: &Plant,
    ) -> bool {
        let on = &rule.on;
        if let Some(request) = request {
            let value = request.data.first().map(|byte| byte & 0x0f);
            if !on.values.is_empty() && !value.is_some_and(|value| on.values.contains(&value)) {
                return false;
            }
            if !request.data.starts_with(&on.data) {
                return false;
            }
        }
        let plug = plant.plugs().first();
        if on.while_power.is_some_and(|power| plug.is_none_or(|plug| plug.power() != power)) {
            return false;
        }
        let since = match on.after {
            None => None,
            Some(event) => {
                let Some(at) = self.last(event, plant) else { return false };
                if on.window.is_some_and(|window| now >= at.saturating_add(window)) {
                    return false;
                }
                Some(at)
            }
        };
        let Some(count) = self.counts.get_mut(index) else { return false };
        if count.since != since {
            *count = Count { met: 0, since };
        }
        count.met = count.met.saturating_add(1);
        on.first.is_none_or(|first| count.met <= first)
            && on.nth.is_none_or(|nth| count.met == nth)
            && on.every.is_none_or(|every| count.met.is_multiple_of(every))
    }

    /// When an event last happened.
    fn last(&self, event: Event, plant: &Plant) -> Option<Duration> {
        let plug = plant.plugs().first();
        match event {
            Event::PowerOn => plug?.last(Power::On),
            Event::PowerOff => plug?.last(Power::Off),
            Event::OnCommand => self.on_command,
            Event::OffCommand => self.off_command,
            Event::CycleCommand => self.cycle_command,
            Event::ResetCommand => self.reset_command,
            Event::BmcReset => self.bmc_reset,
            Event::Start => Some(Duration::ZERO),
        }
    }

    /// A power command was answered with success.
    pub(super) fn acknowledged(&mut self, now: Duration, op: Op, ok: bool) {
        let Op::Command(command) = op else { return };
        let event = match command {
            Command::On => &mut self.on_command,
            Command::Off | Command::SoftOff => &mut self.off_command,
            Command::Cycle => &mut self.cycle_command,
            Command::Reset => &mut self.reset_command,
            Command::Nmi => return,
        };
        if ok {
            *event = Some(now);
        }
    }

    /// The BMC restarted and is back at `at`.
    pub(super) fn bmc_reset(&mut self, at: Duration) {
        self.bmc_reset = Some(at);
    }
}

/// Changes an answer as a rule says.
pub(super) fn apply(fields: &AnswerFields, face: &IpmiFace, id: CommandId, response: &mut Response) {
    if let Some(state) = fields.state.and_then(|index| face.states.get(index)) {
        show(state, id, response);
    }
    if let Some(code) = fields.completion {
        response.completion = Completion(code);
        if code != 0 {
            response.data.clear();
        }
    }
    if let Some(data) = &fields.data {
        response.data.clone_from(data);
        if fields.completion.is_none() {
            response.completion = Completion::OK;
        }
    }
}

/// Makes an answer look like a documented state, if the state says what that is for this command.
pub(super) fn show(state: &crate::spec::State, id: CommandId, response: &mut Response) -> bool {
    let Some(appearance) = state.seen.iter().find(|appearance| appearance.command == id) else {
        return false;
    };
    let mut completion = response.completion.0;
    appearance.apply(&mut completion, &mut response.data);
    response.completion = Completion(completion);
    true
}
