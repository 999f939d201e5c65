//! The rules of a `device.toml`, checked.

use std::time::Duration;

use toml::Spanned;

use super::{bytes, bytes_or_none, command, not_empty, time, time_or, word};
use crate::error::{Error, suggest};
use crate::plant::Command;
use crate::spec::commands::CommandId;
use crate::spec::ipmi::{Answer, AnswerFields, Event, Match, Matched, Reset, Rule, State};
use crate::spec::load::Place;
use crate::spec::raw;
use crate::spec::text::{OneOrMany, WordOr, WordOrNumber};

pub(super) fn rule(raw: &Spanned<raw::Rule>, states: &[State], place: &Place<'_>) -> Result<Rule, Error> {
    let line = place.line(raw);
    let raw = raw.get_ref();
    let on = matching(&raw.on, place)?;
    let answer = answer(raw.answer.as_ref(), states, place)?;
    if on.what == Matched::Datagram && answer != Answer::Silence {
        let mend = "name a `command`, or answer with \"silence\"".to_owned();
        return Err(place.error(&raw.on, "a rule for every datagram can only be silent", Some(mend)));
    }
    if on.what == Matched::OpenSession {
        let refuses = matches!(&answer, Answer::Silence)
            || matches!(&answer, Answer::Fields(fields) if fields.completion.is_some_and(|code| code != 0));
        if !refuses {
            let mend =
                "answer = { completion = 0x01 } is \"insufficient resources to create a session\"".to_owned();
            return Err(place.error(&raw.on, "a rule for open-session refuses it or is silent", Some(mend)));
        }
    }
    if let Matched::Command(id) = on.what
        && id.is_session_layer()
    {
        let plain = match &answer {
            Answer::Silence => true,
            Answer::Fields(fields) => {
                fields.completion.is_none() && fields.data.is_none() && fields.state.is_none()
            }
        };
        if !plain || !on.data.is_empty() {
            let mend =
                "answer with \"silence\" or { delay = … }, or write a rule for \"open-session\"".to_owned();
            return Err(place.error(&raw.on, "what the session layer answers cannot be changed", Some(mend)));
        }
    }
    let moves = raw
        .moves
        .as_ref()
        .map(|text| word(text, &Command::ALL.map(|command| (command.name(), command)), place))
        .transpose()?;
    let reset_time = raw.reset_time.as_ref().map(|text| time(text, place)).transpose()?;
    let resets = match raw
        .resets
        .as_ref()
        .map(|text| word(text, &[("sessions", false), ("bmc", true)], place))
        .transpose()?
    {
        None | Some(false) if reset_time.is_some() => {
            return Err(place.error(&raw.on, "`reset-time` without resets = \"bmc\"", None));
        }
        None => None,
        Some(false) => Some(Reset::Sessions),
        Some(true) => Some(Reset::Bmc(reset_time.unwrap_or(Duration::from_secs(10)))),
    };
    let done = raw.done.unwrap_or(true);
    if let (false, Some(text)) = (done, raw.done_after.as_ref()) {
        return Err(place.error(
            text,
            "`done-after` of what is not done",
            Some("leave out `done = false` or `done-after`".to_owned()),
        ));
    }
    let changes =
        raw.answer.is_some() || !done || raw.done_after.is_some() || moves.is_some() || resets.is_some();
    if !changes {
        let mend = "say `answer`, `done`, `done-after`, `moves` or `resets`".to_owned();
        return Err(place.error(&raw.on, "a rule that changes nothing", Some(mend)));
    }
    Ok(Rule {
        on,
        answer,
        done,
        done_after: raw.done_after.as_ref().map(|text| time(text, place)).transpose()?,
        moves,
        resets,
        source: not_empty(&raw.source, place)?,
        line,
    })
}

fn matching(at: &Spanned<raw::On>, place: &Place<'_>) -> Result<Match, Error> {
    let raw = at.get_ref();
    let what = match &raw.command {
        None => Matched::Datagram,
        Some(at) => match at.get_ref() {
            WordOr::Word(word) if word == "open-session" => Matched::OpenSession,
            _ => {
                let id = command(at, place)?;
                Matched::Command(id)
            }
        },
    };
    let values = values(raw.value.as_ref(), what, place)?;
    let data = bytes_or_none(raw.data.as_ref(), place)?;
    if let (Some(text), false) = (&raw.data, matches!(what, Matched::Command(_))) {
        return Err(place.error(text, "`data` needs a `command`", None));
    }
    let events = [
        ("power-on", Event::PowerOn),
        ("power-off", Event::PowerOff),
        ("on-command", Event::OnCommand),
        ("off-command", Event::OffCommand),
        ("cycle-command", Event::CycleCommand),
        ("reset-command", Event::ResetCommand),
        ("bmc-reset", Event::BmcReset),
        ("start", Event::Start),
    ];
    let after = raw.after.as_ref().map(|text| word(text, &events, place)).transpose()?;
    if let (Some(text), None) = (&raw.window, after) {
        return Err(place.error(
            text,
            "`for` needs `after`",
            Some("for example after = \"power-on\"".to_owned()),
        ));
    }
    Ok(Match {
        what,
        values,
        data,
        while_power: raw.while_power,
        after,
        window: raw.window.as_ref().map(|text| time(text, place)).transpose()?,
        first: count(raw.first.as_ref(), place)?,
        nth: count(raw.nth.as_ref(), place)?,
        every: count(raw.every.as_ref(), place)?,
    })
}

fn count(number: Option<&Spanned<u32>>, place: &Place<'_>) -> Result<Option<u32>, Error> {
    match number {
        Some(number) if *number.get_ref() == 0 => Err(place.error(number, "a count begins at 1", None)),
        number => Ok(number.map(|number| *number.get_ref())),
    }
}

/// The numbers of Chassis Control (IPMI 2.0 table 28-4).
fn values(
    raw: Option<&Spanned<OneOrMany<WordOrNumber>>>,
    what: Matched,
    place: &Place<'_>,
) -> Result<Vec<u8>, Error> {
    let Some(at) = raw else { return Ok(Vec::new()) };
    if what != Matched::Command(CommandId::CHASSIS_CONTROL) {
        let mend = "use `data` for other commands".to_owned();
        return Err(place.error(at, "`value` is for command = \"chassis-control\"", Some(mend)));
    }
    const WORDS: [(&str, u8); 7] =
        [("off", 0), ("on", 1), ("cycle", 2), ("reset", 3), ("nmi", 4), ("diag", 4), ("soft-off", 5)];
    let mut values = Vec::new();
    for value in &at.get_ref().0 {
        values.push(match value {
            WordOrNumber::Number(number) => {
                u8::try_from(*number).map_err(|_| place.error(at, format!("{number} is no byte"), None))?
            }
            WordOrNumber::Word(word) => match WORDS.iter().find(|(name, _)| name == word) {
                Some((_, value)) => *value,
                None => {
                    let mend = suggest(word, WORDS.iter().map(|(name, _)| *name));
                    return Err(place.error(at, format!("unknown value `{word}`"), mend));
                }
            },
        });
    }
    if values.is_empty() {
        return Err(place.error(
            at,
            "an empty list of values",
            Some("leave `value` out for any value".to_owned()),
        ));
    }
    Ok(values)
}

fn answer(
    raw: Option<&Spanned<WordOr<raw::Answer>>>,
    states: &[State],
    place: &Place<'_>,
) -> Result<Answer, Error> {
    let Some(at) = raw else { return Ok(Answer::Fields(AnswerFields::default())) };
    let raw = match at.get_ref() {
        WordOr::Word(word) if word == "silence" => return Ok(Answer::Silence),
        WordOr::Word(word) => {
            return Err(place.error(
                at,
                format!("unknown answer `{word}`"),
                Some("write \"silence\" or { completion = … }".to_owned()),
            ));
        }
        WordOr::Table(table) => table,
    };
    let state = match &raw.state {
        None => None,
        Some(name) => match states.iter().position(|state| state.name == *name.get_ref()) {
            Some(index) => Some(index),
            None => {
                let mend = suggest(name.get_ref(), states.iter().map(|state| state.name.as_str()));
                return Err(place.error(name, format!("there is no state `{}`", name.get_ref()), mend));
            }
        },
    };
    Ok(Answer::Fields(AnswerFields {
        completion: raw.completion,
        data: raw.data.as_ref().map(|text| bytes(text, place)).transpose()?,
        state,
        delay: time_or(raw.delay.as_ref(), Duration::ZERO, place)?,
    }))
}
