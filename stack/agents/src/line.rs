//! A conversation in datagrams: whatever is lost is sent again, with growing patience, until an answer comes or the time
//! is up. What the datagrams mean is the protocol's affair.

use std::time::Duration;

use fencelab_link::{Datagrams, LinkError, Target};

use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// How long the first try waits for an answer; each further one waits this much longer.
pub(crate) const FIRST_TRY: Duration = Duration::from_secs(1);

/// A protocol's side of a conversation.
pub(crate) trait Dialogue {
    /// What an answer means.
    type Progress;

    /// What is sent when nothing came in time.
    fn again(&mut self, context: &mut Context<'_>) -> Vec<u8>;

    /// Takes a datagram of the device; `None` for one that is no answer to what was said.
    fn hear(&mut self, context: &mut Context<'_>, datagram: &[u8])
    -> Result<Option<Self::Progress>, Failure>;
}

/// What came of saying something.
pub(crate) enum Waited<P> {
    /// An answer.
    Progress(P),
    /// Nothing came in time.
    Silence(Silence),
}

/// Why there was no answer in time.
#[derive(Clone, Copy)]
pub(crate) struct Silence {
    /// Whether the host said that nothing listens on the port.
    pub(crate) refused: bool,
}

/// The link to one device.
pub(crate) struct Line {
    link: Box<dyn Datagrams>,
    pub(crate) target: Target,
}

impl Line {
    /// Opens the link. Nothing is said yet.
    pub(crate) fn open(context: &mut Context<'_>, target: &Target) -> Result<Self, Failure> {
        let link = context.datagrams(target).map_err(|error| unreachable(&error))?;
        Ok(Self { link, target: target.clone() })
    }

    /// Sends a datagram, again and again with growing patience, until the protocol has got somewhere.
    pub(crate) fn say<D: Dialogue>(
        &mut self,
        context: &mut Context<'_>,
        dialogue: &mut D,
        datagram: &[u8],
        until: Duration,
        tries: u32,
    ) -> Result<Waited<D::Progress>, Failure> {
        let mut refused = self.send(datagram)?;
        let mut tried = 1;
        let mut patience = FIRST_TRY;
        let mut next_try = context.now().saturating_add(patience);
        loop {
            let now = context.now();
            let received = if refused {
                // Nothing listens at the moment: no answer will come, but a device that restarts may listen soon.
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
                    let again = dialogue.again(context);
                    refused = self.send(&again)?;
                    continue;
                }
                Err(LinkError::Refused { .. }) => {
                    refused = true;
                    continue;
                }
                Err(error) => return Err(unreachable(&error)),
            };
            if let Some(progress) = dialogue.hear(context, &bytes)? {
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

    /// Why nobody was reached: nothing listens there, or `otherwise`.
    pub(crate) fn unheard(&self, silence: Silence, step: Step, otherwise: String) -> Failure {
        if silence.refused {
            let target = self.target.clone();
            return Failure::passing(Step::Reach, LinkError::Refused { target }.to_string());
        }
        Failure::passing(step, otherwise)
    }
}

fn unreachable(error: &LinkError) -> Failure {
    match error {
        LinkError::Name { .. } => Failure::lasting(Step::Reach, error.to_string()),
        _ => Failure::passing(Step::Reach, error.to_string()),
    }
}
