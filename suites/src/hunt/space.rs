//! What can be unusual about an agent on a device: where a case begins, which changes there are, which troubles.
//!
//! All of it comes from data: the agent's metadata, the device's description, the catalogue of faults.

use fencelab_devices::fault::{CATALOGUE, Entry, Fault};
use fencelab_devices::{Description, DeviceSpec, Power};

use super::change::Change;
use super::trouble;
use crate::agent::Subject;
use crate::case::{Action, Case, Login, Mode, SWITCH};
use crate::draw::{base_options, middle, variants};
use crate::link::{Link, Options};
use crate::metadata::Advert;
use crate::options::Call;
use crate::plan::Plan;
use crate::promise::Timing;
use crate::stand_in::Others;
use crate::verdict::Property;

/// Where cases can begin, the most telling first: what is asked, and how the plug is then.
const STARTS: [(Action, Power); 15] = [
    (Action::Off, Power::On),
    (Action::Status, Power::On),
    (Action::Reboot, Power::On),
    (Action::ListStatus, Power::On),
    (Action::Status, Power::Off),
    (Action::On, Power::Off),
    (Action::Off, Power::Off),
    (Action::Disable, Power::On),
    (Action::Monitor, Power::On),
    (Action::On, Power::On),
    (Action::List, Power::On),
    (Action::Reboot, Power::Off),
    (Action::Enable, Power::Off),
    (Action::Disable, Power::Off),
    (Action::Enable, Power::On),
];

/// Everything that can be unusual about one agent on one device.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    label: String,
    device: String,
    seed: u64,
    plug: String,
    also: Vec<String>,
    base: Options,
    given: Options,
    usual: (Mode, Login, bool),
    shape: String,
    impostor: Option<String>,
    by_name: bool,
    has_switch: bool,
    advert: Advert,
    /// Where cases begin, the most telling first.
    pub(crate) starts: Vec<(Action, Power)>,
    /// What can be unusual about a device that has no trouble, one dimension a list.
    pub(crate) dimensions: Vec<Vec<Change>>,
    /// Kinds of trouble for this protocol.
    pub(crate) kinds: Vec<&'static Entry>,
    /// Single troubles, each with how soon it is worth trying (0 first).
    pub(crate) troubles: Vec<(u8, Fault)>,
    /// The states that the device documents.
    pub(crate) states: Vec<String>,
    /// The protocol of the device.
    pub(crate) protocol: String,
}

impl Space {
    /// The space of an agent on a device.
    ///
    /// # Errors
    /// Why there is none, for the report.
    pub(crate) fn of(
        spec: &DeviceSpec,
        subject: &Subject,
        plan: &Plan,
        others: &mut Others,
    ) -> Result<Self, &'static str> {
        let wanted = |action: Action| {
            subject.advert.actions.contains(&action)
                && plan.action.is_none_or(|only| only == action)
                && plan.property.is_none_or(|only| is_about(only, action, spec))
        };
        let powers = |power: Power| plan.power.is_none_or(|only| only == power);
        let mut starts: Vec<(Action, Power)> =
            STARTS.into_iter().filter(|(action, power)| wanted(*action) && powers(*power)).collect();
        if starts.is_empty() {
            // Somebody asked for a state with which this action does not usually begin.
            let power = plan.power.unwrap_or(Power::On);
            starts.extend(
                Action::ALL
                    .into_iter()
                    .filter(|action| !action.is_offline() && wanted(*action))
                    .map(|action| (action, power)),
            );
        }
        if starts.is_empty() {
            return Err("the agent advertises no action that it is about");
        }
        let is_about_cuts = plan.property == Some(Property::Segmentation);
        if is_about_cuts && !crate::stage::is_stream(spec) {
            return Err("datagrams are not cut on their way; this is for byte streams");
        }
        let plugs: Vec<String> = spec.plant.plugs.iter().map(|(name, _)| name.clone()).collect();
        let (plug, also) = match plan.plugs.split_first() {
            Some((plug, also)) => (plug.clone(), also.to_vec()),
            None => (middle(&plugs).cloned().unwrap_or_default(), Vec::new()),
        };
        let base = base_options(spec, subject, &plan.options);
        let protocol = spec.faces.first().map_or("", |face| face.protocol()).to_owned();
        let states: Vec<String> = spec.states().map(|state| state.name.clone()).collect();
        let kinds = CATALOGUE.iter().filter(|entry| entry.is_for(&protocol));
        let kinds: Vec<&'static Entry> =
            kinds.filter(|entry| !is_about_cuts || entry.name == "split").collect();
        let mut space = Space {
            label: subject.agent.to_string(),
            device: spec.id.clone(),
            seed: plan.seed,
            advert: subject.advert.clone(),
            has_switch: subject.advert.parameters.contains_key(SWITCH),
            plug,
            also,
            given: plan.options.clone(),
            usual: plan.call,
            shape: plan.shape.clone(),
            impostor: plan.impostor.clone(),
            by_name: plan.by_name,
            starts,
            dimensions: Vec::new(),
            kinds,
            troubles: Vec::new(),
            states,
            protocol,
            base,
        };
        if plan.faults.is_none() {
            let is_fixed = !plan.plugs.is_empty();
            space.dimensions = space.dimensions_of(spec, subject, is_fixed, &plugs, others);
            if plan.property != Some(Property::Parity) {
                let timing = Timing::of(
                    &space.base_case(),
                    &subject.advert.defaults(),
                    crate::promise::Effort::default(),
                );
                space.troubles = trouble::single(&space.kinds, &space.protocol, &space.states, &timing);
            }
        }
        Ok(space)
    }

    /// The case with nothing unusual, at the most telling start.
    pub(crate) fn base_case(&self) -> Case {
        let (action, power) = self.starts.first().copied().unwrap_or((Action::Off, Power::On));
        self.case(action, power, &[])
    }

    /// The case that begins so, with these changes made one after another.
    pub(crate) fn case(&self, action: Action, power: Power, changes: &[&Change]) -> Case {
        let mut case = Case::healthy(&self.device, &self.label, action, &self.plug, power);
        case.also = self.also.clone();
        case.options = self.base.clone();
        case.seed = self.seed;
        (case.mode, case.login, case.as_service) = self.usual;
        case.shape.clone_from(&self.shape);
        case.impostor.clone_from(&self.impostor);
        case.by_name = self.by_name;
        for change in changes {
            change.make(&mut case);
        }
        self.settle(&mut case);
        case
    }

    /// Puts right what changes that know nothing of each other have made of a case.
    pub(crate) fn settle(&self, case: &mut Case) {
        case.also.retain(|other| *other != case.plug);
        if self.has_switch {
            case.name_the_switch();
        }
        if case.mode == Mode::Argv && !Call::can_be_argued(case, &self.advert) {
            case.mode = Mode::Stdin;
        }
    }

    /// Options of a case that a replay must give: those that the lab would not give by itself, and those that it must leave out.
    pub(crate) fn unusual(&self, case: &Case) -> Vec<(String, String)> {
        let is_usual = |(key, value): &(&String, &String)| {
            // The switch follows from the plug.
            (self.base.get(*key) == Some(*value) && !self.given.contains_key(*key)) || *key == SWITCH
        };
        case.options.iter().filter(|pair| !is_usual(pair)).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// How soon a start is worth trying, 0 first.
    pub(crate) fn rank(&self, start: (Action, Power)) -> u8 {
        match self.starts.iter().position(|other| *other == start) {
            Some(0 | 1) => 0,
            Some(2..=4) => 1,
            _ => 2,
        }
    }

    fn dimensions_of(
        &self,
        spec: &DeviceSpec,
        subject: &Subject,
        plugs_are_fixed: bool,
        plugs: &[String],
        others: &mut Others,
    ) -> Vec<Vec<Change>> {
        let link = Link::of(spec);
        let mut options: Vec<Change> =
            variants(spec, subject, &self.base, &self.given).into_iter().map(Change::Options).collect();
        options.extend(self.talkative(subject).map(Change::Options));
        let logins = link.wrong_logins(&subject.advert).into_iter().map(|(login, way)| {
            let mut options = self.base.clone();
            options.extend(way);
            Change::Login(login, options)
        });
        let calls = [(Mode::Argv, false), (Mode::Stdin, true), (Mode::Argv, true)];
        let calls = calls.into_iter().map(|(mode, service)| Change::Call(mode, service));
        let asked = if plugs_are_fixed { Vec::new() } else { self.asked(subject, plugs) };
        let shapes = if self.shape.is_empty() && self.impostor.is_none() {
            // A device that is no folder, such as a lone transcript, has none.
            let shapes = Description::read(&spec.folder).map(|text| text.shapes(spec)).unwrap_or_default();
            shapes.into_iter().map(|shape| Change::Shape(shape.to_string())).collect()
        } else {
            Vec::new()
        };
        let others = if self.impostor.is_none() { others.like(spec) } else { Vec::new() };
        let names = if spec.called().is_empty() { Vec::new() } else { vec![Change::ByName] };
        vec![
            options,
            asked,
            names,
            calls.collect(),
            shapes,
            logins.collect(),
            others.into_iter().map(Change::Impostor).collect(),
        ]
    }

    /// The usual options, with all that an agent can be made to say.
    fn talkative(&self, subject: &Subject) -> Option<Options> {
        let mut options = self.base.clone();
        let words = [("verbose", "1"), ("verbose_level", "3"), ("debug_file", DEBUG_FILE), ("debug", "1")];
        let has = |key: &str| subject.advert.parameters.contains_key(key) && !self.given.contains_key(key);
        options.extend(
            words
                .into_iter()
                .filter(|(key, _)| has(key))
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        (options != self.base).then_some(options)
    }

    /// Plugs to ask for: the ends of the table, one of two digits, several in one call, one that is not there.
    fn asked(&self, subject: &Subject, plugs: &[String]) -> Vec<Change> {
        let (Some(first), Some(last)) = (plugs.first(), plugs.last()) else { return Vec::new() };
        if plugs.len() < 2 {
            return Vec::new();
        }
        let mut asked: Vec<Vec<String>> = vec![vec![last.clone()], vec![first.clone()]];
        if subject.advert.parameters.contains_key("plug_separator") {
            let middle = self.plug.clone();
            let other = plugs.get(plugs.len() / 2).cloned().unwrap_or_default();
            asked.push(vec![middle.clone(), first.clone()]);
            asked.push(vec![last.clone(), middle.clone()]);
            asked.push(vec![first.clone(), other, last.clone()]);
        }
        // The tenth and its like, in which another plug's name begins or ends.
        let nested = plugs.iter().find(|name| {
            plugs.iter().any(|other| {
                other != *name && (name.starts_with(other.as_str()) || name.ends_with(other.as_str()))
            })
        });
        asked.extend(nested.map(|name| vec![name.clone()]));
        if self.has_switch {
            // A switch is named beside; which other plugs it might have is anybody's guess.
            return asked.into_iter().map(Change::Asked).collect();
        }
        let is_number = |name: &String| name.parse::<u32>().ok();
        if let (Some(low), Some(high)) = (is_number(first), is_number(last)) {
            asked.push(vec![high.saturating_add(1).to_string()]);
            asked.push(vec![low.saturating_sub(1).to_string()]);
        } else {
            asked.push(vec![format!("{last}9")]);
        }
        asked.retain(|names| *names != [self.plug.clone()]);
        asked.into_iter().map(Change::Asked).collect()
    }
}

/// The file that an agent writes its log to, in the folder of its run.
pub(crate) const DEBUG_FILE: &str = "debug.log";

/// Whether a property can be at stake with an action.
fn is_about(property: Property, action: Action, spec: &DeviceSpec) -> bool {
    use Action::{Disable, Enable, List, ListStatus, Monitor, Off, On, Reboot, Status};
    match property {
        Property::NoFalseOff => matches!(action, Off | Reboot | Disable),
        // Where there is but one plug, a list tells nothing.
        Property::NoFalseStatus => action == Status || (action == ListStatus && spec.plant.plugs.len() > 1),
        Property::RightPlug | Property::Bounded | Property::Heals | Property::NoLeak => {
            matches!(action, Off | On | Reboot | Status | Monitor | Enable | Disable | List | ListStatus)
        }
        Property::Idempotent => matches!(action, Off | On | Enable | Disable),
        Property::Parity => matches!(action, Off | On | Reboot | Status | Monitor),
        Property::Segmentation | Property::EveryAction => true,
    }
}
