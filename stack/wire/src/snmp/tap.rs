//! A passive listener between a manager and an agent: says in the clear what was said, given the users' passphrases, and
//! checks what can be checked. It never sends, and communities never appear in what it gives.

mod mask;
mod session;
mod v3;

use super::message::Parsed;
use super::usm::{LocalKeys, User};
use super::{Body, Message, body};
use crate::Secret;
use crate::tap::{Direction, Seen};
use session::{Asked, Key, Session};
use std::collections::VecDeque;
use std::sync::Arc;

/// What may be seen on the wire.
#[derive(Clone, Debug)]
pub enum Credential {
    /// To be kept out of what is written down. Messages of v1 and v2c are read without it, too.
    Community(Secret),
    /// To decrypt and check messages of v3.
    User(User),
}

/// A second decoder, as a judge of the first.
pub type Decoder = fn(&[u8]) -> Result<Message, String>;

/// The listener.
#[derive(Debug)]
pub struct Tap {
    communities: Vec<Secret>,
    users: Vec<User>,
    decoder: Option<Decoder>,
    sessions: VecDeque<Session>,
    /// Communities in the order of their appearance.
    heard: Vec<Secret>,
    /// By position of the user, and engine; the newest last.
    keys: VecDeque<(usize, Vec<u8>, Arc<LocalKeys>)>,
    /// Requests of v3 that may still be answered; the newest last.
    asked: VecDeque<Asked>,
    /// The number of the next session of v3, of which only the set-up was heard.
    reserved: Option<u32>,
    /// The number of the last session.
    last: u32,
}

/// Sessions, communities, keys and requests that are kept in mind.
const SESSIONS_MAX: usize = 256;
const COMMUNITIES_MAX: usize = 256;
const KEYS_MAX: usize = 64;
const ASKED_MAX: usize = 256;

impl Tap {
    /// Knows these communities and users.
    #[must_use]
    pub fn new(credentials: Vec<Credential>) -> Self {
        let (mut communities, mut users) = (Vec::new(), Vec::new());
        for credential in credentials {
            match credential {
                Credential::Community(community) => communities.push(community),
                Credential::User(user) => users.push(user),
            }
        }
        Self {
            communities,
            users,
            decoder: None,
            sessions: VecDeque::new(),
            heard: Vec::new(),
            keys: VecDeque::new(),
            asked: VecDeque::new(),
            reserved: None,
            last: 0,
        }
    }

    /// The same with a second decoder: what both do not read alike is opaque. Of an encrypted message it also gets to read
    /// what was decrypted, in a message that is neither authenticated nor encrypted.
    #[must_use]
    pub fn with_decoder(credentials: Vec<Credential>, decoder: Decoder) -> Self {
        Self { decoder: Some(decoder), ..Self::new(credentials) }
    }

    /// Whether the other decoder, if there is one, reads the same; else why not.
    fn judge(&self, datagram: &[u8], message: &Message) -> Result<(), String> {
        let Some(decoder) = self.decoder else { return Ok(()) };
        match decoder(datagram) {
            Ok(other) if other == *message => Ok(()),
            Ok(_) => Err("two decoders read it differently".to_owned()),
            Err(error) => Err(format!("another decoder does not read it: {error}")),
        }
    }

    fn message(&mut self, heard: Heard<'_>, parsed: &Parsed) -> Result<Vec<Seen>, String> {
        self.judge(heard.datagram, &parsed.message)?;
        match &parsed.message {
            Message::V3(message) => Ok(self.v3(heard, parsed, message)),
            Message::Community { version, community, body } => {
                let access = self.access(community);
                let (session, opened) = self.session(Key::Community(*version, access));
                let redacted = vec!["snmp.community"];
                Ok(opened.into_iter().chain([heard.say(session, body, &[], redacted, false)]).collect())
            }
        }
    }

    /// Which of the communities it is, counted from 1.
    fn access(&mut self, community: &Secret) -> usize {
        let known = self.heard.iter().position(|known| known == community);
        let position = known.unwrap_or_else(|| {
            if self.heard.len() < COMMUNITIES_MAX {
                self.heard.push(community.clone());
                self.heard.len() - 1
            } else {
                COMMUNITIES_MAX
            }
        });
        position + 1
    }
}

impl crate::tap::Tap for Tap {
    fn observe(&mut self, direction: Direction, datagram: &[u8]) -> Vec<Seen> {
        let heard = Heard { from_device: direction == Direction::FromDevice, datagram };
        let read = Message::parse_prefix(datagram).map_err(|error| error.to_string());
        let read = read.and_then(|parsed| match datagram.len() - parsed.length {
            0 => self.message(heard, &parsed),
            more => Err(format!("{more} bytes follow the message")),
        });
        let mut seen = read.unwrap_or_else(|why| vec![heard.opaque(0, why)]);
        for seen in &mut seen {
            if let Seen::Opaque { bytes, .. } = seen {
                mask::communities(bytes, self.communities.iter().chain(&self.heard));
            }
        }
        seen
    }
}

/// One datagram and its direction.
#[derive(Clone, Copy)]
struct Heard<'a> {
    from_device: bool,
    datagram: &'a [u8],
}

impl Heard<'_> {
    fn opaque(self, session: u32, why: String) -> Seen {
        Seen::Opaque { session, from_device: self.from_device, bytes: self.datagram.to_vec(), why }
    }

    fn say(
        self,
        session: u32,
        what: &Body,
        context: &[u8],
        redacted: Vec<&'static str>,
        sets_up: bool,
    ) -> Seen {
        let value = body::to_json(what, context);
        Seen::Say { session, from_device: self.from_device, protocol: "snmp", value, redacted, sets_up }
    }
}
