//! Raritan Dominion PX: the SM CLP of the first series ("Dominion PX User Guide", "CLP commands").

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{Refusals, Rows, Words},
    step::Say,
};

const STATE: Question = Question::new(
    &[Say::line("show -d properties=powerState {plug}")],
    Rows::new(r"(?i)(?:.*\s)?powerState is (?P<state>\w+)\b.*", Words { on: &["1"], off: &["2"] })
        .about(r"(?P<plug>/?(?:system1/)?outlet\d+)"),
);

/// The field's agent has no list.
const OUTLETS: Question = Question::new(
    &[Say::line("show -d targets /system1")],
    Rows::new(r"(?:/system1/)?outlet(?P<plug>\d+)", Words { on: &[], off: &[] }),
);

static PX: Lines = Lines::new(
    STATE,
    &[Say::line("set {plug} powerState=on").slow()],
    &[Say::line("set {plug} powerState=off").slow()],
    &["exit"],
)
.lists(OUTLETS)
.writes(Notation::Outlet)
.refuses(Refusals::line(
    r"(?i)^\s*(?:status_tag=COMMAND (?:PROCESSING FAILED|ERROR)|error|invalid|.*(?:not found|denied|failed))",
));

/// What `fence_raritan` speaks to.
pub(crate) static RARITAN: Kind =
    Kind::new(Choice::Always(&PX)).fixed_prompts(&[r"clp:[^\n]*>", "clp:"]).telnet().plugs(Notation::Outlet);
