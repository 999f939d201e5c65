//! Dell's remote access controllers: DRAC IV, DRAC 5, the CMC of a chassis, and DRAC/MC ("racadm serveraction",
//! "getmodinfo" in Dell's "Remote Access Controller User's Guide").

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        plug::{Notation, Plug},
        reading::{ON_OFF, Refusals, Rows},
        step::Say,
        talk::Talk,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

const REFUSALS: Refusals = Refusals::line(
    r"(?i)^\s*(?:error|invalid|usage|unknown|.*(?:permission denied|insufficient|not supported|failed))",
);

/// The row of the server among the modules.
const MODULE: Question =
    Question::new(&[Say::line("getmodinfo")], Rows::new(r"(?i)(?:.*\s)?(?P<state>on|off)(?:\s.*)?", ON_OFF));

static DRAC_IV: Lines = Lines::new(
    MODULE,
    &[Say::line("serveraction -d 0 powerup").slow()],
    &[Say::line("serveraction -d 0 powerdown").slow()],
    &["exit"],
)
.refuses(REFUSALS);

/// What `fence_drac` speaks to.
pub(crate) static DRAC: Kind = Kind::new(Choice::Always(&DRAC_IV))
    .prompts_are(r"['\\[username\\]# ']", &[r"\[{user}\]# "])
    .telnet()
    .plugs(Notation::Single);

/// A server that is being switched (`Powering ON`, `Powering OFF`) is neither on nor off yet.
const STATUS: &str = r"(?i)(?:.*: )?(?P<state>on|off|powering on|powering off)";

static DRAC_5: Lines = Lines::new(
    Question::new(&[Say::line("racadm serveraction powerstatus")], Rows::new(STATUS, ON_OFF)),
    &[Say::line("racadm serveraction powerup").slow()],
    &[Say::line("racadm serveraction powerdown").slow()],
    &["exit"],
)
.refuses(REFUSALS);

/// Module, presence, power, health, service tag.
const MODULES: Question = Question::new(
    &[Say::line("getmodinfo")],
    Rows::new(r"(?i)(?P<plug>\S+)\s+Present\s+(?P<state>\S+)(?:\s.*)?", ON_OFF),
);

static CMC_LINES: Lines = Lines::new(
    Question::new(&[Say::line("racadm serveraction powerstatus -m {plug}")], Rows::new(STATUS, ON_OFF)),
    &[Say::line("racadm serveraction powerup -m {plug}").slow()],
    &[Say::line("racadm serveraction powerdown -m {plug}").slow()],
    &["exit"],
)
.lists(MODULES)
.refuses(REFUSALS);

/// Group, an arrow, module, presence, power, health, service tag.
const MODULES_OF_MC: Question = Question::new(
    &[Say::line("getmodinfo")],
    Rows::new(r"(?i)(?:\S+\s*)?---->\s*(?P<plug>\S+)\s+Present\s+(?P<state>\S+)(?:\s.*)?", ON_OFF),
);

static MC_LINES: Lines = Lines::new(
    MODULES_OF_MC,
    &[Say::line("racadm serveraction -s {plug} powerup").slow()],
    &[Say::line("racadm serveraction -s {plug} powerdown").slow()],
    &["exit"],
)
.lists_all()
.refuses(REFUSALS);

/// A chassis, whose modules must be named.
struct Chassis(&'static Lines);

impl Chassis {
    fn check(plug: &Plug) -> Result<(), Failure> {
        if plug.name.is_empty() {
            return Err(Failure::lasting(Step::Options, "this is a chassis: name the module (plug, -n)"));
        }
        Ok(())
    }
}

impl Dialect for Chassis {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Self::check(plug)?;
        self.0.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        Self::check(plug)?;
        self.0.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        self.0.list(talk, states)
    }

    fn quit(&self) -> &'static [&'static str] {
        self.0.quit()
    }
}

static CMC: Chassis = Chassis(&CMC_LINES);
static MC: Chassis = Chassis(&MC_LINES);

/// The options name the version, or the device shows it.
fn choose(talk: &mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure> {
    let shown = talk.opening;
    Ok(match talk.settings.version.as_deref() {
        Some("DRAC CMC") => &CMC,
        Some("DRAC MC") => &MC,
        Some(_) => &DRAC_5,
        None if shown.contains("CMC") => &CMC,
        None if shown.contains("DRAC 5") => &DRAC_5,
        None if shown.contains("DRAC/MC") => &MC,
        None => &DRAC_5,
    })
}

/// What `fence_drac5` speaks to.
pub(crate) static DRAC5: Kind = Kind::new(Choice::By(choose))
    .prompts_are(r"['\\$', 'DRAC\\/MC:']", &[r"\$", "DRAC/MC:"])
    .plugs(Notation::Word)
    .optional_plug();
