//! Server Technology's Sentry Switched CDU ("Sentry Switched Cabinet Distribution Unit Installation and Operations Manual",
//! `STATUS`, `LIST OUTLETS`, `ON`, `OFF`).
//!
//! An outlet is called by its name or its identifier, such as `.A1`; orders use the identifier, which has no blanks. The
//! outlet's own status counts, not the state that was last asked of it ("control state").

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::regex,
        plug::Notation,
        reading::{ON_OFF, Refusals, Rows},
        step::Say,
        talk::Talk,
    },
    failure::Failure,
};

/// Identifier, name, status, control state.
const OUTLETS: Question = Question::new(
    &[Say::line("STATUS")],
    Rows::new(
        r"(?P<id>\.\w+)\s+(?P<plug>\S+(?: \S+)*?)\s+(?P<state>\w+)\s+(?:(?i:Idle|Wake|Pend|Reboot) )?\w+",
        ON_OFF,
    )
    .by_name(),
);

/// Firmware 8 has them the other way round.
const OUTLETS_8: Question = Question::new(
    &[Say::line("STATUS ALL")],
    Rows::new(
        r"(?P<id>\w+)\s+(?P<plug>\S+)\s+(?i:(?:Idle |Wake |Pend )?(?:On|Off)|Reboot)\s+(?P<state>\w+)(?:\s.*)?",
        ON_OFF,
    )
    .by_name(),
);

const ON: &[Say] = &[Say::line("on {plug}").slow()];
const OFF: &[Say] = &[Say::line("off {plug}").slow()];
const QUIT: &[&str] = &["LOGOUT"];
const MORE: &[(&str, &str)] = &[(r"(?i)More \(Y/es N/o\):\s*", "Y\r\n")];
const REFUSALS: Refusals =
    Refusals::line(r"(?i)^\s*(?:invalid|error|.*(?:access denied|not found|command failed|no outlets))");

static FIRMWARE_6: Lines =
    Lines::new(OUTLETS, ON, OFF, QUIT).lists_all().orders_by_id().pages(MORE).refuses(REFUSALS);

static FIRMWARE_7: Lines = Lines::new(OUTLETS, ON, OFF, QUIT)
    .starts(&[Say::line("set option more disabled").may_fail()])
    .lists_all()
    .orders_by_id()
    .pages(MORE)
    .refuses(REFUSALS);

static FIRMWARE_8: Lines =
    Lines::new(OUTLETS_8, ON, OFF, QUIT).lists_all().orders_by_id().pages(MORE).refuses(REFUSALS);

fn choose(talk: &mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure> {
    let shown = talk.line("VERSION")?;
    let version = regex(r"Sentry Switched [PC]DU Version (?P<major>\d+)");
    let major =
        version.captures(&shown).and_then(|found| found.name("major")).map_or("6", |found| found.as_str());
    Ok(match major {
        "7" => &FIRMWARE_7,
        "8" => &FIRMWARE_8,
        _ => &FIRMWARE_6,
    })
}

/// What `fence_cdu` speaks to.
pub(crate) static CDU: Kind = Kind::new(Choice::By(choose))
    .fixed_prompts(&["Switched [PC]DU: "])
    .telnet()
    .plugs(Notation::Listed)
    .switched();
