//! Questions to one SNMP agent: each is asked again when nothing comes, and ends in time.

use std::time::Duration;

use fencelab_wire::snmp::{
    Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version,
    manager::{Manager, Progress},
};

use super::{dialect::type_name, refusal::refusal, settings::Settings};
use crate::{
    context::Context,
    failure::{Failure, Step},
    line::{Dialogue, Line, Waited},
};

/// So often a device may ask for the same question in another way (its engine, its time) before that counts as a failure.
const ROUNDS: u32 = 4;

/// So many objects are asked for at once in a walk, where the version allows it.
const REPETITIONS: u16 = 20;

/// So many refusals are answered by asking again: one may be the work of a damaged datagram.
const REFUSALS: u32 = 1;

/// The device, as far as SNMP goes.
pub(crate) struct Session {
    line: Line,
    speaker: Speaker,
}

/// The protocol's side of the conversation.
struct Speaker {
    manager: Manager,
    /// Refusals of the present question.
    refusals: u32,
}

impl Dialogue for Speaker {
    type Progress = Progress;

    fn again(&mut self, context: &mut Context<'_>) -> Vec<u8> {
        self.manager.retransmit(context.now(), &mut |buf| context.random(buf))
    }

    fn hear(&mut self, context: &mut Context<'_>, datagram: &[u8]) -> Result<Option<Progress>, Failure> {
        let now = context.now();
        match self.manager.receive(now, datagram, &mut |buf| context.random(buf)) {
            Ok(Progress::Ignored(why)) => {
                context.debug(&format!("a datagram is passed over: {why}"));
                Ok(None)
            }
            Ok(progress) => Ok(Some(progress)),
            Err(refused) if self.refusals < REFUSALS => {
                self.refusals += 1;
                context.info(&format!("{refused}; asking again"));
                Ok(Some(Progress::Send(self.again(context))))
            }
            Err(refused) => Err(refusal(&refused)),
        }
    }
}

/// What the device says of one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reading {
    /// Its value.
    Value(Value),
    /// That it is not there, in the words of the protocol.
    Missing(&'static str),
    /// Something else, in words: an error, an answer about another object.
    Odd(String),
}

impl Session {
    /// A session. Nothing is sent yet.
    fn open(context: &mut Context<'_>, settings: &Settings) -> Result<Self, Failure> {
        let manager = Manager::new(settings.login.clone())
            .map_err(|error| Failure::lasting(Step::Options, error.to_string()))?;
        Ok(Self { line: Line::open(context, &settings.target)?, speaker: Speaker { manager, refusals: 0 } })
    }

    /// The session, opened at the first need.
    pub(crate) fn of<'s>(
        session: &'s mut Option<Self>,
        context: &mut Context<'_>,
        settings: &Settings,
    ) -> Result<&'s mut Self, Failure> {
        Ok(match session {
            Some(session) => session,
            None => session.insert(Self::open(context, settings)?),
        })
    }

    /// The version that is spoken.
    pub(crate) fn version(&self) -> Version {
        self.speaker.manager.config().version
    }

    /// Asks for one object.
    pub(crate) fn get(&mut self, context: &mut Context<'_>, object: &Oid) -> Result<Reading, Failure> {
        let until = context.until(context.timing.exchange());
        let pdu = self.ask(context, PduKind::Get, vec![Binding::ask(object.clone())], until)?;
        let reading = read(&pdu, object);
        match &reading {
            Reading::Value(value) => context.debug(&format!("{object} is {}", type_name(value))),
            Reading::Missing(what) => context.debug(&format!("{object}: {what}")),
            Reading::Odd(what) => context.debug(what),
        }
        Ok(reading)
    }

    /// Writes one object. `Ok` means that the device says it has done so.
    pub(crate) fn set(
        &mut self,
        context: &mut Context<'_>,
        object: &Oid,
        value: Value,
    ) -> Result<(), Failure> {
        let until = context.until(context.timing.exchange());
        context.debug(&format!("{object} is set to {}", type_name(&value)));
        let binding = Binding { object: object.clone(), value: value.clone() };
        let pdu = self.ask(context, PduKind::Set, vec![binding], until)?;
        written(context, &pdu, object, &value)
    }

    /// Asks, at longest until `until`.
    pub(crate) fn ask(
        &mut self,
        context: &mut Context<'_>,
        kind: PduKind,
        bindings: Vec<Binding>,
        until: Duration,
    ) -> Result<Pdu, Failure> {
        let now = context.now();
        let random = &mut |buf: &mut [u8]| context.random(buf);
        let datagram = match kind {
            PduKind::GetBulk => self.speaker.manager.bulk(now, 0, REPETITIONS, bindings, random),
            _ => self.speaker.manager.request(now, kind, bindings, random),
        };
        self.say(context, datagram, until)
    }

    /// Says something until the device has answered it.
    fn say(
        &mut self,
        context: &mut Context<'_>,
        mut datagram: Vec<u8>,
        until: Duration,
    ) -> Result<Pdu, Failure> {
        self.speaker.refusals = 0;
        for _ in 0..ROUNDS {
            match self.line.say(context, &mut self.speaker, &datagram, until, u32::MAX)? {
                Waited::Progress(Progress::Answer(pdu)) => return Ok(pdu),
                Waited::Progress(Progress::Send(next)) => datagram = next,
                Waited::Progress(Progress::Ready | Progress::Ignored(_)) => break,
                Waited::Silence(silence) => {
                    let seen = format!("no answer from {}{}", self.line.target, self.silence_hint());
                    return Err(self.line.unheard(silence, Step::Reach, seen));
                }
            }
        }
        let seen = format!("{} wants the question in another way again and again", self.line.target);
        Err(Failure::passing(Step::Login, seen))
    }

    /// What silence may mean. Who does not know the community does not answer (RFC 1157 §4.1), and some devices treat a
    /// message that they cannot decrypt likewise.
    fn silence_hint(&self) -> &'static str {
        let config = self.speaker.manager.config();
        match config.version {
            Version::V3 if config.level.is_encrypted() && self.speaker.manager.engine_id().is_some() => {
                "; a wrong password for the encryption looks so"
            }
            Version::V3 => "",
            _ => "; a wrong community or version looks so",
        }
    }
}

/// What an answer says of the one object that was asked for. An answer about anything else says nothing.
fn read(pdu: &Pdu, object: &Oid) -> Reading {
    match pdu.error {
        ErrorStatus::NO_ERROR => {}
        // RFC 1157 §4.1.2: a refusal repeats the request. One about something else answers a question that was damaged.
        ErrorStatus::NO_SUCH_NAME if repeats(pdu, object) => return Reading::Missing("noSuchName"),
        error => return Reading::Odd(format!("the device answers {} to {object}", in_words(error))),
    }
    match pdu.bindings.as_slice() {
        [binding] if binding.object == *object => match &binding.value {
            Value::NoSuchObject => Reading::Missing("noSuchObject"),
            Value::NoSuchInstance => Reading::Missing("noSuchInstance"),
            value => Reading::Value(value.clone()),
        },
        [binding] => Reading::Odd(format!("asked for {object}, the device answers about {}", binding.object)),
        bindings => {
            Reading::Odd(format!("asked for {object}, the device answers with {} objects", bindings.len()))
        }
    }
}

/// Whether a refusal is about the one object that was asked for.
pub(super) fn repeats(pdu: &Pdu, object: &Oid) -> bool {
    matches!(pdu.bindings.as_slice(), [binding] if binding.object == *object)
}

/// What an answer says of the one object that was written.
fn written(context: &mut Context<'_>, pdu: &Pdu, object: &Oid, value: &Value) -> Result<(), Failure> {
    if !pdu.error.is_ok() {
        let seen = format!("the device refuses to set {object}: {}", in_words(pdu.error));
        return Err(if may_pass(pdu.error) {
            Failure::passing(Step::Command, seen)
        } else {
            Failure::lasting(Step::Command, seen)
        });
    }
    match pdu.bindings.as_slice() {
        [binding] if binding.object == *object => {
            if binding.value != *value {
                // RFC 3416 §4.2.5: the answer repeats the request. What the device really did, its status tells.
                context.warn(&format!(
                    "{object} was set to {}, and the device confirms {}",
                    type_name(value),
                    type_name(&binding.value)
                ));
            }
            Ok(())
        }
        [binding] => Err(Failure::passing(
            Step::Command,
            format!("{object} was set, and the device confirms {}", binding.object),
        )),
        bindings => Err(Failure::passing(
            Step::Command,
            format!("{object} was set, and the device confirms {} objects", bindings.len()),
        )),
    }
}

/// An error as the standard calls it, with what it means.
pub(crate) fn in_words(error: ErrorStatus) -> String {
    match (error.standard_name(), error.meaning()) {
        (Some(name), Some(meaning)) => format!("{name} ({meaning})"),
        _ => format!("error {}", error.0),
    }
}

/// Whether the same order may be taken a moment later: a busy device says one of these.
fn may_pass(error: ErrorStatus) -> bool {
    matches!(
        error,
        ErrorStatus::GEN_ERR
            | ErrorStatus::TOO_BIG
            | ErrorStatus::INCONSISTENT_VALUE
            | ErrorStatus::RESOURCE_UNAVAILABLE
            | ErrorStatus::COMMIT_FAILED
            | ErrorStatus::UNDO_FAILED
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: [u32; 5] = [1, 3, 6, 1, 7];

    fn answer(error: ErrorStatus, bindings: &[(&[u32], Value)]) -> Reading {
        let bindings = bindings
            .iter()
            .map(|(object, value)| Binding { object: Oid::from(*object), value: value.clone() })
            .collect();
        read(&Pdu { error, ..Pdu::new(PduKind::Response, 1, bindings) }, &Oid::from(ASKED))
    }

    #[test]
    fn only_an_answer_about_the_very_object_says_something() {
        let off = Value::Integer(2);
        assert_eq!(answer(ErrorStatus::NO_ERROR, &[(&ASKED, off.clone())]), Reading::Value(off.clone()));
        assert_eq!(
            answer(ErrorStatus::NO_SUCH_NAME, &[(&ASKED, off.clone())]),
            Reading::Missing("noSuchName")
        );
        assert_eq!(
            answer(ErrorStatus::NO_ERROR, &[(&ASKED, Value::NoSuchInstance)]),
            Reading::Missing("noSuchInstance")
        );
        let other: &[u32] = &[1, 3, 6, 1, 8];
        for (error, bindings) in [
            (ErrorStatus::NO_ERROR, &[(other, off.clone())][..]),
            (ErrorStatus::NO_ERROR, &[]),
            (ErrorStatus::NO_ERROR, &[(&ASKED, off.clone()), (other, off.clone())]),
            (ErrorStatus::GEN_ERR, &[(&ASKED, off.clone())]),
            (ErrorStatus::TOO_BIG, &[]),
            (ErrorStatus::NO_SUCH_NAME, &[]),
            (ErrorStatus::NO_SUCH_NAME, &[(other, Value::Null)]),
            (ErrorStatus(-1), &[(&ASKED, off.clone())]),
            (ErrorStatus(99), &[(&ASKED, off.clone())]),
        ] {
            assert!(matches!(answer(error, bindings), Reading::Odd(_)), "{error} {bindings:?}");
        }
    }
}
