//! The commands that set up, change and end sessions (IPMI 2.0 §22.13 to §22.20).

use super::table::Link;
use super::{Moment, Server};
use crate::ipmi::{Completion, NetFn, Privilege, Request, Response};
use std::net::IpAddr;

/// What became of a request.
pub(super) enum Outcome {
    /// Answered here.
    Answer(Response),
    /// Answered here; the session of this id ends when the answer has been wrapped.
    AnswerAndEnd(Response, u32),
    /// No answer at all.
    Silence,
    /// A command that the BMC has to carry out.
    NotMine,
}

const CHANNEL_AUTHENTICATION_CAPABILITIES: u8 = 0x38;
const SESSION_CHALLENGE: u8 = 0x39;
const ACTIVATE_SESSION: u8 = 0x3a;
const SET_SESSION_PRIVILEGE: u8 = 0x3b;
const CLOSE_SESSION: u8 = 0x3c;
const SESSION_INFO: u8 = 0x3d;
const CHANNEL_CIPHER_SUITES: u8 = 0x54;

/// Set Session Privilege Level: the level is not available for this user.
const LEVEL_NOT_AVAILABLE: Completion = Completion(0x80);
/// Set Session Privilege Level: the level exceeds the channel's limit.
const LEVEL_EXCEEDS_LIMIT: Completion = Completion(0x81);
/// Close Session: there is no such session.
const NO_SUCH_SESSION: Completion = Completion(0x87);
/// Close Session: there is no such handle.
const NO_SUCH_HANDLE: Completion = Completion(0x88);
/// "This channel."
const THIS_CHANNEL: u8 = 0x0e;
/// Bytes of cipher suite records in one answer.
const CHUNK: usize = 16;

impl Server {
    /// The commands that are allowed outside any session.
    pub(super) fn setup_command(&mut self, moment: &mut Moment<'_>, request: &Request) -> Outcome {
        if request.netfn != NetFn::APP || request.lun != 0 {
            return Outcome::NotMine;
        }
        match request.command {
            CHANNEL_AUTHENTICATION_CAPABILITIES => Outcome::Answer(self.capabilities(request)),
            CHANNEL_CIPHER_SUITES if self.config.answers_cipher_suites => {
                Outcome::Answer(self.list_cipher_suites(request))
            }
            CHANNEL_CIPHER_SUITES => Outcome::Silence,
            SESSION_CHALLENGE => Outcome::Answer(self.challenge(moment, request)),
            _ => Outcome::NotMine,
        }
    }

    /// The commands that are taken here when they come in the session of this id.
    pub(super) fn session_command(&mut self, moment: &mut Moment<'_>, id: u32, request: &Request) -> Outcome {
        if request.netfn != NetFn::APP || request.lun != 0 {
            return Outcome::NotMine;
        }
        match request.command {
            SET_SESSION_PRIVILEGE => Outcome::Answer(self.set_privilege(id, request)),
            CLOSE_SESSION => self.close_session(id, request),
            SESSION_INFO => Outcome::Answer(self.session_info(id, request)),
            ACTIVATE_SESSION => Outcome::Answer(request.answer(Completion::NOT_IN_PRESENT_STATE, [])),
            _ => self.setup_command(moment, request),
        }
    }

    fn is_our_channel(&self, byte: u8) -> bool {
        matches!(byte & 0x0f, THIS_CHANNEL) || byte & 0x0f == self.config.channel
    }

    /// Get Channel Authentication Capabilities (IPMI 2.0 §22.13).
    fn capabilities(&self, request: &Request) -> Response {
        let &[channel, privilege] = request.data.as_slice() else {
            return request.answer(Completion::LENGTH_INVALID, []);
        };
        if !self.is_our_channel(channel) || privilege & 0x0f > u8::from(Privilege::Oem) {
            return request.answer(Completion::INVALID_FIELD, []);
        }
        let config = &self.config;
        let extended = channel & 0x80 != 0 && config.v20;
        let enabled = || config.users.iter().filter(|user| user.enabled);
        let null_users = || enabled().filter(|user| user.name.is_empty());
        let mut types = if config.v15 { config.auth_bits() } else { 0 };
        let mut state = 0;
        for (bit, is_set) in [
            (0x01, null_users().any(|user| user.password.is_empty())),
            (0x02, null_users().any(|user| !user.password.is_empty())),
            (0x04, enabled().any(|user| !user.name.is_empty())),
            (0x10, !config.per_message_auth),
            (0x20, extended && config.kg.as_ref().is_some_and(|kg| !kg.is_empty())),
        ] {
            if is_set {
                state |= bit;
            }
        }
        let mut versions = 0;
        if extended {
            types |= 0x80;
            versions = 0x02 | u8::from(config.v15);
        }
        request.answer(Completion::OK, [config.channel, types, state, versions, 0, 0, 0, 0])
    }

    /// Get Channel Cipher Suites (IPMI 2.0 §22.15): 16 bytes at a time.
    fn list_cipher_suites(&self, request: &Request) -> Response {
        let &[channel, _payload_type, index] = request.data.as_slice() else {
            return request.answer(Completion::LENGTH_INVALID, []);
        };
        if !self.is_our_channel(channel) {
            return request.answer(Completion::INVALID_FIELD, []);
        }
        if !self.config.v20 {
            return request.answer(Completion::INVALID_COMMAND, []);
        }
        let mut records = Vec::new();
        if index & 0x80 != 0 {
            self.config.suites().for_each(|(id, suite)| suite.emit_record(id, &mut records));
        } else {
            // By algorithm: each tagged byte once, authentication before integrity before confidentiality.
            for (_, suite) in self.config.suites() {
                let mut record = Vec::with_capacity(5);
                suite.emit_record(0, &mut record);
                records.extend(record.into_iter().skip(2));
            }
            records.sort_unstable();
            records.dedup();
        }
        let mut data = vec![self.config.channel];
        data.extend(records.chunks(CHUNK).nth(usize::from(index & 0x3f)).unwrap_or_default());
        request.answer(Completion::OK, data)
    }

    /// Set Session Privilege Level (IPMI 2.0 §22.18).
    fn set_privilege(&mut self, id: u32, request: &Request) -> Response {
        let &[level] = request.data.as_slice() else {
            return request.answer(Completion::LENGTH_INVALID, []);
        };
        let channel_limit = self.config.privilege_limit;
        let Some(session) = self.table.session(id) else { return request.answer(NO_SUCH_SESSION, []) };
        match Privilege::from_bits(level) {
            Privilege::HIGHEST => {}
            Privilege::Callback | Privilege::Unknown(_) => {
                return request.answer(Completion::INVALID_FIELD, []);
            }
            level if level > channel_limit => return request.answer(LEVEL_EXCEEDS_LIMIT, []),
            level if level > session.limit => return request.answer(LEVEL_NOT_AVAILABLE, []),
            level => session.privilege = level,
        }
        request.answer(Completion::OK, [u8::from(session.privilege)])
    }

    /// Close Session (IPMI 2.0 §22.19). A session other than one's own is closed by administrators only.
    fn close_session(&mut self, id: u32, request: &Request) -> Outcome {
        let Some((wanted, rest)) = request.data.split_first_chunk::<4>() else {
            return Outcome::Answer(request.answer(Completion::LENGTH_INVALID, []));
        };
        let wanted = u32::from_le_bytes(*wanted);
        let found = match (wanted, rest) {
            (0, [handle]) => match self.table.active.iter().find(|session| session.handle == *handle) {
                Some(session) => session.id,
                None => return Outcome::Answer(request.answer(NO_SUCH_HANDLE, [])),
            },
            (_, []) => wanted,
            _ => return Outcome::Answer(request.answer(Completion::LENGTH_INVALID, [])),
        };
        if self.table.session(found).is_none() {
            return Outcome::Answer(request.answer(NO_SUCH_SESSION, []));
        }
        let is_administrator =
            self.table.session(id).is_some_and(|session| session.privilege >= Privilege::Administrator);
        if found != id && !is_administrator {
            return Outcome::Answer(request.answer(Completion::INSUFFICIENT_PRIVILEGE, []));
        }
        Outcome::AnswerAndEnd(request.answer(Completion::OK, []), found)
    }

    /// Get Session Info (IPMI 2.0 §22.20).
    fn session_info(&self, id: u32, request: &Request) -> Response {
        let active = &self.table.active;
        let found = match *request.data.as_slice() {
            [0] => active.iter().find(|session| session.id == id),
            [0xfe, handle] => active.iter().find(|session| session.handle == handle),
            [0xff, a, b, c, d] => {
                active.iter().find(|session| session.id == u32::from_le_bytes([a, b, c, d]))
            }
            [index @ 1..=0xfd] => active.get(usize::from(index) - 1),
            _ => return request.answer(Completion::LENGTH_INVALID, []),
        };
        let count = |number: usize| u8::try_from(number.min(0x3f)).unwrap_or(0x3f);
        let mut data = vec![
            found.map_or(0, |session| session.handle),
            count(self.config.session_limit),
            count(active.len()),
        ];
        if let Some(session) = found {
            let version = if matches!(session.link, Link::V20 { .. }) { 0x10 } else { 0 };
            data.extend_from_slice(&[
                count(session.user + 1),
                session.privilege.into(),
                version | self.config.channel & 0x0f,
            ]);
            let address = match session.peer.ip() {
                IpAddr::V4(address) => address.octets(),
                IpAddr::V6(_) => [0; 4],
            };
            data.extend_from_slice(&address);
            data.extend_from_slice(&[0; 6]); // the console's MAC address is below what we see
            data.extend_from_slice(&session.peer.port().to_le_bytes());
        }
        request.answer(Completion::OK, data)
    }
}
