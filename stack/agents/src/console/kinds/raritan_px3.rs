//! Raritan PX2 and PX3 ("PX2/PX3 User Guide", "Using the Command Line Interface": `show outlets`, `power outlets`).
//!
//! An outlet is called by its number or its name, a group of outlets by its name. A group is off only when all of it is.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        pattern::whole,
        plug::{Notation, Plug},
        reading::{ON_OFF, Refusals, absent},
        step::Say,
        talk::Talk,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

const REFUSALS: Refusals = Refusals::line(
    r"(?i)^\s*(?:error|invalid|unknown|.*(?:not (?:found|permitted|allowed)|denied|failed|unrecognized))",
);

const OUTLET: &str = r"Outlet (?P<number>\d+)(?: - (?P<name>.*))?:";
const OUTLET_STATE: &str = r"Power state:\s*(?P<state>\S.*)";
const GROUP: &str = r"Outlet Group (?P<number>\d+) - (?P<name>.*):";
const GROUP_STATE: &str = r"State:\s*(?P<state>\S.*)";

/// What stands in a paragraph of an answer.
#[derive(Clone, Debug)]
struct Paragraph {
    number: String,
    name: String,
    state: PowerState,
}

/// The paragraphs of an answer: a line that begins each, and one in it that tells the state.
fn paragraphs(
    answer: &str,
    head: &'static str,
    state: &'static str,
    judge: fn(&str) -> PowerState,
) -> Vec<Paragraph> {
    let (head, state) = (whole(head), whole(state));
    let mut found: Vec<(Paragraph, usize)> = Vec::new();
    for line in answer.lines().map(str::trim) {
        if let Some(new) = head.captures(line) {
            let group =
                |name: &str| new.name(name).map(|found| found.as_str().trim().to_owned()).unwrap_or_default();
            let unknown = PowerState::Unknown("the device does not tell its state".to_owned());
            found.push((Paragraph { number: group("number"), name: group("name"), state: unknown }, 0));
        } else if let (Some((paragraph, states)), Some(told)) = (found.last_mut(), state.captures(line)) {
            *states += 1;
            let word = told.name("state").map_or("", |word| word.as_str());
            paragraph.state = match states {
                1 => judge(word),
                _ => PowerState::Unknown("the device tells two states of it".to_owned()),
            };
        }
    }
    found.into_iter().map(|(paragraph, _)| paragraph).collect()
}

/// `On`, `Off`.
fn outlet_state(word: &str) -> PowerState {
    ON_OFF.read(word)
}

/// `2 on`, `2 off`, `1 on, 1 off`.
fn group_state(text: &str) -> PowerState {
    let part = whole(r"(?i)(?P<count>[1-9]\d*) (?P<state>on|off)");
    let states: Option<Vec<PowerState>> = text
        .split(',')
        .map(|text| Some(ON_OFF.read(part.captures(text.trim())?.name("state")?.as_str())))
        .collect();
    match states.as_deref() {
        Some([]) | None => PowerState::Unknown(format!("the device says {:?} of a group", one_line(text))),
        Some(states) if states.contains(&PowerState::On) => PowerState::On,
        Some(_) => PowerState::Off,
    }
}

struct Px3;

impl Px3 {
    fn outlets(talk: &mut Talk<'_, '_>) -> Result<Vec<Paragraph>, Failure> {
        let answer = talk.say(&Say::line("show outlets"), &Plug::default(), &REFUSALS, &[])?;
        let outlets = paragraphs(&answer.text, OUTLET, OUTLET_STATE, outlet_state);
        if outlets.is_empty() {
            let seen = format!("the device lists no outlets, but says {:?}", one_line(&answer.text));
            return Err(Failure::passing(Step::Parse, seen));
        }
        Ok(outlets)
    }

    fn groups(talk: &mut Talk<'_, '_>) -> Result<Vec<Paragraph>, Failure> {
        // Firmware without groups does not know the command.
        let answer =
            talk.say(&Say::line("show outletgroups").may_fail(), &Plug::default(), &REFUSALS, &[])?;
        Ok(paragraphs(&answer.text, GROUP, GROUP_STATE, group_state))
    }

    /// The outlet or the group of a name, and what an order calls its kind.
    fn find(talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<(Paragraph, &'static str), Failure> {
        let outlets = Self::outlets(talk)?;
        let name = plug.name.as_str();
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        let found =
            the_only_one(&outlets, name, |outlet| if is_number { &outlet.number } else { &outlet.name })?;
        if let Some(outlet) = found {
            return Ok((outlet, "outlets"));
        }
        if !is_number && let Some(group) = the_only_one(&Self::groups(talk)?, name, |group| &group.name)? {
            return Ok((group, "outletgroup"));
        }
        Err(absent(name, "the device lists other outlets and groups, and not this one"))
    }
}

/// The only paragraph of this name.
fn the_only_one(
    all: &[Paragraph],
    wanted: &str,
    name: impl Fn(&Paragraph) -> &String,
) -> Result<Option<Paragraph>, Failure> {
    let mut found = all.iter().filter(|one| name(one) == wanted);
    match (found.next(), found.next()) {
        (first, None) => Ok(first.cloned()),
        _ => Err(Failure::lasting(
            Step::Command,
            format!("{wanted} is the name of several outlets; give the number"),
        )),
    }
}

impl Dialect for Px3 {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Ok(Self::find(talk, plug)?.0.state)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        let (found, kind) = Self::find(talk, plug)?;
        let plug = Plug { written: found.number, ..plug.clone() };
        let order = match (kind, wanted) {
            ("outlets", Wanted::On) => Say::line("power outlets {plug} on"),
            ("outlets", Wanted::Off) => Say::line("power outlets {plug} off"),
            (_, Wanted::On) => Say::line("power outletgroup {plug} on"),
            (_, Wanted::Off) => Say::line("power outletgroup {plug} off"),
        };
        talk.say(&order.until(r"Do you wish to [^\n]*[\])]"), &plug, &REFUSALS, &[])?;
        talk.say(&Say::line("y").slow(), &plug, &REFUSALS, &[])?;
        Ok(())
    }

    fn list(&self, talk: &mut Talk<'_, '_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let outlet = |one: Paragraph| Outlet { plug: one.number, alias: one.name, state: one.state };
        Ok(Some(Self::outlets(talk)?.into_iter().map(outlet).collect()))
    }

    fn quit(&self) -> &'static [&'static str] {
        &["exit"]
    }
}

static PX3: Px3 = Px3;

/// What `fence_raritan_px3` speaks to.
pub(crate) static RARITAN_PX3: Kind = Kind::new(Choice::Always(&PX3))
    .prompts_are(r".*\[My PDU\] #", &[r"\[My PDU\] #"])
    .plugs(Notation::Listed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_off_only_as_a_whole() {
        assert_eq!(group_state("2 on"), PowerState::On);
        assert_eq!(group_state("1 on, 1 off"), PowerState::On);
        assert_eq!(group_state("2 off"), PowerState::Off);
        for text in ["", "off", "0 off", "2 offline", "1 off, 1 unknown", "1 off and more"] {
            assert!(matches!(group_state(text), PowerState::Unknown(_)), "{text}");
        }
    }
}
