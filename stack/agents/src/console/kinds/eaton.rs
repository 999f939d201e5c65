//! Eaton's ePDU G3 ("Eaton ePDU G3 Operating Instructions", commands `get` and `set` of `PDU.OutletSystem`).

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        plug::Plug,
        reading::{Refusals, Rows, Words, not_asked},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// The answer is one line with the value, so whatever else is said is none.
const STATE: Question = Question::new(
    &[Say::line("get PDU.OutletSystem.Outlet[{plug}].PresentStatus.SwitchOnOff")],
    Rows::new(r"(?P<state>\S+)", Words { on: &["1"], off: &["0"] }),
);

const REFUSALS: Refusals =
    Refusals::line(r"(?i)^\s*(?:error|invalid|unknown|usage|.*(?:denied|not (?:found|allowed|writable)))");

static LINES: Lines = Lines::new(
    STATE,
    &[Say::line("set PDU.OutletSystem.Outlet[{plug}].DelayBeforeStartup 0").slow()],
    &[Say::line("set PDU.OutletSystem.Outlet[{plug}].DelayBeforeShutdown 0").slow()],
    &["quit"],
)
.refuses(REFUSALS);

/// So many outlets a chain of these may have.
const OUTLETS_MAX: usize = 1_000;

struct Epdu;

impl Dialect for Epdu {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        LINES.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        LINES.set(talk, plug, wanted)
    }

    /// The names of all outlets come in one line; their states are asked for one by one.
    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let count = value(talk, "get PDU.OutletSystem.Outlet.Count")?;
        let count: usize = count.parse().ok().filter(|count| *count <= OUTLETS_MAX).ok_or_else(|| {
            Failure::lasting(Step::Parse, format!("the device counts {:?} outlets", one_line(&count)))
        })?;
        let names = value(talk, "get PDU.OutletSystem.Outlet[x].iName")?;
        let mut names: Vec<&str> = names.split('|').collect();
        // The line may begin with a separator.
        if names.len() == count + 1 && names.first() == Some(&"") {
            names.remove(0);
        }
        (1..=count)
            .map(|number| {
                let plug = Plug { name: number.to_string(), written: number.to_string(), switch: None };
                let state = if states { self.power(talk, &plug)? } else { not_asked() };
                let alias =
                    names.get(number - 1).filter(|_| names.len() == count).copied().unwrap_or_default();
                Ok(Outlet { plug: plug.name, alias: alias.to_owned(), state })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn quit(&self) -> &'static [&'static str] {
        LINES.quit()
    }
}

/// The only line of an answer.
fn value(talk: &mut Talk<'_, '_>, question: &str) -> Result<String, Failure> {
    let answer = talk.line(question)?;
    REFUSALS.check(&answer, "", question)?;
    let mut lines = answer.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line.to_owned()),
        _ => Err(Failure::passing(
            Step::Parse,
            format!("the device answers {:?} to {question:?}", one_line(&answer)),
        )),
    }
}

static EPDU: Epdu = Epdu;

/// What `fence_eaton_ssh` speaks to.
pub(crate) static EATON_SSH: Kind =
    Kind::new(Choice::Always(&EPDU)).fixed_prompts(&["pdu#0>"]).ssh().port(None);
