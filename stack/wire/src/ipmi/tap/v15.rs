//! Listening to IPMI v1.5 sessions.

use super::watched::{Kind, Watched};
use super::{ACTIVATE_SESSION, CHALLENGES_MAX, Heard, Seen, Tap};
use crate::ipmi::session::Packet;
use crate::ipmi::{AuthType, Body, Completion, LanMessage, NetFn, Privilege, Request, Response};
use serde_json::{Map, Value};

const SESSION_CHALLENGE: u8 = 0x39;

impl Tap {
    pub(super) fn observe_v15(&mut self, heard: Heard<'_>, packet: &Packet<'_>) -> Vec<Seen> {
        let known = |watched: &&mut Watched| watched.is_addressed(heard.from_device, packet.id);
        let known_number = match packet.id {
            0 => Some(0),
            _ => self.sessions.iter_mut().rev().find(known).map(|watched| watched.number),
        };
        let message = match LanMessage::parse(packet.payload) {
            Ok(message) => message,
            Err(error) => return vec![heard.opaque(known_number.unwrap_or(0), &error.to_string())],
        };
        let number = match known_number {
            Some(number) => number,
            None => {
                let id = Some(packet.id);
                self.watch(|number| Watched::new(number, id, id, Kind::Orphan)).number
            }
        };
        let mut seen = self.say_message(heard, number, &message);
        match &message.body {
            Body::Request(request) if (request.netfn, request.command) == (NetFn::APP, SESSION_CHALLENGE) => {
                self.note_challenge(message.seq, request);
            }
            Body::Response(response) if response.netfn == NetFn::APP.response() => match response.command {
                SESSION_CHALLENGE => seen.extend(self.challenged(message.seq, response)),
                ACTIVATE_SESSION => seen.extend(self.activated(number, packet.auth, response)),
                _ => {}
            },
            _ => {}
        }
        seen
    }

    fn note_challenge(&mut self, seq: u8, request: &Request) {
        let name = request.data.get(1..).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        if self.challenged.len() >= CHALLENGES_MAX {
            self.challenged.remove(0);
        }
        self.challenged.push((seq, String::from_utf8_lossy(name).into_owned()));
    }

    /// The answer to Get Session Challenge gives a session its first, temporary id, or refuses the user.
    fn challenged(&mut self, seq: u8, response: &Response) -> Option<Seen> {
        let asked = self.challenged.iter().rposition(|(asked, _)| *asked == seq);
        let user = asked.map(|at| self.challenged.remove(at).1).unwrap_or_default();
        if !response.completion.is_ok() {
            let mut details = details(&user, None);
            let error = refusal("get session challenge", response.completion);
            details.insert("error".into(), error);
            let watched = self.watch(|number| Watched::new(number, None, None, Kind::V15 { user }));
            (watched.is_announced, watched.is_closed) = (true, true);
            return Some(Seen::Open { session: watched.number, details });
        }
        let id = response.data.first_chunk().map(|id| u32::from_le_bytes(*id))?;
        // The same answer once more is the same session.
        if !self.sessions.iter().any(|watched| watched.bmc == Some(id) && !watched.is_closed) {
            self.watch(|number| Watched::new(number, Some(id), Some(id), Kind::V15 { user }));
        }
        None
    }

    /// The answer to Activate Session opens the session, under its final id, or refuses.
    fn activated(&mut self, number: u32, auth: AuthType, response: &Response) -> Option<Seen> {
        let watched = self.by_number(number).filter(|watched| !watched.is_announced)?;
        let user = match &watched.kind {
            Kind::V15 { user } => user.as_str(),
            _ => "",
        };
        let mut details = details(user, Some(auth));
        if response.completion.is_ok() {
            let id = response.data.get(1..).and_then(|data| data.first_chunk());
            if let Some(id) = id.map(|id| u32::from_le_bytes(*id)) {
                (watched.bmc, watched.console) = (Some(id), Some(id));
            }
            if let Some(level) = response.data.get(9).map(|level| Privilege::from_bits(*level)) {
                details.insert("privilege".into(), serde_json::to_value(level).unwrap_or_default());
            }
        } else {
            details.insert("error".into(), refusal("activate session", response.completion));
            watched.is_closed = true;
        }
        watched.is_announced = true;
        Some(Seen::Open { session: number, details })
    }
}

fn details(user: &str, auth: Option<AuthType>) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("version".into(), "1.5".into());
    if let Some(auth) = auth {
        details.insert("auth".into(), auth.to_string().into());
    }
    details.insert("user".into(), user.into());
    details
}

fn refusal(step: &str, completion: Completion) -> Value {
    format!("{step} refused: completion code {:#04x}", completion.0).into()
}
