//! What a listener calls a session: all that is said in one version with one community, or as one user at one level, in one
//! context of one engine.

use super::{ASKED_MAX, KEYS_MAX, SESSIONS_MAX, Tap};
use crate::hex::hex;
use crate::snmp::usm::{Level, LocalKeys};
use crate::snmp::{V3Message, Version};
use crate::tap::Seen;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What tells sessions apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    /// Which of the communities, from 1.
    Community(Version, usize),
    User {
        name: Vec<u8>,
        level: Level,
        context: Vec<u8>,
        engine: Vec<u8>,
    },
}

#[derive(Debug)]
pub(super) struct Session {
    number: u32,
    key: Key,
}

/// Who asked something that could not be read.
#[derive(Debug)]
pub(super) struct Who {
    name: Vec<u8>,
    level: Level,
}

/// A request of v3 that may still be answered.
#[derive(Debug)]
pub(super) struct Asked {
    message_id: i32,
    /// Its session, which may not be open yet.
    session: u32,
    /// Who asked, if the session is not open: to be told with the refusal.
    who: Option<Who>,
}

impl Tap {
    /// The session's number, and that it is opened if it is new.
    pub(super) fn session(&mut self, key: Key) -> (u32, Option<Seen>) {
        if let Some(session) = self.sessions.iter().find(|session| session.key == key) {
            return (session.number, None);
        }
        let number = match key {
            Key::User { .. } => self.reserved.take(),
            Key::Community(..) => None,
        };
        let number = number.unwrap_or_else(|| self.number());
        let details = self.details(&key);
        self.open(number, key);
        (number, Some(Seen::Open { session: number, details }))
    }

    fn open(&mut self, number: u32, key: Key) {
        if self.sessions.len() >= SESSIONS_MAX {
            self.sessions.pop_front();
        }
        self.sessions.push_back(Session { number, key });
    }

    fn number(&mut self) -> u32 {
        self.last = self.last.saturating_add(1);
        self.last
    }

    /// The session that set-up belongs to: the last one of v3, or else the next.
    pub(super) fn set_up(&mut self) -> u32 {
        let is_v3 = |session: &&Session| matches!(session.key, Key::User { .. });
        match (self.reserved, self.sessions.iter().rev().find(is_v3)) {
            (Some(reserved), _) => reserved,
            (None, Some(session)) => session.number,
            (None, None) => {
                let number = self.number();
                self.reserved = Some(number);
                number
            }
        }
    }

    /// Remembers a request, so that its report is known to be of the same session.
    pub(super) fn note(&mut self, message_id: i32, session: u32, who: Option<Who>) {
        if self.asked.len() >= ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { message_id, session, who });
    }

    /// A request that cannot be read: its session is not open until the agent refuses it, or answers.
    pub(super) fn note_unread(&mut self, message: &V3Message, level: Level) {
        let number = self.reserved.unwrap_or_else(|| self.number());
        self.reserved = Some(number);
        self.note(message.id, number, Some(Who { name: message.usm.user.clone(), level }));
    }

    /// The session of the request with this msgID, and who asked if it is not open.
    pub(super) fn asked(&mut self, message_id: i32) -> Option<(u32, Option<Who>)> {
        let asked = self.asked.iter_mut().rev().find(|asked| asked.message_id == message_id)?;
        let is_waiting = self.reserved == Some(asked.session);
        Some((asked.session, asked.who.take().filter(|_| is_waiting)))
    }

    /// Opens the session of a request that was not read, with the reason in `field`.
    pub(super) fn open_unread(&mut self, who: Who, engine: &[u8], field: &str, why: String) -> Option<Seen> {
        let number = self.reserved.take()?;
        let Who { name, level } = who;
        let key = Key::User { name, level, context: Vec::new(), engine: engine.to_vec() };
        let mut details = self.details(&key);
        details.insert(field.into(), why.into());
        Some(Seen::Open { session: number, details })
    }

    /// The details of [`Seen::Open`] (FORMAT.md, 6.6).
    fn details(&self, key: &Key) -> Map<String, Value> {
        let mut details = Map::new();
        match key {
            Key::Community(version, access) => {
                details.insert("version".into(), version.name().into());
                details.insert("access".into(), (*access).into());
            }
            Key::User { name, level, context, engine } => {
                details.insert("version".into(), Version::V3.name().into());
                details.insert("user".into(), String::from_utf8_lossy(name).into_owned().into());
                details.insert("level".into(), level.name().into());
                let known = self.users.iter().find(|user| user.name().as_bytes() == name);
                if let Some(auth) = known.filter(|_| level.is_authenticated()).and_then(|user| user.auth()) {
                    details.insert("auth".into(), auth.name().into());
                }
                if let Some(privacy) = known.filter(|_| level.is_encrypted()).and_then(|user| user.privacy())
                {
                    details.insert("privacy".into(), privacy.name().into());
                }
                details.insert("engine".into(), hex(engine).into());
                if !context.is_empty() {
                    details.insert("context".into(), String::from_utf8_lossy(context).into_owned().into());
                }
            }
        }
        details
    }

    /// The keys of a user for an engine.
    pub(super) fn keys(&mut self, position: usize, engine: &[u8]) -> Option<Arc<LocalKeys>> {
        let known = self.keys.iter().find(|(user, of, _)| *user == position && of == engine);
        if let Some((_, _, keys)) = known {
            return Some(Arc::clone(keys));
        }
        let keys = Arc::new(self.users.get(position)?.localize(engine));
        if self.keys.len() >= KEYS_MAX {
            self.keys.pop_front();
        }
        self.keys.push_back((position, engine.to_vec(), Arc::clone(&keys)));
        Some(keys)
    }
}
