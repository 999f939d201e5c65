//! One session with one BMC: log in, ask, ask again when nothing comes, say goodbye.

use std::time::Duration;

use fencelab_link::Target;
use fencelab_wire::ipmi::{
    Request, Response,
    client::{Client, Config, Interface, Progress},
};

use super::refusal::refusal;
use crate::{
    context::Context,
    failure::{Failure, Step},
    line::{Dialogue, Line, Waited},
};

/// How long the goodbye may take.
const CLOSE_TRY: Duration = Duration::from_millis(500);

/// After so many tries without an answer in the middle of a login, the BMC has probably forgotten it.
const LOGIN_TRIES: u32 = 3;

/// An open session.
pub(crate) struct Session {
    line: Line,
    client: Client,
}

impl Dialogue for Client {
    type Progress = Progress;

    fn again(&mut self, context: &mut Context<'_>) -> Vec<u8> {
        match self.skip(&mut |buf| context.random(buf)) {
            Some(instead) => instead,
            None => self.retransmit(&mut |buf| context.random(buf)),
        }
    }

    fn hear(&mut self, context: &mut Context<'_>, datagram: &[u8]) -> Result<Option<Progress>, Failure> {
        let progress =
            self.receive(datagram, &mut |buf| context.random(buf)).map_err(|refused| refusal(&refused))?;
        Ok(Some(progress).filter(|progress| *progress != Progress::Ignored))
    }
}

impl Session {
    /// Logs in, at longest until `until`.
    pub(crate) fn open(
        context: &mut Context<'_>,
        target: &Target,
        login: &Config,
        until: Duration,
    ) -> Result<Self, Failure> {
        let mut session = Self { line: Line::open(context, target)?, client: Client::new(login.clone()) };
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
                Waited::Silence(silence) if heard => {
                    let step = session.client.waits_for();
                    // An IPMI 1.5 BMC drops what is not authenticated (IPMI 2.0 §6.11.4); RMCP+ ones say why.
                    let lan = matches!(login.interface, Interface::Lan { .. });
                    let hint =
                        if lan && step.contains("activate") { "; a wrong password looks so" } else { "" };
                    let seen = format!("{target} does not answer to {step}{hint}");
                    return Err(session.line.unheard(silence, Step::Login, seen));
                }
                Waited::Silence(silence) => {
                    return Err(session.line.unheard(
                        silence,
                        Step::Reach,
                        format!("no answer from {target}"),
                    ));
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
            Waited::Silence(silence) => {
                let seen = format!("{} does not answer to {}", self.line.target, request.name());
                Err(self.line.unheard(silence, Step::Command, seen))
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
                self.line.target,
                if closed { "logged out" } else { "logged out, unconfirmed" }
            ));
        }
    }

    fn say(
        &mut self,
        context: &mut Context<'_>,
        datagram: &[u8],
        until: Duration,
        tries: u32,
    ) -> Result<Waited<Progress>, Failure> {
        self.line.say(context, &mut self.client, datagram, until, tries)
    }
}
