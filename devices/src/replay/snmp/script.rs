//! What a strict replay of SNMP goes by: one list of requests with their answers, and what marks tell of the plugs.

use std::time::Duration;

use fencelab_transcript::{Body, Event, Kind, Map, Side, Transcript};
use fencelab_wire::snmp::usm::{AuthProtocol, PrivProtocol};
use fencelab_wire::snmp::{Pdu, PduKind, Version, body};
use serde_json::Value;

use crate::plant::Power;
use crate::replay::marks::Marks;

/// A transcript, taken apart.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) exchanges: Vec<Exchange>,
    /// Versions that were spoken.
    pub(super) versions: Vec<Version>,
    /// Users that asked, with their protocols.
    pub(super) users: Vec<(String, Option<AuthProtocol>, Option<PrivProtocol>)>,
    /// What marks tell of the plugs.
    pub(super) marks: Marks,
}

/// A request and its recorded answer.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The line of the request, from 1.
    pub(super) line: usize,
    pub(super) request: Pdu,
    session: u32,
    at: Duration,
    /// The answer and how long it took; `None`: there was none.
    pub(super) answer: Option<(Pdu, Duration)>,
    /// What the marks say that this order did.
    pub(super) moves: Option<(String, Power)>,
}

impl Exchange {
    /// Whether this is what was asked; the number of a request is another each time.
    pub(super) fn is(&self, request: &Pdu) -> bool {
        let Pdu { kind, request_id: _, error, index, bindings } = request;
        let own = &self.request;
        own.kind == *kind && own.error == *error && own.index == *index && own.bindings == *bindings
    }
}

impl Script {
    /// Takes a transcript apart. What is not an SNMP request or its answer (reports, traps, opaque datagrams) has no part in
    /// it.
    pub(super) fn of(transcript: &Transcript) -> Self {
        let mut script = Self::default();
        for (index, event) in transcript.events.iter().enumerate() {
            // The header is line 1.
            script.take(index + 2, event);
        }
        script
    }

    fn take(&mut self, line: usize, event: &Event) {
        match &event.kind {
            Kind::Open(details) => self.open(details),
            Kind::Mark(mark) => self.marks.take(mark),
            Kind::Say { from, body: Body::Object { protocol, value } } if protocol == "snmp" => {
                let Ok((said, _)) = body::from_json(value) else { return };
                let Some(pdu) = said.pdu() else { return };
                match from {
                    Side::Agent => self.request(line, event, pdu),
                    Side::Device => self.answer(event, pdu),
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, details: &Map) {
        let get = |name: &str| details.get(name).and_then(Value::as_str);
        if let Some(version) = get("version").and_then(|version| version.parse().ok())
            && !self.versions.contains(&version)
        {
            self.versions.push(version);
        }
        let Some(user) = get("user") else { return };
        let user = (
            user.to_owned(),
            get("auth").and_then(|name| name.parse().ok()),
            get("privacy").and_then(|name| name.parse().ok()),
        );
        match self.users.iter_mut().find(|(name, ..)| *name == user.0) {
            // The same user at a lower level tells less.
            Some(known) => *known = (user.0, known.1.or(user.1), known.2.or(user.2)),
            None => self.users.push(user),
        }
    }

    fn request(&mut self, line: usize, event: &Event, pdu: &Pdu) {
        if !pdu.kind.is_request() || pdu.kind == PduKind::Inform || pdu.bindings.is_empty() {
            return;
        }
        // The same number and bytes once more is the same request, sent again.
        let is_again = |last: &Exchange| last.session == event.session && last.request == *pdu;
        if self.exchanges.last().is_some_and(is_again) {
            return;
        }
        let (request, session, at) = (pdu.clone(), event.session, event.at);
        self.exchanges.push(Exchange { line, request, session, at, answer: None, moves: None });
    }

    fn answer(&mut self, event: &Event, pdu: &Pdu) {
        if pdu.kind != PduKind::Response {
            return;
        }
        let asked = |exchange: &&mut Exchange| {
            exchange.session == event.session
                && exchange.request.request_id == pdu.request_id
                && exchange.answer.is_none()
        };
        let Some(exchange) = self.exchanges.iter_mut().rev().find(asked) else { return };
        exchange.answer = Some((pdu.clone(), event.at.saturating_sub(exchange.at)));
        if exchange.request.kind == PduKind::Set
            && pdu.error.is_ok()
            && let Some((plug, brings)) = &mut self.marks.running
            && !brings.is_empty()
        {
            exchange.moves = Some((plug.clone(), brings.remove(0)));
        }
    }
}
