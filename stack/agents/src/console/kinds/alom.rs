//! Sun Advanced Lights Out Manager ("Sun Advanced Lights Out Manager User's Guide", `showplatform`, `poweron`, `poweroff`).
//!
//! The host runs on standby power when it is off. ALOM asks for name and password in the terminal even over SSH.

use crate::console::{
    kind::{Choice, Kind},
    lines::{Lines, Question},
    plug::Notation,
    reading::{Refusals, Rows, Words},
    step::Say,
};

const STATES: Words = Words {
    on: &["OS Running", "Running", "OS Stopped", "OS Booting", "OpenBoot Running", "OpenBoot initializing"],
    off: &["OS Standby", "Standby", "Powered off"],
};

/// The domains stand below a line, and there is one.
const PLATFORM: Question = Question::new(
    &[Say::line("showplatform")],
    Rows::new(r"(?:[^-\s]\S*)\s+(?P<state>[A-Za-z].*)", STATES).below(r"(?i)^Domain\s+Status$"),
);

static ALOM_LINES: Lines =
    Lines::new(PLATFORM, &[Say::line("poweron").slow()], &[Say::line("poweroff -f -y").slow()], &["logout"])
        .refuses(Refusals::line(
            r"(?i)^(?:error|invalid|unknown command|.*permission denied|.*not (?:allowed|authorized))",
        ));

/// What `fence_alom` speaks to.
pub(crate) static ALOM: Kind = Kind::new(Choice::Always(&ALOM_LINES))
    .prompts_are(r"['sc\\>\\ ']", &["sc> "])
    .ssh()
    .plugs(Notation::Single);
