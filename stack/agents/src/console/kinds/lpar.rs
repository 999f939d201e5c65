//! Logical partitions of IBM Power servers, through an HMC or IVM ("HMC commands", `lssyscfg`, `chsysstate`).
//!
//! `Not Activated` is the only state in which a partition has no power; on the oldest consoles it is called `Ready`. What is
//! on its way (`Starting`, `Shutting Down`), migrated, suspended or in error is neither on nor off for sure.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::has,
        plug::{Notation, Plug},
        reading::{Refusals, Rows, Words},
        step::Say,
        talk::Talk,
    },
    failure::Failure,
    fence::{Outlet, PowerState, Wanted},
};

const STATES: Words = Words { on: &["Running", "Open Firmware"], off: &["Not Activated"] };

/// Version 3 of the HMC, whose guide (SA38-0590) was not at hand: `Ready` is a partition that is ready to be activated.
const STATES_3: Words = Words { on: &["Running", "Open Firmware"], off: &["Ready", "Not Activated"] };

const REFUSALS: Refusals = Refusals::line(
    r"^HSC[A-Z0-9]+|^VIOSE\w+|(?i)^\s*(?:usage|invalid|.*(?:not found|permission denied|not authorized|is busy))",
)
.absent(r"^HSCL8012\b|(?i)^(?:the|a) partition .*was not found|^no results were found");

const OFF: &[Say] = &[Say::line("chsysstate -o shutdown -r lpar --immed -m {managed} -n {plug}").slow()];

/// On a system that another console manages too, the profile is that console's affair.
const ON_CO_MANAGED: &[Say] = &[Say::line("chsysstate -o on -r lpar -m {managed} -n {plug}").slow()];

const ON: &[Say] = &[Say::line(
    "chsysstate -o on -r lpar -m {managed} -n {plug} -f `lssyscfg -r lpar -F curr_profile  -m {managed} --filter \"lpar_names={plug}\"`",
)
.slow()];

/// All attributes, the first of which is the name; a value with commas stands in quotes together with its name.
const PARTITION: Question = Question::new(
    &[Say::line("lssyscfg -r lpar -m {managed} --filter 'lpar_names={plug}'")],
    Rows::new(r#"name=(?P<plug>[^,"]*),(?:(?:"[^"]*"|[^,"]*),)*?state=(?P<state>[^,"]*)(?:,.*)?"#, STATES),
);

/// Commands stay in one line; the goodbye is the field's.
const QUIT: &[&str] = &["quit"];

static HMC_4: Lines = Lines::new(PARTITION, ON, OFF, QUIT)
    .lists(Question::new(
        &[Say::line("lssyscfg -r lpar -m {managed} -F name:state")],
        Rows::new(r"(?P<plug>[^:\s]+):(?P<state>[^:]+)", STATES),
    ))
    .refuses(REFUSALS);

static IVM: Lines = Lines::new(PARTITION, ON, OFF, QUIT)
    .lists(Question::new(
        &[Say::line("lssyscfg -r lpar -m {managed} -F name,state")],
        Rows::new(r"(?P<plug>[^,\s]+),(?P<state>[^,]+)", STATES),
    ))
    .refuses(REFUSALS);

static HMC_3: Lines = Lines::new(
    Question::new(
        &[Say::line("lssyscfg -r lpar -m {managed} -n {plug} -F name,state")],
        Rows::new(r"(?P<plug>[^,]+),(?P<state>[^,]+)(?:,.*)?", STATES_3),
    ),
    &[Say::line("chsysstate -o on -r lpar -m {managed} -n {plug}").slow()],
    &[Say::line("chsysstate -o off -r lpar -m {managed} -n {plug}").slow()],
    QUIT,
)
.lists(Question::new(
    &[Say::line("query_partition_names -m {managed}")],
    Rows::new(r"(?P<plug>[^-\s,:][^\s,:]*)", STATES),
))
.refuses(REFUSALS);

/// A console of version 4 or later, or IVM.
struct Console(&'static Lines);

static CONSOLE: Console = Console(&HMC_4);
static MANAGER: Console = Console(&IVM);

impl Dialect for Console {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        self.0.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        if wanted == Wanted::On {
            let shown = talk.say(&Say::line("lscomgmt -m {managed}").may_fail(), plug, &REFUSALS, &[])?;
            if has(r"(?i)\bcurr_master_mtms=[^,\s]", &shown.text) {
                talk.say_all(ON_CO_MANAGED, plug, &REFUSALS, &[])?;
                return Ok(());
            }
        }
        self.0.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        self.0.list(talk, states)
    }

    fn quit(&self) -> &'static [&'static str] {
        QUIT
    }
}

fn choose(talk: &mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure> {
    Ok(match talk.settings.version.as_deref() {
        Some("3") => &HMC_3,
        Some("ivm") => &MANAGER,
        _ => &CONSOLE,
    })
}

/// What `fence_lpar` speaks to.
pub(crate) static LPAR: Kind = Kind::new(Choice::By(choose))
    .prompts_are(r"[':~>', ']\\$', '\\$ ']", &[":~>", r"\]\$", r"\$ "])
    .ssh()
    .eol("\n")
    .plugs(Notation::Word)
    .managed();
