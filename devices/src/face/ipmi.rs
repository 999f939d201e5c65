//! The face of a BMC: sessions are the wire's, commands are answered here.

mod app;
mod builtin;
mod chassis;
pub(crate) mod inventory;
pub(crate) mod op;
pub(crate) mod opening;
mod rules;
mod storage;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_wire::Secret;
use fencelab_wire::ipmi::server::{Config, Received, Server, User};
use fencelab_wire::ipmi::{AuthType, Completion, Privilege, Request, Response};

use super::control::{self, Doing};
use super::rules::Rules;
use super::{Context, Random, Reply};
use crate::device::{Credentials, RequestLog};
use crate::fault::{FaultKind, Op};
use crate::spec::ipmi::{Matched, Rule, completion};
use crate::spec::rule::{Answer, Reset};
use crate::spec::{CommandId, IpmiFace, command_name, needed_privilege};
use builtin::Memory;

/// The plug of a BMC is the first one of the plant.
const PLUG: usize = 0;

/// A BMC in its present state.
#[derive(Debug)]
pub(crate) struct Bmc {
    spec: Arc<IpmiFace>,
    server: Server,
    rules: Rules,
    memory: Memory,
    /// Restarting: nothing is answered before this instant.
    silent_until: Duration,
}

/// What a command leads to.
struct Outcome {
    /// `None`: no answer.
    response: Option<Response>,
    delay: Duration,
    reset: Option<Reset>,
    effect: Vec<String>,
}

impl Bmc {
    pub(crate) fn new(spec: &Arc<IpmiFace>, credentials: &Credentials, random: Random<'_>) -> Self {
        let guid = spec.guid.unwrap_or_else(|| {
            let mut guid = [0; 16];
            random(&mut guid);
            guid
        });
        Self {
            server: Server::new(Arc::new(config(spec, credentials, guid))),
            memory: Memory::new(guid),
            spec: Arc::clone(spec),
            rules: Rules::default(),
            silent_until: Duration::ZERO,
        }
    }

    pub(crate) fn sessions(&self) -> usize {
        self.server.sessions()
    }

    /// The session layer.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        datagram: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        if now < self.silent_until {
            return Vec::new();
        }
        let spec = Arc::clone(&self.spec);
        if let Some(rule) = self.rule(now, &spec, Matched::Datagram, None, context) {
            self.forget(now, rule.resets);
            return Vec::new();
        }
        if let Some(opening) = opening::Opening::sniff(datagram)
            && let Some(replies) = self.open(now, &spec, opening, context)
        {
            return replies;
        }
        match self.server.receive(now, peer, context.random, datagram) {
            Received::Nothing => Vec::new(),
            Received::Reply(bytes) => self.session_reply(now, &spec, bytes, context),
            Received::Command { ticket, request, privilege, session } => {
                let op = op::of(&request);
                let outcome = self.command(now, &spec, op, &request, privilege, session, context);
                let number = context.log.next_number();
                let mut replies = Vec::new();
                if let Some(response) = &outcome.response {
                    let bytes = self.server.respond(ticket, response, context.random);
                    if !bytes.is_empty() {
                        replies.push(Reply::new(bytes, outcome.delay, op));
                    }
                }
                context.log.push(RequestLog {
                    exchange: context.faults.exchange(),
                    number,
                    at: now,
                    face: context.face,
                    session,
                    request: request_text(&request),
                    answer: outcome.response.as_ref().map_or_else(|| "nothing".to_owned(), response_text),
                    effect: if outcome.effect.is_empty() { None } else { Some(outcome.effect.join("; ")) },
                });
                self.forget(now, outcome.reset);
                replies
            }
        }
    }

    /// The sessions' own answer, which a rule may swallow or delay.
    fn session_reply(
        &mut self,
        now: Duration,
        spec: &IpmiFace,
        bytes: Vec<u8>,
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        let asked = self.server.asked().map(|(netfn, cmd)| CommandId { netfn: netfn.0, cmd });
        let rule = asked.and_then(|id| self.rule(now, spec, Matched::Command(id), None, context));
        let bytes = opening::with_oem(bytes, asked, spec.oem);
        let Some(rule) = rule else { return vec![Reply::new(bytes, Duration::ZERO, Op::Session)] };
        self.forget(now, rule.resets);
        match &rule.answer {
            Answer::Silence => Vec::new(),
            Answer::Say(say) => vec![Reply::new(bytes, say.delay, Op::Session)],
        }
    }

    /// A session is being opened; `Some`: it comes to nothing, and this is said.
    fn open(
        &mut self,
        now: Duration,
        spec: &IpmiFace,
        opening: opening::Opening,
        context: &mut Context<'_>,
    ) -> Option<Vec<Reply>> {
        let busy = self.server.sessions() > 0;
        let refused = |kind: &FaultKind| match kind {
            FaultKind::Refuse => Some(()),
            FaultKind::OneSession if busy => Some(()),
            _ => None,
        };
        let resets = |kind: &FaultKind| match kind {
            FaultKind::BmcReset(_, time) => Some(*time),
            _ => None,
        };
        if let Some((time, _)) = context.faults.acting(now, None, Op::Session, resets).into_iter().next() {
            self.forget(now, Some(Reset::Bmc(time)));
            return Some(Vec::new());
        }
        let say = |code: Option<u8>| {
            opening
                .refusal(code)
                .map(|bytes| Reply::new(bytes, Duration::ZERO, Op::Session))
                .into_iter()
                .collect()
        };
        if !context.faults.acting(now, None, Op::Session, refused).is_empty() {
            return Some(say(None));
        }
        let rule = self.rule(now, spec, Matched::OpenSession, None, context)?;
        self.forget(now, rule.resets);
        Some(match &rule.answer {
            Answer::Silence => Vec::new(),
            Answer::Say(answer) => say(answer.fields.completion),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "these are the parts of one command, used once")]
    fn command(
        &mut self,
        now: Duration,
        spec: &IpmiFace,
        op: Op,
        request: &Request,
        privilege: Privilege,
        session: u32,
        context: &mut Context<'_>,
    ) -> Outcome {
        let mut outcome = Outcome { response: None, delay: Duration::ZERO, reset: None, effect: Vec::new() };
        let id = CommandId { netfn: request.netfn.0, cmd: request.command };
        if let Some(mut refused) = refusal(id, request, privilege, session) {
            refused.data.clear();
            outcome.response = Some(refused);
            return outcome;
        }
        let ending = control::ending(now, op, context, &mut outcome.effect);
        outcome.reset = ending.reset;
        if ending.at_once {
            return outcome;
        }
        let mut answered = !ending.unanswered;
        let faults = control::answer_faults("ipmi", now, op, context, &mut outcome.effect);
        let error = faults.iter().find_map(|fault| match fault {
            FaultKind::Error(name) => completion(name),
            _ => None,
        });
        if let Some(error) = error {
            outcome.response = answered.then(|| request.answer(error, Vec::new()));
            return outcome;
        }
        let memory = self.memory.clone();
        let rule = self.rule(now, spec, Matched::Command(id), Some(request), context);
        // Cold and warm reset (IPMI 2.0 §20.2, §20.3) lose the sessions; how long the controller is away is a rule's matter.
        if matches!(id, CommandId { netfn: 0x06, cmd: 0x02 | 0x03 }) {
            outcome.reset = outcome.reset.or(Some(Reset::Sessions));
        }
        let (mut response, command) = self.builtin(now, spec, id, request, context);
        let mut command = command;
        if let Some(rule) = rule {
            outcome.effect.push(format!("rule at line {}", rule.line));
            outcome.reset = rule.resets.or(outcome.reset);
            match &rule.answer {
                Answer::Silence => {
                    answered = false;
                    command = None;
                }
                Answer::Say(say) => {
                    outcome.delay = say.delay;
                    rules::apply(say, spec, id, &mut response);
                }
            }
            if !response.completion.is_ok() {
                command = None;
            }
            command = rule.moves.or(command);
        }
        let lies = control::lies(now, op, context, &mut outcome.effect);
        rules::lie(&lies, spec, id, context.plant, &mut response, &mut command);
        rules::change(&faults, &mut response, &mut command);
        if faults.iter().any(|fault| matches!(fault, FaultKind::ErrorWithBody(_))) {
            // It looks as if it had been done, and it is not.
            self.memory = memory;
            outcome.reset = ending.reset;
        }
        if let Some(command) = command {
            if response.completion.is_ok() {
                self.rules.acknowledged(now, op, PLUG);
            }
            control::act(now, PLUG, command, Doing::of(rule), context, &mut outcome.effect, op);
        }
        outcome.response = answered.then_some(response);
        outcome
    }

    /// The rule that holds now.
    fn rule<'a>(
        &mut self,
        now: Duration,
        spec: &'a IpmiFace,
        what: Matched,
        request: Option<&Request>,
        context: &Context<'_>,
    ) -> Option<&'a Rule> {
        let matches = |asked: &_| rules::is_about(asked, what, request);
        self.rules.find(now, &spec.rules, Some(PLUG), context.plant, matches)
    }

    fn forget(&mut self, now: Duration, reset: Option<Reset>) {
        match reset {
            None => return,
            Some(Reset::Sessions) => {}
            Some(Reset::Bmc(time)) => {
                self.silent_until = now.saturating_add(time);
                self.rules.reset(self.silent_until);
            }
        }
        self.server.forget_sessions();
    }
}

/// Too low a privilege, or a command that needs a session outside any.
fn refusal(id: CommandId, request: &Request, privilege: Privilege, session: u32) -> Option<Response> {
    let needed = needed_privilege(id);
    if u8::from(needed) == 0 {
        return None;
    }
    let has = if session == 0 { 0 } else { u8::from(privilege) };
    (has < u8::from(needed)).then(|| request.answer(Completion::INSUFFICIENT_PRIVILEGE, Vec::new()))
}

fn config(spec: &IpmiFace, credentials: &Credentials, guid: [u8; 16]) -> Config {
    let password = Secret::from(credentials.password.as_str());
    let users = spec.users.iter().map(|user| User {
        name: if user.name == "lab" { credentials.user.clone() } else { user.name.clone() },
        password: password.clone(),
        privilege: user.privilege,
        enabled: user.enabled,
    });
    Config {
        users: users.collect(),
        kg: credentials.kg.as_deref().map(Secret::from),
        guid,
        v15: spec.v15,
        v20: spec.v20,
        auth_types: spec.auth_types.iter().map(|kind| AuthType::from(*kind)).collect(),
        cipher_suites: spec.cipher_suites.clone(),
        privilege_limit: spec.privilege_limit,
        session_limit: spec.session_limit,
        half_open_limit: spec.session_limit.max(16),
        idle: spec.idle,
        answers_cipher_suites: spec.answers_cipher_suites,
        answers_ping: spec.answers_ping,
        per_message_auth: spec.per_message_auth,
        echoes_open_session_privilege: spec.echoes_open_session_privilege,
        ..Config::default()
    }
}

pub(crate) fn request_text(request: &Request) -> String {
    let name = command_name(CommandId { netfn: request.netfn.0, cmd: request.command });
    match op::of(request) {
        Op::Command(command) => format!("{name} {command}"),
        _ if request.data.is_empty() => name.into_owned(),
        _ => format!("{name} {}", hex(&request.data)),
    }
}

pub(crate) fn response_text(response: &Response) -> String {
    let code = response.completion;
    if code.is_ok() {
        format!("ok {}", hex(&response.data)).trim_end().to_owned()
    } else {
        format!("{:#04x} {}", code.0, code.meaning())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
