//! The BMC's side of sessions (IPMI 2.0 §6 and §13). It knows no command but those that make, change and end
//! a session; everything else is handed out as a [`Received::Command`] and answered through
//! [`Server::respond`].

mod config;
mod session_commands;
mod table;
mod v15;
mod v20;

pub use config::{Config, User};

use super::{Body, LanMessage, NetFn, Privilege, Request, Response, asf, rmcp, rmcpplus, session};
use session_commands::Outcome;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use table::{Link, Table};

/// What became of a datagram.
#[derive(Debug)]
pub enum Received {
    /// Nothing is to be sent: not for us, a replay, a wrong authentication code, an unknown session.
    Nothing,
    /// Send these bytes back to where the datagram came from.
    Reply(Vec<u8>),
    /// A command that the BMC has to carry out. Hand its response to [`Server::respond`], now or later.
    Command {
        /// Where the response belongs.
        ticket: Ticket,
        /// What is asked.
        request: Request,
        /// The session's present privilege level; outside a session [`Privilege::HIGHEST`] (0).
        privilege: Privilege,
        /// The BMC's session id; 0 outside a session.
        session: u32,
    },
}

/// Where a response belongs: session, addresses, sequence number.
#[derive(Clone, Debug)]
pub struct Ticket {
    rs_addr: u8,
    rq_addr: u8,
    rq_lun: u8,
    seq: u8,
    to: To,
}

/// How a response travels.
#[derive(Clone, Copy, Debug)]
enum To {
    /// Outside any session, under the header of IPMI v1.5.
    NobodyV15,
    /// Outside any session, under the header of RMCP+.
    NobodyV20,
    /// In the session of this id; as the request, encrypted or not.
    Session { id: u32, encrypted: bool },
}

impl Ticket {
    fn new(message: &LanMessage, to: To) -> Self {
        let &LanMessage { rs_addr, rq_addr, rq_lun, seq, .. } = message;
        Self { rs_addr, rq_addr, rq_lun, seq, to }
    }

    /// The bytes of the message that answers.
    fn message(&self, response: &Response) -> Vec<u8> {
        let &Self { rs_addr, rq_addr, rq_lun, seq, .. } = self;
        LanMessage { rs_addr, rq_addr, rq_lun, seq, body: Body::Response(response.clone()) }.emit()
    }
}

/// One BMC's sessions. Idle, it takes a few hundred bytes.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<Config>,
    table: Table,
    /// What the last datagram asked, if it was a request.
    asked: Option<(NetFn, u8)>,
}

/// What is known while one datagram is handled.
struct Moment<'a> {
    now: Duration,
    peer: SocketAddr,
    random: &'a mut dyn FnMut(&mut [u8]),
}

impl Server {
    /// No session yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, table: Table::default(), asked: None }
    }

    /// Takes one datagram: any bytes, never a panic. Sessions that were idle too long at `now` are ended first.
    ///
    /// `now` is the time since the start of the run, `random` fills a buffer with random bytes.
    pub fn receive(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        random: &mut dyn FnMut(&mut [u8]),
        datagram: &[u8],
    ) -> Received {
        self.table.expire(now, self.config.idle, self.config.half_open_idle);
        self.asked = None;
        let Some(body) = rmcp::ipmi(datagram) else { return self.presence(datagram) };
        let mut moment = Moment { now, peer, random };
        if let Some(packet) = rmcpplus::Packet::parse(body) {
            if self.config.v20 {
                return self.receive_v20(&mut moment, datagram, &packet);
            }
        } else if let Some(packet) = session::Packet::parse(body) {
            // The questions before a session come under this header even where no IPMI v1.5 session is allowed.
            return self.receive_v15(&mut moment, &packet);
        }
        Received::Nothing
    }

    /// Wraps a command's response for the wire. Empty if its session has ended meanwhile: then nothing is to
    /// be sent.
    pub fn respond(
        &mut self,
        ticket: Ticket,
        response: &Response,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Vec<u8> {
        let message = ticket.message(response);
        match ticket.to {
            To::NobodyV15 => session::Packet::sessionless(&message).emit(),
            To::NobodyV20 => rmcpplus::Packet::sessionless(rmcpplus::PayloadType::Ipmi, &message).emit(),
            To::Session { id, encrypted } => {
                let config = Arc::clone(&self.config);
                match self.table.session(id) {
                    Some(session) => match &session.link {
                        Link::V15 { .. } => v15::wrap(&config, session, &message),
                        Link::V20 { .. } => v20::wrap(session, &message, encrypted, random),
                    },
                    None => Vec::new(),
                }
            }
        }
    }

    /// The command that the last datagram carried, also if it was answered here; `None`: it carried none.
    #[must_use]
    pub fn asked(&self) -> Option<(NetFn, u8)> {
        self.asked
    }

    /// Ends all sessions without a word, as a rebooting BMC does.
    pub fn forget_sessions(&mut self) {
        self.table = Table::default();
    }

    /// How many sessions are active; half-open ones are not counted.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.table.active.len()
    }

    /// The configuration it was made with.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Answers a presence ping (IPMI 2.0 §13.2.3).
    fn presence(&self, datagram: &[u8]) -> Received {
        match asf::Asf::parse(datagram) {
            Some(ping) if ping.kind == asf::PING && ping.iana == asf::IANA && self.config.answers_ping => {
                Received::Reply(asf::Asf::pong(ping.tag).emit())
            }
            _ => Received::Nothing,
        }
    }

    /// Takes a message that belongs to an active session: carries session commands out, hands others out.
    fn message_in_session(
        &mut self,
        moment: &mut Moment<'_>,
        id: u32,
        message: LanMessage,
        to: To,
    ) -> Received {
        let ticket = Ticket::new(&message, to);
        let Body::Request(request) = message.body else { return Received::Nothing };
        self.asked = Some((request.netfn, request.command));
        match self.session_command(moment, id, &request) {
            Outcome::Answer(response) => self.reply(ticket, &response, moment),
            Outcome::AnswerAndEnd(response, ended) => {
                let reply = self.reply(ticket, &response, moment);
                self.table.active.retain(|session| session.id != ended);
                reply
            }
            Outcome::Silence => Received::Nothing,
            Outcome::NotMine => match self.table.session(id) {
                Some(session) => {
                    Received::Command { ticket, request, privilege: session.privilege, session: id }
                }
                None => Received::Nothing,
            },
        }
    }

    /// Takes a message outside any session: only what sets one up, and Get System GUID, is carried out.
    fn message_outside(&mut self, moment: &mut Moment<'_>, message: LanMessage, to: To) -> Received {
        let ticket = Ticket::new(&message, to);
        let Body::Request(request) = message.body else { return Received::Nothing };
        self.asked = Some((request.netfn, request.command));
        match self.setup_command(moment, &request) {
            Outcome::Answer(response) | Outcome::AnswerAndEnd(response, _) => {
                self.reply(ticket, &response, moment)
            }
            Outcome::Silence => Received::Nothing,
            Outcome::NotMine if (request.netfn, request.command) == (NetFn::APP, GET_SYSTEM_GUID) => {
                Received::Command { ticket, request, privilege: Privilege::HIGHEST, session: 0 }
            }
            Outcome::NotMine => {
                let refusal = request.answer(super::Completion::NOT_IN_PRESENT_STATE, []);
                self.reply(ticket, &refusal, moment)
            }
        }
    }

    fn reply(&mut self, ticket: Ticket, response: &Response, moment: &mut Moment<'_>) -> Received {
        match self.respond(ticket, response, moment.random) {
            bytes if bytes.is_empty() => Received::Nothing,
            bytes => Received::Reply(bytes),
        }
    }
}

/// Get System GUID, the one other command that is allowed outside a session (IPMI 2.0 §22.14).
const GET_SYSTEM_GUID: u8 = 0x37;
