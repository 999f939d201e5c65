//! Strict replay of SNMP.
//!
//! The requests come in the recorded order, whoever of the recorded communities and users made them: the lab's community
//! stands for all of them. After the last one the first comes again. A request that deviates is answered with genErr.
//! A transcript does not say which object switches which plug; what the marks say about the action that was running moves the
//! plug of the replay.

mod script;

use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Transcript;
use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::{Agent, Config, Received};
use fencelab_wire::snmp::usm::User;
use fencelab_wire::snmp::{ErrorStatus, Pdu, PduKind, Version};

use super::Divergences;
use crate::device::{Credentials, RequestLog};
use crate::face::{Context, Random, Reply};
use crate::fault::Op;
use crate::plant::{Cause, Power};
use script::Script;

/// The longest answer: a record may hold any that a real agent sent.
const ANSWER_BYTES_MAX: usize = 65_507;

/// A transcript being replayed.
#[derive(Debug)]
pub(crate) struct Player {
    script: Script,
    agent: Agent,
    /// Index of the next exchange.
    next: usize,
    /// The number of the request that was answered last.
    last_id: Option<i32>,
    pub(super) divergences: Divergences,
    pub(super) timed: bool,
}

/// The plugs that marks name, with their power at the start.
pub(super) fn plugs_at_start(transcript: &Transcript) -> Vec<(String, Power)> {
    Script::of(transcript).marks.plugs()
}

impl Player {
    /// Whom it answers, for a listener.
    pub(super) fn config(&self) -> &Config {
        self.agent.config()
    }

    pub(super) fn new(transcript: &Transcript, credentials: &Credentials, random: Random<'_>) -> Self {
        let script = Script::of(transcript);
        let password = || Secret::from(credentials.password.as_str());
        let user = |name: &str, auth, privacy| {
            User::new(name, Some((auth, password())), Some((privacy, password())))
        };
        // What the record does not tell is what most devices have.
        use fencelab_wire::snmp::usm::{AuthProtocol::Sha1, PrivProtocol::Aes128};
        let mut users: Vec<User> = script
            .users
            .iter()
            .map(|(name, auth, privacy)| user(name, auth.unwrap_or(Sha1), privacy.unwrap_or(Aes128)))
            .collect();
        if !users.iter().any(|user| user.name() == credentials.user) {
            let (auth, privacy) =
                script.users.first().map_or((None, None), |(_, auth, privacy)| (*auth, *privacy));
            users.push(user(&credentials.user, auth.unwrap_or(Sha1), privacy.unwrap_or(Aes128)));
        }
        let mut versions = script.versions.clone();
        if versions.is_empty() {
            versions = vec![Version::V1, Version::V2c, Version::V3];
        }
        // RFC 3411 §5, snmpEngineID: an enterprise's own format, here net-snmp's "random" one without the enterprise.
        let mut engine_id = vec![0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
        if let Some(tail) = engine_id.get_mut(5..) {
            random(tail);
        }
        let config =
            Config { versions, communities: vec![password()], users, engine_id, max_size: ANSWER_BYTES_MAX };
        let agent = Agent::new(Arc::new(config));
        Self { script, agent, next: 0, last_id: None, divergences: Divergences::default(), timed: false }
    }

    pub(super) fn handle(&mut self, now: Duration, datagram: &[u8], context: &mut Context<'_>) -> Vec<Reply> {
        let request = match self.agent.receive(now, context.random, datagram) {
            Received::Nothing(_) => return Vec::new(),
            Received::Reply(bytes) => return vec![Reply::new(bytes, Duration::ZERO, Op::Session)],
            Received::Request(request) => request,
        };
        let (op, asked) = (op(&request.pdu), request.pdu.clone());
        let answer = self.answer(now, &asked, context);
        context.log.push(RequestLog {
            exchange: context.faults.exchange(),
            number: 0,
            at: now,
            face: context.face,
            // SNMP has no sessions; what is outside any is not counted.
            session: 1,
            request: text(&asked),
            answer: answer.as_ref().map_or_else(|| "nothing".to_owned(), |(pdu, _)| text(pdu)),
            effect: None,
        });
        let Some((pdu, delay)) = answer else { return Vec::new() };
        let bytes = self.agent.respond(now, &request.ticket, &pdu, context.random);
        vec![Reply::new(bytes, delay, op)]
    }

    /// What a datagram would be about: a record does not say which objects tell the power, so every question may.
    pub(super) fn classify(&self, now: Duration, datagram: &[u8]) -> Op {
        self.agent.peek(now, datagram).map_or(Op::Session, |pdu| op(&pdu))
    }

    /// What the record says to a request; `None`: nothing.
    fn answer(&mut self, now: Duration, asked: &Pdu, context: &mut Context<'_>) -> Option<(Pdu, Duration)> {
        let expected = self.script.exchanges.get(self.next);
        let last = self.next.checked_sub(1).and_then(|last| self.script.exchanges.get(last));
        let last = last.filter(|last| last.is(asked));
        let is_again = self.last_id == Some(asked.request_id);
        let (exchange, moves) = match (expected, last) {
            // Sent again under its number: the record may have the same question once more, but this is not it.
            (_, Some(last)) if is_again => (last, false),
            (Some(expected), _) if expected.is(asked) => {
                self.next += 1;
                (expected, true)
            }
            // Asked again in other words: the answer was late or was lost.
            (_, Some(last)) => (last, false),
            // After the last one the first comes again.
            (None, _) if self.script.exchanges.first().is_some_and(|first| first.is(asked)) => {
                self.next = 1;
                (self.script.exchanges.first()?, true)
            }
            _ => {
                let expected = expected.map(|expected| (expected.line, text(&expected.request)));
                self.divergences.note(now, expected, || text(asked));
                return Some((asked.refusal(ErrorStatus::GEN_ERR, 1), Duration::ZERO));
            }
        };
        self.last_id = Some(asked.request_id);
        if let Some((plug, power)) = exchange.moves.as_ref().filter(|_| moves) {
            context.plant.schedule(now, plug, &[(now, *power)], Cause::Request(context.log.next_number()));
        }
        let (answer, delay) = exchange.answer.as_ref()?;
        let answer = Pdu { request_id: asked.request_id, ..answer.clone() };
        Some((answer, if self.timed { *delay } else { Duration::ZERO }))
    }
}

fn op(pdu: &Pdu) -> Op {
    match pdu.kind {
        PduKind::Set => Op::Control,
        PduKind::Get | PduKind::GetNext | PduKind::GetBulk => Op::Status,
        _ => Op::Other,
    }
}

/// A PDU as a log has it: what it is, and which objects it is about.
fn text(pdu: &Pdu) -> String {
    let objects: Vec<String> = pdu.bindings.iter().map(|binding| binding.object.to_string()).collect();
    format!("{} {}", pdu.kind.name(), objects.join(" "))
}
