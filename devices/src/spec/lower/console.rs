//! `[face.console]`, checked.

mod commands;
mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use fencelab_wire::serial::{Line as SerialLine, LineError};
use toml::Spanned;

use super::{rule, time, time_or, word};
use crate::error::{Error, suggest};
use crate::face::Carrier;
use crate::fault::CONSOLE_ERRORS;
use crate::spec::PlantSpec;
use crate::spec::console::{
    Appearance, Column, Console, Empty, Enter, Input, Login, Look, Mode, Pager, Sessions, Text, Words, text,
};
use crate::spec::load::Place;
use crate::spec::raw::{Text as Written, console as raw};
use crate::spec::rule::{Meaning, State};
use crate::spec::snmp::Pattern;
use crate::spec::text::{OneOrMany, WordOrNumber};

/// What stands for an error where the device's own words are not known.
const ERRORS: [(&str, &str); 4] = [
    ("denied", "Permission denied\n"),
    ("busy", "Device busy, try again later\n"),
    ("syntax", "Invalid command\n"),
    ("no-such-plug", "No such outlet\n"),
];

/// The ways in which the console is reached, each with its port.
pub(super) fn carriers(raw: &raw::Console, place: &Place<'_>) -> Result<Vec<(Carrier, u16)>, Error> {
    let words = Carrier::ALL.map(|carrier| (carrier.name(), carrier));
    let mut carriers = Vec::new();
    for text in raw.over.get_ref() {
        let carrier = word(text, &words, place)?;
        if carriers.iter().any(|(known, _)| *known == carrier) {
            return Err(place.error(text, format!("`{}` is there twice", carrier.name()), None));
        }
        carriers.push((carrier, raw.port.get(carrier.name()).copied().unwrap_or(carrier.port())));
    }
    if carriers.is_empty() {
        let mend = "write over = [\"telnet\"], \"ssh\", \"serial\" or \"rfc2217\"".to_owned();
        return Err(place.error(&raw.over, "a console that is not reached", Some(mend)));
    }
    Ok(carriers)
}

/// Reads texts; keeps the templates of all of them.
struct Reader<'a, 'p> {
    texts: text::Builder,
    /// What may be typed, by the names of the patterns.
    typed: BTreeSet<String>,
    place: &'a Place<'p>,
}

impl Reader<'_, '_> {
    fn text(&mut self, written: &Written) -> Result<Text, Error> {
        let typed = &self.typed;
        let known = |name: &str| text::NAMES.contains(&name) || typed.contains(name);
        let source = written.get_ref();
        self.texts.text(source, &known).map_err(|error| {
            let line = error.line.map_or_else(String::new, |line| format!(" in line {line} of the text"));
            let names: Vec<&str> = text::NAMES
                .into_iter()
                .filter(|name| *name != "loop")
                .chain(typed.iter().map(String::as_str))
                .collect();
            let mend =
                error.what.starts_with("there is no `").then(|| format!("there is: {}", names.join(", ")));
            self.place.error(written, format!("{}{line}", error.what), mend)
        })
    }

    fn maybe(&mut self, written: Option<&Written>) -> Result<Option<Text>, Error> {
        written.map(|written| self.text(written)).transpose()
    }

    fn or(&mut self, written: Option<&Written>, otherwise: &str) -> Result<Text, Error> {
        Ok(self.maybe(written)?.unwrap_or_else(|| Text::Plain(otherwise.to_owned())))
    }
}

pub(super) fn face(raw: &raw::Console, plant: &PlantSpec, place: &Place<'_>) -> Result<Console, Error> {
    let patterns = commands::patterns(raw, place)?;
    let typed = patterns.iter().flatten().flatten().flat_map(|pattern| pattern.capture_names().flatten());
    let typed = typed.map(str::to_owned).collect();
    let mut reader = Reader { texts: text::Builder::new(), typed, place };
    let words = words(&raw.words, place)?;
    let states = states(raw, &words, place)?;
    let modes = commands::modes(raw, patterns, &mut reader)?;
    let mut errors = Vec::new();
    for (name, text) in &raw.errors {
        known_error(text, name, place)?;
        errors.push((name.clone(), reader.text(text)?));
    }
    for (name, usual) in ERRORS {
        if !raw.errors.contains_key(name) {
            let own = match name {
                "syntax" => raw.unknown.as_ref(),
                "no-such-plug" => raw.absent.as_ref(),
                _ => None,
            };
            errors.push((name.to_owned(), reader.or(own, usual)?));
        }
    }
    let dialect = rules::Dialect { modes: &modes, plant, reader: std::cell::RefCell::new(&mut reader) };
    let rules =
        raw.rule.iter().map(|raw| rule::rule(&dialect, raw, &states, place)).collect::<Result<_, _>>()?;
    Ok(Console {
        negotiates: raw.negotiates.unwrap_or(true),
        eol: raw.eol.as_ref().map_or_else(|| "\r\n".to_owned(), |eol| eol.get_ref().clone()),
        enter: enter(raw.enter.as_ref(), place)?,
        echo: raw.echo.unwrap_or(true),
        columns: positive(raw.columns.as_ref(), place)?,
        pace: raw.pace.as_ref().map(|pace| *pace.get_ref()).filter(|pace| *pace > 0),
        line: raw.line.as_ref().map_or(Ok(SerialLine::default()), |line| serial_line(line, place))?,
        greeting: reader.maybe(raw.greeting.as_ref())?,
        welcome: reader.maybe(raw.welcome.as_ref())?,
        login: raw.login.as_ref().map(|login| self::login(login, &mut reader)).transpose()?,
        sessions: sessions(&raw.sessions, &mut reader)?,
        words,
        columns_of: columns(raw, plant, place)?,
        errors,
        modes,
        states,
        rules,
        texts: reader.texts.build(),
    })
}

/// Whether consoles have an error of this name.
fn known_error(at: &Written, name: &str, place: &Place<'_>) -> Result<(), Error> {
    if CONSOLE_ERRORS.contains(&name) {
        return Ok(());
    }
    Err(place.error(at, format!("there is no error `{name}`"), suggest(name, CONSOLE_ERRORS)))
}

fn positive(number: Option<&Spanned<u16>>, place: &Place<'_>) -> Result<Option<u16>, Error> {
    match number {
        Some(number) if *number.get_ref() == 0 => Err(place.error(number, "a number from 1 is wanted", None)),
        number => Ok(number.map(|number| *number.get_ref())),
    }
}

fn serial_line(text: &Written, place: &Place<'_>) -> Result<SerialLine, Error> {
    text.get_ref().parse().map_err(|error: LineError| place.error(text, error.to_string(), None))
}

fn enter(text: Option<&Written>, place: &Place<'_>) -> Result<Enter, Error> {
    let words = [("any", Enter::Any), ("cr", Enter::Cr), ("lf", Enter::Lf), ("each", Enter::Each)];
    text.map_or(Ok(Enter::Any), |text| word(text, &words, place))
}

fn words(raw: &raw::Words, place: &Place<'_>) -> Result<Words, Error> {
    let (on, off) = (raw.on.get_ref().clone(), raw.off.get_ref().clone());
    if on == off {
        return Err(place.error(&raw.off, "on and off look alike", None));
    }
    let word = |text: &Option<Written>| text.as_ref().map(|text| text.get_ref().clone());
    Ok(Words { on, off, turning_on: word(&raw.turning_on), turning_off: word(&raw.turning_off) })
}

fn login(raw: &raw::Login, reader: &mut Reader<'_, '_>) -> Result<Login, Error> {
    let place = reader.place;
    Ok(Login {
        user: reader.maybe(raw.user.as_ref())?,
        password: reader.maybe(raw.password.as_ref())?,
        refused: reader.or(raw.refused.as_ref(), "\nLogin incorrect\n")?,
        locked: reader.or(raw.locked.as_ref(), "")?,
        tries: raw.tries.as_ref().map_or(3, |tries| *tries.get_ref()).max(1),
        lockout: time_or(raw.lockout.as_ref(), Duration::ZERO, place)?,
        mask: raw.mask.as_ref().map_or_else(String::new, |mask| mask.get_ref().clone()),
        delay: time_or(raw.delay.as_ref(), Duration::ZERO, place)?,
        asks_over_ssh: raw.asks_over_ssh.unwrap_or(false),
        users: raw.users.clone().unwrap_or_else(|| vec!["lab".to_owned()]),
    })
}

fn sessions(raw: &raw::Sessions, reader: &mut Reader<'_, '_>) -> Result<Sessions, Error> {
    Ok(Sessions {
        limit: positive(raw.limit.as_ref(), reader.place)?.map_or(64, usize::from),
        counts_half_open: raw.half_open.unwrap_or(false),
        busy: reader.maybe(raw.busy.as_ref())?,
        idle: raw.idle.as_ref().map(|text| time(text, reader.place)).transpose()?,
        idle_text: reader.maybe(raw.idle_text.as_ref())?,
    })
}

fn pager(raw: &raw::Pager, place: &Place<'_>) -> Result<Pager, Error> {
    Ok(Pager {
        lines: positive(Some(&raw.lines), place)?.map_or(1, usize::from),
        prompt: raw.prompt.get_ref().clone(),
        quit: raw.quit.as_ref().map(|text| key(text, place)).transpose()?,
        erase: raw.erase.as_ref().map_or_else(|| "\n".to_owned(), |text| text.get_ref().clone()),
    })
}

/// A key: a character, or a control character as `^C`.
fn key(text: &Written, place: &Place<'_>) -> Result<u8, Error> {
    match text.get_ref().as_bytes() {
        [byte] => Ok(*byte),
        [b'^', byte @ b'?'..=b'_'] => Ok(byte ^ 0x40),
        _ => {
            let mend = "write one character, or for example ^C, ^[ (escape), ^M (enter)".to_owned();
            Err(place.error(text, format!("`{}` is no key", text.get_ref()), Some(mend)))
        }
    }
}

fn columns(raw: &raw::Console, plant: &PlantSpec, place: &Place<'_>) -> Result<Vec<(String, Column)>, Error> {
    let mut columns = Vec::new();
    for (name, at) in &raw.plug {
        if ["id", "place", "shows", "power"].contains(&name.as_str()) {
            return Err(place.error(at, format!("every plug has `{name}` anyway"), None));
        }
        let OneOrMany(written) = at.get_ref();
        let text = |word: &WordOrNumber| match word {
            WordOrNumber::Word(word) => word.clone(),
            WordOrNumber::Number(number) => number.to_string(),
        };
        let column = match written.as_slice() {
            [one] => Column::Pattern(Pattern::parse(&text(one)).map_err(|what| place.error(at, what, None))?),
            many if many.len() == plant.plugs.len() => Column::List(many.iter().map(text).collect()),
            many => {
                let what = format!("{} texts for {} plugs", many.len(), plant.plugs.len());
                return Err(place.error(at, what, Some("give one for each, or a pattern".to_owned())));
            }
        };
        columns.push((name.clone(), column));
    }
    Ok(columns)
}

fn states(raw: &raw::Console, words: &Words, place: &Place<'_>) -> Result<Vec<Look>, Error> {
    let seen = |seen: &raw::Seen| Ok(Appearance { shows: seen.shows.get_ref().clone() });
    let states = rule::states(&raw.state, seen, place)?;
    if !states.is_empty() {
        return Ok(states);
    }
    let state = |name: &str, means, word: &str| Look {
        state: State { name: name.to_owned(), means, source: "the words of the console".to_owned() },
        seen: vec![Appearance { shows: word.to_owned() }],
    };
    Ok(vec![state("power-on", Meaning::On, &words.on), state("power-off", Meaning::Off, &words.off)])
}

/// A mode with what is in it, but for its commands.
fn mode(
    raw: &raw::Mode,
    whole: &raw::Console,
    commands: Vec<crate::spec::console::Command>,
    reader: &mut Reader<'_, '_>,
) -> Result<Mode, Error> {
    let place = reader.place;
    let inputs = [("line", Input::Line), ("key", Input::Key)];
    let empties = [("prompt", Empty::Prompt), ("text", Empty::Text), ("command", Empty::Command)];
    let unknown = raw.unknown.as_ref().or(whole.unknown.as_ref());
    let pages = raw.pager.as_ref().or(whole.pager.as_ref());
    Ok(Mode {
        name: raw.name.get_ref().clone(),
        prompt: reader.or(raw.prompt.as_ref(), "")?,
        text: reader.maybe(raw.text.as_ref())?,
        input: raw.input.as_ref().map_or(Ok(Input::Line), |text| word(text, &inputs, place))?,
        empty: raw.empty.as_ref().map_or(Ok(Empty::Prompt), |text| word(text, &empties, place))?,
        unknown: reader.or(unknown, "Invalid command\n")?,
        pager: pages.map(|raw| pager(raw, place)).transpose()?,
        commands,
    })
}
