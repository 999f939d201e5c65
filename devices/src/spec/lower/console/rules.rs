//! Rules of a console.

use std::cell::RefCell;

use toml::Spanned;

use super::{Reader, known_error};
use crate::error::{Error, suggest};
use crate::spec::PlantSpec;
use crate::spec::console::{Asked, Fields, Mode};
use crate::spec::load::Place;
use crate::spec::lower::{plugs, rule};
use crate::spec::raw::{Text, console as raw};
use crate::spec::rule::Answer;

/// Rules about these commands.
pub(super) struct Dialect<'a, 'r, 'p> {
    pub(super) modes: &'a [Mode],
    pub(super) plant: &'a PlantSpec,
    pub(super) reader: RefCell<&'a mut Reader<'r, 'p>>,
}

impl rule::Dialect for Dialect<'_, '_, '_> {
    type On = raw::On;
    type Answer = raw::Answer;
    type Match = Asked;
    type Fields = Fields;

    const ANSWER: &'static str = "{ text = \"…\" }";

    fn matching(&self, at: &Spanned<raw::On>, place: &Place<'_>) -> Result<Asked, Error> {
        let raw = at.get_ref();
        let names = || self.modes.iter().flat_map(|mode| &mode.commands).map(|command| command.name.as_str());
        if let Some(text) = &raw.command
            && !names().any(|name| name == text.get_ref())
        {
            let mend = suggest(text.get_ref(), names().collect::<Vec<_>>());
            return Err(place.error(text, format!("there is no command `{}`", text.get_ref()), mend));
        }
        let plugs = plugs(raw.plug.as_ref(), self.plant, place)?;
        Ok(Asked { command: raw.command.as_ref().map(|text| text.get_ref().clone()), plugs })
    }

    fn common(answer: &raw::Answer) -> (Option<&Text>, Option<&Text>) {
        (answer.state.as_ref(), answer.delay.as_ref())
    }

    fn fields(&self, answer: &raw::Answer, _: &Asked, place: &Place<'_>) -> Result<Fields, Error> {
        let text = answer.text.as_ref().map(|text| self.reader.borrow_mut().text(text)).transpose()?;
        if let Some(text) = &answer.error {
            known_error(text, text.get_ref(), place)?;
        }
        Ok(Fields { text, error: answer.error.as_ref().map(|text| text.get_ref().clone()) })
    }

    fn check(&self, _: &Spanned<raw::On>, _: &Asked, _: &Answer<Fields>, _: &Place<'_>) -> Result<(), Error> {
        Ok(())
    }
}
