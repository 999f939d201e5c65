//! The management module of an IBM BladeCenter ("BladeCenter Management Module Command-Line Interface Reference Guide", `env`,
//! `power`, `list`).
//!
//! A command goes to the blade that the prompt names, so the prompt is the proof that an answer is about it.

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    reading::{ON_OFF, Refusals, Rows},
    step::Say,
};

const TO_BLADE: Say = Say::line("env -T system:blade[{plug}]").until(r"system:blade\[{plug}\]>");
const BACK: Say = Say::line("env -T system");
const AT_BLADE: &str = r"system:blade\[{plug}\]>";

const POWER: Question = Question::new(
    &[TO_BLADE, Say::line("power -state").until(AT_BLADE)],
    Rows::new(r"(?P<state>\w+)", ON_OFF),
)
.back(&[BACK]);

const BLADES: Question = Question::new(
    &[BACK, Say::line("list -l 2")],
    Rows::new(r"blade\[(?P<plug>\d+)\]\s*(?P<name>.*)", ON_OFF),
);

static MODULE: Lines = Lines::new(
    POWER,
    &[TO_BLADE, Say::line("power -on").until(AT_BLADE).slow(), BACK],
    &[TO_BLADE, Say::line("power -off").until(AT_BLADE).slow(), BACK],
    &["exit"],
)
.lists(BLADES)
.refuses(
    Refusals::line(r"(?i)^(?:error|invalid|.*(?:not allowed|not authorized|not supported|failed|refused|unable))")
        .absent(r"(?i)\bbay is empty|\bempty bay|\bnot installed|\bno such target|\btarget (?:is )?(?:not (?:found|present)|invalid)|\binvalid target"),
);

/// What `fence_bladecenter` speaks to.
pub(crate) static BLADE_CENTER: Kind =
    Kind::new(Choice::Always(&MODULE)).prompts_are("['system>']", &["system>"]);
