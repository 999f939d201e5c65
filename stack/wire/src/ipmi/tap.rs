//! A passive listener between a client and a BMC: follows the sessions, checks what can be checked, and says
//! in the clear what was said, given the passwords. It never sends.

mod redact;
mod v15;
mod v20;
mod watched;

use super::{LanMessage, NetFn, asf, rmcp, rmcpplus, session};
use crate::Secret;
use crate::tap::{self, Direction, Seen};
use watched::Watched;

/// A login that may be seen on the wire.
#[derive(Clone, Debug)]
pub struct Credential {
    /// `None`: tried for every user.
    pub username: Option<String>,
    /// The password.
    pub password: Secret,
    /// The BMC's key, for two-key logins.
    pub kg: Option<Secret>,
}

/// The listener.
#[derive(Debug)]
pub struct Tap {
    credentials: Vec<Credential>,
    sessions: Vec<Watched>,
    /// Get Session Challenge requests not answered yet: sequence number and user.
    challenged: Vec<(u8, String)>,
    /// The number of the last session.
    last: u32,
}

impl tap::Tap for Tap {
    fn observe(&mut self, direction: Direction, datagram: &[u8]) -> Vec<Seen> {
        let heard = Heard { from_device: direction == Direction::FromDevice, datagram };
        let Some(body) = rmcp::ipmi(datagram) else { return vec![heard.presence()] };
        if let Some(packet) = rmcpplus::Packet::parse(body) {
            self.observe_v20(heard, &packet)
        } else if let Some(packet) = session::Packet::parse(body) {
            self.observe_v15(heard, &packet)
        } else {
            vec![heard.opaque(0, "cut short, or no ipmi session header")]
        }
    }
}

/// Sessions that are kept in mind; beyond, ended ones are forgotten first, then the oldest.
const SESSIONS_MAX: usize = 256;
/// Unanswered challenges that are kept in mind.
const CHALLENGES_MAX: usize = 32;
/// Activate Session.
const ACTIVATE_SESSION: u8 = 0x3a;
/// Close Session.
const CLOSE_SESSION: u8 = 0x3c;

impl Tap {
    /// Knows these logins.
    #[must_use]
    pub fn new(credentials: Vec<Credential>) -> Self {
        Self { credentials, sessions: Vec::new(), challenged: Vec::new(), last: 0 }
    }

    /// A new session.
    fn watch(&mut self, make: impl FnOnce(u32) -> Watched) -> &mut Watched {
        if self.sessions.len() >= SESSIONS_MAX {
            let oldest = self.sessions.iter().position(|session| session.is_closed).unwrap_or(0);
            self.sessions.remove(oldest);
        }
        self.last += 1;
        let at = self.sessions.len();
        self.sessions.push(make(self.last));
        &mut self.sessions[at]
    }

    /// A session's message: said, with what it leads to.
    fn say_message(&mut self, heard: Heard<'_>, session: u32, message: &LanMessage) -> Vec<Seen> {
        let community_asked = self.by_number(session).is_some_and(|watched| watched.asks_community(message));
        let (value, redacted) = redact::message(message, community_asked);
        let (netfn, command, _) = message.command();
        let sets_up = (netfn.request(), command) == (NetFn::APP, ACTIVATE_SESSION);
        let from_device = heard.from_device;
        let mut seen = vec![Seen::Say { session, from_device, protocol: "ipmi", value, redacted, sets_up }];
        let Some(watched) = self.by_number(session) else { return seen };
        match (netfn.request(), command, netfn.is_response()) {
            (NetFn::APP, CLOSE_SESSION, false) => {
                let target = message.data().first_chunk().map(|id| u32::from_le_bytes(*id));
                watched.closing = target.map(|target| (message.seq, target));
            }
            (NetFn::APP, CLOSE_SESSION, true) => {
                let closing = watched.closing.take_if(|(seq, _)| *seq == message.seq);
                let done = matches!(&message.body, super::Body::Response(r) if r.completion.is_ok());
                if let (Some((_, target)), true) = (closing, done) {
                    let closed = self.sessions.iter_mut().rev().find(|watched| watched.bmc == Some(target));
                    if let Some(closed) = closed {
                        closed.is_closed = true;
                        seen.push(Seen::Close { session: closed.number, by_device: false });
                    }
                }
            }
            _ => watched.note_community(message),
        }
        seen
    }

    fn by_number(&mut self, number: u32) -> Option<&mut Watched> {
        self.sessions.iter_mut().rev().find(|watched| watched.number == number)
    }
}

/// One datagram and its direction.
#[derive(Clone, Copy)]
struct Heard<'a> {
    from_device: bool,
    datagram: &'a [u8],
}

impl Heard<'_> {
    fn opaque(self, session: u32, why: &str) -> Seen {
        let Self { from_device, datagram } = self;
        Seen::Opaque { session, from_device, bytes: datagram.to_vec(), why: why.to_owned() }
    }

    /// A ping or pong, if it is nothing but that.
    fn presence(self) -> Seen {
        match asf::Asf::parse(self.datagram) {
            Some(message) if message.is_plain() => Seen::Say {
                session: 0,
                from_device: self.from_device,
                protocol: "asf",
                value: message.to_json(),
                redacted: Vec::new(),
                sets_up: false,
            },
            _ => self.opaque(0, "not an ipmi or asf message"),
        }
    }
}
