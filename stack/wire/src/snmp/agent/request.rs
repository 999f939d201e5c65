//! From a datagram to a request, or to the reason why it is none.

use super::{Agent, Asked, BOOTS_MAX, Principal, Received, Request, SIZE_MIN, Ticket, WINDOW, Way};
use crate::Secret;
use crate::snmp::message::Parsed;
use crate::snmp::usm::envelope::{Unreadable, is_authentic, open};
use crate::snmp::usm::{Counter, Level, is_same};
use crate::snmp::{Body, Message, Pdu, PduKind, Scoped, ScopedPdu, V3Message, Version};
use std::time::Duration;

/// Why there is no request.
pub(super) enum Denied {
    /// Nothing is said.
    Silently(Option<Counter>, &'static str),
    /// It is counted, and reported if the message may be answered by a report.
    Report(Counter, Box<Report>),
}

/// A report to be sent.
pub(super) struct Report {
    pub(super) asked: Asked,
    pub(super) request_id: i32,
    /// Without this nothing is sent: answering reports with reports would never end (RFC 3412 §6.4).
    pub(super) is_wanted: bool,
}

impl Agent {
    /// Takes one datagram: any bytes, never a panic. `random` fills a buffer with random bytes.
    pub fn receive(&mut self, now: Duration, random: &mut dyn FnMut(&mut [u8]), datagram: &[u8]) -> Received {
        self.increment(Counter::Packets);
        match self.read(now, datagram) {
            Ok(request) => Received::Request(Box::new(request)),
            Err(Denied::Silently(counter, why)) => {
                if let Some(counter) = counter {
                    self.increment(counter);
                }
                Received::Nothing(why)
            }
            Err(Denied::Report(counter, report)) => {
                let count = self.increment(counter);
                if report.is_wanted {
                    Received::Reply(self.report(now, counter, count, &report, random))
                } else {
                    Received::Nothing(counter.name())
                }
            }
        }
    }

    /// What a datagram asks, if it would be let in; without any effect.
    #[must_use]
    pub fn peek(&self, now: Duration, datagram: &[u8]) -> Option<Pdu> {
        self.read(now, datagram).ok().map(|request| request.pdu)
    }

    fn read(&self, now: Duration, datagram: &[u8]) -> Result<Request, Denied> {
        if datagram.len() > self.config.max_size.max(SIZE_MIN) {
            return Err(Denied::Silently(Some(Counter::ParseErrors), "longer than this agent takes"));
        }
        let malformed = |_| Denied::Silently(Some(Counter::ParseErrors), "not an snmp message");
        let parsed = Message::parse_prefix(datagram).map_err(malformed)?;
        if !self.config.versions.contains(&parsed.message.version()) {
            return Err(Denied::Silently(Some(Counter::BadVersions), "a version that is not spoken here"));
        }
        match &parsed.message {
            Message::V3(message) => self.read_v3(now, datagram, &parsed, message),
            Message::Community { .. } => match parsed.message {
                Message::Community { version, community, body } => self.admit(version, &community, body),
                Message::V3(_) => Err(Denied::Silently(None, "")),
            },
        }
    }

    fn admit(&self, version: Version, community: &Secret, body: Body) -> Result<Request, Denied> {
        let known = |known: &Secret| is_same(known.expose(), community.expose());
        let Some(position) = self.config.communities.iter().position(known) else {
            return Err(Denied::Silently(Some(Counter::BadCommunities), "unknown community"));
        };
        let pdu = request(version, body)?;
        let max_size = self.config.max_size.max(SIZE_MIN);
        let way = Way::Community(version, position);
        let ticket = Ticket { kind: pdu.kind, request_id: pdu.request_id, max_size, way };
        let principal = Principal::Community(position);
        Ok(Request { ticket, pdu, principal, version, context: Vec::new(), max_size })
    }

    /// In the order of RFC 3412 §7.2 and RFC 3414 §3.2.
    fn read_v3(
        &self,
        now: Duration,
        datagram: &[u8],
        parsed: &Parsed,
        message: &V3Message,
    ) -> Result<Request, Denied> {
        let usm = &message.usm;
        let Some(level) = Level::from_bits(message.flags) else {
            let why = "encrypted, but not authenticated";
            return Err(Denied::Silently(Some(Counter::InvalidMessages), why));
        };
        let max_size = usize::try_from(message.max_size).unwrap_or(0);
        if max_size < SIZE_MIN || message.id < 0 {
            return Err(Denied::Silently(Some(Counter::ParseErrors), "a header that cannot be"));
        }
        let position = self.config.users.iter().position(|user| user.name().as_bytes() == usm.user);
        let denied = |counter: Counter, pdu: Option<&Pdu>| {
            let clear = match &message.data {
                Scoped::Plain(scoped) => scoped.body.pdu(),
                Scoped::Encrypted(_) => None,
            };
            let pdu = pdu.or(clear);
            let asked = self.asked(message, counter.report_level(level), position, None);
            let is_wanted =
                pdu.map_or(message.flags & V3Message::REPORTABLE != 0, |pdu| pdu.kind.is_request());
            let request_id = pdu.map_or(0, |pdu| pdu.request_id);
            Denied::Report(counter, Box::new(Report { asked, request_id, is_wanted }))
        };
        if usm.engine_id != self.config.engine_id {
            return Err(denied(Counter::UnknownEngines, None));
        }
        let Some(user) = position.and_then(|position| self.config.users.get(position)) else {
            return Err(denied(Counter::UnknownUsers, None));
        };
        if level > user.level() {
            return Err(denied(Counter::UnsupportedLevels, None));
        }
        let keys = match position {
            Some(position) if level.is_authenticated() => self.keys(position),
            _ => None,
        };
        if level.is_authenticated() {
            if !keys.is_some_and(|keys| is_authentic(keys, datagram, parsed)) {
                return Err(denied(Counter::WrongDigests, None));
            }
            if !self.is_in_window(now, usm.boots, usm.time) {
                // Its key is known to fit: what it asks is read only for the report's request-id.
                let scoped = open(keys, level, message).ok();
                return Err(denied(Counter::NotInTimeWindows, scoped.as_ref().and_then(|it| it.body.pdu())));
            }
        }
        let scoped = match open(keys, level, message) {
            Ok(scoped) => scoped,
            Err(Unreadable::Lengths) => return Err(denied(Counter::DecryptionErrors, None)),
            // As net-snmp has it: what a wrong key makes of a message is not a message.
            Err(Unreadable::Nonsense) => {
                let why = "decrypted with the user's key it is no scoped pdu";
                return Err(Denied::Silently(Some(Counter::ParseErrors), why));
            }
            Err(Unreadable::Malformed) => {
                let why = "flags and contents contradict each other";
                return Err(Denied::Silently(Some(Counter::ParseErrors), why));
            }
        };
        if !scoped.engine_id.is_empty() && scoped.engine_id != self.config.engine_id {
            return Err(denied(Counter::UnknownHandlers, scoped.body.pdu()));
        }
        let asked = self.asked(message, level, position, Some(&scoped));
        let pdu = request(Version::V3, scoped.body)?;
        let max_size = max_size.min(self.config.max_size.max(SIZE_MIN));
        let way = Way::User(Box::new(asked));
        let ticket = Ticket { kind: pdu.kind, request_id: pdu.request_id, max_size, way };
        let principal = Principal::User(position.unwrap_or_default(), level);
        Ok(Request { ticket, pdu, principal, version: Version::V3, context: scoped.context, max_size })
    }

    fn asked(
        &self,
        message: &V3Message,
        level: Level,
        position: Option<usize>,
        scoped: Option<&ScopedPdu>,
    ) -> Asked {
        Asked {
            id: message.id,
            level,
            user: message.usm.user.clone(),
            position,
            context_engine: match scoped {
                Some(scoped) if !scoped.engine_id.is_empty() => scoped.engine_id.clone(),
                _ => self.config.engine_id.clone(),
            },
            context: scoped.map(|scoped| scoped.context.clone()).unwrap_or_default(),
        }
    }

    /// RFC 3414 §3.2, 7a.
    fn is_in_window(&self, now: Duration, boots: i32, time: i32) -> bool {
        let same_boots = u32::try_from(boots) == Ok(self.boots) && self.boots != BOOTS_MAX;
        same_boots && u32::try_from(time).is_ok_and(|time| time.abs_diff(self.time(now)) <= WINDOW)
    }
}

/// Only what is asked can be answered.
fn request(version: Version, body: Body) -> Result<Pdu, Denied> {
    match body {
        Body::Pdu(pdu)
            if version == Version::V1 && matches!(pdu.kind, PduKind::GetBulk | PduKind::Inform) =>
        {
            Err(Denied::Silently(Some(Counter::ParseErrors), "v1 has no such request"))
        }
        Body::Pdu(pdu) if pdu.kind.is_request() => Ok(pdu),
        _ => Err(Denied::Silently(None, "not a request")),
    }
}
