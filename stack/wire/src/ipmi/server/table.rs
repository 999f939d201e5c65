//! The BMC's table of sessions, half-open and active.

use crate::ipmi::cipher_suite::Suite;
use crate::ipmi::crypto::Keys;
use crate::ipmi::rakp::Exchange;
use crate::ipmi::window::Window;
use crate::ipmi::{AuthType, Privilege};
use std::net::SocketAddr;
use std::time::Duration;

/// A session that is not yet active.
#[derive(Clone, Debug)]
pub(crate) struct HalfOpen {
    pub(crate) id: u32,
    pub(crate) peer: SocketAddr,
    pub(crate) since: Duration,
    pub(crate) stage: Stage,
}

/// How far a half-open session has come.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// IPMI v1.5: Get Session Challenge answered.
    Challenged { user: usize, auth: AuthType, challenge: [u8; 16] },
    /// RMCP+: Open Session answered.
    Opened { tag: u8, console: u32, privilege: Privilege, suite: Suite },
    /// RMCP+: RAKP 1 answered.
    Named { suite: Suite, user: usize, limit: Privilege, exchange: Box<Exchange>, open_limit: Privilege },
}

/// An active session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: u32,
    /// What Get Session Info calls it: 1 to 255.
    pub(crate) handle: u8,
    pub(crate) peer: SocketAddr,
    pub(crate) user: usize,
    /// The highest level it may be set to.
    pub(crate) limit: Privilege,
    /// The present level.
    pub(crate) privilege: Privilege,
    /// When the last valid message came.
    pub(crate) last: Duration,
    pub(crate) link: Link,
}

/// What differs between the two kinds of session.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    V15 {
        /// Of the messages that activated it.
        auth: AuthType,
        received: Window,
        /// The next number to send.
        next: u32,
        /// The first number that the console was told to use, until it has used one: Activate Session may be
        /// asked again so long.
        first: Option<u32>,
    },
    V20 {
        console: u32,
        keys: Keys,
        /// Numbers of authenticated and of unauthenticated packets are counted apart.
        received_authenticated: Window,
        received_plain: Window,
        sent_authenticated: u32,
        sent_plain: u32,
        /// RAKP 4 as it was sent, until a message shows that it arrived.
        rakp4: Option<Box<[u8]>>,
    },
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) active: Vec<Session>,
    /// In the order in which they were opened.
    pub(crate) half_open: Vec<HalfOpen>,
    last_handle: u8,
}

impl Table {
    /// Ends what was idle too long.
    pub(crate) fn expire(&mut self, now: Duration, idle: Duration, half_open_idle: Duration) {
        self.active.retain(|session| now.saturating_sub(session.last) < idle);
        self.half_open.retain(|session| now.saturating_sub(session.since) < half_open_idle);
    }

    /// A session id that is not in use, never 0.
    pub(crate) fn new_id(&self, random: &mut dyn FnMut(&mut [u8])) -> u32 {
        let mut bytes = [0; 4];
        random(&mut bytes);
        let mut id = u32::from_le_bytes(bytes);
        while id == 0
            || self.active.iter().any(|session| session.id == id)
            || self.half_open.iter().any(|session| session.id == id)
        {
            id = id.wrapping_add(1);
        }
        id
    }

    /// Adds a half-open session; where there are already `limit`, the oldest goes.
    pub(crate) fn open(&mut self, session: HalfOpen, limit: usize) {
        let surplus = (self.half_open.len() + 1).saturating_sub(limit.max(1));
        self.half_open.drain(..surplus);
        self.half_open.push(session);
    }

    /// The half-open session of this id.
    pub(crate) fn half(&mut self, id: u32) -> Option<&mut HalfOpen> {
        self.half_open.iter_mut().find(|session| session.id == id)
    }

    /// The active session of this id.
    pub(crate) fn session(&mut self, id: u32) -> Option<&mut Session> {
        self.active.iter_mut().find(|session| session.id == id)
    }

    /// Forgets the half-open session of this id.
    pub(crate) fn drop_half(&mut self, id: u32) {
        self.half_open.retain(|session| session.id != id);
    }

    /// A handle that is not in use, never 0.
    pub(crate) fn new_handle(&mut self) -> u8 {
        for _ in 0..=u8::MAX {
            self.last_handle = self.last_handle.checked_add(1).unwrap_or(1);
            if !self.active.iter().any(|session| session.handle == self.last_handle) {
                break;
            }
        }
        self.last_handle
    }
}
