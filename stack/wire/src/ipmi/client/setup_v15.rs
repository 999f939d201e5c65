//! How a client opens an IPMI v1.5 session: Get Session Challenge, Activate Session.

use super::link::{Link, Open};
use super::refused::meaning;
use super::{Client, Interface, Outstanding, Progress, Refused, State, cmd};
use crate::ipmi::{AuthType, Body, LanMessage, NetFn, Request, rmcp, session};

/// What the client tries where none is asked for, strongest first.
const PREFERRED: [AuthType; 3] = [AuthType::Md5, AuthType::Password, AuthType::None];

impl Client {
    /// The authentication type to use, of those that the BMC offers (bits of IPMI 2.0 §22.13).
    pub(super) fn choose_auth(&self, offered: u8) -> Result<AuthType, Refused> {
        let Interface::Lan { auth } = self.config.interface else {
            return Err(Refused::Version("IPMI v1.5"));
        };
        let usable = |auth: &AuthType| PREFERRED.contains(auth) && offered & auth.capability_bit() != 0;
        let chosen = match auth {
            Some(asked) => Some(asked).filter(usable),
            None => PREFERRED.into_iter().find(usable),
        };
        chosen.ok_or_else(|| Refused::AuthType {
            offered,
            asked: auth.map_or_else(|| "any".to_owned(), |auth| auth.to_string()),
        })
    }

    /// Asks for a challenge.
    pub(super) fn ask_challenge(&mut self, auth: AuthType) -> Vec<u8> {
        let mut data = vec![u8::from(auth)];
        let mut name = self.config.username.as_bytes().to_vec();
        name.resize(16, 0);
        data.append(&mut name);
        self.state = State::Challenge { auth };
        self.ask_outside(cmd::SESSION_CHALLENGE, data)
    }

    /// Answers the challenge.
    pub(super) fn activate(
        &mut self,
        auth: AuthType,
        data: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let malformed = Refused::Malformed { step: "get session challenge", what: "too short" };
        let Some((id, rest)) = data.split_first_chunk() else { return Err(malformed) };
        let Some(challenge) = rest.first_chunk::<16>() else { return Err(malformed) };
        let id = u32::from_le_bytes(*id);
        let mut first = [0; 4];
        random(&mut first);
        // The first number that the BMC shall send under: not 0, and far from the end.
        let first = u32::from_le_bytes(first) >> 1 | 1;
        let mut data = vec![u8::from(auth), u8::from(self.config.privilege)];
        data.extend_from_slice(challenge);
        data.extend_from_slice(&first.to_le_bytes());
        let request = Request::new(NetFn::APP, cmd::ACTIVATE_SESSION, data);
        let message = LanMessage::request(self.next_seq(), request);
        let bytes = message.emit();
        let packet = session::Packet::signed(auth, &self.config.password, id, 0, &bytes);
        let datagram = packet.map(|packet| packet.emit()).unwrap_or_default();
        self.state = State::Activate { auth, message };
        self.outstanding = Outstanding::Datagram(datagram.clone());
        Ok(Progress::Send(datagram))
    }

    /// Takes the answer to Activate Session. A refusal may come without authentication, a yes may not.
    pub(super) fn activated(
        &mut self,
        datagram: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let State::Activate { auth, message } = &self.state else { return Ok(Progress::Ignored) };
        let Some(packet) = rmcp::ipmi(datagram).and_then(session::Packet::parse) else {
            return Ok(Progress::Ignored);
        };
        let Some((seq, Body::Response(response))) =
            LanMessage::parse(packet.payload).ok().map(|heard| (heard.seq, heard.body))
        else {
            return Ok(Progress::Ignored);
        };
        if (seq, response.netfn, response.command)
            != (message.seq, NetFn::APP.response(), cmd::ACTIVATE_SESSION)
        {
            return Ok(Progress::Ignored);
        }
        if !response.completion.is_ok() {
            return Err(self.end(Refused::Completion {
                step: "activate session",
                completion: response.completion,
                meaning: meaning(cmd::ACTIVATE_SESSION, response.completion),
            }));
        }
        if *auth != AuthType::None && !(packet.auth == *auth && packet.is_signed_with(&self.config.password))
        {
            return Ok(Progress::Ignored);
        }
        let &[rest, a, b, c, d, e, f, g, h, _limit, ..] = response.data.as_slice() else {
            return Err(self.end(Refused::Malformed { step: "activate session", what: "too short" }));
        };
        let link = Link::V15 {
            auth: AuthType::from(rest & 0x0f),
            password: self.config.password.clone(),
            id: u32::from_le_bytes([a, b, c, d]),
            next: u32::from_le_bytes([e, f, g, h]).max(1),
        };
        self.open = Some(Open::new(link));
        Ok(self.ask_privilege(random))
    }
}
