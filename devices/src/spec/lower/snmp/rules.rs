//! States and rules in SNMP's words.

use fencelab_wire::snmp::Value;
use toml::Spanned;

use super::object::by_name;
use super::{failure, one_value, value};
use crate::error::Error;
use crate::spec::PlantSpec;
use crate::spec::load::Place;
use crate::spec::lower::plugs;
use crate::spec::lower::rule::Dialect;
use crate::spec::lower::word;
use crate::spec::raw::{Text, snmp as raw};
use crate::spec::rule::Answer;
use crate::spec::snmp::{About, Appearance, Asked, Asking, Fields, Object};
use crate::spec::text::WordOrNumber;

pub(super) fn appearance(
    raw: &raw::Seen,
    objects: &[Object],
    place: &Place<'_>,
) -> Result<Appearance, Error> {
    let object = by_name(&raw.object, objects, place)?;
    let kind = objects.get(object).map(|object| object.kind);
    let shown = match (&raw.value, &raw.error, kind) {
        (Some(at), None, Some(kind)) => Ok(value(at, kind, false, place)?),
        (None, Some(text), _) => Err(failure(text, place)?),
        _ => {
            let mend = "say one of `value` and `error`".to_owned();
            return Err(place.error(&raw.object, "an appearance has a value or an error", Some(mend)));
        }
    };
    Ok(Appearance { object, shown })
}

/// Rules about these objects.
pub(super) struct Snmp<'a> {
    pub(super) objects: &'a [Object],
    pub(super) plant: &'a PlantSpec,
}

impl Snmp<'_> {
    fn about(&self, text: &Text, place: &Place<'_>) -> Result<About, Error> {
        match text.get_ref().parse() {
            Ok(subtree) if !self.objects.iter().any(|object| object.name == *text.get_ref()) => {
                Ok(About::Subtree(subtree))
            }
            _ => by_name(text, self.objects, place).map(About::Object),
        }
    }

    fn object(&self, about: Option<&About>) -> Option<&Object> {
        match about {
            Some(About::Object(index)) => self.objects.get(*index),
            _ => None,
        }
    }

    fn values(&self, raw: &raw::On, about: Option<&About>, place: &Place<'_>) -> Result<Vec<Value>, Error> {
        let Some(at) = &raw.value else { return Ok(Vec::new()) };
        let Some(object) = self.object(about) else {
            let mend = "name a described object whose type the value has".to_owned();
            return Err(place.error(at, "`value` needs an `object`", Some(mend)));
        };
        let read = |written: &WordOrNumber| {
            one_value(written, object.kind, false).map_err(|what| place.error(at, what, None))
        };
        at.get_ref().0.iter().map(read).collect()
    }
}

impl Dialect for Snmp<'_> {
    type On = raw::On;
    type Answer = raw::Answer;
    type Match = Asked;
    type Fields = Fields;

    const ANSWER: &'static str = "{ error = \"gen-err\" }";

    fn matching(&self, at: &Spanned<raw::On>, place: &Place<'_>) -> Result<Asked, Error> {
        let raw = at.get_ref();
        let object = raw.object.as_ref().map(|text| self.about(text, place)).transpose()?;
        let words = [("get", Asking::Get), ("walk", Asking::Walk), ("set", Asking::Set)];
        let mut request = raw.request.as_ref().map(|text| word(text, &words, place)).transpose()?;
        let values = self.values(raw, object.as_ref(), place)?;
        if let (Some(at), false) = (&raw.value, values.is_empty()) {
            if request.is_some_and(|request| request != Asking::Set) {
                let mend = "leave `value` out, or use request = \"set\"".to_owned();
                return Err(place.error(at, "`value` is what is written", Some(mend)));
            }
            request = Some(Asking::Set);
        }
        let plugs = plugs(raw.plug.as_ref(), self.plant, place)?;
        let datagram = object.is_none() && request.is_none() && plugs.is_empty();
        Ok(Asked { datagram, object, request, values, plugs })
    }

    fn common(answer: &raw::Answer) -> (Option<&Text>, Option<&Text>) {
        (answer.state.as_ref(), answer.delay.as_ref())
    }

    fn fields(&self, answer: &raw::Answer, asked: &Asked, place: &Place<'_>) -> Result<Fields, Error> {
        let value = match &answer.value {
            None => None,
            Some(at) => match self.object(asked.object.as_ref()) {
                Some(object) => Some(value(at, object.kind, false, place)?),
                None => {
                    let mend = "name a described object whose type the value has".to_owned();
                    return Err(place.error(at, "`value` needs `on` to name an `object`", Some(mend)));
                }
            },
        };
        let error = answer.error.as_ref().map(|text| failure(text, place)).transpose()?;
        if let (Some(text), Some(_)) = (&answer.error, &value) {
            return Err(place.error(text, "an answer is a value or an error, not both", None));
        }
        Ok(Fields { error, value })
    }

    fn check(
        &self,
        on: &Spanned<raw::On>,
        asked: &Asked,
        answer: &Answer<Fields>,
        place: &Place<'_>,
    ) -> Result<(), Error> {
        if asked.datagram && *answer != Answer::Silence {
            let mend = "name an `object` or a `request`, or answer with \"silence\"".to_owned();
            return Err(place.error(on, "a rule for every datagram can only be silent", Some(mend)));
        }
        Ok(())
    }
}
