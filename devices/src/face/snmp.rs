//! The face of an SNMP agent: security is the wire's, objects are answered here.

mod alter;
mod engine;
mod read;
mod text;
mod write;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fencelab_wire::snmp::agent::{Agent, Config, Principal, Received, Request};
use fencelab_wire::snmp::{Distortion, ErrorStatus, Pdu, PduKind, Value, Version};

use super::control;
use super::rules::Rules;
use super::{Context, Random, Reply};
use crate::device::{Address, Credentials, RequestLog};
use crate::fault::{Fault, FaultKind, Op};
use crate::plant::Plant;
use crate::spec::SnmpFace;
use crate::spec::rule::Reset;
use crate::spec::snmp::{Access, Failure};
use read::Said;

/// An SNMP agent in its present state.
#[derive(Debug)]
pub(crate) struct SnmpAgent {
    spec: Arc<SnmpFace>,
    agent: Agent,
    rules: Rules,
    /// What was written, by row of the table.
    written: HashMap<usize, Value>,
    /// The only v3 context that it answers; empty: any.
    context: Vec<u8>,
    /// From when sysUpTime counts.
    started: Duration,
    /// Restarting: nothing is answered before this instant.
    silent_until: Duration,
}

/// What is to be said about a request, and what comes of it.
struct Outcome {
    /// `None`: no answer.
    response: Option<Pdu>,
    delay: Duration,
    reset: Option<Reset>,
    distortion: Option<Distortion>,
    effect: Vec<String>,
}

/// Who asks, in which version.
#[derive(Clone, Copy)]
struct Asker<'a> {
    access: &'a Access,
    version: Version,
}

impl SnmpAgent {
    pub(crate) fn new(spec: &Arc<SnmpFace>, credentials: &Credentials, random: Random<'_>) -> Self {
        let mut seed = [0; 8];
        random(&mut seed);
        let engine_id = spec.engine_id.clone().unwrap_or_else(|| engine::made_id(spec.enterprise, seed));
        Self {
            agent: Agent::new(Arc::new(engine::config(spec, credentials, engine_id, None))),
            spec: Arc::clone(spec),
            rules: Rules::default(),
            written: HashMap::new(),
            context: spec.context.as_bytes().to_vec(),
            started: Duration::ZERO,
            silent_until: Duration::ZERO,
        }
    }

    /// From now on it answers only to this address, see [`Address`].
    pub(crate) fn answer_only_to(&mut self, address: &Address, credentials: &Credentials) {
        let engine_id = match address {
            Address::Community(_) => self.agent.config().engine_id.clone(),
            // One engine has several contexts (RFC 3411 §3.3.1).
            Address::Context { engine_id, name } => {
                self.context = name.as_bytes().to_vec();
                engine_id.clone()
            }
        };
        let suffix = match address {
            Address::Community(name) => Some(name.as_str()),
            Address::Context { .. } => None,
        };
        let mut config: Config = engine::config(&self.spec, credentials, engine_id, suffix);
        if matches!(address, Address::Context { .. }) {
            // v1 and v2c name no context, so they cannot say whom they mean.
            config.versions.retain(|version| *version == Version::V3);
        }
        self.agent = Agent::new(Arc::new(config));
    }

    /// What its security layer takes.
    pub(crate) fn config(&self) -> &Config {
        self.agent.config()
    }

    pub(crate) fn handle(&mut self, now: Duration, datagram: &[u8], context: &mut Context<'_>) -> Vec<Reply> {
        if now < self.silent_until {
            return Vec::new();
        }
        let spec = Arc::clone(&self.spec);
        if !spec.rules.is_empty()
            && let Some(rule) = self.rules.find(now, &spec.rules, None, context.plant, |asked| asked.datagram)
        {
            self.forget(now, rule.resets);
            return Vec::new();
        }
        match self.agent.receive(now, context.random, datagram) {
            Received::Nothing(_) => Vec::new(),
            Received::Reply(bytes) => self.report(now, bytes, context),
            Received::Request(request) => self.request(now, &spec, *request, context),
        }
    }

    /// Discovery and other reports of the security layer.
    fn report(&mut self, now: Duration, bytes: Vec<u8>, context: &mut Context<'_>) -> Vec<Reply> {
        let reply = vec![Reply::new(bytes, Duration::ZERO, Op::Session)];
        if context.faults.is_empty() {
            return reply;
        }
        let mut effect = Vec::new();
        let ending = control::ending(now, Op::Session, context, &mut effect);
        self.forget(now, ending.reset);
        // Who is refused learns the engine first, as with a real agent; only a fault of the session itself stops that.
        let is_of_session =
            |fault: &Fault| fault.kind == FaultKind::Refuse && fault.scope.on == Some(Op::Session);
        let is_refused = context.faults.faults().any(is_of_session)
            && !context.faults.acting(now, None, Op::Session, refusal).is_empty();
        if ending.at_once || ending.unanswered || is_refused { Vec::new() } else { reply }
    }

    fn request(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        request: Request,
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        let Request { ticket, pdu, principal, version, context: asked_context, max_size } = request;
        if version == Version::V3 && !self.context.is_empty() && asked_context != self.context {
            let bytes = self.agent.unknown_context(now, &ticket, context.random);
            let delay = Duration::ZERO;
            return bytes.into_iter().map(|bytes| Reply::new(bytes, delay, Op::Session)).collect();
        }
        let op = self.op(&pdu, context.plant);
        let mut outcome = match access(spec, principal) {
            Some(access) => {
                let asker = Asker { access, version };
                self.serve(now, spec, asker, op, &pdu, max_size, context)
            }
            // RFC 3413 §3.2: nobody may do this at so low a level.
            None => Outcome {
                response: Some(pdu.refusal(ErrorStatus::AUTHORIZATION_ERROR, 0)),
                delay: Duration::ZERO,
                reset: None,
                distortion: None,
                effect: Vec::new(),
            },
        };
        let number = context.log.next_number();
        let mut replies = Vec::new();
        if let Some(response) = &outcome.response {
            let bytes = self.agent.respond_with(now, &ticket, response, outcome.distortion, context.random);
            if !bytes.is_empty() {
                replies.push(Reply::new(bytes, outcome.delay, op));
            }
        }
        let effect = std::mem::take(&mut outcome.effect);
        context.log.push(RequestLog {
            exchange: context.faults.exchange(),
            number,
            at: now,
            face: context.face,
            session: 0,
            request: text::request(spec, &pdu),
            answer: outcome
                .response
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), |response| text::response(spec, response)),
            effect: if effect.is_empty() { None } else { Some(effect.join("; ")) },
        });
        self.forget(now, outcome.reset);
        replies
    }

    /// The answer to a request, with all that rules and faults make of it.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one request, used once")]
    fn serve(
        &mut self,
        now: Duration,
        spec: &SnmpFace,
        asker: Asker<'_>,
        op: Op,
        pdu: &Pdu,
        max_size: usize,
        context: &mut Context<'_>,
    ) -> Outcome {
        let mut outcome = Outcome {
            response: None,
            delay: Duration::ZERO,
            reset: None,
            distortion: None,
            effect: Vec::new(),
        };
        let ending = control::ending(now, op, context, &mut outcome.effect);
        outcome.reset = ending.reset;
        if ending.at_once {
            return outcome;
        }
        let mut faults = Vec::new();
        if !context.faults.is_empty() {
            if let Some(((), text)) = context.faults.acting(now, None, op, refusal).into_iter().next() {
                outcome.effect.push(format!("fault {text}"));
                outcome.response = alter::refused(asker.version, pdu);
                return outcome;
            }
            faults = control::answer_faults("snmp", now, op, context, &mut outcome.effect);
        }
        // An agent takes no Inform (RFC 3416 §4.2.7 is for whoever receives notifications).
        if !matches!(pdu.kind, PduKind::Get | PduKind::GetNext | PduKind::GetBulk | PduKind::Set) {
            return outcome;
        }
        let with_body = alter::error(&faults, true);
        let said = match (alter::error(&faults, false), with_body) {
            (Some(failure), _) => Some(as_asked(pdu, |_| Err(failure))),
            // What would have been answered, and nothing is done.
            (None, Some(_)) if pdu.kind == PduKind::Set => Some(as_asked(pdu, |value| Ok(value.clone()))),
            (None, _) => self.answer(now, spec, asker, op, pdu, max_size, context, &mut outcome),
        };
        let Some(mut said) = said else { return outcome };
        for fault in &faults {
            self.change(fault, spec, now, context.plant, &mut said, &mut outcome);
        }
        let mut response = alter::respond(asker.version, pdu, said);
        if let Some(failure) = with_body {
            alter::blame(asker.version, failure, &mut response);
        }
        if faults.contains(&FaultKind::OtherId) {
            response.request_id = response.request_id.wrapping_add(1);
        }
        outcome.response = (!ending.unanswered).then_some(response);
        outcome
    }

    fn forget(&mut self, now: Duration, reset: Option<Reset>) {
        match reset {
            None => {}
            Some(Reset::Sessions) => self.agent.reboot(now),
            Some(Reset::Bmc(time)) => {
                self.silent_until = now.saturating_add(time);
                self.started = self.silent_until;
                self.agent.reboot(self.silent_until);
                self.rules.reset(self.silent_until);
            }
        }
    }

    /// What a datagram would be about, without any effect.
    pub(crate) fn classify(&self, now: Duration, plant: &Plant, datagram: &[u8]) -> Op {
        match self.agent.peek(now, datagram) {
            Some(pdu) => self.op(&pdu, plant),
            None if fencelab_wire::snmp::Message::parse(datagram)
                .is_ok_and(|message| message.version() == Version::V3) =>
            {
                Op::Session
            }
            None => Op::Other,
        }
    }

    /// The context that a request names, without any effect; `None`: it is no request that this engine can read.
    pub(crate) fn context_of(&self, now: Duration, random: Random<'_>, datagram: &[u8]) -> Option<Vec<u8>> {
        match self.agent.clone().receive(now, random, datagram) {
            Received::Request(request) => Some(request.context),
            _ => None,
        }
    }

    /// What stands in a row.
    fn value(&self, now: Duration, row: usize, plant: &Plant) -> Option<Value> {
        read::value(&self.spec, &self.written, self.started, now, row, plant)
    }
}

/// The bindings of a request, each with what is made of its value.
fn as_asked(pdu: &Pdu, value: impl Fn(&Value) -> Result<Value, Failure>) -> Vec<Said> {
    let asked = pdu.bindings.iter();
    asked
        .map(|binding| Said { object: binding.object.clone(), row: None, value: value(&binding.value) })
        .collect()
}

/// Whether nobody is let in.
fn refusal(kind: &FaultKind) -> Option<()> {
    (*kind == FaultKind::Refuse).then_some(())
}

/// What this principal may; `None`: at this level nothing.
fn access(spec: &SnmpFace, principal: Principal) -> Option<&Access> {
    match principal {
        Principal::Community(index) => spec.communities.get(index).map(|community| &community.access),
        Principal::User(index, level) => {
            spec.users.get(index).filter(|user| level >= user.level).map(|user| &user.access)
        }
    }
}
