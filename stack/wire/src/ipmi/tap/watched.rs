//! What a listener knows of one session.

use super::Credential;
use super::redact::{COMMUNITY, GET_LAN};
use crate::Secret;
use crate::ipmi::cipher_suite::{Authentication, Suite};
use crate::ipmi::crypto::Keys;
use crate::ipmi::rakp::{Exchange, NAME_ONLY};
use crate::ipmi::{LanMessage, NetFn, Privilege};
use serde_json::{Map, Value, json};

/// One session.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) number: u32,
    /// The id that the client addresses the BMC by.
    pub(super) bmc: Option<u32>,
    /// The id that the BMC addresses the client by; in IPMI v1.5 the same.
    pub(super) console: Option<u32>,
    pub(super) is_closed: bool,
    /// [`super::Seen::Open`] was said.
    pub(super) is_announced: bool,
    /// Sequence number and session id of a Close Session that is not answered yet.
    pub(super) closing: Option<(u8, u32)>,
    /// Sequence number of a Get LAN Configuration Parameters that asks for the community.
    community: Option<u8>,
    pub(super) kind: Kind,
}

/// What is known besides.
#[derive(Debug)]
pub(super) enum Kind {
    /// An IPMI v1.5 session of this user.
    V15 { user: String },
    /// An RMCP+ session.
    V20 {
        /// The tag of the last request that sets it up.
        tag: u8,
        suite: Option<Suite>,
        exchange: Option<Exchange>,
        /// RAKP 2 was heard: the exchange is complete.
        is_complete: bool,
        /// Keys that may be the session's; one of them, once RAKP 4 or a message has shown which.
        keys: Vec<Candidate>,
    },
    /// The beginning was not heard.
    Orphan,
}

/// Keys that fit what was heard so far.
#[derive(Debug)]
pub(super) struct Candidate {
    /// RAKP 4's integrity check value with these keys.
    pub(super) check_value: Vec<u8>,
    pub(super) keys: Keys,
    /// They are made with a K_g.
    pub(super) two_key: bool,
}

impl Watched {
    pub(super) fn new(number: u32, bmc: Option<u32>, console: Option<u32>, kind: Kind) -> Self {
        let (is_closed, is_announced, closing, community) = (false, false, None, None);
        Self { number, bmc, console, is_closed, is_announced, closing, community, kind }
    }

    /// An RMCP+ session whose Open Session Request was heard.
    pub(super) fn proposed(number: u32, console: u32, tag: u8) -> Self {
        let kind = Kind::V20 { tag, suite: None, exchange: None, is_complete: false, keys: Vec::new() };
        Self::new(number, None, Some(console), kind)
    }

    /// Whether a datagram in this direction under this id may be of this session.
    pub(super) fn is_addressed(&self, from_device: bool, id: u32) -> bool {
        (if from_device { self.console } else { self.bmc }) == Some(id)
    }

    /// Remembers that the community is asked for.
    pub(super) fn note_community(&mut self, message: &LanMessage) {
        let (netfn, command, _) = message.command();
        if (netfn, command) == (NetFn::TRANSPORT, GET_LAN) && message.data().get(1) == Some(&COMMUNITY) {
            self.community = Some(message.seq);
        }
    }

    /// Whether this message may be the answer with the community in it.
    pub(super) fn asks_community(&self, message: &LanMessage) -> bool {
        self.community == Some(message.seq)
    }

    /// RAKP 2 completes the exchange: the passwords that make its code, and the keys that follow. A session
    /// without authentication needs no password.
    pub(super) fn derive(&mut self, credentials: &[Credential], code: &[u8]) {
        let Kind::V20 { suite: Some(suite), exchange: Some(exchange), is_complete, keys, .. } =
            &mut self.kind
        else {
            return;
        };
        *is_complete = true;
        keys.clear();
        if suite.authentication == Authentication::None {
            keys.extend(candidate(*suite, exchange, &Secret::default(), None));
            return;
        }
        for credential in credentials {
            let named = credential.username.as_ref();
            let is_user = named.is_none_or(|name| name.as_bytes() == exchange.name.as_slice());
            let fits = |digest: crate::ipmi::crypto::Digest| digest.is(code);
            if !is_user || !exchange.rakp2(&credential.password).is_some_and(fits) {
                continue;
            }
            keys.extend(candidate(*suite, exchange, &credential.password, None));
            if credential.kg.is_some() {
                keys.extend(candidate(*suite, exchange, &credential.password, credential.kg.as_ref()));
            }
        }
    }

    /// The details of [`super::Seen::Open`].
    pub(super) fn details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        let Kind::V20 { suite, exchange, keys, .. } = &self.kind else { return details };
        details.insert("version".into(), "2.0".into());
        if let Some(suite) = suite {
            match suite.id() {
                Some(id) => details.insert("cipher".into(), id.into()),
                None => details.insert(
                    "algorithms".into(),
                    json!([
                        suite.authentication.to_string(),
                        suite.integrity.to_string(),
                        suite.confidentiality.to_string()
                    ]),
                ),
            };
        }
        if let Some(exchange) = exchange {
            details.insert("user".into(), String::from_utf8_lossy(&exchange.name).into_owned().into());
            let level = Privilege::from_bits(exchange.role);
            details.insert("privilege".into(), serde_json::to_value(level).unwrap_or_default());
            let lookup = if exchange.role & NAME_ONLY != 0 { "name" } else { "name+privilege" };
            details.insert("lookup".into(), lookup.into());
        }
        if keys.first().is_some_and(|candidate| candidate.two_key) {
            details.insert("kg".into(), true.into());
        }
        details
    }
}

fn candidate(suite: Suite, exchange: &Exchange, password: &Secret, kg: Option<&Secret>) -> Option<Candidate> {
    let sik = exchange.sik(password, kg)?;
    Some(Candidate {
        check_value: exchange.rakp4(sik.as_slice())?.as_slice().to_vec(),
        keys: Keys::derive(suite, sik.as_slice(), password)?,
        two_key: kg.is_some(),
    })
}
