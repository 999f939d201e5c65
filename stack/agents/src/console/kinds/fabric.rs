//! Fibre Channel switches. A port that the switch has disabled cuts its node off.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        plug::Plug,
        reading::{Refusals, Rows, Words},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// The states of a port that is not disabled ("Fabric OS Command Reference", `switchshow`).
const LINK_STATES: &[&str] = &[
    "Diag_Flt",
    "Faulty",
    "Hard_Flt",
    "In_Sync",
    "Laser_Flt",
    "Lock_Ref",
    "Mod_Inv",
    "Mod_Val",
    "No_Card",
    "No_Light",
    "No_Module",
    "No_SigDet",
    "No_Sync",
    "No_Sy",
    "Offline",
    "Online",
    "Port_Flt",
    "Testing",
];

/// State, protocol, and `Disabled` with its reason for a port that is.
fn brocade_state(state: &str) -> PowerState {
    let mut words = state.split_whitespace();
    let link = words.next().unwrap_or_default();
    let known = LINK_STATES.contains(&link);
    match (known, words.any(|word| word == "Disabled")) {
        (true, true) => PowerState::Off,
        (true, false) => PowerState::On,
        _ => {
            PowerState::Unknown(format!("the switch says {:?}, which is no state of a port", one_line(state)))
        }
    }
}

/// Index, port or area, perhaps the address, media, speed, state. On switches with slots the second column is the slot, and
/// an index then is no port; so both must be the same.
const PORTS: Question = Question::new(
    &[Say::line("switchshow")],
    Rows::new(
        r"(?P<plug>\d+)\s+(?P<same>\d+)\s+(?:[0-9a-f]{6}\s+)?(?:\S+)\s+(?:\S+)\s+(?P<state>[A-Z]\w+.*)",
        Words { on: &[], off: &[] },
    )
    .judged(brocade_state)
    .below("^=+$"),
);

static FABRIC_OS: Lines = Lines::new(
    PORTS,
    &[Say::line("portCfgPersistentEnable {plug}").slow()],
    &[Say::line("portCfgPersistentDisable {plug}").slow()],
    &["exit"],
)
.lists_all()
.refuses(Refusals::line(
    r"(?i)^(?:error|invalid|usage|.*(?:permission denied|RBAC|not (?:permitted|allowed|a valid|valid)|command not found))",
))
.pages(&[(r"(?i)Type <CR> to continue, Q<CR> to stop:?|--more--", "\n")]);

/// What `fence_brocade` speaks to.
pub(crate) static BROCADE: Kind =
    Kind::new(Choice::Always(&FABRIC_OS)).prompts_are("['> ']", &["> "]).eol("\n");

const ONLINE_OFFLINE: Words = Words { on: &["online"], off: &["offline"] };

const PORT: Question = Question::new(
    &[Say::line("show port {plug}")],
    Rows::new(r"(?i)AdminState\s+(?P<state>\S+)(?:\s.*)?", ONLINE_OFFLINE)
        .about(r"(?i)Port (?:Number|ID)?:?\s*(?P<plug>\d+)"),
);

const ALL_PORTS: Question = Question::new(
    &[Say::line("show port")],
    Rows::new(r"(?i)(?P<plug>\d+)\s+(?P<state>\S+)\s+.*", ONLINE_OFFLINE),
);

const SAN_REFUSALS: Refusals = Refusals::line(
    r"(?i)^\s*(?:error|invalid|unknown|usage|.*(?:requires? (?:an )?admin|not (?:permitted|allowed|valid)))",
);

/// An order takes effect the second time only on some firmware, and a second one does no harm.
const OFFLINE: Say = Say::line("set port {plug} state offline").slow();
const ONLINE: Say = Say::line("set port {plug} state online").slow();

static SAN_LINES: Lines = Lines::new(PORT, &[ONLINE, ONLINE], &[OFFLINE, OFFLINE], &["admin end", "exit"])
    .lists(ALL_PORTS)
    .refuses(SAN_REFUSALS);

/// QLogic's SANbox: orders need an "admin" session, which one user at a time can have.
struct SanBox;

impl Dialect for SanBox {
    fn start(&self, talk: &mut Talk<'_, '_>) -> Result<(), Failure> {
        let start = Say::line("admin start").new_prompt().may_fail();
        let answer = talk.say(&start, &Plug::default(), &SAN_REFUSALS, &[])?;
        if answer.text.contains("(admin)") || answer.line.contains("(admin)") {
            return Ok(());
        }
        let seen = format!("no admin session is to be had: the switch says {:?}", one_line(&answer.text));
        // Another user may have it.
        Err(Failure::passing(Step::Login, seen))
    }

    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        SAN_LINES.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        SAN_LINES.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        SAN_LINES.list(talk, states)
    }

    fn quit(&self) -> &'static [&'static str] {
        SAN_LINES.quit()
    }
}

static SAN_BOX: SanBox = SanBox;

/// What `fence_sanbox2` speaks to.
pub(crate) static SANBOX2: Kind =
    Kind::new(Choice::Always(&SAN_BOX)).prompts_are("[' #> ']", &[" #> "]).telnet();
