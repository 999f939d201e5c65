//! From a datagram to an answer, or to what has to be sent first.

use super::{Engine, Manager, Progress, Refused, WINDOW};
use crate::snmp::message::Parsed;
use crate::snmp::usm::envelope::{is_authentic, open};
use crate::snmp::usm::{Counter, Level, is_same};
use crate::snmp::{Body, Message, Oid, Pdu, PduKind, ScopedPdu, V3Message};
use std::sync::Arc;
use std::time::Duration;

type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// What an engine's id may be (RFC 3411 §5): 5 to 32 bytes; agents of the field have shorter ones, too.
const ENGINE_ID_MAX: usize = 32;

impl Manager {
    /// Takes one datagram: any bytes, never a panic. `random` fills a buffer with random bytes.
    ///
    /// # Errors
    /// The agent reports that it will not answer. The request stays pending: it may be sent again, or another be made.
    pub fn receive(
        &mut self,
        now: Duration,
        datagram: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let Some(pending) = &self.pending else { return Ok(Progress::Ignored("nothing was asked")) };
        let Ok(parsed) = Message::parse_prefix(datagram) else {
            return Ok(Progress::Ignored("not an snmp message"));
        };
        if parsed.message.version() != self.config.version {
            return Ok(Progress::Ignored("another version"));
        }
        match &parsed.message {
            Message::V3(message) => {
                if !pending.message_ids.contains(&message.id) {
                    return Ok(Progress::Ignored("the answer to another message"));
                }
                self.receive_v3(now, datagram, &parsed, message, random)
            }
            Message::Community { community, body, .. } => {
                let ours = self.config.community.as_ref();
                if !ours.is_some_and(|ours| is_same(ours.expose(), community.expose())) {
                    return Ok(Progress::Ignored("another community"));
                }
                Ok(self.answered(body.clone()))
            }
        }
    }

    /// The request's answer, if it is that.
    fn answered(&mut self, body: Body) -> Progress {
        let asked = self.pending.as_ref().and_then(|pending| pending.pdu.as_ref()).map(|pdu| pdu.request_id);
        match body {
            Body::Pdu(pdu) if pdu.kind != PduKind::Response => Progress::Ignored("not an answer"),
            Body::Pdu(pdu) if Some(pdu.request_id) != asked => {
                Progress::Ignored("the answer to another request")
            }
            Body::Pdu(pdu) => {
                self.pending = None;
                Progress::Answer(pdu)
            }
            Body::TrapV1(_) => Progress::Ignored("not an answer"),
        }
    }

    fn receive_v3(
        &mut self,
        now: Duration,
        datagram: &[u8],
        parsed: &Parsed,
        message: &V3Message,
        random: Random<'_>,
    ) -> Result<Progress, Refused> {
        let Some(level) = Level::from_bits(message.flags) else {
            return Ok(Progress::Ignored("encrypted, but not authenticated"));
        };
        if level == Level::NoAuthNoPriv {
            return match open(None, level, message) {
                Ok(ScopedPdu { body: Body::Pdu(pdu), .. }) if pdu.kind == PduKind::Report => {
                    self.reported(now, message, &pdu, random)
                }
                Ok(_) if self.config.level.is_authenticated() => Ok(Progress::Ignored("not authenticated")),
                Ok(scoped) if self.is_addressed(message) => Ok(self.answered(scoped.body)),
                Ok(_) => Ok(Progress::Ignored("another engine or user")),
                Err(_) => Ok(Progress::Ignored("flags and contents contradict each other")),
            };
        }
        if !self.is_addressed(message) {
            return Ok(Progress::Ignored("another engine or user"));
        }
        let Some(engine) = &mut self.engine else {
            return Ok(Progress::Ignored("the engine is not known yet"));
        };
        let Some(keys) = engine.keys.clone() else {
            return Ok(Progress::Ignored("authenticated, but nothing of that kind was asked"));
        };
        if !is_authentic(&keys, datagram, parsed) {
            return Ok(Progress::Ignored("a wrong authentication code"));
        }
        if !engine.hear(now, message.usm.boots, message.usm.time) {
            return Ok(Progress::Ignored("not in the time window"));
        }
        let Ok(scoped) = open(Some(&keys), level, message) else {
            return Ok(Progress::Ignored("it cannot be decrypted with the privacy passphrase"));
        };
        match scoped.body {
            Body::Pdu(pdu) if pdu.kind == PduKind::Report => self.told(now, &pdu, random),
            _ if level != self.config.level => Ok(Progress::Ignored("another security level")),
            body => Ok(self.answered(body)),
        }
    }

    /// Whether it is of the engine and the user that were asked.
    fn is_addressed(&self, message: &V3Message) -> bool {
        let user = self.config.user.as_ref().map_or("", |user| user.name());
        let engine = self.engine.as_ref();
        engine.is_some_and(|engine| engine.id == message.usm.engine_id) && message.usm.user == user.as_bytes()
    }

    /// A report that is not authenticated.
    fn reported(
        &mut self,
        now: Duration,
        message: &V3Message,
        report: &Pdu,
        random: Random<'_>,
    ) -> Result<Progress, Refused> {
        let Some(oid) = report.bindings.first().map(|binding| &binding.object) else {
            return Ok(Progress::Ignored("a report about nothing"));
        };
        let known = self.engine.as_ref().map(|engine| engine.id.as_slice());
        let is_unknown_engine = Counter::from_oid(oid) == Some(Counter::UnknownEngines);
        let told = message.usm.engine_id.as_slice();
        if known.is_none() || is_unknown_engine && known != Some(told) {
            if told.is_empty() || told.len() > ENGINE_ID_MAX {
                return Ok(Progress::Ignored("a report without an engine id"));
            }
            return self.discovered(now, message, oid, random);
        }
        if Counter::from_oid(oid) == Some(Counter::NotInTimeWindows) && self.config.level.is_authenticated() {
            return Ok(Progress::Ignored("a report of the time that is not authenticated"));
        }
        Err(Refused::from_oid(oid))
    }

    /// The engine has told its id.
    fn discovered(
        &mut self,
        now: Duration,
        message: &V3Message,
        oid: &Oid,
        random: Random<'_>,
    ) -> Result<Progress, Refused> {
        let Some(pending) = &mut self.pending else { return Ok(Progress::Ignored("nothing was asked")) };
        if self.engine.is_some() {
            if pending.is_rediscovered {
                return Err(Refused::from_oid(oid));
            }
            pending.is_rediscovered = true;
        }
        let id = message.usm.engine_id.clone();
        let user = self.config.user.as_ref().filter(|_| self.config.level.is_authenticated());
        let keys = user.map(|user| Arc::new(user.localize(&id)));
        let number = |number: i32| u32::try_from(number).unwrap_or(0);
        let (boots, time) = (number(message.usm.boots), number(message.usm.time));
        self.engine = Some(Engine { id, keys, boots, time, at: now, is_synchronised: false });
        if pending.pdu.is_none() {
            self.pending = None;
            return Ok(Progress::Ready);
        }
        pending.message_ids.clear();
        Ok(Progress::Send(self.send(now, random)))
    }

    /// A report that is authentic.
    fn told(&mut self, now: Duration, report: &Pdu, random: Random<'_>) -> Result<Progress, Refused> {
        let Some(oid) = report.bindings.first().map(|binding| &binding.object) else {
            return Ok(Progress::Ignored("a report about nothing"));
        };
        match &mut self.pending {
            Some(pending)
                if Counter::from_oid(oid) == Some(Counter::NotInTimeWindows)
                    && !pending.is_resynchronised =>
            {
                pending.is_resynchronised = true;
                Ok(Progress::Send(self.send(now, random)))
            }
            _ => Err(Refused::from_oid(oid)),
        }
    }
}

impl Engine {
    /// Takes over what the engine says of its time in an authentic message. `false`: the message is too old (RFC 3414
    /// §3.2, 7b).
    fn hear(&mut self, now: Duration, boots: i32, time: i32) -> bool {
        let (Ok(boots), Ok(time)) = (u32::try_from(boots), u32::try_from(time)) else { return false };
        let is_newer = (boots, time) > (self.boots, self.time);
        if !self.is_synchronised || is_newer {
            (self.boots, self.time, self.at, self.is_synchronised) = (boots, time, now, true);
            return boots != i32::MAX.cast_unsigned();
        }
        boots == self.boots
            && boots != i32::MAX.cast_unsigned()
            && time.saturating_add(WINDOW) >= self.time_at(now)
    }
}

#[cfg(test)]
mod tests {
    use super::Engine;
    use std::time::Duration;

    /// RFC 3414 §2.2.3: 150 seconds, and not one more.
    #[test]
    fn the_time_window_of_answers() {
        let at = Duration::from_secs;
        let engine = Engine { id: vec![1], keys: None, boots: 9, time: 9, at: at(0), is_synchronised: false };
        let mut heard = engine.clone();
        assert!(heard.hear(at(0), 2, 1000), "nothing was authentic before: it is believed");
        assert!(heard.clone().hear(at(150), 2, 1000));
        assert!(!heard.clone().hear(at(151), 2, 1000));
        assert!(!heard.clone().hear(at(0), 1, 1000), "before its last start");
        assert!(heard.clone().hear(at(0), 3, 0), "it has started again");
        assert!(!heard.clone().hear(at(0), -1, 0));
        assert!(!heard.hear(at(0), i32::MAX, 0));
        assert_eq!(engine.time_at(at(5)), 14);
    }
}
