//! Where a case is played: the shared shape of virtual time in this process and of real processes on real sockets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::fault::{Fault, FaultKind};
use fencelab_devices::{Credentials, Device, DeviceSpec, Power};

use crate::agent::Subject;
use crate::case::{Action, Case, Login, Mode};
use crate::link::Link;
use crate::options::{Account, Call};
use crate::promise::Timing;
use crate::properties;
use crate::run::{Request, Run};
use crate::truth::Truth;
use crate::verdict::{Judgement, Property};

/// An agent on a device, ready to play cases.
pub(crate) trait Stage {
    /// Plays a case once, or as often as `needs` says.
    ///
    /// `None` when the time was over before the agent ended: such a case says nothing.
    fn play(&self, case: &Case, needs: Needs, record: bool) -> Option<Played>;

    /// The same without any short cut, for confirmations; recorded.
    fn play_for_certain(&self, case: &Case, needs: Needs) -> Option<Played> {
        self.play(case, needs, true)
    }

    /// Who is on it.
    fn subject(&self) -> &Arc<Subject>;

    /// On what.
    fn spec(&self) -> &Arc<DeviceSpec>;
}

/// How many runs a property wants of a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Needs {
    /// One.
    One,
    /// Another after the faults were cleared.
    Retry,
    /// Others right behind it, until one does not do what it should: what each leaves behind adds up.
    Often,
    /// The same by argv, on a fresh device.
    Other,
    /// One, with the tools that the agent runs replaced by witnesses that note their arguments.
    Witness,
}

impl Needs {
    /// What a property wants of a case.
    pub(crate) fn of(property: Property, case: &Case) -> Self {
        match property {
            // Where nothing is wrong there is nothing to heal of but what the agent itself has left.
            Property::Heals if case.faults.is_empty() => Needs::Often,
            Property::Heals => Needs::Retry,
            Property::Parity => Needs::Other,
            Property::NoLeak => Needs::Witness,
            _ => Needs::One,
        }
    }
}

/// What playing a case left.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// The run.
    pub(crate) run: Run,
    /// The run after the faults were cleared, or the last of many.
    pub(crate) retry: Option<Run>,
    /// The run by argv; the first one was by stdin.
    pub(crate) other: Option<Run>,
    /// The device that stood there.
    pub(crate) spec: Arc<DeviceSpec>,
}

impl Played {
    /// Everything that can be said of a played case.
    pub(crate) fn judge(&self, case: &Case, subject: &Subject) -> Vec<(Property, Judgement)> {
        let spec = &self.spec;
        let timing = Timing::of(case, &subject.advert.defaults(), Link::of(spec).effort(spec, case.by_name));
        let mut judgements = properties::judge_run(case, &timing, &self.run).to_vec();
        let claims_a_list = is_open(case) && self.run.exit.is_success();
        if is_fair(case, spec) || claims_a_list {
            judgements.push((Property::EveryAction, properties::every_action::check(case, &self.run)));
        }
        if is_stream(spec) && properties::segmentation::is_cut_only(case) && is_fair(case, spec) {
            judgements.push((Property::Segmentation, properties::segmentation::check(case, &self.run)));
        }
        if let Some(retry) = &self.retry {
            judgements.push((Property::Heals, properties::heals::check(case, retry)));
        }
        if let Some(other) = &self.other
            && Call::can_be_argued(case, &subject.advert)
        {
            judgements
                .push((Property::Parity, properties::parity::check(case, is_stream(spec), other, &self.run)));
        }
        judgements
    }
}

/// Whether a case asks of an agent nothing but what the contract promises: the right account, the right device without trouble (in
/// whatever shape), a plug that is there. A late answer that is not late by any limit, one that comes twice, one datagram that is
/// lost (networks may do that, and agents ask again) and a device that is busy for a moment are no trouble.
fn is_fair(case: &Case, spec: &DeviceSpec) -> bool {
    const BRIEF: Duration = Duration::from_millis(250);
    // Where each plug is asked about, what is brief adds up, each way: no more than any agent takes for a list.
    const TABLE: Duration = Duration::from_secs(10);
    let plugs = u32::try_from(spec.plant.plugs.len()).unwrap_or(u32::MAX);
    let is_mild = |fault: &Fault| match &fault.kind {
        FaultKind::Duplicate => true,
        FaultKind::Delay(time) => {
            *time <= BRIEF
                && (fault.scope.exchange.is_some() || time.saturating_mul(2).saturating_mul(plugs) <= TABLE)
        }
        // IPMI 2.0, table 5-2, C0h: node busy; 24.3 leaves it to the asker to try again.
        FaultKind::Error(name) => name == "node-busy" && fault.scope.exchange.is_some(),
        // A stream loses nothing, but may come in pieces.
        FaultKind::Drop => !is_stream(spec) && fault.scope.exchange.is_some() && case.faults.len() == 1,
        FaultKind::Split(_) => is_stream(spec),
        _ => false,
    };
    let is_there = |plug: &String| spec.plant.plugs.iter().any(|(name, _)| name == plug);
    // What a cycle does to a plug that is off, and whether a device has it at all, differs.
    let cycles = case.options.get("method").is_some_and(|method| method == "cycle");
    case.faults.iter().all(is_mild)
        && case.login == Login::Right
        && case.impostor.is_none()
        // Not every agent takes them.
        && !case.by_name
        && !cycles
        && case.plugs().all(is_there)
}

/// Whether a device is spoken to over byte streams.
pub(crate) fn is_stream(spec: &DeviceSpec) -> bool {
    spec.faces.first().is_some_and(|face| face.transport() != "udp")
}

/// A case with the names that people gave the plugs of this device, if the agent is to be told those.
pub(crate) fn named<'a>(spec: &DeviceSpec, case: &'a Case) -> Cow<'a, Case> {
    if case.by_name { Cow::Owned(Case { names: spec.called(), ..case.clone() }) } else { Cow::Borrowed(case) }
}

/// Runs a case so many times, or until it does not do what it should; the last run. `None`: the time was over.
pub(crate) fn often(times: u32, case: &Case, mut run: impl FnMut() -> Option<Run>) -> Option<Run> {
    let mut last = run()?;
    for _ in 1..times {
        if properties::every_action::works(case, &last).is_err() {
            break;
        }
        last = run()?;
    }
    Some(last)
}

/// Whether all that is wrong is that a list is refused in plain words, at some place, for a reason that is no end of the list
/// (RFC 3416 §3): who calls such a list complete has not listened.
fn is_open(case: &Case) -> bool {
    let is_plain = |fault: &Fault| matches!(&fault.kind, FaultKind::Error(name) if name == "gen-err" || name == "resource-unavailable");
    matches!(case.action, Action::List | Action::ListStatus)
        && case.login == Login::Right
        && case.impostor.is_none()
        && !case.faults.is_empty()
        && case.faults.iter().all(is_plain)
}

/// The other way of giving options.
pub(crate) fn by_argv(case: &Case) -> Case {
    Case { mode: Mode::Argv, ..case.clone() }
}

/// The states in which a case finds the plugs: the asked one as the case says, the others in a pattern that the seed decides,
/// so that a list has something to tell and a plug that is mistaken for another shows.
pub(crate) fn states<'a>(spec: &'a DeviceSpec, case: &'a Case) -> impl Iterator<Item = (&'a String, Power)> {
    let pattern = case.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spec.plant.plugs.iter().enumerate().map(move |(at, (plug, usual))| {
        let flipped = pattern >> (at % 61) & 1 == 1;
        let power = match (*plug == case.plug, flipped) {
            (true, _) => case.power,
            (false, true) => usual.opposite(),
            (false, false) => *usual,
        };
        (plug, power)
    })
}

/// The two devices of a rack. The neighbour is of the same kind, so that whoever mistakes one for the other finds it willing.
pub(crate) fn devices(
    spec: &Arc<DeviceSpec>,
    case: &Case,
    account: &Account,
    record: bool,
) -> (Device, Device) {
    let credentials =
        Credentials { user: account.user.clone(), password: account.password.clone(), kg: None };
    let mut target = Device::new(Arc::clone(spec), &credentials, case.seed);
    let mut neighbour = Device::new(Arc::clone(spec), &credentials, case.seed ^ 0x6e65_6967);
    for (plug, power) in states(spec, case) {
        target.plant_mut().set(Duration::ZERO, plug, power);
        neighbour.plant_mut().set(Duration::ZERO, plug, power);
    }
    target.set_faults(case.faults.clone());
    if record {
        target.record();
    }
    (target, neighbour)
}

/// How long the device of a case may behave unusually after its faults were cleared: what it does by itself, and what of the
/// faults is still to come.
pub(crate) fn convalescence(spec: &DeviceSpec, case: &Case) -> Duration {
    let lingering = case.faults.iter().map(|fault| fault.kind.lingers());
    lingering.fold(spec.convalescence(), Duration::saturating_add)
}

/// The state of every plug of a device now.
pub(crate) fn powers(device: &Device) -> BTreeMap<String, Power> {
    device.plant().plugs().iter().map(|plug| (plug.name().to_owned(), plug.power())).collect()
}

/// What has reached a device since an instant.
pub(crate) fn requests(device: &Device, since: Duration) -> Vec<Request> {
    let late = device.requests().iter().filter(|entry| entry.at >= since);
    late.map(|entry| Request {
        exchange: entry.exchange,
        at: entry.at,
        request: entry.request.clone(),
        answer: entry.answer.clone(),
        effect: entry.effect.clone(),
    })
    .collect()
}

/// What the plant and the wire say of a run that has just ended.
pub(crate) struct Aftermath {
    target: Truth,
    neighbour: Truth,
    pulses: usize,
    requests: Vec<Request>,
    strayed: Vec<Request>,
    dialogue: Vec<fencelab_transcript::Event>,
}

/// What was true of both devices when a run began.
pub(crate) struct Before {
    started: Duration,
    target: BTreeMap<String, Power>,
    neighbour: BTreeMap<String, Power>,
    pulses: usize,
}

impl Before {
    /// Looks at the devices before the agent starts.
    pub(crate) fn look(target: &Device, neighbour: &Device, started: Duration) -> Self {
        Before {
            started,
            target: powers(target),
            neighbour: powers(neighbour),
            pulses: target.plant().pulses().len(),
        }
    }

    /// What somebody else has looked at.
    pub(crate) fn seen(
        started: Duration,
        target: BTreeMap<String, Power>,
        neighbour: BTreeMap<String, Power>,
        pulses: usize,
    ) -> Self {
        Before { started, target, neighbour, pulses }
    }

    /// Looks again after it has ended. Both devices must have been advanced to that instant.
    pub(crate) fn after(self, target: &mut Device, neighbour: &Device) -> Aftermath {
        Aftermath {
            dialogue: target.take_events(),
            target: Truth::of(target.plant(), self.target, self.started),
            neighbour: Truth::of(neighbour.plant(), self.neighbour, self.started),
            pulses: target.plant().pulses().len().saturating_sub(self.pulses),
            requests: requests(target, self.started),
            strayed: requests(neighbour, self.started),
        }
    }
}

impl Aftermath {
    /// Puts a run together.
    pub(crate) fn into_run(
        self,
        spec: &DeviceSpec,
        agent: AgentEnd,
        span: (Duration, Duration),
        recorded: bool,
    ) -> Run {
        Run {
            exit: agent.exit,
            stdout: agent.stdout,
            stderr: agent.stderr,
            started: span.0,
            ended: span.1,
            target: self.target,
            neighbour: self.neighbour,
            pulses: self.pulses,
            requests: self.requests,
            strayed: self.strayed,
            claims: spec.claims(&self.dialogue),
            recorded,
            dialogue: self.dialogue,
            children: agent.children,
            secret: agent.secret,
        }
    }
}

/// The agent's side of a run.
pub(crate) struct AgentEnd {
    pub(crate) exit: crate::run::Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) children: Vec<Vec<String>>,
    pub(crate) secret: String,
}
