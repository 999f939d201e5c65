//! HP BladeSystem's Onboard Administrator, and that of Superdome X ("HP BladeSystem Onboard Administrator Command Line
//! Interface User Guide", `show server status`, `poweroff server`).

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::regex,
        reading::{ON_OFF, Refusals, Rows, Words},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
};

const REFUSALS: Refusals = Refusals::line(
    r"(?i)^\s*(?:error|invalid|usage|unknown|.*(?:not (?:permitted|allowed|authorized)|permission|denied))",
)
.absent(r"(?i)\bbay is (?:currently )?empty|\bis absent\b|\bis not present\b|\bno (?:server )?blade\b");

const POWER: Question = Question::new(
    &[Say::line("show server status {plug}")],
    Rows::new(r"Power:\s+(?P<state>\S.*)", ON_OFF)
        .about(r"(?i)(?:Server )?Blade\s+#?(?P<plug>\d+)\s+Status.*"),
);

/// Bay, name, address of its iLO, `OK`, power, light.
const SERVERS: Question = Question::new(
    &[Say::line("show server list")],
    Rows::new(r"(?P<plug>\d+)\s+(?P<name>.*?)\s+\S+\s+OK\s+(?P<state>\S+)\s+\S.*", ON_OFF),
);

static ENCLOSURE: Lines = Lines::new(
    POWER,
    &[Say::line("poweron server {plug}").slow()],
    &[Say::line("poweroff server {plug} force").slow()],
    &["exit"],
)
.lists(SERVERS)
.refuses(REFUSALS);

/// The states of a partition ("HP Superdome 2 Partitioning Administrator Guide", table 3). Others, such as `DEACTIVATING` and
/// `RESETTING`, are those of partitions with and without power.
const RUN_STATES: Words =
    Words { on: &["UP", "FWBOOT", "EFI", "OSBOOT", "SHUT", "INIT", "RUN_VPARS"], off: &["DOWN"] };

static SUPERDOME: Lines = Lines::new(
    Question::new(
        &[Say::line("parstatus -M -p {plug}")],
        Rows::new(r"partition:(?P<plug>\d+)\s+:\w+\s+/(?P<state>\w+)\s.*", RUN_STATES),
    ),
    &[Say::line("poweron partition {plug}").slow()],
    &[Say::line("poweroff partition {plug} force").slow()],
    &["exit"],
)
.lists(Question::new(
    &[Say::line("parstatus -P -M")],
    Rows::new(r"partition:(?P<plug>\d+)\s+:\w+\s+/(?P<state>\w+)\s+(?::[^:]*){2,3}:(?P<name>.*)", RUN_STATES),
))
.refuses(REFUSALS);

fn choose(talk: &mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure> {
    let shown = talk.line("show enclosure info")?;
    let kind = regex(r"(?m)^\s*Enclosure Type:\s*(?P<kind>\w+)");
    match kind.captures(&shown).and_then(|found| found.name("kind")) {
        Some(kind) if kind.as_str().eq_ignore_ascii_case("superdome") => Ok(&SUPERDOME),
        Some(_) => Ok(&ENCLOSURE),
        None => Err(Failure::passing(
            Step::Parse,
            format!("the device does not tell what it is, but says {:?}", one_line(&shown)),
        )),
    }
}

/// What `fence_hpblade` speaks to.
pub(crate) static HP_BLADE: Kind =
    Kind::new(Choice::By(choose)).prompts_are("['c7000oa>']", &["c7000oa>"]).eol("\n");
