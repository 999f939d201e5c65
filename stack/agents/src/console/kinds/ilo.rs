//! HP's management processors with a command line of the SM CLP (DMTF DSP0214): iLO 2 to 5, Integrity's MP, and Moonshot's
//! chassis manager, which has one of its own.
//!
//! CIM's `EnabledState` knows more than two states; only `disabled` is off. Each answer of the SM CLP tells whether the
//! command was understood (`status=0`), and an order is taken only if it says so.

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{ON_OFF, Refusals, Rows, Words},
    step::Say,
};

const STATES: Words = Words { on: &["enabled"], off: &["disabled"] };

const POWER: Question =
    Question::new(&[Say::line("show /system1")], Rows::new(r"(?i)EnabledState\s*=\s*(?P<state>.*)", STATES));

/// `SMCLP` leads from the menu of an MP to its SM CLP; an iLO is there already, and refuses it.
const START: &[Say] = &[Say::line("SMCLP").new_prompt().may_fail()];

const REFUSALS: Refusals = Refusals::line(
    r"(?i)^\s*status\s*=\s*[1-9]|^\s*status_tag\s*=\s*COMMAND (?:PROCESSING FAILED|ERROR)|^invalid command|privilege",
);

const ON: &[Say] = &[Say::line("start /system1").slow()];

static ILO: Lines = Lines::new(POWER, ON, &[Say::line("power off hard").slow()], &["exit"])
    .starts(START)
    .cycles(&[Say::line("reset /system1 hard").slow()])
    .refuses(REFUSALS);

static MP: Lines =
    Lines::new(POWER, ON, &[Say::line("stop -f /system1").slow()], &["exit"]).starts(START).refuses(REFUSALS);

/// Slot, identifier, …, power in the ninth of ten columns.
const NODES: Question = Question::new(
    &[Say::line("show node list")],
    Rows::new(r"\S+\s+(?P<plug>\S+)(?:\s+\S+){6}\s+(?P<state>\S+)\s+\S+", ON_OFF),
);

static CHASSIS: Lines = Lines::new(
    NODES,
    &[Say::line("set node power on {plug}").slow()],
    &[Say::line("set node power off force {plug}").slow()],
    &["exit"],
)
.lists_all()
.refuses(Refusals::line(r"(?i)^\s*(?:error|invalid|unknown|unrecognized|.*\bfailed\b)"));

const PROMPT_TEXT: &str = "['MP>', 'hpiLO->']";
const PROMPTS: &[&str] = &["MP>", "hpiLO->"];

/// What `fence_ilo_ssh` and its fellows speak to.
pub(crate) static ILO_SSH: Kind =
    Kind::new(Choice::Always(&ILO)).prompts_are(PROMPT_TEXT, PROMPTS).eol("\r").plugs(Notation::Single);

/// What `fence_ilo_mp` speaks to.
pub(crate) static ILO_MP: Kind =
    Kind::new(Choice::Always(&MP)).prompts_are(PROMPT_TEXT, PROMPTS).plugs(Notation::Single);

/// What `fence_ilo_moonshot` speaks to.
pub(crate) static ILO_MOONSHOT: Kind =
    Kind::new(Choice::Always(&CHASSIS)).prompts_are(PROMPT_TEXT, PROMPTS).ssh().plugs(Notation::Word);
