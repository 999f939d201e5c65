//! From a request to a datagram.

use super::{Engine, Manager, SENDINGS_MAX, SIZE_MAX, next};
use crate::snmp::usm::Level;
use crate::snmp::usm::envelope::seal;
use crate::snmp::{Message, Pdu, PduKind, Scoped, ScopedPdu, UsmParameters, V3Message, Version};
use std::time::Duration;

impl Manager {
    /// What is pending, as far as it can be said now. In v3 a new msgID each time (RFC 3412 §6.2), the same request-id.
    pub(super) fn send(&mut self, now: Duration, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let Some(mut pending) = self.pending.take() else { return Vec::new() };
        let datagram = if self.config.version == Version::V3 {
            let id = next(&mut self.message_id, random);
            if pending.message_ids.len() >= SENDINGS_MAX {
                pending.message_ids.remove(0);
            }
            pending.message_ids.push(id);
            match (&self.engine, &pending.pdu) {
                (Some(engine), Some(pdu)) => {
                    let salt = salt(&mut self.salt, random);
                    self.sealed(now, id, engine, pdu.clone(), salt)
                }
                _ => discovery(id),
            }
        } else {
            if let (true, Some(pdu)) = (pending.sent.is_empty(), &pending.pdu) {
                let community = self.config.community.clone().unwrap_or_default();
                let message =
                    Message::Community { version: self.config.version, community, body: pdu.clone().into() };
                pending.sent = message.emit();
            }
            pending.sent.clone()
        };
        self.pending = Some(pending);
        datagram
    }

    fn sealed(&self, now: Duration, id: i32, engine: &Engine, pdu: Pdu, salt: u64) -> Vec<u8> {
        let reportable = if pdu.kind.is_request() { V3Message::REPORTABLE } else { 0 };
        let (boots, time) = match self.config.level {
            // Nobody checks them (RFC 3414 §3.1, 6).
            Level::NoAuthNoPriv => (0, 0),
            _ => (engine.boots, engine.time_at(now)),
        };
        let user = self.config.user.as_ref().map_or("", |user| user.name());
        let usm = UsmParameters {
            engine_id: engine.id.clone(),
            boots: boots.cast_signed(),
            time: time.cast_signed(),
            user: user.as_bytes().to_vec(),
            ..UsmParameters::default()
        };
        let context = self.config.context.as_bytes().to_vec();
        let scoped = ScopedPdu { engine_id: engine.id.clone(), context, body: pdu.into() };
        let flags = self.config.level.bits() | reportable;
        let data = Scoped::Encrypted(Vec::new());
        let message = V3Message { id, max_size: SIZE_MAX, flags, model: V3Message::USM, usm, data };
        seal(engine.keys.as_deref(), message, scoped, salt, None)
    }
}

impl Engine {
    /// The engine's time by now.
    pub(super) fn time_at(&self, now: Duration) -> u32 {
        let since = u32::try_from(now.saturating_sub(self.at).as_secs()).unwrap_or(u32::MAX);
        self.time.saturating_add(since).min(i32::MAX.cast_unsigned())
    }
}

/// A request with nothing in it: the report tells the engine's id (RFC 3414 §4).
fn discovery(id: i32) -> Vec<u8> {
    let body = Pdu::new(PduKind::Get, id, Vec::new()).into();
    let scoped = ScopedPdu { engine_id: Vec::new(), context: Vec::new(), body };
    let (flags, model) = (V3Message::REPORTABLE, V3Message::USM);
    let (usm, data) = (UsmParameters::default(), Scoped::Plain(scoped));
    Message::V3(V3Message { id, max_size: SIZE_MAX, flags, model, usm, data }).emit()
}

/// A salt that was not used before.
fn salt(last: &mut Option<u64>, random: &mut dyn FnMut(&mut [u8])) -> u64 {
    let salt = last.map_or_else(
        || {
            let mut bytes = [0; 8];
            random(&mut bytes);
            u64::from_be_bytes(bytes)
        },
        |last| last.wrapping_add(1),
    );
    *last = Some(salt);
    salt
}
