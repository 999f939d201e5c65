//! Virtual machines of a host, through the shell of that host: `virsh` of libvirt (virsh(1), `domstate`) and VirtualBox's
//! `VBoxManage` (VirtualBox manual, "VBoxManage list", "controlvm").
//!
//! The shell gets a prompt that looks like nothing else, by the command that `ssh_options` gives for it.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::whole,
        plug::{Notation, Plug},
        reading::{Refusals, Row, Rows, Table, Words},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// The states of a domain. One that has crashed may still hold its devices, so it is not off for sure.
const DOMAIN_STATES: Words = Words {
    on: &["running", "blocked", "idle", "no state", "paused", "in shutdown", "pmsuspended", "dying"],
    off: &["shut off"],
};

const DOMAIN: Question = Question::new(
    &[Say::line("{sudo}virsh domstate {plug}")],
    Rows::new(r"(?P<state>[a-z ]+)", DOMAIN_STATES),
);

/// Number or a dash, name, state.
const DOMAINS: Question = Question::new(
    &[Say::line("{sudo}virsh list --all")],
    Rows::new(r"(?:\d+|-)\s+(?P<plug>\S+)\s+(?P<state>\S.*)", DOMAIN_STATES).below(r"(?i)^Id\s+Name\b"),
);

static VIRSH_LINES: Lines = Lines::new(
    DOMAIN,
    &[Say::line("{sudo}virsh start {plug}").slow()],
    &[Say::line("{sudo}virsh destroy {plug}").slow()],
    &["quit"],
)
.lists(DOMAINS)
.refuses(
    Refusals::line(r"(?i)\berror:|command not found|: not found$|permission denied")
        .absent(r"(?i)^error: failed to get domain"),
);

/// What `fence_virsh` speaks to.
pub(crate) static VIRSH: Kind = Kind::new(Choice::Always(&VIRSH_LINES))
    .prompts_are(r"['\\[EXPECT\\]#']", &[r"\[EXPECT\]#"])
    .ssh()
    .ssh_options_are(r#"-t '/bin/bash -c "PS1=\\[EXPECT\\]# /bin/bash --noprofile --norc"'"#)
    .plugs(Notation::Shell);

/// Name and UUID.
const MACHINES: Rows =
    Rows::new(r#""(?P<plug>[^"]*)" \{(?P<id>[^}]*)\}"#, Words { on: &[], off: &[] }).by_name();

const VBOX_REFUSALS: Refusals =
    Refusals::line(r"(?i)\berror:|command not found|: not found$|permission denied|no such file");

/// VirtualBox lists the machines that run, and those that there are. So "off" is told by two complete lists, in which every
/// line is a machine: one in which it is, and one in which it is not.
struct VirtualBox;

impl VirtualBox {
    fn machines(talk: &mut Talk<'_, '_>, list: &'static str) -> Result<(String, Table), Failure> {
        let say = Say::line(list);
        let answer = talk.say(&say, &Plug::default(), &VBOX_REFUSALS, &[])?.text;
        let row = whole(MACHINES.row);
        let stray = answer.lines().map(str::trim).find(|line| !line.is_empty() && !row.is_match(line));
        match stray {
            None => {
                let table = MACHINES.read(&answer);
                Ok((answer, table))
            }
            Some(line) => Err(Failure::passing(
                Step::Parse,
                format!("a list of machines holds {:?}, which is none", one_line(line)),
            )),
        }
    }

    fn both(talk: &mut Talk<'_, '_>) -> Result<(String, Table, Table), Failure> {
        let (shown, all) = Self::machines(talk, "{sudo}{program} list vms")?;
        let (_, running) = Self::machines(talk, "{sudo}{program} list runningvms")?;
        Ok((shown, all, running))
    }

    fn state(row: &Row, running: &Table) -> PowerState {
        let runs = running.rows.iter().any(|other| other.id == row.id || other.plug == row.plug);
        if runs { PowerState::On } else { PowerState::Off }
    }
}

impl Dialect for VirtualBox {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        let (shown, all, running) = Self::both(talk)?;
        let row = all.find(&shown, &plug.name)?;
        match (&row.plug, &row.id) {
            (Some(_), Some(_)) => Ok(Self::state(&row, &running)),
            _ => Ok(row.state),
        }
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        let say = match wanted {
            Wanted::On => Say::line("{sudo}{program} startvm {plug} --type headless"),
            Wanted::Off => Say::line("{sudo}{program} controlvm {plug} poweroff"),
        };
        talk.say(&say.slow(), plug, &VBOX_REFUSALS, &[])?;
        Ok(())
    }

    fn list(&self, talk: &mut Talk<'_, '_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let (_, all, running) = Self::both(talk)?;
        let outlet = |row: &Row| {
            Some(Outlet {
                plug: row.plug.clone()?,
                alias: row.id.clone().unwrap_or_default(),
                state: Self::state(row, &running),
            })
        };
        Ok(Some(all.rows.iter().filter_map(outlet).collect()))
    }

    fn quit(&self) -> &'static [&'static str] {
        &["exit"]
    }
}

static VIRTUAL_BOX: VirtualBox = VirtualBox;

/// What `fence_vbox` speaks to.
pub(crate) static VBOX: Kind = Kind::new(Choice::Always(&VIRTUAL_BOX))
    .prompts_are(r"['\\[EXPECT\\]#']", &[r"\[EXPECT\]#"])
    .ssh()
    .ssh_options_are(
        r#"-t '/bin/bash -c "PS1=\\[EXPECT\\]# HISTFILE=/dev/null /bin/bash --noprofile --norc"'"#,
    )
    .eol("\n")
    .plugs(Notation::Quoted);
