//! The agent's side of a session: IPMI v1.5 or RMCP+, from the first datagram to Close Session.
//!
//! The client keeps no time: whoever drives it waits for an answer and, when none comes, sends
//! [`Client::retransmit`] again or gives up.

mod refused;

pub use refused::Refused;

use super::{AuthType, Privilege, Request, Response, Secret};

/// Which kind of session to open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interface {
    /// IPMI v1.5.
    Lan {
        /// `None`: the strongest that the BMC offers (MD5, password, none).
        auth: Option<AuthType>,
    },
    /// RMCP+ (IPMI v2.0).
    LanPlus {
        /// Cipher suite id; `None`: ask the BMC which it has and take the best.
        cipher: Option<u8>,
    },
}

/// Who logs in, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// At most 16 bytes.
    pub username: String,
    /// The first 16 (IPMI v1.5) or 20 bytes (RMCP+) count.
    pub password: Secret,
    /// The BMC's key, for two-key logins.
    pub kg: Option<Secret>,
    /// The level that the session shall have.
    pub privilege: Privilege,
    /// Which kind of session.
    pub interface: Interface,
    /// Ask for the user by name alone, not by name and level (IPMI 2.0 table 13-11, the level's bit 4).
    pub name_only_lookup: bool,
    /// FreeIPMI's `opensesspriv`: ask Open Session for the wanted level instead of 0 ("the highest that
    /// fits"). Some BMCs refuse 0, others refuse anything else, so that either may be needed.
    pub open_session_privilege: bool,
}

impl Config {
    /// A login as administrator, with the choices that work with most BMCs.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>, interface: Interface) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            kg: None,
            privilege: Privilege::Administrator,
            interface,
            name_only_lookup: true,
            open_session_privilege: true,
        }
    }
}

/// What became of a datagram.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// The session is not open yet: send this next.
    Send(Vec<u8>),
    /// The session is open at the level asked for; requests may be made.
    Established,
    /// The answer to the request that was asked last.
    Answer(Response),
    /// Not for us, a duplicate, or a wrong authentication code: go on waiting.
    Ignored,
    /// The BMC has confirmed the close.
    Closed,
}

/// One session.
#[derive(Debug)]
pub struct Client {
    config: Config,
}

impl Client {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// The first datagram. Starts afresh if called again.
    pub fn start(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let _ = (random, &self.config);
        Vec::new()
    }

    /// Takes one datagram: any bytes, never a panic.
    ///
    /// # Errors
    /// The BMC refuses; the session is over (unless it says otherwise, see [`Refused`]).
    pub fn receive(
        &mut self,
        datagram: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let _ = (datagram, random);
        Ok(Progress::Ignored)
    }

    /// The datagram of a request. One request at a time: the answer to an earlier one is ignored from now on.
    /// Empty before the session is open.
    pub fn request(&mut self, request: &Request, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let _ = (request, random);
        Vec::new()
    }

    /// What was sent last, once more: with a new session sequence number where the session has one. Empty if
    /// nothing is outstanding.
    pub fn retransmit(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let _ = random;
        Vec::new()
    }

    /// When the outstanding question is one that some BMCs never answer and that can be done without (Get
    /// Channel Cipher Suites): gives up on it and returns what to send next. Else `None`.
    pub fn skip(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        let _ = random;
        None
    }

    /// The datagram of Close Session; [`Progress::Closed`] follows. Empty if there is no session to close.
    pub fn close(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let _ = random;
        Vec::new()
    }

    /// Whether requests may be made.
    #[must_use]
    pub fn is_established(&self) -> bool {
        false
    }

    /// What it waits for, for error texts: `"get channel authentication capabilities"`, `"rakp 2"` …
    #[must_use]
    pub fn waits_for(&self) -> &'static str {
        "nothing"
    }
}
