//! IBM Remote Supervisor Adapter II ("Remote Supervisor Adapter II User's Guide", command `power`).

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{ON_OFF, Refusals, Rows},
    step::Say,
};

const POWER: Question =
    Question::new(&[Say::line("power state")], Rows::new(r"(?i)Power: (?P<state>.*)", ON_OFF));

static RSA_II: Lines =
    Lines::new(POWER, &[Say::line("power on").slow()], &[Say::line("power off").slow()], &["exit"])
        .refuses(Refusals::line(r"(?i)^(?:error|invalid|unknown command|syntax|unauthorized|permission)"));

/// What `fence_rsa` speaks to.
pub(crate) static RSA: Kind = Kind::new(Choice::Always(&RSA_II))
    .prompts_are("['>']", &[">"])
    .ssh_options_are("-F /dev/null")
    .plugs(Notation::Single);
