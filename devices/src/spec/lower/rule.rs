//! States and rules of a `device.toml`, checked: what all faces share.

use std::time::Duration;

use toml::Spanned;

use super::{not_empty, time, time_or, word};
use crate::error::{Error, suggest};
use crate::plant::Command;
use crate::spec::load::Place;
use crate::spec::raw::Text;
use crate::spec::raw::rule::{Rule as RawRule, State as RawState, Timed};
use crate::spec::rule::{Answer, Event, Look, Reset, Rule, Say, State, When};
use crate::spec::text::WordOr;

/// What a protocol adds to a rule.
pub(super) trait Dialect {
    /// The table `on` as written.
    type On: Timed;
    /// The table `answer` as written.
    type Answer;
    /// What is matched.
    type Match;
    /// What is changed.
    type Fields: Default;

    fn matching(&self, on: &Spanned<Self::On>, place: &Place<'_>) -> Result<Self::Match, Error>;

    /// `state` and `delay` of an answer.
    fn common(answer: &Self::Answer) -> (Option<&Text>, Option<&Text>);

    fn fields(
        &self,
        answer: &Self::Answer,
        what: &Self::Match,
        place: &Place<'_>,
    ) -> Result<Self::Fields, Error>;

    /// What does not go together.
    fn check(
        &self,
        on: &Spanned<Self::On>,
        what: &Self::Match,
        answer: &Answer<Self::Fields>,
        place: &Place<'_>,
    ) -> Result<(), Error>;

    /// How an answer is written, for an error.
    const ANSWER: &'static str;
}

pub(super) fn rule<D: Dialect, A>(
    dialect: &D,
    raw: &Spanned<RawRule<D::On, D::Answer>>,
    states: &[Look<A>],
    place: &Place<'_>,
) -> Result<Rule<D::Match, D::Fields>, Error> {
    let line = place.line(raw);
    let raw = raw.get_ref();
    let what = dialect.matching(&raw.on, place)?;
    let on = when(what, raw.on.get_ref(), place)?;
    let answer = answer(dialect, raw.answer.as_ref(), &on.what, states, place)?;
    dialect.check(&raw.on, &on.what, &answer, place)?;
    let moves = raw
        .moves
        .as_ref()
        .map(|text| word(text, &Command::ALL.map(|command| (command.name(), command)), place))
        .transpose()?;
    let resets = resets(raw, place)?;
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

fn resets<O, A>(raw: &RawRule<O, A>, place: &Place<'_>) -> Result<Option<Reset>, Error> {
    let reset_time = raw.reset_time.as_ref().map(|text| time(text, place)).transpose()?;
    let word = raw.resets.as_ref().map(|text| word(text, &[("sessions", false), ("bmc", true)], place));
    Ok(match word.transpose()? {
        None | Some(false) if reset_time.is_some() => {
            return Err(place.error(&raw.on, "`reset-time` without resets = \"bmc\"", None));
        }
        None => None,
        Some(false) => Some(Reset::Sessions),
        Some(true) => Some(Reset::Bmc(reset_time.unwrap_or(Duration::from_secs(10)))),
    })
}

fn when<M>(what: M, on: &impl Timed, place: &Place<'_>) -> Result<When<M>, Error> {
    let timing = on.timing();
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
    let after = timing.after.map(|text| word(text, &events, place)).transpose()?;
    if let (Some(text), None) = (timing.window, after) {
        return Err(place.error(
            text,
            "`for` needs `after`",
            Some("for example after = \"power-on\"".to_owned()),
        ));
    }
    Ok(When {
        what,
        while_power: timing.while_power,
        after,
        window: timing.window.map(|text| time(text, place)).transpose()?,
        first: count(timing.first, place)?,
        nth: count(timing.nth, place)?,
        every: count(timing.every, place)?,
    })
}

fn count(number: Option<&Spanned<u32>>, place: &Place<'_>) -> Result<Option<u32>, Error> {
    match number {
        Some(number) if *number.get_ref() == 0 => Err(place.error(number, "a count begins at 1", None)),
        number => Ok(number.map(|number| *number.get_ref())),
    }
}

fn answer<D: Dialect, A>(
    dialect: &D,
    raw: Option<&Spanned<WordOr<D::Answer>>>,
    what: &D::Match,
    states: &[Look<A>],
    place: &Place<'_>,
) -> Result<Answer<D::Fields>, Error> {
    let Some(at) = raw else {
        return Ok(Answer::Say(Say { state: None, delay: Duration::ZERO, fields: D::Fields::default() }));
    };
    let raw = match at.get_ref() {
        WordOr::Word(word) if word == "silence" => return Ok(Answer::Silence),
        WordOr::Word(word) => {
            let mend = format!("write \"silence\" or {}", D::ANSWER);
            return Err(place.error(at, format!("unknown answer `{word}`"), Some(mend)));
        }
        WordOr::Table(table) => table,
    };
    let (state, delay) = D::common(raw);
    let state = match state {
        None => None,
        Some(name) => match states.iter().position(|look| look.state.name == *name.get_ref()) {
            Some(index) => Some(index),
            None => {
                let mend = suggest(name.get_ref(), states.iter().map(|look| look.state.name.as_str()));
                return Err(place.error(name, format!("there is no state `{}`", name.get_ref()), mend));
            }
        },
    };
    Ok(Answer::Say(Say {
        state,
        delay: time_or(delay, Duration::ZERO, place)?,
        fields: dialect.fields(raw, what, place)?,
    }))
}

/// The documented states; `seen` reads one appearance.
pub(super) fn states<S, A>(
    raw: &[RawState<S>],
    mut seen: impl FnMut(&S) -> Result<A, Error>,
    place: &Place<'_>,
) -> Result<Vec<Look<A>>, Error> {
    let mut states: Vec<Look<A>> = Vec::new();
    for raw in raw {
        let name = raw.name.get_ref();
        if name.is_empty()
            || name.trim() != name
            || name.len() > 64
            || name.contains(['(', ')', '@', ',', '+', '"'])
            || name.contains(char::is_control)
        {
            let mend = "a name of 1 to 64 characters without ( ) @ , + \" is wanted".to_owned();
            return Err(place.error(&raw.name, format!("`{name}` is no name for a state"), Some(mend)));
        }
        if states.iter().any(|other| other.state.name == *name) {
            return Err(place.error(&raw.name, format!("the state `{name}` is there twice"), None));
        }
        let seen = raw.seen.iter().map(&mut seen).collect::<Result<_, _>>()?;
        let source = not_empty(&raw.source, place)?;
        states.push(Look { state: State { name: name.clone(), means: raw.means, source }, seen });
    }
    Ok(states)
}
