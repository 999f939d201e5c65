//! Hitachi Compute Blade: the system console of its management module, a menu.

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    reading::{ON_OFF, Refusals, Rows},
    step::Say,
};

/// From the main menu to the partitions.
const COMMANDS: Say = Say::line("S").until("SVP>");
const PARTITIONS: Say = Say::line("PC");
/// And back.
const TO_COMMANDS: Say = Say::line("Q").until("SVP>");
const TO_MAIN: Say = Say::line("EX");

const POWER: Question = Question::new(
    &[COMMANDS, PARTITIONS],
    Rows::new(r"(?P<plug>\d+)\s+(?P<state>\S+)(?:\s+\S+){4}.*", ON_OFF),
)
.back(&[TO_COMMANDS, TO_MAIN]);

const POWER_MENU: Say = Say::line("P");
const PARTITION: Say = Say::line("{plug}");
const YES: Say = Say::line("Y").until(r"Hit enter key\.?").slow();
const ENTER: Say = Say::line("");
const TO_PARTITIONS: Say = Say::line("Q");

static CONSOLE: Lines = Lines::new(
    POWER,
    &[
        COMMANDS,
        PARTITIONS,
        POWER_MENU,
        Say::line("P"),
        PARTITION,
        YES,
        ENTER,
        TO_PARTITIONS,
        TO_COMMANDS,
        TO_MAIN,
    ],
    &[
        COMMANDS,
        PARTITIONS,
        POWER_MENU,
        Say::line("F"),
        PARTITION,
        YES,
        ENTER,
        TO_PARTITIONS,
        TO_COMMANDS,
        TO_MAIN,
    ],
    &["X"],
)
.lists_all()
.refuses(Refusals::line(r"(?i)^\s*(?:error|invalid|.*(?:not (?:available|permitted)|failed))"));

/// What `fence_hds_cb` speaks to.
pub(crate) static HDS: Kind =
    Kind::new(Choice::Always(&CONSOLE)).prompts_are(r"['\\) :']", &[r"\) :"]).menu();
