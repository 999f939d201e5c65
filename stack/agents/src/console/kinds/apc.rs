//! APC power strips. Until AOS 4 they show menus (see [`super::apc_menu`]); later ones have a command line ("Rack PDU Command
//! Line Interface", commands `olStatus`, `olOn`, `olOff` and the table of response codes).

use super::apc_menu::{FOOT, MENU};
use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::has,
        plug::Plug,
        reading::{ON_OFF, Refusals, Rows},
        step::Say,
        talk::Talk,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

const OUTLETS: Question = Question::new(
    &[Say::line("olStatus all")],
    Rows::new(r"(?P<plug>\d+): (?P<name>.*): (?P<state>\S+)", ON_OFF),
);

static LINES: Lines =
    Lines::new(OUTLETS, &[Say::line("olOn {plug}").slow()], &[Say::line("olOff {plug}").slow()], &["exit"])
        .lists_all()
        .pages(&[(r"Press <ENTER>[^\n]*", "\r\n")])
        .refuses(Refusals::line(r"^E[1-9]\d\d\b").taken(r"^E00\d\b"));

/// The command line. It has no switches, so a plug on another than the first is not to be had.
struct CommandLine;

impl CommandLine {
    fn check(plug: &Plug) -> Result<(), Failure> {
        match plug.switch.as_deref() {
            None | Some("1") => Ok(()),
            Some(switch) => Err(Failure::lasting(
                Step::Command,
                format!("plug {}: this device has a command line, which knows no switch {switch}", plug.name),
            )),
        }
    }
}

impl Dialect for CommandLine {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Self::check(plug)?;
        LINES.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        Self::check(plug)?;
        LINES.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        LINES.list(talk, states)
    }

    fn quit(&self) -> &'static [&'static str] {
        LINES.quit()
    }
}

static COMMAND_LINE: CommandLine = CommandLine;

/// A menu shows its first entry at the login.
fn choose(talk: &mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure> {
    let is_menu = has(r"(?im)^\s*1- Device Manager", talk.opening);
    Ok(if is_menu { &MENU } else { &COMMAND_LINE })
}

/// What `fence_apc` speaks to. The SSH options of the field ask for a version of SSH that is long gone.
pub(crate) static APC: Kind = Kind::new(Choice::By(choose))
    .prompts_are(r"['\n>', '\napc>']", &["\n>", "\napc>"])
    .telling(&[FOOT])
    .ssh_options_are("-1 -c blowfish")
    .switched();
