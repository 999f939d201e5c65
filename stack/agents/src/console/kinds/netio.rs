//! Koukaam NETIO-230 ("NETIO-230B manual", the KSHELL protocol): one line each way, a number and a text in each reply.
//!
//! There is no prompt. A reply is a line that begins with three digits, and it does not say what it is about, so after
//! anything odd the session is given up.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind, Login},
        lines::{Lines, Question},
        pattern::whole,
        plug::{Notation, Plug},
        reading::{Refusals, Rows, Words, absent, not_asked},
        step::Say,
        talk::Talk,
    },
    failure::Failure,
    fence::{Outlet, PowerState, Wanted},
};

/// Other replies are for outlets that are switched by hand, by a timer, or just being restarted.
const STATE: Question = Question::new(
    &[Say::line("port {plug}")],
    Rows::new(r"250 (?P<state>\S+)", Words { on: &["1"], off: &["0"] }),
);

const REFUSALS: Refusals = Refusals::line(r"^[45]\d\d ").taken(r"^250 OK");

static LINES: Lines =
    Lines::new(STATE, &[Say::line("port {plug} 1").slow()], &[Say::line("port {plug} 0").slow()], &["quit"])
        .refuses(REFUSALS);

/// It has four outlets.
const OUTLETS: [&str; 4] = ["1", "2", "3", "4"];

struct Netio;

impl Netio {
    fn check(plug: &Plug) -> Result<(), Failure> {
        if OUTLETS.contains(&plug.name.as_str()) {
            return Ok(());
        }
        Err(absent(&plug.name, "the device has outlets 1 to 4"))
    }
}

impl Dialect for Netio {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Self::check(plug)?;
        LINES.power(talk, plug)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        Self::check(plug)?;
        LINES.set(talk, plug, wanted)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let mut outlets = Vec::new();
        for number in OUTLETS {
            let plug = Plug { name: number.to_owned(), written: number.to_owned(), switch: None };
            let setup = talk.say(&Say::line("port setup {plug}"), &plug, &REFUSALS, &[])?.text;
            // The name stands first, in quotes.
            let name = whole(r#"250 "(?P<name>[^"]*)".*"#);
            let alias = setup
                .lines()
                .find_map(|line| Some(name.captures(line.trim())?.name("name")?.as_str().to_owned()));
            let state = if states { self.power(talk, &plug)? } else { not_asked() };
            outlets.push(Outlet { plug: plug.name, alias: alias.unwrap_or_default(), state });
        }
        Ok(Some(outlets))
    }

    fn quit(&self) -> &'static [&'static str] {
        LINES.quit()
    }
}

static NETIO_230: Netio = Netio;

/// What `fence_netio` speaks to.
pub(crate) static NETIO: Kind = Kind::new(Choice::Always(&NETIO_230))
    .telling(&[r"(?:^|\n)\d{3} [^\n]*\n+"])
    .telnet()
    .port(Some("1234"))
    .login(Login::Netio)
    .plugs(Notation::Number);
