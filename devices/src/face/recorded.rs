//! Recorded answers: what a transcript's device said to each request, served to the same request again.

use std::collections::HashMap;

use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::ipmi::{LanMessage, Request, Response};

use crate::spec::CommandId;

/// Answers by request.
#[derive(Debug, Default)]
pub struct Recorded {
    answers: HashMap<Asked, (u8, Vec<u8>)>,
}

/// Command, LUN, data.
type Asked = (CommandId, u8, Vec<u8>);

impl Recorded {
    /// Takes the answers of a transcript; the first answer to a request stays.
    ///
    /// # Errors
    /// An IPMI message of the transcript does not have the shape of one.
    pub(crate) fn add(&mut self, transcript: &Transcript) -> Result<(), String> {
        let mut asked: HashMap<(u32, u8, CommandId), (u8, Vec<u8>)> = HashMap::new();
        for event in &transcript.events {
            let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { continue };
            if protocol != "ipmi" {
                continue;
            }
            let message: LanMessage = serde_json::from_value(value.clone())
                .map_err(|error| format!("at {} s: no IPMI message: {error}", event.at.as_secs_f64()))?;
            let (netfn, command, _) = message.command();
            let id = CommandId { netfn: netfn.request().0, cmd: command };
            match (from, &message.body) {
                (Side::Agent, fencelab_wire::ipmi::Body::Request(request)) => {
                    asked.insert((event.session, message.seq, id), (request.lun, request.data.clone()));
                }
                (Side::Device, fencelab_wire::ipmi::Body::Response(response)) => {
                    let Some((lun, data)) = asked.remove(&(event.session, message.seq, id)) else { continue };
                    let key = (id, lun, without_reservation(id, data));
                    self.answers.entry(key).or_insert_with(|| (response.completion.0, response.data.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The recorded answer to this very request.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Option<Response> {
        if self.answers.is_empty() {
            return None;
        }
        let id = CommandId { netfn: request.netfn.0, cmd: request.command };
        let key = (id, request.lun, without_reservation(id, request.data.clone()));
        let (completion, data) = self.answers.get(&key)?;
        Some(request.answer(fencelab_wire::ipmi::Completion(*completion), data.clone()))
    }

    /// How many different requests have a recorded answer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

/// A reservation is another number each time (IPMI 2.0 §33.11, §31.4); it says nothing about what is asked.
fn without_reservation(id: CommandId, mut data: Vec<u8>) -> Vec<u8> {
    const RESERVED: [CommandId; 3] = [
        CommandId { netfn: 0x04, cmd: 0x21 },
        CommandId { netfn: 0x0a, cmd: 0x23 },
        CommandId { netfn: 0x0a, cmd: 0x43 },
    ];
    if RESERVED.contains(&id) {
        data.iter_mut().take(2).for_each(|byte| *byte = 0);
    }
    data
}
