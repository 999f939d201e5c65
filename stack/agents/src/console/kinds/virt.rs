//! Virtual machines of a host, through the shell of that host: `virsh` of libvirt (virsh(1), `dominfo`) and VirtualBox's
//! `VBoxManage` (VirtualBox manual, "VBoxManage showvminfo", "controlvm").
//!
//! The shell gets a prompt that looks like nothing else, by the command that `ssh_options` gives for it.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        lines::{Lines, Question},
        pattern::whole,
        plug::{Notation, Plug},
        reading::{Refusals, Rows, Table, Words},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// The states of a domain. One that is on its way down, sleeps or has crashed may still hold its devices, so it is not off
/// for sure, and not on either.
const DOMAIN_STATES: Words = Words { on: &["running", "blocked", "idle", "paused"], off: &["shut off"] };

/// The answer names the domain, as that to `domstate` does not.
const DOMAIN: Question = Question::new(
    &[Say::line("{sudo}virsh dominfo {plug}")],
    Rows::new(r"State:\s+(?P<state>\S.*)", DOMAIN_STATES).names_itself(r"(?:Id|Name|UUID):\s+(?P<plug>\S.*)"),
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
const MACHINES: Rows = Rows::new(r#""(?P<plug>[^"]*)" \{(?P<name>[^}]*)\}"#, Words { on: &[], off: &[] });

const VBOX_REFUSALS: Refusals =
    Refusals::line(r"(?i)\berror:|command not found|: not found$|permission denied|no such file")
        .absent(r"(?i)error: Could not find a registered machine");

/// The states of a machine (VirtualBox SDK, MachineState). One that is saved goes on as it was when it is started.
const MACHINE_STATES: Words = Words { on: &["running", "paused"], off: &["powered off", "aborted"] };

/// The answer names the machine; among its many lines the state is the one with a time.
const MACHINE: Question = Question::new(
    &[Say::line("{sudo}{program} showvminfo {plug}")],
    Rows::new(r"State:\s+(?P<state>\S.*?) \(since .*\)", MACHINE_STATES)
        .names_itself(r"(?:Name|UUID):\s+(?P<plug>\S.*)"),
);

static VBOX_LINES: Lines = Lines::new(
    MACHINE,
    &[Say::line("{sudo}{program} startvm {plug} --type headless").slow()],
    &[Say::line("{sudo}{program} controlvm {plug} poweroff").slow()],
    &["exit"],
)
.writes(Notation::Quoted)
.refuses(VBOX_REFUSALS);

/// VirtualBox's list of machines, in which every line must be one. Its list of running ones tells no states: a machine that is
/// being started is in it, one that has left for another host is not. So each is asked for its own.
struct VirtualBox;

impl VirtualBox {
    fn machines(talk: &mut Talk<'_, '_>) -> Result<Table, Failure> {
        let say = Say::line("{sudo}{program} list vms");
        let answer = talk.say(&say, &Plug::default(), &VBOX_REFUSALS, &[])?.text;
        let row = whole(MACHINES.row);
        let stray = answer.lines().map(str::trim).find(|line| !line.is_empty() && !row.is_match(line));
        match stray {
            None => Ok(MACHINES.read(&answer)),
            Some(line) => Err(Failure::passing(
                Step::Parse,
                format!("a list of machines holds {:?}, which is none", one_line(line)),
            )),
        }
    }
}

impl Dialect for VirtualBox {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        VBOX_LINES.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        VBOX_LINES.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let mut outlets = Self::machines(talk)?.outlets();
        if states {
            VBOX_LINES.ask_each(talk, &mut outlets)?;
        }
        Ok(Some(outlets))
    }

    fn quit(&self) -> &'static [&'static str] {
        VBOX_LINES.quit()
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
