//! RMCP+ sessions at the BMC (IPMI 2.0 §13.14 to §13.24).

use super::table::{HalfOpen, Link, Session, Stage};
use super::{Moment, Received, Server, To};
use crate::ipmi::cipher_suite::{Authentication, Suite};
use crate::ipmi::crypto::Keys;
use crate::ipmi::open_session::{Algorithms, Request as OpenRequest, Response as OpenResponse};
use crate::ipmi::rakp::{Exchange, NAME_ONLY, Rakp1, Rakp2, Rakp34};
use crate::ipmi::rmcpplus::{Packet, PayloadType, is_signed_with, status};
use crate::ipmi::window::{self, Window};
use crate::ipmi::{LanMessage, Privilege};
use std::sync::Arc;

/// A response in a session's wrapping, always authenticated where the session has integrity.
pub(super) fn wrap(
    session: &mut Session,
    message: &[u8],
    encrypted: bool,
    random: &mut dyn FnMut(&mut [u8]),
) -> Vec<u8> {
    let Link::V20 { console, keys, sent_authenticated, sent_plain, .. } = &mut session.link else {
        return Vec::new();
    };
    let authenticated = keys.has_integrity();
    let sent = if authenticated { sent_authenticated } else { sent_plain };
    *sent = sent.checked_add(1).unwrap_or(1);
    Packet {
        id: *console,
        sequence: *sent,
        authenticated,
        encrypted,
        ..Packet::sessionless(PayloadType::Ipmi, message)
    }
    .seal(keys, random)
}

fn reply(kind: PayloadType, payload: &[u8]) -> Received {
    Received::Reply(Packet::sessionless(kind, payload).emit())
}

impl Server {
    /// Takes a packet under the header of RMCP+; `datagram` is the whole of it.
    pub(super) fn receive_v20(
        &mut self,
        moment: &mut Moment<'_>,
        datagram: &[u8],
        packet: &Packet<'_>,
    ) -> Received {
        let answer = match packet.kind {
            PayloadType::OpenSessionRequest => self.open_session(moment, packet.payload),
            PayloadType::Rakp1 => self.rakp1(moment, packet.payload),
            PayloadType::Rakp3 => self.rakp3(moment, packet.payload),
            PayloadType::Ipmi if packet.id == 0 => {
                return match LanMessage::parse(packet.payload) {
                    Ok(message) => self.message_outside(moment, message, To::NobodyV20),
                    Err(_) => Received::Nothing,
                };
            }
            PayloadType::Ipmi => return self.packet_in_session(moment, datagram, packet),
            _ => None,
        };
        answer.unwrap_or(Received::Nothing)
    }

    fn packet_in_session(
        &mut self,
        moment: &mut Moment<'_>,
        datagram: &[u8],
        packet: &Packet<'_>,
    ) -> Received {
        let Some(session) = self.table.session(packet.id) else { return Received::Nothing };
        let Link::V20 { keys, received_authenticated, received_plain, rakp4, .. } = &mut session.link else {
            return Received::Nothing;
        };
        // A session with integrity takes no packet without: anybody could have sent it.
        if packet.authenticated != keys.has_integrity()
            || packet.authenticated && !is_signed_with(datagram, keys)
            || packet.encrypted && !keys.has_confidentiality()
        {
            return Received::Nothing;
        }
        let message = if packet.encrypted {
            keys.decrypt(packet.payload).and_then(|plain| LanMessage::parse(&plain).ok())
        } else {
            LanMessage::parse(packet.payload).ok()
        };
        let Some(message) = message else { return Received::Nothing };
        let window = if packet.authenticated { received_authenticated } else { received_plain };
        if packet.sequence == 0 || !window.take(packet.sequence, window::V20) {
            return Received::Nothing;
        }
        *rakp4 = None;
        session.last = moment.now;
        session.peer = moment.peer;
        let to = To::Session { id: packet.id, encrypted: packet.encrypted };
        self.message_in_session(moment, packet.id, message, to)
    }

    /// The suite that a proposal comes to, or the status code that refuses it.
    fn choose(&self, proposed: &Algorithms) -> Result<Suite, u8> {
        let [authentication, integrity, confidentiality] = proposed.0;
        let wanted = proposed.suite();
        let all = || self.config.suites().map(|(_, suite)| suite);
        let fits = |suite: &Suite| {
            (authentication.is_any() || suite.authentication == wanted.authentication)
                && (integrity.is_any() || suite.integrity == wanted.integrity)
                && (confidentiality.is_any() || suite.confidentiality == wanted.confidentiality)
        };
        if let Some(suite) = all().find(fits) {
            return Ok(suite);
        }
        Err(if !authentication.is_any() && !all().any(|s| s.authentication == wanted.authentication) {
            status::INVALID_AUTHENTICATION
        } else if !integrity.is_any() && !all().any(|s| s.integrity == wanted.integrity) {
            status::INVALID_INTEGRITY
        } else if !confidentiality.is_any() && !all().any(|s| s.confidentiality == wanted.confidentiality) {
            status::INVALID_CONFIDENTIALITY
        } else {
            status::NO_CIPHER_SUITE
        })
    }

    /// Open Session (IPMI 2.0 §13.17).
    fn open_session(&mut self, moment: &mut Moment<'_>, payload: &[u8]) -> Option<Received> {
        let request = OpenRequest::parse(payload)?;
        let refuse = |status| {
            let &OpenRequest { tag, console, privilege, .. } = &request;
            let refusal = OpenResponse {
                tag,
                status,
                privilege,
                reserved: 0,
                console,
                accepted: None,
                rest: Vec::new(),
            };
            Some(reply(PayloadType::OpenSessionResponse, &refusal.emit()))
        };
        let limit = self.config.privilege_limit;
        let asked = Privilege::from_bits(request.privilege);
        let privilege = match asked {
            Privilege::HIGHEST => limit,
            Privilege::Unknown(_) => return refuse(status::INVALID_ROLE),
            asked if asked > limit => return refuse(status::UNAUTHORIZED_ROLE),
            asked => asked,
        };
        if request.console == 0 {
            return refuse(status::INVALID_SESSION);
        }
        let suite = match self.choose(&request.algorithms) {
            Ok(suite) => suite,
            Err(status) => return refuse(status),
        };
        if self.table.active.len() >= self.config.session_limit {
            return refuse(status::NO_RESOURCES);
        }
        // Asked again because the answer was lost: the same answer, no second entry.
        let stage = |tag, console| Stage::Opened { tag, console, privilege, suite };
        let same = |half: &HalfOpen| {
            half.peer == moment.peer
                && matches!(half.stage, Stage::Opened { tag, console, privilege: p, suite: s }
                    if (tag, console, p, s) == (request.tag, request.console, privilege, suite))
        };
        let id = match self.table.half_open.iter().find(|half| same(half)) {
            Some(half) => half.id,
            None => {
                let id = self.table.new_id(moment.random);
                let stage = stage(request.tag, request.console);
                let half = HalfOpen { id, peer: moment.peer, since: moment.now, stage };
                self.table.open(half, self.config.half_open_limit);
                id
            }
        };
        let told = if self.config.echoes_open_session_privilege { asked } else { privilege };
        let response = OpenResponse {
            tag: request.tag,
            status: status::OK,
            privilege: told.into(),
            reserved: 0,
            console: request.console,
            accepted: Some((id, suite.into())),
            rest: Vec::new(),
        };
        Some(reply(PayloadType::OpenSessionResponse, &response.emit()))
    }

    /// RAKP 1, answered by RAKP 2 (IPMI 2.0 §13.20 and §13.21).
    fn rakp1(&mut self, moment: &mut Moment<'_>, payload: &[u8]) -> Option<Received> {
        let asked = Rakp1::parse(payload)?;
        let tag = asked.tag;
        let refuse = |status, console| {
            let refusal = Rakp2 { tag, status, reserved: [0; 2], console, proof: None, code: Vec::new() };
            Some(reply(PayloadType::Rakp2, &refusal.emit()))
        };
        let config = Arc::clone(&self.config);
        let Some(half) = self.table.half(asked.bmc) else { return refuse(status::INVALID_SESSION, 0) };
        let (console, suite, open_limit, before) = match &half.stage {
            Stage::Opened { console, suite, privilege, .. } => (*console, *suite, *privilege, None),
            Stage::Named { suite, exchange, open_limit, .. } => {
                (exchange.console, *suite, *open_limit, Some(exchange.bmc_random))
            }
            Stage::Challenged { .. } => return refuse(status::INVALID_SESSION, 0),
        };
        if asked.name.len() > 16 {
            return refuse(status::INVALID_NAME_LENGTH, console);
        }
        let level = match Privilege::from_bits(asked.role) {
            Privilege::HIGHEST => None,
            Privilege::Unknown(_) => return refuse(status::INVALID_ROLE, console),
            level => Some(level),
        };
        let found = match level {
            Some(level) if asked.role & NAME_ONLY == 0 => config.user_at(&asked.name, level),
            _ => config.user(&asked.name),
        };
        let Some((user, account)) = found else { return refuse(status::UNAUTHORIZED_NAME, console) };
        let highest = account.privilege.min(open_limit);
        let limit = level.unwrap_or(highest);
        if limit > highest {
            return refuse(status::UNAUTHORIZED_ROLE, console);
        }
        // RAKP 1 asked again gets the same random number again, so that either answer is good.
        let bmc_random = before.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            (moment.random)(&mut bytes);
            bytes
        });
        let exchange = Box::new(Exchange {
            algorithm: suite.authentication,
            console,
            bmc: asked.bmc,
            console_random: asked.random,
            bmc_random,
            guid: config.guid,
            role: asked.role,
            name: asked.name,
        });
        let code = exchange.rakp2(&account.password)?.as_slice().to_vec();
        half.stage = Stage::Named { suite, user, limit, exchange, open_limit };
        let proof = Some((bmc_random, config.guid));
        let answer = Rakp2 { tag, status: status::OK, reserved: [0; 2], console, proof, code };
        Some(reply(PayloadType::Rakp2, &answer.emit()))
    }

    /// RAKP 3, answered by RAKP 4: the session is active (IPMI 2.0 §13.22 and §13.23).
    fn rakp3(&mut self, moment: &mut Moment<'_>, payload: &[u8]) -> Option<Received> {
        let asked = Rakp34::parse(payload)?;
        let answer = |status, id, code| {
            let message = Rakp34 { tag: asked.tag, status, reserved: [0; 2], id, code };
            reply(PayloadType::Rakp4, &message.emit())
        };
        let config = Arc::clone(&self.config);
        if let Some(session) = self.table.session(asked.id) {
            let Link::V20 { rakp4: Some(sent), .. } = &session.link else { return None };
            return Some(Received::Reply(sent.to_vec()));
        }
        let Some(half) = self.table.half(asked.id) else {
            return Some(answer(status::INVALID_SESSION, 0, Vec::new()));
        };
        let Stage::Named { suite, user, limit, exchange, .. } = &half.stage else {
            return Some(answer(status::INVALID_SESSION, 0, Vec::new()));
        };
        let (suite, user, limit, console) = (*suite, *user, *limit, exchange.console);
        if asked.status != status::OK {
            self.table.drop_half(asked.id);
            return None;
        }
        let password = &config.users.get(user)?.password;
        let genuine = exchange.rakp3(password)?.is(&asked.code)
            || suite.authentication == Authentication::None && asked.code.is_empty();
        if !genuine {
            self.table.drop_half(asked.id);
            return Some(answer(status::INVALID_CHECK_VALUE, console, Vec::new()));
        }
        let sik = exchange.sik(password, config.kg.as_ref())?;
        let code = exchange.rakp4(sik.as_slice())?;
        let keys = Keys::derive(suite, sik.as_slice(), password);
        self.table.drop_half(asked.id);
        let Some(keys) = keys else {
            return Some(answer(status::NO_CIPHER_SUITE, console, Vec::new()));
        };
        if self.table.active.len() >= config.session_limit {
            return Some(answer(status::NO_RESOURCES, console, Vec::new()));
        }
        let message = Rakp34 {
            tag: asked.tag,
            status: status::OK,
            reserved: [0; 2],
            id: console,
            code: code.as_slice().to_vec(),
        };
        let sent = Packet::sessionless(PayloadType::Rakp4, &message.emit()).emit();
        let link = Link::V20 {
            console,
            keys,
            received_authenticated: Window::starting_at(1),
            received_plain: Window::starting_at(1),
            sent_authenticated: 0,
            sent_plain: 0,
            rakp4: Some(sent.clone().into_boxed_slice()),
        };
        let session = Session {
            id: asked.id,
            handle: self.table.new_handle(),
            peer: moment.peer,
            user,
            limit,
            privilege: limit.min(Privilege::User),
            last: moment.now,
            link,
        };
        self.table.active.push(session);
        Some(Received::Reply(sent))
    }
}
