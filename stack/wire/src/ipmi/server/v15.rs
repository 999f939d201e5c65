//! IPMI v1.5 sessions at the BMC (IPMI 2.0 §6.12, §22.16, §22.17).

use super::table::{HalfOpen, Link, Session, Stage};
use super::{Config, Moment, Received, Server, Ticket, To};
use crate::Secret;
use crate::ipmi::session::Packet;
use crate::ipmi::window::{self, Window};
use crate::ipmi::{AuthType, Body, Completion, LanMessage, NetFn, Privilege, Request, Response};
use std::sync::Arc;

/// Activate Session.
const ACTIVATE: u8 = 0x3a;
/// No session slot available.
const NO_SLOT: Completion = Completion(0x81);
/// Invalid session id in request.
const INVALID_SESSION: Completion = Completion(0x85);
/// The requested maximum privilege level exceeds the user's or the channel's limit.
const LEVEL_EXCEEDS_LIMIT: Completion = Completion(0x86);
/// Invalid user name.
const INVALID_USER: Completion = Completion(0x81);
/// The null user name is not enabled.
const NO_NULL_USER: Completion = Completion(0x82);

/// What Activate Session asks for (IPMI 2.0 §22.17).
struct Activate {
    auth: AuthType,
    privilege: Privilege,
    challenge: [u8; 16],
    /// The first number that the BMC shall send under.
    outbound: u32,
}

impl Activate {
    fn parse(data: &[u8]) -> Option<Self> {
        let (&[auth, privilege], data) = data.split_first_chunk()?;
        let (challenge, data) = data.split_first_chunk()?;
        let outbound = data.first_chunk()?;
        Some(Self {
            auth: AuthType::from(auth & 0x0f),
            privilege: Privilege::from_bits(privilege),
            challenge: *challenge,
            outbound: u32::from_le_bytes(*outbound),
        })
    }
}

/// A response in a session's wrapping; an authentication code only where the session has one for each message.
pub(super) fn wrap(config: &Config, session: &mut Session, message: &[u8]) -> Vec<u8> {
    let Link::V15 { auth, .. } = session.link else { return Vec::new() };
    wrap_as(config, session, if config.per_message_auth { auth } else { AuthType::None }, message)
}

fn wrap_as(config: &Config, session: &mut Session, auth: AuthType, message: &[u8]) -> Vec<u8> {
    let Link::V15 { next, .. } = &mut session.link else { return Vec::new() };
    let sequence = *next;
    *next = after(*next);
    let Some(user) = config.users.get(session.user) else { return Vec::new() };
    Packet::signed(auth, &user.password, session.id, sequence, message)
        .map(|packet| packet.emit())
        .unwrap_or_default()
}

/// The session sequence number after this one: 0 means "no session" and is left out.
fn after(sequence: u32) -> u32 {
    sequence.checked_add(1).unwrap_or(1)
}

impl Server {
    /// Takes a packet under the header of IPMI v1.5.
    pub(super) fn receive_v15(&mut self, moment: &mut Moment<'_>, packet: &Packet<'_>) -> Received {
        let Ok(message) = LanMessage::parse(packet.payload) else { return Received::Nothing };
        if packet.id == 0 {
            return self.message_outside(moment, message, To::NobodyV15);
        }
        if let Body::Request(request) = &message.body
            && (request.netfn, request.command) == (NetFn::APP, ACTIVATE)
        {
            return self.activate(moment, packet, &message, request);
        }
        let config = Arc::clone(&self.config);
        let Some(session) = self.table.session(packet.id) else { return Received::Nothing };
        let Link::V15 { auth, received, first, .. } = &mut session.link else { return Received::Nothing };
        let password = config.users.get(session.user).map(|user| &user.password);
        // Where messages are not authenticated one by one, a code is allowed, but then it must be right.
        let plain_allowed = *auth == AuthType::None || !config.per_message_auth;
        let genuine = match packet.auth {
            AuthType::None => plain_allowed,
            other => other == *auth && password.is_some_and(|password| packet.is_signed_with(password)),
        };
        if !genuine || !received.take(packet.sequence, window::V15) {
            return Received::Nothing;
        }
        *first = None;
        session.last = moment.now;
        session.peer = moment.peer;
        self.message_in_session(moment, packet.id, message, To::Session { id: packet.id, encrypted: false })
    }

    /// Get Session Challenge (IPMI 2.0 §22.16).
    pub(super) fn challenge(&mut self, moment: &mut Moment<'_>, request: &Request) -> Response {
        let Some((&auth, name)) = request.data.split_first() else {
            return request.answer(Completion::LENGTH_INVALID, []);
        };
        let Some(name) = name.first_chunk::<16>() else {
            return request.answer(Completion::LENGTH_INVALID, []);
        };
        let auth = AuthType::from(auth & 0x0f);
        if !self.config.v15 || !self.config.auth_types.contains(&auth) {
            return request.answer(Completion::INVALID_FIELD, []);
        }
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let Some((user, _)) = self.config.user(name) else {
            let refusal = if name.is_empty() { NO_NULL_USER } else { INVALID_USER };
            return request.answer(refusal, []);
        };
        // No challenge for a session that can't be had: ipmi_sim says so here, before Activate Session would.
        if self.table.active.len() >= self.config.session_limit {
            return request.answer(Completion::OUT_OF_SPACE, []);
        }
        // Asked again because the answer was lost: the same answer, no second entry.
        let asked = |session: &HalfOpen| match session.stage {
            Stage::Challenged { user: u, auth: a, challenge }
                if (u, a, session.peer) == (user, auth, moment.peer) =>
            {
                Some((session.id, challenge))
            }
            _ => None,
        };
        let (id, challenge) = self.table.half_open.iter().find_map(asked).unwrap_or_else(|| {
            let id = self.table.new_id(moment.random);
            let mut challenge = [0; 16];
            (moment.random)(&mut challenge);
            let stage = Stage::Challenged { user, auth, challenge };
            let session = HalfOpen { id, peer: moment.peer, since: moment.now, stage };
            self.table.open(session, self.config.half_open_limit);
            (id, challenge)
        });
        let mut data = id.to_le_bytes().to_vec();
        data.extend_from_slice(&challenge);
        request.answer(Completion::OK, data)
    }

    /// Activate Session (IPMI 2.0 §22.17): it comes under the temporary session id, with number 0, already
    /// authenticated. A wrong code gets no answer.
    fn activate(
        &mut self,
        moment: &mut Moment<'_>,
        packet: &Packet<'_>,
        message: &LanMessage,
        request: &Request,
    ) -> Received {
        let config = Arc::clone(&self.config);
        if self.table.session(packet.id).is_some() {
            return self.activate_again(&config, packet, message, request);
        }
        let Some(half) = self.table.half(packet.id) else { return Received::Nothing };
        let Stage::Challenged { user, auth, challenge } = half.stage else { return Received::Nothing };
        let Some(account) = config.users.get(user) else { return Received::Nothing };
        if packet.auth != auth || !(auth == AuthType::None || packet.is_signed_with(&account.password)) {
            return Received::Nothing;
        }
        let refuse = |completion| {
            let response = request.answer(completion, []);
            Received::Reply(refusal(packet, &account.password, message, &response))
        };
        let Some(asked) = Activate::parse(&request.data) else { return refuse(Completion::LENGTH_INVALID) };
        if asked.auth != auth || asked.challenge != challenge {
            return refuse(INVALID_SESSION);
        }
        if !matches!(u8::from(asked.privilege), 1..=5) {
            return refuse(Completion::INVALID_FIELD);
        }
        if asked.privilege > account.privilege.min(config.privilege_limit) {
            return refuse(LEVEL_EXCEEDS_LIMIT);
        }
        if self.table.active.len() >= config.session_limit {
            return refuse(NO_SLOT);
        }
        self.table.drop_half(packet.id);
        let mut inbound = [0; 4];
        (moment.random)(&mut inbound);
        let first = u32::from_le_bytes(inbound).clamp(1, u32::MAX - 1);
        let link = Link::V15 {
            auth,
            received: Window::starting_at(first),
            next: asked.outbound.max(1),
            first: Some(first),
        };
        let session = Session {
            id: packet.id,
            handle: self.table.new_handle(),
            peer: moment.peer,
            user,
            limit: asked.privilege,
            privilege: asked.privilege.min(Privilege::User),
            last: moment.now,
            link,
        };
        self.table.active.push(session);
        self.confirm(&config, packet.id, message, request)
    }

    /// Activate Session came once more, since its answer was lost: answered again as long as nothing else was
    /// said in the session.
    fn activate_again(
        &mut self,
        config: &Config,
        packet: &Packet<'_>,
        message: &LanMessage,
        request: &Request,
    ) -> Received {
        let Some(session) = self.table.session(packet.id) else { return Received::Nothing };
        let Link::V15 { auth, first: Some(_), .. } = session.link else { return Received::Nothing };
        let Some(user) = config.users.get(session.user) else { return Received::Nothing };
        if packet.auth != auth || !(auth == AuthType::None || packet.is_signed_with(&user.password)) {
            return Received::Nothing;
        }
        self.confirm(config, packet.id, message, request)
    }

    /// The answer to Activate Session, authenticated in any case.
    fn confirm(&mut self, config: &Config, id: u32, message: &LanMessage, request: &Request) -> Received {
        let Some(session) = self.table.session(id) else { return Received::Nothing };
        let Link::V15 { auth, first, .. } = session.link else { return Received::Nothing };
        let rest = if config.per_message_auth { auth } else { AuthType::None };
        let mut data = vec![u8::from(rest)];
        data.extend_from_slice(&id.to_le_bytes());
        data.extend_from_slice(&first.unwrap_or(1).to_le_bytes());
        data.push(session.limit.into());
        let ticket = Ticket::new(message, To::Session { id, encrypted: false });
        let response = ticket.message(&request.answer(Completion::OK, data));
        Received::Reply(wrap_as(config, session, auth, &response))
    }
}

/// A refusal of Activate Session: under the request's own session header, which is all that there is yet.
fn refusal(packet: &Packet<'_>, password: &Secret, message: &LanMessage, response: &Response) -> Vec<u8> {
    let bytes = Ticket::new(message, To::NobodyV15).message(response);
    Packet::signed(packet.auth, password, packet.id, packet.sequence, &bytes)
        .map(|packet| packet.emit())
        .unwrap_or_default()
}
