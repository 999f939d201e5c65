//! CyberPower's switched PDUs ("PDU Command Line Interface Guide", `oltsta`, `oltctrl`).

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    reading::{ON_OFF, Refusals, Rows},
    step::Say,
};

const OUTLETS: Question = Question::new(
    &[Say::line("oltsta show")],
    Rows::new(r"(?P<plug>\d+)\s+(?:(?P<name>\S.*?)\s+)?(?P<state>\S+)", ON_OFF),
);

/// The orders that the field's agent gives; "delay" is the device's own, which is 0 unless somebody set it.
static PDU: Lines = Lines::new(
    OUTLETS,
    &[Say::line("oltctrl index {plug} act delayon").slow()],
    &[Say::line("oltctrl index {plug} act delayoff").slow()],
    &["exit"],
)
.lists_all()
.refuses(Refusals::line(
    r"(?i)^\s*(?:error|invalid|unknown|usage|.*(?:not found|out of range|denied|failed))",
));

/// What `fence_cyberpower_ssh` speaks to.
pub(crate) static CYBERPOWER: Kind = Kind::new(Choice::Always(&PDU))
    .prompts_are(r"['\n>', '\nCyberPower >']", &["\n>", "\nCyberPower >"])
    .ssh()
    .port(None);
