//! The suites, and how a verdict is reached: an agent is driven, the plant keeps a timeline, separate checkers judge.
//!
//! - [`Case`]: what is asked of whom, in which state and trouble; [`Run`](run::Run): what it left behind.
//! - [`properties`]: the checkers, pure functions over those two.
//! - [`run_plan`]: the three suites over devices and agents, within a budget, to a [`Report`].
//!
//! An agent of ours runs in this process and in virtual time; any other as a process against real sockets.

pub mod agent;
mod arena;
pub mod case;
mod cause;
mod condition;
mod conformance;
mod draw;
pub mod expected;
mod finding;
mod fnv;
mod hunt;
mod lanes;
pub(crate) mod link;
mod memory;
pub mod metadata;
pub mod options;
mod pair;
pub mod plan;
mod process;
pub mod promise;
pub mod properties;
mod regression;
pub mod report;
pub mod run;
mod runner;
mod shrink;
mod stage;
mod stand_in;
mod stop;
pub mod truth;
pub mod verdict;
mod warm;

pub use agent::{Agent, AgentChoice, AgentError, AgentFn, Subject, agents_for, builtin_names};
pub use case::{Action, Case, Login, Mode};
pub use expected::{Expected, ExpectedError};
pub use plan::{Plan, Progress, Suite};
pub use report::{Cause, Cell, Finding, Mended, Report, Told, Verdict};
pub use runner::{fair_budget, run_plan};
pub use stop::Stop;
pub use verdict::{Breach, Class, Judgement, Property};
