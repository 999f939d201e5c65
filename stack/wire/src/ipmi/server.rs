//! The BMC's side of sessions (IPMI 2.0 §6 and §13). It knows no command but those that make, change and end
//! a session; everything else is handed out as a [`Received::Command`] and answered through
//! [`Server::respond`].

mod config;

pub use config::{Config, User};

use super::{Privilege, Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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
pub struct Ticket {}

/// One BMC's sessions. Idle, it takes a few hundred bytes.
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
}

impl Server {
    /// No session yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config }
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
        let _ = (now, peer, random, datagram);
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
        let _ = (ticket, response, random);
        Vec::new()
    }

    /// Ends all sessions without a word, as a rebooting BMC does.
    pub fn forget_sessions(&mut self) {}

    /// How many sessions are active; half-open ones are not counted.
    #[must_use]
    pub fn sessions(&self) -> usize {
        0
    }

    /// The configuration it was made with.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }
}
