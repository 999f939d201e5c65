//! The menus of APC's MasterSwitch, MasterSwitch plus and rack PDUs before AOS 5 ("MasterSwitch Power Distribution Unit User's
//! Guide", "Control Console").
//!
//! Entries are chosen by what they are called, not by their number, which differs between models and between users and
//! administrators. Ctrl-C leads back to the main menu from anywhere.

use crate::{
    console::{
        dialect::Dialect,
        pattern::{Ending, has, regex},
        plug::Plug,
        reading::{Rows, Words},
        talk::Talk,
        terminal::{Expected, Pager, Repeats},
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

pub(super) static MENU: Menu = Menu;

/// An outlet that has an order outstanding is marked with an asterisk, and so is neither on nor off.
const ROWS: Rows = Rows::new(
    r"(?P<plug>\d+)- (?P<name>.*?)\s+(?P<state>(?:ON|OFF)\*?)",
    Words { on: &["ON"], off: &["OFF"] },
);

/// The last line of each screen, and the prompt below it.
pub(super) const FOOT: &str = r"<ENTER>- Refresh[^\n]*\n+>";

const PAGER: &str = r"Press <ENTER>[^\n]*";

/// Ctrl-C.
const TO_MAIN: &str = "\u{3}";

pub(super) struct Menu;

impl Menu {
    /// From the main menu to the list of outlets, and that list.
    fn outlets(talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<String, Failure> {
        let devices = enter(talk, "1")?;
        let switch = plug.switch.as_deref().unwrap_or("1");
        if has(r"(?im)^\s*\d+- MasterSwitch plus", &devices) {
            if plug.switch.is_none() && has(r"(?im)^\s*\d+- MasterSwitch plus 2", &devices) {
                let seen = "there are several switches: say which one (switch, -s, or a plug like 1:3)";
                return Err(Failure::lasting(Step::Command, seen));
            }
            // The first of them may have no number.
            let of_switch = |label: &str| {
                let number =
                    label.get("MasterSwitch plus".len()..).and_then(|rest| rest.split_whitespace().next());
                number.unwrap_or("1") == switch
            };
            let entry = entry(&devices, r"(?i)^MasterSwitch plus", of_switch)?;
            return enter(talk, &entry);
        }
        if plug.switch.as_deref().is_some_and(|switch| switch != "1") {
            return Err(Failure::lasting(Step::Command, format!("this device has no switch {switch}")));
        }
        let mut menu = devices;
        if let Ok(management) = entry(&menu, r"(?i)^Outlet Management", |_| true) {
            menu = enter(talk, &management)?;
        }
        let control = entry(&menu, r"(?i)^Outlet Control", |_| true)?;
        enter(talk, &control)
    }

    fn back(talk: &mut Talk<'_, '_>) -> Result<(), Failure> {
        let endings = talk.terminal.prompts.clone();
        let shown = talk.exchange(
            TO_MAIN,
            true,
            false,
            &Expected { endings: &endings, pagers: &[], repeats: Repeats::Never },
        )?;
        if has("- Logout", &shown.text) {
            return Ok(());
        }
        Err(Failure::passing(Step::Command, "Ctrl-C does not lead back to the main menu"))
    }
}

impl Dialect for Menu {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        let listing = Self::outlets(talk, plug)?;
        let row = ROWS.find(&listing, plug)?;
        Self::back(talk)?;
        Ok(row.state)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        let listing = Self::outlets(talk, plug)?;
        // The number is an entry of a menu, too: it must be that of an outlet.
        ROWS.find(&listing, plug)?;
        let mut menu = enter(talk, &plug.written)?;
        let order = match wanted {
            Wanted::On => r"(?i)^Immediate On\b",
            Wanted::Off => r"(?i)^Immediate Off\b",
        };
        if entry(&menu, order, |_| true).is_err() {
            let control = entry(&menu, r"(?i)^(?:Control Outlet|Outlet Control)", |_| true)?;
            menu = enter(talk, &control)?;
        }
        let order = entry(&menu, order, |_| true)?;
        let asked = until(talk, &order, r"Enter 'YES' to continue or <ENTER> to cancel :")?;
        check_outlet(&asked, plug)?;
        until(talk, "YES", PAGER)?;
        enter(talk, "")?;
        Self::back(talk)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let plug = Plug { switch: talk.settings.switch.clone(), ..Plug::default() };
        let listing = Self::outlets(talk, &plug)?;
        Self::back(talk)?;
        Ok(Some(ROWS.read(&listing).outlets()))
    }

    fn quit(&self) -> &'static [&'static str] {
        &["4"]
    }
}

/// Chooses an entry, and hears the screen behind it to its last page.
fn enter(talk: &mut Talk<'_, '_>, entry: &str) -> Result<String, Failure> {
    let endings = talk.terminal.prompts.clone();
    let pagers = [Pager { ending: Ending::telling(PAGER), say: "\r\n" }];
    Ok(talk
        .exchange(
            entry,
            false,
            true,
            &Expected { endings: &endings, pagers: &pagers, repeats: Repeats::Never },
        )?
        .text)
}

/// Says something that leads to a question.
fn until(talk: &mut Talk<'_, '_>, line: &str, question: &str) -> Result<String, Failure> {
    let mut endings = vec![Ending::telling(question)];
    endings.extend(talk.terminal.prompts.iter().cloned());
    let answer = talk.exchange(
        line,
        false,
        true,
        &Expected { endings: &endings, pagers: &[], repeats: Repeats::Never },
    )?;
    if answer.ending == 0 {
        return Ok(answer.text);
    }
    let seen = format!("the menu does not ask back, but shows {:?}", one_line(&answer.text));
    Err(Failure::lasting(Step::Command, seen))
}

/// The number of the only entry that is called so.
fn entry(menu: &str, label: &'static str, is: impl Fn(&str) -> bool) -> Result<String, Failure> {
    let (entries, label) = (regex(r"(?m)^[ ]*(?P<number>\d+)- (?P<label>[^\n]*)$"), regex(label));
    let mut found = entries.captures_iter(menu).filter_map(|entry| {
        let (number, text) = (entry.name("number")?.as_str(), entry.name("label")?.as_str().trim());
        (label.is_match(text) && is(text)).then(|| number.to_owned())
    });
    match (found.next(), found.next()) {
        (Some(number), None) => Ok(number),
        (None, _) => Err(missing(menu, "the menu has no such entry")),
        (Some(_), Some(_)) => Err(missing(menu, "the menu has several such entries")),
    }
}

fn missing(menu: &str, what: &str) -> Failure {
    Failure::lasting(Step::Parse, format!("{what}; it shows {:?}", one_line(menu)))
}

/// The question names the outlet on most devices. If it names another one, the answer is not YES.
fn check_outlet(question: &str, plug: &Plug) -> Result<(), Failure> {
    let named = regex(r"(?i)\boutlet (?P<plug>\d+) named\b");
    let other = named
        .captures_iter(question)
        .filter_map(|found| found.name("plug"))
        .find(|other| other.as_str() != plug.name);
    match other {
        None => Ok(()),
        Some(other) => Err(Failure::lasting(
            Step::Command,
            format!("the device asks about outlet {} instead of {}", other.as_str(), plug.name),
        )),
    }
}
