//! Rules of a console.

use std::cell::RefCell;

use toml::Spanned;

use super::Reader;
use crate::error::{Error, suggest};
use crate::fault::CONSOLE_ERRORS;
use crate::spec::PlantSpec;
use crate::spec::console::{Asked, Fields, Mode};
use crate::spec::load::Place;
use crate::spec::lower::plug;
use crate::spec::lower::rule;
use crate::spec::raw::{Text, console as raw};
use crate::spec::rule::Answer;
use crate::spec::text::WordOrNumber;

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
        let mut plugs = Vec::new();
        if let Some(at) = &raw.plug {
            for name in &at.get_ref().0 {
                let name = match name {
                    WordOrNumber::Word(name) => name.clone(),
                    WordOrNumber::Number(number) => number.to_string(),
                };
                plugs.push(plug(at, &name, self.plant, place)?);
            }
        }
        Ok(Asked { command: raw.command.as_ref().map(|text| text.get_ref().clone()), plugs })
    }

    fn common(answer: &raw::Answer) -> (Option<&Text>, Option<&Text>) {
        (answer.state.as_ref(), answer.delay.as_ref())
    }

    fn fields(&self, answer: &raw::Answer, _: &Asked, place: &Place<'_>) -> Result<Fields, Error> {
        let text = answer.text.as_ref().map(|text| self.reader.borrow_mut().text(text)).transpose()?;
        if let Some(text) = &answer.error
            && !CONSOLE_ERRORS.contains(&text.get_ref().as_str())
        {
            let mend = suggest(text.get_ref(), CONSOLE_ERRORS);
            return Err(place.error(text, format!("there is no error `{}`", text.get_ref()), mend));
        }
        Ok(Fields { text, error: answer.error.as_ref().map(|text| text.get_ref().clone()) })
    }

    fn check(&self, _: &Spanned<raw::On>, _: &Asked, _: &Answer<Fields>, _: &Place<'_>) -> Result<(), Error> {
        Ok(())
    }
}
