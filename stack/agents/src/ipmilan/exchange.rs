//! One session with one BMC: log in, ask, ask again when nothing comes, say goodbye.

use std::time::Duration;

use fencelab_link::{Datagrams, LinkError, Target};
use fencelab_wire::ipmi::{
    Request, Response,
    client::{Client, Config, Interface, Progress},
};

use super::refusal::refusal;
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// How long the first try waits for an answer; each further one waits this much longer, as ipmitool does.
const FIRST_TRY: Duration = Duration::from_secs(1);

/// How long the goodbye may take.
const CLOSE_TRY: Duration = Duration::from_millis(500);

/// After so many tries without an answer in the middle of a login, the BMC has probably forgotten it.
const LOGIN_TRIES: u32 = 3;

/// An open session.
pub(crate) struct Session {
    link: Box<dyn Datagrams>,
    client: Client,
    target: Target,
}

/// Why there was no answer in time.
struct Silence {
    /// Whether the host said that nothing listens on the port.
    refused: bool,
}

enum Waited {
    /// Something happened.
    Progress(Progress),
    /// Nothing came in time.
    Silence(Silence),
}

impl Session {
    /// Logs in, at longest until `until`.
    pub(crate) fn open(
        context: &mut Context<'_>,
        target: &Target,
        login: &Config,
        until: Duration,
    ) -> Result<Self, Failure> {
        let link = context.datagrams(target).map_err(|error| unreachable(&error))?;
        let mut session = Self { link, client: Client::new(login.clone()), target: target.clone() };
        let mut heard = false;
        let mut datagram = session.client.start(&mut |buf| context.random(buf));
        loop {
            // Before anything is heard the same first question is asked until the end.
            let tries = if heard { LOGIN_TRIES } else { u32::MAX };
            match session.say(context, &datagram, until, tries)? {
                Waited::Progress(Progress::Established) => {
                    context.debug(&format!("{target}: logged in"));
                    return Ok(session);
                }
                Waited::Progress(Progress::Send(next)) => {
                    heard = true;
                    datagram = next;
                }
                Waited::Progress(_) => {
                    return Err(Failure::passing(Step::Login, "the bmc ended the session at once"));
                }
                Waited::Silence(Silence { refused: true }) => {
                    let seen = LinkError::Refused { target: target.clone() }.to_string();
                    return Err(Failure::passing(Step::Reach, seen));
                }
                Waited::Silence(_) if heard => {
                    let step = session.client.waits_for();
                    // An IPMI 1.5 BMC drops what is not authenticated (IPMI 2.0 §6.11.4); RMCP+ ones say why.
                    let lan = matches!(login.interface, Interface::Lan { .. });
                    let hint =
                        if lan && step.contains("activate") { "; a wrong password looks so" } else { "" };
                    let seen = format!("{target} does not answer to {step}{hint}");
                    return Err(Failure::passing(Step::Login, seen));
                }
                Waited::Silence(_) => {
                    return Err(Failure::passing(Step::Reach, format!("no answer from {target}")));
                }
            }
        }
    }

    /// Asks one question, at longest until `until`.
    pub(crate) fn ask(
        &mut self,
        context: &mut Context<'_>,
        request: &Request,
        until: Duration,
    ) -> Result<Response, Failure> {
        let datagram = self.client.request(request, &mut |buf| context.random(buf));
        match self.say(context, &datagram, until, u32::MAX)? {
            Waited::Progress(Progress::Answer(response)) => Ok(response),
            Waited::Progress(_) => Err(Failure::passing(Step::Command, "the bmc has ended the session")),
            Waited::Silence(Silence { refused: true }) => Err(Failure::passing(
                Step::Reach,
                LinkError::Refused { target: self.target.clone() }.to_string(),
            )),
            Waited::Silence(_) => {
                let seen = format!("{} does not answer to {}", self.target, request.name());
                Err(Failure::passing(Step::Command, seen))
            }
        }
    }

    /// Ends the session. The BMC has few, so it is told even when nobody waits for its answer.
    pub(crate) fn close(mut self, context: &mut Context<'_>) {
        let datagram = self.client.close(&mut |buf| context.random(buf));
        if !datagram.is_empty() {
            let until = context.now().saturating_add(CLOSE_TRY);
            let closed =
                matches!(self.say(context, &datagram, until, 1), Ok(Waited::Progress(Progress::Closed)));
            context.debug(&format!(
                "{}: {}",
                self.target,
                if closed { "logged out" } else { "logged out, unconfirmed" }
            ));
        }
    }

    /// Sends a datagram, again and again with growing patience, until the client has got somewhere.
    fn say(
        &mut self,
        context: &mut Context<'_>,
        datagram: &[u8],
        until: Duration,
        tries: u32,
    ) -> Result<Waited, Failure> {
        let mut refused = self.send(datagram)?;
        let mut tried = 1;
        let mut patience = FIRST_TRY;
        let mut next_try = context.now().saturating_add(patience);
        loop {
            let now = context.now();
            let received = if refused {
                // Nothing listens at the moment: no answer will come, but a BMC that restarts may listen soon.
                context.sleep_until(until.min(next_try));
                Ok(None)
            } else {
                self.link.receive(until.min(next_try))
            };
            let bytes = match received {
                Ok(Some(bytes)) => bytes,
                Ok(None) if context.now() >= until || tried >= tries || context.cancelled() => {
                    return Ok(Waited::Silence(Silence { refused }));
                }
                Ok(None) => {
                    tried += 1;
                    patience = patience.saturating_add(FIRST_TRY);
                    next_try = context.now().saturating_add(patience);
                    let again = match self.client.skip(&mut |buf| context.random(buf)) {
                        Some(instead) => instead,
                        None => self.client.retransmit(&mut |buf| context.random(buf)),
                    };
                    refused = self.send(&again)?;
                    continue;
                }
                Err(LinkError::Refused { .. }) => {
                    refused = true;
                    continue;
                }
                Err(error) => return Err(unreachable(&error)),
            };
            let progress = self
                .client
                .receive(&bytes, &mut |buf| context.random(buf))
                .map_err(|refused| refusal(&refused))?;
            if progress != Progress::Ignored {
                return Ok(Waited::Progress(progress));
            }
            // A flood of foreign datagrams does not move the time at which the question is asked again.
            if context.now() >= until && context.now() == now {
                return Ok(Waited::Silence(Silence { refused }));
            }
        }
    }

    /// Sends; whether the host said that nothing listens.
    fn send(&mut self, datagram: &[u8]) -> Result<bool, Failure> {
        match self.link.send(datagram) {
            Ok(()) => Ok(false),
            Err(LinkError::Refused { .. }) => Ok(true),
            Err(error) => Err(unreachable(&error)),
        }
    }
}

fn unreachable(error: &LinkError) -> Failure {
    match error {
        LinkError::Name { .. } => Failure::lasting(Step::Reach, error.to_string()),
        _ => Failure::passing(Step::Reach, error.to_string()),
    }
}
