//! Agents under test: ours in this process, or any program that speaks the fence agent API.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fencelab_agents::{Invocation, Outcome};
use fencelab_devices::DeviceSpec;
use fencelab_link::World;
use fencelab_link::memory::MemoryWorld;
use fencelab_transcript::Speaker;

use crate::metadata::{Advert, MetadataError};
use crate::process;

/// Who is tested.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Agent {
    /// An agent of ours, by its name, run in this process and in virtual time.
    Builtin(String),
    /// A program, run as a process against real sockets.
    External(PathBuf),
}

impl Agent {
    /// How the version of an agent of ours begins, where a transcript says who spoke.
    pub(crate) const OURS: &str = "fencelab ";

    /// Who spoke, for the header of a transcript.
    pub(crate) fn speaker(&self) -> Speaker {
        let version = self.is_builtin().then(|| format!("{}{}", Self::OURS, env!("CARGO_PKG_VERSION")));
        Speaker { version, ..Speaker::new(self.name()) }
    }

    /// The name it is called by: `fence_ipmilan`.
    pub fn name(&self) -> &str {
        match self {
            Agent::Builtin(name) => name,
            Agent::External(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or("agent"),
        }
    }

    /// The value that `--agent` takes to choose exactly this one.
    pub fn argument(&self) -> String {
        match self {
            Agent::Builtin(name) => format!("builtin:{name}"),
            Agent::External(path) => path.display().to_string(),
        }
    }

    /// Whether it runs in this process.
    pub fn is_builtin(&self) -> bool {
        matches!(self, Agent::Builtin(_))
    }
}

impl fmt::Display for Agent {
    /// The label in reports.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.argument())
    }
}

/// What a person may say after `--agent`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AgentChoice {
    /// `builtin`: our agents for the device.
    Builtin,
    /// `builtin:NAME`: one of our agents, whatever the device says.
    BuiltinNamed(String),
    /// `external`: every agent of the device that is found on this machine.
    Found,
    /// `NAME`: that agent on this machine, whatever the device says.
    Named(String),
    /// A path with a slash: that program, whatever the device says.
    Path(PathBuf),
}

impl AgentChoice {
    /// What `fencelab test` takes when told nothing: ours, and those of the field that are on this machine.
    pub fn defaults() -> Vec<AgentChoice> {
        vec![AgentChoice::Builtin, AgentChoice::Found]
    }
}

impl std::str::FromStr for AgentChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "builtin" => AgentChoice::Builtin,
            "external" => AgentChoice::Found,
            path if path.contains('/') => AgentChoice::Path(PathBuf::from(path)),
            name => match name.strip_prefix("builtin:") {
                Some(name) => AgentChoice::BuiltinNamed(name.to_owned()),
                None => AgentChoice::Named(name.to_owned()),
            },
        })
    }
}

/// Why a chosen agent cannot be tested.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No such program.
    #[error("there is no program `{0}` on PATH or in /usr/sbin; install it, or give its path")]
    NotFound(String),
    /// No such agent of ours.
    #[error("there is no built-in agent `{0}`; there is: {known}", known = builtin_names().join(", "))]
    NoBuiltin(String),
    /// It does not say what it can do.
    #[error("agent {agent}: {error}")]
    Metadata {
        /// Which agent.
        agent: String,
        /// What is wrong.
        error: MetadataError,
    },
    /// It does not run.
    #[error("agent {agent} does not print its metadata: {why}")]
    Silent {
        /// Which agent.
        agent: String,
        /// What happened instead.
        why: String,
    },
}

/// The names of our agents.
pub fn builtin_names() -> Vec<&'static str> {
    fencelab_agents::names().iter().map(|agent| agent.name).collect()
}

/// The agents among `choices` that are to be tried on this device, each once.
///
/// Ours and those found are limited to the names in the device's `agents`; one that was named outright is not.
///
/// # Errors
/// When an agent that was named outright does not exist.
pub fn agents_for(spec: &DeviceSpec, choices: &[AgentChoice]) -> Result<Vec<Agent>, AgentError> {
    let mut agents = Vec::new();
    for choice in choices {
        match choice {
            AgentChoice::Builtin => {
                let ours =
                    builtin_names().into_iter().filter(|name| spec.agents.iter().any(|agent| agent == name));
                agents.extend(ours.map(|name| Agent::Builtin(name.to_owned())));
            }
            AgentChoice::BuiltinNamed(name) => {
                if !builtin_names().contains(&name.as_str()) {
                    return Err(AgentError::NoBuiltin(name.clone()));
                }
                agents.push(Agent::Builtin(name.clone()));
            }
            AgentChoice::Found => {
                agents.extend(spec.agents.iter().filter_map(|name| find(name)).map(Agent::External))
            }
            AgentChoice::Named(name) => {
                let path = find(name).ok_or_else(|| AgentError::NotFound(name.clone()))?;
                agents.push(Agent::External(path));
            }
            AgentChoice::Path(path) => {
                if !is_program(path) {
                    return Err(AgentError::NotFound(path.display().to_string()));
                }
                agents.push(Agent::External(path.clone()));
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    agents.retain(|agent| seen.insert(agent.clone()));
    Ok(agents)
}

/// A program on `PATH` or in `/usr/sbin`, where distributions put fence agents and where an ordinary user's `PATH` does not
/// look.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// An agent as a function: what was said to it and the world around it in, what came of it out.
pub type AgentFn = fn(&Invocation, &mut dyn World) -> Outcome;

/// An agent together with what it says of itself.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Who.
    pub agent: Agent,
    /// Its metadata.
    pub advert: Advert,
    /// What runs where the agent runs in this process. Ours, unless somebody brings another one ([`Subject::in_process`]).
    pub run: AgentFn,
}

impl Subject {
    /// Asks the agent for its metadata.
    ///
    /// # Errors
    /// When it does not run, or prints none.
    pub fn meet(agent: Agent) -> Result<Self, AgentError> {
        Self::meet_by(agent, fencelab_agents::run)
    }

    /// An agent that is no program and none of ours: a function that runs in this process and in virtual time.
    ///
    /// # Errors
    /// When it prints no metadata.
    pub fn in_process(name: &str, run: AgentFn) -> Result<Self, AgentError> {
        Self::meet_by(Agent::Builtin(name.to_owned()), run)
    }

    fn meet_by(agent: Agent, run: AgentFn) -> Result<Self, AgentError> {
        let text = match &agent {
            Agent::Builtin(name) => {
                let call = Invocation {
                    program: name.clone(),
                    args: Vec::new(),
                    stdin: Some("action=metadata\n".to_owned()),
                    env: BTreeMap::new(),
                };
                run(&call, &mut MemoryWorld::new(1)).stdout
            }
            Agent::External(path) => process::metadata(path)
                .map_err(|why| AgentError::Silent { agent: agent.to_string(), why: why.to_string() })?,
        };
        let advert =
            Advert::parse(&text).map_err(|error| AgentError::Metadata { agent: agent.to_string(), error })?;
        Ok(Subject { agent, advert, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say_after_agent() {
        let parse = |text: &str| text.parse::<AgentChoice>().unwrap();
        assert_eq!(parse("builtin"), AgentChoice::Builtin);
        assert_eq!(parse("builtin:fence_imm"), AgentChoice::BuiltinNamed("fence_imm".to_owned()));
        assert_eq!(parse("fence_imm"), AgentChoice::Named("fence_imm".to_owned()));
        assert_eq!(parse("./liar"), AgentChoice::Path(PathBuf::from("./liar")));
    }

    #[test]
    fn an_argument_chooses_the_same_agent_again() {
        let agents =
            [Agent::Builtin("fence_imm".to_owned()), Agent::External(PathBuf::from("/usr/sbin/fence_imm"))];
        let choices = agents.each_ref().map(|agent| agent.argument().parse::<AgentChoice>().unwrap());
        assert_eq!(
            choices,
            [
                AgentChoice::BuiltinNamed("fence_imm".to_owned()),
                AgentChoice::Path(PathBuf::from("/usr/sbin/fence_imm"))
            ]
        );
    }

    #[test]
    fn programs_are_found_and_other_files_are_not() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-of-ours").is_none());
        assert!(!is_program(Path::new("/etc/passwd")));
        assert!(!is_program(Path::new("/")));
    }
}
