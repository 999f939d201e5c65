//! Fujitsu-Siemens Remote Service Board S2: a menu, in which single keys choose ("RSB S2 manual", "Power Management").

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{ON_OFF, Refusals, Rows},
    step::Say,
};

const POWER_MENU: Say = Say::key("2");

const POWER: Question =
    Question::new(&[POWER_MENU], Rows::new(r"(?i)(?:.*\s)?Power Status\s*: (?P<state>\S+)(?:\s.*)?", ON_OFF))
        .back(&[Say::key("0")]);

/// The key chooses already, so the end of its line may stand behind the question.
const YES: Say = Say::line("yes").until("any key to continue[^\n]*").slow();
const ANY_KEY: Say = Say::line("");
const BACK: Say = Say::line("0");

static MENU: Lines = Lines::new(
    POWER,
    &[
        POWER_MENU,
        Say::line("4").until("(?:want to power on|yes/no|'yes' or 'no')[^\n]*\n*"),
        YES,
        ANY_KEY,
        BACK,
    ],
    &[
        POWER_MENU,
        Say::line("1").until("(?:want to power off|yes/no|'yes' or 'no')[^\n]*\n*"),
        YES,
        ANY_KEY,
        BACK,
    ],
    &["0"],
)
.refuses(Refusals::line(r"(?i)^\s*(?:error|invalid|access denied|not allowed)"));

/// What `fence_rsb` speaks to.
pub(crate) static RSB: Kind = Kind::new(Choice::Always(&MENU))
    .prompts_are("['to quit:']", &["to quit:"])
    .menu()
    .port(Some("3172"))
    .plugs(Notation::Single);
