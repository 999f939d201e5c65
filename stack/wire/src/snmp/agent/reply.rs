//! From an answer to a datagram.

use super::request::Report;
use super::{Agent, Asked, Ticket, Way};
use crate::snmp::usm::envelope::seal;
use crate::snmp::usm::{Counter, Level};
use crate::snmp::{
    Binding, Distortion, ErrorStatus, Message, Pdu, PduKind, Scoped, ScopedPdu, UsmParameters, V3Message,
    Value, Version,
};
use std::time::Duration;

impl Agent {
    /// The datagram that answers a request: `pdu` as it is. If it is longer than the asking side or this engine takes, a
    /// GetBulk is answered by fewer bindings, anything else by tooBig (RFC 3416 §4.2.1, §4.2.3; RFC 1157 §4.1.2).
    pub fn respond(
        &mut self,
        now: Duration,
        ticket: &Ticket,
        pdu: &Pdu,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        self.respond_with(now, ticket, pdu, None, random)
    }

    /// The same, malformed on purpose. In v3 it is the scoped PDU that is broken, before it is encrypted and
    /// authenticated; in v1 and v2c the whole message.
    pub fn respond_with(
        &mut self,
        now: Duration,
        ticket: &Ticket,
        pdu: &Pdu,
        distortion: Option<Distortion>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        let salt = match ticket.way {
            Way::User(_) => self.salt(random),
            Way::Community(..) => 0,
        };
        let whole = self.datagram(now, ticket, pdu.clone(), distortion, salt);
        if whole.len() <= ticket.max_size || distortion.is_some() {
            return whole;
        }
        if ticket.kind == PduKind::GetBulk && pdu.error.is_ok() {
            let shorter = |count: usize| {
                let bindings = pdu.bindings.get(..count).unwrap_or_default().to_vec();
                self.datagram(
                    now,
                    ticket,
                    Pdu { bindings, ..Pdu::new(pdu.kind, pdu.request_id, Vec::new()) },
                    None,
                    salt,
                )
            };
            let (mut fits, mut too_many) = (0, pdu.bindings.len());
            let mut best = None;
            while too_many - fits > 1 {
                let middle = fits.midpoint(too_many);
                let bytes = shorter(middle);
                if bytes.len() <= ticket.max_size {
                    (fits, best) = (middle, Some(bytes));
                } else {
                    too_many = middle;
                }
            }
            if let Some(bytes) = best {
                return bytes;
            }
        }
        let bindings = match ticket.way {
            Way::Community(Version::V1, _) => {
                pdu.bindings.iter().map(|it| Binding::ask(it.object.clone())).collect()
            }
            _ => Vec::new(),
        };
        let too_big = Pdu { error: ErrorStatus::TOO_BIG, ..Pdu::new(pdu.kind, pdu.request_id, bindings) };
        self.datagram(now, ticket, too_big, None, salt)
    }

    /// The report that there is no such context here (RFC 3413 §3.2), for a request of v3 that its face has not answered.
    /// v1 and v2c have no contexts: nothing.
    pub fn unknown_context(
        &mut self,
        now: Duration,
        ticket: &Ticket,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Option<Vec<u8>> {
        let Way::User(asked) = &ticket.way else { return None };
        let report = Report { asked: (**asked).clone(), request_id: ticket.request_id, is_wanted: true };
        let count = self.increment(Counter::UnknownContexts);
        Some(self.report(now, Counter::UnknownContexts, count, &report, random))
    }

    pub(super) fn report(
        &mut self,
        now: Duration,
        counter: Counter,
        count: u32,
        report: &Report,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        let binding = Binding { object: counter.oid(), value: Value::Counter32(count) };
        let pdu = Pdu::new(PduKind::Report, report.request_id, vec![binding]);
        let salt = self.salt(random);
        self.seal(now, &report.asked, pdu, None, salt)
    }

    /// A salt that was not used before.
    fn salt(&mut self, random: &mut dyn FnMut(&mut [u8])) -> u64 {
        let salt = self.salt.unwrap_or_else(|| {
            let mut bytes = [0; 8];
            random(&mut bytes);
            u64::from_be_bytes(bytes)
        });
        self.salt = Some(salt.wrapping_add(1));
        salt
    }

    fn datagram(
        &self,
        now: Duration,
        ticket: &Ticket,
        pdu: Pdu,
        distortion: Option<Distortion>,
        salt: u64,
    ) -> Vec<u8> {
        match &ticket.way {
            Way::Community(version, position) => {
                let community = self.config.communities.get(*position).cloned().unwrap_or_default();
                let message = Message::Community { version: *version, community, body: pdu.into() };
                let bytes = message.emit();
                match distortion {
                    Some(distortion) => distortion.apply(&bytes),
                    None => bytes,
                }
            }
            Way::User(asked) => self.seal(now, asked, pdu, distortion, salt),
        }
    }

    fn seal(
        &self,
        now: Duration,
        asked: &Asked,
        pdu: Pdu,
        distortion: Option<Distortion>,
        salt: u64,
    ) -> Vec<u8> {
        let keys = match asked.position {
            Some(position) if asked.level != Level::NoAuthNoPriv => self.keys(position),
            _ => None,
        };
        let usm = UsmParameters {
            engine_id: self.config.engine_id.clone(),
            boots: self.boots.cast_signed(),
            time: self.time(now).cast_signed(),
            user: asked.user.clone(),
            ..UsmParameters::default()
        };
        let scoped = ScopedPdu {
            engine_id: asked.context_engine.clone(),
            context: asked.context.clone(),
            body: pdu.into(),
        };
        let message = V3Message {
            id: asked.id,
            max_size: i32::try_from(self.config.max_size).unwrap_or(i32::MAX),
            flags: asked.level.bits(),
            model: V3Message::USM,
            usm,
            // The envelope puts it in.
            data: Scoped::Encrypted(Vec::new()),
        };
        seal(keys, message, scoped, salt, distortion)
    }
}
