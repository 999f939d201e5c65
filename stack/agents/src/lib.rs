//! The fence agents, and the contract that they share.

mod invocation;

use fencelab_link::World;
pub use invocation::{AgentName, Invocation, Outcome};

/// Every agent name, with a line on what it is for.
pub fn names() -> &'static [AgentName] {
    const NAMES: &[AgentName] = &[];
    NAMES
}

/// Runs an agent: the same code as the binary, but with arguments, input and environment given, and every other
/// contact with the outside through `world`. The outcome is decided by these alone.
pub fn run(invocation: &Invocation, world: &mut dyn World) -> Outcome {
    let _ = (invocation, world.now());
    Outcome { exit: 1, stdout: String::new(), stderr: "no agent yet\n".to_owned() }
}
