//! How an agent is called, and what comes of it.

use std::{collections::BTreeMap, fmt};

/// A call of an agent.
#[derive(Clone, Default)]
pub struct Invocation {
    /// The base name of `argv[0]`: it chooses the agent and its defaults.
    pub program: String,
    /// The arguments after it. With none of them, the options come from `stdin`.
    pub args: Vec<String>,
    /// Standard input: one `key=value` a line. Read only if there are no arguments.
    pub stdin: Option<String>,
    /// The environment. The agents look at `PCMK_service` only.
    pub env: BTreeMap<String, String>,
}

/// Arguments and input hold passwords: only their number is shown.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("program", &self.program)
            .field("args", &format_args!("{} hidden", self.args.len()))
            .field(
                "stdin",
                &format_args!("{} lines hidden", self.stdin.as_deref().unwrap_or_default().lines().count()),
            )
            .finish_non_exhaustive()
    }
}

/// What an agent did, as its caller sees it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// The exit status: 0 success (or on), 1 failure, 2 off (`status` only).
    pub exit: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A name under which an agent may be called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AgentName {
    /// The program's name.
    pub name: &'static str,
    /// One line on what it is for.
    pub description: &'static str,
}
