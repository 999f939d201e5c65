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
    /// The agent that is the same program, and is tried in full on this device.
    pub(crate) alias_of: Option<String>,
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
            let here = pairs.get(first..).unwrap_or_default();
            let said = Link::of(spec).always_said();
            let twin =
                here.iter().find(|pair| pair.alias_of.is_none() && is_same(&pair.subject, subject, said));
            let alias_of =
                twin.filter(|_| !is_named(plan, &subject.agent)).map(|pair| pair.subject.agent.to_string());
            pairs.push(Pair { spec: Arc::clone(spec), subject: Arc::clone(subject), alias_of });
        }
    }
    troubles.dedup();
    pairs
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
