//! Strict replay of IPMI.
//!
//! Sessions are opened anew with the lab's credentials; what is said in them is compared with the record, request by
//! request. Sessions come in the recorded order; after the last one the first comes again. A request that deviates is
//! answered with completion code 0xFF.

mod script;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Transcript;
use fencelab_wire::Secret;
use fencelab_wire::ipmi::server::{Config, Received, Server, User};
use fencelab_wire::ipmi::{
    AuthType, Body, Completion, LanMessage, Privilege, Request, Response, rmcp, rmcpplus, session,
};

use super::Divergences;
use crate::device::{Credentials, RequestLog};
use crate::face::ipmi::opening::Opening;
use crate::face::ipmi::{op, request_text, response_text};
use crate::face::{Context, Random, Reply};
use crate::fault::Op;
use crate::plant::{Cause, Power};
use crate::spec::CommandId;
use script::{Exchange, Script};

/// A transcript being replayed.
#[derive(Debug)]
pub(crate) struct Player {
    script: Script,
    server: Server,
    /// The recorded session that the next one will be.
    next: usize,
    live: Vec<Live>,
    pub(super) divergences: Divergences,
    pub(super) timed: bool,
}

/// A session that is open now.
#[derive(Debug)]
struct Live {
    id: u32,
    /// Index of the recorded session.
    recorded: usize,
    /// Index of the next exchange.
    next: usize,
}

impl Player {
    pub(crate) fn new(
        transcript: &Transcript,
        credentials: &Credentials,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Self {
        let script = Script::of(transcript);
        let mut names = vec![credentials.user.clone()];
        names.extend(script.users.iter().filter(|name| **name != credentials.user).cloned());
        let user = |name| User {
            name,
            password: Secret::from(credentials.password.as_str()),
            privilege: Privilege::Administrator,
            enabled: true,
        };
        let mut guid = [0; 16];
        random(&mut guid);
        let config = Config {
            users: names.into_iter().map(user).collect(),
            kg: credentials.kg.as_deref().map(Secret::from),
            guid,
            auth_types: vec![AuthType::None, AuthType::Md5, AuthType::Password],
            cipher_suites: vec![0, 1, 2, 3, 6, 7, 8, 15, 16, 17],
            session_limit: 64,
            half_open_limit: 64,
            ..Config::default()
        };
        let server = Server::new(Arc::new(config));
        Self { script, server, next: 0, live: Vec::new(), divergences: Divergences::default(), timed: false }
    }

    pub(crate) fn sessions(&self) -> usize {
        self.server.sessions()
    }

    /// The power at the start of the record, as far as its first status tells.
    pub(crate) fn power_at_start(transcript: &Transcript) -> Power {
        let script = Script::of(transcript);
        let all = script.sessions.iter().flat_map(|session| &session.exchanges);
        all.filter_map(shown_power).next().unwrap_or(Power::On)
    }

    pub(crate) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        datagram: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        if let Some(reply) = self.outside(datagram) {
            return reply.into_iter().collect();
        }
        if let Some(opening) = Opening::sniff(datagram)
            && let Some(code) = self.script.sessions.get(self.next).and_then(|session| session.refused)
        {
            self.advance();
            let refusal = opening.refusal(Some(code));
            return refusal.map(|bytes| Reply::new(bytes, Duration::ZERO, Op::Session)).into_iter().collect();
        }
        match self.server.receive(now, peer, context.random, datagram) {
            Received::Nothing => Vec::new(),
            Received::Reply(bytes) => vec![Reply::new(bytes, Duration::ZERO, Op::Session)],
            Received::Command { ticket, request, session, .. } => {
                let answer = self.answer(now, session, &request, context);
                context.log.push(RequestLog {
                    exchange: context.faults.exchange(),
                    number: 0,
                    at: now,
                    face: context.face,
                    session,
                    request: request_text(&request),
                    answer: answer
                        .as_ref()
                        .map_or_else(|| "nothing".to_owned(), |(response, _)| response_text(response)),
                    effect: None,
                });
                let Some((response, delay)) = answer else { return Vec::new() };
                let bytes = self.server.respond(ticket, &response, context.random);
                if bytes.is_empty() { Vec::new() } else { vec![Reply::new(bytes, delay, op::of(&request))] }
            }
        }
    }

    /// What a datagram would be about, without any effect: a copy of the sessions reads it.
    pub(crate) fn classify(
        &self,
        now: Duration,
        peer: SocketAddr,
        random: Random<'_>,
        datagram: &[u8],
    ) -> Op {
        op::of_received(&self.server.clone().receive(now, peer, random, datagram))
    }

    /// A question outside any session that was recorded: `Some` with the recorded answer, if there was one.
    fn outside(&self, datagram: &[u8]) -> Option<Option<Reply>> {
        let body = rmcp::ipmi(datagram)?;
        let (message, plus) = match rmcpplus::Packet::parse(body) {
            Some(packet) if packet.id == 0 && packet.kind == rmcpplus::PayloadType::Ipmi => {
                (LanMessage::parse(packet.payload).ok()?, true)
            }
            Some(_) => return None,
            None => {
                let packet = session::Packet::parse(body)?;
                (LanMessage::parse(packet.payload).ok().filter(|_| packet.id == 0)?, false)
            }
        };
        let Body::Request(request) = &message.body else { return None };
        // A challenge is for one use, and belongs to a login that is made anew.
        let id = CommandId { netfn: request.netfn.0, cmd: request.command };
        if id == (CommandId { netfn: 0x06, cmd: 0x39 }) {
            return None;
        }
        let recorded = self.script.outside.iter().find(|exchange| exchange.is(request))?;
        let Some((response, delay)) = &recorded.answer else { return Some(None) };
        let bytes = message.reply(response.clone()).emit();
        let bytes = if plus {
            rmcpplus::Packet::sessionless(rmcpplus::PayloadType::Ipmi, &bytes).emit()
        } else {
            session::Packet::sessionless(&bytes).emit()
        };
        let delay = if self.timed { *delay } else { Duration::ZERO };
        Some(Some(Reply::new(bytes, delay, Op::Session)))
    }

    /// What the record says to a request in a session.
    fn answer(
        &mut self,
        now: Duration,
        id: u32,
        request: &Request,
        context: &mut Context<'_>,
    ) -> Option<(Response, Duration)> {
        if id == 0 {
            return Some((self.diverge(now, None, request), Duration::ZERO));
        }
        let live = self.live(id);
        let Some(exchanges) =
            self.script.sessions.get(self.live.get(live)?.recorded).map(|session| &session.exchanges)
        else {
            return Some((self.diverge(now, None, request), Duration::ZERO));
        };
        let live = self.live.get_mut(live)?;
        let expected = exchanges.get(live.next);
        let last = live.next.checked_sub(1).and_then(|last| exchanges.get(last));
        let exchange = match (expected, last) {
            (Some(expected), _) if expected.is(request) => {
                live.next += 1;
                expected
            }
            // Sent again, because the answer was late or was lost.
            (_, Some(last)) if last.is(request) => last,
            _ => {
                let expected = expected.map(|expected| (expected.line, request_text(&expected.request)));
                return Some((self.diverge(now, expected, request), Duration::ZERO));
            }
        };
        if let (Some(power), Some(plug)) = (shown_power(exchange), context.plant.plugs().first()) {
            let plug = plug.name().to_owned();
            context.plant.schedule(now, &plug, &[(now, power)], Cause::Request(context.log.next_number()));
        }
        let (response, delay) = exchange.answer.as_ref()?;
        Some((response.clone(), if self.timed { *delay } else { Duration::ZERO }))
    }

    /// The open session of this id; a new one is the next recorded one.
    fn live(&mut self, id: u32) -> usize {
        if let Some(index) = self.live.iter().position(|live| live.id == id) {
            return index;
        }
        // Refusals were said when the session was being opened; those that nobody ran into are passed over.
        for _ in 0..self.script.sessions.len() {
            if self.script.sessions.get(self.next).is_some_and(|session| session.refused.is_none()) {
                break;
            }
            self.advance();
        }
        if self.live.len() >= 64 {
            self.live.remove(0);
        }
        self.live.push(Live { id, recorded: self.next, next: 0 });
        self.advance();
        self.live.len() - 1
    }

    fn advance(&mut self) {
        self.next = (self.next + 1).checked_rem(self.script.sessions.len()).unwrap_or(0);
    }

    fn diverge(&mut self, at: Duration, expected: Option<(usize, String)>, request: &Request) -> Response {
        self.divergences.note(at, expected, || request_text(request));
        request.answer(Completion::UNSPECIFIED, Vec::new())
    }
}

/// The power that a recorded chassis status shows.
fn shown_power(exchange: &Exchange) -> Option<Power> {
    let id = CommandId { netfn: exchange.request.netfn.0, cmd: exchange.request.command };
    let (response, _) = exchange.answer.as_ref().filter(|_| id == CommandId::CHASSIS_STATUS)?;
    if !response.completion.is_ok() {
        return None;
    }
    let on = response.data.first()? & 1 == 1;
    Some(if on { Power::On } else { Power::Off })
}
