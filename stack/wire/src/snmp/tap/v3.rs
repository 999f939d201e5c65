//! Listening to v3.

use super::session::Key;
use super::{Heard, Tap};
use crate::snmp::ber::Reader;
use crate::snmp::message::Parsed;
use crate::snmp::usm::envelope::{decrypt, is_authentic, open, with_scoped};
use crate::snmp::usm::{Counter, Level, LocalKeys};
use crate::snmp::{Body, Message, Pdu, PduKind, Scoped, ScopedPdu, UsmParameters, V3Message};
use crate::tap::Seen;
use std::sync::Arc;

impl Tap {
    pub(super) fn v3(&mut self, heard: Heard<'_>, parsed: &Parsed, message: &V3Message) -> Vec<Seen> {
        let Some(level) = Level::from_bits(message.flags) else {
            return vec![heard.opaque(0, "encrypted, but not authenticated".to_owned())];
        };
        let scoped = match self.read(heard, parsed, message, level) {
            Ok(scoped) => scoped,
            Err(why) => return self.unread(heard, message, level, why),
        };
        match &scoped.body {
            Body::Pdu(pdu) if is_discovery(level, message, pdu) => {
                let session = self.set_up();
                self.note(message.id, session, None);
                vec![heard.say(session, &scoped.body, &scoped.context, Vec::new(), true)]
            }
            Body::Pdu(pdu) if pdu.kind == PduKind::Report => self.report(heard, message, pdu, &scoped),
            _ => {
                let key = Key::User {
                    name: message.usm.user.clone(),
                    level,
                    context: scoped.context.clone(),
                    engine: message.usm.engine_id.clone(),
                };
                let (session, opened) = self.session(key);
                if !heard.from_device {
                    self.note(message.id, session, None);
                }
                let said = heard.say(session, &scoped.body, &scoped.context, Vec::new(), false);
                opened.into_iter().chain([said]).collect()
            }
        }
    }

    /// What the message is about, checked as far as that can be, or why it cannot be read.
    fn read(
        &mut self,
        heard: Heard<'_>,
        parsed: &Parsed,
        message: &V3Message,
        level: Level,
    ) -> Result<ScopedPdu, String> {
        let contradiction = |_| "flags and contents contradict each other".to_owned();
        if level == Level::NoAuthNoPriv {
            return open(None, level, message).map_err(contradiction);
        }
        let name = String::from_utf8_lossy(&message.usm.user).into_owned();
        let is_named = |user: &crate::snmp::usm::User| user.name().as_bytes() == message.usm.user;
        let positions: Vec<usize> =
            self.users.iter().enumerate().filter(|(_, user)| is_named(user)).map(|(at, _)| at).collect();
        if positions.is_empty() && !level.is_encrypted() {
            // Readable by anybody; only nobody here can tell whether it is authentic.
            return open(None, level, message).map_err(contradiction);
        }
        if positions.is_empty() {
            return Err(format!("encrypted, and no passphrase of user {name:?} is given"));
        }
        let mut fitting = None;
        for position in positions {
            let keys = self.keys(position, &message.usm.engine_id);
            fitting = fitting.or(keys.filter(|keys| is_authentic(keys, heard.datagram, parsed)));
        }
        let Some(keys) = fitting else {
            return Err(format!("the authentication passphrase given for user {name:?} does not fit"));
        };
        match &message.data {
            Scoped::Encrypted(text) if level.is_encrypted() => self.decrypted(message, &keys, text, &name),
            _ => open(Some(&keys), level, message).map_err(contradiction),
        }
    }

    fn decrypted(
        &self,
        message: &V3Message,
        keys: &Arc<LocalKeys>,
        text: &[u8],
        name: &str,
    ) -> Result<ScopedPdu, String> {
        let plain = decrypt(Some(keys), message, text)
            .map_err(|_| format!("no privacy passphrase is given for user {name:?}, or lengths cannot be"))?;
        let wrong = |_| format!("the privacy passphrase given for user {name:?} does not fit");
        let scoped = ScopedPdu::parse(&plain).map_err(wrong)?;
        if self.decoder.is_some() {
            // The same bytes, without padding, in a message that everybody can read.
            let mut reader = Reader::new(&plain);
            let bytes = reader.any("scoped pdu").ok().and_then(|_| plain.get(..reader.at()));
            let usm = UsmParameters { auth: Vec::new(), privacy: Vec::new(), ..message.usm.clone() };
            let flags = message.flags & V3Message::REPORTABLE;
            let clear =
                Message::V3(V3Message { flags, usm, data: Scoped::Plain(scoped.clone()), ..message.clone() });
            let emitted = clear.emit_located();
            let datagram = with_scoped(&emitted, scoped.emit().len(), bytes.unwrap_or_default());
            self.judge(&datagram.bytes, &clear)?;
        }
        Ok(scoped)
    }

    /// A message that cannot be read.
    fn unread(&mut self, heard: Heard<'_>, message: &V3Message, level: Level, why: String) -> Vec<Seen> {
        if !heard.from_device {
            if level.is_authenticated() {
                self.note_unread(message, level);
            }
            return vec![heard.opaque(0, why)];
        }
        // The agent answers something that was not read either: there is a session, only not for us.
        match self.asked(message.id) {
            Some((session, Some(who))) => {
                let opened = self.open_unread(who, &message.usm.engine_id, "unreadable", why.clone());
                opened.into_iter().chain([heard.opaque(session, why)]).collect()
            }
            asked => vec![heard.opaque(asked.map_or(0, |(session, _)| session), why)],
        }
    }

    /// Every report sets a session up, or ends its set-up.
    fn report(
        &mut self,
        heard: Heard<'_>,
        message: &V3Message,
        report: &Pdu,
        scoped: &ScopedPdu,
    ) -> Vec<Seen> {
        let (session, who) = self.asked(message.id).unwrap_or_else(|| (self.set_up(), None));
        let said = heard.say(session, &scoped.body, &scoped.context, Vec::new(), true);
        let counter = report.bindings.first().and_then(|binding| Counter::from_oid(&binding.object));
        let refused = match counter {
            Some(Counter::UnknownEngines | Counter::NotInTimeWindows) | None => None,
            Some(counter) => who.and_then(|who| {
                let why = format!("refused: {}", counter.name());
                self.open_unread(who, &message.usm.engine_id, "error", why)
            }),
        };
        [said].into_iter().chain(refused).collect()
    }
}

/// A request that asks for nothing but the engine's id (RFC 3414 §4).
fn is_discovery(level: Level, message: &V3Message, pdu: &Pdu) -> bool {
    let is_nobody = message.usm.engine_id.is_empty() || message.usm.user.is_empty();
    level == Level::NoAuthNoPriv && pdu.kind == PduKind::Get && pdu.bindings.is_empty() && is_nobody
}
