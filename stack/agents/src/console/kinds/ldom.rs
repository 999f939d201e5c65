//! Logical domains of a SPARC server ("Oracle VM Server for SPARC Administration Guide", `ldm`), in the shell of its control
//! domain.
//!
//! A domain that is `bound` has its resources and does not run; one that is `inactive` has none, and so cannot run either.
//! One that is on its way (`starting`, `stopping`, `suspended`, `resuming`) is neither on nor off.

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{Refusals, Rows, Words},
    step::Say,
};

const STATES: Words = Words { on: &["active"], off: &["bound", "inactive"] };

/// A prompt that looks like nothing else, for shells of both families.
const START: &[Say] = &[Say::line("PS1='[PEXPECT]'")
    .until(r"(?:^|\n)\[PEXPECT\]")
    .otherwise("set prompt='[PEXPECT]'")
    .new_prompt()
    .may_fail()];

const DOMAINS: Question = Question::new(
    &[Say::line("ldm ls")],
    Rows::new(r"(?P<plug>\S+)\s+(?P<state>\S+)(?:\s.*)?", STATES).below(r"^NAME\s+STATE\b"),
);

static CONTROL_DOMAIN: Lines = Lines::new(
    DOMAINS,
    &[Say::line("ldm start {plug}").slow()],
    &[Say::line("ldm stop -f {plug}").slow()],
    &["logout"],
)
.starts(START)
.lists_all()
.refuses(Refusals::line(r"(?i)not found|not supported|failed|permission denied|^(?:invalid|usage)"));

/// What `fence_ldom` speaks to.
pub(crate) static LDOM: Kind = Kind::new(Choice::Always(&CONTROL_DOMAIN))
    .prompts_are(r"['\\ $']", &[" $"])
    .ssh()
    .plugs(Notation::Quoted);
