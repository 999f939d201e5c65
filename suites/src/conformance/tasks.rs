//! What the conformance suite tries of one agent on one device.

use fencelab_devices::{DeviceSpec, Power};

use crate::agent::Subject;
use crate::case::{Action, Case, SWITCH};
use crate::draw::middle;
use crate::link::{Link, Options};
use crate::pair::Extent;
use crate::plan::Plan;
use crate::stage::{self, Needs, Stage};

/// One thing to try.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(super) case: Case,
    pub(super) needs: Needs,
}

/// Everything to try of one agent on one device:
/// - each advertised action, from on (also by argv) and from off, for one plug that has neighbours on both sides;
/// - the same in each other way of reaching the device; of an external agent, whose time is real, `status` and `off` only, but
///   all of them where the way is another carrier (telnet, SSH);
/// - off, on and status of every other plug; of an external agent, of the first and the last one;
/// - two plugs in one call, where the agent has a separator for them, from states that differ;
/// - of an agent that cuts nodes off from what they share: off, which it must do when told no action;
/// - wrong names, wrong passwords, low privileges; and a look at the arguments of the tools that the agent runs.
///
/// Where the same program is tried in full under another name, each action once is enough. Where it was tried in full on another
/// device of many plugs, what depends on the program alone is left out: the offline actions, argv, wrong logins, and what does
/// not move the plug from the other state.
pub(crate) fn tasks(plan: &Plan, stage: &dyn Stage, extent: &Extent) -> Vec<Task> {
    let asker = Asker::new(plan, stage);
    let mut tasks = match extent {
        Extent::Full => asker.in_full(),
        Extent::Again(_) => asker.again(),
        Extent::Alias(_) => asker.each_action_once(),
    };
    if asker.subject.advert.parameters.contains_key(SWITCH) {
        tasks.iter_mut().for_each(|task| task.case.name_the_switch());
    }
    tasks.retain(|task| plan.action.is_none_or(|only| only == task.case.action));
    tasks.retain(|task| plan.power.is_none_or(|only| only == task.case.power));
    tasks
}

/// Makes the cases of one agent on one device.
struct Asker<'a> {
    plan: &'a Plan,
    spec: &'a DeviceSpec,
    subject: &'a Subject,
    plugs: Vec<&'a String>,
    /// The plug that is asked for where nothing else is said.
    usual: String,
    link: Link,
    /// The ways to reach the device, the usual one first.
    ways: Vec<Options>,
}

impl<'a> Asker<'a> {
    fn new(plan: &'a Plan, stage: &'a dyn Stage) -> Self {
        let (spec, subject) = (stage.spec(), stage.subject());
        let plugs: Vec<&String> = spec.plant.plugs.iter().map(|(name, _)| name).collect();
        let usual = plan.plugs.first().or(middle(&plugs).copied()).cloned().unwrap_or_default();
        let link = Link::of(spec);
        let ways = link.ways(&subject.advert);
        Asker { plan, spec, subject, plugs, usual, link, ways }
    }

    fn has(&self, action: Action) -> bool {
        self.subject.advert.actions.contains(&action)
    }

    /// The advertised actions that need a device.
    fn online(&self) -> impl Iterator<Item = Action> {
        self.subject.advert.actions.iter().copied().filter(|action| !action.is_offline())
    }

    fn task_by(&self, way: &Options, action: Action, power: Power, needs: Needs) -> Task {
        let label = self.subject.agent.to_string();
        let mut case = Case::healthy(&self.spec.id, &label, action, &self.usual, power);
        case.options = way.clone();
        case.options.extend(self.plan.options.clone());
        case.also = self.plan.plugs.iter().skip(1).cloned().collect();
        case.seed = self.plan.seed;
        Task { case, needs }
    }

    fn task(&self, action: Action, power: Power, needs: Needs) -> Task {
        let none = Options::new();
        self.task_by(self.ways.first().unwrap_or(&none), action, power, needs)
    }

    fn each_action_once(&self) -> Vec<Task> {
        let actions = self.subject.advert.actions.iter();
        let mut tasks: Vec<Task> = actions.map(|action| self.task(*action, Power::On, Needs::One)).collect();
        if stage::is_stream(self.spec) {
            tasks.extend(self.by_other_ways(|_| true));
        }
        tasks
    }

    /// The actions that are wanted, in each other way of reaching the device.
    fn by_other_ways(&self, is_wanted: impl Fn(Action) -> bool + Copy) -> impl Iterator<Item = Task> {
        self.ways.iter().skip(1).flat_map(move |way| {
            let actions = self.online().filter(move |action| is_wanted(*action));
            actions.map(|action| self.task_by(way, action, Power::On, Needs::One))
        })
    }

    fn in_full(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for action in self.subject.advert.actions.iter().copied() {
            if action.is_offline() {
                tasks.push(self.task(action, Power::On, Needs::One));
                continue;
            }
            tasks.push(self.task(action, Power::On, Needs::Other));
            tasks.push(self.task(action, Power::Off, Needs::One));
        }
        let builtin = self.subject.agent.is_builtin();
        let each = builtin || stage::is_stream(self.spec);
        tasks.extend(self.by_other_ways(|action| each || matches!(action, Action::Status | Action::Off)));
        tasks.extend(self.other_plugs(|at| builtin || at == 0 || at + 1 == self.plugs.len()));
        tasks.extend(self.together(&[Power::On, Power::Off]));
        if self.subject.advert.is_fabric() {
            // Whatever the metadata promises as the default: anything but off would let a node in that must stay out.
            let mut task = self.task(Action::Off, Power::On, Needs::One);
            task.case.unsaid = true;
            tasks.push(task);
        }
        if self.has(Action::Off) {
            for (login, way) in self.link.wrong_logins(&self.subject.advert) {
                let mut task = self.task_by(&way, Action::Off, Power::On, Needs::One);
                task.case.login = login;
                tasks.push(task);
            }
            tasks.push(self.task(Action::Off, Power::On, Needs::Witness));
        }
        tasks
    }

    fn again(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> =
            self.online().map(|action| self.task(action, Power::On, Needs::One)).collect();
        let from_off = [Action::On, Action::Status].into_iter().filter(|action| self.has(*action));
        tasks.extend(from_off.map(|action| self.task(action, Power::Off, Needs::One)));
        let each = stage::is_stream(self.spec);
        tasks.extend(self.by_other_ways(|action| each || action == Action::Status));
        tasks.extend(self.other_plugs(|at| at + 1 == self.plugs.len()));
        tasks.extend(self.together(&[Power::On]));
        tasks.extend(self.has(Action::Off).then(|| self.task(Action::Off, Power::On, Needs::Witness)));
        tasks
    }

    /// Other plugs than the usual one, by their place.
    fn other_plugs(&self, is_asked: impl Fn(usize) -> bool) -> Vec<Task> {
        let mut tasks = Vec::new();
        let others =
            self.plugs.iter().enumerate().filter(|(at, plug)| is_asked(*at) && ***plug != self.usual);
        for (_, plug) in others.filter(|_| self.plan.plugs.is_empty()) {
            let asked = [(Action::Off, Power::On), (Action::On, Power::Off), (Action::Status, Power::Off)];
            for (action, power) in asked.into_iter().filter(|(action, _)| self.has(*action)) {
                let mut task = self.task(action, power, Needs::One);
                task.case.plug.clone_from(plug);
                tasks.push(task);
            }
        }
        tasks
    }

    /// Two plugs in one call, so that an agent that looks at only one of them is seen: the other one is always such that it
    /// must be switched, or tells what the first does not.
    fn together(&self, powers: &[Power]) -> Vec<Task> {
        let mut tasks = Vec::new();
        if !self.plan.plugs.is_empty() || !self.subject.advert.parameters.contains_key("plug_separator") {
            return tasks;
        }
        let actions = [Action::Off, Action::On, Action::Reboot, Action::Status];
        for action in actions.into_iter().filter(|action| self.has(*action)) {
            let other = if action == Action::On { Power::Off } else { Power::On };
            for power in powers {
                let mut task = self.task(action, *power, Needs::One);
                let fits = |(plug, power): &(&String, Power)| **plug != self.usual && *power == other;
                let Some((plug, _)) = stage::states(self.spec, &task.case).find(fits) else { continue };
                task.case.also = vec![plug.clone()];
                tasks.push(task);
            }
        }
        tasks
    }
}
