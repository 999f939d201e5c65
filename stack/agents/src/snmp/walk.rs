//! Walks over a table: whole, in order, and with an end.

use std::time::Duration;

use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version};

use super::session::{Session, in_words, repeats};
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// How much longer than a question a walk may take.
const WALK_EXTRA: Duration = Duration::from_secs(30);

/// More objects than any table of outlets or interfaces has: a walk that goes beyond it is endless.
const OBJECTS_MAX: usize = 20_000;

impl Session {
    /// All objects below `base`, in their order. A walk that ends in any other way than the protocol's is a failure, not a
    /// short list.
    pub(crate) fn walk(&mut self, context: &mut Context<'_>, base: &Oid) -> Result<Vec<Binding>, Failure> {
        let end = context.until(context.timing.exchange().saturating_add(WALK_EXTRA));
        let mut found: Vec<Binding> = Vec::new();
        let mut bulk = self.version() != Version::V1;
        loop {
            let last = found.last().map_or(base, |binding| &binding.object).clone();
            let kind = if bulk { PduKind::GetBulk } else { PduKind::GetNext };
            let until = end.min(context.until(context.timing.exchange()));
            let pdu = self.ask(context, kind, vec![Binding::ask(last.clone())], until)?;
            match page(&pdu, base, &last) {
                // Some agents know GetBulk by its name only.
                Err(why) if bulk && found.is_empty() => {
                    context.info(&format!("{why}; asking for one object after the other"));
                    bulk = false;
                }
                Err(why) => return Err(Failure::passing(Step::Parse, why)),
                Ok(page) => {
                    found.extend(page.bindings);
                    if page.last {
                        context.debug(&format!("{base} has {} objects", found.len()));
                        return Ok(found);
                    }
                }
            }
            if found.len() > OBJECTS_MAX {
                let seen = format!("the walk of {base} does not end after {} objects", found.len());
                return Err(Failure::lasting(Step::Parse, seen));
            }
            if context.now() >= end || context.cancelled() {
                let seen = format!("the walk of {base} was not over in time; it had {} objects", found.len());
                return Err(Failure::passing(Step::Reach, seen));
            }
        }
    }

    /// The first object below `base`; one question.
    pub(crate) fn first(&mut self, context: &mut Context<'_>, base: &Oid) -> Result<Option<Oid>, Failure> {
        let until = context.until(context.timing.exchange());
        let pdu = self.ask(context, PduKind::GetNext, vec![Binding::ask(base.clone())], until)?;
        let page = page(&pdu, base, base).map_err(|why| Failure::passing(Step::Parse, why))?;
        Ok(page.bindings.into_iter().next().map(|binding| binding.object))
    }
}

/// What one answer adds to a walk.
struct Page {
    bindings: Vec<Binding>,
    /// Whether the walk is over.
    last: bool,
}

/// Reads one answer of a walk below `base` that had come to `last`.
fn page(pdu: &Pdu, base: &Oid, last: &Oid) -> Result<Page, String> {
    match pdu.error {
        ErrorStatus::NO_ERROR => {}
        // RFC 1157 §4.1.3: how v1 says that nothing follows. It repeats what it was asked.
        ErrorStatus::NO_SUCH_NAME if repeats(pdu, last) => {
            return Ok(Page { bindings: Vec::new(), last: true });
        }
        error => return Err(format!("the walk of {base} ends with {}", in_words(error))),
    }
    let mut page = Page { bindings: Vec::new(), last: false };
    let mut last = last;
    for binding in &pdu.bindings {
        if binding.value == Value::EndOfMibView || !binding.object.starts_with(base) {
            if binding.object < *last {
                return Err(format!("the walk of {base} turns back from {last} to {}", binding.object));
            }
            page.last = true;
            return Ok(page);
        }
        if binding.object <= *last {
            return Err(format!("the walk of {base} does not move on from {last}"));
        }
        if binding.value.is_exception() {
            return Err(format!("the walk of {base} meets an object that is not there: {}", binding.object));
        }
        page.bindings.push(binding.clone());
        last = &binding.object;
    }
    if page.bindings.is_empty() {
        return Err(format!("the walk of {base} is answered with nothing"));
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: [u32; 3] = [1, 3, 6];

    type Objects = &'static [(&'static [u32], Value)];

    fn turn(error: ErrorStatus, bindings: &[(&[u32], Value)]) -> Result<(usize, bool), String> {
        let bindings = bindings
            .iter()
            .map(|(object, value)| Binding { object: Oid::from(*object), value: value.clone() });
        let pdu = Pdu { error, ..Pdu::new(PduKind::Response, 1, bindings.collect()) };
        page(&pdu, &Oid::from(BASE), &Oid::from([1, 3, 6, 5])).map(|page| (page.bindings.len(), page.last))
    }

    #[test]
    fn pages_and_ends() {
        let one = Value::Integer(1);
        let next: &[u32] = &[1, 3, 6, 6];
        let beyond: &[u32] = &[1, 3, 7];
        let ok = ErrorStatus::NO_ERROR;
        assert_eq!(turn(ok, &[(next, one.clone())]), Ok((1, false)));
        assert_eq!(turn(ok, &[(next, one.clone()), (beyond, one.clone())]), Ok((1, true)));
        assert_eq!(turn(ok, &[(beyond, one.clone())]), Ok((0, true)));
        assert_eq!(turn(ok, &[(&[1, 3, 6, 5], Value::EndOfMibView)]), Ok((0, true)));
        assert_eq!(turn(ErrorStatus::NO_SUCH_NAME, &[(&[1, 3, 6, 5], Value::Null)]), Ok((0, true)));
    }

    #[test]
    fn what_is_no_walk_is_an_error() {
        const ONE: Value = Value::Integer(1);
        let ok = ErrorStatus::NO_ERROR;
        let cases: [(ErrorStatus, Objects); 9] = [
            (ok, &[]),
            (ErrorStatus::NO_SUCH_NAME, &[]),
            (ErrorStatus::NO_SUCH_NAME, &[(&[1, 3, 6, 4], Value::Null)]),
            (ok, &[(&[1, 3, 6, 5], ONE)]),
            (ok, &[(&[1, 3, 6, 4], ONE)]),
            (ok, &[(&[1, 3, 5], ONE)]),
            (ok, &[(&[1, 3, 6, 7], ONE), (&[1, 3, 6, 6], ONE)]),
            (ok, &[(&[1, 3, 6, 6], Value::NoSuchInstance)]),
            (ErrorStatus::GEN_ERR, &[]),
        ];
        for (error, bindings) in cases {
            assert!(turn(error, bindings).is_err(), "{error} {bindings:?}");
        }
    }
}
