//! An agent on a device; and which agents are one program under several names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fencelab_devices::DeviceSpec;

use crate::agent::{Agent, AgentChoice, Subject, agents_for};
use crate::link::Link;
use crate::metadata::Advert;
use crate::plan::Plan;

/// An agent on a device.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) spec: Arc<DeviceSpec>,
    pub(crate) subject: Arc<Subject>,
    /// How much is tried of it.
    pub(crate) extent: Extent,
}

/// How much is tried of an agent on a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// Everything.
    Full,
    /// Not what depends on the program alone: it is tried in full on that device.
    Again(String),
    /// Little: that agent is the same program, and is tried on the same device.
    Alias(String),
}

impl Extent {
    /// The agent that is tried in its place.
    pub(crate) fn alias_of(&self) -> Option<&str> {
        match self {
            Extent::Alias(other) => Some(other),
            Extent::Full | Extent::Again(_) => None,
        }
    }
}

/// Every chosen agent on every chosen device. An agent is asked for its metadata once.
pub(crate) fn meet(plan: &Plan, troubles: &mut Vec<String>) -> Vec<Pair> {
    let mut met: BTreeMap<Agent, Option<Arc<Subject>>> = BTreeMap::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for spec in &plan.devices {
        let agents = agents_for(spec, &plan.agents).unwrap_or_else(|error| {
            troubles.push(error.to_string());
            Vec::new()
        });
        let first = pairs.len();
        for agent in agents {
            let subject = met.entry(agent.clone()).or_insert_with(|| match Subject::meet(agent) {
                Ok(subject) => Some(Arc::new(subject)),
                Err(error) => {
                    troubles.push(error.to_string());
                    None
                }
            });
            let Some(subject) = subject else { continue };
            let named = is_named(plan, &subject.agent);
            let extent = if named { Extent::Full } else { extent(spec, subject, &pairs, first) };
            pairs.push(Pair { spec: Arc::clone(spec), subject: Arc::clone(subject), extent });
        }
        pairs.extend(plan.subjects.iter().map(|subject| Pair {
            spec: Arc::clone(spec),
            subject: Arc::clone(subject),
            extent: Extent::Full,
        }));
    }
    troubles.dedup();
    pairs
}

/// How much to try of an agent on a device, where these pairs were met before, and those from `first` on with this device.
fn extent(spec: &DeviceSpec, subject: &Subject, pairs: &[Pair], first: usize) -> Extent {
    let said = Link::of(spec).always_said();
    let is_it = |pair: &&Pair| pair.extent == Extent::Full && is_same(&pair.subject, subject, said);
    let (before, here) = pairs.split_at(first.min(pairs.len()));
    let tried_here = |pair: &&Pair| pair.extent.alias_of().is_none() && is_same(&pair.subject, subject, said);
    if let Some(twin) = here.iter().find(tried_here) {
        return Extent::Alias(twin.subject.agent.to_string());
    }
    // On a device of one plug there is so little to try that nothing is left out.
    let many = |spec: &DeviceSpec| spec.plant.plugs.len() > 1;
    let protocol = |spec: &DeviceSpec| spec.faces.first().map(|face| face.protocol().to_owned());
    let like = |pair: &&Pair| many(&pair.spec) && protocol(&pair.spec) == protocol(spec);
    match before.iter().filter(like).find(is_it) {
        Some(twin) if many(spec) => Extent::Again(twin.spec.id.clone()),
        _ => Extent::Full,
    }
}

/// Whether somebody asked for this very agent: then it is tried in full, whatever it is.
fn is_named(plan: &Plan, agent: &Agent) -> bool {
    plan.agents.iter().any(|choice| match choice {
        AgentChoice::Named(name) => name == agent.name(),
        AgentChoice::Path(path) => *agent == Agent::External(path.clone()),
        AgentChoice::Builtin | AgentChoice::BuiltinNamed(_) | AgentChoice::Found => false,
    })
}

/// Whether two external agents are one program that does the same under both names, as far as the lab calls it: defaults of
/// the options that the lab always says itself do not count.
fn is_same(one: &Subject, other: &Subject, said: &[&str]) -> bool {
    let (Agent::External(a), Agent::External(b)) = (&one.agent, &other.agent) else { return false };
    let bytes = |path: &Path| std::fs::read(path).ok();
    let plain = |advert: &Advert| {
        let mut advert = advert.clone();
        advert.name.clear();
        advert.parameters.retain(|key, _| !said.contains(&key.as_str()));
        advert
    };
    plain(&one.advert) == plain(&other.advert) && bytes(a).is_some_and(|text| Some(text) == bytes(b))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::metadata::Parameter;

    fn subject(folder: &Path, name: &str, text: &str) -> Subject {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Subject {
            agent: Agent::External(path),
            advert: Advert { name: name.to_owned(), ..Advert::default() },
            run: fencelab_agents::run,
        }
    }

    #[test]
    fn one_program_under_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let one = subject(folder.path(), "fence_one", "#!/bin/sh\n");
        let mut two = subject(folder.path(), "fence_two", "#!/bin/sh\n");
        let is_same = |one: &Subject, other: &Subject| is_same(one, other, &["lanplus"]);
        assert!(is_same(&one, &two));
        assert!(!is_same(&one, &subject(folder.path(), "fence_three", "#!/bin/sh\nexit 1\n")));
        let lanplus = Parameter { default: Some("1".to_owned()), ..Parameter::default() };
        two.advert.parameters.insert("lanplus".to_owned(), lanplus.clone());
        assert!(is_same(&one, &two));
        two.advert.parameters.insert("power_wait".to_owned(), lanplus);
        assert!(!is_same(&one, &two), "another default is another behaviour");
    }
}
