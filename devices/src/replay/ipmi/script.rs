//! What a strict replay goes by: the recorded sessions in order, each a list of exchanges.

use std::time::Duration;

use fencelab_transcript::{Body, Event, Kind, Side, Transcript};
use fencelab_wire::ipmi::{self, LanMessage, NetFn, Request, Response};
use serde_json::Value;

use crate::spec::CommandId;

/// A transcript, taken apart.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Sessions in which a command was said, or that were refused, in the order of their opening.
    pub(super) sessions: Vec<Session>,
    /// Exchanges outside any session.
    pub(super) outside: Vec<Exchange>,
    /// Users that logged in.
    pub(super) users: Vec<String>,
}

/// A recorded session.
#[derive(Debug, Default)]
pub(super) struct Session {
    number: u32,
    /// The status code of Open Session or the completion code of Activate Session that refused it.
    pub(super) refused: Option<u8>,
    pub(super) exchanges: Vec<Exchange>,
}

/// A request and its recorded answer.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The line of the request, from 1.
    pub(super) line: usize,
    pub(super) request: Request,
    seq: u8,
    at: Duration,
    /// The answer and how long it took; `None`: there was none.
    pub(super) answer: Option<(Response, Duration)>,
}

impl Exchange {
    /// Whether this is what was asked. A reservation is another number each time, but the device gives it out, and the
    /// recorded one is given out again: bytes are compared.
    pub(super) fn is(&self, request: &Request) -> bool {
        self.request == *request
    }
}

impl Script {
    /// Takes a transcript apart. What is not an IPMI message (opaque datagrams, marks) has no part in it.
    pub(super) fn of(transcript: &Transcript) -> Self {
        let mut script = Self::default();
        for (index, event) in transcript.events.iter().enumerate() {
            // The header is line 1.
            script.take(index + 2, event);
        }
        script.sessions.retain(|session| session.refused.is_some() || !session.exchanges.is_empty());
        script
    }

    fn take(&mut self, line: usize, event: &Event) {
        match &event.kind {
            Kind::Open(details) => {
                if let Some(user) = details.get("user").and_then(Value::as_str)
                    && !self.users.iter().any(|known| known == user)
                {
                    self.users.push(user.to_owned());
                }
            }
            Kind::Say { from, body: Body::Object { protocol, value } } if protocol == "ipmi" => {
                let Ok(message) = serde_json::from_value::<LanMessage>(value.clone()) else { return };
                self.message(line, event, *from, message);
            }
            Kind::Say { from: Side::Device, body: Body::Object { protocol, value } }
                if protocol == "rmcp+" =>
            {
                if let Some(status) = open_session_status(value).filter(|status| *status != 0) {
                    self.session(event.session).refused = Some(status);
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, line: usize, event: &Event, from: Side, message: LanMessage) {
        let seq = message.seq;
        match (from, message.body) {
            (Side::Agent, ipmi::Body::Request(request)) => {
                let id = CommandId { netfn: request.netfn.0, cmd: request.command };
                if event.session != 0 && id.is_session_layer() {
                    return;
                }
                let exchanges = self.exchanges(event.session);
                // The same sequence number and bytes once more is the same request, sent again.
                let again = exchanges.last().is_some_and(|last| last.seq == seq && last.request == request);
                if !again {
                    exchanges.push(Exchange { line, request, seq, at: event.at, answer: None });
                }
            }
            (Side::Device, ipmi::Body::Response(response)) => {
                if event.session != 0
                    && response.netfn == NetFn::APP.response()
                    && response.command == ACTIVATE_SESSION
                {
                    if !response.completion.is_ok() {
                        self.session(event.session).refused = Some(response.completion.0);
                    }
                    return;
                }
                let asked = |exchange: &&mut Exchange| {
                    exchange.seq == seq
                        && exchange.answer.is_none()
                        && exchange.request.command == response.command
                        && exchange.request.netfn.response() == response.netfn
                };
                if let Some(exchange) = self.exchanges(event.session).iter_mut().rev().find(asked) {
                    exchange.answer = Some((response, event.at.saturating_sub(exchange.at)));
                }
            }
            _ => {}
        }
    }

    fn exchanges(&mut self, session: u32) -> &mut Vec<Exchange> {
        if session == 0 { &mut self.outside } else { &mut self.session(session).exchanges }
    }

    fn session(&mut self, number: u32) -> &mut Session {
        let index = match self.sessions.iter().position(|session| session.number == number) {
            Some(index) => index,
            None => {
                self.sessions.push(Session { number, ..Session::default() });
                self.sessions.len() - 1
            }
        };
        &mut self.sessions[index]
    }
}

const ACTIVATE_SESSION: u8 = 0x3a;

/// The status code in a recorded Open Session Response.
fn open_session_status(value: &Value) -> Option<u8> {
    if value.get("payload")?.as_str()? != "open-session-response" {
        return None;
    }
    let data = value.get("data")?.as_str()?;
    u8::from_str_radix(data.get(2..4)?, 16).ok()
}
